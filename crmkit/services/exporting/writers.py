"""Writers of export files. Each takes a stream of records and a binary file, and keeps only a page in memory."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from crmkit.core.entity import FieldInfo
from crmkit.core.errors import BadInput
from crmkit.core.messages import msg
from crmkit.services.exporting.columns import as_cell, columns_of
from crmkit.services.importing.templates import disarmed

BOM = "\ufeff".encode()
_MOST_ROWS = 1_048_575
_MOST_CHARACTERS = 32_767
"""Excel's limits of a sheet and a cell."""


def write_csv(records: Iterable[Any], fields: Sequence[FieldInfo], file: BinaryIO) -> int:
    """Write CSV in UTF-8 with a byte order mark, which Excel needs; returns the number of records."""
    columns = columns_of(fields)
    file.write(BOM)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in columns])
    count = 0
    for record in records:
        writer.writerow([_safe(column.value(record)) for column in columns])
        count += 1
        if count % 500 == 0:
            _drain(text, file)
    _drain(text, file)
    return count


def _safe(value: Any) -> str:
    return disarmed(value) if isinstance(value, str) else as_cell(value)


def _drain(text: io.StringIO, file: BinaryIO) -> None:
    file.write(text.getvalue().encode("utf-8"))
    text.seek(0)
    text.truncate()


def write_jsonl(records: Iterable[Any], fields: Sequence[FieldInfo], file: BinaryIO) -> int:
    """Write a JSON object a line: decimals as text, times in UTC; texts stay as they are."""
    encode = msgspec.json.Encoder(decimal_format="string").encode
    columns = columns_of(fields)
    count = 0
    for record in records:
        file.write(encode({column.name: column.value(record) for column in columns}) + b"\n")
        count += 1
    return count


def _spelled(text: str) -> str:
    """Return a text with characters that XML lacks or changes as ECMA-376 (part 1, 22.9.2.19) spells them."""
    return _UNSPEAKABLE.sub(lambda found: f"_x{ord(found[0][0]):04X}_", text)


_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0b-\x1f]|_(?=x[0-9A-Fa-f]{4}_)")


def write_xlsx(records: Iterable[Any], fields: Sequence[FieldInfo], path: Path) -> int:
    """Write an Excel workbook of one sheet; exact decimals beyond Excel's 15 digits are written as text.

    Raises BadInput for more rows or longer texts than a sheet can hold.
    """
    try:
        openpyxl = import_module("openpyxl")
        parts = import_module("openpyxl.cell")
    except ImportError:
        raise BadInput(msg("XLSX needs the package openpyxl; install crmkit[excel]")) from None
    columns = columns_of(fields)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("export")
    sheet.append([column.name for column in columns])

    def cell(value: Any) -> Any:
        if isinstance(value, str):
            value = _spelled(disarmed(value))
            if len(value) > _MOST_CHARACTERS:
                raise BadInput(
                    msg("a text of {length} characters is too long for Excel; export as csv", length=len(value))
                )
            made = parts.WriteOnlyCell(sheet, value=value)
            made.data_type = "s"
            return made
        if isinstance(value, Decimal):
            return value if len(value.as_tuple().digits) <= 15 else as_cell(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**15:
            return as_cell(value)
        if isinstance(value, datetime):
            # A sheet has no time zones.
            return as_cell(value)
        return value

    count = 0
    for record in records:
        count += 1
        if count > _MOST_ROWS:
            raise BadInput(msg("more than {most} records do not fit on a sheet; export as csv", most=_MOST_ROWS))
        sheet.append([cell(column.value(record)) for column in columns])
    book.save(path)
    return count
