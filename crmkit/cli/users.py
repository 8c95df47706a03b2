"""``crmkit user``: the people who work with the CRM."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.core.staff import User
    from crmkit.store.session import Session


@group("user", help=wording("Add and list users, freeze and activate them."))
def user() -> None:
    pass


@user.command("add", help=wording("Add a user, with a team and roles that exist."))
@argument("login", help=wording("The name to sign in with."))
@option("--name", default="", metavar="NAME", help=wording("The user's name; the login when left out."))
@option("--email", default="", metavar="ADDRESS", help=wording("The user's mail address."))
@option("--team", default="", metavar="NAME", help=wording("The user's team."))
@option("--role", "roles", multiple=True, metavar="NAME", help=wording("A role of the user; may be given again."))
@option("--language", default="", metavar="TAG", help=wording("The user's language, such as en or zh-Hans."))
@option("--timezone", default="", metavar="NAME", help=wording("The user's time zone, such as Asia/Shanghai."))
@json_option
def add(
    login: str, name: str, email: str, team: str, roles: tuple[str, ...], language: str, timezone: str, as_json: bool
) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.entity import change
    from crmkit.core.messages import msg
    from crmkit.core.staff import Role, RoleAssignment, Team, User

    with working() as (_, session):
        made = User(login=login, name=name or login, email=email, language=language, timezone=timezone)
        if team:
            made = change(made, team_id=_id_of(session, Team, team))
        role_ids = [_id_of(session, Role, role) for role in roles]
        session.add(made, *[RoleAssignment(user_id=made.id, role_id=role_id) for role_id in role_ids])
        session.commit()
        stored = session.get(User, made.id)
    if as_json:
        print_json(stored)
    else:
        click.echo(str(stored.id))
        say(msg("added {name}", name=stored.login))


@user.command("list", help=wording("List users with their teams and roles."))
@json_option
def list_(as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.core.staff import Role, RoleAssignment, Team, User

    with working(reads=True) as (_, session):
        teams = {team.id: team.name for team in session.list(Team)}
        role_names = {role.id: role.name for role in session.list(Role)}
        roles: dict[object, list[str]] = {}
        for assignment in session.list(RoleAssignment):
            roles.setdefault(assignment.user_id, []).append(role_names.get(assignment.role_id, ""))
        people = [
            {
                "id": person.id,
                "login": person.login,
                "name": person.name,
                "email": person.email,
                "state": person.state,
                "team": teams.get(person.team_id, "") if person.team_id else "",
                "roles": sorted(roles.get(person.id, [])),
            }
            for person in session.list(User, order="login")
        ]
    if as_json:
        print_json(people)
        return
    person_headings = (wording("Login"), wording("Name"), wording("Email"))
    headings = (*person_headings, wording("State"), wording("Team"), wording("Roles"))
    rows = [(p["login"], p["name"], p["email"], translated(str(p["state"])), p["team"], p["roles"]) for p in people]
    print_block(table([translated(heading) for heading in headings], rows))


@user.command("freeze", help=wording("Freeze a user, who then may not sign in or act but keeps what is owned."))
@argument("login", help=wording("The user's login."))
@json_option
def freeze(login: str, as_json: bool) -> None:
    from crmkit.services.handover import freeze

    _change(login, freeze, as_json)


@user.command("activate", help=wording("Let a frozen or departed user work again."))
@argument("login", help=wording("The user's login."))
@json_option
def activate(login: str, as_json: bool) -> None:
    from crmkit.services.handover import activate

    _change(login, activate, as_json)


def _change(login: str, act: Callable[[Session, User], User], as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.services.handover import find_user

    with working() as (_, session):
        changed = act(session, find_user(session, login))
    if as_json:
        print_json({"id": changed.id, "login": changed.login, "state": changed.state})
    else:
        say(msg("{login} is {state}", login=changed.login, state=changed.state))


def _id_of(session: Session, kind: type[Any], name: str) -> UUID:
    from crmkit.core.entity import entity_info
    from crmkit.core.errors import NotFound, did_you_mean
    from crmkit.core.messages import msg, shown

    found = session.find(kind, name=name)
    if found is None:
        known = [record.name for record in session.list(kind)]
        info = entity_info(kind)
        raise NotFound(
            msg("no {entity} called {name}; {hint}", entity=info.name, name=shown(name), hint=did_you_mean(name, known))
        )
    id: UUID = found.id
    return id
