"""``crmkit lifecycle``: define lifecycles, move records through their stages, let rules move them, and report."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.records import filter_option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from datetime import timedelta

    from crmkit.core.lifecycle import StageTrack
    from crmkit.core.messages import Message
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session

_NAME = wording("The lifecycle; that of customers when left out.")
_RECORD = wording(
    "The id of a record or, for a lifecycle of customers or their relationships, what names the customer."
)
_LINE = wording("The customer's line of business.")
_AT = wording("Count the records of this moment: a date (its first instant) or a time such as 2026-03-31T18:00.")
_SINCE = wording("Only stages entered at this date or time, or later.")
_UNTIL = wording("Only stages entered before this date or time.")


def _lifecycle_option(function: Any) -> Any:
    return option("--lifecycle", "name", default="customer", show_default=True, metavar="NAME", help=_NAME)(function)


def _line_option(function: Any) -> Any:
    return option("--line", default="default", show_default=True, metavar="NAME", help=_LINE)(function)


@group("lifecycle", help=wording("Define lifecycles, move records through stages, and report."))
def lifecycle() -> None:
    pass


@lifecycle.command("list", help=wording("List the lifecycles in force."))
@json_option
def list_(as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.services.lifecycle.defining import active_lifecycles, definition_of, ensure_lifecycles

    with working() as (crm, session):
        ensure_lifecycles(session, crm.lifecycles())
        rows = [
            {
                "name": one.name,
                "label": translated(one.label),
                "entity": one.entity,
                "revision": one.revision,
                "stages": list(definition_of(one).names),
            }
            for one in active_lifecycles(session)
        ]
    if as_json:
        print_json(rows)
        return
    headings = (wording("Name"), wording("Label"), wording("Entity"), wording("Revision"), wording("Stages"))
    print_block(table([translated(heading) for heading in headings], [list(row.values()) for row in rows], right=[3]))


@lifecycle.command("show", help=wording("Show the stages and rules of a lifecycle."))
@argument("name", help=_NAME, default="customer")
@json_option
def show(name: str, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.core.lifecycle_reading import lifecycle_to_data
    from crmkit.services.lifecycle.defining import active_lifecycle, definition_of, ensure_lifecycles

    with working() as (crm, session):
        ensure_lifecycles(session, crm.lifecycles())
        found = active_lifecycle(session, name)
        definition = definition_of(found)
    if as_json:
        print_json({"revision": found.revision, **lifecycle_to_data(definition)})
        return
    headings = (wording("Stage"), wording("Label"), wording("Category"), wording("Leads to"))
    stages = [
        (
            stage.name,
            translated(stage.label),
            translated(stage.category),
            translated(wording("nowhere")) if stage.final else stage.to or translated(wording("any stage")),
        )
        for stage in definition.stages
    ]
    title = f"{found.name} · {translated(found.label)} ({found.entity}, {found.revision})"
    print_block(table([translated(heading) for heading in headings], stages, title=title))
    if definition.rules:
        headings = (wording("Rule"), wording("From"), wording("To"), wording("Condition"))
        rules = [(rule.name, rule.from_, rule.to, _condition(rule)) for rule in definition.rules]
        print_block(table([translated(heading) for heading in headings], rules))


@lifecycle.command("define", help=wording("Bring the lifecycle in a TOML file into force, as its next revision."))
@argument("file", help=wording("The TOML file."), type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option(
    "--remap",
    multiple=True,
    metavar="OLD=NEW",
    help=wording("Move records that stand in stage OLD, which is gone, to stage NEW; may be given again."),
)
@json_option
def define(file: Path, remap: tuple[str, ...], as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.errors import BadInput
    from crmkit.core.lifecycle_reading import lifecycle_from_toml
    from crmkit.core.messages import msg
    from crmkit.services.lifecycle.defining import define as bring_into_force

    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(msg("{path} is no text in UTF-8", path=str(file))) from None
    moves: dict[str, str] = {}
    for pair in remap:
        old, equals, new = pair.partition("=")
        if not (old and equals and new):
            raise BadInput(msg("--remap {pair}: expected OLD=NEW", pair=pair))
        moves[old] = new
    definition = lifecycle_from_toml(text, str(file))
    with working() as (_, session):
        made = bring_into_force(session, definition, remap=moves)
        session.commit()
    if as_json:
        print_json(made)
    else:
        say(msg("lifecycle {name} is in force in revision {revision}", name=made.name, revision=made.revision))


@lifecycle.command("relate", help=wording("Give customers that have none a relationship, which has a lifecycle."))
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


@lifecycle.command("move", help=wording("Move a record to another stage."))
@argument("record", help=_RECORD)
@argument("stage", help=wording("The stage to move to."))
@_lifecycle_option
@_line_option
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
        moved = move_record(session, track, stage, reason=reason, at=_instant(session, at))
        session.commit()
    if as_json:
        print_json(moved)
    else:
        say(msg("the record stands in stage {stage}", stage=moved.stage))


@lifecycle.command("history", help=wording("Show in which stages a record stood, and why."))
@argument("record", help=_RECORD)
@_lifecycle_option
@_line_option
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


@lifecycle.command("evaluate", help=wording("Start records that have no stage yet and take the steps that are due."))
@option("--lifecycle", "name", default="", metavar="NAME", help=wording("This lifecycle alone."))
@json_option
def evaluate(name: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import global_options, opened, say
    from crmkit.core.messages import msg
    from crmkit.services.lifecycle.evaluating import evaluate_rules

    with opened() as crm:
        login = global_options().get("login")
        actor = crm.actor(login) if login else crm.system
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


@lifecycle.command("report", help=wording("Count records by stage, conversion, time in stage and reaction time."))
@argument("name", help=_NAME, default="customer")
@option("--at", default="", metavar="TIME", help=_AT)
@option("--since", default="", metavar="TIME", help=_SINCE)
@option("--until", default="", metavar="TIME", help=_UNTIL)
@json_option
def report(name: str, at: str, since: str, until: str, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.services.lifecycle import reports

    with working(reads=True) as (_, session):
        period = _instant(session, since), _instant(session, until)
        counts = reports.stage_counts(session, name, _instant(session, at))
        steps = reports.conversions(session, name, *period)
        times = reports.times_in_stage(session, name, *period)
        reactions = reports.reactions(session, name, *period)
    if as_json:
        shares = [
            {"stage": s.stage, "to": s.to, "entered": s.entered, "count": s.count, "share": s.share} for s in steps
        ]
        print_json({"stages": counts, "conversions": shares, "times": times, "reactions": reactions})
        return
    print_block(
        table(
            _headings(wording("Stage"), wording("Category"), wording("Records")),
            [(one.stage, translated(one.category), one.count) for one in counts],
            right=[2],
        )
    )
    print_block(
        table(
            _headings(wording("From"), wording("To"), wording("Entered"), wording("Records"), wording("Share")),
            [
                (s.stage, s.to or translated(wording("still there")), s.entered, s.count, f"{s.share:.0%}")
                for s in steps
            ],
            right=[2, 3, 4],
        )
    )
    print_block(
        table(
            _headings(wording("Stage"), wording("Ended"), wording("Median"), wording("Mean"), wording("Still there")),
            [(one.stage, one.ended, _lasting(one.median), _lasting(one.mean), one.standing) for one in times],
            right=[1, 2, 3, 4],
        )
    )
    print_block(
        table(
            _headings(wording("Rule"), wording("Stage"), wording("Records"), wording("Median"), wording("Mean")),
            [(one.rule, one.stage, one.count, _lasting(one.median), _lasting(one.mean)) for one in reactions],
            right=[2, 3, 4],
            title=translated(wording("Reaction time")),
        )
    )


def _headings(*headings: str) -> list[str]:
    return [translated(heading) for heading in headings]


def _condition(rule: Any) -> Message:
    from crmkit.core.lifecycle_reading import duration_text
    from crmkit.core.messages import msg

    after = duration_text(rule.after)
    if rule.without:
        said = msg("{after} without {event}", after=after, event=rule.without)
    elif rule.on:
        said = msg("on {event}", event=rule.on)
        said = msg("{after} after {event}", after=after, event=rule.on) if rule.after else said
    else:
        said = msg("{after} in the stage", after=after) if rule.after else msg("at once")
    return msg("{said}, when {filter}", said=said, filter=rule.when) if rule.when else said


def _lasting(duration: timedelta | None) -> Message | str:
    """Days, and hours below ten days."""
    from crmkit.core.messages import msg

    if duration is None:
        return ""
    days, hours = duration.days, duration.seconds // 3600
    return msg("{days} d", days=days) if days >= 10 else msg("{days} d {hours} h", days=days, hours=hours)


def _instant(session: Session, text: str) -> datetime | None:
    from crmkit.core.values.clock import parse_instant, time_zone

    return parse_instant(text, time_zone(session.actor.timezone)) if text else None


def _track(crm: Crm, session: Session, record: str, name: str, line: str) -> StageTrack:
    """Return the track of the record that ``record`` names; raises NotFound."""
    from crmkit.core.errors import BadInput, NotFound
    from crmkit.core.lifecycle import Relationship, StageTrack
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
            relationship = session.find(Relationship, customer_id=target, line_of_business=line)
            target = relationship.id if relationship is not None else target
        track = session.find(StageTrack, lifecycle_id=found.id, record_id=target)
    if track is None:
        raise NotFound(msg("{record} is not in lifecycle {lifecycle}", record=shown(record), lifecycle=found.name))
    return track
