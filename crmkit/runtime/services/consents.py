"""What customers allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.runtime.services.bound import Bound
from crmkit.services import consent

if TYPE_CHECKING:
    from crmkit.core.consent import Consent
    from crmkit.core.consent_decision import Decision
    from crmkit.core.customer import Customer


class Consents(Bound):
    """What customers allow."""

    __slots__ = ()

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
