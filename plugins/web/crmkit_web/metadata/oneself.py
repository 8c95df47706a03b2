"""Who asks: the user, language, time zone, team, rights and permissions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.staff import Team, User
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint


@frozen
class TeamEntry:
    """A team; the name is empty where you may not read teams."""

    id: UUID
    name: str


@frozen
class RightEntry:
    """What you may do with the records of an entity: the scope of each action.

    ``hidden`` are the fields that you may not read, ``kept`` those that you may read and not write.
    """

    entity: str
    scopes: dict[str, str]
    hidden: tuple[str, ...]
    kept: tuple[str, ...]


@frozen
class PermissionEntry:
    """A permission beyond rights on entities that you have."""

    id: str
    label: str


@frozen
class Oneself:
    """Whoever asks. ``teams`` are the own one, first, and all below it; ``today`` is the date where you are.

    ``acting_id`` differs from ``user_id`` while a deputy acts for the user. ``organization_id`` is the organization that
    a dealer's user belongs to.
    """

    user_id: UUID | None
    acting_id: UUID | None
    login: str
    name: str
    email: str
    language: str
    timezone: str
    today: date
    currency: str
    organization_id: UUID | None
    teams: tuple[TeamEntry, ...]
    rights: tuple[RightEntry, ...]
    permissions: tuple[PermissionEntry, ...]


def endpoints() -> Iterator[Endpoint]:
    """Yield the endpoint of this module."""
    yield Endpoint(
        "get_me",
        "GET",
        "/me",
        me,
        msg("Return who you are here, and what you may do."),
        tag="metadata",
        returns=Oneself,
        reads=True,
    )


def me(call: Call) -> Oneself:
    """Answer who asks."""
    actor, ctx = call.actor, call.ctx
    with ctx.elevated("who asks is told of oneself"):
        user = None if actor.user_id is None else ctx.session.find(User, id=actor.user_id)
    served = {info.name for info in call.site.entities.values()}
    return Oneself(
        user_id=actor.user_id,
        acting_id=actor.acting_id,
        login=actor.name if user is None else user.login,
        name=actor.name if user is None else user.name,
        email="" if user is None else user.email,
        language=actor.language,
        timezone=ctx.timezone,
        today=ctx.today(),
        currency=ctx.currency,
        organization_id=actor.organization_id,
        teams=tuple(_teams(call)),
        rights=tuple(
            RightEntry(one.entity, one.scopes, one.hidden, one.kept)
            for one in ctx.services.rights()
            if one.entity in served
        ),
        permissions=tuple(
            PermissionEntry(one.id, one.label.render(call.translate))
            for one in call.crm.permissions
            if actor.has_permission(one.id)
        ),
    )


def _teams(call: Call) -> Iterator[TeamEntry]:
    actor = call.actor
    if actor.team_id is None:
        return
    names = {team.id: team.name for team in call.session.list(Team, id=sorted({actor.team_id, *actor.subtree}))}
    for id in (actor.team_id, *sorted(actor.subtree - {actor.team_id})):
        yield TeamEntry(id, names.get(id, ""))
