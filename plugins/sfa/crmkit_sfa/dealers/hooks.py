"""What happens while offers and registrations of dealers are saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.plugin import Change, Context, RecordBatch, Refuse, change, hookimpl, msg
from crmkit_sfa.dealers.belonging import organization_of
from crmkit_sfa.dealers.entities import DealerOffer, DealRegistration
from crmkit_sfa.leads.details import key_of

_DEALER_MAY_CHANGE = frozenset({"state", "note", "amount", "close_on", "contact"})
_NEXT = {
    "submitted": {"approved", "rejected", "withdrawn"},
    "approved": {"withdrawn", "expired"},
}


@hookimpl(specname="derive_records", entities=("sfa_dealer_offer",))
def derive_dealer_offers(ctx: Context, call: RecordBatch) -> list[Any]:
    """What is offered or accepted is with one dealer at a time."""
    found = []
    for item in call.changes:
        offered: DealerOffer = item.record
        busy = offered.state in ("offered", "accepted") and offered.deleted_at is None
        key = str(offered.lead_id or offered.opportunity_id) if busy else None
        if offered.open_key != key:
            found.append(change(offered, open_key=key))
    return found


@hookimpl(specname="guard_records", entities=("sfa_dealer_offer",))
def guard_dealer_offers(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Offers are made and answered by their use cases, which mask and move what they are about."""
    actor: Any = ctx.actor
    for item in call.changes:
        offered: DealerOffer = item.record
        if (offered.lead_id is None) == (offered.opportunity_id is None):
            yield Refuse(msg("an offer is about one lead or one deal"), offered.id)
        if actor.everything:
            continue
        if item.created or organization_of(ctx) is not None or (item.changed("state") and offered.state != "withdrawn"):
            yield Refuse(msg("an offer is made and answered by offering, accepting and declining it"), offered.id)


@hookimpl(specname="derive_records", entities=("sfa_deal_registration",))
def derive_deal_registrations(ctx: Context, call: RecordBatch) -> list[DealRegistration]:
    """Fill in what registrations are compared by."""
    found = []
    for item in call.changes:
        one: DealRegistration = item.record
        found.append(
            change(
                one,
                email_key=key_of("email", one.email),
                phone_key=key_of("phone", one.phone, one.country),
                company_key=company_key(one.company),
            )
        )
    return found


def company_key(name: str) -> str:
    """Return the form in which names of companies are compared: folded, without legal form, in any order."""
    from crmkit.core.matching.names import name_words

    return " ".join(sorted(name_words(name)))[:300]


@hookimpl(specname="guard_records", entities=("sfa_deal_registration",))
def guard_deal_registrations(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """A dealer registers for itself and changes nothing that was compared; what is decided, head office decides."""
    own = organization_of(ctx)
    for item in call.changes:
        one: DealRegistration = item.record
        if item.created and one.state != "submitted":
            yield Refuse(msg("a registration begins as submitted"), one.id)
        if not item.created and item.changed("state") and one.state not in _NEXT.get(item.before.state, ()):
            before = item.before.state
            yield Refuse(
                msg("a registration that is {before} cannot become {after}", before=before, after=one.state), one.id
            )
        if own is not None:
            yield from _by_dealer(item, own)


def _by_dealer(item: Change, own: Any) -> Iterator[Refuse]:
    one: DealRegistration = item.record
    if one.dealer_id != own:
        yield Refuse(msg("a dealer registers deals for itself"), one.id)
    if item.created:
        decided = (one.decided_at, one.decided_by_id, one.protected_until, one.customer_id, one.opportunity_id)
        if any(value is not None for value in decided) or one.decision:
            yield Refuse(msg("head office decides about registrations"), one.id)
        return
    names = {"dealer_id", "company", "domain", "email", "phone", "country", "product_id", "product", "decided_at"}
    names |= {"decided_by_id", "decision", "protected_until", "customer_id", "opportunity_id", "owner_id"}
    if any(item.changed(name) for name in sorted(names - _DEALER_MAY_CHANGE)):
        yield Refuse(msg("what was registered stays as it is; withdraw it and register it anew"), one.id)
    if item.changed("state") and one.state != "withdrawn":
        yield Refuse(msg("head office decides about registrations"), one.id)
