"""The invented company of the demonstration: its people, products and customers, from the tables in ``tools/demo``.

Nobody and nothing here exists. Mail addresses are under ``.example`` (RFC 2606). German and British telephone numbers
are of the ranges that the regulators (Bundesnetzagentur, Ofcom) keep for films and books; elsewhere the number begins
with a zero behind the area code, which no subscriber's number does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "demo"


class User(NamedTuple):
    login: str
    name: str
    title: str
    team: str
    reports_to: str
    role: str
    language: str
    state: str = "active"

    @property
    def chinese(self) -> bool:
        return self.language.startswith("zh")


class Organization(NamedTuple):
    code: str
    part: str
    name: str
    slug: str
    country: str
    city: str
    postal_code: str
    street: str
    industry: str
    employees: int
    founded: int
    owner: str
    parent: str

    @classmethod
    def of(cls, row: Sequence[str]) -> Organization:
        """Return the organization of a row of the table."""
        a, b, c, d, e, f, g, h, i, employees, founded, owner, parent = row
        return cls(a, b, c, d, e, f, g, h, i, int(employees), int(founded), owner, parent)

    @property
    def chinese(self) -> bool:
        return self.country == "CN"

    @property
    def domain(self) -> str:
        return f"{self.slug}.example"


class Product(NamedTuple):
    sku: str
    category: str
    english: str
    chinese: str
    unit: str
    price: int
    cost: int
    introduced: str
    about: str
    about_chinese: str

    @classmethod
    def of(cls, row: Sequence[str]) -> Product:
        """Return the product of a row of the table."""
        a, b, c, d, e, price, cost, introduced, about, about_chinese = row
        return cls(a, b, c, d, e, int(price), int(cost), introduced, about, about_chinese)

    @property
    def name(self) -> str:
        return f"{self.english} · {self.chinese}"


def _table(name: str) -> list[list[str]]:
    """Return the rows of a table that people can edit; a line that begins with # is a remark."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in lines if not line.startswith("#")]


TEAMS = [(row[0], row[1]) for row in _table("teams")]

USERS = [User(*row) for row in _table("users")]

_SEEN_BY_ALL = (
    "product",
    "team",
    "user",
    "tag",
    "tagging",
    "segment",
    "relation_type",
    "working_calendar",
    "lifecycle",
    "exchange_rate",
    "survey_question",
)
_OF_CUSTOMERS = (
    "customer",
    "contact_point",
    "customer_relation",
    "consent",
    "asset",
    "relationship",
    "stage_track",
    "stage_transition",
)
_OF_CONTACTS = ("interaction", "interaction_participant", "interaction_line", "interaction_link", "survey_answer")


def _grants(*rights: tuple[tuple[str, ...], tuple[str, ...], str]) -> list[dict[str, str]]:
    return [
        {"entity": entity, "action": action, "scope": scope}
        for entities, actions, scope in rights
        for entity in entities
        for action in actions
    ]


ROLES = {
    # A representative sees the customers of the team and works on those that are his or her own.
    "sales": _grants(
        (_SEEN_BY_ALL, ("read",), "all"),
        ((*_OF_CUSTOMERS, *_OF_CONTACTS), ("read",), "team"),
        ((*_OF_CUSTOMERS, *_OF_CONTACTS), ("create", "update"), "own"),
    ),
    # A manager sees and changes what the branch has, hands customers over and exports them.
    "manager": _grants(
        (_SEEN_BY_ALL, ("read",), "all"),
        ((*_OF_CUSTOMERS, *_OF_CONTACTS), ("read", "create", "update", "delete", "export", "assign"), "subtree"),
    ),
    # Service must know whom it visits, wherever the customer belongs.
    "service": _grants(
        ((*_SEEN_BY_ALL, *_OF_CUSTOMERS, *_OF_CONTACTS), ("read",), "all"),
        (_OF_CONTACTS, ("create", "update"), "own"),
        (("asset",), ("create", "update"), "all"),
    ),
}

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
CALENDARS = [
    {
        "name": "Hamburg",
        "timezone": "Europe/Berlin",
        "hours": {day: [["08:00", "12:00"], ["12:45", "15:00" if day == "friday" else "17:00"]] for day in _DAYS},
        "holidays": "DE-HH",
    },
    {
        "name": "上海",
        "timezone": "Asia/Shanghai",
        "hours": {day: [["09:00", "12:00"], ["13:00", "18:00"]] for day in _DAYS},
        "holidays": "CN",
    },
]

