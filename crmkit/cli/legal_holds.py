"""``crmkit personal-data hold``: keep records from being erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.personal_data import LegalHold


@group("hold", help=wording("Keep records from being erased, for a lawsuit or the like."))
def hold() -> None:
    pass


@hold.command("place", help=wording("Place a legal hold on a customer or another record."))
@argument("record", help=wording("The id of the record; of a customer also its name, number or mail address."))
@option("--reason", required=True, metavar="TEXT", help=wording("Why it must be kept."))
@option("--until", metavar="TIME", help=wording("When the hold ends by itself, such as 2030-01-01; else never."))
@option("--entity", default="customer", show_default=True, metavar="NAME", help=wording("What the record is."))
@json_option
def place(record: str, reason: str, until: str | None, entity: str, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    import click

    from crmkit.cli.erasing import person
    from crmkit.cli.output import print_json
    from crmkit.cli.running import entity_named, say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.clock import parse_instant
    from crmkit.core.values.ids import parse_id
    from crmkit.services.personal_data import hold as place_hold

    with working() as (crm, session):
        info = entity_named(crm, entity)
        id = person(session, record) if info.name == "customer" else parse_id(record)
        end = parse_instant(until, ZoneInfo(session.actor.timezone)) if until else None
        made = place_hold(session, session.get(info.cls, id), reason, end)
        session.commit()
    if as_json:
        print_json(_document(made))
        return
    click.echo(str(made.id))
    say(msg("{entity} {id} is kept from being erased", entity=info.label, id=str(id)))


@hold.command("release", help=wording("End a legal hold."))
@argument("hold", help=wording("The id of the hold."))
@json_option
def release(hold: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.ids import parse_id
    from crmkit.services.personal_data import release as end_hold

    with working() as (_, session):
        done = end_hold(session, parse_id(hold))
    if as_json:
        print_json(_document(done))
    else:
        say(msg("the hold on {entity} {id} has ended", entity=done.entity, id=str(done.record_id)))


@hold.command("list", help=wording("List the legal holds."))
@json_option
def list_(as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.output import print_block, print_json, shown_value, table
    from crmkit.cli.running import working
    from crmkit.core.personal_data import LegalHold

    with working(reads=True) as (_, session):
        found = session.list(LegalHold)
        zone = ZoneInfo(session.actor.timezone)
    if as_json:
        print_json([{**_document(one), "created_at": one.created_at, "created_by": one.created_by} for one in found])
        return
    headings = (wording("Entity"), wording("Record"), wording("Reason"), wording("Until"), wording("Hold"))
    rows = [(h.entity, str(h.record_id), h.reason, shown_value(h.until, zone), str(h.id)) for h in found]
    print_block(table([translated(heading) for heading in headings], rows))


def _document(hold: LegalHold) -> dict[str, Any]:
    return {name: getattr(hold, name) for name in ("id", "entity", "record_id", "reason", "until")}
