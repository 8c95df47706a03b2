"""Which user somebody is whom an OpenID provider vouches for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmkit.core.staff import User
from crmkit.plugin import Context, msg
from crmkit_web.login.entities import ProviderIdentity
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.settings import OidcProvider


def user_of(ctx: Context, name: str, provider: OidcProvider, claims: Mapping[str, Any]) -> User:
    """Return the user, known by the provider's id of them or else by a verified e-mail address, which links the two.

    Raises Problem 403 for somebody who is unknown here, unless the provider's settings say that they become a user.
    """
    who = {"provider": name, "issuer": provider.issuer, "subject": claims["sub"]}
    linked = ctx.session.find(ProviderIdentity, **who)
    if linked is not None:
        return ctx.session.get(User, linked.user_id)
    address = _verified_address(claims)
    user = _with_address(ctx, address) if address else None
    if user is None and provider.create and address:
        user = _made(ctx, address, claims)
    if user is None:
        raise Problem(403, "unknown_user", msg("nobody here is known by this log-in; ask for an account"))
    ctx.session.add(ProviderIdentity(user_id=user.id, owner_id=user.id, **who))
    return user


def _verified_address(claims: Mapping[str, Any]) -> str:
    address = claims.get("email")
    # True itself: some providers send the word, and "false" is a word, too.
    verified = claims.get("email_verified") is True
    return address.strip() if verified and isinstance(address, str) and "@" in address else ""


def _with_address(ctx: Context, address: str) -> User | None:
    """Return the one active user with an e-mail address; None when there is none, or more than one."""
    found = [
        user
        for user in ctx.session.list(User, state="active")
        if user.email and user.email.casefold() == address.casefold()
    ]
    return found[0] if len(found) == 1 else None


def _made(ctx: Context, address: str, claims: Mapping[str, Any]) -> User | None:
    """Return a new user without any role; None where the address is somebody's already."""
    taken = [
        user for user in ctx.session.list(User) if address.casefold() in (user.login.casefold(), user.email.casefold())
    ]
    if taken or len(address) > 100:
        return None
    name = claims.get("name")
    user = User(login=address, name=name[:200] if isinstance(name, str) and name.strip() else address, email=address)
    ctx.session.add(user)
    return user
