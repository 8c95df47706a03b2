"""``crmkit satisfaction``: what customers say in surveys, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import group, json_option, option
from crmkit.cli.records import filter_option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from decimal import Decimal

    from crmkit.services.satisfaction import By, SatisfactionRow

_SIDES = {
    "": wording("no side"),
    "idea": wording("idea"),
    "conduct": wording("conduct"),
    "look_and_sound": wording("look and sound"),
    "product": wording("product"),
    "service": wording("service"),
}


@group("satisfaction", help=wording("Report the satisfaction of customers from their answers to surveys."))
def satisfaction() -> None:
    pass


@satisfaction.command(
    "report",
    help=wording(
        "Report satisfaction (experienced / expected), net promoter score and effort score.\n\n"
        "Where there are no answers it says so; nothing is guessed."
    ),
)
@option(
    "--by",
    type=click.Choice(["question", "side", "customer"]),
    default="question",
    show_default=True,
    help=wording("What the rows are."),
)
@option("--from", "since", metavar="DATE", help=wording("Surveys from this day on."))
@option("--to", "until", metavar="DATE", help=wording("Surveys up to this day, itself included."))
@option("--customer", metavar="CUSTOMER", help=wording("Answers of this customer alone: its name, id or mail address."))
@filter_option
@option("--survey", default="", metavar="NAME", help=wording("The questions of this questionnaire alone."))
@json_option
def report(
    by: By, since: str | None, until: str | None, customer: str | None, filter_: str, survey: str, as_json: bool
) -> None:
    from datetime import UTC, date, datetime, time, timedelta
    from zoneinfo import ZoneInfo

    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.core.values.clock import parse_date
    from crmkit.services.customer_view import find_customer
    from crmkit.services.satisfaction import satisfaction_report

    with working(reads=True) as (_, session):
        zone = ZoneInfo(session.actor.timezone)

        def midnight(day: date) -> datetime:
            return datetime.combine(day, time(), zone).astimezone(UTC)

        made = satisfaction_report(
            session,
            by,
            since=midnight(parse_date(since)) if since else None,
            until=midnight(parse_date(until) + timedelta(days=1)) if until else None,
            customer=find_customer(session, customer) if customer else None,
            filter=filter_,
            survey=survey,
        )
    if as_json:
        print_json(made)
        return
    headings = [wording("Question"), wording("Side"), wording("Customer")]
    first = headings[("question", "side", "customer").index(by)]
    others = (wording("Asked"), wording("Answered"), wording("c"), wording("Below"), wording("NPS"), wording("Effort"))
    rows = [[translated(_SIDES[row.key]) if by == "side" else row.label, *_cells(row)] for row in made.rows]
    rows.append([translated(wording("all together")), *_cells(made.total)])
    print_block(table([translated(heading) for heading in (first, *others)], rows, right=range(1, 7)))


def _cells(row: SatisfactionRow) -> list[Any]:
    nothing = translated(wording("no data"))
    nps = f"{row.nps.score:+} ({row.nps.low:+} .. {row.nps.high:+})" if row.nps is not None else nothing
    numbers = [nothing if row.c is None else f"{row.c} ({row.rated})", _percent(row.below, nothing)]
    effort = nothing if row.effort is None else f"{row.effort} ({row.effort_scored})"
    return [row.asked, f"{row.answered} ({_percent(row.response_rate, '-')})", *numbers, nps, effort]


def _percent(part: Decimal | None, nothing: str) -> str:
    return nothing if part is None else f"{part * 100:.0f} %"
