"""Templates of mapping files, such as ``{first_name} {last_name|upper}``, compiled to functions of a row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.messages import msg
from crmkit.core.values.text import composed

Cell = Callable[[Sequence[Any]], Any]
"""Returns the value for a row of cells: as the source gave it for a lone column, else text. Empty values are ''."""

_PART = re.compile(r"\{\{|\}\}|\{([^{}|]+)(?:\|([a-z]+))?\}|([^{}]+)|([{}])")


def _slug(text: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    return re.sub(r"[^\w]+", "-", plain).strip("-")


FILTERS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "slug": _slug,
    "digits": lambda text: "".join(c for c in text if c.isdigit()),
}


def compile_template(template: str, columns: Sequence[str], where: str) -> Cell:
    """Return the function for a template.

    ``where`` names its place in error messages. Raises BadInput for an unknown column or filter, or a stray brace.
    """
    parts: list[str | tuple[int, Callable[[str], str] | None]] = []
    for match in _PART.finditer(template):
        column, name, text, stray = match.groups()
        if stray:
            raise BadInput(msg("{where}: stray brace in {text}; write it twice", where=where, text=template))
        if column is not None:
            parts.append((_place(column.strip(), columns, where), _filter(name, where)))
        else:
            parts.append(text if text is not None else match.group()[0])
    if not parts:
        return lambda row: ""
    if len(parts) == 1:
        return _lone(parts[0])
    return lambda row: "".join(part if isinstance(part, str) else _shown(row, *part) for part in parts).strip()


def exported_column(column: str, columns: Sequence[str], where: str, sheet: bool = True) -> Cell:
    """Return the function that gives a cell of an export; of a ``sheet`` as it was before it was made safe for one."""
    place = _place(column, columns, where)

    def cell(row: Sequence[Any]) -> Any:
        value = row[place]
        if type(value) is str:
            return value[1:] if sheet and _DISARMED.match(value) else value
        return "" if value is None else value

    return cell


def disarmed(text: str) -> str:
    """Return a text so that no spreadsheet takes it for a formula: an apostrophe stands before the sign of one.

    https://owasp.org/www-community/attacks/CSV_Injection names the signs. ``exported_column`` undoes it.
    """
    return f"'{text}" if _FORMULA.match(text) else text


_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_DISARMED = re.compile(r"'+[=+\-@\t\r]")


def _lone(part: str | tuple[int, Callable[[str], str] | None]) -> Cell:
    if isinstance(part, str):
        return lambda row: part
    place, function = part
    if function is not None:
        return lambda row: _shown(row, place, function)

    def cell(row: Sequence[Any]) -> Any:
        value = row[place]
        return value.strip() if type(value) is str else "" if value is None else value

    return cell


def _shown(row: Sequence[Any], place: int, function: Callable[[str], str] | None) -> str:
    text = as_text(row[place])
    return function(text) if function else text


def as_text(value: Any) -> str:
    """Return a cell as text: numbers without exponent, dates in ISO form, nothing as ''."""
    if value is None:
        return ""
    if isinstance(value, str):
        # As records hold it, since keys are looked up by it.
        return composed(value.strip())
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()
    return str(value)


def _place(column: str, columns: Sequence[str], where: str) -> int:
    try:
        return columns.index(column)
    except ValueError:
        hint = did_you_mean(column, columns)
        raise BadInput(
            msg("{where}: the source has no column {column}; {hint}", where=where, column=column, hint=hint)
        ) from None


def _filter(name: str | None, where: str) -> Callable[[str], str] | None:
    if name is None:
        return None
    if name not in FILTERS:
        raise BadInput(
            msg("{where}: unknown filter {name}; {hint}", where=where, name=name, hint=did_you_mean(name, FILTERS))
        )
    return FILTERS[name]
