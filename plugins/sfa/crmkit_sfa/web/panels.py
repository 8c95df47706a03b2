"""Panels on the pages of customers and opportunities, and the points of the plugin's own pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.plugin import (
    Block,
    Context,
    Fields,
    Form,
    Message,
    Metric,
    Money,
    Panel,
    PanelCall,
    Point,
    Table,
    TableColumn,
    msg,
)
from crmkit_sfa.activities.agenda import of_record, today
from crmkit_sfa.opportunities.entities import OpportunityContact, OpportunityHistory, OpportunityLine
from crmkit_sfa.opportunities.lines import line_amount
from crmkit_sfa.opportunities.listing import Wanted, listed
from crmkit_sfa.opportunities.odds import origin_of
from crmkit_sfa.orders.entities import Order
from crmkit_sfa.receipts.allocating import outstanding_of

MOST = 20
"""Rows of a panel: whoever wants more opens the list."""

POINTS: list[Point] = [
    Point("sfa.opportunity_main", msg("Opportunity"), entity="sfa_opportunity"),
    Point("sfa.opportunity_side", msg("Opportunity, at the side"), entity="sfa_opportunity"),
    Point("sfa.lead_side", msg("Lead, at the side"), entity="sfa_lead"),
]


def open_opportunities(ctx: Context, call: PanelCall) -> Sequence[Block]:
    """Return a customer's open opportunities, those first that are expected soonest, with their sums by currency."""
    found = listed(ctx, Wanted(category="open", customer_id=call.record.id), limit=MOST)
    shown = [ctx.session.masked(one) for one in found]
    columns = (
        TableColumn("id", msg("Opportunity"), entity="sfa_opportunity"),
        TableColumn("name", msg("Name")),
        TableColumn("stage", msg("Stage")),
        TableColumn("amount", msg("Amount"), numeric=True),
        TableColumn("close_on", msg("Expected close")),
    )
    names = ("id", "name", "stage", "amount", "close_on")
    rows = tuple({name: getattr(one, name) for name in names} for one in shown)
    sums: dict[str, Money] = {}
    for one in shown:
        if isinstance(one.amount, Money):
            sums[one.amount.currency] = (
                sums[one.amount.currency] + one.amount if one.amount.currency in sums else one.amount
            )
    return [*(Metric(msg("Open"), amount) for _, amount in sorted(sums.items())), Table(columns, rows)]


def next_activities(ctx: Context, call: PanelCall) -> Sequence[Block]:
    """Return what is planned with a customer."""
    return [_activities(ctx, "customer_id", call.record.id)]


def opportunity_activities(ctx: Context, call: PanelCall) -> Sequence[Block]:
    """Return what is planned for an opportunity."""
    return [_activities(ctx, "opportunity_id", call.record.id)]


def _activities(ctx: Context, field: str, id: Any) -> Table:
    planned = [entry for entry in of_record(ctx, field, id) if entry.activity.status == "planned"]
    return _table(planned[::-1][:MOST])


def _table(entries: Sequence[Any]) -> Table:
    columns = (
        TableColumn("id", msg("Activity"), entity="sfa_activity"),
        TableColumn("kind", msg("Kind")),
        TableColumn("subject", msg("Subject")),
        TableColumn("starts_at", msg("Starts at")),
    )
    rows = tuple(
        {
            "id": entry.activity.id,
            "kind": entry.activity.kind,
            "subject": entry.activity.subject,
            "starts_at": entry.starts_at,
        }
        for entry in entries
    )
    return Table(columns, rows)


def todays_work(ctx: Context, call: PanelCall) -> Sequence[Block]:
    """Return what is on today for whoever looks."""
    return [_table(today(ctx, ctx.actor.user_id)[:MOST])]


def outstanding(ctx: Context, call: PanelCall) -> Sequence[Block]:
    """Return what a customer still has to pay, the oldest due first, and by how many days it is overdue."""
    found = outstanding_of(ctx, call.record.id)[:MOST]
    numbers = (
        {
            one.id: ctx.session.masked(one).number
            for one in ctx.session.list(Order, id=[planned.order_id for planned in found])
        }
        if found
        else {}
    )
    columns = (
        TableColumn("order_id", msg("Order"), entity="sfa_order"),
        TableColumn("number", msg("Number")),
        TableColumn("due_on", msg("Due on")),
        TableColumn("outstanding", msg("Outstanding"), numeric=True),
        TableColumn("days", msg("Days overdue"), numeric=True),
    )
    day = ctx.today()
    rows = tuple(
        {
            "order_id": one.order_id,
            "number": numbers.get(one.order_id, ""),
            "due_on": one.due_on,
            "outstanding": ctx.session.masked(one).outstanding,
            "days": max(0, (day - one.due_on).days),
        }
        for one in found
    )
    return [Table(columns, rows)]


