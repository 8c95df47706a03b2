"""The use cases, bound to one unit of work; plugins reach them as ``ctx.services``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.consent import Consent
from crmkit.core.consent_decision import Decision
from crmkit.core.customer import Customer
from crmkit.services import consent
from crmkit.services.customer_view import CustomerView, customer_view

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit.core.worth import Worth
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session


class Services:
    """Each method is a use case of ``crmkit.services`` with session and application filled in."""

    __slots__ = ("_crm", "_session")

    def __init__(self, crm: Crm, session: Session) -> None:
        self._crm, self._session = crm, session

    def customer_view(self, needle: str) -> CustomerView:
        """Return everything known of one customer; see :func:`crmkit.services.customer_view.customer_view`."""
        return customer_view(self._session, needle, self._crm.kinds)

    def customer_worths(
        self, currency: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> list[Worth]:
        """Return what customers are worth; see :func:`crmkit.services.value.customer_worths`."""
        from crmkit.services.value import customer_worths

        unit = currency or self._crm.config.currency
        return customer_worths(self._session, self._crm.kinds, unit, since=since, until=until)

    def grant(self, customer: Customer | UUID, purpose: str, **details: Any) -> Consent:
        """Add that the customer allows a purpose; see :func:`crmkit.services.consent.state`."""
        return consent.grant(self._session, customer, purpose, **details)

    def deny(self, customer: Customer | UUID, purpose: str, **details: Any) -> Consent:
        """Add that the customer denies a purpose; see :func:`crmkit.services.consent.state`."""
        return consent.deny(self._session, customer, purpose, **details)

    def withdraw(self, customer: Customer | UUID, purpose: str = "*", **details: Any) -> Consent:
        """Add that the customer takes back what was granted; see :func:`crmkit.services.consent.state`."""
        return consent.withdraw(self._session, customer, purpose, **details)

    def can_contact(self, customer: Customer | UUID, channel: str, purpose: str, **details: Any) -> Decision:
        """Return whether a customer may be contacted, and why; see :func:`crmkit.services.consent.can_contact`."""
        terms = self._crm.config.consent
        return consent.can_contact(self._session, customer, channel, purpose, terms=terms, **details)

    def contactable(
        self, customers: Iterable[Customer | UUID], channel: str, purpose: str, **details: Any
    ) -> Mapping[UUID, Decision]:
        """Return the decision for many customers at once; see :func:`crmkit.services.consent.contactable`."""
        terms = self._crm.config.consent
        return consent.contactable(self._session, customers, channel, purpose, terms=terms, **details)

    def enqueue(self, command: Any) -> Any:
        """Submit a command to be executed in a transaction of its own; returns a future with its result."""
        return self._crm.submit(command, self._session.actor)
