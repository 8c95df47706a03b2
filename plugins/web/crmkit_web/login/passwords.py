"""Passwords: what they have to be (NIST SP 800-63B, 3.1.1), and setting one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.entity import change
from crmkit.plugin import Context, FieldError, ValidationFailed, msg
from crmkit_web.login.entities import Password
from crmkit_web.login.hashing import LONGEST, hashed

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.core.messages import Message
    from crmkit.core.staff import User

SHORTEST = 12
GUESSABLE = 2
"""A password of this score or less (zxcvbn, 0 to 4) is found with less than a hundred million guesses."""


def check_password(user: User, password: str, path: str = "/password") -> None:
    """Raise ValidationFailed for a password that is too short, too long or easy to guess; any characters will do."""
    length = len(password)
    if length < SHORTEST:
        raise _unfit(path, "too_short", msg("at least {count} characters", count=SHORTEST))
    if length > LONGEST:
        raise _unfit(path, "too_long", msg("at most {count} characters", count=LONGEST))
    from zxcvbn import zxcvbn

    known = [word for word in (user.login, user.name, user.email, "crmkit") if word]
    # What is longer than 72 characters is not easy to guess unless its beginning says so.
    if zxcvbn(password[:72], user_inputs=known, max_length=72)["score"] <= GUESSABLE:
        raise _unfit(
            path,
            "too_common",
            msg("a password that is hard to guess: no common words, names, rows of keys or repetitions"),
        )


def password_of(ctx: Context, user_id: UUID) -> Password | None:
    """Return what is kept of a user's password; None without one."""
    return ctx.session.find(Password, user_id=user_id)


def set_password(ctx: Context, user: User, hash: str) -> None:
    """Give a user the password with this hash; the second factor stays."""
    now, stored = ctx.clock.now(), password_of(ctx, user.id)
    if stored is None:
        ctx.session.add(Password(user_id=user.id, owner_id=user.id, hash=hash, changed_at=now))
    else:
        ctx.session.update(change(stored, hash=hash, changed_at=now))


def new_hash(user: User, password: str, path: str = "/password") -> str:
    """Return the hash of a user's new password, once it was checked."""
    check_password(user, password, path)
    return hashed(password)


def _unfit(path: str, code: str, expected: Message) -> ValidationFailed:
    # Nothing of the password is shown.
    return ValidationFailed([FieldError(path, code, None, expected)])
