"""``crmkit sfa inquiry``: which ones wait, and what one says."""

from __future__ import annotations

from typing import Any

import click

from crmkit.command import (
    json_option,
    option,
    pairs,
    print_block,
    print_json,
    say,
    table,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import msg
from crmkit_sfa.inquiries.command_group import inquiry
from crmkit_sfa.inquiries.command_group import which as _which


@inquiry.command("list", help=wording("List inquiries that wait for an answer, those due soonest first."))
@option(
    "--status",
    type=click.Choice(["draft", "asked", "answered", "withdrawn", "all"]),
    default="asked",
    help=wording("Those in this state; asked."),
)
@option("--to", "assignee", metavar="LOGIN", help=wording("Only those that this user is to answer."))
@option("--limit", type=click.IntRange(1), default=50, metavar="N", help=wording("At most so many; 50."))
@json_option
def list_(status: str, assignee: str | None, limit: int, as_json: bool) -> None:
    from crmkit_sfa.inquiries.waiting import listed

    with working(reads=True) as (crm, session):
        asked = user_named(session, assignee).id if assignee else None
        rows = listed(crm.context(session, "sfa"), "" if status == "all" else status, asked, limit)
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("no inquiry"))
    else:
        headings = [wording("Inquiry"), wording("About"), wording("Customer"), wording("Status")]
        headings += [wording("Asked of"), wording("Due on"), wording("Overdue")]
        names = ("number", "name", "customer", "status", "asked_of", "due_on", "overdue")
        print_block(table([translated(one) for one in headings], [[row[name] for name in names] for row in rows]))


@inquiry.command("show", help=wording("Show an inquiry: its requirements, the answers, and its way to and fro."))
@_which
@json_option
def show(inquiry: str, as_json: bool) -> None:
    from crmkit_sfa.inquiries.asking import inquiry_named
    from crmkit_sfa.inquiries.waiting import told

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        page = told(ctx, inquiry_named(ctx, inquiry))
    if as_json:
        print_json(page)
        return
    facts = [(wording("Inquiry"), "number"), (wording("About"), "name"), (wording("Customer"), "customer")]
    facts += [(wording("Status"), "status"), (wording("Asked of"), "asked_of"), (wording("Due on"), "due_on")]
    print_block(pairs([(translated(label), page[name]) for label, name in facts if page[name]]))
    headings = [wording("No."), wording("Requirement"), wording("Quantity"), wording("Answer"), wording("Cost")]
    headings += [wording("Price"), wording("Lead time in days"), wording("Valid until")]
    rows = [_cells(one) for one in page["lines"]]
    print_block(table([translated(one) for one in headings], rows, right=(0, 2, 4, 5, 6)))
    headings = [wording("When"), wording("Step"), wording("By"), wording("To"), wording("Price"), wording("Note")]
    rows = [[one["at"], one["kind"], one["by"], one["to"], one["price"], one["note"]] for one in page["steps"]]
    click.echo()
    print_block(table([translated(one) for one in headings], rows, right=(4,)))


def _cells(line: Any) -> list[Any]:
    needed = "\n".join([line.requirement, *line.options])
    money = [line.cost, line.price]
    return [line.position, needed, line.quantity, line.answer, *money, line.lead_days, line.valid_until]
