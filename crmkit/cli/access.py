"""``crmkit access``: what users may do and why, and what roles grant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.runtime.crm import Crm
    from crmkit.services.access import Explanation

RECORD = wording("ENTITY:ID, or what names a customer: its name, id, number in another system or mail address.")


@group("access", help=wording("Say who may do what and why; change what roles grant."))
def access() -> None:
    pass


@access.command("why", help=wording("Say why a user may do something with a record. Exit code 5: it may not."))
@argument("user", help=wording("The user's login."))
@argument("record", help=RECORD)
@option("--action", default="read", show_default=True, metavar="ACTION", help=wording("What the user wants to do."))
@option("--on-behalf-of", default="", metavar="LOGIN", help=wording("As the deputy of this user."))
@json_option
@click.pass_context
def why_(ctx: click.Context, user: str, record: str, action: str, on_behalf_of: str, as_json: bool) -> None:
    from crmkit.cli.named import record_named
    from crmkit.cli.output import print_json
    from crmkit.cli.running import working
    from crmkit.services.access import why

    with working(reads=True) as (crm, session):
        actor = crm.actor(user, on_behalf_of)
        found = why(session, record_named(session, record), action, actor)
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
    if not found.allowed:
        ctx.exit(5)


@access.command("list", help=wording("List what a user may do, by entity."))
@argument("user", help=wording("The user's login."))
@option("--on-behalf-of", default="", metavar="LOGIN", help=wording("As the deputy of this user."))
@json_option
def list_(user: str, on_behalf_of: str, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import say, working
    from crmkit.core.access import ACTIONS
    from crmkit.core.messages import msg
    from crmkit.services.access import rights_of, roles_of

    with working(reads=True) as (crm, session):
        actor = crm.actor(user, on_behalf_of)
        rights = rights_of(actor, crm.registry)
        roles = [role.name for role in roles_of(session, actor.user_id)] if actor.user_id is not None else []
        bounds = _bounds(crm, actor)
    if as_json:
        print_json({"user": user, "on_behalf_of": on_behalf_of, "roles": roles, **bounds, "rights": rights})
        return
    say(msg("roles: {names}", names=", ".join(roles) or "-"))
    for name, value in bounds.items():
        if value:
            say(msg("{name}: {value}", name=translated(_BOUNDS[name]), value=str(value)))
    used = [action for action in ACTIONS if any(action in right.scopes for right in rights)]
    headings = [translated(wording("Entity")), *[translated(action) for action in used]]
    headings += [translated(wording("Hidden")), translated(wording("Not to change"))]
    rows = [
        (right.entity, *[translated(right.scopes.get(action, "")) for action in used], right.hidden, right.kept)
        for right in rights
    ]
    print_block(table(headings, rows))


@access.command("grant", help=wording("Give a role a right, in place of the one that it has for the same action."))
@argument("role", help=wording("The name of the role."))
@argument("entity", help=wording("The entity, such as customer; * for all."))
@argument("action", help=wording("read, create, update, delete, export, bulk, merge, erase or assign; * for all."))
@argument("scope", help=wording("How far it reaches: own, team, subtree or all; none takes the action away."))
@option(
    "--field",
    "fields",
    multiple=True,
    metavar="WORD",
    help=wording(
        "A field that the right covers: a name, * for all, @personal for a sensitivity, -NAME for all but one; may be "
        "given again. Left out, all but those under special protection."
    ),
)
@json_option
def grant(role: str, entity: str, action: str, scope: str, fields: tuple[str, ...], as_json: bool) -> None:
    from crmkit.cli.running import working
    from crmkit.services.access import roles

    with working() as (_, session):
        found = roles.role_named(session, role)
        changed = roles.grant(session, found, entity, action, scope, fields)
        session.commit()
    _tell(changed, as_json)


@access.command("revoke", help=wording("Take a right from a role, as it was granted."))
@argument("role", help=wording("The name of the role."))
@argument("entity", help=wording("The entity of the right."))
@argument("action", help=wording("The action of the right."))
@json_option
def revoke(role: str, entity: str, action: str, as_json: bool) -> None:
    from crmkit.cli.running import working
    from crmkit.services.access import roles

    with working() as (_, session):
        changed = roles.revoke(session, roles.role_named(session, role), entity, action)
        session.commit()
    _tell(changed, as_json)


def _tell(role: Any, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.services.access.roles import words_of

    if as_json:
        print_json({"role": role.name, "grants": role.grants})
        return
    for row in role.grants:
        click.echo(words_of(row))


_BOUNDS = {
    "organization": wording("bound to the organization"),
    "limits": wording("delegated for"),
    "until": wording("delegated until"),
}


def _bounds(crm: Crm, actor: Actor) -> dict[str, Any]:
    from crmkit.core.customer import Customer

    organization = ""
    if actor.organization_id is not None:
        with crm.session(reads=True) as system:
            organization = system.get(Customer, actor.organization_id).name
    limits = [f"{limit.entity}:{limit.record_id}" if limit.record_id else limit.entity for limit in actor.limits]
    return {"organization": organization, "limits": limits, "until": actor.until}


def _document(found: Explanation) -> dict[str, Any]:
    return {
        "user": found.user,
        "on_behalf_of": found.on_behalf_of,
        "entity": found.entity,
        "record_id": found.record_id,
        "action": found.action,
        "allowed": found.allowed,
        "reasons": [
            {
                "kind": reason.kind,
                "role": reason.role,
                "scope": reason.scope,
                "text": reason.text,
                "through": None if reason.through is None else _document(reason.through),
            }
            for reason in found.reasons
        ],
        "against": found.against,
        "hidden": found.hidden,
    }


def _print(found: Explanation) -> None:
    from crmkit.cli.output import shown_value
    from crmkit.core.messages import msg

    answer = wording("yes") if found.allowed else wording("no")
    click.echo(translated(answer))
    for line in _lines(found, "  "):
        click.echo(line)
    if found.hidden:
        click.echo("  " + shown_value(msg("hidden fields: {names}", names=", ".join(found.hidden))))


def _lines(found: Explanation, indent: str) -> Iterator[str]:
    from crmkit.cli.output import shown_value
    from crmkit.core.messages import msg

    for reason in found.reasons:
        by = msg("role {role}, {scope}: {text}", role=reason.role, scope=translated(reason.scope), text=reason.text)
        yield indent + shown_value(by if reason.role else reason.text)
        if reason.through is not None:
            yield from _lines(reason.through, indent + "  ")
    for problem in found.against:
        yield indent + shown_value(problem)
