"""How reports are shown: rates and bars in tables for people, exact figures in JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, TypeVar

import click

from crmkit.command import DAY, json_option, option, say, translated, wording
from crmkit.core.values.money import round_half_up
from crmkit.plugin import Money, msg
from crmkit_sfa.reporting.money import Unconverted

F = TypeVar("F", bound=Callable[..., Any])

_EIGHTHS = " ▏▎▍▌▋▊▉"
NONE = wording("(none)")
GROUPS = {
    "period": wording("Period"),
    "owner": wording("Salesperson"),
    "team": wording("Team"),
    "manager": wording("Manager"),
    "region": wording("Region"),
    "territory": wording("Territory"),
    "product": wording("Product"),
    "account": wording("Account"),
    "sector": wording("Sector"),
    "source": wording("Source"),
    "month": wording("Month"),
    "quarter": wording("Quarter"),
    "year": wording("Year"),
}
"""What groups are called, by the word of ``--by``."""
WIDTH = 24
"""Columns of a full bar."""


def bar(part: Decimal | int, whole: Decimal | int, width: int = WIDTH) -> str:
    """Return a bar as long as ``part`` is of ``whole``: in eighths of a column, never empty where there is something."""
    if whole <= 0 or part <= 0:
        return ""
    eighths = max(1, int(min(Decimal(part) / whole, Decimal(1)) * width * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def percent(share: Decimal | None) -> str:
    """Return a share from 0 to 1 as people read it: ``63.2 %``; empty when there is none."""
    return "" if share is None else f"{round_half_up(share * 100, 1)} %"


def days(number: Decimal | int | None) -> str:
    """Return a number of days with one decimal at the most."""
    if number is None:
        return ""
    rounded = round_half_up(Decimal(number), 1)
    return f"{rounded:,f}".removesuffix(".0")


def exact(share: Decimal | None, places: int = 6) -> Decimal | None:
    """Return a share or mean for programs, to six places."""
    return None if share is None else round_half_up(share, places)


def money(amount: Decimal | None, currency: str) -> Money | None:
    """Return an amount as money of the units that its currency has."""
    return None if amount is None else Money(amount, currency).rounded()


def unconverted_rows(found: Iterable[Unconverted]) -> list[dict[str, Any]]:
    """Return amounts without a rate for programs."""
    return [
        {"amount": Money(one.amount, one.currency), "deals": one.deals, "first": one.first, "last": one.last}
        for one in found
    ]


def say_unconverted(found: Iterable[Unconverted]) -> None:
    """Tell people what is in no sum."""
    from crmkit.command import shown_value

    for one in found:
        say(
            msg(
                "not counted: {amount} has no exchange rate for {first} to {last}; add one",
                amount=shown_value(Money(one.amount, one.currency)),
                first=str(one.first),
                last=str(one.last),
            )
        )


def report_options(function: F) -> F:
    """Add what all reports of a range of days take: ``--since``, ``--until``, ``--period``, ``--pipeline``, ``--json``."""
    for made in (
        json_option,
        option("--pipeline", default="", metavar="PIPELINE", help=wording("Only deals of this pipeline.")),
        option("--period", default="", metavar="PERIOD", help=wording("A fiscal period such as 2026-Q1 or 2026-03.")),
        option("--until", type=DAY, help=wording("Up to this day, which is not included.")),
        option("--since", type=DAY, help=wording("From this day on.")),
    ):
        function = made(function)
    return function


def choice(values: Iterable[str]) -> click.Choice[str]:
    """Return the type of an option that takes one of these words."""
    return click.Choice(list(values))


def headings_of(*headings: str) -> list[str]:
    """Return headings in the language of the run."""
    return [translated(heading) if heading else "" for heading in headings]
