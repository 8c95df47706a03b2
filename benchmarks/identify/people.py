"""Who is asked for: customers drawn at random, and what they might show of themselves, mistyped or shortened."""

from __future__ import annotations

import random
from uuid import UUID

import attrs

from crmkit.core.values.ids import new_id
from crmkit.core.values.partial_date import PartialDate
from crmkit.services.identify import Evidence

STREETS = [
    "Obere Str.",
    "Hauptstr.",
    "Marktplatz",
    "Bahnhofstr.",
    "Rue de la Gare",
    "High Street",
    "Kirchweg",
    "Am Anger",
]
CITIES = ("Berlin", "Hamburg", "München", "Köln", "Leipzig", "Wien", "Zürich", "Graz")


@attrs.frozen
class Known:
    """What a customer that is asked for is known by."""

    id: UUID
    name: str
    email: str
    phone: str
    number: str
    birth_date: PartialDate
    street: str
    postal_code: str
    city: str


def somebody(drawn: random.Random, name: str, number: int) -> Known:
    """Return a customer of this name, the ``number``-th."""
    local = "".join(name.lower().split()).encode("ascii", "ignore").decode() or "contact"
    return Known(
        id=new_id(),
        name=name,
        email=f"{local}{number}@firm{number % 5_000}.example",
        phone=f"+4930{2_000_000 + number}",
        number=f"C-{number}",
        birth_date=PartialDate(drawn.randrange(1940, 2006), drawn.randrange(1, 13), drawn.randrange(1, 29)),
        street=f"{drawn.choice(STREETS)} {drawn.randrange(1, 120)}",
        postal_code=f"{drawn.randrange(1_000, 99_999):05}",
        city=drawn.choice(CITIES),
    )


def blurred(drawn: random.Random, one: Known, place: int) -> Evidence:
    """Return what somebody might show of a customer: never an exact key."""
    first, _, last = one.name.partition(" ")
    typo = _mistyped(drawn, one.name)
    match place % 5:
        case 0:
            return Evidence(name=typo, birth_date=one.birth_date)
        case 1:
            return Evidence(name=f"{last}, {first}" if last else first, postal_code=one.postal_code, city=one.city)
        case 2:
            return Evidence(name=one.name, emails=_mistyped(drawn, one.email.partition("@")[0]) + "@elsewhere.example")
        case 3:
            return Evidence(name=typo, phones="+43" + one.phone[3:])
        case _:
            street = f"{one.street}, {one.postal_code} {one.city}"
            return Evidence(name=f"{first[0]}. {last}" if last else first, address=street, postal_code=one.postal_code)


def _mistyped(drawn: random.Random, text: str) -> str:
    """Return a text with two neighbours changed about, not the first."""
    if len(text) < 4:
        return text
    at = drawn.randrange(1, len(text) - 2)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
