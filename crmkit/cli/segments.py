"""``crmkit segment``: saved filters and frozen lists, who is in them, and who joins and leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.records import SHOWN, filter_option
from crmkit.cli.segment_lists import add, freeze_, remove
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.grouping import Segment
    from crmkit.store.session import Session


@group(
    "segment", help=wording("Define segments: saved filters and frozen lists. See who is in them, joins and leaves.")
)
def segment() -> None:
    pass


_name = argument("name", help=wording("The segment's name or id."))
_fields = option("--fields", metavar="FIELDS", help=wording("Show these fields, separated by commas."))
_entity = option(
    "--entity", default="customer", show_default=True, metavar="NAME", help=wording("What its records are.")
)


@segment.command("list", help=wording("List the segments."))
@option("--entity", default="", metavar="NAME", help=wording("Only segments of this entity."))
@option("--counts", is_flag=True, help=wording("Count who is in each; this may take a while."))
@json_option
def list_(entity: str, counts: bool, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import entity_named, say, working
    from crmkit.cli.segment_pages import document
    from crmkit.core.messages import msg
    from crmkit.services.segments import list_segments

    with working(reads=True) as (crm, session):
        found = list_segments(session, entity_named(crm, entity).name if entity else "")
        sizes = {one.id: _size(session, one) for one in found} if counts else {}
    if as_json:
        print_json([{**document(one), **({"count": sizes[one.id]} if counts else {})} for one in found])
        return
    if not found:
        say(msg("there are no segments yet"))
        return
    headings = [wording("Name"), wording("Entity"), wording("Kind"), wording("Watched"), wording("Filter")]
    rows = [[one.name, one.entity, translated(one.kind), one.watched, one.filter] for one in found]
    if counts:
        headings.insert(1, wording("Count"))
        for row, one in zip(rows, found, strict=True):
            row.insert(1, sizes[one.id])
    print_block(table([translated(heading) for heading in headings], rows, right=[1] if counts else []))


@segment.command("show", help=wording("Show the definition of a segment, and how many are in it."))
@_name
@json_option
def show(name: str, as_json: bool) -> None:
    from crmkit.cli.output import pairs, print_block, print_json
    from crmkit.cli.running import working
    from crmkit.cli.segment_pages import document
    from crmkit.services.segments import count, find_segment

    with working(reads=True) as (_, session):
        found = find_segment(session, name)
        number = count(session, found)
    if as_json:
        print_json({**document(found), "count": number})
        return
    rows: list[tuple[str, Any]] = [
        (translated(wording("Name")), found.name),
        (translated(wording("Entity")), found.entity),
        (translated(wording("Kind")), translated(found.kind)),
        (translated(wording("Filter")), found.filter),
        (translated(wording("Watched")), found.watched),
        (translated(wording("Time zone")), found.timezone),
        (translated(wording("Description")), found.description),
        (translated(wording("Count")), number),
    ]
    print_block(pairs((label, value) for label, value in rows if value != ""))


@segment.command("create", help=wording("Make a segment: a saved filter or, with --frozen, a list."))
@argument("name", help=wording("What it is called."))
@filter_option
@_entity
@option("--frozen", is_flag=True, help=wording("A list of the records that are added to it."))
@option("--watch", "watched", is_flag=True, help=wording("Keep who joins and who leaves."))
@option("--description", default="", metavar="TEXT", help=wording("What it is for."))
@json_option
def create(name: str, filter_: str, entity: str, frozen: bool, watched: bool, description: str, as_json: bool) -> None:
    from crmkit.cli.running import entity_named, working
    from crmkit.cli.segment_pages import tell
    from crmkit.services.segments import create_segment, refresh

    with working() as (crm, session):
        made = create_segment(
            session,
            name,
            filter_,
            entity=entity_named(crm, entity).name,
            frozen=frozen,
            watched=watched,
            description=description,
            timezone=_zone(crm, session) if watched else "",
        )
        session.flush()
        if watched:
            refresh(session, made)
        tell(session, made, as_json)


@segment.command("count", help=wording("Count who is in a segment."))
@_name
@json_option
def count_(name: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import working
    from crmkit.services.segments import count, find_segment

    with working(reads=True) as (_, session):
        found = find_segment(session, name)
        number = count(session, found)
    if as_json:
        print_json({"id": found.id, "name": found.name, "count": number})
    else:
        click.echo(str(number))


@segment.command("preview", help=wording("Show the first records of a segment, or of a filter, and why they are in."))
@argument("name", required=False, help=wording("The segment's name or id; without it, give --filter."))
@filter_option
@_entity
@_fields
@option(
    "--limit",
    type=click.IntRange(min=1, max=200),
    default=10,
    show_default=True,
    metavar="N",
    help=wording("At most this many."),
)
@json_option
def preview_(name: str | None, filter_: str, entity: str, fields: str | None, limit: int, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.output import print_json
    from crmkit.cli.records import chosen_fields
    from crmkit.cli.running import entity_named, working
    from crmkit.cli.segment_pages import preview_document, show_preview
    from crmkit.services.segments import find_segment, preview

    if (name is None) == (not filter_):
        raise click.UsageError(translated(wording("Name a segment, or give a filter with --filter.")))
    with working(reads=True) as (crm, session):
        found = None if name is None else find_segment(session, name)
        info = entity_named(crm, entity if found is None else found.entity)
        columns = chosen_fields(info, fields)
        made = preview(session, found or "", filter=filter_, entity=info.name, columns=columns, limit=limit)
        if as_json:
            print_json(preview_document(made))
        else:
            show_preview(info, made, ZoneInfo(session.actor.timezone))


@segment.command("members", help=wording("List who is in a segment, page by page."))
@_name
@option("--after", metavar="ID", help=wording("The page behind this record."))
@option(
    "--limit",
    type=click.IntRange(min=1, max=10_000),
    default=SHOWN,
    show_default=True,
    metavar="N",
    help=wording("At most this many."),
)
@_fields
@json_option
def members_(name: str, after: str | None, limit: int, fields: str | None, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.records import chosen_fields, print_found
    from crmkit.cli.running import entity_named, say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.ids import parse_id
    from crmkit.services.segments import find_segment, members

    with working(reads=True) as (crm, session):
        found = find_segment(session, name)
        info = entity_named(crm, found.entity)
        page = members(session, found, after=parse_id(after) if after else None, limit=limit)
        if as_json:
            names = chosen_fields(info, fields)
            print_json({"records": [session.shown(record, names) for record in page.records], "next": page.next})
            return
        print_found(session, info, page.records, fields)
    if page.next is not None:
        say(msg("there are more: --after {id}", id=str(page.next)))
    elif not page.records:
        say(msg("nobody"))


@segment.command("refresh", help=wording("Bring watched segments up to date: those named, else whatever changed."))
@argument(
    "name", nargs=-1, help=wording("Segments by name or id; without any, all, for what changed since the last time.")
)
@json_option
def refresh_(name: tuple[str, ...], as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting, opened, working
    from crmkit.cli.segment_pages import refreshed_document, tell_refreshed
    from crmkit.services.segments import refresh, refresh_changed, refresh_timed

    if name:
        with working() as (_, session):
            results = [refresh(session, one) for one in name]
    else:
        with opened() as crm:
            actor = acting(crm)
            results = [*refresh_changed(crm, actor), *refresh_timed(crm, actor)]
    if as_json:
        print_json([refreshed_document(one) for one in results])
    else:
        tell_refreshed(results)


@segment.command("watch", help=wording("Keep who joins and who leaves a saved filter."))
@_name
@option("--off", is_flag=True, help=wording("Keep it no more."))
@json_option
def watch_(name: str, off: bool, as_json: bool) -> None:
    from crmkit.cli.running import working
    from crmkit.cli.segment_pages import tell
    from crmkit.services.segments import find_segment, refresh, watch

    with working() as (crm, session):
        found = find_segment(session, name)
        made = watch(session, found, not off, timezone="" if off else found.timezone or _zone(crm, session))
        session.flush()
        if not off:
            refresh(session, made)
        tell(session, made, as_json)


def _size(session: Session, found: Segment) -> int | None:
    """Return how many are in a segment; None for one that is broken or that the reader may not ask."""
    from crmkit.core.errors import AccessDenied, BadInput
    from crmkit.services.segments import count

    try:
        return count(session, found)
    except (BadInput, AccessDenied):
        return None


def _zone(crm: Any, session: Session) -> str:
    """Return the time zone of the user or, when nobody is named, of the installation."""
    return session.actor.timezone if session.actor.user_id is not None else crm.config.timezone


for _command in (freeze_, add, remove):
    segment.add_command(_command)
