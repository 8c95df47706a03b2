"""``crmkit lifecycle``: records on their way through the stages: start them, move them, let rules move them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.records import filter_option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.lifecycle import Relationship, StageTrack
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session

DEFAULT_LINE = "default"

_NAME = wording("The lifecycle; that of customers when left out.")
_RECORD = wording(
    "The id of a record or, for a lifecycle of customers or their relationships, what names the customer."
)
_LINE = wording("The customer's line of business.")


def _lifecycle_option(function: Any) -> Any:
    return option("--lifecycle", "name", default="customer", show_default=True, metavar="NAME", help=_NAME)(function)


def _line_option(function: Any) -> Any:
    return option("--line", default=DEFAULT_LINE, show_default=True, metavar="NAME", help=_LINE)(function)


def _one_line_option(function: Any) -> Any:
    help = wording("The customer's line of business; may be left out where there is one only.")
    return option("--line", default="", metavar="NAME", help=help)(function)


@command("relate", help=wording("Give customers that have none a relationship, which has a lifecycle."))
@filter_option
@_line_option
@json_option
def relate(filter_: str, line: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.services.lifecycle.defining import ensure_lifecycles
    from crmkit.services.lifecycle.relationships import ensure_relationships

    with working() as (crm, session):
        ensure_lifecycles(session, crm.lifecycles())
        count = ensure_relationships(session, filter_, line)
    if as_json:
        print_json({"created": count})
    else:
        say(msg("{count} relationships are new", count=count))


@command("move", help=wording("Move a record to another stage."))
@argument("record", help=_RECORD)
@argument("stage", help=wording("The stage to move to."))
@_lifecycle_option
@_one_line_option
@option("--reason", default="", metavar="TEXT", help=wording("Why."))
@option("--at", default="", metavar="TIME", help=wording("When it happened; now when left out."))
@json_option
def move(record: str, stage: str, name: str, line: str, reason: str, at: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.services.lifecycle.moving import move as move_record

    with working() as (crm, session):
        track = _track(crm, session, record, name, line)
        moved = move_record(session, track, stage, reason=reason, at=instant_of(session, at))
        session.commit()
    if as_json:
        print_json(moved)
    else:
        say(msg("the record stands in stage {stage}", stage=moved.stage))


@command("history", help=wording("Show in which stages a record stood, and why."))
@argument("record", help=_RECORD)
@_lifecycle_option
@_one_line_option
@json_option
def history(record: str, name: str, line: str, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, shown_value, table
    from crmkit.cli.running import working
    from crmkit.core.values.clock import time_zone
    from crmkit.services.lifecycle.moving import history as history_of

    with working(reads=True) as (crm, session):
        past = history_of(session, _track(crm, session, record, name, line))
        zone = time_zone(session.actor.timezone)
    if as_json:
        print_json(past)
        return
    headings = (wording("Stage"), wording("From"), wording("To"), wording("By"), wording("Reason"))
    rows = [
        (
            one.stage,
            shown_value(one.start, zone),
            shown_value(one.end, zone),
            one.transition.rule or translated(one.transition.cause),
            one.transition.reason,
        )
        for one in past
    ]
    print_block(table([translated(heading) for heading in headings], rows))


@command("evaluate", help=wording("Start records that have no stage yet and take the steps that are due."))
@option("--lifecycle", "name", default="", metavar="NAME", help=wording("This lifecycle alone."))
@json_option
def evaluate(name: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting, opened, say
    from crmkit.core.messages import msg
    from crmkit.services.lifecycle.evaluating import evaluate_rules

    with opened() as crm:
        actor = acting(crm)
        done = evaluate_rules(crm, actor, lifecycle=name, registered=crm.lifecycles())
    if as_json:
        print_json(done)
        return
    for one in done:
        say(msg("{name}: {started} started", name=one.lifecycle, started=one.started))
        for rule, count in sorted(one.moved.items()):
            say(msg("{name}: {count} moved by {rule}", name=one.lifecycle, count=count, rule=rule))
        for refused in one.refused:
            values: dict[str, Any] = {"record": refused.record_id, "plugin": refused.plugin, "reason": refused.reason}
            say(msg("{record} stays: refused by {plugin}: {reason}", **values))
        for loop in one.loops:
            say(
                msg(
                    "{record} stays: its rules run in a circle: {rules}",
                    record=loop.record_id,
                    rules=" -> ".join(loop.rules),
                )
            )


def instant_of(session: Session, text: str) -> datetime | None:
    """Return the instant that ``text`` means to the actor, None for none."""
    from crmkit.core.values.clock import parse_instant, time_zone

    return parse_instant(text, time_zone(session.actor.timezone)) if text else None


def _track(crm: Crm, session: Session, record: str, name: str, line: str) -> StageTrack:
    """Return the track of the record that ``record`` names; raises NotFound."""
    from crmkit.core.errors import BadInput, NotFound
    from crmkit.core.lifecycle import StageTrack
    from crmkit.core.messages import msg, shown
    from crmkit.core.values.ids import parse_id
    from crmkit.services.customer_view import find_customer
    from crmkit.services.lifecycle.defining import active_lifecycle

    found = active_lifecycle(session, name)
    try:
        track = session.find(StageTrack, lifecycle_id=found.id, record_id=parse_id(record))
    except BadInput:
        track = None
    if track is None and found.entity in ("customer", "relationship"):
        target = find_customer(session, record).id
        if found.entity == "relationship":
            relationship = _relationship(session, record, target, line)
            target = relationship.id if relationship is not None else target
        track = session.find(StageTrack, lifecycle_id=found.id, record_id=target)
    if track is None:
        raise NotFound(msg("{record} is not in lifecycle {lifecycle}", record=shown(record), lifecycle=found.name))
    return track


def _relationship(session: Session, needle: str, customer: UUID, line: str) -> Relationship | None:
    """Return the customer's relationship in a line of business; without ``line`` the default one, or the only one."""
    from crmkit.core.errors import BadInput
    from crmkit.core.lifecycle import Relationship
    from crmkit.core.messages import msg, shown

    known = {one.line_of_business: one for one in session.list(Relationship, customer_id=customer)}
    if line or DEFAULT_LINE in known or not known:
        return known.get(line or DEFAULT_LINE)
    if len(known) > 1:
        names = ", ".join(sorted(known))
        raise BadInput(
            msg(
                "{record} has several lines of business; name one with --line: {names}",
                record=shown(needle),
                names=names,
            )
        )
    return next(iter(known.values()))
