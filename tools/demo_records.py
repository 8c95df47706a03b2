"""What the story of the demonstration is made of: chance, people, contacts, order lines and machines."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID, uuid5

import attrs

from tools.demo_company import Organization, User

T = TypeVar("T")

LAST = date(2026, 6, 30)
"""The day on which the story ends."""

_THREADS = UUID("0b2f4c1e-6a35-5d0e-9b1c-7f0a3a9a5d21")

_CHANNELS = {"email": "mail", "call": "phone", "web": "web", "survey": "survey", "purchase": "erp", "payment": "erp"}
_CHANNELS |= {"delivery": "erp", "return": "erp", "refund": "erp", "complaint": "mail"}


class Chance:
    """Chance that gives the same on every version of Python: it draws on nothing but ``random()``."""

    def __init__(self, seed: str) -> None:
        self._draw = random.Random(seed).random

    def number(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return low + int(self._draw() * (high - low + 1))

    def one(self, of: Sequence[T]) -> T:
        """Return one of several."""
        return of[self.number(0, len(of) - 1)]

    def happens(self, share: float) -> bool:
        """Tell whether something of this likelihood happens."""
        return self._draw() < share


@attrs.define(eq=False)
class Person:
    """Somebody at a customer."""

    code: str
    organization: Organization
    name: str
    address: str
    mail: str
    phone: str
    row: dict[str, Any]


@attrs.define(eq=False)
class Line:
    """A line of an order; ``amount`` is exact."""

    sku: str
    quantity: int
    price: Decimal
    discount: Decimal

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.price * (1 - self.discount)


@attrs.define(eq=False)
class Contact:
    """One interaction. ``about`` is the earlier one that it belongs to."""

    kind: str
    at: datetime
    organization: Organization
    person: Person
    user: User
    direction: str
    subject: str
    body: str
    about: Contact | None = None
    outcome: str = ""
    amount: Decimal | None = None
    currency: str = ""
    lines: list[Line] = attrs.field(factory=list)
    minutes: int = 0
    key: str = ""
    status: str = "completed"
    rated: tuple[int, int] | None = None
    """What was expected of the installation and what was experienced."""

    @property
    def channel(self) -> str:
        return _CHANNELS.get(self.kind, "field")

    @property
    def thread(self) -> str:
        """The id of the conversation that an enquiry or a complaint began, empty outside of one."""
        first = self
        while first.about is not None:
            first = first.about
        begun = first.kind in ("email", "web", "complaint") and first.direction == "inbound"
        return str(uuid5(_THREADS, f"{first.channel}\0{first.key}")) if begun else ""


@attrs.define(eq=False)
class Machine:
    """A system that a customer owns."""

    serial: str
    sku: str
    organization: Organization
    purchased: date
    installed: date = LAST
