"""How far targets are reached: what was measured against what was set, up the tree of teams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.core.product import Product
from crmkit.plugin import Context
from crmkit_sfa.naming import names_of
from crmkit_sfa.opportunities.days import day_of
from crmkit_sfa.reporting.fiscal import Period
from crmkit_sfa.reporting.money import ZERO, Exchange, Unconverted
from crmkit_sfa.reporting.range import start_of
from crmkit_sfa.reporting.staff import Staff, staff_of
from crmkit_sfa.reporting.territories import Territories, territories_of
from crmkit_sfa.targets.metrics import metrics
from crmkit_sfa.targets.setting import WHOLE, Goal, Subject, goals
from crmkit_sfa.targets.specs import Measured, Metric, MetricQuestion


@frozen(kw_only=True)
class Reached:
    """One target: ``target`` and ``actual`` in the home currency, or numbers.

    ``rolled_up``: it is the sum of the targets below, since none was set for the team or the whole itself. ``depth``
    is how far below the whole it stands.
    """

    metric: str
    label: str
    money: bool
    subject: Subject
    name: str
    depth: int
    target: Decimal
    actual: Decimal
    rolled_up: bool

    @property
    def attainment(self) -> Decimal | None:
        """Actual / target: 1 when it is reached. None when the target is zero."""
        return self.actual / self.target if self.target else None


@frozen(kw_only=True)
class Attainment:
    """The targets of a period, each metric from the whole down; ``elapsed`` is the share of the period that is over."""

    period: Period
    currency: str
    elapsed: Decimal
    rows: tuple[Reached, ...]
    unconverted: tuple[Unconverted, ...]


def attainment(ctx: Context, period: Period, *, metric: str = "", at: datetime | None = None) -> Attainment:
    """Return how far the targets of a period are reached, of one metric or all that have targets.

    ``at`` takes the targets as they stood then, and what was reached until the end of that day. One select for the
    targets, one for each metric.
    """
    moment = at or ctx.clock.now()
    set_then, known, staff, exchange = goals(ctx, period, at), metrics(ctx), staff_of(ctx), Exchange(ctx)
    today = day_of(ctx, moment)
    until = min(period.end, max(period.start, today + timedelta(days=1)))
    asked = MetricQuestion(
        since=period.start, until=until, since_at=start_of(ctx, period.start), until_at=start_of(ctx, until)
    )
    products = names_of(ctx, Product, [subject.product_id for _, subject in set_then])
    territories = territories_of(ctx)
    rows: list[Reached] = []
    for name in dict.fromkeys(name for name, _ in sorted(set_then, key=lambda pair: pair[0])):
        if name not in known or (metric and name != metric):
            continue
        mine = {subject: goal for (of, subject), goal in set_then.items() if of == name}
        tree = _Tree(staff, _values(exchange, mine, min(period.last_day, today)))
        rows += _rows(
            known[name],
            tree,
            _Facts(known[name].measure(ctx, asked), staff, territories, exchange),
            products,
            territories,
        )
    gone = min(max((today - period.start).days, 0), period.days)
    return Attainment(
        period=period,
        currency=exchange.home,
        elapsed=Decimal(gone) / period.days,
        rows=tuple(rows),
        unconverted=tuple(exchange.unconverted()),
    )


class _Facts:
    """What was measured, added up for every subject that it counts for."""

    def __init__(
        self, measured: Iterable[Measured], staff: Staff, territories: Territories, exchange: Exchange
    ) -> None:
        self._sums: dict[Subject, Decimal] = {}
        for one in measured:
            value: Decimal | None = one.value
            if one.currency:
                value = exchange.into_home(one.value, one.currency, one.day, one.records)
            if value is None:
                continue
            for subject in self._subjects(one, staff, territories):
                self._sums[subject] = self._sums.get(subject, ZERO) + value

    def __getitem__(self, subject: Subject) -> Decimal:
        return self._sums.get(subject, ZERO)

    def _subjects(self, one: Measured, staff: Staff, territories: Territories) -> Iterable[Subject]:
        yield WHOLE
        if one.user_id is not None:
            yield Subject(user_id=one.user_id)
            for territory in territories.upwards(territories.of_user.get(one.user_id)):
                yield Subject(territory_id=territory)
        if one.product_id is not None:
            yield Subject(product_id=one.product_id)
        for team in staff.upwards(staff.team_of(one.team_id, one.user_id)):
            yield Subject(team_id=team)


class _Tree:
    """Targets with those of teams and of the whole that follow from the targets below."""

    def __init__(self, staff: Staff, given: dict[Subject, Decimal]) -> None:
        self.staff, self.given = staff, given
        self.members: dict[UUID | None, list[UUID]] = {}
        for subject in given:
            if subject.user_id is not None:
                person = staff.people.get(subject.user_id)
                team = person.team if person and person.team in staff.teams else None
                self.members.setdefault(team, []).append(subject.user_id)
        self.below: dict[UUID | None, list[UUID]] = {}
        for team in staff.tree():
            parent = staff.teams[team][1]
            self.below.setdefault(parent if parent in staff.teams else None, []).append(team)

    def target(self, team: UUID | None) -> tuple[Decimal | None, bool]:
        """Return the target of a team (None: of the whole), None when there is none, and whether it was added up."""
        own = self.given.get(WHOLE if team is None else Subject(team_id=team))
        if own is not None:
            return own, False
        parts = [self.given[Subject(user_id=user)] for user in self.members.get(team, ())]
        parts += [value for value in (self.target(one)[0] for one in self.below.get(team, ())) if value is not None]
        return (sum(parts, ZERO), True) if parts else (None, False)

    def walk(self, team: UUID | None = None, depth: int = 0) -> Iterable[tuple[Subject, str, int, Decimal, bool]]:
        """Yield the subjects that have a target, from the whole down: each team with its people and teams below it."""
        value, rolled_up = self.target(team)
        if value is not None:
            name = "" if team is None else self.staff.teams[team][0]
            yield WHOLE if team is None else Subject(team_id=team), name, depth, value, rolled_up
        people = self.staff.people
        named = sorted((people[user].name if user in people else "", user) for user in self.members.get(team, ()))
        for name, user in named:
            subject = Subject(user_id=user)
            yield subject, name, depth + 1, self.given[subject], False
        for one in self.below.get(team, ()):
            yield from self.walk(one, depth + 1)


def _values(exchange: Exchange, mine: dict[Subject, Goal], day: object) -> dict[Subject, Decimal]:
    found = {}
    for subject, goal in mine.items():
        value: Decimal | None = goal.value
        if goal.amount is not None:
            value = exchange.into_home(goal.amount.amount, goal.amount.currency, day, 0)  # type: ignore[arg-type]
        if value is not None:
            found[subject] = value
    return found


def _rows(
    metric: Metric, tree: _Tree, facts: _Facts, products: Mapping[UUID | None, str], territories: Territories
) -> Iterable[Reached]:
    named = list(tree.walk())
    shown = {subject for subject, *_ in named}
    for subject, value in tree.given.items():
        if subject.product_id is not None:
            named.append((subject, products.get(subject.product_id, ""), 1, value, False))
        elif subject.territory_id is not None:
            named.append((subject, territories.named.get(subject.territory_id, ("",))[0], 1, value, False))
        elif subject not in shown:
            named.append((subject, "", 1, value, False))  # of a team that the actor may not see
    for subject, name, depth, target, rolled_up in named:
        yield Reached(
            metric=metric.name,
            label=metric.label,
            money=metric.money,
            subject=subject,
            name=name,
            depth=depth,
            target=target,
            actual=facts[subject],
            rolled_up=rolled_up,
        )
