"""Who somebody is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from crmkit.core.customer import Customer
    from crmkit.core.identity import IdentityClaim, NotTheSame
    from crmkit.services.identify import Candidate, Evidence, Recognition


class Identities(Bound):
    """Who somebody is."""

    __slots__ = ()

    def evidence(self, **known: Any) -> Evidence:
        """Return what is known of somebody, to identify by; see :class:`crmkit.services.identify.Evidence`."""
        from crmkit.services.identify import Evidence

        return Evidence(**known)

    def identify(self, evidence: Evidence, channel: str = "") -> Recognition:
        """Return who somebody is; see :func:`crmkit.services.identify.identify`."""
        from crmkit.services.identify import identify

        return identify(self._session, evidence, channel)

    def recognise(
        self,
        evidence: Evidence,
        channel: str,
        raw: Mapping[str, Any] | None = None,
        key: Evidence | None = None,
    ) -> tuple[Recognition, IdentityClaim | None]:
        """Identify somebody, or keep a claim; see :func:`crmkit.services.identify.recognise`."""
        from crmkit.services.identify import recognise

        return recognise(self._session, evidence, channel, raw, key)

    def lookalikes(self, customer: Customer) -> tuple[Candidate, ...]:
        """Return who may be the same as a customer; see :func:`crmkit.services.identify.lookalikes`."""
        from crmkit.services.identify import lookalikes

        return lookalikes(self._session, customer)

    def resolve_claim(self, claim: IdentityClaim | UUID, customer: Customer | UUID, *, learn: bool = False) -> int:
        """Decide that a claim is a customer; see :func:`crmkit.services.identify.resolve`."""
        from crmkit.services.identify import resolve

        return resolve(self._session, claim, customer, learn=learn)

    def dismiss_claim(self, claim: IdentityClaim | UUID) -> IdentityClaim:
        """Decide that a claim is nobody to know; see :func:`crmkit.services.identify.dismiss`."""
        from crmkit.services.identify import dismiss

        return dismiss(self._session, claim)

    def reject_candidate(self, claim: IdentityClaim | UUID, customer: Customer | UUID) -> IdentityClaim:
        """Remember that a claim is not a customer; see :func:`crmkit.services.identify.reject`."""
        from crmkit.services.identify import reject

        return reject(self._session, claim, customer)

    def not_the_same(self, first: Customer | UUID, second: Customer | UUID, note: str = "") -> NotTheSame:
        """Remember that two customers are not one; see :func:`crmkit.services.identify.not_the_same`."""
        from crmkit.services.identify import not_the_same

        return not_the_same(self._session, first, second, note)
