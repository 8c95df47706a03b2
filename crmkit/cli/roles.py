"""``crmkit role``: roles, and who has them. What they grant is changed with ``crmkit access``."""

from __future__ import annotations

import click

from crmkit.cli.localized import argument, group, json_option
from crmkit.cli.words import translated, wording


@group("role", help=wording("Add roles, and give them to users."))
def role() -> None:
    pass


@role.command("list", help=wording("List roles with what they grant and who has them."))
@json_option
def list_(as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.core.staff import Role, RoleAssignment, User
    from crmkit.services.access.roles import words_of

    with working(reads=True) as (_, session):
        logins = {user.id: user.login for user in session.list(User)}
        users: dict[object, list[str]] = {}
        for given in session.list(RoleAssignment):
            users.setdefault(given.role_id, []).append(logins.get(given.user_id, str(given.user_id)))
        found = [
            {"id": one.id, "name": one.name, "grants": one.grants, "users": sorted(users.get(one.id, []))}
            for one in session.list(Role, order="name")
        ]
    if as_json:
        print_json(found)
        return
    headings = [translated(heading) for heading in (wording("Name"), wording("Grants"), wording("Users"))]
    rows = [(one["name"], "\n".join(map(words_of, one["grants"])), one["users"]) for one in found]  # type: ignore[call-overload]
    print_block(table(headings, rows))


@role.command("add", help=wording("Add a role, which grants nothing yet."))
@argument("name", help=wording("The name of the role."))
@json_option
def add(name: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.staff import Role

    with working() as (_, session):
        made = Role(name=name)
        session.add(made)
        session.commit()
        stored = session.get(Role, made.id)
    if as_json:
        print_json(stored)
    else:
        click.echo(str(stored.id))
        say(msg("added {name}", name=stored.name))


@role.command("give", help=wording("Give a role to a user."))
@argument("user", help=wording("The user's login."))
@argument("name", help=wording("The name of the role."))
@json_option
def give(user: str, name: str, as_json: bool) -> None:
    from crmkit.core.messages import msg

    _change(user, name, as_json, take=False, told=msg("{login} has the role {role}", login=user, role=name))


@role.command("take", help=wording("Take a role from a user; it counts at once, in open sessions too."))
@argument("user", help=wording("The user's login."))
@argument("name", help=wording("The name of the role."))
@json_option
def take(user: str, name: str, as_json: bool) -> None:
    from crmkit.core.messages import msg

    told = msg("{login} has the role {role} no more", login=user, role=name)
    _change(user, name, as_json, take=True, told=told)


def _change(login: str, name: str, as_json: bool, *, take: bool, told: object) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import Message
    from crmkit.services.access import roles, roles_of

    assert isinstance(told, Message)
    with working() as (_, session):
        user, role = roles.user_named(session, login), roles.role_named(session, name)
        if take:
            roles.withdraw(session, user, role)
        else:
            roles.assign(session, user, role)
        session.commit()
        names = [one.name for one in roles_of(session, user.id)]
    if as_json:
        print_json({"login": login, "roles": names})
    else:
        say(told)
