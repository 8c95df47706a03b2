"""Makes the files of the demonstration company in ``crmkit/demo/data``; the same ones on every run.

    python tools/demo_data.py
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tools import demo_company as company  # noqa: E402
from tools.demo_story import CATALOGUE, Chance, Contact, Person, Story  # noqa: E402

FOLDER = ROOT / "crmkit" / "demo" / "data"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})

TAGS = {
    "Key account · 大客户": "red",
    "Reference customer · 参考客户": "green",
    "GMP": "blue",
    "Tender · 招标": "orange",
    "Dealer · 代理商": "purple",
}
SEGMENTS = [
    ("Key accounts · 大客户", "has tags where name starts with \"Key account\"", "Customers with a manager and a plan of their own."),
    ("Pharma and biotechnology · 制药与生物", "kind = organization and industry in (Pharma, Biotechnology, Diagnostics)", "Regulated laboratories."),
    ("中国客户", "kind = organization and country = CN", "上海分公司负责的单位。"),
    ("Dealers · 代理商", "has tags where name starts with \"Dealer\"", "Those who sell for us."),
    ("Complained · 有过投诉", "has an interaction where kind = complaint", "Ask first before the next order."),
    ("Not bought this year · 今年未采购", "kind = organization and has an asset and has no interactions where kind = purchase and occurred_at >= 2026-01-01", "Owners of a system who bought nothing in 2026."),
    ("Prospects · 潜在客户", "kind = organization and industry != Dealer and has interactions and has no interactions where kind = purchase", "Talked to, not yet bought."),
    ("Five orders or more · 五次以上采购", "has at least 5 interactions where kind = purchase", "Regular customers."),
]  # fmt: skip


def files() -> dict[str, str]:
    """Return the content of every file by its name."""
    users = {user.login: user for user in company.USERS}
    people = _people()
    story = Story(users)
    for organization in company.ORGANIZATIONS:
        if organization.part != "own":
            story.tell(organization, [person for person in people if person.organization is organization])
    contacts = story.finished()
    return {
        "teams.csv": _csv(("name", "parent"), company.TEAMS),
        "users.csv": _csv(
            ("login", "name", "title", "team", "reports_to", "role", "language", "timezone", "state"),
            [(u.login, u.name, u.title, u.team, u.reports_to, u.role, u.language, _zone(u.chinese), u.state) for u in company.USERS],
        ),
        "roles.jsonl": _lines({"name": name, "grants": grants} for name, grants in company.ROLES.items()),
        "calendars.jsonl": _lines(company.CALENDARS),
        "lifecycles.jsonl": _lines([company.LIFECYCLE]),
        "tags.csv": _csv(("name", "colour"), TAGS.items()),
        "segments.csv": _csv(("name", "filter", "description"), SEGMENTS),
        "products.csv": _csv(
            ("sku", "name", "category", "unit", "price", "cost", "introduced", "description"),
            [(p.sku, p.name, p.category, p.unit, p.price, p.cost, p.introduced, f"{p.about} {p.about_chinese}") for p in company.PRODUCTS],
        ),
        "organizations.csv": _organizations(),
        "relations.csv": _csv(("from", "to", "type"), _relations()),
        "people.csv": _csv(tuple(people[0].row), [tuple(person.row.values()) for person in people]),
        "consents.csv": _csv(("person", "purpose", "channel", "decision", "basis", "evidence", "at"), _consents(people)),
        "taggings.csv": _csv(("tag", "customer"), _taggings(story)),
        "relationships.csv": _csv(("customer", "line_of_business", "since"), _relationships(contacts)),
        "assets.csv": _csv(
            ("serial", "customer", "sku", "name", "status", "purchased", "installed", "warranty_until", "location"),
            [
                (
                    m.serial, m.organization.code, m.sku, CATALOGUE[m.sku].name,
                    "retired" if m.organization.part == "lost" else "in_use", m.purchased, m.installed,
                    m.installed.replace(year=m.installed.year + 2) - timedelta(days=1), m.organization.city,
                )
                for m in story.machines
            ],
        ),
        "interactions.csv": _csv(tuple(_row(contacts[0])), [tuple(_row(contact).values()) for contact in contacts]),
        "lines.csv": _csv(
            ("order", "position", "sku", "description", "quantity", "unit", "unit_price", "discount"),
            [
                (c.key, at, line.sku, CATALOGUE[line.sku].name, line.quantity, CATALOGUE[line.sku].unit, line.price, line.discount)
                for c in contacts
                for at, line in enumerate(c.lines, 1)
            ],
        ),
        "links.csv": _csv(
            ("channel", "key", "about_channel", "about_key"),
            [(c.channel, c.key, c.about.channel, c.about.key) for c in contacts if c.about],
        ),
    }  # fmt: skip


def _people() -> list[Person]:
    found: list[Person] = []
    taken: set[str] = set()
    chance = Chance("kranichquell people")
    for number, organization in enumerate(company.ORGANIZATIONS):
        names = organization.country if organization.country in company.FAMILIES else "DE"
        titles = company.TITLES["zh" if organization.chinese else "en"]
        for at in range(0 if organization.part == "own" else 3 if organization.part == "key" else 2):
            while True:
                family = chance.one(company.FAMILIES[names].split())
                given = chance.one(company.GIVEN[names].split())
                if family + given not in taken:
                    taken.add(family + given)
                    break
            title = titles[(number + at * 2) % len(titles)]
            found.append(_person(len(found) + 1, organization, family, given, title, chance))
    return found


def _person(number: int, organization: company.Organization, family: str, given: str, title: str, chance: Chance) -> Person:
    doctor = chance.happens(0.3)
    code = f"P{number:03d}"
    if organization.chinese:
        name, address, local = family + given, family + ("博士" if doctor else "老师"), f"p{number:03d}"
    else:
        name = f"{given} {family}"
        address = f"Dr. {family}" if doctor else name
        local = f"{given}.{family}".lower().translate(_GERMAN)
    phone = _phone(organization, 100 + number)
    row = {
        "code": code,
        "organization": organization.code,
        "prefix": ("" if organization.chinese else "Dr.") if doctor else "",
        "suffix": "博士" if doctor and organization.chinese else "",
        "given_name": given,
        "family_name": family,
        "title": title,
        "country": organization.country,
        "language": "zh-Hans" if organization.chinese else "en" if organization.country == "GB" else "de",
        "birthday": f"--{chance.number(1, 12):02d}-{chance.number(1, 28):02d}" if chance.happens(0.2) else "",
        "email": f"{local}@{organization.domain}",
        "phone": phone,
        "wechat": f"微信: kq_{code.lower()}" if organization.chinese and chance.happens(0.5) else "",
        "owner": organization.owner,
        "team": _team(organization.owner),
    }
    return Person(code, organization, name, address, row["email"], phone, row)


def _organizations() -> str:
    columns = (
        "code", "name", "domain", "industry", "employees", "founded", "country", "language", "timezone", "street", "city",
        "postal_code", "email", "phone", "url", "parent", "owner", "team",
    )  # fmt: skip
    rows = [
        (
            o.code, o.name, o.domain, o.industry, o.employees, o.founded, o.country, "zh-Hans" if o.chinese else "en" if o.country == "GB" else "de",
            _zone(o.chinese, o.country), o.street, o.city, o.postal_code, f"info@{o.domain}", _phone(o, number), f"https://www.{o.domain}/",
            o.parent, o.owner, _team(o.owner),
        )
        for number, o in enumerate(company.ORGANIZATIONS, 1)
    ]  # fmt: skip
    return _csv(columns, rows)


def _relations() -> Iterable[tuple[str, str, str]]:
    for o in company.ORGANIZATIONS:
        if o.parent:
            yield o.code, o.parent, "subsidiary_of"
        if o.part == "dealer":
            yield o.code, "C01" if o.chinese else "D01", "dealer_of"
    yield from ((dealer, customer, "supplier_of") for customer, dealer in company.SUPPLIED_BY.items())


def _consents(people: Sequence[Person]) -> Iterable[tuple[str, ...]]:
    chance = Chance("kranichquell consents")
    for person in people:
        if not chance.happens(0.6):
            continue
        at = f"202{chance.number(4, 5)}-{chance.number(7, 12):02d}-{chance.number(1, 28):02d}T10:00:00Z"
        decision = "granted" if chance.happens(0.85) else "denied"
        evidence = "展会登记表，本人签字" if person.organization.chinese else "Card filled in and signed at the visit"
        yield person.code, "newsletter", "email", decision, "consent", evidence, at
        if decision == "granted" and chance.happens(0.15):
            after = f"2026-{chance.number(1, 5):02d}-{chance.number(1, 28):02d}T08:30:00Z"
            yield person.code, "newsletter", "email", "withdrawn", "consent", "Unsubscribed by link · 通过链接退订", after


def _taggings(story: Story) -> Iterable[tuple[str, str]]:
    chance = Chance("kranichquell tags")
    key, reference, gmp, tender, dealer = TAGS
    for o in company.ORGANIZATIONS:
        if o.part == "key":
            yield key, o.code
        if o.part == "dealer":
            yield dealer, o.code
        if o.industry == "Pharma":
            yield gmp, o.code
        if o.industry in ("University", "Hospital"):
            yield tender, o.code
        if o.part in ("key", "customer") and chance.happens(0.25):
            yield reference, o.code


def _relationships(contacts: Sequence[Contact]) -> Iterable[tuple[str, str, str]]:
    since: dict[str, str] = {}
    for contact in contacts:
        since.setdefault(contact.organization.code, contact.at.date().isoformat())
    return [(code, "laboratory water", day) for code, day in sorted(since.items())]


def _row(c: Contact) -> dict[str, Any]:
    spoken = c.kind in ("call", "complaint")
    return {
        "channel": c.channel,
        "key": c.key,
        "kind": c.kind,
        "direction": c.direction,
        "subject": c.subject,
        "body": c.body,
        "at": c.at.strftime(_TIME),
        "ended": (c.at + timedelta(minutes=c.minutes)).strftime(_TIME) if c.minutes else "",
        "outcome": c.outcome,
        "amount": "0" if c.lines else "" if c.amount is None else f"{c.amount:f}",
        "currency": c.currency,
        "sum_lines": "yes" if c.lines else "no",
        "customer": c.organization.code,
        "person": c.person.code,
        "address": c.person.mail if c.kind == "email" else c.person.phone if spoken else "",
        "user": c.user.login,
        "team": c.user.team,
    }


def _phone(organization: company.Organization, number: int) -> str:
    form = company.AREA_CODES.get(organization.city, company.AREA_CODES["Hamburg"])
    return form.format(number)


def _team(login: str) -> str:
    return next(user.team for user in company.USERS if user.login == login)


def _zone(chinese: bool, country: str = "DE") -> str:
    places = {"GB": "London", "AT": "Vienna", "CH": "Zurich", "NL": "Amsterdam"}
    return "Asia/Shanghai" if chinese else f"Europe/{places.get(country, 'Berlin')}"


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()


def _lines(documents: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(document, ensure_ascii=False)}\n" for document in documents)


def main() -> None:
    """Write the files and take away what is none of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = files()
    for old in FOLDER.iterdir():
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_bytes(text.encode())


if __name__ == "__main__":
    main()
