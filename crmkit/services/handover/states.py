"""Freezing users, who then may neither sign in nor act but keep what they own, and activating them again."""

from __future__ import annotations

from crmkit.core.entity import change
from crmkit.core.errors import BadInput, Conflict
from crmkit.core.handover import HandOver
from crmkit.core.messages import msg
from crmkit.core.staff import User
from crmkit.services.handover.planning import require_change
from crmkit.store.session import Session


def freeze(session: Session, user: User) -> User:
    """Freeze a user and return it; it takes effect with the commit, in sessions that are open too.

    A frozen user keeps everything, and nobody acts on its behalf. Raises AccessDenied, also for oneself, and BadInput
    for a user who has departed.
    """
    require_change(session, user)
    if user.state == "departed":
        raise BadInput(msg("{login} has departed already", login=user.login))
    return _in_state(session, user, "frozen")


def activate(session: Session, user: User) -> User:
    """Let a frozen or departed user work again, and return it; what was handed over stays with the heirs.

    Raises AccessDenied, also for oneself, and Conflict while the user's hand-over is under way.
    """
    require_change(session, user)
    with session.acting_as(session.actor.elevated()):
        under_way = session.count(HandOver, "state in (running, undoing)", user_id=user.id)
    if under_way:
        raise Conflict(msg("a hand-over of {login} is under way; finish or undo it first", login=user.login))
    return _in_state(session, user, "active")


def _in_state(session: Session, user: User, state: str) -> User:
    if user.state == state:
        return user
    changed = change(user, state=state)
    session.update(changed)
    session.flush()
    return changed
