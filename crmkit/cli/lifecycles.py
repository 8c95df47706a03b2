"""``crmkit lifecycle``: define lifecycles, move records through their stages, let rules move them, and report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.lifecycle_records import evaluate, history, instant_of, move, relate
from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from datetime import timedelta

    from crmkit.core.messages import Message

_NAME = wording("The lifecycle; that of customers when left out.")
_AT = wording("Count the records of this moment: a date (its first instant) or a time such as 2026-03-31T18:00.")
_SINCE = wording("Only stages entered at this date or time, or later.")
_UNTIL = wording("Only stages entered before this date or time.")


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
    from crmkit.cli.text_files import read_text
    from crmkit.core.errors import BadInput
    from crmkit.core.lifecycle_reading import lifecycle_from_toml
    from crmkit.core.messages import msg
    from crmkit.services.lifecycle.defining import define as bring_into_force

    moves: dict[str, str] = {}
    for pair in remap:
        old, equals, new = pair.partition("=")
        if not (old and equals and new):
            raise BadInput(msg("--remap {pair}: expected OLD=NEW", pair=pair))
        moves[old] = new
    definition = lifecycle_from_toml(read_text(file), str(file))
    with working() as (_, session):
        made = bring_into_force(session, definition, remap=moves)
        session.commit()
    if as_json:
        print_json(made)
    else:
        say(msg("lifecycle {name} is in force in revision {revision}", name=made.name, revision=made.revision))


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
        period = instant_of(session, since), instant_of(session, until)
        counts = reports.stage_counts(session, name, instant_of(session, at))
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


for _command in (relate, move, history, evaluate):
    lifecycle.add_command(_command)
