"""Letting in by token."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from crmkit.core.entity import change
from crmkit.core.staff import User
from crmkit.plugin import CrmError, NotFound, msg
from crmkit_web.login.admissions import Admission
from crmkit_web.login.digests import same
from crmkit_web.login.entities import ApiToken
from crmkit_web.login.scopes import ceiling_of
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit import Crm
    from crmkit.core.access import Actor

CHALLENGE = {"www-authenticate": 'Bearer realm="crmkit"'}


def token_admitted(crm: Crm, digest: str) -> Admission:
    """Return who a token with this digest lets in; raises Problem 401 unless it is good and its user active."""
    now = crm.clock.now()
    with crm.session(reads=True) as session:
        # The version first, so that a change in between shows.
        version = session.rights_version()
        token = session.find(ApiToken, digest=digest)
        if token is None or not same(token.digest, digest) or (token.expires_at and token.expires_at <= now):
            raise Problem(
                401, "bad_token", msg("this token is unknown, has expired or was taken back"), headers=CHALLENGE
            )
        user = session.get(User, token.user_id)
    actor = active_actor(crm, user, version)
    ceiling = ceiling_of(token.scopes)
    _used(crm, token, now)
    tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Admission(
        actor if ceiling is None else actor.narrowed(ceiling),
        tomorrow if token.expires_at is None else min(tomorrow, token.expires_at),
    )


def active_actor(crm: Crm, user: User, version: int) -> Actor:
    """Return a user as an actor, with the version of rights from before; raises Problem 401 for one who is not active."""
    if user.state != "active":
        raise Problem(401, "not_active", msg("the user of this log-in is not active"), headers=CHALLENGE)
    try:
        return attrs.evolve(crm.actor(user.login), rights_version=version)
    except NotFound:
        # Frozen a moment ago.
        raise Problem(401, "not_active", msg("the user of this log-in is not active"), headers=CHALLENGE) from None


def _used(crm: Crm, token: ApiToken, now: datetime) -> None:
    """Note the day; that is not worth failing a request for."""
    if token.last_used_on != now.date():
        with suppress(CrmError), crm.session() as session:
            session.update(change(token, last_used_on=now.date()))
