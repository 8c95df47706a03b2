"""Defining scorecards, evaluating them for a period, and comparing with the period before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer, CustomerRelation
from crmkit.core.frozen import frozen
from crmkit.plugin import BadInput, Context, NotFound, change, did_you_mean, msg
from crmkit_sfa.naming import names_beside
from crmkit_sfa.reporting.fiscal import Period, period_named
from crmkit_sfa.reporting.range import start_of
from crmkit_sfa.scorecards.entities import Scorecard, ScorecardResult
from crmkit_sfa.scorecards.scoring import Criterion, number, plain_criterion, problems, read_criterion, scored
from crmkit_sfa.scorecards.specs import ScoreFact, ScoreQuestion


@frozen
class Ranked:
    """One party in a period: its place, and how much better it did than in the period before (None: there was none)."""

    place: int
    party: str
    result: ScorecardResult
    before: Decimal | None
    trend: Decimal | None


def define(
    ctx: Context,
    name: str,
    criteria: Iterable[Criterion],
    *,
    relation: str = "",
    scale: Decimal = Decimal(100),
    note: str = "",
) -> Scorecard:
    """Make a scorecard, or change the one of this name; results that there are stay as they are. Raises BadInput."""
    some = list(criteria)
    for problem in problems(some, scale):
        raise BadInput(problem)
    values: dict[str, Any] = {
        "relation": relation,
        "scale": scale,
        "criteria": tuple(plain_criterion(one) for one in some),
        "note": note,
    }
    found = ctx.session.find(Scorecard, name=name)
    made = Scorecard(name=name, **values) if found is None else change(found, **values)
    if found is None:
        ctx.session.add(made)
    else:
        ctx.session.update(made)
    ctx.session.flush()
    return ctx.session.get(Scorecard, made.id)


def scorecard_named(ctx: Context, name: str) -> Scorecard:
    """Return the scorecard of this name; raises NotFound with the closest one."""
    found = ctx.session.find(Scorecard, name=name)
    if found is None:
        known = [one.name for one in ctx.session.list(Scorecard)]
        raise NotFound(msg("no scorecard {name}; {hint}", name=name, hint=did_you_mean(name, known)))
    return found


def criteria_of(scorecard: Scorecard) -> list[Criterion]:
    """Return what a scorecard judges on."""
    return [read_criterion(row) for row in scorecard.criteria]


def evaluate(
    ctx: Context,
    scorecard: Scorecard,
    period: str,
    *,
    parties: Sequence[UUID] = (),
    entered: Mapping[str, Decimal] | None = None,
    note: str = "",
) -> list[ScorecardResult]:
    """Evaluate parties for a period (``2026-Q1``, ``2026-03``, ``FY2026``) and return the results, which are kept.

    By default all that are in the scorecard's relation. Evaluating again takes computed values anew and keeps what was
    entered by hand; ``entered`` says more of that, by criterion, where one party is evaluated. Raises BadInput.
    """
    criteria = criteria_of(scorecard)
    span = period_named(period, ctx.config.fiscal_year_starts)
    given = dict(entered or {})
    whom = list(parties) or _in_relation(ctx, scorecard)
    by_hand = {one.name for one in criteria if not one.fact}
    for name in given:
        if name not in by_hand:
            raise BadInput(
                msg("{name} is not entered by hand; {hint}", name=name, hint=did_you_mean(name, sorted(by_hand)))
            )
    if given and len(whom) != 1:
        raise BadInput(msg("values are entered for one party at a time; name it"))
    if not whom:
        return []
    facts = _facts(ctx, criteria, whom, span)
    known = {
        one.customer_id: one
        for one in ctx.session.list(
            ScorecardResult, scorecard_id=scorecard.id, starts_on=span.start, ends_on=span.end, customer_id=whom
        )
    }
    made = [
        _result(ctx, scorecard, criteria, span, party, known.get(party), facts.get(party, {}), given, note)
        for party in whom
    ]
    ctx.session.flush()
    return [ctx.session.get(ScorecardResult, one.id) for one in made]


def _result(
    ctx: Context,
    scorecard: Scorecard,
    criteria: Sequence[Criterion],
    span: Period,
    party: UUID,
    known: ScorecardResult | None,
    facts: Mapping[str, Decimal],
    given: Mapping[str, Decimal],
    note: str,
) -> ScorecardResult:
    by_hand = {one.name for one in criteria if not one.fact}
    kept = {} if known is None else {n: number(n, v) for n, v in known.entered.items() if n in by_hand}
    entered = {**kept, **given}
    values = {**entered, **{one.name: facts[one.fact] for one in criteria if one.fact in facts}}
    score = scored(criteria, values, scorecard.scale)
    told: dict[str, Any] = {
        "values": {name: str(value) for name, value in values.items()},
        "entered": {name: str(value) for name, value in entered.items()},
        "points": {name: str(value) for name, value in score.points.items()},
        "total": score.total,
        "covered": score.covered,
        "evaluated_at": ctx.clock.now(),
    }
    if note:
        told["note"] = note
    if known is not None:
        changed = change(known, **told)
        ctx.session.update(changed)
        return changed
    made = ScorecardResult(
        scorecard_id=scorecard.id, customer_id=party, period=span.name, starts_on=span.start, ends_on=span.end, **told
    )
    ctx.session.add(made)
    return made


def ranking(ctx: Context, scorecard: Scorecard, period: str) -> list[Ranked]:
    """Return the results of a period, the best first, each with the one before; equal totals share a place."""
    span = period_named(period, ctx.config.fiscal_year_starts)
    found = ctx.session.list(ScorecardResult, scorecard_id=scorecard.id, starts_on=span.start, ends_on=span.end)
    before: dict[UUID, Decimal | None] = {}
    earlier = f"ends_on <= {span.start.isoformat()}"
    for one in ctx.session.list(ScorecardResult, earlier, scorecard_id=scorecard.id, order="ends_on"):
        before[one.customer_id] = one.total
    names = names_beside(ctx, Customer, [one.customer_id for one in found])
    ordered = sorted(found, key=lambda one: (one.total is None, -(one.total or 0), names.get(one.customer_id, "")))
    totals = [one.total for one in ordered]
    return [
        Ranked(
            place=totals.index(one.total) + 1,
            party=names.get(one.customer_id, ""),
            result=ctx.session.masked(one),
            before=before.get(one.customer_id),
            trend=_trend(one.total, before.get(one.customer_id)),
        )
        for one in ordered
    ]


def _trend(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    return None if now is None or before is None else now - before


def _in_relation(ctx: Context, scorecard: Scorecard) -> list[UUID]:
    if not scorecard.relation:
        raise BadInput(msg("{name} names no relation: say whom to evaluate", name=scorecard.name))
    links = ctx.session.list(CustomerRelation, type=scorecard.relation)
    return sorted({link.from_id for link in links})


def _facts(
    ctx: Context, criteria: Sequence[Criterion], parties: Sequence[UUID], span: Period
) -> dict[UUID, dict[str, Decimal]]:
    wanted = frozenset(one.fact for one in criteria if one.fact)
    since, until = start_of(ctx, span.start), start_of(ctx, span.end)
    if not wanted or not parties or since is None or until is None:
        return {}
    answers: Iterable[ScoreFact] = ctx.hooks.collect(
        "collect_sfa_score_facts", ScoreQuestion(tuple(parties), wanted, since, until)
    )
    found: dict[UUID, dict[str, Decimal]] = {}
    for fact in answers:
        if fact.name in wanted:
            found.setdefault(fact.party_id, {})[fact.name] = fact.value
    return found
