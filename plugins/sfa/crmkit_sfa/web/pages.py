"""Pages of the plugin's own: the board."""

from __future__ import annotations

from collections.abc import Sequence

from crmkit.plugin import Block, Context, Message, Metric, Money, Page, PageCall, Table, TableColumn, msg
from crmkit_sfa.opportunities.board import Column, board


def board_page(ctx: Context, call: PageCall) -> Sequence[Block]:
    """Return the open stages of a pipeline with their cards; ``pipeline`` of the query says which."""
    return [block for column in board(ctx, call.query.get("pipeline", "")) for block in _column(column)]


def _column(column: Column) -> list[Block]:
    columns = (
        TableColumn("id", msg("Opportunity"), entity="sfa_opportunity"),
        TableColumn("name", msg("Name")),
        TableColumn("customer", msg("Customer")),
        TableColumn("owner", msg("Owner")),
        TableColumn("amount", msg("Amount"), numeric=True),
        TableColumn("close_on", msg("Expected close")),
        TableColumn("overdue", msg("overdue")),
        TableColumn("rotting", msg("rotting")),
    )
    names = [one.name for one in columns]
    rows = tuple({name: getattr(card, name) for name in names} for card in column.cards)
    title = msg("{stage} ({count})", stage=Message(column.stage), count=column.count)
    sums: list[Block] = [Metric(title, Money(amount, currency)) for currency, amount in sorted(column.amounts.items())]
    return [*sums, Table(columns, rows, title)]


PAGES: list[Page] = [Page("sfa.board", msg("Board"), "board", board_page, group=msg("Sales"), position=10)]
