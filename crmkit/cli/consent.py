"""``crmkit consent``: record what a customer allows, denies or withdraws, and check whether it may be contacted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.core.consent import ConsentWord
    from crmkit.core.customer import ContactPoint, Customer
    from crmkit.store.session import Session

F = TypeVar("F", bound=Callable[..., Any])


@group("consent", help=wording("Record what customers allow, deny and withdraw, and check whom one may contact."))
def consent() -> None:
    pass


_customer = argument("customer", help=wording("Its name, id, number in another system or mail address."))
_point = option("--point", metavar="ADDRESS", help=wording("One contact point, such as a mail address."))


def _details(function: F) -> F:
    for decorate in (
        _customer,
        option("--purpose", metavar="WORD", help=wording("What for, such as newsletter; * for all purposes.")),
        option("--channel", default="", metavar="WORD", help=wording("By what, such as email; else all channels.")),
        _point,
        option("--evidence", default="", metavar="TEXT", help=wording("The proof: what was said or signed.")),
        option("--basis", default="", metavar="WORD", help=wording("The legal basis, such as consent or contract.")),
        option("--at", metavar="TIME", help=wording("When it was said, such as 2026-03-15T10:00; else now.")),
        json_option,
    )[::-1]:
        function = decorate(function)
    return function


@consent.command("grant", help=wording("Record that a customer allows to be contacted for a purpose."))
@_details
def grant(**given: Any) -> None:
    _record("granted", **given)


@consent.command("deny", help=wording("Record that a customer was asked and said no."))
@_details
def deny(**given: Any) -> None:
    _record("denied", **given)


@consent.command("withdraw", help=wording("Record that a customer takes back what it granted; all without --purpose."))
@_details
def withdraw(**given: Any) -> None:
    _record("withdrawn", **{**given, "purpose": given["purpose"] or "*"})


@consent.command("show", help=wording("Show the statements of a customer, the newest first."))
@_customer
@json_option
def show(customer: str, as_json: bool) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.output import print_block, print_json, shown_value, table
    from crmkit.cli.running import say, working
    from crmkit.core.customer import ContactPoint
    from crmkit.core.messages import msg
    from crmkit.services.consent import consents_of
    from crmkit.services.customer_view import find_customer

    with working(reads=True) as (_, session):
        found = find_customer(session, customer)
        statements = consents_of(session, found)
        zone = ZoneInfo(session.actor.timezone)
        points = {point.id: point.value for point in session.list(ContactPoint, customer_id=found.id, deleted=True)}
    if as_json:
        print_json({"customer_id": found.id, "consents": statements})
        return
    if not statements:
        say(msg("{name} has made no statement", name=found.name))
        return
    headings = [wording("Time"), wording("Decision"), wording("Purpose")]
    headings += [wording("By"), wording("Basis"), wording("Evidence")]
    rows = [
        (
            shown_value(item.effective_at, zone),
            translated(item.decision),
            translated(wording("all purposes")) if item.purpose == "*" else item.purpose,
            _reach(item.channel, item.contact_point_id, points),
            item.legal_basis,
            item.evidence,
        )
        for item in statements
    ]
    print_block(table([translated(heading) for heading in headings], rows, title=found.name))


@consent.command("check", help=wording("Say whether a customer may be contacted, and why. Exit code 5: it may not."))
@_customer
@option("--channel", required=True, metavar="WORD", help=wording("By what, such as email."))
@option("--purpose", required=True, metavar="WORD", help=wording("What for, such as newsletter."))
@_point
@json_option
@click.pass_context
def check(ctx: click.Context, customer: str, channel: str, purpose: str, point: str | None, as_json: bool) -> None:
    from crmkit.cli.output import print_json, shown_value
    from crmkit.cli.running import working
    from crmkit.core.messages import msg
    from crmkit.services.consent import can_contact
    from crmkit.services.customer_view import find_customer

    with working(reads=True) as (crm, session):
        found = find_customer(session, customer)
        contact_point = _point_of(session, found, point)
        terms = crm.config.consent
        decision = can_contact(session, found, channel, purpose, contact_point=contact_point, terms=terms)
    if as_json:
        print_json({"customer_id": found.id, "channel": channel, "purpose": purpose, "decision": decision})
    else:
        answer = translated(wording("yes")) if decision.allowed else translated(wording("no"))
        click.echo(shown_value(msg("{answer}: {reason}", answer=answer, reason=decision.reason)))
    if not decision.allowed:
        ctx.exit(5)


def _record(
    decision: ConsentWord,
    *,
    customer: str,
    purpose: str | None,
    channel: str,
    point: str | None,
    evidence: str,
    basis: str,
    at: str | None,
    as_json: bool,
) -> None:
    from zoneinfo import ZoneInfo

    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.consent import Consent
    from crmkit.core.messages import msg
    from crmkit.core.values.clock import parse_instant
    from crmkit.services.consent import state
    from crmkit.services.customer_view import find_customer

    if not purpose:
        raise click.UsageError(translated(wording("Name a purpose with --purpose.")))
    with working() as (_, session):
        found = find_customer(session, customer)
        made = state(
            session,
            decision,
            found,
            purpose,
            channel=channel,
            contact_point=_point_of(session, found, point),
            evidence=evidence,
            legal_basis=basis,
            at=parse_instant(at, ZoneInfo(session.actor.timezone)) if at else None,
            source="cli",
        )
        session.commit()
        stored = session.get(Consent, made.id)
    if as_json:
        print_json(stored)
    else:
        click.echo(str(stored.id))
        word = translated(stored.decision)
        say(msg("{name}: {decision} for {purpose}", name=found.name, decision=word, purpose=stored.purpose))


def _point_of(session: Session, customer: Customer, value: str | None) -> ContactPoint | None:
    from crmkit.core.customer import ContactPoint
    from crmkit.core.errors import NotFound, did_you_mean
    from crmkit.core.messages import msg, shown

    if value is None:
        return None
    points = session.list(ContactPoint, customer_id=customer.id)
    wanted = value.strip().casefold()
    for point in points:
        if wanted in (str(point.id), point.value.casefold(), point.normalized.casefold()):
            return point
    hint = did_you_mean(value, [point.value for point in points])
    absent = msg("{name} has no contact point {value}; {hint}", name=customer.name, value=shown(value), hint=hint)
    raise NotFound(absent)


def _reach(channel: str, point: UUID | None, points: dict[UUID, str]) -> str:
    if point is not None:
        return f"{channel} {points.get(point, str(point))}".strip()
    return channel or translated(wording("all channels"))
