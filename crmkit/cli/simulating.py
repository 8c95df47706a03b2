"""``crmkit simulate``: try a changed configuration, hook or lifecycle out on what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import command, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from crmkit.core.lifecycle_definition import LifecycleDefinition
    from crmkit.runtime.config import Config
    from crmkit.runtime.crm import Crm
    from crmkit.runtime.simulating import RecordDifference, RefusedDeed, Simulation

COURSES = {
    "both": wording("different"),
    "as_is": wording("no more"),
    "changed": wording("new"),
}
"""What becomes of a record by the change."""

LONGEST = 60
"""Characters of a value that a table shows."""

NAMED = 3
"""Records of a refused deed that a table names."""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@command(
    "simulate",
    help=wording(
        "Try a change out on recorded history, and show what would be different.\n\n"
        "What people and plugins did takes place twice in throw-away copies, as things are and with the change; hooks "
        "and lifecycle rules work anew. The database stays as it is, and nothing is sent."
    ),
)
@option("--with", "settings", type=_FILE, metavar="FILE", help=wording("Another configuration file."))
@option("--hooks", type=_FOLDER, metavar="FOLDER", help=wording("Another folder of plugins of one file each."))
@option("--lifecycle", "files", type=_FILE, multiple=True, metavar="FILE", help=wording("A lifecycle to define anew."))
@option("--since", default="", metavar="MOMENT", help=wording("Begin with the records as they were then."))
@option("--until", default="", metavar="MOMENT", help=wording("End at this moment; by default now."))
@option("--notify", is_flag=True, help=wording("Let notify hooks be heard; they may reach beyond the copies."))
@option(
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help=wording("At most this many records; 0 for all."),
)
@json_option
def simulate(
    settings: Path | None,
    hooks: Path | None,
    files: tuple[Path, ...],
    since: str,
    until: str,
    notify: bool,
    limit: int,
    as_json: bool,
) -> None:
    from crmkit.cli.history import moment, zone_of
    from crmkit.cli.output import print_json
    from crmkit.cli.progress import progress
    from crmkit.cli.running import acting, opened
    from crmkit.core.errors import AccessDenied
    from crmkit.core.messages import msg
    from crmkit.runtime.simulating import simulate

    if not (settings or hooks or files):
        raise click.UsageError(translated(wording("say what changes: --with, --hooks or --lifecycle")))
    definitions = [_lifecycle(file) for file in files]
    with opened() as crm:
        actor = acting(crm)
        if not actor.everything:
            raise AccessDenied(msg("{actor} may not simulate: that shows records of everybody", actor=actor.name))
        config = _config(crm, settings, hooks)
        with crm.session(actor, reads=True) as session:
            begin, end = (moment(session, text) if text else None for text in (since, until))
            zone = zone_of(session)
        with progress(translated(wording("simulating"))) as tell:
            found = simulate(
                crm, config, lifecycles=definitions, since=begin, until=end, notify=notify, on_progress=tell
            )
    if as_json:
        print_json(found)
    else:
        _show(found, zone, limit)


def _lifecycle(file: Path) -> LifecycleDefinition:
    from crmkit.cli.text_files import read_text
    from crmkit.core.lifecycle_reading import lifecycle_from_toml

    return lifecycle_from_toml(read_text(file), str(file))


def _config(crm: Crm, settings: Path | None, hooks: Path | None) -> Config | None:
    """Return the changed configuration, None where it stays."""
    import os

    import attrs

    from crmkit.runtime.config import load_config

    if settings is None and hooks is None:
        return None
    config = crm.config if settings is None else load_config(settings, os.environ)
    return config if hooks is None else attrs.evolve(config, plugin_folder=str(hooks.resolve()))


def _show(found: Simulation, zone: tzinfo, limit: int) -> None:
    from crmkit.cli.output import print_block, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    if found.same:
        say(msg("{changes} recorded changes took place again; nothing would be different", changes=found.changes))
        return
    shown = found.differences[: limit or None]
    if shown:
        headings = (wording("Entity"), wording("Record"), wording("Result"), wording("Fields"))
        print_block(table([translated(heading) for heading in headings], [_row(one, zone) for one in shown]))
    if len(shown) < len(found.differences):
        say(msg("{shown} of {number} records; --limit 0 shows all", shown=len(shown), number=len(found.differences)))
    _show_stages(found)
    _show_deeds(wording("Would be refused"), found.refused, zone, limit)
    _show_deeds(wording("Would no longer be refused"), found.allowed, zone, limit)
    say(
        msg(
            "{changes} recorded changes took place again; records that would be different: {different}, "
            "deeds that would be refused: {refused}",
            changes=found.changes,
            different=len(found.differences),
            refused=len(found.refused),
        )
    )


def _row(one: RecordDifference, zone: tzinfo) -> tuple[str, ...]:
    from crmkit.cli.output import shown_value

    def value(given: Any) -> str:
        text = shown_value(given, zone) or "-"
        return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"

    def shown(field: Any) -> str:
        if one.course == "both":
            return f"{field.name}: {value(field.as_is)} → {value(field.changed)}"
        return f"{field.name}: {value(field.as_is if one.course == 'as_is' else field.changed)}"

    return one.entity, one.title, translated(COURSES[one.course]), "\n".join(shown(field) for field in one.fields)


def _show_stages(found: Simulation) -> None:
    from crmkit.cli.output import print_block, table

    if all(one.as_is == one.changed for one in found.stages):
        return
    click.echo()
    most = max(max(one.as_is, one.changed) for one in found.stages)
    headings = (wording("Lifecycle"), wording("Stage"), wording("As it is"), wording("Changed"))
    rows = [
        (one.lifecycle, one.stage, str(one.as_is), str(one.changed), _bars(one.as_is, one.changed, most))
        for one in found.stages
    ]
    print_block(table([*(translated(heading) for heading in headings), ""], rows, right=(2, 3)))


def _bars(as_is: int, changed: int, most: int, width: int = 24) -> str:
    """Return the two numbers as bars, the second below the first."""
    return "\n".join(
        mark * max(1 if number else 0, round(width * number / most)) for mark, number in (("░", as_is), ("█", changed))
    )


def _show_deeds(heading: str, found: Sequence[RefusedDeed], zone: tzinfo, limit: int) -> None:
    from crmkit.cli.history import shown_instant
    from crmkit.cli.output import print_block, table

    if not found:
        return
    click.echo()
    rows = [(shown_instant(one.at, zone), _records(one), one.reason) for one in found[: limit or None]]
    print_block(table([translated(heading), translated(wording("Records")), translated(wording("Why"))], rows))


def _records(one: RefusedDeed) -> str:
    lines = [f"{record.entity} {record.title or record.record_id}" for record in one.records[:NAMED]]
    more = len(one.records) - len(lines)
    return "\n".join([*lines, f"+ {more}"] if more else lines)
