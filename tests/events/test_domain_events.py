"""Domain events: declared, told in the transaction of the change, heard by hooks and outside, forged by nobody."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import attrs
import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.field_rights import MASKED
from crmkit.core.frozen import frozen
from crmkit.core.payloads import payload_document, payload_schema
from crmkit.core.staff import Role
from crmkit.plugin import (
    AccessDenied,
    ConfigError,
    DomainEvent,
    EventDeclaration,
    Manifest,
    Money,
    ValidationFailed,
    change,
    hookimpl,
    msg,
)
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.reverting import revert_import
from crmkit.services.importing.running import run_import
from crmkit.testing.making import AsUser, MakeCrm

MAPPING = """
name = "people"

[[record]]
source = "people"
entity = "customer"
external_id = "{nr}"
[record.fields]
name = "{name}"
"""


@attrs.frozen
class Reached:
    """What a customer reached."""

    level: int = attrs.field(metadata={"help": msg("The level.")})
    points: Decimal | None = None


LEVEL = EventDeclaration("club.level_reached", "customer", Reached, msg("A customer reached a level."), version=2)


class Club:
    """Tells of a level when a customer is renamed to one."""

    manifest = Manifest(name="club")

    def __init__(self, *declared: EventDeclaration) -> None:
        self.declared = declared or (LEVEL,)

    @hookimpl
    def register_events(self) -> list[EventDeclaration]:
        return list(self.declared)

    @hookimpl(entities=("customer",))
    def derive_records(self, ctx: Any, call: Any) -> list[Any]:
        levels = [c for c in call.changes if c.after.name.isdecimal() and c.changed("name")]
        return [LEVEL.of(c.after, Reached(int(c.after.name), Decimal("1.50"))) for c in levels]


class Listener:
    """Hears of domain events within the database and outside of it."""

    manifest = Manifest(name="listener")

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, Any]] = []
        self.documents: list[dict[str, Any]] = []

    @hookimpl(entities=("customer",))
    def after_domain_events_committed(self, ctx: Any, call: Any) -> None:
        self.heard += [(call.entity, one.name, one.data["level"]) for one in call.named("club.level_reached")]

    @hookimpl
    def after_events_committed(self, ctx: Any, call: Any) -> None:
        self.documents += [one for one in call.documents() if one["type"].startswith("club.")]


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def club(make_crm: MakeCrm, listener: Listener, database_url: str) -> Crm:
    return make_crm(plugins=[Club(), listener], url=database_url)


def test_who_listens_hears_of_it_by_name(club: Crm, listener: Listener) -> None:
    anna = Customer(name="Anna")
    with club.session() as session:
        session.add(anna)
    with club.session() as session:
        session.update(change(session.get(Customer, anna.id), name="3"))
    club.drain()
    assert listener.heard == [("customer", "club.level_reached", 3)]
    (document,) = listener.documents
    told = (document["type"], document["subject"], document["partitionkey"], document["dataschema"], document["plugin"])
    assert told == (
        "club.level_reached",
        str(anna.id),
        str(anna.id),
        "urn:crmkit:event:club.level_reached:2",
        "club",
    )
    assert document["data"] == {
        "entity": "customer",
        "record_id": str(anna.id),
        "payload": {"level": 3, "points": "1.50"},
        "customers": [str(anna.id)],
    }
    assert [one["data"].get("payload") for one in club.events.list() if one["type"] == "club.level_reached"] == [
        {"level": 3, "points": "1.50"}
    ]


def test_it_is_told_with_the_change_or_not_at_all(club: Crm, listener: Listener) -> None:
    def fail() -> None:
        with club.session() as session:
            session.add(Customer(name="4"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    club.drain()
    with club.session(reads=True) as session:
        assert session.list(DomainEvent) == []
    assert listener.heard == []


def test_each_change_is_an_event_of_its_own(club: Crm, listener: Listener) -> None:
    anna = Customer(name="1")
    with club.session() as session:
        session.add(anna)
        session.flush()
        session.update(change(session.get(Customer, anna.id), name="2"))
        session.flush()
        session.update(change(session.get(Customer, anna.id), name="3"))
    club.drain()
    assert [level for _, _, level in listener.heard] == [1, 2, 3]


def test_nobody_tells_an_event_by_hand(club: Crm) -> None:
    anna = Customer(name="1")
    with club.session() as session:
        session.add(anna)
    actor = AsUser(club)("* * all")
    forged = LEVEL.of(anna, Reached(9))
    with pytest.raises(AccessDenied), club.session(actor) as session:
        session.add(forged)
    with club.session(actor) as session:
        (told,) = session.list(DomainEvent)
    for written in (change(told, data={"level": 9}), change(told, deleted_at=datetime(2026, 1, 1, tzinfo=UTC))):
        with pytest.raises(AccessDenied), club.session(actor) as session:
            session.update(written)


def test_who_may_not_see_the_record_does_not_see_its_events(club: Crm) -> None:
    with club.session() as session:
        session.add(Customer(name="1"))
    as_user = AsUser(club)
    with club.session(as_user("customer read own", "domain_event read own"), reads=True) as session:
        assert session.list(DomainEvent) == []
    with club.session(as_user("customer read all", "domain_event read own"), reads=True) as session:
        assert [one.name for one in session.list(DomainEvent)] == ["club.level_reached"]


def test_who_may_not_see_all_of_the_record_does_not_see_the_payload(club: Crm) -> None:
    AsUser(club)("customer read all", "domain_event read own", login="poor")
    with club.session() as session:
        session.add(Customer(name="1"))
    with club.session(club.actor("poor"), reads=True) as session:
        (told,) = session.list(DomainEvent)
        assert session.shown(told)["data"]["level"] == 1
    with club.session() as session:
        role = session.find(Role, name="rights of poor")
        assert role is not None
        customers, events = role.grants
        session.update(change(role, grants=({**customers, "fields": ["-annual_revenue"]}, events)))
    with club.session(club.actor("poor"), reads=True) as session:
        (told,) = session.list(DomainEvent)
        assert (session.shown(told)["name"], session.shown(told)["data"]) == ("club.level_reached", MASKED)


def test_what_was_not_declared_is_not_told(make_crm: MakeCrm) -> None:
    other = EventDeclaration("club.level_lost", "customer", Reached, msg("A customer lost a level."))
    crm = make_crm(plugins=[Club(other)])
    with pytest.raises(ValidationFailed, match=r"did you mean club\.level_lost"), crm.session() as session:
        session.add(Customer(name="5"))


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (attrs.evolve(LEVEL, name="other.level_reached"), "must begin with the plugin's name"),
        (attrs.evolve(LEVEL, entity="custmer"), "did you mean customer"),
    ],
)
def test_a_wrong_declaration_stops_the_plugin(make_crm: MakeCrm, declared: EventDeclaration, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_crm(plugins=[Club(declared)])


def test_names_and_payloads_are_checked_when_declared() -> None:
    @attrs.frozen
    class Vague:
        anything: object

    with pytest.raises(ConfigError, match=r"as in loyalty\.level_reached"):
        EventDeclaration("Level", "customer", Reached, msg("A level."))
    with pytest.raises(ConfigError, match="expected an attrs class"):
        EventDeclaration("club.level", "customer", dict, msg("A level."))
    with pytest.raises(ConfigError, match="Vague: anything has no form in JSON"):
        EventDeclaration("club.level", "customer", Vague, msg("A level."))
    with pytest.raises(TypeError, match="the payload is a Reached, not object"):
        LEVEL.of(Customer(name="A"), object())


def test_a_payload_is_checked_without_being_made() -> None:
    @frozen
    class Quick:
        level: int = attrs.field(metadata={"help": msg("The level.")})
        day: date | None = None

    @frozen
    class Vague:
        anything: object

    declared = EventDeclaration("club.quick", "customer", Quick, msg("Quick."))
    with pytest.raises(ConfigError, match="Vague: anything has no form in JSON"):
        EventDeclaration("club.vague", "customer", Vague, msg("Vague."))
    assert type(Quick.__dict__["__match_args__"]) is not tuple
    assert list(declared.schema["properties"]) == ["level", "day"]
    assert declared.of(Customer(name="A"), Quick(level=3)).data == {"level": 3, "day": None}


def test_payloads_are_documents_as_their_schema_says() -> None:
    @attrs.frozen
    class All:
        text: str
        yes: bool
        day: date
        at: datetime
        id: UUID
        worth: Money
        word: Literal["a", "b"]
        amount: Decimal = Decimal("1E+3")
        nothing: int | None = None

    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    document = payload_document(All("x", True, date(2026, 3, 1), at, UUID(int=1), Money.of("1.10", "EUR"), "b"))
    assert document == {
        "text": "x",
        "yes": True,
        "day": "2026-03-01",
        "at": "2026-03-01T12:00:00Z",
        "id": str(UUID(int=1)),
        "worth": {"amount": "1.10", "currency": "EUR"},
        "word": "b",
        "amount": "1000",
        "nothing": None,
    }
    schema = payload_schema(All)
    assert schema["required"] == list(document)
    assert schema["properties"]["word"] == {"type": "string", "enum": ["a", "b"]}
    assert schema["properties"]["nothing"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert LEVEL.schema["properties"]["level"] == {"type": "integer", "description": "The level."}


@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), datetime(2026, 3, 1, 12), b"x"], ids=str)
def test_what_has_no_form_in_a_document_is_not_told(value: Any) -> None:
    with pytest.raises(TypeError, match="of a payload has no"):
        LEVEL.of(Customer(name="1"), Reached(value))


def test_what_was_told_follows_a_merge_and_goes_with_who_is_erased(club: Crm) -> None:
    kept, lost = Customer(name="Anna"), Customer(name="7")
    with club.session() as session:
        session.add(kept, lost)
    bob = AsUser(club)("* * all")
    with club.session(bob) as session:
        services = club.context(session, "club").services
        services.merge(services.preview_merge(kept.id, lost.id))
    with club.session(bob, reads=True) as session:
        assert [one.record_id for one in session.list(DomainEvent)] == [kept.id]
    with club.session(bob) as session:
        club.context(session, "club").services.erase(kept.id, reason="asked")
    with club.session(reads=True) as session:
        assert session.list(DomainEvent) == []
        assert [dict(one.data) for one in session.list(DomainEvent, deleted=True)] == [{}]


def test_what_an_import_told_stays_told_when_it_is_taken_back(club: Crm, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("nr,name\n1,5\n2,Berta\n")
    bob = AsUser(club)("* * all")
    run_import(club, bob, file, read_mapping(MAPPING))
    found = revert_import(club, bob, "last")
    assert (found.deleted, found.conflicts) == (4, 0)
    with club.session(reads=True) as session:
        assert session.count(Customer) == 0
        assert [one.name for one in session.list(DomainEvent)] == ["club.level_reached"]
