"""vCard 2.1, 3.0 and 4.0 (RFC 2426, RFC 6350), a row a card, parsed by vobject.

Columns: uid, kind, name (FN), prefix, given_name, additional_names, family_name, suffix, nickname, organization,
department, title, birth_date (a date, or text such as ``--0412`` when incomplete), note, categories (a list); then
for each email, phone, address and url, the preferred one first: ``email``, ``email_type`` (such as ``work,home``);
``phone``, ``phone_type``; ``street``, ``city``, ``region``, ``postal_code``, ``country``, ``address_type``; ``url``.
The second ones are ``email_2``, ``email_2_type``, ``street_2``, ``address_2_type`` and so on, as many as the fullest
card of the file has. Pictures and sounds are passed over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from crmkit.core.messages import Message, msg, shown
from crmkit.services.importing.sources.encoding import Encoding, detect_encoding
from crmkit.services.importing.sources.records import Part, SourceOptions, TableSource, bad_row
from crmkit.services.importing.sources.text import PIECE, text_lines, undecodable

_PART = 200
_SINGLE = (
    *("uid", "kind", "name", "prefix", "given_name", "additional_names", "family_name", "suffix", "nickname"),
    *("organization", "department", "title", "birth_date", "note", "categories"),
)
_REPEATED = {
    "EMAIL": ("email", "email{n}_type"),
    "TEL": ("phone", "phone{n}_type"),
    "ADR": ("street", "city", "region", "postal_code", "country", "address{n}_type"),
    "URL": ("url",),
}
_PROPERTY = re.compile(r"(?:[\w-]+\.)?([\w-]+)[;:]")
_PASSED_OVER = {"PHOTO", "LOGO", "SOUND", "KEY"}
_NAME_PARTS = {
    "prefix": "prefix",
    "given": "given_name",
    "additional": "additional_names",
    "family": "family_name",
    "suffix": "suffix",
}


class _Card(NamedTuple):
    number: int
    lines: list[str]
    problem: Message | None
    position: int


def open_vcards(path: Path, options: SourceOptions) -> TableSource:
    """Return the table of cards in the file, read once to find how many emails and so on a card has at most."""
    import_module("vobject")  # if it is missing, say so now and not in the middle of an import
    encoding = detect_encoding(path, options.encoding)
    limit = 4 * max(options.max_field_bytes, PIECE)
    most: Counter[str] = Counter()
    for card in _cards(path, encoding, limit):
        names = (found.group(1).upper() for line in card.lines if (found := _PROPERTY.match(line)))
        most |= Counter(name for name in names if name in _REPEATED)
    columns = list(_SINGLE)
    for name in _REPEATED:
        for index in range(max(1, most[name])):
            columns += _numbered(name, index)
    read = partial(_read, path, encoding, limit, tuple(columns))
    return TableSource(path.stem, tuple(columns), f"vCard, {encoding.label}", "bytes", path.stat().st_size, read)


def _numbered(name: str, index: int) -> list[str]:
    number = f"_{index + 1}" if index else ""
    return [part.format(n=number) if "{n}" in part else part + number for part in _REPEATED[name]]


def _cards(path: Path, encoding: Encoding, limit: int) -> Iterator[_Card]:
    """Cut the file into cards; text between cards and cards without an end are bad ones."""
    lines: list[str] = []
    number = size = position = 0
    open_card = passing = False

    def broken(problem: Message) -> _Card:
        return _Card(number, lines, problem, position)

    for at, line, length, position in text_lines(path, encoding, limit):
        if line[:1] in (" ", "\t") and passing:
            continue
        mark = line.strip().upper()
        if mark == "BEGIN:VCARD":
            if lines:
                yield broken(msg("the card has no END:VCARD") if open_card else msg("text outside a card"))
            number, lines, size, open_card, passing = at, [line], 0, True, False
            continue
        if not open_card and not mark and not lines:
            continue
        found = _PROPERTY.match(line)
        passing = found is not None and found.group(1).upper() in _PASSED_OVER and open_card
        if passing:
            continue
        if not lines:
            number, size = at, 0
        size += length
        if size <= limit:
            lines.append(line)
        if mark == "END:VCARD" and open_card:
            too_large = msg("the card has {size} characters, more than the limit of {limit}", size=size, limit=limit)
            yield _Card(number, lines, too_large if size > limit else None, position)
            lines, open_card = [], False
    if lines:
        yield broken(msg("the card has no END:VCARD") if open_card else msg("text outside a card"))


def _read(path: Path, encoding: Encoding, limit: int, columns: tuple[str, ...]) -> Iterator[Part]:
    part = Part([], [], [], 0)
    for card in _cards(path, encoding, limit):
        text = "\r\n".join(card.lines) + "\r\n"
        byte = undecodable(text)
        problem = card.problem
        if byte is not None:
            problem = msg(
                "holds bytes that are not {encoding}, the first is {byte}", encoding=encoding.label, byte=byte
            )
        values = _values(text) if problem is None else problem
        if isinstance(values, Message):
            part.problems.append(bad_row(card.number, values, text))
        else:
            part.rows.append([values.get(column) for column in columns])
            part.numbers.append(card.number)
        if len(part.rows) + len(part.problems) >= _PART:
            yield part._replace(position=card.position)
            part = Part([], [], [], card.position)
    if part.rows or part.problems:
        yield part._replace(position=card.position)


def _values(text: str) -> dict[str, Any] | Message:
    import vobject  # type: ignore[import-untyped, unused-ignore]

    try:
        card = vobject.readOne(text, allowQP=True)
        return _flat(card)
    # vobject meets broken values with whatever its parsers raise.
    except (vobject.base.VObjectError, ValueError, LookupError, TypeError, AttributeError) as error:
        return msg("the card cannot be read: {reason}", reason=shown(error, 200))


def _flat(card: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column, name in (("uid", "uid"), ("kind", "kind"), ("name", "fn"), ("title", "title"), ("note", "note")):
        values[column] = _text(_first(card, name))
    values["nickname"] = _text(_first(card, "nickname"))
    parts = _first(card, "n")
    for part, column in _NAME_PARTS.items():
        values[column] = _text(getattr(parts, part, None))
    organization = _first(card, "org")
    units = organization if isinstance(organization, list) else [organization]
    values["organization"] = _text(units[0] if units else None)
    values["department"] = _text([unit for unit in units[1:] if unit], ", ")
    values["birth_date"] = _date(_text(_first(card, "bday")))
    categories = [entry for line in card.contents.get("categories", []) for entry in _list(line.value)]
    values["categories"] = categories or None
    for name in _REPEATED:
        lines = sorted(card.contents.get(name.lower(), []), key=_preference)
        for index, line in enumerate(lines):
            values.update(zip(_numbered(name, index), _cells(name, line), strict=False))
    return values


def _cells(name: str, line: Any) -> list[Any]:
    types = ",".join(kind for kind in _types(line) if kind != "pref") or None
    if name == "ADR":
        address = line.value
        street = [_text(part) for part in (address.box, address.extended, address.street)]
        place = [_text(part) for part in (address.city, address.region, address.code, address.country)]
        return [", ".join(part for part in street if part) or None, *place, types]
    value = _text(line.value) or ""
    for scheme in ("tel:", "mailto:"):
        if name != "URL" and value.lower().startswith(scheme):
            value = value[len(scheme) :]
    return [value or None, types]


def _types(line: Any) -> list[str]:
    # vCard 2.1 writes TEL;WORK;VOICE: the types are parameters without a name.
    named = [part for value in line.params.get("TYPE", []) for part in value.split(",")]
    bare = line.singletonparams
    return [kind.strip().lower() for kind in [*named, *bare] if kind.strip()]


def _preference(line: Any) -> int:
    stated = line.params.get("PREF", [""])[0]
    if stated.isdecimal():
        return int(stated)
    return 1 if "pref" in _types(line) else 101


def _first(card: Any, name: str) -> Any:
    lines = card.contents.get(name)
    return lines[0].value if lines else None


def _list(value: Any) -> list[str]:
    entries = value if isinstance(value, list) else str(value).split(",")
    return [str(entry).strip() for entry in entries if str(entry).strip()]


def _text(value: Any, separator: str = " ") -> str | None:
    if isinstance(value, list):
        value = separator.join(str(part) for part in value if part)
    return str(value).strip() or None if value is not None else None


def _date(value: str | None) -> date | str | None:
    try:
        return date.fromisoformat(value.split("T")[0]) if value else None
    except ValueError:
        return value
