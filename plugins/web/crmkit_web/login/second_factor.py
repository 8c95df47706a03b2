"""The second factor: codes of an authenticator (TOTP, RFC 6238), each used once, and recovery codes that stand in for them."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

from crmkit.core.entity import change
from crmkit.plugin import Context
from crmkit_web.login.digests import digest_of, same
from crmkit_web.login.entities import Password, RecoveryCode
from crmkit_web.login.sealing import sealed, unsealed

if TYPE_CHECKING:
    from crmkit.core.staff import User

STEP = 30
"""Seconds that a code is shown; one from the step before or after is taken too, since clocks differ."""

RECOVERY_CODES = 10


def is_confirmed(stored: Password) -> bool:
    """Whether logging in takes a code."""
    return bool(stored.totp_secret) and stored.totp_confirmed_at is not None


def enrol(ctx: Context, user: User, stored: Password) -> tuple[str, str]:
    """Give a user a new secret that counts once it is confirmed; returns it, and the address for an authenticator."""
    import pyotp

    secret = pyotp.random_base32()
    ctx.session.update(change(stored, totp_secret=sealed(ctx.config, secret), totp_confirmed_at=None, totp_step=0))
    return secret, pyotp.TOTP(secret).provisioning_uri(name=user.login, issuer_name="crmkit")


def confirm(ctx: Context, stored: Password, code: str) -> list[str] | None:
    """Make the second factor count from now on, by its first code; returns the recovery codes, None for a wrong code."""
    step = _step_of(ctx, stored, code)
    if step is None:
        return None
    ctx.session.update(change(stored, totp_confirmed_at=ctx.clock.now(), totp_step=step))
    return new_recovery_codes(ctx, stored)


def remove(ctx: Context, stored: Password) -> None:
    """Take the second factor away, and its recovery codes."""
    ctx.session.update(change(stored, totp_secret="", totp_confirmed_at=None, totp_step=0))
    ctx.session.delete(*ctx.session.list(RecoveryCode, user_id=stored.user_id))


def accepts(ctx: Context, stored: Password, code: str) -> bool:
    """Return whether a code is good now, and use it up: a code of an authenticator, or a recovery code."""
    step = _step_of(ctx, stored, code)
    if step is not None:
        ctx.session.update(change(stored, totp_step=step))
        return True
    found = ctx.session.find(RecoveryCode, user_id=stored.user_id, digest=digest_of(_plain(code)))
    if found is None:
        return False
    ctx.session.delete(found)
    return True


def new_recovery_codes(ctx: Context, stored: Password) -> list[str]:
    """Replace a user's recovery codes and return the new ones; each has 80 random bits."""
    ctx.session.delete(*ctx.session.list(RecoveryCode, user_id=stored.user_id))
    texts = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    ctx.session.add(
        *[RecoveryCode(user_id=stored.user_id, owner_id=stored.user_id, digest=digest_of(text)) for text in texts]
    )
    return ["-".join(text[at : at + 4] for at in range(0, 16, 4)) for text in texts]


def _step_of(ctx: Context, stored: Password, code: str) -> int | None:
    """Return the time step that a code belongs to, later than the last one used; None for another code."""
    digits = code.strip().replace(" ", "")
    if len(digits) != 6 or not stored.totp_secret:
        return None
    import pyotp

    totp, now = pyotp.TOTP(unsealed(ctx.config, stored.totp_secret)), int(ctx.clock.now().timestamp()) // STEP
    for step in (now - 1, now, now + 1):
        if step > stored.totp_step and same(totp.generate_otp(step), digits):
            return step
    return None


def _plain(code: str) -> str:
    return code.strip().lower().replace("-", "").replace(" ", "")
