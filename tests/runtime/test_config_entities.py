"""Entities that an installation defines are entities like all others."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
import pytest

from crmkit.core.customer import Customer
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import Own, Part, Record, Via, change, entity_info
from crmkit.core.errors import ConfigError, ValidationFailed
from crmkit.core.fieldtypes import Kind
from crmkit.core.registry import EntityRegistry
from crmkit.core.validation import Validator
from crmkit.core.values.ids import new_id
from crmkit.core.values.money import Money
from crmkit.runtime.bad_config import BadConfig
from crmkit.runtime.config import load_config
from crmkit.runtime.defined import DefinedEntity, DefinedField, make_entity

BOAT = {
    "name": "boat",
    "label": "Boat",
    "plural_label": "Fleet",
    "fields": [
        {"name": "registration", "required": True, "unique": True, "max_length": 12, "label": "Registration mark"},
        {"name": "name", "searchable": True},
        {"name": "customer_id", "reference": "customer", "required": True},
        {"name": "rig", "choices": ["sloop", "ketch"]},
        {"name": "length", "type": "decimal", "minimum": 1},
        {"name": "berths", "type": "integer", "indexed": True},
        {"name": "price", "type": "money"},
        {"name": "built", "type": "date"},
        {"name": "launched", "type": "partial_date"},
        {"name": "surveyed_at", "type": "instant"},
        {"name": "insured", "type": "boolean"},
        {"name": "waters", "type": "words"},
    ],
    "unique": [["customer_id", "name"]],
}


def boat() -> type[Any]:
    (cls,) = load_config({"entities": [BOAT]}, {}).defined_entities()
    return cls


def test_it_has_all_its_metadata() -> None:
    info = entity_info(boat())
    assert (info.name, info.label, info.plural, info.plural_label) == ("boat", "Boat", "boats", "Fleet")
    assert (info.title, info.plugin, info.access) == ("name", "configuration", (Own(),))
    assert info.unique == (("customer_id", "name"), ("registration",))
    own = [field for field in info.fields if not field.common]
    assert [field.name for field in own] == [field["name"] for field in BOAT["fields"]]  # type: ignore[index]
    assert [field.kind for field in own] == [
        Kind.TEXT,
        Kind.TEXT,
        Kind.ID,
        Kind.TEXT,
        Kind.DECIMAL,
        Kind.INTEGER,
        Kind.MONEY,
        Kind.DATE,
        Kind.PARTIAL_DATE,
        Kind.INSTANT,
        Kind.BOOLEAN,
        Kind.WORDS,
    ]
    registration, owner = info.field("registration"), info.field("customer_id")
    assert (registration.required, registration.max_length, registration.label) == (True, 12, "Registration mark")
    assert (owner.reference, owner.merge, owner.erase, owner.nullable) == ("customer", "repoint", "tombstone", False)
    assert info.field("rig").choices == ("sloop", "ketch")
    assert info.field("berths").indexed
    assert info.field("name").searchable


def test_its_records_behave_like_others() -> None:
    cls = boat()
    record = cls(registration="DE-1", customer_id=new_id())
    assert Record in cls.__mro__
    assert isinstance(record.id, UUID)
    assert (record.name, record.insured, record.waters, record.built, record.price) == ("", False, (), None, None)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        record.name = "Anna"
    changed = change(record, name="Anna", length=Decimal("9.5"), built=date(1990, 5, 1), price=Money.of("10", "EUR"))
    assert (changed.name, record.name, changed.id) == ("Anna", "", record.id)
    assert {record, changed} == {record, changed}
    with pytest.raises(TypeError):
        cls(name="without a mark")
    with pytest.raises(ConfigError, match="did you mean name"):
        change(record, nmae="x")


def test_its_records_are_validated() -> None:
    cls = boat()
    validator = Validator(entity_info(cls))
    good = cls(registration="DE-1", customer_id=new_id(), rig="sloop", length=Decimal(9))
    assert validator.errors(good) == []
    bad = change(good, registration="x" * 13, rig="raft", length=Decimal(0))
    assert sorted(error.path for error in validator.errors(bad)) == ["boat.length", "boat.registration", "boat.rig"]


def test_it_joins_the_registry() -> None:
    registry = EntityRegistry((*CORE_ENTITIES, boat()))
    assert "boats" in registry.children("customer")
    assert registry.get("boat").owned
    with pytest.raises(ConfigError, match="entity customer is declared twice: by crmkit and by configuration"):
        EntityRegistry(
            (*CORE_ENTITIES, make_entity(DefinedEntity(name="customer", fields=(DefinedField(name="name"),))))
        )


def test_two_applications_do_not_share_the_class() -> None:
    config = load_config({"entities": [BOAT]}, {})
    first, second = config.defined_entities()[0], config.defined_entities()[0]
    assert first is not second
    assert Customer is not first


def test_access_can_come_through_another_record() -> None:
    cls = make_entity(
        DefinedEntity(
            name="sail",
            fields=(DefinedField(name="boat_id", reference="boat", required=True),),
            access="via",
            via="boat_id",
        )
    )
    info = entity_info(cls)
    assert info.access == (Via("boat_id"),)
    assert issubclass(cls, Part)
    assert not info.owned
    assert info.title == "boat_id"
    assert (info.field("boat_id").merge, info.field("boat_id").erase) == (None, None)


@pytest.mark.parametrize(
    ("change_of", "path", "expected"),
    [
        ({"name": "Boat"}, "entities[0].name", "lower-case letters"),
        ({"plural": "The boats"}, "entities[0].plural", "lower-case letters"),
        ({"fields": []}, "entities[0].fields", "at least one field"),
        ({"fields": [{"name": "a"}, {"name": "a"}]}, "entities[0].fields[1].name", "no other field"),
        ({"fields": [{"name": "class"}]}, "entities[0].fields[0].name", "no word of Python"),
        ({"fields": [{"name": "self"}]}, "entities[0].fields[0].name", "no word of Python"),
        ({"fields": [{"name": "version"}]}, "entities[0].fields[0].name", "has this field already"),
        ({"fields": [{"name": "a", "type": "integr"}]}, "entities[0].fields[0].type", "did you mean integer?"),
        ({"fields": [{"name": "a", "type": "json"}]}, "entities[0].fields[0].type", "a type"),
        ({"fields": [{"name": "a", "type": "text", "reference": "user"}]}, "entities[0].fields[0].type", "id, since"),
        ({"fields": [{"name": "a", "type": "date", "choices": ["x"]}]}, "entities[0].fields[0].choices", "for texts"),
        ({"fields": [{"name": "a", "max_length": 0}]}, "entities[0].fields[0].max_length", "at least 1"),
        ({"title": "nmae"}, "entities[0].title", "did you mean name?"),
        ({"unique": [["nme"]]}, "entities[0].unique[0]", "did you mean name?"),
        ({"access": "via"}, "entities[0].via", "a field of it; known: customer_id"),
        ({"access": "via", "via": "custmer_id"}, "entities[0].via", "did you mean customer_id?"),
        ({"via": "customer_id"}, "entities[0].via", 'nothing, unless access = "via"'),
        ({"access": "mine"}, "entities[0].access", "one of own, via"),
        ({"fields": [{"name": "a", "sensitivity": "secret"}]}, "entities[0].fields[0].sensitivity", "one of public"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change_of: dict[str, Any], path: str, expected: str) -> None:
    with pytest.raises(BadConfig) as caught:
        load_config({"entities": [{**BOAT, **change_of}]}, {})
    found = {error.path: str(error.expected) for error in caught.value.errors}
    assert expected in found[path]


def test_a_definition_made_in_python_is_checked_too() -> None:
    with pytest.raises(ValidationFailed, match=r"boat\.fields: \(empty\) - at least one field"):
        make_entity(DefinedEntity(name="boat"))
