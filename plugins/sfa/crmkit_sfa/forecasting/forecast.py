"""The forecast: what is closed, committed and possible in coming periods, now or as it stood at a past moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import attrs

from crmkit.plugin import BadInput, Context, msg
from crmkit_sfa.forecasting.figures import HUNDRED, Figures
from crmkit_sfa.forecasting.standing import OVERDUE, UNDATED, standing
from crmkit_sfa.forecasting.words import Said, adjustments, submissions
from crmkit_sfa.opportunities.days import day_of
from crmkit_sfa.opportunities.pipeline import pipeline_in_force
from crmkit_sfa.reporting.fiscal import Period, PeriodKind, next_period, period_of
from crmkit_sfa.reporting.grouping import Grouping, Key, grouping
from crmkit_sfa.reporting.money import ZERO, Exchange, Unconverted

BY = ("all", "owner", "team", "manager", "region", "territory", "product", "account", "sector", "source")


@attrs.define(kw_only=True)
class ForecastRow:
    """The figures of a group. Of a team, ``figures`` include the teams below it and ``own`` does not.

    ``depth`` is how many teams stand above it; ``submitted`` what was submitted last for it.
    """

    key: str
    name: str
    figures: Figures
    own: Figures
    depth: int = 0
    submitted: Said | None = None


@attrs.define(kw_only=True)
class PeriodForecast:
    """The forecast of one period."""

    period: Period
    rows: list[ForecastRow]
    total: Figures


@attrs.define(kw_only=True)
class Forecast:
    """Periods that follow one another, and open deals that are in none: ``overdue`` and ``undated`` ones.

    ``at`` is the instant as of which it tells; ``unconverted`` is in no sum for lack of an exchange rate.
    """

    at: datetime
    currency: str
    periods: list[PeriodForecast]
    overdue: Figures
    undated: Figures
    unconverted: tuple[Unconverted, ...]


def forecast(
    ctx: Context,
    *,
    kind: PeriodKind = "quarter",
    day: date | None = None,
    periods: int = 1,
    by: str = "all",
    at: datetime | None = None,
    pipeline: str = "",
) -> Forecast:
    """Return the forecast of ``periods`` periods from that of ``day`` (by default the present one) on.

    ``at`` gives it as it stood then. Raises BadInput for an instant in the future and an unknown ``by``, NotFound for an
    unknown ``pipeline``.
    """
    now = ctx.clock.now()
    if at is not None and at > now:
        raise BadInput(msg("at {value}: expected a moment that has been", value=at.isoformat()))
    if pipeline:
        pipeline_in_force(ctx, pipeline)
    moment = now if at is None else at
    as_of = day_of(ctx, moment)
    starts = ctx.config.fiscal_year_starts
    chosen = [period_of(day or as_of, kind, starts)]
    while len(chosen) < periods:
        chosen.append(next_period(chosen[-1], starts))
    groups, exchange = grouping(ctx, by, BY), Exchange(ctx)
    found: dict[tuple[int, Key], Figures] = {}
    for number, category, probability, currency, closing, deals, valued, amount, late, *keys in standing(
        ctx, groups, exchange, chosen, at=at, pipeline=pipeline
    ):
        figures = found.setdefault((number, groups.key(keys)), Figures())
        # No rate that was not known then: a closing to come is valued by the latest one.
        known = min(closing, as_of) if closing else as_of
        value = exchange.into_home(amount, currency, known, valued)
        _count(figures, category, probability, deals, value)
        figures.without_amount += deals - valued
        figures.late += late
    forecasts = [
        _period(ctx, groups, exchange, period, {key: f for (at_, key), f in found.items() if at_ == number}, at)
        for number, period in enumerate(chosen)
    ]
    return Forecast(
        at=moment,
        currency=exchange.home,
        periods=forecasts,
        overdue=_sum([f for (number, _), f in found.items() if number == OVERDUE]),
        undated=_sum([f for (number, _), f in found.items() if number == UNDATED]),
        unconverted=tuple(exchange.unconverted()),
    )


def _count(figures: Figures, category: str, probability: Decimal | None, deals: int, value: Decimal | None) -> None:
    figures.deals[category] += deals
    if value is None or category == "omitted":
        return
    figures.amounts[category] += value
    if category != "closed":
        figures.weighted += value * (probability or ZERO) / HUNDRED


def _sum(some: Sequence[Figures]) -> Figures:
    total = Figures()
    for one in some:
        total.add(one)
    return total


def _period(
    ctx: Context, groups: Grouping, exchange: Exchange, period: Period, found: dict[Key, Figures], at: datetime | None
) -> PeriodForecast:
    """Return one period, with what people have said about it."""
    adjusted = adjustments(ctx, period, at)
    said = submissions(ctx, period, at)
    day = min(period.last_day, day_of(ctx, at or ctx.clock.now()))
    whole = Figures()
    for ((user, team), category), amount in adjusted.items():
        value = exchange.into_home(amount.amount, amount.currency, day, 0)
        if value is None:
            continue
        whole.adjustments[category] = whole.adjustments.get(category, ZERO) + value
        for key in _adjusted_groups(groups, user, team):
            own = found.setdefault(key, Figures()).adjustments
            own[category] = own.get(category, ZERO) + value
    total = _sum(list(found.values()))
    # Those of people and teams that are no group here are in the total all the same.
    total.adjustments = whole.adjustments
    for user, team in said:
        # Who submitted figures is shown, with deals or without.
        subject = {"owner": user, "team": team}.get(groups.by)
        if subject is not None:
            found.setdefault(subject, Figures())
    rows = _team_rows(groups, found) if groups.by == "team" else _rows(groups, found)
    for row, key in rows:
        row.submitted = said.get((None, key) if groups.by == "team" else (key, None)) if isinstance(key, UUID) else None
    return PeriodForecast(period=period, rows=[row for row, _ in rows], total=total)


def _adjusted_groups(groups: Grouping, user: UUID | None, team: UUID | None) -> list[Key]:
    """Return the groups that an adjustment for a salesperson or a team belongs to."""
    if groups.by == "owner":
        return [user] if user else []
    if groups.by == "team":
        found = team or groups.staff.team_of(None, user)
        return [found] if found else []
    return []


def _rows(groups: Grouping, found: dict[Key, Figures]) -> list[tuple[ForecastRow, Key]]:
    names = groups.labels(found)
    made = [
        (ForecastRow(key=str(key or ""), name=names.get(key, ""), figures=figures, own=figures), key)
        for key, figures in found.items()
    ]
    return sorted(made, key=lambda pair: (-pair[0].figures.expected, pair[0].name, pair[0].key))


def _team_rows(groups: Grouping, found: dict[Key, Figures]) -> list[tuple[ForecastRow, Key]]:
    """Return the teams as a tree, each with what those below it bring; what has no team comes last."""
    staff = groups.staff
    rolled: dict[Key, Figures] = {}
    for key, figures in found.items():
        for above in staff.upwards(key) if isinstance(key, UUID) else [key]:
            rolled.setdefault(above, Figures()).add(figures)
    ordered: list[Key] = [team for team in staff.tree() if team in rolled]
    ordered += [key for key in rolled if key not in staff.teams]
    return [
        (
            ForecastRow(
                key=str(key or ""),
                name=staff.teams[key][0] if isinstance(key, UUID) and key in staff.teams else "",
                figures=rolled[key],
                own=found.get(key, Figures()),
                depth=staff.depth(key) if isinstance(key, UUID) else 0,
            ),
            key,
        )
        for key in ordered
    ]
