"""``crmkit sfa assignment``: users, their capacity and absences, and territories."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from crmkit.command import (
    DAY,
    argument,
    command,
    group,
    json_option,
    option,
    print_block,
    print_json,
    say,
    table,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import BadInput, NotFound, change, did_you_mean, msg

_login = argument("login", help=wording("The user's login."))


@command("user", help=wording("Say how many leads a user takes, how often and with which skills; show it."))
@_login
@option("--capacity", type=click.IntRange(0), help=wording("The most open leads at a time."))
@option("--unlimited", is_flag=True, help=wording("Any number of leads."))
@option("--weight", type=click.IntRange(1), help=wording("How many leads for one of a user with weight 1."))
@option(
    "--skill",
    "skills",
    multiple=True,
    metavar="WORD",
    help=wording("What the user is able to do; replaces what was said."),
)
@json_option
def user(
    login: str, capacity: int | None, unlimited: bool, weight: int | None, skills: tuple[str, ...], as_json: bool
) -> None:
    from crmkit_sfa.assignment.entities import Assignee
    from crmkit_sfa.assignment.staff import open_leads_by_owner

    with working() as (crm, session):
        one = user_named(session, login)
        known = session.find(Assignee, user_id=one.id) or Assignee(user_id=one.id)
        made = change(
            known,
            capacity=None if unlimited else known.capacity if capacity is None else capacity,
            weight=weight or known.weight,
            skills=skills or known.skills,
        )
        if made.version == 0:
            session.add(made)
        elif made != known:
            session.update(made)
        load = open_leads_by_owner(crm.context(session, "sfa")).get(one.id, 0)
    if as_json:
        print_json(
            {"login": login, "open": load, "capacity": made.capacity, "weight": made.weight, "skills": made.skills}
        )
        return
    headings = (wording("User"), wording("Open leads"), wording("At most"), wording("Weight"), wording("Skills"))
    row = [login, load, made.capacity, made.weight, made.skills]
    print_block(table([translated(heading) for heading in headings], [row], right=(1, 2, 3)))


@command("away", help=wording("Note that a user is away, from one day to another; no leads come meanwhile."))
@_login
@option("--from", "since", type=DAY, required=True, help=wording("The first day."))
@option("--until", type=DAY, required=True, help=wording("The last day."))
@option("--note", default="", metavar="TEXT", help=wording("Why."))
def away(login: str, since: date, until: date, note: str) -> None:
    from crmkit_sfa.assignment.entities import Absence

    if until < since:
        raise BadInput(msg("--until: {day} - a day not before {since}", day=until, since=since))
    with working() as (_, session):
        session.add(Absence(user_id=user_named(session, login).id, starts_on=since, ends_on=until, note=note))
    say(msg("{user} gets no leads from {since} to {until}", user=login, since=str(since), until=str(until)))


@group("territory", help=wording("Territories, in a tree, and who looks after them."))
def territory() -> None:
    pass


@territory.command("add", help=wording("Add a territory."))
@argument("name", help=wording("What it is called."))
@option("--part-of", default="", metavar="TERRITORY", help=wording("The territory above it."))
@option(
    "--filter", "filter_", default="", metavar="FILTER", help=wording("Which leads; by default all of the one above.")
)
@option("--priority", type=int, default=0, help=wording("Decides where territories overlap; the higher one wins."))
@option("--user", "users", multiple=True, metavar="LOGIN", help=wording("Who looks after it."))
@option("--from", "since", type=DAY, help=wording("The first day on which it counts."))
@option("--until", type=DAY, help=wording("The last day on which it counts."))
def add_territory(
    name: str,
    part_of: str,
    filter_: str,
    priority: int,
    users: tuple[str, ...],
    since: date | None,
    until: date | None,
) -> None:
    from crmkit_sfa.assignment.entities import Territory, TerritoryMember

    with working() as (_, session):
        above = None
        if part_of:
            above = session.find(Territory, name=part_of)
            if above is None:
                hint = did_you_mean(part_of, [one.name for one in session.list(Territory)])
                raise NotFound(msg("no territory {name}; {hint}", name=part_of, hint=hint))
        made = Territory(
            name=name,
            parent_id=above.id if above else None,
            filter=filter_,
            priority=priority,
            valid_from=since,
            valid_until=until,
        )
        session.add(made)
        session.add(*[TerritoryMember(territory_id=made.id, user_id=user_named(session, login).id) for login in users])
    say(msg("territory {name} is there", name=name))


@territory.command("list", help=wording("List the territories as a tree, with who looks after them."))
@json_option
def list_territories(as_json: bool) -> None:
    from crmkit.core.staff import User
    from crmkit_sfa.assignment.entities import Territory, TerritoryMember
    from crmkit_sfa.assignment.territories import path

    with working(reads=True) as (_, session):
        found = session.list(Territory)
        members = session.list(TerritoryMember, order="id")
        logins = {one.id: one.login for one in session.list(User)}
    by_id = {one.id: one for one in found}
    ways = {one.id: [above.name for above in reversed(path(one, by_id) or (one,))] for one in found}
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "path": ways[one.id],
            "filter": one.filter,
            "priority": one.priority,
            "users": [logins.get(member.user_id, "?") for member in members if member.territory_id == one.id],
            "valid_from": one.valid_from,
            "valid_until": one.valid_until,
        }
        for one in sorted(found, key=lambda one: ways[one.id])
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("no territory"))
    else:
        headings = (
            *(wording("Territory"), wording("Leads"), wording("Priority"), wording("Users")),
            *(wording("From"), wording("Until")),
        )
        told = [["  " * (len(row["path"]) - 1) + str(row["name"]), *[row[name] for name in _SHOWN]] for row in rows]
        print_block(table([translated(heading) for heading in headings], told, right=(2,)))


_SHOWN = ("filter", "priority", "users", "valid_from", "valid_until")


@territory.command("preview", help=wording("Show who would get which open leads by the territories of a day."))
@option("--on", "day", type=DAY, help=wording("The day; today."))
@option("--filter", "filter_", default="", metavar="FILTER", help=wording("Only leads that match."))
@option("--moving", is_flag=True, help=wording("Only leads that come into another territory."))
@json_option
def preview(day: date | None, filter_: str, moving: bool, as_json: bool) -> None:
    from crmkit_sfa.assignment.previewing import territory_preview

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        found = territory_preview(ctx, day or ctx.today(), filter_)
    rows = [
        {
            "lead": one.lead.name,
            "territory": one.today,
            "then": one.then,
            "owner": one.owner,
            "would_get": one.would_get,
            "id": one.lead.id,
        }
        for one in found
        if one.moves or not moving
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("no lead"))
    else:
        headings = (
            *(wording("Lead"), wording("Territory"), wording("Then")),
            *(wording("Owner"), wording("Would get it"), wording("Id")),
        )
        print_block(table([translated(heading) for heading in headings], [list(row.values()) for row in rows]))


STAFF = (user, away, territory)
