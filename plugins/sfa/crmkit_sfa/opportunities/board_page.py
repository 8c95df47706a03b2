"""The board in a terminal: the stages side by side, with their sums and cards."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from crmkit.command import shown_value, translated, wording
from crmkit.plugin import Money
from crmkit_sfa.opportunities.board import Card, Column


def board_page(columns: Sequence[Column]) -> RenderableType:
    """Return the board; cards that need somebody's eye are marked."""
    made = Table.grid(padding=(0, 2), expand=False)
    for _ in columns:
        made.add_column(min_width=18)
    made.add_row(*[Text(f"{column.stage} ({column.count})", style="bold") for column in columns])
    made.add_row(*[Text(_sums(column), style="dim") for column in columns])
    for place in range(max((len(column.cards) for column in columns), default=0)):
        made.add_row(*[_card(column.cards[place]) if place < len(column.cards) else Text() for column in columns])
    return made


def _sums(column: Column) -> str:
    return "\n".join(shown_value(Money(amount, currency)) for currency, amount in sorted(column.amounts.items()))


def _card(card: Card) -> Text:
    lines = [card.name, card.customer, shown_value(card.amount)]
    marks = [word for word, holds in ((wording("overdue"), card.overdue), (wording("rotting"), card.rotting)) if holds]
    text = Text("\n".join(["", *(line for line in lines if line)]))
    if marks:
        text.append("\n" + ", ".join(translated(mark) for mark in marks), style="red")
    return text
