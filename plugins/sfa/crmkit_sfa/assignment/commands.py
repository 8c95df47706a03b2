"""``crmkit sfa assignment``: rules, who can take how much, and why somebody has a lead."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from crmkit.command import (
    DAY,
    argument,
    group,
    json_option,
    option,
    print_block,
    print_json,
    say,
    table,
    team_named,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import BadInput, NotFound, change, did_you_mean, msg

if TYPE_CHECKING:
    from crmkit_sfa.assignment.deciding import Decision


@group("assignment", help=wording("Say who gets which leads, and see why somebody has one."))
def assignment() -> None:
    pass


@assignment.group(
    "rule", help=wording("Rules in their order; the first that is about a lead and finds somebody decides.")
)
def rule() -> None:
    pass


@rule.command("add", help=wording("Add a rule."))
@argument("name", help=wording("What it is called."))
@option("--filter", "filter_", default="", metavar="FILTER", help=wording("Which leads; all of them by default."))
@option(
    "--method",
    type=click.Choice(["round_robin", "weighted", "load"]),
    default="round_robin",
    help=wording("How it picks."),
)
@option("--user", "users", multiple=True, metavar="LOGIN[=WEIGHT]", help=wording("A user among whom it picks."))
@option("--team", default="", metavar="TEAM", help=wording("It picks among the users of this team and those below."))
@option("--by-territory", is_flag=True, help=wording("It picks among the users of the lead's territory."))
@option("--skill", "skills", multiple=True, metavar="WORD", help=wording("What a user has to be able to do."))
@option("--skill-field", default="", metavar="FIELD", help=wording("A field of the lead whose value is such a skill."))
@option("--position", type=int, default=100, help=wording("Smaller numbers are asked first; 100."))
@option("--from", "since", type=DAY, help=wording("The first day on which it counts."))
@option("--until", type=DAY, help=wording("The last day on which it counts."))
@json_option
def add_rule(
    name: str,
    filter_: str,
    users: tuple[str, ...],
    team: str,
    since: date | None,
    until: date | None,
    as_json: bool,
    **told: Any,
) -> None:
    from crmkit_sfa.assignment.entities import AssignmentMember, AssignmentRule

    with working() as (_, session):
        made = AssignmentRule(
            name=name,
            filter=filter_,
            to_team_id=team_named(session, team).id if team else None,
            valid_from=since,
            valid_until=until,
            **told,
        )
        members = [
            AssignmentMember(rule_id=made.id, user_id=user_named(session, login).id, weight=weight)
            for login, weight in map(_weighed, users)
        ]
        if not members and not team and not told["by_territory"]:
            raise BadInput(msg("a rule picks among somebody: name --user, --team or --by-territory"))
        session.add(made, *members)
    if as_json:
        print_json({"id": made.id, "name": made.name})
    else:
        say(msg("rule {name} is in force", name=name))


def _weighed(text: str) -> tuple[str, int]:
    login, equals, weight = text.partition("=")
    if equals and not (weight.isdigit() and int(weight) > 0):
        raise BadInput(msg("{text}: {weight} - a weight of 1 or more", text=text, weight=weight))
    return login, int(weight) if equals else 1


@rule.command("list", help=wording("List the rules in the order in which they are asked."))
@json_option
def list_rules(as_json: bool) -> None:
    from crmkit.core.staff import Team, User
    from crmkit_sfa.assignment.entities import AssignmentMember, AssignmentRule

    with working(reads=True) as (_, session):
        rules = session.list(AssignmentRule, order="position,name")
        logins = {user.id: user.login for user in session.list(User)}
        teams = {team.id: team.name for team in session.list(Team)}
        members = session.list(AssignmentMember, order="id")
    rows = []
    for one in rules:
        among = [
            logins.get(member.user_id, "?") + (f"={member.weight}" if member.weight > 1 else "")
            for member in members
            if member.rule_id == one.id
        ]
        among += [teams.get(one.to_team_id, "?")] if one.to_team_id else []
        among += [translated(wording("territory"))] if one.by_territory else []
        rows.append(
            {
                "position": one.position,
                "name": one.name,
                "filter": one.filter,
                "method": one.method,
                "among": among,
                "skills": [*one.skills, *([one.skill_field] if one.skill_field else [])],
                "valid_from": one.valid_from,
                "valid_until": one.valid_until,
                "active": one.active,
            }
        )
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("no rule; leads stay with whoever enters them"))
    else:
        headings = (
            *(wording("Position"), wording("Rule"), wording("Leads"), wording("Picks"), wording("Among")),
            *(wording("Skills"), wording("From"), wording("Until"), wording("Active")),
        )
        print_block(
            table([translated(heading) for heading in headings], [list(row.values()) for row in rows], right=(0,))
        )


@rule.command("switch", help=wording("Switch a rule on or off."))
@argument("name", help=wording("What it is called."))
@argument("state", type=click.Choice(["on", "off"]), help=wording("on or off."))
def switch_rule(name: str, state: str) -> None:
    with working() as (_, session):
        session.update(change(rule_named(session, name), active=state == "on"))
    if state == "on":
        say(msg("rule {name} is in force", name=name))
    else:
        say(msg("rule {name} is off", name=name))


def rule_named(session: Any, name: str) -> Any:
    """Return the rule of this name; raises NotFound with the closest one."""
    from crmkit_sfa.assignment.entities import AssignmentRule

    found = session.find(AssignmentRule, name=name)
    if found is None:
        hint = did_you_mean(name, [one.name for one in session.list(AssignmentRule)])
        raise NotFound(msg("no rule {name}; {hint}", name=name, hint=hint))
    return found


@assignment.command("run", help=wording("Assign the leads that nobody was given yet."))
@option("--dry-run", is_flag=True, help=wording("Only show who would get what."))
@json_option
def run(dry_run: bool, as_json: bool) -> None:
    from crmkit.core.staff import User
    from crmkit_sfa.assignment.assigning import assign, preview, waiting_for_assignment

    with working(reads=dry_run) as (crm, session):
        ctx = crm.context(session, "sfa")
        leads = waiting_for_assignment(ctx)
        decisions: list[Decision] = preview(ctx, leads) if dry_run else assign(ctx, leads)
        names = {user.id: user.login for user in session.list(User)}
    rows = [
        {
            "lead": one.lead.name,
            "user": names.get(one.user_id, "") if one.user_id else "",
            "rule": one.rule.name if one.rule else "",
            "id": one.lead.id,
        }
        for one in decisions
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("every open lead has somebody"))
    else:
        headings = (wording("Lead"), wording("Goes to"), wording("Rule"), wording("Id"))
        print_block(table([translated(heading) for heading in headings], [list(row.values()) for row in rows]))


@assignment.command(
    "explain", help=wording("Tell why somebody has a lead: each decision with its reasons, the newest first.")
)
@argument("lead", help=wording("What it is called, the mail address of who asks, or its id."))
@json_option
def explain(lead: str, as_json: bool) -> None:
    from crmkit_sfa.assignment.explaining import decisions, told, users_of
    from crmkit_sfa.leads.finding import find_lead

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        one = find_lead(ctx, lead)
        found = decisions(ctx, one)
        names = users_of(ctx, found)
    if as_json:
        print_json(
            [
                {
                    "at": decision.at,
                    "kind": decision.kind,
                    "user": names.get(decision.user_id),
                    "before": names.get(decision.before_id),
                    "note": decision.note,
                    "reasons": decision.reasons,
                }
                for decision in found
            ]
        )
    elif not found:
        say(msg("nothing was decided on {name}; it waits to be assigned", name=one.name))
    else:
        rows = [
            [decision.at if place == 0 else "", line]
            for decision in found
            for place, line in enumerate(told(decision, names))
        ]
        print_block(table([translated(wording("When")), translated(wording("Why"))], rows))


@assignment.command("rebalance", help=wording("Even out leads that nobody has taken up yet; shows what would pass."))
@option("--team", default="", metavar="TEAM", help=wording("Among the users of this team and those below."))
@option("--rule", "rule_", default="", metavar="RULE", help=wording("Among those that this rule picks from."))
@option("--apply", "apply_", is_flag=True, help=wording("Do it; without, it is only shown."))
@json_option
def rebalance(team: str, rule_: str, apply_: bool, as_json: bool) -> None:
    from crmkit_sfa.assignment.rebalancing import rebalance as even_out

    if bool(team) == bool(rule_):
        raise BadInput(msg("name --team or --rule, among whose users leads are evened out"))
    with working(reads=not apply_) as (crm, session):
        passed = even_out(
            crm.context(session, "sfa"),
            team=team_named(session, team) if team else None,
            rule=rule_named(session, rule_) if rule_ else None,
            dry_run=not apply_,
        )
    rows = [
        {"lead": one.lead.name, "from": one.giver.login, "to": one.taker.login, "id": one.lead.id} for one in passed
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("nothing to even out"))
    else:
        headings = (wording("Lead"), wording("From"), wording("To"), wording("Id"))
        print_block(table([translated(heading) for heading in headings], [list(row.values()) for row in rows]))
        if not apply_:
            say(msg("this was a preview; --apply does it"))
