"""How entities are declared, and what is refused at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import attrs
import pytest

from crmkit.core.customer import Customer
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import CustomField, Own, Part, Record, Via, change, changed_fields, entity, entity_info, field
from crmkit.core.errors import ConfigError
from crmkit.core.fieldtypes import Kind
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate


@entity("boat", plural="boats", unique=(("harbour", "berth"),), indexes=(("built",),), plugin="marina")
class Boat(Record):
    """A boat."""

    name: str = field(max_length=50, searchable=True, sensitivity="personal", help="As painted on the hull")
    harbour: str = field(default="", indexed=True)
    berth: int | None = field(default=None, minimum=1)
    code: str = field(default="", unique=True)
    length: Decimal = field(default=Decimal(0))
    price: Money | None = field(default=None)
    built: date | None = field(default=None)
    launched: PartialDate | None = field(default=None)
    seen_at: datetime | None = field(default=None)
    afloat: bool = field(default=True)
    rig: Literal["sloop", "ketch"] = field(default="sloop")
    tags: tuple[str, ...] = field(default=())
    papers: Mapping[str, Any] = field(factory=dict)
    log: tuple[Mapping[str, Any], ...] = field(default=(), audited=False)
    keeper_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")


@entity("berth_note", access=Via("boat_id"))
class BerthNote(Part):
    """A note about a boat."""

    boat_id: UUID = field(reference="boat")


def test_metadata_comes_from_the_annotation_and_the_field() -> None:
    info = entity_info(Boat)
    names = ("name", "berth", "length", "price", "built", "launched", "seen_at")
    kinds = {name: info.field(name).kind for name in names}
    assert kinds == {
        "name": Kind.TEXT,
        "berth": Kind.INTEGER,
        "length": Kind.DECIMAL,
        "price": Kind.MONEY,
        "built": Kind.DATE,
        "launched": Kind.PARTIAL_DATE,
        "seen_at": Kind.INSTANT,
    }
    assert [info.field(name).kind for name in ("afloat", "rig", "tags", "papers", "log", "keeper_id")] == [
        Kind.BOOLEAN,
        Kind.TEXT,
        Kind.WORDS,
        Kind.JSON,
        Kind.JSON,
        Kind.ID,
    ]
    name, berth, rig, keeper = (info.field(part) for part in ("name", "berth", "rig", "keeper_id"))
    assert (name.required, name.nullable, name.max_length, name.sensitivity) == (True, False, 50, "personal")
    assert (name.label, name.help, name.searchable) == ("Name", "As painted on the hull", True)
    assert (berth.required, berth.nullable, berth.minimum) == (False, True, 1)
    assert rig.choices == ("sloop", "ketch")
    assert (keeper.label, keeper.reference, keeper.merge, keeper.erase) == ("Keeper", "customer", "repoint", "clear")
    assert not info.field("log").audited
    assert info.field("id").common
    assert not name.common


def test_the_entity_knows_its_words_keys_and_access() -> None:
    info = entity_info(Boat)
    assert (info.name, info.plural, info.label, info.plural_label, info.plugin) == (
        "boat",
        "boats",
        "Boat",
        "Boats",
        "marina",
    )
    assert info.unique == (("harbour", "berth"), ("code",))
    assert info.indexes == (("built",),)
    assert info.access == (Own(),)
    assert info.owned
    note = entity_info(BerthNote)
    assert (note.plural, note.access, note.owned) == ("berth_notes", (Via("boat_id"),), False)


@pytest.mark.parametrize("name", ["Boat", "1boat", "boat-house", "", "boät", "boat "])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="lower-case letters, digits and underscores"):

        @entity(name)
        class Bad(Part):
            """Bad."""


@pytest.mark.parametrize("annotation", [float, list[str], dict[str, int], str | int, bytes, set[str], object, complex])
def test_a_type_that_cannot_be_stored_is_refused_with_entity_and_field(annotation: Any) -> None:
    with pytest.raises(ConfigError, match=r"^ship\.cargo: "):
        entity("ship")(type("Ship", (Part,), {"__annotations__": {"cargo": annotation}, "cargo": field()}))


@pytest.mark.parametrize("annotation", [float, float | None])
def test_floats_are_refused_with_what_to_take_instead(annotation: Any) -> None:
    with pytest.raises(ConfigError, match=r"^ship\.price: float is not exact; use Decimal, or Money"):
        entity("ship")(type("Ship", (Part,), {"__annotations__": {"price": annotation}, "price": field(default=None)}))
    with pytest.raises(ConfigError, match=r"^ship\.draught: the default 1\.5 is a float.*write a Decimal"):

        @entity("ship")
        class Ship(Part):
            """A ship."""

            draught: Decimal = field(default=1.5)  # type: ignore[assignment]


def test_a_configured_field_of_floats_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"custom field share: unknown type float; known: .*decimal"):
        CustomField(entity="customer", name="share", type="float").info()


def test_records_are_frozen_slotted_and_take_keywords_only() -> None:
    boat = Boat(name="Ariel")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        boat.name = "Other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        object.__setattr__(boat, "colour", "red")
    with pytest.raises(TypeError):
        Boat("Ariel")  # type: ignore[misc]


def test_a_change_leaves_the_record_as_it_is() -> None:
    boat = Boat(name="Ariel")
    other = change(boat, name="Puck", berth=3)
    assert (boat.name, other.name, other.berth, other.id) == ("Ariel", "Puck", 3, boat.id)
    assert changed_fields(boat, other) == ("name", "berth")
    assert changed_fields(boat, change(boat, version=7)) == ()


def test_a_change_of_an_unknown_field_says_which_was_meant() -> None:
    with pytest.raises(ConfigError, match="boat has no field harbor; did you mean harbour"):
        change(Boat(name="Ariel"), harbor="Kiel")


def test_equality_goes_by_fields_and_the_hash_by_the_id() -> None:
    boat = Boat(name="Ariel")
    assert boat == change(boat)
    assert boat != change(boat, berth=1)
    assert hash(boat) == hash(change(boat, berth=1))
    assert {boat, change(boat)} == {boat}


def test_every_new_record_has_an_id_of_its_own_in_order() -> None:
    ids = [Boat(name="x").id for _ in range(50)]
    assert ids == sorted(set(ids))


def test_a_class_without_decorator_is_no_entity_not_even_a_child_of_one() -> None:
    class Dinghy(Boat):
        """No entity of its own."""

    with pytest.raises(ConfigError, match="Dinghy is not an entity; decorate it with @entity"):
        entity_info(Dinghy)


# -- the registry -----------------------------------------------------------------------------------------------------


def test_two_entities_of_one_name_name_both_plugins() -> None:
    @entity("boat", plural="other_boats", plugin="regatta")
    class OtherBoat(Part):
        """Another boat."""

    with pytest.raises(ConfigError, match="entity boat is declared twice: by marina and by regatta"):
        EntityRegistry((*CORE_ENTITIES, Boat, OtherBoat))


def test_two_entities_of_one_table_are_refused() -> None:
    @entity("vessel", plural="boats", plugin="regatta")
    class Vessel(Part):
        """A vessel."""

    with pytest.raises(ConfigError, match="by marina and by regatta"):
        EntityRegistry((*CORE_ENTITIES, Boat, Vessel))


def test_a_reference_to_no_entity_is_refused_with_a_hint() -> None:
    @entity("mooring")
    class Mooring(Part):
        """A mooring."""

        holder_id: UUID = field(reference="custommer")

    with pytest.raises(ConfigError, match=r"mooring\.holder_id refers to no entity custommer; did you mean customer"):
        EntityRegistry((*CORE_ENTITIES, Mooring))


def test_an_unknown_entity_is_answered_with_the_closest_name() -> None:
    registry = EntityRegistry((*CORE_ENTITIES, Boat))
    with pytest.raises(ConfigError, match="no entity boot; did you mean boat"):
        registry.get("boot")
    with pytest.raises(ConfigError, match="no entity BerthNote"):
        registry.get(BerthNote)
    assert registry.get("boat") is registry.get(Boat)


def test_referenced_entities_come_first() -> None:
    order = [info.name for info in EntityRegistry((BerthNote, Boat, *CORE_ENTITIES)).in_reference_order()]
    for before, after in (("customer", "boat"), ("boat", "berth_note"), ("customer", "contact_point")):
        assert order.index(before) < order.index(after)


def test_children_and_references_are_known_from_both_sides() -> None:
    registry = EntityRegistry((*CORE_ENTITIES, Boat, BerthNote))
    assert ("boat", "keeper_id") in [(info.name, field.name) for info, field in registry.references_to("customer")]
    assert registry.children("boat")["berth_notes"][1].name == "boat_id"
    relations = registry.children("customer")
    assert {relations["customer_relations"][1].name, relations["customer_relations_to"][1].name} == {"from_id", "to_id"}


# -- custom fields ----------------------------------------------------------------------------------------------------


def test_custom_fields_belong_to_one_registry_alone() -> None:
    extended = EntityRegistry(CORE_ENTITIES, [CustomField(entity="customer", name="shoe_size", type="integer")])
    assert extended.get(Customer).field("shoe_size").kind is Kind.INTEGER
    assert extended.get(Customer).field("shoe_size").label == "Shoe size"
    assert "shoe_size" not in EntityRegistry(CORE_ENTITIES).get(Customer).by_name
    assert "shoe_size" not in [info.name for info in extended.get(Customer).stored]


@pytest.mark.parametrize(
    ("custom", "complaint"),
    [
        (CustomField(entity="custmer", name="size"), "no entity custmer; did you mean customer"),
        (CustomField(entity="customer", name="Size"), "custom field Size: a name is lower-case"),
        (CustomField(entity="customer", name="size", type="interger"), "unknown type interger; did you mean integer"),
        (CustomField(entity="customer", name="size", type="json"), "unknown type json"),
        (CustomField(entity="customer", name="industry"), "customer has a field industry already"),
        (CustomField(entity="customer", name="friend", type="id", reference="custmer"), "did you mean customer"),
    ],
)
def test_a_bad_custom_field_is_refused(custom: CustomField, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        EntityRegistry(CORE_ENTITIES, [custom])


def test_a_custom_field_declared_twice_is_refused() -> None:
    size = CustomField(entity="customer", name="size")
    with pytest.raises(ConfigError, match="customer has a field size already"):
        EntityRegistry(CORE_ENTITIES, [size, size])
