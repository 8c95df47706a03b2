"""What is known of customers, and finding records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from crmkit.runtime.services.bound import Bound
from crmkit.services.customer_view import customer_view

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit.core.values.money import Money
    from crmkit.core.worth import Worth
    from crmkit.runtime.extensions.searching import FoundEverywhere
    from crmkit.services.customer_view import CustomerView
    from crmkit.services.search import SearchResult


class Customers(Bound):
    """What is known of customers, and finding records."""

    __slots__ = ()

    def customer_view(self, needle: str) -> CustomerView:
        """Return everything known of one customer; see :func:`crmkit.services.customer_view.customer_view`."""
        return customer_view(self._session, needle, self._crm.kinds)

    def customer_worths(
        self,
        currency: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        contact_costs: Mapping[str, Money] | None = None,
    ) -> list[Worth]:
        """Return what customers are worth; see :func:`crmkit.services.value.customer_worths`."""
        from crmkit.services.value import customer_worths

        unit = currency or self._crm.config.currency
        return customer_worths(
            self._session, self._crm.kinds, unit, since=since, until=until, contact_costs=contact_costs
        )

    def search(self, text: str, entities: Iterable[str] = (), limit: int = 20) -> SearchResult:
        """Return the records that fit what somebody typed; see :func:`crmkit.services.search.search`."""
        from crmkit.services.search import search

        return search(self._session, text, entities, limit)

    def search_everywhere(self, text: str, entities: Collection[str] = (), limit: int = 20) -> FoundEverywhere:
        """Return what the index and plugins' providers find; see :func:`crmkit.runtime.extensions.searching.search_everywhere`."""
        from crmkit.runtime.extensions.searching import search_everywhere

        return search_everywhere(self._crm, self._session, text, entities, limit)
