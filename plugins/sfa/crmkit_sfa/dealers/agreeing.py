"""Making an organization our dealer."""

from __future__ import annotations

from crmkit.core.customer import Customer
from crmkit.core.staff import User
from crmkit.plugin import BadInput, Context, change, msg
from crmkit_sfa.dealers.entities import Dealer


def add_dealer(ctx: Context, organization: Customer, manager: User | None = None, note: str = "") -> Dealer:
    """Make an organization our dealer, or again after it had left, and return what is kept of it.

    Raises BadInput for a customer that is no organization and for a manager who is a dealer's user.
    """
    if organization.kind != "organization":
        raise BadInput(msg("{name} is no organization, so it cannot be a dealer", name=organization.name))
    if manager is not None and manager.customer_id is not None:
        raise BadInput(msg("{login} belongs to a dealer", login=manager.login))
    found = ctx.session.find(Dealer, customer_id=organization.id)
    manager_id = None if manager is None else manager.id
    if found is None:
        made = Dealer(customer_id=organization.id, manager_id=manager_id, since=ctx.today(), note=note)
        ctx.session.add(made)
        ctx.session.flush()
        return ctx.session.get(Dealer, made.id)
    again = {"since": ctx.today()} if found.state == "ended" else {}
    kept = {"manager_id": manager_id or found.manager_id, "note": note or found.note}
    ctx.session.update(change(found, state="active", ended_on=None, **kept, **again))
    ctx.session.flush()
    return ctx.session.get(Dealer, found.id)
