"""Customers as vCard 4.0 (RFC 6350), with the ways to reach them. Escaping and folding follow sections 3.2 to 3.4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from crmkit.core.customer import ContactPoint, Customer

_KINDS = {"person": "individual", "organization": "org", "household": "group"}
_URI = {"url": "URL", "social": "URL", "messaging": "IMPP"}
_WIDTH = 75


def write_vcards(customers: Iterable[tuple[Customer, Sequence[ContactPoint]]], file: BinaryIO) -> int:
    """Write a card for each customer; returns how many."""
    count = 0
    for customer, points in customers:
        file.write("".join(_folded(line) for line in _card(customer, points)).encode("utf-8"))
        count += 1
    return count


def _card(customer: Customer, points: Sequence[ContactPoint]) -> Iterator[str]:
    yield "BEGIN:VCARD"
    yield "VERSION:4.0"
    yield f"UID:urn:uuid:{customer.id}"
    yield f"KIND:{_KINDS[customer.kind]}"
    yield f"FN:{_text(customer.name)}"
    if customer.kind == "person":
        parts = (customer.family_name, customer.given_name, customer.additional_names, customer.prefix, customer.suffix)
        yield f"N:{';'.join(map(_text, parts))}"
    else:
        yield f"ORG:{_text(customer.legal_name or customer.name)}"
    if customer.nickname:
        yield f"NICKNAME:{_text(customer.nickname)}"
    if customer.birth_date is not None:
        born = str(customer.birth_date)
        yield f"BDAY:{born.replace('-', '') if len(born) == 10 else born}"
    for point in points:
        yield _point(point)
    if customer.description:
        yield f"NOTE:{_text(customer.description)}"
    if customer.updated_at is not None:
        yield f"REV:{customer.updated_at:%Y%m%dT%H%M%SZ}"
    yield "END:VCARD"


def _point(point: ContactPoint) -> str:
    parameters = ";PREF=1" if point.preferred else ""
    label = point.label.lower()
    if label in ("work", "home"):
        parameters += f";TYPE={label}"
    if point.kind == "email":
        return f"EMAIL{parameters}:{_text(point.value)}"
    if point.kind == "phone":
        if label in ("fax", "cell", "mobile"):
            parameters += f";TYPE={'cell' if label == 'mobile' else label}"
        return f"TEL{parameters}:{_text(point.normalized.partition(';')[0] or point.value)}"
    if point.kind == "address":
        parts = ("", "", point.street or point.value, point.city, point.region, point.postal_code, point.country)
        return f"ADR{parameters}:{';'.join(map(_text, parts))}"
    return f"{_URI[point.kind]}{parameters}:{_text(point.value)}"


_ESCAPES = str.maketrans({"\\": "\\\\", ",": "\\,", ";": "\\;", "\n": "\\n", "\r": ""})


def _text(value: str) -> str:
    return value.translate(_ESCAPES)


def _folded(line: str) -> str:
    """Return the line in pieces of at most 75 octets, no character cut in two."""
    pieces, piece, size = [], "", 0
    for character in line:
        width = len(character.encode("utf-8"))
        if size + width > _WIDTH:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + character, size + width
    return "\r\n".join([*pieces, piece]) + "\r\n"
