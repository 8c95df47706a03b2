"""Logging in by password, and by a code where the user has a second factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from uuid import UUID

from crmkit.core.entity import change
from crmkit.core.staff import User
from crmkit.plugin import Context, msg
from crmkit_web.login.entities import LogIn, Password
from crmkit_web.login.hashing import verified
from crmkit_web.login.second_factor import accepts, is_confirmed
from crmkit_web.login.sessions import begin_session, session_with
from crmkit_web.login.throttling import count_attempt, forget_failures
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit import Crm
    from crmkit_web.serving.calls import Incoming

LONGEST_LOGIN = 100
Outcome = Literal["done", "wrong", "no_code", "wrong_code", "not_active", "unknown"]


def log_in(crm: Crm, incoming: Incoming, login: str, password: str, code: str, former: str = "") -> str:
    """Log a user in and return the secret of the new session; the session with the secret ``former`` ends.

    Raises Problem 429 while too many attempts have failed, and Problem 401 for everything that is wrong: it does not tell
    whether there is such a user, only that a code is missing once the password is right.
    """
    count_attempt(crm, login, incoming.address)
    with crm.session(reads=True) as session:
        user = session.find(User, login=login) if _could_be(login) else None
        stored = None if user is None else session.find(Password, user_id=user.id)
    right, renewed = verified(None if stored is None else stored.hash, password)
    secret = ""
    with crm.session() as session:
        ctx = crm.context(session, "web")
        outcome = _outcome(ctx, user, stored if right else None, code)
        note_log_in(ctx, None if user is None else user.id, "password", outcome, incoming.address)
        if outcome == "done" and user is not None:
            forget_failures(ctx, login, incoming.address)
            if renewed is not None:
                now_stored = session.find(Password, user_id=user.id)
                if now_stored is not None:
                    session.update(change(now_stored, hash=renewed))
            if (before := session_with(ctx, former)) is not None:
                session.delete(before)
            secret = begin_session(ctx, user, "password", incoming)
    if outcome == "no_code":
        raise Problem(401, "code_needed", msg("send the code of the second factor as well"))
    if outcome != "done":
        raise Problem(401, "bad_login", msg("the login, the password or the code is wrong"))
    return secret


def _could_be(login: str) -> bool:
    """Whether a user can have this login; a database takes no other text."""
    return 0 < len(login) <= LONGEST_LOGIN and login.isprintable()


def _outcome(ctx: Context, user: User | None, stored: Password | None, code: str) -> Outcome:
    """Return how an attempt ends; ``stored`` is given where the password was right."""
    if user is None:
        return "unknown"
    if stored is None:
        return "wrong"
    if user.state != "active":
        return "not_active"
    if not is_confirmed(stored):
        return "done"
    if not code:
        return "no_code"
    return "done" if accepts(ctx, stored, code) else "wrong_code"


def note_log_in(ctx: Context, user_id: UUID | None, method: str, outcome: Outcome, address: str) -> None:
    """Keep that somebody logged in, or tried to."""
    ctx.session.add(LogIn(user_id=user_id, owner_id=user_id, method=method, outcome=outcome, address=address[:100]))
