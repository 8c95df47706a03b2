"""What a delimited file is delimited with, and how far a record reaches that is too large to be parsed."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable

from crmkit.core.frozen import frozen

_CANDIDATES = ",;\t|"
_LINE_END = re.compile("\r\n?|\n")
_MAX_SCAN = 1 << 26  # characters after which an open quote counts as never closed


@frozen
class Dialect:
    """The characters that separate and quote cells; a quote inside a quoted cell is doubled (RFC 4180)."""

    delimiter: str
    quote: str


def find_delimiter(sample: str, quote: str, usual: str) -> str:
    """Return the delimiter that splits the sample's records into the same number of cells most often.

    A file of one column has none; then it is ``usual``, which also wins a tie.
    """
    lines = list(io.StringIO(sample, newline=""))
    if len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut off
    best, best_score = usual, (0.0, 0)
    for delimiter in sorted(_CANDIDATES, key=lambda candidate: candidate != usual):
        widths = _widths(lines, delimiter, quote)
        if not widths or widths[0] < 2:
            continue
        same = Counter(widths)[widths[0]] / len(widths)
        score = (round(same, 1), widths[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _widths(lines: list[str], delimiter: str, quote: str) -> list[int]:
    widths: list[int] = []
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
    try:
        for row in reader:
            while row and not row[-1]:
                row.pop()
            if row:
                widths.append(len(row))
            if len(widths) == 500:
                break
    except csv.Error:  # a cell above the csv module's limit: what came before decides
        pass
    return widths


@frozen
class Giant:
    """A record beyond the size that is parsed.

    If ``closed``, its largest cell is ``column`` (from 0) with ``size`` bytes of UTF-8, it spans ``lines`` lines and
    ``rest`` is the text after it. Otherwise a quote in it is never closed. ``first_line`` is the first line's length.
    """

    closed: bool
    first_line: int
    column: int = 0
    size: int = 0
    lines: int = 1
    rest: str = ""


def measure_record(text: str, read: Callable[[], str], dialect: Dialect) -> Giant:
    """Walk over the record at the start of ``text``, reading on as needed and holding one piece at a time."""
    delimiter, quote = dialect.delimiter, dialect.quote
    special = re.compile(f"[{re.escape(delimiter + quote)}\r\n]")
    first_line = 0  # 0: not yet known
    passed = column = size = largest = largest_at = lines = 0
    quoted = False
    fresh = True  # at the first character of a cell
    after_quote = False  # the last character was a quote inside a quoted cell: either its end or half of a doubled one

    def close() -> None:
        nonlocal largest, largest_at
        if size > largest:
            largest, largest_at = size, column

    while True:
        position = 0
        while position < len(text):
            letter = text[position]
            if after_quote and letter != quote:
                after_quote = quoted = False
                if letter not in (delimiter, "\r", "\n"):
                    return Giant(False, first_line or passed + position)
            if quoted and letter == quote:
                size += after_quote
                after_quote = not after_quote
                position += 1
                continue
            if quoted:
                stop = text.find(quote, position)
                stop = len(text) if stop < 0 else stop
                if text[stop - 1] == "\r" and stop == len(text) and (more := read()):
                    text += more  # the other half of \r\n may follow
                    continue
                inside = text[position:stop]
                size += len(inside.encode("utf-8", "surrogatepass"))
                if not first_line and (found := _LINE_END.search(inside)):
                    first_line = passed + position + found.end()
                lines += inside.count("\n") + inside.count("\r") - inside.count("\r\n")
                position = stop
                continue
            if letter in "\r\n":
                close()
                if position + 1 == len(text):
                    text, position, passed = letter + read(), 0, passed + position
                ended = position + (2 if text[position : position + 2] == "\r\n" else 1)
                return Giant(True, first_line or passed + ended, largest_at, largest, lines + 1, text[ended:])
            if letter == delimiter:
                close()
                column, size, fresh = column + 1, 0, True
                position += 1
            elif letter == quote and fresh:
                quoted, fresh = True, False
                position += 1
            else:
                found = special.search(text, position + 1)
                stop = found.start() if found else len(text)
                size += len(text[position:stop].encode("utf-8", "surrogatepass"))
                position, fresh = stop, False
        passed += len(text)
        text = read() if passed < _MAX_SCAN or not quoted else ""
        if not text:
            close()
            closed = not quoted or after_quote
            return Giant(closed, first_line or passed, largest_at, largest, lines + 1)
