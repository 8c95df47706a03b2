"""Users who belong to an organization of their own, as a dealer's do: they work with its records, and with no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from crmkit.core.staff import User
from crmkit.hooks.protocols import Actor
from crmkit.plugin import Context


def bound(actor: Actor) -> bool:
    """Tell whether a user belongs to an organization of its own, as a dealer's does."""
    return actor.organization_id is not None


def organizations_of(ctx: Context, users: Iterable[UUID | None]) -> Mapping[UUID | None, UUID]:
    """Return the organizations of those users who are bound to one, by user. For every right."""
    ids = sorted({id for id in users if id is not None})
    found = ctx.session.list(User, "customer_id is not empty", id=ids) if ids else ()
    return {user.id: user.customer_id for user in found if user.customer_id is not None}
