"""Results: one JSON document for programs, tables for people. They alone go to the standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from crmkit.cli.words import translate, translated, wording
from crmkit.core.field_rights import Masked
from crmkit.core.messages import Message
from crmkit.core.values.money import Money, minor_units
from crmkit.core.values.partial_date import PartialDate

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

PIPED_WIDTH = 10_000
"""Columns of output that is no terminal: lines are not cut, so that other programs find what they look for."""


def print_json(document: Any) -> None:
    """Print ``document`` as indented JSON in UTF-8: decimals and ids as text, instants in UTC as RFC 3339 has them."""
    import msgspec

    click.echo(msgspec.json.format(_encoded(document), indent=2))


def print_json_array(items: Iterable[Any]) -> None:
    """Print ``items`` as one JSON array, an item a line, without holding them all."""
    separator = b"["
    for item in items:
        click.echo(separator + b"\n" + _encoded(item), nl=False)
        separator = b","
    click.echo(b"[]" if separator == b"[" else b"\n]")


def _encoded(document: Any) -> bytes:
    import msgspec

    return msgspec.json.Encoder(decimal_format="string", enc_hook=_foreign).encode(plain(document))


def plain(value: Any) -> Any:
    """Return ``value`` with records and values of ours as what JSON knows; times in UTC."""
    import attrs

    if value is None or isinstance(value, (str, int, float, bytes, Decimal, UUID)):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, Money):
        return {"amount": f"{value.amount:f}", "currency": value.currency}
    if isinstance(value, Message):
        return value.render(translate())
    if isinstance(value, PartialDate):
        return str(value)
    if isinstance(value, Masked):
        return {"masked": True}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if attrs.has(type(value)):
        return {a.name: plain(getattr(value, a.name)) for a in attrs.fields(type(value))}
    return value


def _foreign(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def console() -> Console:
    """Return the console that tables and panels are printed on.

    It honours NO_COLOR and COLUMNS; output that is no terminal has no colours and is not cut at any width.
    """
    from rich.console import Console

    with suppress(AttributeError, ValueError):
        # A terminal of an old encoding shows a question mark for what it lacks instead of failing half-way.
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit() else PIPED_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def print_block(block: RenderableType) -> None:
    """Print a table, panel or text."""
    screen = console()
    if screen.is_terminal:
        screen.print(block)
        return
    click.echo(rendered(block, screen))


def rendered(block: RenderableType, screen: Console | None = None) -> str:
    """Return a table, panel or text as plain lines."""
    screen = screen or console()
    # Rich fills lines with spaces, which other programs would have to take off again.
    with screen.capture() as capture:
        screen.print(block)
    return "\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n"))


def table(
    headings: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", right: Sequence[int] = ()
) -> Table:
    """Return a table. Cells are shown as ``shown_value`` has them; ``right`` are the columns of numbers."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, title=clean(title) or None, title_justify="left", pad_edge=False, show_edge=False)
    for at, heading in enumerate(headings):
        made.add_column(Text(clean(heading)), justify="right" if at in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*[Text(cell if isinstance(cell, str) else shown_value(cell)) for cell in map(_clean_text, row)])
    return made


def pairs(rows: Iterable[tuple[str, Any]]) -> Table:
    """Return two columns without lines: names and their values."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        made.add_row(Text(clean(name)), Text(shown_value(value)))
    return made


def shown_value(value: Any, zone: tzinfo = UTC) -> str:
    """Return ``value`` as people read it: money with currency and grouped digits, times to the minute in ``zone``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return translated(wording("yes")) if value else translated(wording("no"))
    if isinstance(value, Money):
        return shown_money(value)
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, Message):
        return clean(value.render(translate()))
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(shown_value(item, zone) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shown_value(item, zone)}" for key, item in value.items())
    return clean(str(value))


def shown_money(money: Money) -> str:
    """Return money rounded to its currency's units, with grouped digits: ``110,277.31 USD``."""
    return f"{money.rounded().amount:,.{minor_units(money.currency)}f} {money.currency}"


def clean(text: str) -> str:
    """Return ``text`` without control characters, which could move the cursor or recolour the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _clean_text(cell: Any) -> Any:
    return clean(cell) if isinstance(cell, str) else cell
