"""Unique keys, references, upserts: what the database refuses is explained field by field."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import ConfigError, FieldError, ValidationFailed
from crmkit.core.grouping import Tag, Tagging
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.journal import AuditEntry
from crmkit.core.product import Asset, Product
from crmkit.core.staff import User
from crmkit.core.values.ids import new_id
from crmkit.runtime.crm import Crm

Told = tuple[str, str, object, object]


def told(crm: Crm, *records: Any) -> list[Told]:
    """Try to save and return the field errors."""
    with crm.session() as s:
        for record in records:
            s.stage(record)
        with pytest.raises(ValidationFailed) as caught:
            s.flush()
        s.rollback()
    return [_told(error) for error in caught.value.errors]


def _told(error: FieldError) -> Told:
    return error.path, error.code, error.value, error.record_id


def make(crm: Crm, *records: Any) -> Any:
    with crm.session() as s:
        s.add(*records)
    return records[0]


# -- unique keys ------------------------------------------------------------------------------------------------------


def test_a_taken_value_is_named(crm: Crm) -> None:
    make(crm, User(login="anna", name="Anna"))
    other = User(login="anna", name="Other")
    assert told(crm, other) == [("user.login", "duplicate", "anna", other.id)]


def test_a_taken_value_is_named_among_many(crm: Crm) -> None:
    make(crm, Product(sku="5", name="x"), Product(sku="7", name="x"))
    batch = [Product(sku=str(n), name="y") for n in range(10)]
    assert sorted(told(crm, *batch)) == [
        ("product.sku", "duplicate", "5", batch[5].id),
        ("product.sku", "duplicate", "7", batch[7].id),
    ]
    with crm.session() as s:
        assert s.count(Product) == 2


def test_equal_values_within_a_batch_are_named(crm: Crm) -> None:
    one, two, three = (User(login=login, name="x") for login in ("a", "b", "a"))
    assert told(crm, one, two, three) == [("user.login", "duplicate", "a", three.id)]


def test_a_key_of_several_fields_is_named_with_all_of_them(crm: Crm) -> None:
    customer = make(crm, Customer(name="x"))
    make(crm, ContactPoint(customer_id=customer.id, kind="email", value="Anna@Example.com"))
    again = ContactPoint(customer_id=customer.id, kind="email", value="anna@example.com")
    path = "contact_point.kind+normalized+customer_id"
    assert told(crm, again) == [(path, "duplicate", f"email, anna@example.com, {customer.id}", again.id)]


def test_a_change_to_a_taken_value_is_named(crm: Crm) -> None:
    anna, ben = User(login="anna", name="Anna"), User(login="ben", name="Ben")
    make(crm, anna, ben)
    assert told(crm, change(ben, login="anna")) == [("user.login", "duplicate", "anna", ben.id)]


def test_values_of_two_records_are_exchanged_in_two_steps(crm: Crm) -> None:
    anna, ben = User(login="anna", name="Anna"), User(login="ben", name="Ben")
    make(crm, anna, ben)
    # Databases check unique keys row by row: in one flush one of the two is always in the way of the other.
    assert sorted(told(crm, change(anna, login="ben"), change(ben, login="anna"))) == sorted(
        [("user.login", "duplicate", "ben", anna.id), ("user.login", "duplicate", "anna", ben.id)]
    )
    with crm.session() as s:
        s.update(change(s.get(User, anna.id), login="-"))
        s.flush()
        s.update(change(s.get(User, ben.id), login="anna"))
        s.flush()
        s.update(change(s.get(User, anna.id), login="ben"))
    with crm.session() as s:
        assert (s.get(User, anna.id).login, s.get(User, ben.id).login) == ("ben", "anna")


def test_deleting_frees_a_value_at_once(crm: Crm) -> None:
    anna, ben = Product(sku="anna", name="Anna"), Product(sku="ben", name="Ben")
    make(crm, anna, ben)
    with crm.session() as s:
        # The change stands before the deletion that makes room for it, and a new record takes what the change frees.
        s.update(change(s.get(Product, ben.id), sku="anna"))
        s.delete(s.get(Product, anna.id))
        s.add(Product(sku="ben", name="New"))
    with crm.session() as s:
        assert [(u.sku, u.name) for u in s.list(Product, order="sku")] == [("anna", "Ben"), ("ben", "New")]


def test_a_record_does_not_come_back_when_its_value_is_taken(crm: Crm) -> None:
    anna = make(crm, Product(sku="anna", name="Anna"))
    with crm.session() as s:
        s.delete(s.get(Product, anna.id))
    make(crm, Product(sku="anna", name="New"))
    with crm.session() as s:
        s.restore(Product, anna.id)
        with pytest.raises(ValidationFailed) as caught:
            s.flush()
        s.rollback()
    assert _told(caught.value.errors[0]) == ("product.sku", "duplicate", "anna", anna.id)


def test_optional_texts_left_empty_never_collide(crm: Crm) -> None:
    now = crm.clock.now()
    quiet = [Interaction(kind="call", occurred_at=now) for _ in range(3)]
    make(crm, *quiet, Interaction(kind="email", occurred_at=now, channel="mail", external_key="1"))
    again = Interaction(kind="email", occurred_at=now, channel="mail", external_key="1")
    batch = [*(Interaction(kind="call", occurred_at=now) for _ in range(3)), again]
    assert told(crm, *batch) == [("interaction.channel+external_key", "duplicate", "mail, 1", again.id)]


def test_missing_parts_of_a_key_never_collide(crm: Crm) -> None:
    call = make(crm, Interaction(kind="call", occurred_at=crm.clock.now()))
    make(crm, *(InteractionParticipant(interaction_id=call.id, address=f"+4930{n}") for n in range(3)))
    with crm.session() as s:
        assert s.count(InteractionParticipant) == 3


def test_the_same_record_twice_is_a_duplicate(crm: Crm) -> None:
    anna = make(crm, Customer(name="Anna"))
    with crm.session() as s:
        s.add(Customer(id=anna.id, name="Other"))
        with pytest.raises(ValidationFailed, match="a value that no other customer has"):
            s.flush()
        s.rollback()


# -- references -------------------------------------------------------------------------------------------------------


def deleted(crm: Crm) -> UUID:
    customer = make(crm, Customer(name="gone"))
    with crm.session() as s:
        s.delete(s.get(Customer, customer.id))
    return customer.id


def test_references_lead_to_living_records_of_the_right_kind(crm: Crm) -> None:
    product = make(crm, Product(sku="1", name="x"))
    for target in (new_id(), deleted(crm), product.id):
        asset = Asset(customer_id=target, name="x")
        assert told(crm, asset) == [("asset.customer_id", "reference", target, asset.id)]


def test_all_wrong_references_of_a_flush_are_named(crm: Crm) -> None:
    customer = make(crm, Customer(name="x"))
    missing, other = new_id(), new_id()
    assets = [Asset(customer_id=customer.id, name=str(n)) for n in range(5)]
    assets[1] = change(assets[1], customer_id=missing, product_id=other)
    assets[3] = change(assets[3], customer_id=missing)
    assert sorted(told(crm, *assets), key=str) == sorted(
        [
            ("asset.customer_id", "reference", missing, assets[1].id),
            ("asset.product_id", "reference", other, assets[1].id),
            ("asset.customer_id", "reference", missing, assets[3].id),
        ],
        key=str,
    )


def test_what_the_session_has_in_hand_is_checked_too(crm: Crm) -> None:
    with crm.session() as s:
        customer, product = Customer(name="x"), Product(sku="1", name="x")
        s.add(customer, product)
        s.add(Asset(customer_id=product.id, name="the wrong kind"))
        with pytest.raises(ValidationFailed, match=r"asset\.customer_id.*the id of a record of customer that exists"):
            s.flush()
        s.rollback()
        s.add(customer, product)
        s.flush()
        s.delete(s.get(Customer, customer.id))
        s.add(Asset(customer_id=customer.id, name="deleted a moment ago"))
        with pytest.raises(ValidationFailed, match=r"asset\.customer_id"):
            s.flush()
        s.rollback()


def test_a_reference_that_was_there_before_is_not_asked_for_again(crm: Crm) -> None:
    customer = Customer(name="x")
    asset = Asset(customer_id=customer.id, name="x")
    make(crm, customer, asset)
    with crm.session() as s:
        s.delete(s.get(Customer, customer.id))
    with crm.session() as s:
        s.update(change(s.get(Asset, asset.id), name="y"))
    with crm.session() as s:
        assert s.get(Asset, asset.id).name == "y"


# -- upserts ----------------------------------------------------------------------------------------------------------


def test_upserts_add_change_and_leave_alone(crm: Crm) -> None:
    known = Product(sku="1", name="One", category="tools", unit="kg")
    make(crm, known, Product(sku="2", name="Two"), Product(sku="4", name="Four", owner_id=None))
    with crm.session() as s:
        counts = s.bulk_upsert(
            Product,
            [
                Product(sku="1", name="Uno", unit="pc"),
                Product(sku="2", name="Two"),
                Product(sku="3", name="Three"),
                Product(sku="4", name="Four", category=""),
            ],
            key=("sku",),
        )
    assert counts == {"created": 1, "updated": 1, "unchanged": 2}
    with crm.session() as s:
        one = s.find(Product, sku="1")
        assert one is not None
        # A value that is not filled leaves what is known.
        assert (one.id, one.name, one.category, one.unit, one.version) == (known.id, "Uno", "tools", "pc", 2)
        assert s.count(Product) == 4
        assert s.count(AuditEntry, entity="product") == 5


def test_upserts_of_one_key_twice_make_one_record(crm: Crm) -> None:
    with crm.session() as s:
        counts = s.bulk_upsert(
            Product, [Product(sku="1", name="a"), Product(sku="1", name="b"), Product(sku="1", name="b")], key=("sku",)
        )
    assert counts == {"created": 1, "updated": 1, "unchanged": 1}
    with crm.session() as s:
        assert [p.name for p in s.list(Product)] == ["b"]


def test_upserts_by_a_key_of_several_fields(crm: Crm) -> None:
    tag, other = Tag(name="t"), Tag(name="o")
    records = [new_id() for _ in range(2_000)]
    make(
        crm, tag, other, *(Tagging(tag_id=tag.id, entity="interaction", record_id=record) for record in records[:1_500])
    )
    wanted = [Tagging(tag_id=tag.id, entity="interaction", record_id=record) for record in records[1_000:]]
    wanted += [Tagging(tag_id=other.id, entity="interaction", record_id=records[0])]
    with crm.session() as s:
        counts = s.bulk_upsert(Tagging, wanted, key=("tag_id", "entity", "record_id"))
    assert counts == {"created": 501, "updated": 0, "unchanged": 500}


def test_upserts_see_pending_records(crm: Crm) -> None:
    with crm.session() as s:
        s.add(Product(sku="1", name="a"))
        assert s.bulk_upsert(Product, [Product(sku="1", name="b")], key=("sku",)) == {
            "created": 0,
            "updated": 1,
            "unchanged": 0,
        }


def test_nothing_to_upsert_is_nothing(crm: Crm) -> None:
    with crm.session() as s:
        assert s.bulk_upsert(Product, [], key=("sku",)) == {"created": 0, "updated": 0, "unchanged": 0}
        with pytest.raises(ConfigError, match="product has no field skuu; did you mean sku"):
            s.bulk_upsert(Product, [], key=("skuu",))


def test_an_empty_key_equals_no_other(crm: Crm) -> None:
    make(crm, Customer(name="Stored", kind="organization"))
    given = [Customer(name=name, kind="organization") for name in ("One", "Two")]
    with crm.session() as s:
        assert s.bulk_upsert(Customer, given, key=("domain",)) == {"created": 2, "updated": 0, "unchanged": 0}
    with crm.session(reads=True) as s:
        assert [customer.name for customer in s.list(Customer, order="name")] == ["One", "Stored", "Two"]
