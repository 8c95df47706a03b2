"""JSON: an object a line (JSON lines), an array of objects, or objects in a row. Numbers are never floats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from crmkit.core.messages import Message, msg, shown
from crmkit.services.importing.sources.encoding import Encoding, detect_encoding
from crmkit.services.importing.sources.records import Part, SourceOptions, SourceRow, TableSource, bad_row
from crmkit.services.importing.sources.text import PIECE, TextFile, text_lines, undecodable

_PART = 1000


def open_json(path: Path, options: SourceOptions) -> TableSource:
    """Return the table of a JSON or JSON lines file. Its columns are all keys that occur, found by reading it once."""
    encoding = detect_encoding(path, options.encoding)
    limit = 4 * max(options.max_field_bytes, PIECE)
    by_line = path.suffix.lower() != ".json" or _first_line_is_record(path, encoding, limit)
    read = partial(_line_records if by_line else _value_records, path, encoding, limit)
    columns: dict[str, None] = {}
    for _, found, _ in read():
        if isinstance(found, dict):
            columns.update(dict.fromkeys(found))
    names = tuple(columns)
    kind = "JSON lines" if by_line else "JSON"
    total = path.stat().st_size
    return TableSource(path.stem, names, f"{kind}, {encoding.label}", "bytes", total, partial(_parts, read, names))


def _first_line_is_record(path: Path, encoding: Encoding, limit: int) -> bool:
    first = next((line for _, line, _, _ in text_lines(path, encoding, limit) if line.strip()), "{}")
    try:
        return isinstance(msgspec.json.decode(first), dict)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False


def _parts(read: Any, columns: tuple[str, ...]) -> Iterator[Part]:
    part = Part([], [], [], 0)
    for number, found, position in read():
        if isinstance(found, dict):
            part.rows.append([found.get(column) for column in columns])
            part.numbers.append(number)
        else:
            part.problems.append(found)
        if len(part.rows) + len(part.problems) >= _PART:
            yield part._replace(position=position)
            part = Part([], [], [], position)
    if part.rows or part.problems:
        yield part._replace(position=position)


Found = tuple[int, "dict[str, Any] | SourceRow", int]
"""Number of the record, the record or why there is none, and the position in bytes."""


def _line_records(path: Path, encoding: Encoding, limit: int) -> Iterator[Found]:
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    for number, line, length, position in text_lines(path, encoding, limit):
        if not line or line.isspace():
            continue
        found: Any
        if length > limit:
            problem: Message = msg(
                "the line has {length} characters, more than the limit of {limit}", length=length, limit=limit
            )
            found = bad_row(number, problem, line[:1000])
        else:
            try:
                found = decode(line)
            except (msgspec.DecodeError, RecursionError) as error:
                found = bad_row(number, msg("not valid JSON: {reason}", reason=error), line)
            except UnicodeEncodeError:
                found = bad_row(number, _wrong_bytes(line, encoding), line)
        yield number, _object(number, found, line), position


def _object(number: int, found: Any, text: str) -> dict[str, Any] | SourceRow:
    if isinstance(found, dict | SourceRow):
        return found
    return bad_row(number, msg("not a JSON object but {text}", text=shown(text)), text)


def _wrong_bytes(text: str, encoding: Encoding) -> Message:
    return msg(
        "holds bytes that are not {encoding}, the first is {byte}",
        encoding=encoding.label,
        byte=undecodable(text) or "a lone surrogate",
    )


def _value_records(path: Path, encoding: Encoding, limit: int) -> Iterator[Found]:
    """Yield the values of an array, or of a file of values. After a broken one nothing can be trusted: it is last."""
    decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)
    number = 0
    with TextFile(path, encoding) as file:
        buffer = file.read().lstrip()
        array = buffer.startswith("[")
        buffer = buffer[array:]
        final = False
        while True:
            buffer = buffer.lstrip(" \t\r\n," if number else " \t\r\n")
            if array and buffer.startswith("]"):
                return
            end = -1
            reason: object = msg("the file ends inside the array") if array else ""
            if buffer:
                try:
                    found, end = decoder.raw_decode(buffer)
                except (ValueError, RecursionError) as error:
                    reason = error
            # A value that ends with the buffer may be the first half of a longer one.
            if (end < 0 or end == len(buffer)) and not final and len(buffer) <= limit:
                piece = file.read(max(PIECE, len(buffer)))
                final = not piece
                buffer += piece
                continue
            if not buffer and not array:
                return
            number += 1
            if end < 0:
                problem = msg("not valid JSON, nothing after it is read: {reason}", reason=reason)
                yield number, bad_row(number, problem, buffer[:1000]), file.position
                return
            text, buffer = buffer[:end], buffer[end:]
            if undecodable(text) is not None:
                found = bad_row(number, _wrong_bytes(text, encoding), text)
            yield number, _object(number, found, text), file.position


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
