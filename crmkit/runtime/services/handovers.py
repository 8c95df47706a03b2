"""Users who leave, and what they held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from crmkit.core.staff import User
    from crmkit.services.handover import HandOverPlan, HandOverRules, Holdings


class Handovers(Bound):
    """Users who leave, and what they held."""

    __slots__ = ()

    def holdings(self, user: User) -> Holdings:
        """Return everything that depends on a user; see :func:`crmkit.services.handover.holdings`."""
        from crmkit.services.handover import holdings

        return holdings(self._session, user)

    def preview_handover(self, user: User, rules: HandOverRules) -> HandOverPlan:
        """Return what a hand-over would do; see :func:`crmkit.services.handover.preview`."""
        from crmkit.services.handover import preview, revenue_in

        values = revenue_in(self._crm.config.currency, self._crm.kinds)
        return preview(self._session, user, rules, values)

    def freeze(self, user: User) -> User:
        """Freeze a user, who then may not act; see :func:`crmkit.services.handover.freeze`."""
        from crmkit.services.handover import freeze

        return freeze(self._session, user)

    def activate(self, user: User) -> User:
        """Let a frozen user work again; see :func:`crmkit.services.handover.activate`."""
        from crmkit.services.handover import activate

        return activate(self._session, user)
