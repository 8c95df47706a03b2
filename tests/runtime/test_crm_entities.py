"""Entities and fields of plugins and configurations: stored, checked, audited and filtered like those of the core."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.entity import CustomField, Part, Record, Via, change, entity, field
from crmkit.core.errors import ConfigError, NotFound, ValidationFailed
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.values.ids import new_id
from crmkit.hooks.errors import BadHook
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from tests.conftest import KeptDatabase, OpenCrm
from tests.tenants import in_a_new_tenant


@entity("yacht", plugin="marina", unique=(("call_sign",),))
class Yacht(Record):
    """A yacht."""

    name: str = field(searchable=True)
    call_sign: str = field(default="", max_length=10)
    length: Decimal | None = field(default=None, minimum=0)
    keeper_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")


@entity("yacht_trip", plugin="marina", access=Via("yacht_id"), title="harbour")
class Trip(Part):
    """Where a yacht went."""

    yacht_id: UUID = field(reference="yacht")
    harbour: str = field()


class Marina:
    manifest = Manifest(name="marina")

    def __init__(self, *fields: CustomField) -> None:
        self._fields = list(fields)

    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Yacht, Trip]

    @hookimpl
    def register_custom_fields(self, ctx: Any, call: Any) -> list[CustomField]:
        return self._fields


CONFIG: dict[str, Any] = {
    "entities": [
        {
            "name": "machine",
            "label": "Machine",
            "fields": [
                {"name": "name", "required": True},
                {"name": "serial", "max_length": 10, "unique": True},
                {"name": "hours", "type": "integer", "minimum": 0},
                {"name": "state", "choices": ["new", "used"]},
                {"name": "site", "reference": "customer"},
            ],
        }
    ],
    "custom_fields": [
        {"entity": "customer", "name": "tier", "choices": ["gold", "silver"]},
        {"entity": "customer", "name": "limit", "type": "decimal"},
        {"entity": "customer", "name": "since", "type": "date"},
        {"entity": "customer", "name": "checked_at", "type": "instant"},
        {"entity": "customer", "name": "guide", "type": "id"},
        {"entity": "customer", "name": "languages", "type": "words"},
        {"entity": "customer", "name": "born", "type": "partial_date"},
        {"entity": "customer", "name": "visits", "type": "integer"},
        {"entity": "customer", "name": "vip", "type": "boolean"},
    ],
}


@pytest.fixture(params=["sqlite", "postgresql"])
def marina(request: pytest.FixtureRequest, kept_database: KeptDatabase, kept_open: OpenCrm) -> Crm:
    return in_a_new_tenant(kept_open(kept_database(request.param, "yachts"), Marina(), config=CONFIG))


def refused(crm: Crm, record: Any) -> dict[str, str]:
    with crm.session() as s:
        s.stage(record)
        with pytest.raises(ValidationFailed) as caught:
            s.flush()
        s.rollback()
    return {error.path: error.code for error in caught.value.errors}


def test_an_entity_of_a_plugin_is_one_like_any_other(marina: Crm) -> None:
    keeper = Customer(name="Anna")
    ariel = Yacht(name="Ariel", call_sign="A1", length=Decimal("12.5"), keeper_id=keeper.id)
    with marina.session() as s:
        s.add(Trip(yacht_id=ariel.id, harbour="Kiel"), ariel, keeper)
    with marina.session() as s:
        assert s.get(Yacht, ariel.id) == ariel
        assert [y.name for y in s.list(Yacht, "keeper.name = anna and length > 12")] == ["Ariel"]
        assert s.count(Yacht, "has yacht_trips where harbour = kiel") == 1
        assert s.count(Customer, "has yachts") == 1
        yachts, trips = s.table(Yacht), s.table(Trip)
        joined = sa.select(yachts.c.name, trips.c.harbour).join_from(trips, yachts, yachts.c.id == trips.c.yacht_id)
        assert [tuple(row) for row in s.execute(joined)] == [("Ariel", "Kiel")]
        s.update(change(s.get(Yacht, ariel.id), name="Puck"))
    with marina.session() as s:
        assert [e.delta for e in s.list(AuditEntry, record_id=ariel.id)][1] == {"name": ["Ariel", "Puck"]}
        assert [e.type for e in s.list(Event, record_id=ariel.id)] == ["yacht.created", "yacht.updated"]
    assert refused(marina, Yacht(name="", length=Decimal(-1))) == {
        "yacht.name": "required",
        "yacht.length": "too_small",
    }
    assert refused(marina, Yacht(name="x", call_sign="A1")) == {"yacht.call_sign": "duplicate"}
    assert refused(marina, Trip(yacht_id=new_id(), harbour="x")) == {"yacht_trip.yacht_id": "reference"}


def test_an_entity_of_the_configuration_is_one_like_any_other(marina: Crm) -> None:
    machine = marina.registry.get("machine").cls
    site = Customer(name="Works")
    press = machine(name="Press", serial="S1", hours=5, state="used", site=site.id)
    with marina.session() as s:
        s.add(press, site)
    with marina.session() as s:
        assert s.get(machine, press.id) == press
        assert [m.name for m in s.list(machine, "hours >= 5 and state = used")] == ["Press"]
        s.delete(s.get(machine, press.id))
    with marina.session() as s:
        with pytest.raises(NotFound, match="no machine with id"):
            s.get(machine, press.id)
        assert [e.action for e in s.list(AuditEntry, record_id=press.id)] == ["created", "deleted"]
    assert refused(marina, machine(name="", serial="x" * 11, hours=-1, state="old", site=new_id())) == {
        "machine.name": "required",
        "machine.serial": "too_long",
        "machine.hours": "too_small",
        "machine.state": "choice",
    }


CUSTOM = {
    "tier": "gold",
    "limit": Decimal("1234.500001"),
    "since": date(2020, 2, 29),
    "checked_at": datetime(2026, 3, 15, 12, 0, 0, 1, tzinfo=UTC),
    "guide": UUID(int=7),
    "languages": ("de", "中文"),
    "visits": 3,
    "vip": True,
}


def test_custom_fields_come_back_with_their_types_and_can_be_saved_again(marina: Crm) -> None:
    anna = Customer(name="Anna", custom=CUSTOM)
    with marina.session() as s:
        s.add(anna)
    with marina.session() as s:
        read = s.get(Customer, anna.id)
        assert read == anna
        assert {name: type(value) for name, value in read.custom.items()} == {
            name: type(value) for name, value in CUSTOM.items()
        }
        s.update(change(read, name="Anne"))
    with marina.session() as s:
        s.update(change(s.get(Customer, anna.id), custom={**CUSTOM, "visits": 4}))
    with marina.session() as s:
        assert s.get(Customer, anna.id).custom["visits"] == 4
        assert list(s.list(AuditEntry, record_id=anna.id)[1].delta) == ["name"]


def test_custom_fields_are_filtered_by(marina: Crm) -> None:
    with marina.session() as s:
        s.add(Customer(name="Anna", custom=CUSTOM), Customer(name="Ben", custom={"tier": "silver", "visits": 1}))
        s.add(Customer(name="Cleo"))
    questions = {
        "tier = gold": ["Anna"],
        "visits > 0": ["Anna", "Ben"],
        "limit > 1234.5": ["Anna"],
        "since < 2021-01-01": ["Anna"],
        "languages contains de": ["Anna"],
        "vip = true": ["Anna"],
        "tier is empty": ["Cleo"],
    }
    with marina.session(reads=True) as s:
        assert {question: [c.name for c in s.list(Customer, question)] for question in questions} == questions


def test_custom_fields_are_checked(marina: Crm) -> None:
    assert refused(marina, Customer(name="x", custom={"tier": "iron", "limit": 1.5, "colour": "red"})) == {
        "customer.custom.tier": "choice",
        "customer.custom.limit": "type",
        "customer.custom.colour": "unknown_field",
    }


def test_upserts_keep_custom_values_that_are_not_given(marina: Crm) -> None:
    yacht = Yacht(name="Ariel", call_sign="A1")
    with marina.session() as s:
        s.add(yacht, Customer(name="Anna", custom={"tier": "gold", "visits": 1}))
    with marina.session() as s:
        counts = s.bulk_upsert(Customer, [Customer(name="Anna", custom={"visits": 2})], key=("name",))
        assert counts == {"created": 0, "updated": 1, "unchanged": 0}
    with marina.session() as s:
        assert s.list(Customer)[0].custom == {"tier": "gold", "visits": 2}


def test_a_required_custom_field_is_required(sqlite_url: str) -> None:
    wanted = CustomField(entity="customer", name="tier", required=True)
    with Crm.open(sqlite_url, plugins=[Marina(wanted)]) as crm:
        assert refused(crm, Customer(name="x")) == {"customer.custom.tier": "required"}
        with crm.session() as s:
            s.add(Customer(name="x", custom={"tier": "gold"}))


def test_two_plugins_with_one_entity_or_field_are_both_named() -> None:
    class Other:
        manifest = Manifest(name="other")

        @hookimpl
        def register_entities(self, ctx: Any, call: Any) -> list[type]:
            @entity("yacht", plural="other_yachts", plugin="other")
            class OtherYacht(Part):
                """Another yacht."""

            return [OtherYacht]

    with pytest.raises(ConfigError, match="entity yacht is declared twice: by marina and by other"):
        Crm.open(plugins=[Marina(), Other()])

    size = CustomField(entity="customer", name="size")

    class Third:
        manifest = Manifest(name="third")

        @hookimpl
        def register_custom_fields(self, ctx: Any, call: Any) -> list[CustomField]:
            return [size]

    with pytest.raises(BadHook, match=r"registered twice in register_custom_fields: by marina .* and by third"):
        Crm.open(plugins=[Marina(size), Third()])


def test_an_entity_with_a_reference_to_nowhere_stops_start_up() -> None:
    class Lost:
        manifest = Manifest(name="lost")

        @hookimpl
        def register_entities(self, ctx: Any, call: Any) -> list[type]:
            return [Trip]

    with pytest.raises(ConfigError, match=r"yacht_trip\.yacht_id refers to no entity yacht"):
        Crm.open(plugins=[Lost()])
