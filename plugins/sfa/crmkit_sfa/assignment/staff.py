"""Everything that decisions on leads need to know, read at once: a few queries, however many leads there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import sqlalchemy as sa

from crmkit.core.staff import Team, User
from crmkit.plugin import Context
from crmkit_sfa.assignment.candidates import Candidate, words
from crmkit_sfa.assignment.entities import (
    Absence,
    Assignee,
    AssignmentMember,
    AssignmentRule,
    AssignmentTurn,
    Territory,
    TerritoryMember,
)
from crmkit_sfa.assignment.territories import Fit, fitting, in_force
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.statuses import OPEN


@attrs.define
class Staff:
    """Who works here, what they have and can take, and the rules in force on a day."""

    day: date
    users: Mapping[UUID, User]
    candidates: dict[UUID, Candidate]
    rules: tuple[AssignmentRule, ...]
    members: Mapping[UUID, Sequence[AssignmentMember]]
    below: Mapping[UUID, frozenset[UUID]]
    territories: tuple[Territory, ...]
    territory_members: Mapping[UUID, Sequence[TerritoryMember]]
    turns: dict[str, AssignmentTurn]

    def of_rule(self, rule: AssignmentRule, fit: Fit | None) -> tuple[str, list[Candidate]]:
        """Return whose turn it is among, by name, and the candidates of a rule in the order of their logins."""
        if rule.by_territory:
            for territory in () if fit is None else (fit.territory, *fit.above):
                there = [one for one in self.territory_members.get(territory.id, ()) if in_force(one, self.day)]
                if there:
                    return f"territory {territory.id}", self._weighed({one.user_id: one.weight for one in there})
            return "", []
        chosen = {member.user_id: member.weight for member in self.members.get(rule.id, ())}
        if rule.to_team_id is not None:
            teams = self.below.get(rule.to_team_id, frozenset({rule.to_team_id}))
            for user in self.users.values():
                if user.team_id in teams:
                    chosen.setdefault(user.id, self.candidates[user.id].weight)
        return f"rule {rule.id}", self._weighed(chosen)

    def _weighed(self, weights: Mapping[UUID, int]) -> list[Candidate]:
        there = [
            attrs.evolve(self.candidates[id], weight=weight if weight > 1 else self.candidates[id].weight)
            for id, weight in weights.items()
            if id in self.candidates
        ]
        return sorted(there, key=lambda candidate: candidate.login)

    def took(self, user: UUID, before: UUID | None = None) -> None:
        """Note that a user has one more open lead, and the one before one less."""
        for id, more in ((user, 1), (before, -1)):
            known = self.candidates.get(id) if id is not None else None
            if known is not None:
                self.candidates[known.user_id] = attrs.evolve(known, load=max(known.load + more, 0))


def staff(ctx: Context, on: date | None = None) -> Staff:
    """Read what decisions need, as of now or, for a preview, of another day. The caller sees everything."""
    day = on or ctx.today()
    session = ctx.session
    users = {user.id: user for user in session.list(User, order="login")}
    assignees = {one.user_id: one for one in session.list(Assignee)}
    away = _away(ctx, users, on)
    loads = open_leads_by_owner(ctx)
    candidates = {}
    for user in users.values():
        known = assignees.get(user.id)
        candidates[user.id] = Candidate(
            user_id=user.id,
            login=user.login,
            name=user.name,
            state=user.state,
            dealer=user.customer_id is not None,
            weight=known.weight if known else 1,
            capacity=known.capacity if known else None,
            load=loads.get(user.id, 0),
            skills=words(known.skills) if known else frozenset(),
            away_until=away.get(user.id),
        )
    rules = [
        rule for rule in session.list(AssignmentRule, order="position,name") if rule.active and in_force(rule, day)
    ]
    members: dict[UUID, list[AssignmentMember]] = defaultdict(list)
    for member in session.list(AssignmentMember, order="id"):
        members[member.rule_id].append(member)
    there: dict[UUID, list[TerritoryMember]] = defaultdict(list)
    for one in session.list(TerritoryMember, order="id"):
        there[one.territory_id].append(one)
    return Staff(
        day=day,
        users=users,
        candidates=candidates,
        rules=tuple(rules),
        members=members,
        below=_below(session.list(Team)),
        territories=tuple(session.list(Territory, order="name")),
        territory_members=there,
        turns={turn.name: turn for turn in session.list(AssignmentTurn)},
    )


def open_leads_by_owner(ctx: Context) -> dict[UUID, int]:
    """Return how many open leads users were given, by user."""
    leads = ctx.session.table(Lead)
    asked = (
        sa.select(leads.c.owner_id, sa.func.count())
        .where(leads.c.status.in_(OPEN), leads.c.owner_id.is_not(None), leads.c.assigned_at.is_not(None))
        .group_by(leads.c.owner_id)
    )
    return {row[0]: row[1] for row in ctx.session.execute(asked)}


def matching(ctx: Context, leads: Sequence[UUID], filter: str) -> frozenset[UUID]:
    """Return which of some leads match a filter, with one query."""
    if not filter:
        return frozenset(leads)
    return frozenset(lead.id for lead in ctx.session.list(Lead, filter, id=list(leads)))


def fits(ctx: Context, known: Staff, leads: Sequence[UUID]) -> dict[UUID, Fit]:
    """Return the territories that leads belong to, by lead: one query for each territory in force."""
    current = [territory for territory in known.territories if in_force(territory, known.day)]
    matched = {territory.id: matching(ctx, leads, territory.filter) for territory in current}
    found = {}
    for lead in leads:
        fit = fitting(current, [id for id, there in matched.items() if lead in there], known.day)
        if fit is not None:
            found[lead] = fit
    return found


def _away(ctx: Context, users: Mapping[UUID, User], on: date | None) -> dict[UUID, date]:
    """Return until when users are away on a day, which for each is that of its own time zone."""
    found: dict[UUID, date] = {}
    now = ctx.clock.now()
    # A day earlier than in UTC it may still be somewhere.
    since = (on or now.date()) - timedelta(days=1)
    for absence in ctx.session.list(Absence, f"ends_on >= {since.isoformat()}"):
        user = users.get(absence.user_id)
        if user is None:
            continue
        day = on or now.astimezone(ZoneInfo(user.timezone or ctx.timezone)).date()
        if absence.starts_on <= day <= absence.ends_on:
            found[user.id] = max(found.get(user.id, absence.ends_on), absence.ends_on)
    return found


def _below(teams: Sequence[Team]) -> dict[UUID, frozenset[UUID]]:
    """Return for each team the ids of itself and all below it."""
    parents = {team.id: team.parent_id for team in teams}
    found: dict[UUID, set[UUID]] = {team.id: {team.id} for team in teams}
    for id in parents:
        above, seen = parents[id], {id}
        while above is not None and above in parents and above not in seen:
            found[above].add(id)
            seen.add(above)
            above = parents[above]
    return {id: frozenset(ids) for id, ids in found.items()}
