"""What most commands print: a list of records as a table, and a page with facts and tables; either as JSON, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from crmkit.cli.output import pairs, print_block, print_json, table
from crmkit.cli.running import say
from crmkit.cli.words import translated
from crmkit.core.messages import Message

PageTable = tuple[str, Sequence[str], Sequence[Sequence[Any]], Sequence[int]]
"""A table of a page: its title and headings (translated when printed), its rows, and the columns set to the right."""


def print_list(
    documents: Sequence[Any],
    headings: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    as_json: bool,
    nothing: Message,
    right: Sequence[int] = (),
) -> None:
    """Print a list: ``documents`` as JSON, else ``rows`` under translated headings; ``nothing`` is said of an empty one."""
    if as_json:
        print_json(documents)
    elif not documents:
        say(nothing)
    else:
        print_block(table([translated(heading) for heading in headings], rows, right=right))


def print_page(facts: Iterable[tuple[str, Any]], tables: Iterable[PageTable] = ()) -> None:
    """Print facts as pairs of a translated label and a value, and each table below its title; what is empty is left out."""
    print_block(pairs([(translated(label), value) for label, value in facts if value not in (None, "")]))
    for title, headings, rows, right in tables:
        if not rows:
            continue
        click.echo()
        click.echo(translated(title))
        print_block(table([translated(heading) for heading in headings], rows, right=right))
