"""Letting in by the session of a browser."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from crmkit.core.entity import change
from crmkit.core.staff import User
from crmkit.plugin import CrmError, msg
from crmkit_web.login.admissions import Admission
from crmkit_web.login.digests import same
from crmkit_web.login.entities import LoginSession
from crmkit_web.login.sessions import is_open
from crmkit_web.login.token_door import CHALLENGE, active_actor
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit import Crm
    from crmkit_web.settings import WebSettings


def session_admitted(crm: Crm, settings: WebSettings, digest: str) -> Admission:
    """Return who a session with this digest lets in; raises Problem 401 unless it is open and its user active."""
    now = crm.clock.now()
    with crm.session(reads=True) as session:
        # The version first, so that a change in between shows.
        version = session.rights_version()
        found = session.find(LoginSession, digest=digest)
        if found is None or not same(found.digest, digest) or not is_open(found, settings, now):
            raise Problem(401, "session_over", msg("this session is over; log in again"), headers=CHALLENGE)
        user = session.get(User, found.user_id)
    actor = active_actor(crm, user, version)
    # Its use is noted now and then, not with every request: often enough for the idle time to mean something.
    pause = timedelta(minutes=settings.session_idle) / 20
    seen = found.seen_at
    if now - seen >= pause:
        seen = now
        with suppress(CrmError), crm.session() as session:
            session.update(change(found, seen_at=now))
    return Admission(actor, min(found.expires_at, seen + pause))
