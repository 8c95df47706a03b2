"""What customers are worth, for hand-overs that split by value: their revenue so far, in one currency."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from crmkit.core.interaction import InteractionKind
from crmkit.services.handover.assigning import Values
from crmkit.store.session import Session


def revenue_in(currency: str, kinds: Mapping[str, InteractionKind]) -> Values:
    """Return what gives the revenue of each customer in ``currency``, at the rates of the day.

    Asked, it raises BadInput when an exchange rate is missing.
    """

    def values(session: Session) -> Mapping[UUID, Decimal]:
        from crmkit.services.value import customer_worths

        return {worth.customer_id: worth.revenue for worth in customer_worths(session, kinds, currency)}

    return values
