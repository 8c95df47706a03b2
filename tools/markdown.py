"""Small pieces of Markdown, as the pages of ``docs`` use them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_NO_WORD = re.compile(r"[^\w\- ]")


def slug(heading: str) -> str:
    """Return the anchor of a heading by GitHub's rule: lower case, punctuation dropped, spaces to hyphens."""
    return _NO_WORD.sub("", heading.strip().lower()).replace(" ", "-")


def code(text: object) -> str:
    """Return ``text`` as inline code, also where it has backticks of its own; nothing for nothing."""
    shown = str(text)
    if not shown:
        return ""
    ticks = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    space = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def codes(texts: Iterable[object]) -> str:
    """Return several texts as inline code, separated by commas."""
    return ", ".join(code(text) for text in texts)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the text of each cell is put on one line."""
    lines = [_row(headings), "|".join(["", *("---" for _ in headings), ""]), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"
