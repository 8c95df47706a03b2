"""``crmkit value``: what customers are worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import group, json_option, option
from crmkit.cli.words import wording

if TYPE_CHECKING:
    from crmkit.core.worth import Worth

_SINCE = wording("From this day on.")
_UNTIL = wording("Up to this day, which is not included.")
_CURRENCY = wording("The currency to report in; by default the installation's.")
_COST = wording("What one contact of a kind costs, as in call=4.50; may be given again.")


@group("value", help=wording("Show what customers are worth."))
def value() -> None:
    pass


def _period_options(function: Any) -> Any:
    for made in (
        json_option,
        option("--contact-cost", "contact_costs", multiple=True, metavar="KIND=AMOUNT", help=_COST),
        option("--currency", default="", metavar="CODE", help=_CURRENCY),
        option("--until", default="", metavar="DATE", help=_UNTIL),
        option("--since", default="", metavar="DATE", help=_SINCE),
    ):
        function = made(function)
    return function


@value.command("ranking", help=wording("Rank customers by revenue, with margin, cost to serve and profit."))
@option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help=wording("At most this many."))
@option("--unprofitable", is_flag=True, help=wording("Only customers that cost more than they bring."))
@_period_options
def ranking(limit: int, unprofitable: bool, as_json: bool, **period: Any) -> None:
    from crmkit.core.worth import rfm

    worths, currency = _worths(**period)
    scores = rfm(worths)
    shown = [w for w in worths if not unprofitable or (w.profit is not None and w.profit < 0)][:limit]
    rows = [
        {
            "customer": worth.name,
            "id": worth.customer_id,
            "revenue": _rounded(worth.revenue, currency),
            "margin": _rounded(worth.margin, currency),
            "cost_to_serve": _rounded(worth.cost_to_serve, currency),
            "profit": _rounded(worth.profit, currency),
            "purchases": worth.purchases,
            "rfm": str(scores.get(worth.customer_id, "")),
        }
        for worth in shown
    ]
    _show(rows, as_json)


@value.command("pareto", help=wording("Show which share of the revenue the best customers bring."))
@_period_options
def pareto(as_json: bool, **period: Any) -> None:
    from crmkit.core.worth import pareto as shares

    worths, _ = _worths(**period)
    rows = [
        {
            "customers": point.customers,
            "share_of_customers": _percent(point.share_of_customers),
            "share_of_revenue": _percent(point.share_of_total),
        }
        for point in shares(worth.revenue for worth in worths)
    ]
    _show(rows, as_json)


@value.command("key-accounts", help=wording("List customers among the best both by purchases and by margin."))
@_period_options
def key_accounts(as_json: bool, **period: Any) -> None:
    from crmkit.core.worth import key_accounts as best

    worths, currency = _worths(**period)
    rows = [
        {
            "customer": worth.name,
            "purchases": worth.purchases,
            "revenue": _rounded(worth.revenue, currency),
            "margin": _rounded(worth.margin, currency),
        }
        for worth in best(worths)
    ]
    _show(rows, as_json)


def _worths(since: str, until: str, currency: str, contact_costs: Sequence[str]) -> tuple[list[Worth], str]:
    from crmkit.cli.running import working
    from crmkit.core.errors import BadInput
    from crmkit.core.messages import msg
    from crmkit.core.values.clock import parse_instant, time_zone
    from crmkit.core.values.money import Money, clean_decimal
    from crmkit.services.value import customer_worths

    with working(reads=True) as (crm, session):
        zone = time_zone(session.actor.timezone)
        unit = currency.upper() or crm.config.currency
        costs = {}
        for text in contact_costs:
            kind, sign, amount = text.partition("=")
            if not sign or kind not in crm.kinds:
                raise BadInput(
                    msg("--contact-cost {value}: expected KIND=AMOUNT with a kind of interaction", value=text)
                )
            costs[kind] = Money(clean_decimal(amount), unit)
        worths = customer_worths(
            session,
            crm.kinds,
            unit,
            since=parse_instant(since, zone) if since else None,
            until=parse_instant(until, zone) if until else None,
            contact_costs=costs,
        )
    return worths, unit


_HEADINGS = {
    "customer": wording("Customer"),
    "revenue": wording("Revenue"),
    "margin": wording("Margin"),
    "cost_to_serve": wording("Cost to serve"),
    "profit": wording("Profit"),
    "purchases": wording("Purchases"),
    "rfm": wording("RFM"),
    "customers": wording("Customers"),
    "share_of_customers": wording("% of customers"),
    "share_of_revenue": wording("% of revenue"),
}


def _rounded(amount: Any, currency: str) -> Any:
    from crmkit.core.values.money import Money

    return None if amount is None else Money(amount, currency).rounded()


def _percent(share: Any) -> Any:
    from crmkit.core.values.money import round_half_up

    return round_half_up(share * 100, 1)


def _show(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.words import translated

    if as_json:
        print_json(rows)
        return
    names = [name for name in (rows[0] if rows else {"customer": ""}) if name in _HEADINGS]
    numbers = [place for place, name in enumerate(names) if name not in ("customer", "rfm")]
    headings = [translated(_HEADINGS[name]) for name in names]
    print_block(table(headings, [[row[name] for name in names] for row in rows], right=numbers))
