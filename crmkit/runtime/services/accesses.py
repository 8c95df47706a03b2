"""Who may see and do what, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.core.entity import Part
    from crmkit.core.staff import Delegation, RecordShare, Role, RoleAssignment, Team, User
    from crmkit.services.access import Explanation, Right


class Accesses(Bound):
    """Who may see and do what, and why."""

    __slots__ = ()

    def why(
        self, record: Part | tuple[str | type[Any], UUID | str], action: str = "read", actor: Actor | None = None
    ) -> Explanation:
        """Return why somebody may do something with a record, or not; see :func:`crmkit.services.access.why`."""
        from crmkit.services.access import why

        return why(self._session, record, action, actor)

    def rights(self, actor: Actor | None = None) -> list[Right]:
        """Return what the session's actor, or another, may do by entity; see :func:`crmkit.services.access.rights_of`."""
        from crmkit.services.access import rights_of

        return rights_of(actor or self._session.actor, self._crm.registry)

    def roles_of(self, user: User | UUID) -> list[Role]:
        """Return the roles of a user, by name; see :func:`crmkit.services.access.roles_of`."""
        from crmkit.services.access import roles_of

        return roles_of(self._session, user if isinstance(user, UUID) else user.id)

    def give_role(self, user: User, role: Role) -> RoleAssignment:
        """Give a user a role; see :func:`crmkit.services.access.roles.assign`."""
        from crmkit.services.access.roles import assign

        return assign(self._session, user, role)

    def take_role(self, user: User, role: Role) -> None:
        """Take a role from a user; see :func:`crmkit.services.access.roles.withdraw`."""
        from crmkit.services.access.roles import withdraw

        withdraw(self._session, user, role)

    def share(self, record: Part, to: User | Team, **details: Any) -> RecordShare:
        """Share a record with a user or a team; see :func:`crmkit.services.access.share`."""
        from crmkit.services.access import share

        return share(self._session, record, to, **details)

    def unshare(self, record: Part, to: User | Team) -> int:
        """End what is shared of a record with a user or a team; see :func:`crmkit.services.access.unshare`."""
        from crmkit.services.access import unshare

        return unshare(self._session, record, to)

    def shares_of(self, record: Part, *, ended: bool = False) -> list[RecordShare]:
        """Return with whom a record is shared; see :func:`crmkit.services.access.shares_of`."""
        from crmkit.services.access import shares_of

        return shares_of(self._session, record, ended=ended)

    def delegate(self, user: User, deputy: User, **details: Any) -> Delegation:
        """Let a deputy act on behalf of a user for a time; see :func:`crmkit.services.access.delegate`."""
        from crmkit.services.access import delegate

        return delegate(self._session, user, deputy, **details)

    def delegations(self, user: User | None = None, *, ended: bool = False) -> list[Delegation]:
        """Return the delegations of or to a user; see :func:`crmkit.services.access.delegations`."""
        from crmkit.services.access import delegations

        return delegations(self._session, user, ended=ended)

    def end_delegation(self, delegation: Delegation) -> Delegation:
        """End a delegation now; see :func:`crmkit.services.access.end`."""
        from crmkit.services.access import end

        return end(self._session, delegation)