def key_figures(ctx: Context, call: PanelCall) -> Sequence[Block]:
    """Return what an opportunity is worth and when it is decided, and the form to move it."""
    one = ctx.session.masked(call.record)
    told: list[tuple[Message, Any]] = [
        (msg("Stage"), one.stage),
        (msg("Amount"), one.amount),
        (msg("Probability"), one.probability),
        (msg("Probability from"), origin_of(ctx, one)),
        (msg("Expected close"), one.close_on),
        (msg("Next step"), one.next_step),
    ]
    form: list[Block] = [Form("sfa.move_opportunity", call.record.id)] if call.record.category == "open" else []
    return [Fields(tuple(told)), *form]


def lines(ctx: Context, call: PanelCall) -> Sequence[Block]:
    """Return the products of an opportunity."""
    found = ctx.session.list(OpportunityLine, opportunity_id=call.record.id, order="position", limit=200)
    columns = (
        TableColumn("product", msg("Product"), entity="product"),
        TableColumn("description", msg("Description")),
        TableColumn("quantity", msg("Quantity"), numeric=True),
        TableColumn("amount", msg("Amount"), numeric=True),
    )
    session: Any = ctx.session
    hidden = session.hidden(OpportunityLine)
    rows = tuple(
        {
            "product": shown.product_id,
            "description": shown.description,
            "quantity": shown.quantity,
            "amount": None if hidden & {"quantity", "unit_price", "discount"} else line_amount(line),
        }
        for line, shown in ((one, ctx.session.masked(one)) for one in found)
    )
    return [Table(columns, rows)]


def people(ctx: Context, call: PanelCall) -> Sequence[Block]:
    """Return who has a part in the buyer's decision."""
    found = [ctx.session.masked(one) for one in ctx.session.list(OpportunityContact, opportunity_id=call.record.id)]
    columns = (TableColumn("customer_id", msg("Person"), entity="customer"), TableColumn("role", msg("Role")))
    return [Table(columns, tuple({"customer_id": one.customer_id, "role": one.role} for one in found))]


def way(ctx: Context, call: PanelCall) -> Sequence[Block]:
    """Return the way of an opportunity through its pipeline."""
    found = ctx.session.list(OpportunityHistory, opportunity_id=call.record.id, order="-valid_from", limit=MOST)
    columns = (
        TableColumn("valid_from", msg("From")),
        TableColumn("stage", msg("Stage")),
        TableColumn("amount", msg("Amount"), numeric=True),
    )
    shown = [ctx.session.masked(one) for one in found]
    return [Table(columns, tuple({"valid_from": o.valid_from, "stage": o.stage, "amount": o.amount} for o in shown))]


def lead_activities(ctx: Context, call: PanelCall) -> Sequence[Block]:
    """Return what is planned for a lead."""
    return [_activities(ctx, "lead_id", call.record.id)]


PANELS: list[Panel] = [
    Panel("sfa.open_opportunities", msg("Open opportunities"), "customer.main", open_opportunities, position=20),
    Panel("sfa.next_activities", msg("Next activities"), "customer.side", next_activities, position=20),
    Panel("sfa.outstanding_receipts", msg("Outstanding receipts"), "customer.side", outstanding, position=30),
    Panel("sfa.todays_work", msg("Today"), "home.main", todays_work, position=20),
    Panel("sfa.opportunity_figures", msg("Opportunity"), "sfa.opportunity_main", key_figures, position=10),
    Panel("sfa.opportunity_lines", msg("Lines"), "sfa.opportunity_main", lines, position=20),
    Panel("sfa.opportunity_way", msg("History"), "sfa.opportunity_main", way, position=30),
    Panel("sfa.opportunity_people", msg("People"), "sfa.opportunity_side", people, position=10),
    Panel(
        "sfa.opportunity_activities",
        msg("Next activities"),
        "sfa.opportunity_side",
        opportunity_activities,
        position=20,
    ),
    Panel("sfa.lead_activities", msg("Next activities"), "sfa.lead_side", lead_activities, position=10),
]
