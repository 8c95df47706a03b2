"""``crmkit list``, ``count`` and ``show``: the records of any entity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.entity import EntityInfo
    from crmkit.store.paging import Page
    from crmkit.store.session import Session

SHOWN = 50
"""How many records a table shows unless told otherwise."""
START = "start"
"""What stands for the cursor of the first page."""
_COLUMNS = 4

filter_option = option(
    "--filter", "filter_", metavar="FILTER", default="", help=wording("Only records that match, such as: country = DE.")
)


@command("list", help=wording("List the records of an entity, as a table of the first 50 or as JSON of all."))
@argument("entity", help=wording("The entity, such as customer."))
@filter_option
@option("--order", default="", metavar="FIELDS", help=wording("Sort by these fields, as in -created_at,name."))
@option("--limit", type=click.IntRange(min=0), metavar="N", help=wording("At most this many records; 0 for all."))
@option("--fields", metavar="FIELDS", help=wording("Show these fields, separated by commas."))
@option(
    "--after",
    metavar="CURSOR",
    help=wording(
        "List by pages: start gives the first page of --limit records, and each page tells what to write here for the "
        "next one; with --json as an object with records and next, which is empty on the last page."
    ),
)
@json_option
def list_(
    entity: str, filter_: str, order: str, limit: int | None, fields: str | None, after: str | None, as_json: bool
) -> None:
    from crmkit.cli.output import print_json_array
    from crmkit.cli.running import entity_named, working

    with working(reads=True) as (crm, session):
        info = entity_named(crm, entity)
        names = chosen_fields(info, fields) or [field.name for field in info.fields]
        if after is not None:
            page = session.page(
                info.cls,
                filter_ or None,
                order=order,
                limit=SHOWN if limit is None else limit,
                after="" if after == START else after,
            )
            _print_page(session, info, page, fields, names, as_json)
        elif as_json:
            print_json_array(
                session.shown(record, names) for record in _records(session, info, filter_, order, limit or 0)
            )
        else:
            print_records(session, info, filter_, order, SHOWN if limit is None else limit, fields)


@command("count", help=wording("Count the records of an entity."))
@argument("entity", help=wording("The entity, such as customer."))
@filter_option
@json_option
def count(entity: str, filter_: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import entity_named, working

    with working(reads=True) as (crm, session):
        info = entity_named(crm, entity)
        number = session.count(info.cls, filter_ or None)
        if as_json:
            print_json({"entity": info.name, "count": number})
        else:
            click.echo(str(number))


@command("show", help=wording("Show one record with all its fields."))
@argument("entity", help=wording("The entity, such as customer."))
@argument("id", help=wording("The record's id."))
@json_option
def show(entity: str, id: str, as_json: bool) -> None:
    from crmkit.cli.output import pairs, print_block, print_json
    from crmkit.cli.running import entity_named, working
    from crmkit.services.merging import resolve

    with working(reads=True) as (crm, session):
        info = entity_named(crm, entity)
        record = session.get(info.cls, resolve(session, info.cls, id))
        if as_json:
            print_json({"entity": info.name, **session.shown(record)})
            return
        values = session.shown(record)
        rows = [(translated(field.label), _shown(field, values[field.name])) for field in info.fields]
        print_block(pairs((label, value) for label, value in rows if value not in ("", None, (), {})))


def print_records(session: Session, info: EntityInfo, filter: str, order: str, limit: int, fields: str | None) -> None:
    """Print a table of records; when there are more than ``limit`` (0 for no limit), say so."""
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    records = list(_records(session, info, filter, order, limit + 1 if limit else 0))
    more = bool(limit) and len(records) > limit
    print_found(session, info, records[: limit or None], fields)
    if more:
        say(msg("the first {limit}; --limit 0 shows all", limit=limit))
    elif not records:
        say(msg("nothing found"))


def _print_page(
    session: Session, info: EntityInfo, page: Page[Any], fields: str | None, names: list[str], as_json: bool
) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    if as_json:
        print_json({"records": [session.shown(record, names) for record in page.records], "next": page.next})
        return
    print_found(session, info, page.records, fields)
    if page.next:
        say(msg("more: --after {cursor}", cursor=page.next))
    elif not page.records:
        say(msg("nothing found"))


def print_found(session: Session, info: EntityInfo, records: Iterable[Any], fields: str | None) -> None:
    """Print a table of these records, with the fields in ``fields`` or else those that tell them apart."""
    from crmkit.cli.output import print_block, table

    found = [session.shown(record) for record in records]
    names = chosen_fields(info, fields) or telling_fields(info, found)
    shown = [info.by_name[name] for name in names]
    rows = [[_shown(field, values[field.name]) for field in shown] for values in found]
    numbers = [at for at, field in enumerate(shown) if field.kind.value in ("integer", "decimal", "money")]
    print_block(table([translated(field.label) for field in shown], rows, right=numbers))


def chosen_fields(info: EntityInfo, names: str | None) -> list[str]:
    """Return the names in a list separated by commas; raises BadInput for one that is no field."""
    from crmkit.core.errors import BadInput, did_you_mean
    from crmkit.core.messages import msg, shown

    chosen = [name.strip() for name in (names or "").split(",") if name.strip()]
    for name in chosen:
        if name not in info.by_name:
            hint = did_you_mean(name, info.by_name)
            raise BadInput(msg("{entity} has no field {field}; {hint}", entity=info.name, field=shown(name), hint=hint))
    return chosen


def telling_fields(info: EntityInfo, records: list[dict[str, Any]]) -> list[str]:
    """Return the few fields that tell records apart: the title, then what is required or chosen from a list.

    A field that is empty in all of them tells nothing, nor does one that the reader may not see.
    """
    from crmkit.core.field_rights import MASKED

    first = [info.title] if info.title in info.by_name else []
    own = [
        field
        for field in info.fields
        if not field.common
        and field.name not in first
        and field.kind.value != "json"
        and any(values[field.name] not in (None, "", (), MASKED) for values in records)
    ]
    ranked = sorted(own, key=lambda field: (not (field.required or field.choices), field.max_length > 1_000))
    kept = {field.name for field in ranked[:_COLUMNS]}
    return ["id", *first, *[field.name for field in own if field.name in kept]]


def _records(session: Session, info: EntityInfo, filter: str, order: str, limit: int) -> Iterator[Any]:
    if order or limit:
        yield from session.list(info.cls, filter or None, order=order, limit=limit or None)
    else:
        yield from session.stream(info.cls, filter or None)


def _shown(field: Any, value: Any) -> Any:
    return translated(value) if field.choices and isinstance(value, str) else value
