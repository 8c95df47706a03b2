"""``crmkit explain``: who or what gave each field of a record its value, and what led to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from datetime import tzinfo

    from crmkit.core.messages import Message
    from crmkit.core.origin import Release
    from crmkit.services.explaining import Deed, FieldOrigin, RecordOrigin, RefusedChange
    from crmkit.store.session import Session

HOW = {
    "written": wording("written"),
    "derived": wording("derived"),
    "default": wording("never set: the default"),
    "erased": wording("its history was erased"),
    "unrecorded": wording("not recorded"),
}
"""What each way to come to a value is called."""


@command(
    "explain",
    help=wording(
        "Say why a record is as it is: for each field who, or which plugin in which version, wrote or derived its "
        "value, what led to it, back to what somebody did, and which changes were refused.\n\n"
        "RECORD is ENTITY:ID, ENTITY:NAME, an id alone, or what names a customer. Why somebody may see it is told by "
        "'crmkit access why LOGIN RECORD'."
    ),
)
@argument("record", help=wording("The record, such as customer:Acme."))
@option("--field", "fields", multiple=True, metavar="FIELD", help=wording("Only this field; may be given again."))
@json_option
def explain(record: str, fields: tuple[str, ...], as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import working
    from crmkit.services.explaining import explain as explain_record

    with working(reads=True) as (_, session):
        entity, id = _named(session, record)
        found = explain_record(session, entity, id, fields=fields)
        if as_json:
            print_json(found)
        else:
            _print(session, found)


def _named(session: Session, text: str) -> tuple[str, Any]:
    """Return entity and id of the record that ``text`` names; raises NotFound and BadInput."""
    from crmkit.cli.needles import named_record
    from crmkit.core.errors import BadInput
    from crmkit.core.values.ids import parse_id
    from crmkit.services.customer_view import find_customer
    from crmkit.services.explaining import entity_of

    entity, colon, needle = text.partition(":")
    if colon and entity in session.database.registry:
        info = session.database.registry.get(entity)
        try:
            # A deleted record is explained as well, but only its id names it.
            return info.name, parse_id(needle)
        except BadInput:
            return info.name, named_record(session, info, needle).id
    try:
        id = parse_id(text)
    except BadInput:
        return "customer", find_customer(session, text).id
    known = entity_of(session, id)
    return (known, id) if known else ("customer", find_customer(session, text).id)


def _print(session: Session, found: RecordOrigin) -> None:
    from crmkit.cli.history import zone_of
    from crmkit.cli.output import print_block, shown_value, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg, shown

    zone = zone_of(session)
    info = session.database.registry.get(found.entity)
    click.echo(
        shown_value(msg("{entity} {id} {title}", entity=found.entity, id=str(found.id), title=found.title)).rstrip()
    )
    labels = {field.name: translated(field.label) for field in info.fields}
    rows = [
        (labels.get(one.name, one.name), shown(shown_value(one.value, zone), 60), _cell(one, zone))
        for one in found.fields
    ]
    headings = (wording("Field"), wording("Value"), wording("Where it comes from"))
    print_block(table([translated(heading) for heading in headings], rows))
    say(msg("why somebody may see it: crmkit access why LOGIN {entity}:{id}", entity=found.entity, id=str(found.id)))
    if found.refused:
        click.echo()
        told = (wording("Refused"), wording("Who"), wording("By"), wording("Reason"))
        refused = [_refused(one, zone) for one in found.refused]
        print_block(table([translated(heading) for heading in told], refused))


def _cell(one: FieldOrigin, zone: tzinfo) -> str:
    """Return, a line each, how the value came about and what led to that."""
    if one.deed is None:
        return translated(HOW[one.how])
    lines = [_line(one.how, one.by, one.hook, one.deed, zone)]
    lines += [f"← {_deed(deed, zone)}" for deed in one.because]
    first = one.because[-1] if one.because else one.deed
    if first.cause:
        lines.append(f"← {first.cause}")
    return "\n".join(lines)


def _line(how: str, by: Release | None, hook: str, deed: Deed, zone: tzinfo) -> str:
    from crmkit.cli.history import shown_instant
    from crmkit.cli.output import shown_value
    from crmkit.core.messages import msg

    when = shown_instant(deed.occurred_at, zone)
    if by is None:
        said = msg("{how} by {who}, {when}", how=translated(HOW[how]), who=_who(deed), when=when)
    else:
        said = msg(
            "{how} by {plugin} for {who}, {when}",
            how=translated(HOW[how]),
            plugin=_release(by, hook),
            who=_who(deed),
            when=when,
        )
    return shown_value(said)


def _deed(deed: Deed, zone: tzinfo) -> str:
    from crmkit.cli.history import ACTIONS, shown_instant
    from crmkit.cli.output import shown_value
    from crmkit.core.messages import msg

    by: str | Message = _who(deed)
    if deed.by is not None:
        by = msg("{plugin} for {who}", plugin=_release(deed.by, deed.hook), who=by)
    action = translated(ACTIONS.get(deed.action, deed.action))
    return shown_value(
        msg(
            "{entity} {id} {action} by {who}, {when}",
            entity=deed.entity,
            id=str(deed.record_id),
            action=action,
            who=by,
            when=shown_instant(deed.occurred_at, zone),
        )
    )


def _refused(one: RefusedChange, zone: tzinfo) -> tuple[str, ...]:
    from crmkit.cli.history import shown_instant

    who = one.who or translated(wording("system"))
    return shown_instant(one.occurred_at, zone), who, _release(one.by, one.hook), one.reason


def _who(deed: Deed) -> str:
    who = deed.who or translated(wording("system"))
    return f"{who} ({deed.on_behalf})" if deed.on_behalf else who


def _release(by: Release, hook: str) -> str:
    """Return a plugin's name, version and hook: ``loyalty 1.2, after_records_saved_committed``."""
    name = f"{by.plugin} {by.version}" if by.version else by.plugin
    return f"{name}, {hook}" if hook else name
