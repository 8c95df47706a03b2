"""``crmkit interaction``: log contacts with customers and correct them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.words import wording

if TYPE_CHECKING:
    from crmkit.services.interactions.parties import Party
    from crmkit.services.interactions.recording import Direction
    from crmkit.store.session import Session

DIRECTIONS = click.Choice(["inbound", "outbound", "internal"])
_STATUSES = click.Choice(["planned", "in_progress", "completed", "cancelled"])


@command("log", help=wording("Log a contact. The same key in the same channel is logged once."))
@argument("kind", help=wording("What it was, such as call, email, visit, purchase or note."))
@option(
    "--customer",
    "customers",
    multiple=True,
    metavar="CUSTOMER",
    help=wording("Who took part: name, id, number or mail address of a customer; may be given again."),
)
@option(
    "--address",
    "addresses",
    multiple=True,
    metavar="ADDRESS",
    help=wording("Who took part, by a mail address or phone that may be unknown; may be given again."),
)
@option("--subject", default="", metavar="TEXT", help=wording("What it was about, in a line."))
@option("--body", default="", metavar="TEXT", help=wording("What was said; - reads it from the standard input."))
@option("--at", metavar="TIME", help=wording("When it happened, such as 2026-03-15T10:00; else now."))
@option("--direction", type=DIRECTIONS, help=wording("Who contacted whom."))
@option("--channel", default="", metavar="WORD", help=wording("By what, such as email, phone or shop."))
@option("--key", default="", metavar="TEXT", help=wording("What the channel calls it; the same key is logged once."))
@option("--status", type=_STATUSES, default="completed", show_default=True, help=wording("How far it is."))
@option("--outcome", default="", metavar="TEXT", help=wording("What came of it."))
@option("--thread", default="", metavar="TEXT", help=wording("The conversation that it belongs to."))
@option("--money", metavar="AMOUNT", help=wording("Its money, such as '119.00 EUR'."))
@option(
    "--attach",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help=wording("A file that belongs to it; may be given again."),
)
@option("--private", is_flag=True, help=wording("For its owner's eyes alone."))
@json_option
def log(
    kind: str,
    customers: tuple[str, ...],
    addresses: tuple[str, ...],
    body: str,
    at: str | None,
    money: str | None,
    direction: Direction | None,
    files: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> None:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from crmkit.cli.interaction_pages import document_of
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.clock import parse_instant
    from crmkit.services.customer_view import find_customer
    from crmkit.services.interactions import log as log_interaction

    text = sys.stdin.read() if body == "-" else body
    with working() as (crm, session):
        who: list[Party] = [*[find_customer(session, needle) for needle in customers], *addresses]
        zone = ZoneInfo(session.actor.timezone)
        logged = log_interaction(
            session,
            kind,
            participants=who,
            body=text,
            at=parse_instant(at, zone) if at else None,
            money=_money(money),
            direction=direction or "",
            country=crm.config.country,
            kinds=crm.kinds,
            source="cli",
            **given,
        )
        if logged.created and files:
            session.flush()
            from crmkit.services.attachments import attach

            for name in files:
                attach(session, crm.attachments, logged.interaction, Path(name).name, Path(name).read_bytes())
        session.commit()
        document = document_of(session, logged.interaction)
    if as_json:
        print_json({"created": logged.created, **document})
        return
    click.echo(str(logged.interaction.id))
    unknown = sum(one["claim_id"] is not None for one in document["participants"])
    if not logged.created:
        say(msg("logged before"))
    elif unknown:
        say(msg("logged; {count} of those who took part are unknown: crmkit claim list", count=unknown))
    else:
        say(msg("logged"))


@command("correct", help=wording("Correct a completed interaction by one that takes its place."))
@argument("interaction", help=wording("The id of the interaction."))
@option(
    "--set",
    "values",
    multiple=True,
    required=True,
    metavar="FIELD=VALUE",
    help=wording("A field and what it should have been, as in subject=Delivery; may be given again."),
)
@json_option
def correct(interaction: str, values: tuple[str, ...], as_json: bool) -> None:
    from crmkit.cli.interaction_pages import document_of
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.ids import parse_id
    from crmkit.services.interactions import correct as correct_interaction

    with working() as (_, session):
        fields = dict(_field(session, text) for text in values)
        made = correct_interaction(session, parse_id(interaction), **fields)
        session.commit()
        document = document_of(session, made)
    if as_json:
        print_json(document)
        return
    click.echo(str(made.id))
    say(msg("corrected; the former one is kept"))


def _money(text: str | None) -> Any:
    from crmkit.core.errors import BadInput
    from crmkit.core.messages import msg, shown
    from crmkit.core.values.money import Money

    if text is None:
        return None
    amount, _, currency = text.strip().partition(" ")
    if not currency.strip():
        raise BadInput(msg("money {value}: expected an amount and a currency, such as 119.00 EUR", value=shown(text)))
    return Money.of(amount, currency.strip().upper())


def _field(session: Session, text: str) -> tuple[str, Any]:
    from zoneinfo import ZoneInfo

    from crmkit.core.errors import BadInput
    from crmkit.core.interaction import Interaction
    from crmkit.core.messages import msg, shown
    from crmkit.core.values.clock import parse_instant

    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals:
        raise BadInput(msg("{value}: expected FIELD=VALUE", value=shown(text)))
    info = session.database.registry.get(Interaction).field(name)
    if info.kind.name == "TEXT":
        return name, value
    if info.kind.name == "INSTANT":
        return name, parse_instant(value, ZoneInfo(session.actor.timezone)) if value else None
    if info.kind.name == "MONEY":
        return name, _money(value) if value else None
    raise BadInput(msg("interaction.{field} is not corrected here", field=name))
