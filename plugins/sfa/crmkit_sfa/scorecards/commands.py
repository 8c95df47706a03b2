"""``crmkit sfa scorecard``: judge dealers, partners and suppliers on several criteria."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crmkit.command import (
    argument,
    find_customer,
    group,
    json_option,
    option,
    print_block,
    print_json,
    say,
    table,
    translated,
    wording,
    working,
)
from crmkit.plugin import BadInput, msg

if TYPE_CHECKING:
    from crmkit_sfa.scorecards.evaluating import Ranked
    from crmkit_sfa.scorecards.scoring import Criterion

_NAME = wording("The name of the scorecard.")
_PERIOD = wording("A month, quarter or fiscal year: 2026-03, 2026-Q1, FY2026.")


@group("scorecard", help=wording("Judge dealers, partners and suppliers on several criteria."))
def scorecard() -> None:
    pass


@scorecard.command("define", help=wording("Make a scorecard, or change the one of this name."))
@argument("name", help=_NAME)
@option(
    "--criterion",
    "criteria",
    multiple=True,
    metavar="NAME,WEIGHT,WORST,BEST[,FACT]",
    help=wording("What is judged; less is better where WORST is larger. Without FACT it is entered by hand."),
)
@option("--relation", default="", metavar="TYPE", help=wording("Whom it is about, such as supplier_of."))
@option("--scale", default="100", show_default=True, help=wording("The best total that there can be."))
@json_option
def define_(name: str, criteria: tuple[str, ...], relation: str, scale: str, as_json: bool) -> None:
    from crmkit_sfa.scorecards.evaluating import define
    from crmkit_sfa.scorecards.scoring import number

    with working() as (crm, session):
        read = [_criterion(text) for text in criteria]
        made = define(crm.context(session, "sfa"), name, read, relation=relation, scale=number("scale", scale))
    if as_json:
        print_json(made)
    else:
        say(msg("scorecard {name} judges on {count} criteria", name=made.name, count=len(made.criteria)))


@scorecard.command("list", help=wording("List scorecards with their criteria."))
@json_option
def list_(as_json: bool) -> None:
    from crmkit_sfa.scorecards.entities import Scorecard
    from crmkit_sfa.scorecards.evaluating import criteria_of

    with working(reads=True) as (_, session):
        found = [(one, criteria_of(one)) for one in session.list(Scorecard, order="name")]
    if as_json:
        print_json([one for one, _ in found])
        return
    headings = (
        wording("Scorecard"),
        wording("Criterion"),
        wording("Weight"),
        wording("Worst"),
        wording("Best"),
        wording("Fact"),
    )
    rows = [(one.name, c.label or c.name, c.weight, c.worst, c.best, c.fact) for one, some in found for c in some]
    print_block(table([translated(heading) for heading in headings], rows, right=(2, 3, 4)))


@scorecard.command("evaluate", help=wording("Evaluate a scorecard for a period and keep the results."))
@argument("name", help=_NAME)
@argument("period", help=_PERIOD)
@option("--party", "parties", multiple=True, metavar="CUSTOMER", help=wording("Whom; by default all in its relation."))
@option("--value", "values", multiple=True, metavar="CRITERION=NUMBER", help=wording("A value entered by hand."))
@option("--note", default="", metavar="TEXT", help=wording("What else there is to say."))
@json_option
def evaluate_(
    name: str, period: str, parties: tuple[str, ...], values: tuple[str, ...], note: str, as_json: bool
) -> None:
    from crmkit_sfa.scorecards.evaluating import evaluate, ranking, scorecard_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = scorecard_named(ctx, name)
        whom = [find_customer(session, party).id for party in parties]
        evaluate(ctx, found, period, parties=whom, entered=dict(_value(text) for text in values), note=note)
        ranked = ranking(ctx, found, period)
    show_ranking(ranked, as_json)


@scorecard.command("show", help=wording("Show the results of a period beside those of the period before."))
@argument("name", help=_NAME)
@argument("period", help=_PERIOD)
@json_option
def show(name: str, period: str, as_json: bool) -> None:
    from crmkit_sfa.scorecards.evaluating import ranking, scorecard_named

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        ranked = ranking(ctx, scorecard_named(ctx, name), period)
    show_ranking(ranked, as_json)


def show_ranking(ranked: list[Ranked], as_json: bool) -> None:
    """Print results of a scorecard."""
    if as_json:
        print_json([_document(one) for one in ranked])
        return
    if not ranked:
        say(msg("no results"))
        return
    names = list(dict.fromkeys(name for one in ranked for name in one.result.values))
    headings = [
        wording("Place"),
        wording("Party"),
        wording("Total"),
        wording("Covered %"),
        wording("Before"),
        wording("Trend"),
    ]
    rows = [
        [
            *(one.place, one.party, *map(_two_places, (one.result.total, one.result.covered, one.before, one.trend))),
            *[one.result.values.get(name, "") for name in names],
        ]
        for one in ranked
    ]
    print_block(table([translated(h) for h in headings] + names, rows, right=(0, *range(2, 6 + len(names)))))


def _two_places(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _document(one: Ranked) -> dict[str, Any]:
    result = one.result
    return {
        "place": one.place,
        "party": one.party,
        "customer_id": result.customer_id,
        "period": result.period,
        "total": result.total,
        "covered": result.covered,
        "before": one.before,
        "trend": one.trend,
        "values": result.values,
        "points": result.points,
        "note": result.note,
    }


def _criterion(text: str) -> Criterion:
    from crmkit_sfa.scorecards.scoring import read_criterion

    parts = [part.strip() for part in text.split(",")]
    if not 2 <= len(parts) <= 5:
        raise BadInput(msg("criterion {value}: expected NAME,WEIGHT,WORST,BEST and perhaps FACT", value=text))
    return read_criterion(dict(zip(("name", "weight", "worst", "best", "fact"), parts, strict=False)))


def _value(text: str) -> tuple[str, Decimal]:
    from crmkit_sfa.scorecards.scoring import number

    name, equals, value = text.partition("=")
    if not equals:
        raise BadInput(msg("value {value}: expected CRITERION=NUMBER", value=text))
    return name.strip(), number(name.strip(), value.strip())
