"""``crmkit sfa receipt``: what is expected, what is due, and who owes how much for how long."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from crmkit.command import (
    DAY,
    argument,
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
from crmkit.plugin import Money, msg
from crmkit_sfa.receipts.command_group import receipt


@receipt.command("plan", help=wording("Plan the receipts of a confirmed order, in one or several instalments."))
@argument("order", help=wording("The number of the order."))
@option(
    "--instalment",
    "instalments",
    multiple=True,
    metavar="TEXT",
    help=wording("A share and a day, as in '30% 2026-04-01', '70% 60 days' or '500 14 days'; may be given again."),
)
@option("--terms", default="", metavar="NAME", help=wording("Terms of payment of the configuration."))
@option("--anew", is_flag=True, help=wording("Plan again what is outstanding."))
@json_option
def plan_(order: str, instalments: tuple[str, ...], terms: str, anew: bool, as_json: bool) -> None:
    from crmkit_sfa.orders.finding import order_named
    from crmkit_sfa.receipts.instalments import read_instalment
    from crmkit_sfa.receipts.planning import plan

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = order_named(ctx, order)
        day = found.ordered_on or ctx.today()
        given = [read_instalment(text, day, found.currency) for text in instalments]
        planned = plan(ctx, found, given, terms=terms, anew=anew)
    if as_json:
        print_json(planned)
        return
    rows = [[one.position, one.due_on, one.amount, one.percent, one.outstanding] for one in planned]
    headings = [wording("No."), wording("Due on"), wording("Amount"), wording("%"), wording("Outstanding")]
    print_block(table([translated(heading) for heading in headings], rows, right=(0, 2, 3, 4)))


@receipt.command("postpone", help=wording("Give a planned receipt another day."))
@argument("planned", help=wording("The order with the number of the instalment, as in O-2026-00001/2."))
@argument("day", type=DAY, help=wording("The last day to pay it."))
@json_option
def postpone_(planned: str, day: date, as_json: bool) -> None:
    from crmkit_sfa.receipts.finding import one_planned
    from crmkit_sfa.receipts.planning import postpone

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        made = postpone(ctx, one_planned(ctx, planned), day)
    if as_json:
        print_json(made)
    else:
        say(msg("due on {day} now", day=made.due_on))


@receipt.command("due", help=wording("List what is outstanding, the oldest first."))
@option("--until", type=DAY, help=wording("Only what is due up to this day."))
@option("--overdue", is_flag=True, help=wording("Only what is past its day."))
@json_option
def due_(until: date | None, overdue: bool, as_json: bool) -> None:
    from crmkit_sfa.receipts.overdue import due_list

    with working(reads=True) as (crm, session):
        found = due_list(crm.context(session, "sfa"), until, overdue=overdue)
    rows: list[dict[str, Any]] = [
        {
            "planned_id": one.planned.id,
            "order": one.order.number,
            "position": one.planned.position,
            "customer": one.customer,
            "due_on": one.planned.due_on,
            "days_overdue": max(one.days, 0),
            "outstanding": one.outstanding,
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("nothing is due"))
    else:
        headings = [
            wording("Order"),
            wording("Customer"),
            wording("Due on"),
            wording("Days overdue"),
            wording("Outstanding"),
        ]
        cells = [
            [
                f"{row['order']}/{row['position']}",
                row["customer"],
                row["due_on"],
                row["days_overdue"] or None,
                row["outstanding"],
            ]
            for row in rows
        ]
        print_block(table([translated(heading) for heading in headings], cells, right=(3, 4)))


@receipt.command("ageing", help=wording("Show who owes how much, by how many days it is overdue."))
@option("--on", "day", type=DAY, help=wording("As of the end of this day; by default today."))
@option(
    "--by",
    type=click.Choice(["customer", "owner", "currency"]),
    default="customer",
    show_default=True,
    help=wording("One line for each of these."),
)
@json_option
def ageing_(day: date | None, by: Any, as_json: bool) -> None:
    from crmkit_sfa.receipts.ageing import BUCKETS, AgeingRow, ageing

    with working(reads=True) as (crm, session):
        found = ageing(crm.context(session, "sfa"), day, by)

    def figures(row: AgeingRow) -> list[Money]:
        return [Money(amount, row.currency) for amount in (*row.amounts, row.owed, row.credit)]

    names = ("not_due", "days_1_30", "days_31_60", "days_61_90", "over_90_days", "owed", "credit")
    if as_json:
        rows = [{"id": row.key, "name": row.name, **dict(zip(names, figures(row), strict=True))} for row in found.rows]
        total = dict(zip(names, figures(found.home), strict=True))
        print_json({"day": found.day, "by": found.by, "rows": rows, "total": total})
    elif not found.rows:
        say(msg("nobody owes anything"))
    else:
        first = {"customer": wording("Customer"), "owner": wording("Owner"), "currency": wording("Currency")}[by]
        headings = [translated(first), translated(wording("Not due")), *BUCKETS[1:]]
        headings += [translated(wording("Owed")), translated(wording("Credit"))]
        cells: list[list[Any]] = [[row.name or "-", *_filled(figures(row))] for row in found.rows]
        cells.append([translated(wording("All")), *_filled(figures(found.home))])
        print_block(table(headings, cells, right=tuple(range(1, 8))))


def _filled(figures: list[Money]) -> list[Money | None]:
    return [figure if figure.amount else None for figure in figures]
