"""Entities with a field of every kind, and worlds of records with awkward values, to ask filters of."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import attrs

from crmkit.core.entity import CustomField, Part, Record, Via, ViaLink, entity, field
from crmkit.core.filter import FilterContext
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate

NOW = datetime(2026, 3, 29, 14, 30, tzinfo=UTC)


@entity("team")
class Team(Part):
    name: str = field(default="")


@entity("user")
class User(Record):
    name: str = field(default="")
    boss_id: UUID | None = field(default=None, reference="user")
    left_on: date | None = field(default=None)


@entity("party", plural="parties", access=(ViaLink("seat", "party_id", "meeting_id"),))
class Party(Record):
    kind: Literal["person", "Organization", "household"] = field(default="person")
    name: str = field(default="")
    note: str | None = field(default=None)
    size: int | None = field(default=None)
    weight: Decimal | None = field(default=None)
    active: bool = field(default=False)
    vip: bool | None = field(default=None)
    worth: Money | None = field(default=None)
    born: PartialDate | None = field(default=None)
    signed: date | None = field(default=None)
    seen: datetime | None = field(default=None)
    words: tuple[str, ...] = field(default=())
    parent_id: UUID | None = field(default=None, reference="party")


@entity("deal", access=Via("party_id"))
class Deal(Part):
    party_id: UUID = field(reference="party")
    name: str = field(default="")
    price: Money | None = field(default=None)
    closed: datetime | None = field(default=None)


@entity("meeting", access=(ViaLink("seat", "meeting_id", "party_id"),))
class Meeting(Record):
    name: str = field(default="")
    held: datetime | None = field(default=None)


@entity("seat", access=Via("meeting_id"))
class Seat(Part):
    meeting_id: UUID = field(reference="meeting")
    party_id: UUID | None = field(default=None, reference="party")
    role: str = field(default="")


@entity("label")
class Label(Record):
    name: str = field(default="")


@entity("labelling", access=Via("label_id"))
class Labelling(Part):
    label_id: UUID = field(reference="label")
    entity: str = field()
    record_id: UUID = field()


CUSTOM = tuple(
    CustomField(entity="party", name=f"c_{type}", type=type)
    for type in ("text", "integer", "decimal", "boolean", "date", "partial_date", "instant", "id", "words")
)
REGISTRY = EntityRegistry(
    (Team, User, Party, Deal, Meeting, Seat, Label, Labelling),
    (*CUSTOM, CustomField(entity="party", name="dealer_id", type="id", reference="party")),
)

TEXTS = (
    "", "Stop", "STOP & Go", "stop\\", "100%", "a_b", "O'Brien", "Émile", "émile", "e\u0301", "Straße", "STRASSE",
    "İzmir", "izmir", "ςίγμα", "ΣΊΓΜΑ", "Ａｃｍｅ", "acme", "臺灣", "台灣", "\u212b", "å", " x ", 'say "hi"',
    "line\nbreak",
    "ǅ", "and", "😀", "𐐀", "z",
)  # fmt: skip
NUMBERS = (
    "0", "-1", "3", "3.5", "-2.000001", "12.50", "12.5000001", "100", "9000000000000", "1" + "0" * 30, "-1" + "0" * 30
)  # fmt: skip
PARTIALS = (
    "1980",
    "1980-05",
    "1980-05-17",
    "1980-12",
    "--05-17",
    "--05",
    "1979",
    "2026-03-29",
    "--12-05",
    "2000-02-29",
)
DATES = ("1980-05-17", "2026-03-28", "2026-03-29", "2026-03-30", "2024-02-29", "0001-01-01", "9999-12-31")
INSTANTS = (
    "2026-03-29T00:59:59.999999Z", "2026-03-29T01:00:00Z", "2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z",
    "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-11-01T05:59:59Z", "2026-03-08T07:00:00Z",
    "2026-03-29T22:00:00Z", "2026-03-29T14:30:00Z", "2025-12-31T23:30:00Z", "1969-07-20T20:17:40.000001Z",
)  # fmt: skip
IDS = tuple(str(UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0000 + n)) for n in range(3))
MOMENTS = (
    "now", "today", "yesterday", "tomorrow", "start of week", "start of month - 1 month", "start of quarter",
    "start of year + 3 days", "now - 2 hours", "today - 90 days", "today + 9 hours", "now - 1 month",
    "now - 999999 years", "today + 999999 weeks",
)  # fmt: skip
ME = UUID(IDS[0])
ZONES = ("UTC", "Europe/Berlin", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")


def context(zone: str = "Europe/Berlin") -> FilterContext:
    return FilterContext(now=NOW, zone=zone, user=ME)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def make_world(seed: int, count: int = 40) -> list[Any]:
    """Return records in an order in which references come first."""
    dice = random.Random(seed)

    def maybe(values: Sequence[Any]) -> Any:
        return dice.choice(values) if dice.random() < 0.8 else None

    def ident() -> UUID:
        return UUID(int=dice.getrandbits(128))

    def number(text: str | None) -> Decimal | None:
        return None if text is None or abs(Decimal(text)) > 10**12 or len(text) > 9 else Decimal(text)

    def money() -> Money | None:
        amount = number(maybe(NUMBERS))
        return None if amount is None else Money(amount, dice.choice(("EUR", "USD", "CNY")))

    def partial(text: str | None) -> PartialDate | None:
        from crmkit.core.values.partial_date import parse_partial_date

        return None if text is None else parse_partial_date(text)

    def day(text: str | None) -> date | None:
        return None if text is None else date.fromisoformat(text)

    def moment() -> datetime | None:
        text = maybe(INSTANTS)
        return None if text is None else instant(text)

    def custom(parties: Sequence[Party]) -> dict[str, Any]:
        values = {
            "c_text": maybe(TEXTS),
            "c_integer": dice.choice((0, 3, -1, 10**25)),
            "c_decimal": maybe(NUMBERS),
            "c_boolean": maybe((True, False)),
            "c_date": maybe(DATES),
            "c_partial_date": maybe(PARTIALS),
            "c_instant": maybe((*INSTANTS, "2026-03-29T03:00:00+02:00")),
            "c_id": maybe(IDS),
            "c_words": [word for word in dice.choices(TEXTS, k=2) if word],
            "dealer_id": str(dice.choice(parties).id) if parties and dice.random() < 0.5 else None,
        }
        return {name: value for name, value in values.items() if dice.random() < 0.8}

    teams = [Team(id=ident(), name=name) for name in ("North", "South")]
    users: list[User] = []
    for name in ("Nancy Davolio", "Émile", "", "台灣"):
        boss = dice.choice(users).id if users else None
        users.append(User(id=ident(), name=name, boss_id=boss, left_on=day(maybe(DATES))))
    parties: list[Party] = []
    for _ in range(count):
        size = number(maybe(NUMBERS))
        weight = number(maybe(NUMBERS))
        parties.append(
            Party(
                id=ident(),
                kind=dice.choice(("person", "Organization", "household")),
                name=dice.choice(TEXTS),
                note=maybe(TEXTS),
                size=None if size is None else int(size),
                weight=weight,
                active=dice.random() < 0.5,
                vip=maybe((True, False)),
                worth=money(),
                born=partial(maybe(PARTIALS)),
                signed=day(maybe(DATES)),
                seen=moment(),
                words=tuple(dice.choices(TEXTS[1:], k=dice.choice((0, 1, 3)))),
                parent_id=maybe([party.id for party in parties] or [None]),
                owner_id=maybe([user.id for user in users]),
                team_id=maybe([team.id for team in teams]),
                custom=custom(parties),
                created_at=NOW - timedelta(days=dice.randrange(200)),
            )
        )
    party_ids = [party.id for party in parties]
    deals = [
        Deal(id=ident(), party_id=dice.choice(party_ids), name=dice.choice(TEXTS), price=money(), closed=moment())
        for _ in range(count)
    ]
    meetings = [Meeting(id=ident(), name=dice.choice(TEXTS), held=moment()) for _ in range(count // 2)]
    seats = [
        Seat(id=ident(), meeting_id=dice.choice(meetings).id, party_id=maybe(party_ids), role=dice.choice(TEXTS))
        for _ in range(2 * count)
    ]
    labels = [Label(id=ident(), name=name) for name in ("vip", "Zürich", "")]
    labellings = [
        Labelling(
            id=ident(),
            label_id=dice.choice(labels).id,
            entity=dice.choice(("party", "deal")),
            record_id=dice.choice(party_ids),
        )
        for _ in range(count)
    ]
    return [*teams, *users, *parties, *deals, *meetings, *seats, *labels, *labellings]


@attrs.define
class WorldResolver:
    """Finds records in a world."""

    records: list[Any]
    _by_id: dict[tuple[str, UUID], Any] = attrs.field(init=False)
    _below: dict[tuple[str, str, Any], list[Any]] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._by_id = {(REGISTRY.of(record).name, record.id): record for record in self.records}

    def related(self, entity: str, id: UUID) -> Any | None:
        return self._by_id.get((entity, id))

    def children(self, entity: str, field: str, id: UUID) -> Iterable[Any]:
        key = (entity, field, id)
        if key not in self._below:
            records = [record for record in self.records if REGISTRY.of(record).name == entity]
            if REGISTRY.get(entity).field(field).custom:
                self._below[key] = [record for record in records if record.custom.get(field) == str(id)]
            else:
                self._below[key] = [record for record in records if getattr(record, field) == id]
        return self._below[key]
