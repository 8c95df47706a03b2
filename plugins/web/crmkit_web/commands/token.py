"""``crmkit token``: tokens that programs log in with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.command import argument, group, json_option, option, print_list, user_named, wording, working

if TYPE_CHECKING:
    from crmkit_web.login.entities import ApiToken


@group("token", help=wording("Tokens that programs log in with."))
def token() -> None:
    """See the help text."""


@token.command("create", help=wording("Make a token for a user and print it. It cannot be shown again."))
@argument("login", help=wording("The user's login."))
@option("--name", default="token", show_default=True, help=wording("What it is for."))
@option("--days", type=int, default=90, show_default=True, help=wording("How long it is good for."))
@option(
    "--scope",
    "scopes",
    multiple=True,
    help=wording("What it is for, such as read or customer:write; may be repeated. Without any: all the user may do."),
)
def create(login: str, name: str, days: int, scopes: tuple[str, ...]) -> None:
    from crmkit_web.login.scopes import checked_scopes
    from crmkit_web.login.tokens import make_token

    with working() as (crm, session):
        checked = checked_scopes(crm, scopes, "--scope")
        made = make_token(crm.context(session, "web"), user_named(session, login), name, days=days, scopes=checked)
    click.echo(made)


@token.command("list", help=wording("List tokens that have not been revoked."))
@option("--user", default="", metavar="LOGIN", help=wording("Those of this user."))
@json_option
def list_(user: str, as_json: bool) -> None:
    from crmkit.core.staff import User
    from crmkit.plugin import msg
    from crmkit_web.login.tokens import tokens_of

    with working(reads=True) as (crm, session):
        chosen = user_named(session, user).id if user else None
        found = tokens_of(crm.context(session, "web"), chosen)
        logins = {one.id: one.login for one in session.list(User, id=sorted({one.user_id for one in found}))}
    documents = [_document(one, logins.get(one.user_id, "")) for one in found]
    headings = ["User", "Name", "Begins with", "Scopes", "Good until", "Last used", "Id"]
    rows = [
        (
            one["user"],
            one["name"],
            f"{one['prefix']}…",
            ", ".join(one["scopes"]),
            one["expires_at"].date(),
            one["last_used_on"] or "",
            one["id"],
        )
        for one in documents
    ]
    print_list(documents, headings, rows, as_json=as_json, nothing=msg("no tokens"))


@token.command("revoke", help=wording("Take a token back. It ends at once."))
@argument("id", help=wording("The token's id, as the list shows it."))
def revoke(id: str) -> None:
    from crmkit.command import say
    from crmkit.plugin import msg
    from crmkit_web.login.tokens import revoke_token

    with working() as (crm, session):
        revoked = revoke_token(crm.context(session, "web"), id)
    say(msg("token {name} is revoked", name=revoked.name))


def _document(token: ApiToken, login: str) -> dict[str, Any]:
    return {
        "id": token.id,
        "user": login,
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_on": token.last_used_on,
    }
