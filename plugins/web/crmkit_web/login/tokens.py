"""Tokens: made once, shown once, kept as digests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from crmkit.core.staff import User
from crmkit.core.values.ids import parse_id
from crmkit.plugin import Context, FieldError, NotFound, ValidationFailed, msg
from crmkit_web.login.digests import digest_of, new_secret
from crmkit_web.login.entities import ApiToken

PREFIX = "crm_"
DAYS = 90
MOST_DAYS = 3_650
SHOWN = 10
"""Characters of a token that are kept to tell it from others: its prefix and 36 of its 256 bits."""


def make_token(ctx: Context, user: User, name: str, *, days: int = DAYS, scopes: Sequence[str] = ()) -> str:
    """Make a token for a user and return its text, which nobody can read again. See :func:`made_token`."""
    return made_token(ctx, user, name, days=days, scopes=scopes)[0]


def made_token(
    ctx: Context, user: User, name: str, *, days: int = DAYS, scopes: Sequence[str] = ()
) -> tuple[str, ApiToken]:
    """Make a token for a user, good for ``days``; returns its text and what is kept of it.

    ``scopes`` have been checked (see ``checked_scopes``). Raises ValidationFailed for a time that is too long.
    """
    if not 1 <= days <= MOST_DAYS:
        expected = msg("a whole number from {low} to {high}", low=1, high=MOST_DAYS)
        raise ValidationFailed([FieldError("/days", "out_of_range", days, expected)])
    text = PREFIX + new_secret()
    token = ApiToken(
        user_id=user.id,
        owner_id=user.id,
        name=name,
        prefix=text[:SHOWN],
        digest=digest_of(text),
        scopes=tuple(scopes),
        expires_at=ctx.clock.now() + timedelta(days=days),
    )
    ctx.session.add(token)
    return text, token


def tokens_of(ctx: Context, user_id: UUID | None = None) -> list[ApiToken]:
    """Return the tokens of a user, or of all users, that have not been revoked, the oldest first."""
    wanted = {} if user_id is None else {"user_id": user_id}
    return sorted(ctx.session.list(ApiToken, **wanted), key=lambda token: token.id)


def revoke_token(ctx: Context, id: UUID | str, user_id: UUID | None = None) -> ApiToken:
    """Take a token back, at once; one of this user, where one is named. Returns it; raises NotFound."""
    wanted = {"id": parse_id(id)} | ({} if user_id is None else {"user_id": user_id})
    found = ctx.session.list(ApiToken, **wanted)
    if not found:
        raise NotFound(msg("no {entity} with id {id}", entity="web_token", id=str(id)))
    ctx.session.delete(found[0])
    return found[0]
