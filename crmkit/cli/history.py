"""``crmkit history``: who changed what in a record, what it was at a moment, and how two moments differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    from crmkit.core.entity import EntityInfo
    from crmkit.services.history import FieldChange, HistoryEntry
    from crmkit.store.session import Session

SHOWN = 50

ACTIONS = {
    "created": wording("created"),
    "updated": wording("changed"),
    "deleted": wording("deleted"),
    "restored": wording("restored"),
    "erased": wording("history erased"),
}
"""What each action of an audit entry is called."""


@command(
    "history",
    help=wording(
        "Show who changed what in a record, newest first.\n\n"
        "A moment is a date (its first instant), a date and time, or a phrase such as 'now - 2 hours' or "
        "'today - 30 days'; times without an offset are those of the user's time zone."
    ),
)
@argument("entity", help=wording("The entity, such as customer."))
@argument("id", help=wording("The record's id."))
@option("--at", metavar="MOMENT", help=wording("Show the record as it was at this moment."))
@option("--diff", nargs=2, metavar="A B", help=wording("Show what differs between two moments."))
@option("--limit", type=click.IntRange(min=0), metavar="N", help=wording("At most this many changes; 0 for all."))
@json_option
def history(
    entity: str, id: str, at: str | None, diff: tuple[str, str] | None, limit: int | None, as_json: bool
) -> None:
    from crmkit.cli.running import entity_named, working

    if at and diff:
        raise click.UsageError(translated(wording("--at and --diff exclude each other")))
    with working(reads=True) as (crm, session):
        info = entity_named(crm, entity)
        if at:
            _show_past(session, info, id, moment(session, at), as_json)
        elif diff:
            _show_diff(session, info, id, moment(session, diff[0]), moment(session, diff[1]), as_json)
        else:
            _show_changes(session, info, id, limit, as_json)


def moment(session: Session, text: str) -> datetime:
    """Return the instant that ``text`` stands for to the session's user; raises BadInput."""
    from datetime import datetime

    from crmkit.core.filter.moments import FilterContext, read_moment
    from crmkit.core.values.clock import parse_instant

    context = FilterContext(now=session.clock.now(), zone=session.actor.timezone)
    phrase = read_moment(text.strip())
    if phrase is None:
        return parse_instant(text, context.tz)
    found = phrase.resolve(context)
    return found if isinstance(found, datetime) else context.start_of(found)


def zone_of(session: Session) -> tzinfo:
    """Return the time zone that the session's user reads times in."""
    from crmkit.core.values.clock import time_zone

    return time_zone(session.actor.timezone)


def shown_instant(instant: datetime, zone: tzinfo) -> str:
    """Return an instant to the second, as changes may follow one another closely."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _show_changes(session: Session, info: EntityInfo, id: str, limit: int | None, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg
    from crmkit.services.history import changes

    wanted = (0 if as_json else SHOWN) if limit is None else limit
    found = changes(session, info.cls, id, limit=wanted + 1 if wanted else None)
    more, found = bool(wanted) and len(found) > wanted, found[: wanted or None]
    if as_json:
        print_json({"entity": info.name, "id": id, "changes": found})
        return
    zone = zone_of(session)
    headings = [wording("When"), wording("Who"), wording("Plugin"), wording("Because of"), wording("What")]
    rows = [
        [shown_instant(entry.occurred_at, zone), _who(entry), entry.plugin, entry.cause, _what(info, entry, zone)]
        for entry in found
    ]
    kept = [at for at in range(len(headings)) if any(row[at] for row in rows)]
    print_block(table([translated(headings[at]) for at in kept], [[row[at] for at in kept] for row in rows]))
    if more:
        say(msg("the newest {limit}; --limit 0 shows all", limit=wanted))


def _show_past(session: Session, info: EntityInfo, id: str, instant: datetime, as_json: bool) -> None:
    from crmkit.cli.output import pairs, print_block, print_json, shown_value
    from crmkit.core.errors import NotFound
    from crmkit.core.messages import msg
    from crmkit.services.history import as_of

    record = as_of(session, info.cls, id, instant)
    if record is None:
        raise NotFound(
            msg("{entity} {id} was not there at {instant}", entity=info.name, id=id, instant=instant.isoformat())
        )
    values = session.shown(record)
    if as_json:
        print_json({"entity": info.name, "at": instant, **values})
        return
    zone = zone_of(session)
    shown = [(translated(info.by_name[name].label), shown_value(value, zone)) for name, value in values.items()]
    print_block(pairs((label, value) for label, value in shown if value))


def _show_diff(session: Session, info: EntityInfo, id: str, a: datetime, b: datetime, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, shown_value, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg
    from crmkit.services.history import diff

    found = diff(session, info.cls, id, a, b)
    if as_json:
        print_json({"entity": info.name, "id": id, "from": a, "to": b, "fields": found})
        return
    zone = zone_of(session)
    headings = [translated(wording("Field")), shown_instant(a, zone), shown_instant(b, zone)]
    rows = [[_label(info, each.name), shown_value(each.before, zone), shown_value(each.after, zone)] for each in found]
    print_block(table(headings, rows))
    if not found:
        say(msg("nothing differs"))


def _who(entry: HistoryEntry) -> str:
    who = entry.who or translated(wording("system"))
    return f"{who} ({entry.on_behalf})" if entry.on_behalf else who


def _what(info: EntityInfo, entry: HistoryEntry, zone: tzinfo) -> str:
    """Return the action and, a line each, the fields."""
    action = translated(ACTIONS.get(entry.action, entry.action))
    if entry.erased:
        erased = translated(wording("the values were erased"))
        return f"{action} ({erased})"
    return "\n".join([action, *_lines(info, entry.fields, zone)])


def _lines(info: EntityInfo, fields: Iterable[FieldChange], zone: tzinfo) -> Iterable[str]:
    from crmkit.cli.output import shown_value

    for change in fields:
        before, after = _short(shown_value(change.before, zone)), _short(shown_value(change.after, zone))
        yield f"{_label(info, change.name)}: {before} → {after}" if before else f"{_label(info, change.name)}: {after}"


def _label(info: EntityInfo, name: str) -> str:
    return translated(info.by_name[name].label) if name in info.by_name else name


def _short(text: Any) -> str:
    from crmkit.core.messages import shown

    return shown(text, 100)
