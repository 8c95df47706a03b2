"""Makes the files of the demonstration company in ``crmkit/demo``; the same ones on every run.

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
from tools.demo_people import all_people, consents, language_of, phone_of, team_of, zone_of  # noqa: E402
from tools.demo_records import Chance, Contact, Line, Machine  # noqa: E402
from tools.demo_story import CATALOGUE, Story  # noqa: E402
from tools.demo_surveys import answers  # noqa: E402

FOLDER = ROOT / "crmkit" / "demo"
_CONSENT = ("person", "purpose", "channel", "decision", "basis", "evidence", "at")
_TIME = "%Y-%m-%dT%H:%M:%SZ"

TAGS = {
    "Key account · 大客户": "red",
    "Reference customer · 参考客户": "green",
    "GMP": "blue",
    "Tender · 招标": "orange",
    "Dealer · 代理商": "purple",
}


def files() -> dict[str, str]:
    """Return the content of every file by its path below ``crmkit/demo``."""
    users = {user.login: user for user in company.USERS}
    people = all_people()
    story = Story(users)
    for organization in company.ORGANIZATIONS:
        if organization.part != "own":
            story.tell(organization, [person for person in people if person.organization is organization])
    contacts = story.finished()
    return {
        "roles.jsonl": _lines({"name": name, "grants": grants} for name, grants in company.ROLES.items()),
        "data/calendars.jsonl": _lines(company.CALENDARS),
        "data/lifecycles.jsonl": _lines([company.LIFECYCLE]),
        "data/teams.csv": _csv(("name", "parent"), company.TEAMS),
        "data/users.csv": _table(map(_user, company.USERS)),
        "data/tags.csv": _csv(("name", "colour"), TAGS.items()),
        "data/segments.csv": _csv(("name", "filter", "description"), company.SEGMENTS),
        "data/products.csv": _table(map(_product, company.PRODUCTS)),
        "data/organizations.csv": _table(_organization(at, o) for at, o in enumerate(company.ORGANIZATIONS, 1)),
        "data/relations.csv": _csv(("from", "to", "type"), _relations()),
        "data/people.csv": _table(person.row for person in people),
        "data/consents.csv": _csv(_CONSENT, consents(people)),
        "data/taggings.csv": _csv(("tag", "customer"), _taggings()),
        "data/relationships.csv": _csv(("customer", "line_of_business", "since"), _relationships(contacts)),
        "data/assets.csv": _table(map(_asset, story.machines)),
        "data/interactions.csv": _table(map(_interaction, contacts)),
        "data/lines.csv": _table(_line(c, at, line) for c in contacts for at, line in enumerate(c.lines, 1)),
        "data/rates.csv": _csv(("base", "quote", "valid_from", "rate"), company.RATES),
        "data/delegations.csv": _csv(("user", "deputy", "starts_at", "ends_at", "reason"), company.DELEGATIONS),
        "data/cards.csv": _table({**card, "team": team_of(card["owner"])} for card in company.CARDS),
        "data/questions.csv": _table(company.QUESTIONS),
        "data/answers.csv": _table(answers(contacts)),
        "data/links.csv": _csv(
            ("channel", "key", "about_channel", "about_key"),
            [(c.channel, c.key, c.about.channel, c.about.key) for c in contacts if c.about],
        ),
    }


def _user(user: company.User) -> dict[str, Any]:
    return {**user._asdict(), "timezone": zone_of("CN" if user.chinese else "DE")}


def _product(product: company.Product) -> dict[str, Any]:
    row = product._asdict()
    about = f"{row.pop('about')} {row.pop('about_chinese')}"
    del row["english"], row["chinese"]
    return {**row, "name": product.name, "description": about}


def _organization(number: int, organization: company.Organization) -> dict[str, Any]:
    row = organization._asdict()
    del row["slug"], row["part"]
    domain = organization.domain
    return {
        **row,
        "domain": domain,
        "language": language_of(organization),
        "timezone": zone_of(organization.country),
        "email": f"info@{domain}",
        "phone": phone_of(organization, number),
        "url": f"https://www.{domain}/",
        "team": team_of(organization.owner),
    }


def _asset(machine: Machine) -> dict[str, Any]:
    installed = machine.installed
    return {
        "serial": machine.serial,
        "customer": machine.organization.code,
        "sku": machine.sku,
        "name": CATALOGUE[machine.sku].name,
        "status": "retired" if machine.organization.part == "lost" else "in_use",
        "purchased": machine.purchased,
        "installed": installed,
        "warranty_until": installed.replace(year=installed.year + 2) - timedelta(days=1),
        "location": machine.organization.city,
    }


def _line(order: Contact, position: int, line: Line) -> dict[str, Any]:
    product = CATALOGUE[line.sku]
    return {
        "order": order.key,
        "position": position,
        "sku": line.sku,
        "description": product.name,
        "quantity": line.quantity,
        "unit": product.unit,
        "unit_price": line.price,
        "discount": line.discount,
    }


def _relations() -> Iterable[tuple[str, str, str]]:
    for o in company.ORGANIZATIONS:
        if o.parent:
            yield o.code, o.parent, "subsidiary_of"
        if o.part == "dealer":
            yield o.code, "C01" if o.chinese else "D01", "dealer_of"
    yield from ((dealer, customer, "supplier_of") for customer, dealer in company.SUPPLIED_BY.items())


def _taggings() -> Iterable[tuple[str, str]]:
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


def _interaction(c: Contact) -> dict[str, Any]:
    spoken = c.kind in ("call", "complaint")
    return {
        "channel": c.channel,
        "key": c.key,
        "kind": c.kind,
        "direction": c.direction,
        "status": c.status,
        "thread": c.thread,
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


def _table(rows: Iterable[Mapping[str, Any]]) -> str:
    found = list(rows)
    return _csv(tuple(found[0]), [tuple(row.values()) for row in found])


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()


def _lines(documents: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(document, ensure_ascii=False)}\n" for document in documents)


def main() -> None:
    """Write the files and take away what is none of them."""
    made = files()
    (FOLDER / "data").mkdir(parents=True, exist_ok=True)
    for old in (FOLDER / "data").iterdir():
        if f"data/{old.name}" not in made:
            old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_bytes(text.encode())


if __name__ == "__main__":
    main()
