"""``/auth/password`` and ``/auth/totp``: one's own password and second factor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from crmkit.core.staff import User
from crmkit.hosting import read_input
from crmkit.plugin import Context, msg
from crmkit_web.login.cookies import session_cookie
from crmkit_web.login.entities import Password
from crmkit_web.login.hashing import verified
from crmkit_web.login.passwords import new_hash, password_of, set_password
from crmkit_web.login.second_factor import accepts, confirm, enrol, is_confirmed, remove
from crmkit_web.login.sessions import end_sessions, session_with
from crmkit_web.login.throttling import count_attempt, forget_failures
from crmkit_web.login.token_addresses import own_id, whole_rights
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@attrs.frozen
class NewPassword:
    """The password until now, and the one from now on."""

    current: str = attrs.field(repr=False)
    password: str = attrs.field(repr=False)


@attrs.frozen
class PasswordAgain:
    """The password, asked for again."""

    password: str = attrs.field(repr=False)


@attrs.frozen
class SecondFactor:
    """The secret of a second factor, and the address that an authenticator reads as a QR code. Shown once."""

    secret: str = attrs.field(repr=False)
    uri: str = attrs.field(repr=False)


@attrs.frozen
class Code:
    """A code of the authenticator."""

    code: str = attrs.field(repr=False)


@attrs.frozen
class RecoveryCodes:
    """Codes that stand in for the authenticator, each once. Shown once."""

    codes: tuple[str, ...] = attrs.field(repr=False)


@attrs.frozen
class PasswordAndCode:
    """The password, and a code of the authenticator or a recovery code."""

    password: str = attrs.field(repr=False)
    code: str = attrs.field(repr=False)


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield Endpoint(
        "change_password",
        "POST",
        "/auth/password",
        change_password,
        msg("Change one's password; other browsers are logged out."),
        tag="login",
        body=NewPassword,
        status=204,
        reads=True,
        secret=True,
    )
    yield Endpoint(
        "enrol_second_factor",
        "POST",
        "/auth/totp",
        enrol_factor,
        msg("Return the secret of a new second factor. It counts once its first code has confirmed it."),
        tag="login",
        body=PasswordAgain,
        returns=SecondFactor,
        reads=True,
        secret=True,
    )
    yield Endpoint(
        "confirm_second_factor",
        "POST",
        "/auth/totp/confirm",
        confirm_factor,
        msg("Make the second factor count, and return recovery codes."),
        tag="login",
        body=Code,
        returns=RecoveryCodes,
        reads=True,
        secret=True,
    )
    yield Endpoint(
        "remove_second_factor",
        "POST",
        "/auth/totp/remove",
        remove_factor,
        msg("Take the second factor away."),
        tag="login",
        body=PasswordAndCode,
        status=204,
        reads=True,
        secret=True,
    )


def change_password(call: Call) -> None:
    """Give whoever asks another password."""
    given = read_input(NewPassword, call.mapping())
    user, _ = _known_again(call, given.current)
    hash = new_hash(user, given.password)
    with call.crm.session(call.actor) as session:
        ctx = call.crm.context(session, "web")
        with ctx.elevated("a password is changed by whoever it belongs to"):
            set_password(ctx, user, hash)
            mine = session_with(ctx, session_cookie(call.site, call.incoming))
            end_sessions(ctx, user.id, but=None if mine is None else mine.id)


def enrol_factor(call: Call) -> SecondFactor:
    """Give whoever asks the secret of a second factor."""
    given = read_input(PasswordAgain, call.mapping())
    user, _ = _known_again(call, given.password)
    with call.crm.session(call.actor) as session:
        ctx = call.crm.context(session, "web")
        with ctx.elevated("a second factor is set up by whoever it belongs to"):
            stored = _stored(ctx, user)
            if is_confirmed(stored):
                raise Problem(409, "has_second_factor", msg("there is a second factor already; remove it first"))
            return SecondFactor(*enrol(ctx, user, stored))


def confirm_factor(call: Call) -> RecoveryCodes:
    """Make the second factor of whoever asks count."""
    whole_rights(call)
    given = read_input(Code, call.mapping())
    codes = None
    count_attempt(call.crm, call.actor.name, call.incoming.address)
    with call.crm.session(call.actor) as session:
        ctx = call.crm.context(session, "web")
        with ctx.elevated("a second factor is set up by whoever it belongs to"):
            stored = _stored(ctx, session.get(User, own_id(call)))
            if is_confirmed(stored) or not stored.totp_secret:
                raise Problem(409, "no_enrolment", msg("there is no second factor to confirm; enrol one first"))
            codes = confirm(ctx, stored, given.code)
            if codes is not None:
                forget_failures(ctx, call.actor.name, call.incoming.address)
    if codes is None:
        raise Problem(401, "wrong_code", msg("the code is wrong"))
    return RecoveryCodes(tuple(codes))


def remove_factor(call: Call) -> None:
    """Take the second factor of whoever asks away."""
    given = read_input(PasswordAndCode, call.mapping())
    user, _ = _known_again(call, given.password, done=False)
    with call.crm.session(call.actor) as session:
        ctx = call.crm.context(session, "web")
        with ctx.elevated("a second factor is removed by whoever it belongs to"):
            stored = _stored(ctx, user)
            right = is_confirmed(stored) and accepts(ctx, stored, given.code)
            if right:
                session.flush()
                remove(ctx, _stored(ctx, user))
                forget_failures(ctx, user.login, call.incoming.address)
    if not right:
        raise Problem(401, "wrong_code", msg("the code is wrong"))


def _known_again(call: Call, password: str, *, done: bool = True) -> tuple[User, Password]:
    """Return whoever asks, once the password has shown that it is still they; attempts count as those to log in."""
    whole_rights(call)
    crm, address = call.crm, call.incoming.address
    with crm.session(reads=True) as session:
        user = session.get(User, own_id(call))
        stored = session.find(Password, user_id=user.id)
    if stored is None:
        raise Problem(409, "no_password", msg("this user has no password"))
    count_attempt(crm, user.login, address)
    right, _ = verified(stored.hash, password)
    if not right:
        raise Problem(401, "bad_login", msg("the password is wrong"))
    if done:
        with crm.session() as session:
            forget_failures(crm.context(session, "web"), user.login, address)
    return user, stored


def _stored(ctx: Context, user: User) -> Password:
    stored = password_of(ctx, user.id)
    if stored is None:
        raise Problem(409, "no_password", msg("this user has no password"))
    return stored
