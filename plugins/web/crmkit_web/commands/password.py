"""``crmkit password``: passwords that people log in with."""

from __future__ import annotations

import click

from crmkit.command import argument, group, say, translated, user_named, wording, working


@group("password", help=wording("Passwords that people log in with."))
def password() -> None:
    """See the help text."""


@password.command("set", help=wording("Give a user a password, which is asked for; browsers are logged out."))
@argument("login", help=wording("The user's login."))
def set_(login: str) -> None:
    from crmkit.plugin import msg
    from crmkit_web.login.passwords import new_hash, set_password
    from crmkit_web.login.sessions import end_sessions

    with working(reads=True) as (_, session):
        user = user_named(session, login)
    # Never an argument: those are seen by everybody on the machine, and kept by the shell.
    text = click.prompt(translated("Password"), hide_input=True, confirmation_prompt=True, err=True)
    hash = new_hash(user, text)
    with working() as (crm, session):
        ctx = crm.context(session, "web")
        set_password(ctx, user, hash)
        end_sessions(ctx, user.id)
    say(msg("{login} logs in with the new password", login=user.login))


@password.command("remove-second-factor", help=wording("Take a user's second factor away, for one who has lost it."))
@argument("login", help=wording("The user's login."))
def remove_second_factor(login: str) -> None:
    from crmkit.plugin import msg
    from crmkit_web.login.passwords import password_of
    from crmkit_web.login.second_factor import remove

    with working() as (crm, session):
        ctx, user = crm.context(session, "web"), user_named(session, login)
        stored = password_of(ctx, user.id)
        if stored is not None:
            remove(ctx, stored)
    say(msg("{login} logs in without a second factor", login=user.login))
