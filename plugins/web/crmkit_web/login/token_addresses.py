"""``/auth/tokens``: one's own tokens; those of others with a permission."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from crmkit.core.staff import User
from crmkit.hosting import read_input
from crmkit.plugin import AccessDenied, NotFound, msg
from crmkit_web.login.declared import MANAGE
from crmkit_web.login.entities import ApiToken
from crmkit_web.login.scopes import MOST, checked_scopes, scope_pattern
from crmkit_web.login.tokens import DAYS, made_token, revoke_token, tokens_of
from crmkit_web.openapi.patterns import FILLED
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint, Parameter

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@attrs.frozen
class NewToken:
    """What a token is to be: its name, the days that it is good for, and the scopes that narrow it."""

    name: str
    days: int = DAYS
    scopes: tuple[str, ...] = ()


@attrs.frozen
class TokenShown:
    """What can be seen of a token."""

    id: UUID
    user: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime | None
    expires_at: datetime | None
    last_used_on: date | None


@attrs.frozen
class TokenMade:
    """A token as it was made; its text is not shown again."""

    id: UUID
    user: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime | None
    expires_at: datetime | None
    last_used_on: date | None
    token: str


@attrs.frozen
class TokenList:
    """Tokens, the oldest first."""

    items: tuple[TokenShown, ...]


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield Endpoint(
        "list_tokens",
        "GET",
        "/auth/tokens",
        list_tokens,
        msg("Return one's own tokens, or another user's with the permission to manage tokens."),
        tag="login",
        query=(Parameter("user", msg("The login of another user."), max_length=100),),
        returns=TokenList,
        refuses=(404,),
        reads=True,
    )
    yield Endpoint(
        "create_token",
        "POST",
        "/auth/tokens",
        create_token,
        msg("Make a token of one's own. Its text is answered once and cannot be read again."),
        tag="login",
        body=_new_token,
        returns=TokenMade,
        status=201,
        secret=True,
    )
    yield Endpoint(
        "revoke_token",
        "DELETE",
        "/auth/tokens/{id}",
        revoke,
        msg("Take a token back: one's own, or another user's with the permission to manage tokens. It ends at once."),
        tag="login",
        status=204,
    )


def _new_token(site: Site, _: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "pattern": FILLED, "maxLength": 100},
            "days": {"type": "integer", "minimum": 1, "maximum": 3_650, "default": DAYS},
            "scopes": {
                "type": "array",
                "maxItems": MOST,
                "items": {"type": "string", "pattern": scope_pattern(site.crm)},
            },
        },
    }


def list_tokens(call: Call) -> TokenList:
    """Answer the tokens of whoever asks, or of the user who is named."""
    whole_rights(call)
    wanted = call.query["user"]
    with call.ctx.elevated("tokens are seen by whoever they belong to"):
        mine = call.session.get(User, own_id(call))
        user = mine
        if wanted and wanted != mine.login:
            if not call.actor.has_permission(MANAGE):
                raise _not_managing(call)
            found = call.session.find(User, login=wanted)
            if found is None:
                raise NotFound(msg("no {entity} called {name}", entity="user", name=wanted))
            user = found
        return TokenList(tuple(shown(token, user.login) for token in tokens_of(call.ctx, user.id)))


def create_token(call: Call) -> TokenMade:
    """Make a token of whoever asks."""
    whole_rights(call)
    asked = read_input(NewToken, call.mapping())
    scopes = checked_scopes(call.crm, asked.scopes)
    with call.ctx.elevated("tokens are made by whoever they belong to"):
        user = call.session.get(User, own_id(call))
        text, made = made_token(call.ctx, user, asked.name, days=asked.days, scopes=scopes)
        call.session.flush()
        stored = call.session.get(ApiToken, made.id)
    return TokenMade(**attrs.asdict(shown(stored, user.login), recurse=False), token=text)


def revoke(call: Call) -> None:
    """Take a token back."""
    whole_rights(call)
    others = call.actor.has_permission(MANAGE)
    with call.ctx.elevated("tokens are taken back by whoever they belong to"):
        revoke_token(call.ctx, call.path["id"], None if others else call.actor.user_id)


def shown(token: ApiToken, login: str) -> TokenShown:
    """Return what can be seen of a token."""
    return TokenShown(
        token.id,
        login,
        token.name,
        token.prefix,
        token.scopes,
        token.created_at,
        token.expires_at,
        token.last_used_on,
    )


def own_id(call: Call) -> UUID:
    """Return the id of the user who asks; it is a user who comes by a token or a session."""
    assert call.actor.user_id is not None
    return call.actor.user_id


def whole_rights(call: Call) -> None:
    """Raise AccessDenied for whoever logged in for less than they may do: that could be made more here."""
    if call.actor.ceiling is not None:
        raise AccessDenied(msg("a token with scopes does not manage log-ins"))


def _not_managing(call: Call) -> AccessDenied:
    return AccessDenied(
        msg(
            "{actor} may not manage the tokens of others: it takes the permission {permission}",
            actor=call.actor.name,
            permission=MANAGE,
        )
    )
