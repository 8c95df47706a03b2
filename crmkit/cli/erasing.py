"""``crmkit personal-data``: preview and carry out erasures, see tombstones, take people in again, clean the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.personal_data import Shared
    from crmkit.services.personal_data import ErasurePlan
    from crmkit.store.session import Session

_customer = argument("customer", help=wording("Its name, id, number in another system or mail address."))
_shared = option(
    "--shared",
    type=click.Choice(["redact", "clear"]),
    help=wording("Interactions with other customers: take names and addresses out, or all text."),
)

FATES = {
    "delete": wording("deleted"),
    "anonymise": wording("anonymised"),
    "redact": wording("names taken out"),
    "keep": wording("kept"),
}


@command("preview", help=wording("Show what erasing a customer would do. Exit code 5: it cannot be done."))
@_customer
@_shared
@json_option
@click.pass_context
def preview(ctx: click.Context, customer: str, shared: Shared | None, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import working

    with working(reads=True) as (crm, session):
        plan = crm.services_for(session).preview_erasure(person(session, customer), shared=shared)
    if as_json:
        print_json(_document(plan))
    else:
        _show(plan)
    if not plan.allowed:
        ctx.exit(5)


@command("erase", help=wording("Erase a customer with everything that is held on it. It cannot be undone."))
@_customer
@option(
    "--reason",
    required=True,
    metavar="TEXT",
    help=wording("Why; it is kept, so do not name the person."),
)
@_shared
@option("--yes", is_flag=True, help=wording("Do not ask."))
@option("--no-purge", is_flag=True, help=wording("Leave the database's files alone; purge after several erasures."))
@json_option
def erase(customer: str, reason: str, shared: Shared | None, yes: bool, no_purge: bool, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.store.purging import purge as clean

    with working() as (crm, session):
        services = crm.services_for(session)
        chosen = person(session, customer)
        plan = services.preview_erasure(chosen, reason, shared=shared)
        if not yes:
            _show(plan)
            click.confirm(translated(wording("Erase all of this for good?")), abort=True, err=True)
        done = services.erase(chosen, reason, shared=shared)
        session.commit()
        if not no_purge:
            clean(crm.database)
    if as_json:
        print_json({**_document(plan), "erasure_id": done.id, "kept_until": done.kept_until})
    else:
        click.echo(str(done.id))
    say(msg("erased {count} records; the tombstone is {id}", count=sum(g.count for g in plan.going), id=str(done.id)))


@command("erasures", help=wording("List the tombstones of erased customers, newest first."))
@option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    metavar="N",
    help=wording("At most this many."),
)
@json_option
def erasures(limit: int, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.output import print_block, print_json, shown_value, table
    from crmkit.cli.running import working
    from crmkit.core.personal_data import Erasure

    with working(reads=True) as (_, session):
        found = session.list(Erasure, order="-created_at", limit=limit)
        zone = ZoneInfo(session.actor.timezone)
    if as_json:
        names = (
            "id",
            "customer_id",
            "predecessors",
            "reason",
            "created_at",
            "created_by",
            "kept_until",
            "readmitted_at",
        )
        print_json([{name: getattr(one, name) for name in names} for one in found])
        return
    headings = (wording("Time"), wording("Customer"), wording("Reason"), wording("Kept until"), wording("Erasure"))
    rows = [
        (shown_value(e.created_at, zone), str(e.customer_id), e.reason, shown_value(e.kept_until, zone), str(e.id))
        for e in found
    ]
    print_block(table([translated(heading) for heading in headings], rows))


@command("readmit", help=wording("Let an erased person be taken in again, as a new customer without history."))
@argument("erasure", help=wording("The id of the erasure."))
@json_option
def readmit(erasure: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.ids import parse_id
    from crmkit.services.personal_data import readmit as admit

    with working() as (_, session):
        done = admit(session, parse_id(erasure))
    if as_json:
        print_json({"id": done.id, "customer_id": done.customer_id, "readmitted_at": done.readmitted_at})
    else:
        say(msg("erasure {id}: the person may be taken in again", id=str(done.id)))


@command("purge", help=wording("Let nothing of what was erased remain in the database's files; it may take a while."))
@option("--rebuild", is_flag=True, help=wording("On PostgreSQL, write each table anew; it is locked meanwhile."))
@json_option
def purge(rebuild: bool, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import opened, say
    from crmkit.core.messages import msg
    from crmkit.store.purging import purge as clean

    with opened() as crm:
        done = clean(crm.database, rebuild=rebuild)
    if as_json:
        print_json(done)
    for name in done.skipped:
        say(msg("table {name} belongs to another user of the database; have it vacuumed by its owner", name=name))
    say(msg("{count} tables cleaned", count=len(done.tables)))


def person(session: Session, needle: str) -> UUID:
    """Return the id of the customer that ``needle`` names; by its id also one that is deleted."""
    from crmkit.core.errors import BadInput
    from crmkit.core.values.ids import parse_id
    from crmkit.services.customer_view import find_customer

    try:
        return parse_id(needle)
    except BadInput:
        return find_customer(session, needle).id


def _document(plan: ErasurePlan) -> dict[str, Any]:
    return {
        "customer_id": plan.customer.id,
        "customers": plan.customers,
        "going": plan.going,
        "staying": plan.staying,
        "merges": plan.merges,
        "files": plan.files,
        "claims": plan.claims,
        "blocked": list(plan.blocked),
    }


def _show(plan: ErasurePlan) -> None:
    from crmkit.cli.output import print_block, shown_value, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    headings = (wording("Data"), wording("What happens"), wording("Records"))
    rows = [(going.entity, translated(FATES[going.fate]), going.count) for going in plan.going]
    print_block(
        table([translated(heading) for heading in headings], rows, title=shown_value(plan.customer.name), right=(2,))
    )
    if plan.staying:
        kept = (wording("What stays"), wording("Records"), wording("Why"), wording("Until"))
        staying = [(one.entity, one.count, one.reason, shown_value(one.until)) for one in plan.staying]
        click.echo()
        print_block(table([translated(heading) for heading in kept], staying, right=(1,)))
    if len(plan.customers) > 1:
        say(msg("{count} customers that were merged into it go with it", count=len(plan.customers) - 1))
    if plan.merges:
        say(msg("{count} merges cannot be undone any more", count=plan.merges))
    if plan.files:
        say(msg("{count} files go", count=plan.files))
    if plan.claims:
        say(
            msg(
                "{count} claims that are not decided may be this customer: what came in with them goes, so decide first",
                count=len(plan.claims),
            )
        )
    for reason in plan.blocked:
        say(msg("cannot be erased: {reason}", reason=reason))
