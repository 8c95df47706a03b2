"""``crmkit audit``: sealing the audit log, verifying it, its head, and the entries of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.progress import progress
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.messages import Message
    from crmkit.services.auditing.faults import ChainFault, Verification


@group("audit", help=wording("Seal the audit log, verify it and show its entries."))
def audit() -> None:
    pass


@audit.command(
    "seal", help=wording("Seal what was written since the last time. Meant to run often: it takes only what is new.")
)
@json_option
def seal(as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting, opened, say
    from crmkit.core.messages import msg
    from crmkit.services.auditing.log import seal as seal_log

    with opened() as crm, progress(translated(wording("sealing"))) as tell:
        made = seal_log(crm, acting(crm), on_progress=tell)
    if as_json:
        print_json({"sealed": made.sealed, "held_up": made.held_up, "head": str(made.head) if made.head else None})
    else:
        say(msg("sealed {count} entries", count=made.sealed))
        if made.head is not None:
            click.echo(str(made.head))
    if made.held_up:
        say(msg("a transaction that still runs may write earlier entries; seal again when it has ended"))


@audit.command(
    "head",
    help=wording(
        "Print the head of the chain. Kept elsewhere and given to 'audit verify --head', it shows later whether the "
        "end of the log was cut off, or all of it written anew."
    ),
)
@json_option
def head(as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import working
    from crmkit.core.errors import NotFound
    from crmkit.core.messages import msg
    from crmkit.services.auditing.log import head as chain_head

    with working(reads=True) as (_, session):
        found = chain_head(session)
    if found is None:
        raise NotFound(msg("nothing is sealed yet; crmkit audit seal does it"))
    end, sealed_at = found
    if as_json:
        print_json({"head": str(end), "length": end.length, "link": end.link.hex(), "sealed_at": sealed_at})
    else:
        click.echo(str(end))


@audit.command(
    "verify",
    help=wording("Check that no sealed entry was changed, added or deleted. Leaves with 1 when one was."),
)
@option("--head", "kept", metavar="HEAD", help=wording("A head printed earlier: the chain must still pass through it."))
@json_option
def verify(kept: str | None, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import working
    from crmkit.core.audit_chain import read_head
    from crmkit.services.auditing.verifying import verify as verify_log

    head = read_head(kept) if kept else None
    with working(reads=True) as (_, session), progress(translated(wording("verifying"))) as tell:
        found = verify_log(session, head=head, on_progress=tell)
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
    if not found.valid:
        click.get_current_context().exit(1)


@audit.command(
    "show", help=wording("Show the audit entries of a record as they are stored, with their places in the chain.")
)
@argument("entity", help=wording("The entity, such as customer."))
@argument("id", help=wording("The record's id."))
@json_option
def show(entity: str, id: str, as_json: bool) -> None:
    from crmkit.cli.history import ACTIONS, shown_instant, zone_of
    from crmkit.cli.output import plain, print_block, print_json_array, table
    from crmkit.cli.running import entity_named, working
    from crmkit.services.auditing.log import entries

    with working(reads=True) as (crm, session):
        found = entries(session, entity_named(crm, entity).cls, id)
        if as_json:
            print_json_array(
                {
                    **plain(shown.entry),
                    "sequence": shown.sequence,
                    "digest": shown.digest.hex() if shown.digest else None,
                    "link": shown.link.hex() if shown.link else None,
                }
                for shown in found
            )
            return
        zone = zone_of(session)
        headings = [wording("Place"), wording("When"), wording("Action")]
        headings += [wording("Version"), wording("Entry"), wording("Link")]
        rows = [
            [
                shown.sequence,
                shown_instant(shown.entry.occurred_at, zone),
                translated(ACTIONS.get(shown.entry.action, shown.entry.action)),
                shown.entry.version,
                str(shown.entry.id),
                shown.link.hex()[:16] if shown.link else "",
            ]
            for shown in found
        ]
        print_block(table([translated(heading) for heading in headings], rows, right=(0, 3)))


def _print(found: Verification) -> None:
    from crmkit.cli.output import pairs, print_block, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    print_block(
        pairs(
            (translated(label), value)
            for label, value in (
                (wording("Sealed entries"), f"{found.entries:,}"),
                (wording("Seals"), f"{found.seals:,}"),
                (wording("Erased"), f"{found.erased:,}" if found.erased else ""),
                (wording("Not sealed yet"), f"{found.waiting:,}" if found.waiting else ""),
                (wording("Head"), str(found.head) if found.head else ""),
            )
            if value
        )
    )
    if found.valid:
        say(msg("the audit log is as it was sealed"))
        return
    headings = [wording("Place"), wording("Entry"), wording("Record"), wording("Fault")]
    rows = [
        [fault.sequence, fault.entry_id, f"{fault.entity} {fault.record_id or ''}".strip(), fault.message]
        for fault in found.faults
    ]
    click.echo()
    print_block(table([translated(heading) for heading in headings], rows, right=(0,)))
    say(_first(found.faults[0], found.broken))


def _first(fault: ChainFault, count: int) -> Message:
    from crmkit.core.messages import msg

    said = fault.message
    if fault.sequence is not None:
        said = msg("place {place}: {fault}", place=fault.sequence, fault=fault.message)
    return msg("error: the audit log was tampered with; fault 1 of {count}: {fault}", count=count, fault=said)


def _document(found: Verification) -> dict[str, Any]:
    from crmkit.cli.output import plain

    return {"valid": found.valid, **plain(found), "head": str(found.head) if found.head else None}
