"""``crmkit sfa transfer``: hand records off, and answer what was handed off to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.command import (
    argument,
    group,
    json_option,
    option,
    print_block,
    print_json,
    record_named,
    say,
    table,
    team_named,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import BadInput, msg

if TYPE_CHECKING:
    from crmkit_sfa.transfers.entities import Transfer
    from crmkit_sfa.transfers.waiting import WaitingTransfer

_TRANSFER = wording("The id of the hand-off, as `waiting` shows it.")


@group("transfer", help=wording("Hand records off to other users and teams, and answer hand-offs."))
def transfer() -> None:
    pass


@transfer.command(
    "send", help=wording("Hand a record off to a user or a team. It stays where it is until they accept it.")
)
@argument("record", help=wording("A customer by name, or ENTITY:NAME or ENTITY:ID, as in sfa_lead:0192..."))
@option("--to", default="", metavar="LOGIN", help=wording("The user who is to take it."))
@option("--team", default="", metavar="NAME", help=wording("The team that is to take it."))
@option(
    "--kind", default="other", show_default=True, help=wording("The kind of hand-off, as the configuration names it.")
)
@option("--promised", default="", metavar="TEXT", help=wording("What was promised, and to whom."))
@option("--note", default="", metavar="TEXT", help=wording("What else there is to know."))
@option(
    "--done", multiple=True, metavar="ITEM", help=wording("An item of the checklist that is done; may be given again.")
)
@option("--due", default=None, metavar="TIME", help=wording("Until when to answer; by default as the kind says."))
@json_option
def send(record: str, to: str, team: str, done: tuple[str, ...], due: str | None, as_json: bool, **texts: str) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.core.values.clock import parse_instant
    from crmkit_sfa.transfers.handing import hand_off

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        if bool(to) == bool(team):
            raise BadInput(msg("name either a user (--to) or a team (--team)"))
        whom: Any = user_named(session, to) if to else team_named(session, team)
        due_at = parse_instant(due, ZoneInfo(ctx.timezone)) if due else None
        made = hand_off(ctx, record_named(session, record), whom, checked=done, due_at=due_at, **texts)
        _shown(ctx, made, as_json)


@transfer.command("waiting", help=wording("List the hand-offs that nobody has answered yet, the most urgent first."))
@option("--mine", is_flag=True, help=wording("Only those that I or my teams have to answer."))
@json_option
def waiting_(mine: bool, as_json: bool) -> None:
    from crmkit_sfa.transfers.waiting import waiting

    with working(reads=True) as (crm, session):
        found = waiting(crm.context(session, "sfa"), mine=mine)
        zone = crm.context(session, "sfa").timezone
    _list(found, zone, as_json)


@transfer.command("list", help=wording("List the hand-offs of a record, or all, the newest first."))
@option("--of", "record", default="", metavar="RECORD", help=wording("The record."))
@option("--limit", type=click.IntRange(1), default=50, show_default=True, help=wording("How many at most."))
@json_option
def list_(record: str, limit: int, as_json: bool) -> None:
    from crmkit_sfa.transfers.entities import Transfer
    from crmkit_sfa.transfers.waiting import described

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        of: dict[str, Any] = {"record_id": record_named(session, record).id} if record else {}
        found = described(ctx, session.list(Transfer, order="-created_at", limit=limit, **of))
        zone = ctx.timezone
    _list(found, zone, as_json)


@transfer.command(
    "show", help=wording("Show a hand-off: what was promised, what is to be gone through, and the answer.")
)
@argument("transfer", help=_TRANSFER)
@json_option
def show_(transfer: str, as_json: bool) -> None:
    from crmkit_sfa.reporting.page import show_page
    from crmkit_sfa.transfers.page import page_of

    show_page(lambda ctx: page_of(ctx, transfer), as_json)


@transfer.command("accept", help=wording("Accept a hand-off: the record is yours from now on."))
@argument("transfer", help=_TRANSFER)
@option("--to", default="", metavar="LOGIN", help=wording("Who of the team takes it, where it is somebody else."))
@option("--answer", default="", metavar="TEXT", help=wording("What you say to the sender."))
@json_option
def accept_(transfer: str, to: str, answer: str, as_json: bool) -> None:
    from crmkit_sfa.transfers.entities import Transfer
    from crmkit_sfa.transfers.handing import accept

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        owner = user_named(session, to) if to else None
        _shown(ctx, accept(ctx, session.get(Transfer, transfer), answer=answer, to=owner), as_json)


@transfer.command("decline", help=wording("Decline a hand-off and say why: the record stays with the sender."))
@argument("transfer", help=_TRANSFER)
@option("--reason", required=True, metavar="TEXT", help=wording("Why."))
@json_option
def decline_(transfer: str, reason: str, as_json: bool) -> None:
    from crmkit_sfa.transfers.entities import Transfer
    from crmkit_sfa.transfers.handing import decline

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        _shown(ctx, decline(ctx, session.get(Transfer, transfer), reason), as_json)


@transfer.command("withdraw", help=wording("Take back a hand-off that nobody has answered."))
@argument("transfer", help=_TRANSFER)
@option("--reason", default="", metavar="TEXT", help=wording("Why."))
@json_option
def withdraw_(transfer: str, reason: str, as_json: bool) -> None:
    from crmkit_sfa.transfers.entities import Transfer
    from crmkit_sfa.transfers.handing import withdraw

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        _shown(ctx, withdraw(ctx, session.get(Transfer, transfer), reason), as_json)


@transfer.command("check", help=wording("Note items of the checklist that are done."))
@argument("transfer", help=_TRANSFER)
@argument("items", nargs=-1, required=True, help=wording("The items, as the hand-off names them."))
@json_option
def check_(transfer: str, items: tuple[str, ...], as_json: bool) -> None:
    from crmkit_sfa.transfers.entities import Transfer
    from crmkit_sfa.transfers.handing import check

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        _shown(ctx, check(ctx, session.get(Transfer, transfer), items), as_json)


@transfer.command(
    "escalate", help=wording("Escalate overdue hand-offs now, as the worker does every quarter of an hour.")
)
@json_option
def escalate(as_json: bool) -> None:
    from crmkit_sfa.transfers.waiting import escalate_overdue

    with working() as (crm, session):
        count = escalate_overdue(crm.context(session, "sfa"))
    if as_json:
        print_json({"escalated": count})
    else:
        say(msg("{count} hand-offs were escalated", count=count))


def _shown(ctx: Any, transfer: Transfer, as_json: bool) -> None:
    from crmkit_sfa.transfers.waiting import described

    (one,) = described(ctx, [transfer])
    if as_json:
        from crmkit_sfa.transfers.page import told

        print_json(told(one))
        return
    click.echo(str(transfer.id))
    say(
        msg(
            "{title}: {sender} to {receiver}, {state}",
            title=one.title,
            sender=one.sender or "-",
            receiver=one.receiver,
            state=translated(transfer.state),
        )
    )


def _list(found: list[WaitingTransfer], zone: str, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    if as_json:
        from crmkit_sfa.transfers.page import told

        print_json([told(one) for one in found])
        return
    if not found:
        say(msg("no hand-offs"))
        return
    headings = (
        wording("Hand-off"),
        wording("Record"),
        wording("Kind"),
        wording("From"),
        wording("To"),
        wording("State"),
        wording("Answer due"),
        wording("Open items"),
        wording("Overdue"),
    )
    local = ZoneInfo(zone)
    rows = [
        (
            str(one.transfer.id),
            one.title,
            one.transfer.kind,
            one.sender,
            one.receiver,
            translated(one.transfer.state),
            f"{one.transfer.due_at.astimezone(local):%Y-%m-%d %H:%M}",
            len(one.transfer.checklist) - len(one.transfer.checked),
            one.overdue,
        )
        for one in found
    ]
    print_block(table([translated(heading) for heading in headings], rows, right=(7,)))
