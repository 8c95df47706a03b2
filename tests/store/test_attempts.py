"""Parts of a transaction that stand or fall by themselves; pages of deleted records; responses that are stored."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.errors import Conflict, ValidationFailed
from crmkit.core.product import Product
from crmkit.core.values.clock import FixedClock


def product(sku: str) -> Product:
    return Product(sku=sku, name=f"Product {sku}")


def test_what_fails_within_an_attempt_leaves_the_rest(crm: Crm) -> None:
    heard: list[str] = []
    with crm.session() as session:
        services = crm.context(session, "test").services
        session.add(product("A-1"))
        with services.attempt() as inner:
            inner.add(product("A-2"))
            inner.after_commit(lambda: heard.append("A-2"))

        def attempted(wrong: Product) -> None:
            with services.attempt() as inner:
                inner.add(product(f"B{wrong.sku}"), wrong)
                inner.after_commit(lambda: heard.append("never"))

        for wrong in (product("A-1"), product(""), product("A-2")):
            with pytest.raises(ValidationFailed):
                attempted(wrong)
        session.add(product("A-3"))
        assert heard == []
    assert heard == ["A-2"]
    with crm.session() as session:
        assert [one.sku for one in session.list(Product, order="sku")] == ["A-1", "A-2", "A-3"]


def test_an_attempt_is_undone_with_its_transaction(crm: Crm) -> None:
    with crm.session() as session:
        with crm.context(session, "test").services.attempt() as inner:
            inner.add(product("A-1"))
        assert session.find(Product, sku="A-1") is not None
        session.rollback()
    with crm.session() as session:
        assert session.count(Product) == 0


def test_deleted_records_have_pages_of_their_own(crm: Crm) -> None:
    with crm.session() as session:
        some = [Customer(name=name, kind="organization") for name in "ABCDE"]
        session.add(*some)
        session.flush()
        session.delete(*some[:3])
    with crm.session() as session:
        first = session.page(Customer, order="name", limit=2, deleted=True)
        second = session.page(Customer, order="name", limit=2, after=first.next, deleted=True)
        assert [one.name for one in (*first.records, *second.records)] == ["A", "B", "C"]
        assert (session.count(Customer, deleted=True), session.count(Customer)) == (3, 2)
        assert [one.name for one in session.page(Customer, order="name").records] == ["D", "E"]
        assert session.count(Customer, "name = A", deleted=True) == 1


def test_responses_are_stored_with_their_effect(crm: Crm, clock: FixedClock) -> None:
    with crm.session() as session:
        services = crm.context(session, "test").services
        assert services.stored_response("web:1") is None
        services.store_response("web:1", "digest", '{"a":1}')
        services.store_response("other:1", "digest", "{}")
    with crm.session() as session:
        services = crm.context(session, "test").services
        stored = services.stored_response("web:1")
        assert (stored.fingerprint, stored.result, stored.created_at) == ("digest", '{"a":1}', clock.now())
    with pytest.raises(Conflict), crm.session() as session:
        crm.context(session, "test").services.store_response("web:1", "digest", "{}")
    with crm.session() as session:
        services = crm.context(session, "test").services
        assert services.forget_responses("web:", clock.now()) == 0
        assert services.forget_responses("web:", clock.now() + timedelta(seconds=1)) == 1
        assert services.stored_response("web:1") is None
        assert services.stored_response("other:1") is not None


def test_who_has_no_patience_does_not_wait_for_a_turn(crm: Crm) -> None:
    with crm.session() as first:
        crm.context(first, "test").services.take_turns("a", "b", patience=0.01)
        if crm.database.dialect == "postgresql":
            with crm.session() as second, pytest.raises(Conflict):
                crm.context(second, "test").services.take_turns("a", "b", patience=0.01)
    with crm.session() as third:
        crm.context(third, "test").services.take_turns("a", "b", patience=0.01)
