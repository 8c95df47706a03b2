"""Lists of what was done and can be taken back, such as merges and hand-overs: the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.messages import Message


def newest_options(function: Any) -> Any:
    """Give a command ``--limit`` and ``--json``."""
    limited = option(
        "--limit",
        type=click.IntRange(min=1),
        default=50,
        show_default=True,
        metavar="N",
        help=wording("At most this many."),
    )
    return limited(json_option(function))


def print_newest(
    documents: Sequence[Mapping[str, Any]],
    headings: Iterable[str],
    rows: Iterable[Sequence[Any]],
    timezone: str,
    as_json: bool,
    none: Message,
) -> None:
    """Print ``documents`` as JSON, or ``rows`` as a table with instants in ``timezone``; where there are no documents,
    say ``none``."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from crmkit.cli.output import print_block, print_json, shown_value, table
    from crmkit.cli.running import say

    if as_json:
        print_json(documents)
        return
    if not documents:
        say(none)
        return
    zone = ZoneInfo(timezone)
    cells = [
        ["" if cell is None else shown_value(cell, zone) if isinstance(cell, datetime) else cell for cell in row]
        for row in rows
    ]
    print_block(table([translated(heading) for heading in headings], cells))
