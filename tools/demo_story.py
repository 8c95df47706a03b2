"""What happened between the company of the demonstration and its customers in two years, from a seeded chance."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tools.demo_company import PRODUCTS, Organization, User
from tools.demo_records import LAST, Chance, Contact, Line, Machine, Person
from tools.demo_texts import CHINESE, ENGLISH

_PLACE = re.compile("<[a-z]+ [0-9]+>")
"""Stands for a number that is given when everything is known and in the order of time."""

FIRST = date(2024, 7, 1)
ANNUAL = date(2026, 6, 15)
"""From this day on all customers are asked once a year."""
CNY = Decimal("7.8")
CATALOGUE = {product.sku: product for product in PRODUCTS}
_KIND_OF_NEED = {
    "Pharma": "bio",
    "Biotechnology": "bio",
    "Diagnostics": "bio",
    "Hospital": "bio",
    "Semiconductors": "clean",
}


class Story:
    """Collects contacts and machines of all customers."""

    def __init__(self, users: dict[str, User]) -> None:
        self.users = users
        self.contacts: list[Contact] = []
        self.machines: list[Machine] = []
        self.orders = 0

    def tell(self, organization: Organization, people: list[Person]) -> None:
        """Add the story of one customer."""
        _Telling(self, organization, people).run()

    def finished(self) -> list[Contact]:
        """Return all contacts in the order of time; only now do they, orders and machines get their numbers."""
        self.contacts.sort(key=lambda contact: (contact.at, contact.organization.code, contact.kind))
        self.machines.sort(key=lambda machine: (machine.installed, machine.organization.code))
        orders = [contact for contact in self.contacts if contact.kind == "purchase"]
        known = {order.key: f"KQ-{20001 + at}" for at, order in enumerate(orders)}
        for at, machine in enumerate(self.machines):
            known[machine.serial] = f"KQ{machine.installed:%y}-{101 + at:04d}"
            machine.serial = known[machine.serial]
        counts: dict[str, int] = {}
        for contact in self.contacts:
            contact.subject = _PLACE.sub(lambda found: known[found[0]], contact.subject)
            contact.body = _PLACE.sub(lambda found: known[found[0]], contact.body)
            if contact.kind == "purchase":
                contact.key = known[contact.key]
            else:
                counts[contact.channel] = counts.get(contact.channel, 0) + 1
                contact.key = f"{contact.channel[:1].upper()}{counts[contact.channel]:04d}"
        return self.contacts


class _Telling:
    def __init__(self, story: Story, organization: Organization, people: list[Person]) -> None:
        self.story, self.organization, self.people = story, organization, people
        self.chance = Chance(f"kranichquell {organization.code}")
        self.language = CHINESE if organization.chinese else ENGLISH
        self.zone = ZoneInfo("Asia/Shanghai" if organization.chinese else "Europe/Berlin")
        self.currency = "CNY" if organization.chinese else "EUR"
        self.seller = story.users[organization.owner]
        service = (
            ("zhou.min", "sun.hao", "sun.hao") if organization.chinese else ("katrin.voss", "ole.jensen", "ole.jensen")
        )
        self.engineer = story.users[self.chance.one(service)]
        self.day = FIRST + timedelta(days=self.chance.number(0, 150))
        self.end = LAST
        self.facts: dict[str, Any] = {
            "city": organization.city,
            "need": self.chance.one(self.language.needs[_KIND_OF_NEED.get(organization.industry, "other")]),
            "rival": self.chance.one(self.language.rivals),
            "expected": 8,
            "experienced": 8,
        }

    def run(self) -> None:
        part = self.organization.part
        if part == "dealer":
            self.dealer()
        elif part == "prospect":
            self.day = date(2025, 10, 1) + timedelta(days=self.chance.number(0, 150))
            self.approach("KQ-U15B" if self.organization.industry == "Biotechnology" else "KQ-U5")
            self.add("note", 25, "note", self.seller, "internal")
        else:
            self.customer(part)
        # Last, so that it moves nothing of the story.
        if part not in ("prospect", "lost"):
            self.day = ANNUAL
            asked = self.add("survey", self.chance.number(0, 4), "annual", self.seller, "outbound")
            asked.status = "completed" if self.chance.happens(0.55) else "in_progress"

    def customer(self, part: str) -> None:
        system = self.system()
        self.end = LAST if part != "lost" else date(2025, 7, 15)
        self.approach(system)
        machine = self.machine_order(system)
        if part == "key":
            self.after(30, 60)
            self.add("visit", 0, "visit", self.seller, "outbound", minutes=120)
            machine = self.machine_order("KQ-C200" if self.chance.happens(0.5) else "KQ-CUS")
        if self.chance.happens(0.5):
            self.complaint(machine)
        while True:
            self.after(330, 450)
            if self.day > self.end - timedelta(days=50):
                break
            self.facts["serial"] = machine.serial
            if self.chance.happens(0.5):
                self.add("email", 0, "reminder", self.seller, "outbound")
                self.after(3, 9)
            order = self.consumables(system)
            if self.chance.happens(0.12):
                self.give_back(order)
            elif self.chance.happens(0.6):
                self.after(10, 30)
                self.add("visit", 0, "maintenance", self.engineer, "outbound", minutes=90, outcome="done")
        if part == "lost":
            self.add("call", 20, "lost", self.seller, "outbound", outcome="lost to a competitor", minutes=10)

    def dealer(self) -> None:
        self.facts["product"] = CATALOGUE["KQ-U5"].chinese if self.organization.chinese else CATALOGUE["KQ-U5"].english
        while self.day < LAST - timedelta(days=80):
            self.add("meeting", 0, "dealer", self.seller, "outbound", minutes=90)
            self.after(8, 20)
            self.order(
                [
                    ("KQ-P10", self.chance.number(1, 3)),
                    ("KQ-K1", self.chance.number(6, 20)),
                    ("KQ-K2", self.chance.number(4, 12)),
                ],
                "0.25",
            )
            self.after(190, 260)

    # -- chapters ------------------------------------------------------------------------------------------------

    def approach(self, system: str) -> None:
        product = CATALOGUE[system]
        self.facts["product"] = product.chinese if self.organization.chinese else product.english
        if self.chance.happens(0.3):
            first = self.add("web", 0, "web", self.seller, "inbound")
        else:
            first = self.add("email", 0, "enquiry", self.seller, "inbound")
        self.after(0, 2)
        self.add("email", 0, "answer", self.seller, "outbound", about=first)
        self.after(2, 8)
        self.add("call", 0, "call", self.seller, "outbound", minutes=self.chance.number(5, 25), outcome="reached")
        self.after(8, 25)
        self.add("visit", 0, "visit", self.seller, "outbound", minutes=120)

    def machine_order(self, system: str) -> Machine:
        self.after(15, 45)
        wanted = [
            (system, 1),
            ("KQ-D1" if self.day < date(2025, 10, 6) else "KQ-D2", self.chance.number(1, 3)),
            ("SV-INS", 1),
        ]
        if self.chance.happens(0.6):
            wanted.append(("KQ-T60" if system in ("KQ-P10", "KQ-P30", "KQ-U5") else "KQ-T200", 1))
        if self.organization.industry in ("Pharma", "Diagnostics"):
            wanted.append(("SV-QUA", 1))
        order = self.order(wanted, self.chance.one(("0", "0", "0.05", "0.1")), weeks=4)
        self.after(1, 6)
        machine = Machine(f"<machine {len(self.story.machines)}>", system, self.organization, order.at.date())
        self.story.machines.append(machine)
        product = CATALOGUE[system]
        self.facts |= {
            "serial": machine.serial,
            "product": product.chinese if self.organization.chinese else product.english,
        }
        visit = self.add(
            "visit", 0, "installation", self.engineer, "outbound", minutes=360, outcome="done", about=order
        )
        machine.installed = visit.at.date()
        self.after(10, 20)
        self.facts |= {"expected": self.chance.number(7, 9), "experienced": self.chance.number(6, 10)}
        survey = self.add("survey", 0, "survey", self.seller, "inbound", about=visit)
        survey.rated = self.facts["expected"], self.facts["experienced"]
        return machine

    def complaint(self, machine: Machine) -> None:
        self.after(30, 120)
        self.facts |= {"serial": machine.serial, "fault": self.chance.one(self.language.faults)}
        first = self.add("complaint", 0, "complaint", self.engineer, "inbound")
        self.add("email", 0, "apology", self.engineer, "outbound", about=first)
        self.after(1, 3)
        self.add("visit", 0, "repair", self.engineer, "outbound", about=first, minutes=150, outcome="solved")
        self.after(5, 12)
        self.add("call", 0, "care", self.seller, "outbound", about=first, minutes=8, outcome="satisfied")

    def consumables(self, system: str) -> Contact:
        ultra = system.startswith("KQ-U")
        wanted = [
            ("KQ-K1", self.chance.number(1, 4)),
            ("KQ-K3" if ultra else "KQ-K2", self.chance.number(1, 4)),
            ("KQ-F1", self.chance.number(2, 6)),
        ]
        if self.chance.happens(0.3):
            wanted.append(("KQ-L1", 1))
        if self.chance.happens(0.25):
            wanted.append(("SV-MNT", 1))
        if self.day > date(2026, 1, 12) and self.chance.happens(0.4):
            wanted.append(("KQ-R1", 1))
        return self.order(wanted, self.chance.one(("0", "0", "0.05")))

    def give_back(self, order: Contact) -> None:
        line = order.lines[0]
        amount = line.price * (1 - line.discount)
        self.facts["order"] = order.key
        self.after(5, 12)
        back = self.add("return", 0, "return", self.seller, "inbound", about=order, amount=amount)
        self.after(8, 15)
        self.add("refund", 0, "refund", self.seller, "outbound", about=back, amount=amount)

    def order(self, wanted: list[tuple[str, int]], discount: str, weeks: int = 1) -> Contact:
        """Add an order, its delivery and its payment; the day becomes that of the delivery."""
        self.story.orders += 1
        key = f"<order {self.story.orders}>"
        self.facts["order"] = key
        lines = [Line(sku, quantity, self.price(sku), Decimal(discount)) for sku, quantity in wanted]
        order = self.add("purchase", 0, "purchase", self.seller, "inbound")
        order.key, order.lines, order.currency = key, lines, self.currency
        total = sum((line.amount for line in lines), Decimal(0))
        self.after(weeks * 5, weeks * 9)
        self.add("delivery", 0, "delivery", self.seller, "outbound", about=order, amount=Decimal(self.freight(total)))
        paid = self.day + timedelta(days=self.chance.number(9, 40))
        if paid <= LAST:
            self.add("payment", (paid - self.day).days, "payment", self.seller, "inbound", about=order, amount=total)
        return order

    # -- single facts --------------------------------------------------------------------------------------------

    def system(self) -> str:
        industry = self.organization.industry
        if industry == "Semiconductors":
            return "KQ-C500"
        if industry in ("Pharma", "Biotechnology", "Diagnostics"):
            return self.chance.one(("KQ-U15", "KQ-U15", "KQ-U5"))
        return self.chance.one(("KQ-P10", "KQ-P30", "KQ-U5"))

    def price(self, sku: str) -> Decimal:
        price = Decimal(CATALOGUE[sku].price)
        return price if self.currency == "EUR" else (price * CNY / 10).quantize(Decimal(1)) * 10

    def freight(self, total: Decimal) -> int:
        heavy = total > (10_000 if self.currency == "EUR" else 78_000)
        return (480 if heavy else 24) * (1 if self.currency == "EUR" else 5)

    def after(self, least: int, most: int) -> None:
        self.day += timedelta(days=self.chance.number(least, most))

    def add(
        self,
        kind: str,
        days: int,
        occasion: str,
        user: User,
        direction: str,
        *,
        about: Contact | None = None,
        amount: Decimal | None = None,
        minutes: int = 0,
        outcome: str = "",
    ) -> Contact:
        """Add a contact so many days on, moved to a working day; ``occasion`` chooses its text."""
        person = about.person if about is not None else self.chance.one(self.people)
        subject, body = self.chance.one(self.language.occasions[occasion])
        pleased = self.facts["experienced"] >= self.facts["expected"]
        facts = {
            **self.facts,
            "contact": person.address,
            "remark": self.language.remarks[0 if pleased else self.chance.number(1, 2)],
        }
        at = self.moment(self.day + timedelta(days=days), about)
        made = Contact(
            kind,
            at,
            self.organization,
            person,
            user,
            direction,
            subject.format(**facts),
            body.format(**facts),
            about=about,
            outcome=outcome,
            minutes=minutes,
            amount=amount,
            currency="" if amount is None else self.currency,
        )
        self.story.contacts.append(made)
        return made

    def moment(self, day: date, about: Contact | None) -> datetime:
        """Return a time within working hours, later than what it is about."""
        while day.weekday() > 4 or self.holiday(day):
            day += timedelta(days=1)
        local = datetime.combine(day, time(self.chance.number(9, 15), self.chance.number(0, 59)), self.zone)
        made = local.astimezone(UTC)
        if about is not None and made <= about.at:
            made = about.at + timedelta(minutes=self.chance.number(20, 90))
        return made

    def holiday(self, day: date) -> bool:
        """Tell the long holidays, when nobody works."""
        if self.organization.chinese:
            spring = {2025: (date(2025, 1, 28), date(2025, 2, 4)), 2026: (date(2026, 2, 16), date(2026, 2, 23))}
            first, last = spring.get(day.year, (day, day - timedelta(days=1)))
            return first <= day <= last or (day.month == 10 and day.day <= 7)
        return (day.month, day.day) >= (12, 24) or (day.month, day.day) == (1, 1)
