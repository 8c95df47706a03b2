"""What ``crmkit segment`` says of segments: documents for programs, tables for people."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.output import print_block, print_json, shown_value, table
from crmkit.cli.running import say
from crmkit.cli.words import translated, wording
from crmkit.core.messages import msg

if TYPE_CHECKING:
    from crmkit.core.entity import EntityInfo
    from crmkit.core.grouping import Segment
    from crmkit.services.segments import Preview, Refreshed
    from crmkit.store.session import Session


def tell(session: Session, made: Segment, as_json: bool) -> None:
    """Commit, then tell the id of a segment that was made or changed, and how many are in it."""
    from crmkit.services.segments import count

    session.flush()
    number = count(session, made)
    session.commit()
    if as_json:
        print_json({**document(made), "count": number})
    else:
        click.echo(str(made.id))
        say(msg("segment {name}: {count} in it", name=made.name, count=number))


def document(found: Segment) -> dict[str, Any]:
    """Return the definition of a segment."""
    names = ("id", "name", "entity", "kind", "filter", "watched", "timezone", "description")
    return {name: getattr(found, name) for name in names}


def refreshed_document(one: Refreshed) -> dict[str, Any]:
    """Return what became of a segment when it was refreshed."""
    return {"id": one.segment_id, "name": one.name, "joined": one.joined, "left": one.left, "error": one.error}


def tell_refreshed(results: list[Refreshed]) -> None:
    """Say what became of segments when they were refreshed."""
    for one in results:
        if one.error is not None:
            say(msg("{name}: {error}", name=one.name, error=one.error))
        else:
            say(msg("{name}: {joined} joined, {left} left", name=one.name, joined=one.joined, left=one.left))
    if not results:
        say(msg("nothing changed"))


def preview_document(made: Preview) -> dict[str, Any]:
    """Return a preview."""
    return {
        "records": [
            {
                "id": row.record.id,
                "values": dict(zip(made.columns, row.values, strict=True)),
                "reasons": [{"condition": reason.condition, "value": reason.value} for reason in row.reasons],
            }
            for row in made.rows
        ],
        "more": made.more,
    }


def show_preview(info: EntityInfo, made: Preview, zone: tzinfo) -> None:
    """Print a preview as a table; a value stands behind the condition that it meets."""
    headings = [translated(info.by_name[name].label) for name in made.columns] + [translated(wording("Why"))]
    rows = []
    for row in made.rows:
        why = [
            reason.condition if reason.value is None else f"{reason.condition} [{shown_value(reason.value, zone)}]"
            for reason in row.reasons
        ]
        rows.append([*row.values, "\n".join(why)])
    print_block(table(headings, rows))
    if made.more:
        say(msg("the first {limit}", limit=len(made.rows)))
    elif not made.rows:
        say(msg("nobody"))
