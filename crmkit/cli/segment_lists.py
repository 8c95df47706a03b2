"""``crmkit segment``: frozen lists, and who is put on them and taken off."""

from __future__ import annotations

from crmkit.cli.localized import argument, command, json_option
from crmkit.cli.words import wording

_list = argument("name", help=wording("The name or id of a frozen list."))
_records = argument(
    "record", nargs=-1, required=True, help=wording("Customers by name, number or mail address; else titles or ids.")
)


@command("freeze", help=wording("Make a frozen list of who is in a segment now."))
@argument("name", help=wording("The segment's name or id."))
@argument("list", metavar="LIST", help=wording("What the list is called."))
@json_option
def freeze_(name: str, list: str, as_json: bool) -> None:
    from crmkit.cli.running import working
    from crmkit.cli.segment_pages import tell
    from crmkit.services.segments import freeze

    with working() as (_, session):
        tell(session, freeze(session, name, list), as_json)


@command("add", help=wording("Put records on a frozen list."))
@_list
@_records
@json_option
def add(name: str, record: tuple[str, ...], as_json: bool) -> None:
    _change(name, record, as_json, putting=True)


@command("remove", help=wording("Take records off a frozen list."))
@_list
@_records
@json_option
def remove(name: str, record: tuple[str, ...], as_json: bool) -> None:
    _change(name, record, as_json, putting=False)


def _change(name: str, needles: tuple[str, ...], as_json: bool, *, putting: bool) -> None:
    from crmkit.cli.needles import named_records
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.services.segments import add_members, count, find_segment, remove_members

    with working() as (crm, session):
        found = find_segment(session, name)
        records = named_records(session, crm.registry.get(found.entity), needles)
        changed = (add_members if putting else remove_members)(session, found, records)
        number = count(session, found)
    if as_json:
        print_json({"id": found.id, "name": found.name, "changed": changed, "count": number})
    elif putting:
        say(msg("{name}: {changed} added, {count} in all", name=found.name, changed=changed, count=number))
    else:
        say(msg("{name}: {changed} removed, {count} left", name=found.name, changed=changed, count=number))
