"""The role that users of dealers get: their organization's records, no deleting, no export, no assigning."""

from __future__ import annotations

from crmkit.core.customer import Customer
from crmkit.core.staff import Role, User
from crmkit.plugin import BadInput, Context, change, msg
from crmkit_sfa.dealers.belonging import dealer_of
from crmkit_sfa.dealers.settings import DealerSettings

_WORKED_WITH = (
    *("customer", "contact_point", "customer_relation"),
    *("interaction", "interaction_participant", "interaction_link"),
    *("sfa_lead", "sfa_opportunity", "sfa_opportunity_line", "sfa_opportunity_contact", "sfa_competitor"),
    *("sfa_activity", "sfa_activity_participant"),
)
_READ = ("interaction_line", "sfa_lead_touch", "sfa_opportunity_history", "sfa_dealer_offer", "product")
"""The right to read products, which are nobody's, lets dealers see what is for sale: see ``pricing.assortment``."""


def role_grants(ctx: Context) -> tuple[dict[str, str], ...]:
    """Return what the role grants, on the entities that this installation has."""
    rights = [(entity, action) for entity in _WORKED_WITH for action in ("read", "create", "update")]
    rights += [(entity, "read") for entity in _READ]
    rights += [("sfa_lead_touch", "create")]
    rights += [("sfa_deal_registration", action) for action in ("read", "create", "update")]
    return tuple(
        {"entity": entity, "action": action, "scope": "team"} for entity, action in rights if _exists(ctx, entity)
    )


def dealer_role(ctx: Context, name: str = "") -> Role:
    """Return the role for users of dealers, made when there is none; one that there is stays as it was changed."""
    settings: DealerSettings = ctx.config.dealers
    called = name or settings.role
    found = ctx.session.find(Role, name=called)
    if found is None:
        found = Role(name=called, grants=role_grants(ctx))
        ctx.session.add(found)
    return found


def add_user(ctx: Context, dealer: Customer, user: User) -> User:
    """Make somebody a user of a dealer, with the role for it: from then on he sees the dealer's records alone.

    Raises BadInput for a user of another dealer, and for one who has rights of a colleague.
    """
    dealer_of(ctx, dealer)
    if user.customer_id not in (None, dealer.id):
        raise BadInput(msg("{login} belongs to another dealer", login=user.login))
    bound = change(user, customer_id=dealer.id)
    ctx.session.update(bound)
    ctx.services.give_role(bound, dealer_role(ctx))
    return bound


def _exists(ctx: Context, entity: str) -> bool:
    from crmkit.plugin import ConfigError

    try:
        ctx.session.entity(entity)
    except ConfigError:
        return False
    return True
