"""``/auth/login``, ``/auth/session`` and the like: browsers that log in and out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from crmkit.core.staff import User
from crmkit.core.values.ids import parse_id
from crmkit.hosting import read_input
from crmkit.plugin import NotFound, msg
from crmkit_web.login.cookies import SESSION, session_cookie, set_cookie
from crmkit_web.login.entities import LoginSession
from crmkit_web.login.forgery import forgery_token, refuse_foreign
from crmkit_web.login.logging_in import log_in
from crmkit_web.login.sessions import session_with, sessions_of
from crmkit_web.login.token_addresses import own_id, whole_rights
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@attrs.frozen
class Credentials:
    """What somebody logs in with. ``code`` is that of the second factor, or a recovery code."""

    login: str
    password: str = attrs.field(repr=False)
    code: str = attrs.field(default="", repr=False)


@attrs.frozen
class Person:
    """Who is logged in."""

    id: UUID
    login: str
    name: str
    language: str
    timezone: str


@attrs.frozen
class SessionShown:
    """The log-in that a request comes with. ``csrf_token`` goes into ``X-CSRF-Token`` of each request that changes something."""

    user: Person
    method: str
    csrf_token: str | None
    expires_at: datetime | None


@attrs.frozen
class OpenSession:
    """A browser that is logged in. ``current`` is the one that asks."""

    id: UUID
    method: str
    address: str
    agent: str
    created_at: datetime | None
    seen_at: datetime
    expires_at: datetime
    current: bool


@attrs.frozen
class SessionList:
    """Sessions, the oldest first."""

    items: tuple[OpenSession, ...]


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield Endpoint(
        "log_in",
        "POST",
        "/auth/login",
        begin,
        msg("Log in with a browser: answers a session's cookie and its token against forged requests."),
        tag="login",
        body=Credentials,
        returns=SessionShown,
        public=True,
        reads=True,
        secret=True,
    )
    yield Endpoint(
        "get_session",
        "GET",
        "/auth/session",
        current,
        msg("Return who is logged in."),
        tag="login",
        returns=SessionShown,
        reads=True,
        secret=True,
    )
    yield Endpoint("log_out", "POST", "/auth/logout", end, msg("End the session."), tag="login", status=204)
    yield Endpoint(
        "list_sessions",
        "GET",
        "/auth/sessions",
        list_sessions,
        msg("Return the browsers that one is logged in with."),
        tag="login",
        returns=SessionList,
        reads=True,
    )
    yield Endpoint(
        "end_session",
        "DELETE",
        "/auth/sessions/{id}",
        end_other,
        msg("Log one of one's browsers out."),
        tag="login",
        status=204,
    )


def begin(call: Call) -> Reply:
    """Log somebody in."""
    refuse_foreign(call.site, call.incoming)
    given = read_input(Credentials, call.mapping())
    former = session_cookie(call.site, call.incoming)
    secret = log_in(call.crm, call.incoming, given.login[:200], given.password, given.code, former)
    return Reply(_shown(call, secret), headers=session_headers(call.site, secret))


def current(call: Call) -> SessionShown:
    """Answer who is logged in."""
    if "authorization" not in call.headers:
        return _shown(call, session_cookie(call.site, call.incoming))
    with call.ctx.elevated("who is logged in"):
        return SessionShown(_person(call.session.get(User, own_id(call)), call), "token", None, None)


def end(call: Call) -> Reply:
    """End the session that the request comes with."""
    with call.ctx.elevated("a session is ended by whoever it belongs to"):
        found = None if "authorization" in call.headers else _own(call)
        if found is None:
            raise Problem(409, "no_session", msg("a token has no session to end; revoke it instead"))
        call.session.delete(found)
    return Reply(status=204, headers={"set-cookie": set_cookie(call.site, SESSION, "", 0)})


def list_sessions(call: Call) -> SessionList:
    """Answer the sessions of whoever asks."""
    whole_rights(call)
    with call.ctx.elevated("sessions are seen by whoever they belong to"):
        mine = _own(call)
        found = sessions_of(call.ctx, own_id(call))
    return SessionList(
        tuple(
            OpenSession(
                one.id,
                one.method,
                one.address,
                one.agent,
                one.created_at,
                one.seen_at,
                one.expires_at,
                mine is not None and one.id == mine.id,
            )
            for one in found
        )
    )


def end_other(call: Call) -> None:
    """End a session of whoever asks."""
    whole_rights(call)
    wanted = parse_id(call.path["id"])
    with call.ctx.elevated("a session is ended by whoever it belongs to"):
        found = call.session.list(LoginSession, id=wanted, user_id=call.actor.user_id)
        if not found:
            raise NotFound(msg("no {entity} with id {id}", entity="web_session", id=call.path["id"]))
        call.session.delete(found[0])


def session_headers(site: Site, secret: str) -> dict[str, str]:
    """Return the headers that give a browser the session with this secret."""
    return {"set-cookie": set_cookie(site, SESSION, secret, site.settings.session_longest * 60)}


def _own(call: Call) -> LoginSession | None:
    return session_with(call.ctx, session_cookie(call.site, call.incoming))


def _shown(call: Call, secret: str) -> SessionShown:
    """Return the session with this secret. It may be one that was begun a moment ago, beside the call's own session."""
    with call.crm.session(reads=True) as session:
        found = session_with(call.crm.context(session, "web"), secret)
        if found is None:
            raise Problem(401, "session_over", msg("this session is over; log in again"))
        user = session.get(User, found.user_id)
    return SessionShown(_person(user, call), found.method, forgery_token(secret), found.expires_at)


def _person(user: User, call: Call) -> Person:
    config = call.crm.config
    return Person(
        user.id, user.login, user.name, user.language or config.language or "en", user.timezone or config.timezone
    )
