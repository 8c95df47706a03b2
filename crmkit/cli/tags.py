"""``crmkit tag``: words that people put on records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.records import filter_option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session


@group("tag", help=wording("Put tags on records, take them off, and see where they are."))
def tag() -> None:
    pass


_tag = argument("tag", help=wording("The tag."))
_records = argument("record", nargs=-1, help=wording("Customers by name, number or mail address; else titles or ids."))
_entity = option(
    "--entity", default="customer", show_default=True, metavar="NAME", help=wording("What the records are.")
)


@tag.command("list", help=wording("List the tags, and on how many records they are."))
@option("--entity", default="", metavar="NAME", help=wording("Count only records of this entity."))
@json_option
def list_(entity: str, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import entity_named, say, working
    from crmkit.core.messages import msg
    from crmkit.services.tags import list_tags

    with working(reads=True) as (crm, session):
        found = list_tags(session, entity_named(crm, entity).name if entity else "")
    if as_json:
        print_json(
            [{"id": use.tag.id, "name": use.tag.name, "colour": use.tag.colour, "counts": use.counts} for use in found]
        )
        return
    if not found:
        say(msg("there are no tags yet"))
        return
    headings = [translated(wording("Name")), translated(wording("Count"))]
    print_block(table(headings, [(use.tag.name, use.count) for use in found], right=[1]))


@tag.command("add", help=wording("Put a tag on records; it is made where there is none of this name."))
@_tag
@_records
@filter_option
@_entity
@json_option
def add(tag: str, record: tuple[str, ...], filter_: str, entity: str, as_json: bool) -> None:
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.services.tags import add_tags

    with working() as (crm, session):
        records = _chosen(crm, session, entity, record, filter_)
        changed = add_tags(session, records, [tag])
    _tell(tag, changed, as_json)
    if not as_json:
        say(msg("{tag}: put on {count}", tag=tag, count=changed))


@tag.command("remove", help=wording("Take a tag off records."))
@_tag
@_records
@filter_option
@_entity
@json_option
def remove(tag: str, record: tuple[str, ...], filter_: str, entity: str, as_json: bool) -> None:
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.services.tags import remove_tags

    with working() as (crm, session):
        records = _chosen(crm, session, entity, record, filter_)
        changed = remove_tags(session, records, [tag])
    _tell(tag, changed, as_json)
    if not as_json:
        say(msg("{tag}: taken off {count}", tag=tag, count=changed))


def _chosen(crm: Crm, session: Session, entity: str, needles: tuple[str, ...], filter: str) -> list[Any]:
    """Return the records that are named, or those that match the filter."""
    from crmkit.cli.needles import named_records
    from crmkit.cli.running import entity_named

    if bool(needles) == bool(filter):
        raise click.UsageError(translated(wording("Name records, or give a filter with --filter.")))
    info = entity_named(crm, entity)
    return named_records(session, info, needles) if needles else list(session.stream(info.cls, filter))


def _tell(tag: str, changed: int, as_json: bool) -> None:
    from crmkit.cli.output import print_json

    if as_json:
        print_json({"tag": tag, "changed": changed})
