"""Finding the users and hand-overs that people name."""

from __future__ import annotations

from uuid import UUID

from crmkit.core.errors import BadInput, NotFound, did_you_mean
from crmkit.core.handover import HandOver
from crmkit.core.messages import msg, shown
from crmkit.core.staff import User
from crmkit.core.values.ids import parse_id
from crmkit.store.session import Session


def find_user(session: Session, needle: str | UUID) -> User:
    """Return the user with this login or id, of those that the actor sees. Raises NotFound with the closest login."""
    if isinstance(needle, UUID):
        return session.get(User, needle)
    found = session.find(User, login=needle)
    if found is None:
        try:
            return session.get(User, parse_id(needle))
        except BadInput:
            known = [user.login for user in session.list(User)]
            raise NotFound(
                msg("no user {login}; {hint}", login=shown(needle), hint=did_you_mean(needle, known))
            ) from None
    return found


def handovers(session: Session, *, limit: int | None = None) -> list[tuple[HandOver, User]]:
    """Return the hand-overs of users whom the actor sees, the newest first, each with its user."""
    users = {user.id: user for user in session.list(User)}
    with session.acting_as(session.actor.elevated()):
        found = session.list(HandOver, order="-created_at,-id")
    return [(one, users[one.user_id]) for one in found if one.user_id in users][:limit]


def find_handover(session: Session, needle: str) -> HandOver:
    """Return the hand-over with this id, the newest one of the user with this login, or the ``last`` one.

    Of the latter two, hand-overs that were undone do not count. Raises NotFound.
    """
    known = handovers(session)
    in_force = [(handover, user) for handover, user in known if handover.state != "undone"]
    if needle == "last" and in_force:
        return in_force[0][0]
    for handover, user in in_force:
        if user.login == needle:
            return handover
    for handover, _ in known:
        if str(handover.id) == needle.strip().lower():
            return handover
    raise NotFound(msg("no hand-over {needle}", needle=shown(needle)))