LIFECYCLE = {
    "name": "customer",
    "revision": 1,
    "label": "Customer · 客户生命周期",
    "entity": "relationship",
    "definition": {
        "subject": "customer_id",
        "start": "prospect",
        "stages": [
            {"name": name, "category": category, "label": label}
            for name, category, label in (
                ("prospect", "open", "Prospect · 潜在客户"),
                ("interested", "open", "Interested · 意向客户"),
                ("customer", "active", "Customer · 客户"),
                ("at_risk", "active", "At risk · 有流失风险"),
                ("lost", "ended", "Lost · 流失"),
                ("won_back", "active", "Won back · 挽回"),
            )
        ],
        "events": {
            name: {"children": "interactions", "where": where, "same": ["line_of_business"]}
            for name, where in (
                ("visit", "kind = visit and status = completed"),
                ("purchase", "kind = purchase and status = completed"),
            )
        },
        # Consumables last about a year; who orders none for a quarter more is watched.
        "rules": [
            {"name": "first_visit", "from": ["prospect"], "to": "interested", "on": "visit", "past": True},
            {
                "name": "first_purchase",
                "from": ["prospect", "interested"],
                "to": "customer",
                "on": "purchase",
                "past": True,
            },
            {
                "name": "no_purchase_for_450_days",
                "from": ["customer", "won_back"],
                "to": "at_risk",
                "without": "purchase",
                "after": "450 days",
            },
            {"name": "purchase_when_at_risk", "from": ["at_risk"], "to": "customer", "on": "purchase"},
            {
                "name": "no_purchase_for_600_days",
                "from": ["at_risk"],
                "to": "lost",
                "without": "purchase",
                "after": "600 days",
            },
            {"name": "purchase_after_lost", "from": ["lost"], "to": "won_back", "on": "purchase"},
        ],
    },
}

PRODUCTS = [Product.of(row) for row in _table("products")]

ORGANIZATIONS = [Organization.of(row) for row in _table("organizations")]

SEGMENTS = _table("segments")

RATES = _table("rates")

DELEGATIONS = _table("delegations")

CARDS = [
    dict(
        zip(
            ("code", "kind", "given_name", "family_name", "name", "country", "phone", "email", "domain", "owner"),
            row,
            strict=True,
        )
    )
    for row in _table("cards")
]
"""Business cards from a fair, entered in a hurry: customers who are known already under another address."""

QUESTIONS = [
    dict(zip(("name", "survey", "side", "measure", "lowest", "highest", "text"), row, strict=True))
    for row in _table("questions")
]

SUPPLIED_BY = {
    "D10": "D22",
    "D20": "D22",
    "G05": "G07",
    "A02": "A01",
    "C13": "C21",
    "C14": "C21",
    "C15": "C22",
    "C19": "C20",
}
"""End customers that buy, or would, through a dealer."""

AREA_CODES = {
    "Hamburg": "+49 40 66969 {:03d}", "Berlin": "+49 30 23125 {:03d}", "Köln": "+49 221 4710 {:03d}",
    "München": "+49 89 99998 {:03d}", "Frankfurt am Main": "+49 69 90009 {:03d}", "London": "+44 20 7946 0{:03d}",
    "Manchester": "+44 161 496 0{:03d}", "Edinburgh": "+44 131 496 0{:03d}", "Bristol": "+44 117 496 0{:03d}",
    "Linz": "+43 732 000 {:03d}", "Salzburg": "+43 662 000 {:03d}", "Zürich": "+41 44 000 0{:03d}",
    "Delft": "+31 15 000 0{:03d}", "上海市": "+86 21 0000 0{:03d}", "北京市": "+86 10 0000 0{:03d}",
    "苏州市": "+86 512 0000 0{:03d}", "广州市": "+86 20 0000 0{:03d}", "深圳市": "+86 755 0000 0{:03d}",
    "杭州市": "+86 571 0000 0{:03d}", "南京市": "+86 25 0000 0{:03d}", "宁波市": "+86 574 0000 0{:03d}",
    "合肥市": "+86 551 0000 0{:03d}", "成都市": "+86 28 0000 0{:03d}", "武汉市": "+86 27 0000 0{:03d}",
    "青岛市": "+86 532 0000 0{:03d}", "厦门市": "+86 592 0000 0{:03d}", "天津市": "+86 22 0000 0{:03d}",
    "南通市": "+86 513 0000 0{:03d}",
}  # fmt: skip
"""Forms of telephone numbers by city; German cities without a range of their own take Hamburg's."""

_NAMES = tomllib.loads((FOLDER / "names.toml").read_text(encoding="utf-8"))
FAMILIES: dict[str, list[str]] = {country: names.split() for country, names in _NAMES["families"].items()}
GIVEN: dict[str, list[str]] = {country: names.split() for country, names in _NAMES["given"].items()}
TITLES: dict[str, list[str]] = _NAMES["titles"]
