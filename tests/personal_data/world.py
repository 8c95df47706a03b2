"""A person with something of everything that can be held on one, and marks planted in all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.domain_event import DomainEvent
from crmkit.core.entity import EntityInfo, Own, ViaLink
from crmkit.core.fieldtypes import Kind
from crmkit.core.grouping import Segment, SegmentMember, Tag, Tagging
from crmkit.core.identity import ExternalIdentity, IdentityClaim
from crmkit.core.lifecycle import Relationship
from crmkit.core.personal_data import LegalHold
from crmkit.core.product import Asset, Product
from crmkit.core.staff import Delegation, RecordShare, User
from crmkit.core.survey import SurveyQuestion
from crmkit.core.values.money import Money
from crmkit.plugin import CustomField, Part, Record, Via, change, entity, field, hookimpl
from crmkit.runtime.crm import Crm
from crmkit.services.append_only import rewriting
from crmkit.services.consent import grant
from crmkit.services.identify import Evidence, not_the_same, recognise, resolve
from crmkit.services.importing.mapping import load_mapping
from crmkit.services.importing.report import ImportReport
from crmkit.services.importing.running import run_import
from crmkit.services.interactions import Line, Participant
from crmkit.services.lifecycle.defining import ensure_lifecycles
from crmkit.services.surveys import Answer
from crmkit.store.session import Session

# -- a plugin -----------------------------------------------------------------------------------------------------


@entity("club_account", access=Via("customer_id"), title="number", unique=(("number",),))
class Account(Part):
    """What goes with the customer."""

    customer_id: UUID = field(reference="customer", merge="union", erase="delete")
    number: str = field()
    level: str = field(default="", erase="keep")


@entity("club_entry", access=Via("account_id"), title="text")
class Entry(Part):
    """Part of an account, by its access alone."""

    account_id: UUID = field(reference="club_account")
    text: str = field(default="")
    points: int = field(default=0)


@entity("club_card", unique=(("name",),))
class Card(Record):
    """What stays as a statistic. Its name is required and unique."""

    customer_id: UUID = field(reference="customer", merge="repoint", erase="tombstone")
    name: str = field()
    pin: int = field(default=0, sensitivity="special")
    points: int = field(default=0)
    details: Mapping[str, Any] = field(factory=dict)
    words: tuple[str, ...] = field(default=())


@entity("club_receipt")
class Receipt(Record):
    """What is kept, as its field demands."""

    customer_id: UUID = field(reference="customer", merge="repoint", erase="keep")
    name: str = field()


@entity("club_seller")
class Seller(Record):
    """Somebody of ours who was won by a customer: the reference goes, the rest stays."""

    name: str = field()
    won_by_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")
    praised_by_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")


@entity("club_trip", access=(Own(), ViaLink("club_traveller", "trip_id", "customer_id")))
class Trip(Record):
    """What customers take part in."""

    name: str = field()
    price: Money | None = field(default=None)


@entity("club_traveller", access=Via("trip_id"), title="remark", unique=(("trip_id", "customer_id"),))
class Traveller(Part):
    """Who takes part."""

    trip_id: UUID = field(reference="club_trip")
    customer_id: UUID = field(reference="customer", merge="union", erase="tombstone")
    remark: str = field(default="")


@entity("club_note", title="text")
class Note(Record):
    """A note on any record."""

    entity: str = field(erase="keep")
    record_id: UUID = field()
    text: str = field(default="")


class Club:
    """Brings the entities and some custom fields."""

    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Account, Entry, Card, Receipt, Seller, Trip, Traveller, Note]

    @hookimpl
    def register_custom_fields(self, ctx: Any, call: Any) -> list[CustomField]:
        return [
            CustomField(entity="customer", name="hobby"),
            CustomField(entity="interaction", name="mood"),
            CustomField(entity="asset", name="site", erase="keep"),
            CustomField(entity="asset", name="floors", type="integer"),
            CustomField(entity="asset", name="iris", type="integer", sensitivity="special"),
            CustomField(entity="product", name="inventor", type="id", reference="customer"),
        ]


# -- a person -----------------------------------------------------------------------------------------------------


@attrs.frozen
class World:
    """``anna`` is the person, ``berg`` the same person twice, ``firm`` her employer, ``carl`` somebody else."""

    anna: UUID
    berg: UUID
    firm: UUID
    carl: UUID
    mail: UUID
    meeting: UUID


def make_world(crm: Crm) -> World:
    """Fill a CRM, with ``Club``, through its services."""
    anna = Customer(
        name="Anna Berg",
        given_name="Anna",
        family_name="Berg",
        industry="Retail",
        employees=1,
        custom={"hobby": "Chess"},
    )
    berg = Customer(name="Anna Berg-Maier", description="twice")
    firm, carl = Customer(name="Firm AG", kind="organization"), Customer(name="Carl Dietz")
    staff = User(login="eva", name="Eva")
    other = User(login="max", name="Max")
    vip, club, pump = Tag(name="vip"), Segment(name="club", kind="frozen"), Product(sku="P", name="Pump")
    with crm.session() as s:
        s.add(anna, berg, firm, carl, staff, other, vip, club, pump)
        s.add(SurveyQuestion(name="nps", survey="yearly", measure="nps"))
        ensure_lifecycles(s, crm.lifecycles())
    with crm.session() as s:
        services = crm.services_for(s)
        for one, mail in ((anna, "anna@example.com"), (berg, "berg@example.com")):
            point = ContactPoint(customer_id=one.id, kind="email", value=mail, label="home")
            s.add(point, ContactPoint(customer_id=one.id, kind="phone", value="+49 30 123456", label="work"))
            s.add(ContactPoint(customer_id=one.id, kind="address", street="Weg 1", city="Bonn", country="DE"))
            s.add(CustomerRelation(from_id=one.id, to_id=firm.id, type="employed_by", title="Boss"))
            s.add(ExternalIdentity(system="erp", external_id=f"E-{mail}", entity="customer", record_id=one.id))
            s.add(Tagging(tag_id=vip.id, entity="customer", record_id=one.id))
            services.confirm(one, ["email"], note="told by herself")
            s.add(SegmentMember(segment_id=club.id, entity="customer", record_id=one.id))
            s.add(RecordShare(entity="customer", record_id=one.id, user_id=staff.id, reason="please"))
            s.add(DomainEvent(name="club.joined", entity="customer", record_id=one.id, data={"by": "a friend"}))
            grant(s, one, "newsletter", channel="email", contact_point=point, evidence="card", legal_basis="consent")
            asset = Asset(customer_id=one.id, name="Boiler", serial_number="S1", custom={"site": "north", "floors": 3})
            s.add(asset, Note(entity="asset", record_id=asset.id, text="loud"))
            account = Account(customer_id=one.id, number=f"N-{mail}", level="gold")
            s.add(account, Entry(account_id=account.id, text="bonus", points=5))
            s.add(Card(customer_id=one.id, name=f"C-{mail}", pin=1234, points=7, details={"a": "b"}, words=("x",)))
            s.add(Receipt(customer_id=one.id, name="receipt"))
            trip = Trip(name="to Rome", price=Money.of(10, "EUR"))
            s.add(trip, Traveller(trip_id=trip.id, customer_id=one.id, remark="vegan"))
        s.add(Relationship(customer_id=anna.id, line_of_business="shop"))
        s.add(Seller(name="Rita", won_by_id=anna.id))
        s.add(LegalHold(entity="customer", record_id=anna.id, reason="lawsuit", until=datetime(2020, 1, 1, tzinfo=UTC)))
        s.add(
            Delegation(
                user_id=staff.id,
                deputy_id=other.id,
                starts_at=datetime(2026, 1, 1, tzinfo=UTC),
                ends_at=datetime(2026, 2, 1, tzinfo=UTC),
                entity="customer",
                record_id=anna.id,
                reason="holiday",
            )
        )
        s.update(change(s.get(Product, pump.id), custom={"inventor": anna.id}))
        not_the_same(s, anna, carl, "cousins")
        mail = services.log(
            "email",
            participants=[anna],
            subject="Hello",
            body="text",
            channel="email",
            key="<1@x>",
            outcome="ok",
            links=[("customer", anna.id)],
        ).interaction
        bought = services.log(
            "purchase",
            participants=[Participant(customer=anna, address="counter"), Participant(user=staff)],
            lines=[Line(product=pump, description="with box", quantity=Decimal(2), unit_price=Decimal(5))],
            currency="EUR",
        ).interaction
        meeting = services.log(
            "meeting", participants=[anna, carl], subject="Anna Berg and Carl", body="call anna@example.com"
        ).interaction
        s.flush()
        services.attach(mail, "letter.txt", b"a letter")
        s.add(ExternalIdentity(system="shop", external_id="O-1", entity="interaction", record_id=bought.id))
        asked = services.ask(anna, survey="yearly")
        s.flush()
        services.answer(asked, {"nps": Answer(score=Decimal(9), comment="fine")})
        _, claim = recognise(s, Evidence(name="Ana Berg", emails="unknown@example.com"), "web", {"text": "raw"})
        assert claim is not None
        s.flush()
        resolve(s, claim, anna)
        s.add(IdentityClaim(channel="web", candidates=({"customer_id": str(anna.id), "score": 1},), fingerprint="f"))
    return World(anna.id, berg.id, firm.id, carl.id, mail.id, meeting.id)


# -- marks --------------------------------------------------------------------------------------------------------


class Marks:
    """Plants a text of its own in every field that may hold one, and remembers where."""

    def __init__(self, prefix: str = "zqmark") -> None:
        self._prefix, self._numbers = prefix, count(1)
        self.planted: dict[str, str] = {}

    def new(self, where: str) -> str:
        """Return a new mark."""
        mark = f"{self._prefix}{next(self._numbers)}x"
        self.planted[mark] = where
        return mark

    def found_in(self, content: bytes) -> set[str]:
        """Return the places whose marks stand in ``content``, in whatever case."""
        text = content.lower()
        return {where for mark, where in self.planted.items() if mark.encode() in text}

    def plant(self, session: Session, records: Iterator[tuple[EntityInfo, Any]]) -> None:
        """Fill every text and JSON field of records with marks, but fixed words, formats and chosen ones."""
        with rewriting(session):
            for info, record in records:
                values = {f.name: self._value(info, f, record) for f in info.stored if plantable(f)}
                custom = dict(record.custom)
                for f in info.fields:
                    if f.custom and f.kind is Kind.TEXT and f.erase != "keep":
                        custom[f.name] = self.new(f"{info.name}.custom.{f.name}")
                if info.name == "contact_point":
                    values |= self._point(record)
                session.update(change(record, **values, custom=custom))

    def _value(self, info: EntityInfo, field: Any, record: Any) -> Any:
        mark = self.new(f"{info.name}.{field.name}")
        if field.kind is Kind.TEXT:
            return mark[: field.max_length]
        if field.kind is Kind.WORDS:
            return (mark,)
        return ({"text": mark},) if isinstance(getattr(record, field.name), tuple) else {"text": {"deep": [mark]}}

    def _point(self, point: ContactPoint) -> dict[str, Any]:
        if point.kind != "email":
            return {"value": point.value, "normalized": point.normalized}
        return {"value": f"{self.new('contact_point.value')}@example.com", "normalized": ""}


def plantable(field: Any) -> bool:
    """Whether a mark can be planted in a field."""
    return (
        field.kind in (Kind.TEXT, Kind.WORDS, Kind.JSON)
        and not (field.custom or field.choices or field.format or field.name == "custom")
        and field.erase != "keep"
        and field.max_length > 20
        and field.name not in ("sha256", "normalized", "value")
    )


def imported(crm: Crm, folder: Path, *rows: str) -> ImportReport:
    """Import rows of id, name, mail and note as customers."""
    file, mapping = folder / "people.csv", folder / "people.toml"
    file.write_text("\n".join(("id,name,mail,note", *rows)) + "\n", encoding="utf-8")
    mapping.write_text(MAPPING, encoding="utf-8")
    return run_import(crm, crm.system, file, load_mapping(mapping), error_folder=folder / "rejected")


MAPPING = """
name = "people"

[[record]]
source = "people"
entity = "customer"
external_id = "{id}"
fields = { kind = "person", name = "{name}", description = "{note}" }

[[record]]
source = "people"
entity = "contact_point"
match = ["customer_id", "kind", "value"]
when = "{mail}"
fields = { customer_id = { record = "customer" }, kind = "email", value = "{mail}" }
"""
