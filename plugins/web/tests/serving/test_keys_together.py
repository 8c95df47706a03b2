"""Requests with idempotency keys that come at the same time: they share a transaction, and each has one effect."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.core.values.clock import FixedClock
from crmkit_web.records import idempotency
from crmkit_web.serving.answering import Asked, answer_admitted
from crmkit_web.serving.calls import Incoming, Reply
from crmkit_web.serving.sharing import answer_together
from plugins.web.tests.serving.conftest import Asking, count


@pytest.fixture
def root(asking: Asking) -> str:
    """A token of somebody who may do everything; what is too old was forgotten just now, so that no request does it."""
    token = asking.token("root")
    assert asking.answers(asking.create(token, "tags", name="first", key="first"))[0].status == 201
    return token


@pytest.fixture
def transactions(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was asked for a transaction that writes, since the test began."""
    found: list[Any] = []
    acquire = crm.database.acquire

    def noted(reads: bool, *given: Any, **named: Any) -> Any:
        if not reads:
            found.append(given)
        return acquire(reads, *given, **named)

    monkeypatch.setattr(crm.database, "acquire", noted)
    return found


def product(asking: Asking, token: str, sku: str, key: str = "") -> Incoming:
    return asking.create(token, "products", sku=sku, name=f"Product {sku}", key=key)


def told(reply: Reply) -> tuple[int, str]:
    return reply.status, json.loads(reply.content or b"{}").get("code", "")


def stored(crm: Crm) -> int:
    with crm.database.connection(tenant=crm.system.tenant_id) as connection:
        return connection.execute(
            sa.select(sa.func.count()).select_from(crm.database.table("command_results"))
        ).scalar_one()


def test_they_share_a_transaction_and_are_answered_as_before(
    asking: Asking, crm: Crm, root: str, transactions: list[Any]
) -> None:
    requests = [product(asking, root, sku, f"key-{sku}") for sku in ("1", "2", "3")]
    first = asking.answers(*requests)
    assert [reply.status for reply in first] == [201] * 3
    assert len(transactions) == 1
    again = asking.answers(*requests, product(asking, root, "4"))
    assert [reply.status for reply in again] == [201] * 4
    assert [reply.content for reply in again[:3]] == [reply.content for reply in first]
    assert [reply.headers.get("idempotency-replayed") for reply in again] == ["true"] * 3 + [None]
    assert (len(transactions), count(crm, Product), stored(crm)) == (2, 4, 4)


def test_of_equal_ones_one_has_an_effect(asking: Asking, crm: Crm, root: str) -> None:
    replies = asking.answers(
        *[product(asking, root, "1", "key") for _ in range(5)], product(asking, root, "2", "other")
    )
    assert [reply.status for reply in replies] == [201] * 6
    assert len({reply.content for reply in replies[:5]}) == 1
    assert [reply.headers.get("idempotency-replayed") for reply in replies] == [None] + ["true"] * 4 + [None]
    assert count(crm, Product) == 2


def test_a_change_that_was_made_is_answered_as_before(asking: Asking, crm: Crm, root: str) -> None:
    kestrel = Customer(name="Kestrel", kind="organization")
    with crm.session() as session:
        session.add(kestrel)
    path = {"entity": "customers", "id": str(kestrel.id)}
    changes = [
        asking.request("change_record", root, {"name": "Hobby"}, if_match='"1"', key="key", **path) for _ in range(2)
    ]
    replies = [
        *asking.answers(changes[0], product(asking, root, "1")),
        *asking.answers(changes[1], product(asking, root, "2")),
    ]
    # Without its key, the second change of one state would be refused.
    assert [reply.status for reply in replies] == [200, 201, 200, 201]
    with crm.session(reads=True) as session:
        assert session.get(Customer, kestrel.id).version == 2


def test_what_is_wrong_with_one_is_nothing_to_the_others(asking: Asking, crm: Crm, root: str) -> None:
    asking.answers(product(asking, root, "1", "used"))
    replies = asking.answers(
        product(asking, root, "2", "key-2"),
        product(asking, root, "3", "used"),
        asking.create(root, "products", sku="", name="", key="wrong"),
        product(asking, root, "4", "ä"),
        product(asking, root, "5", "key-5"),
    )
    assert [told(reply) for reply in replies] == [
        (201, ""),
        (422, "key_reused"),
        (422, "validation"),
        (400, "bad_header"),
        (201, ""),
    ]
    assert count(crm, Product) == 3
    # What failed was not carried out, so its key is as good as new.
    assert [told(one) for one in asking.answers(product(asking, root, "6", "wrong"), product(asking, root, "7"))] == [
        (201, ""),
        (201, ""),
    ]


def test_those_of_a_group_that_is_undone_are_stored_once(asking: Asking, crm: Crm, root: str) -> None:
    requests = [product(asking, root, sku, f"key-{at}") for at, sku in enumerate(("1", "2", "2", "3"))]
    assert [told(reply) for reply in asking.answers(*requests)] == [(201, ""), (201, ""), (409, "duplicate"), (201, "")]
    assert (count(crm, Product), stored(crm)) == (3, 4)
    assert [reply.headers.get("idempotency-replayed") for reply in asking.answers(*requests)] == [
        "true",
        "true",
        None,
        "true",
    ]


@pytest.mark.parametrize("crm", ["postgresql"], indirect=True)
def test_nobody_waits_for_one_that_another_process_answers(
    asking: Asking, crm: Crm, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = product(asking, root, "1", "busy")
    monkeypatch.setattr(idempotency, "PATIENCE", 0.01)
    actor = asking.actor(busy)
    with crm.session() as session:
        crm.context(session, "web").services.take_turns(idempotency.TURN, idempotency._name(busy, actor))
        later, made = answer_together(asking.site, [busy, product(asking, root, "2", "free")])
        assert isinstance(made, Reply)
        assert isinstance(later, Asked)
        assert count(crm, Product) == 1
        assert told(answer_admitted(asking.site, later)) == (409, "in_flight")
    assert told(answer_admitted(asking.site, later)) == (201, "")


def test_what_is_too_old_is_new_again(asking: Asking, crm: Crm, root: str, clock: FixedClock) -> None:
    requests = [
        asking.create(root, "customers", name=name, kind="organization", key=f"key-{name}") for name in ("a", "b")
    ]
    asking.answers(*requests)
    clock.advance(hours=24.5)
    # Somebody is answered alone, who forgets what is too old.
    replies = asking.answers(*requests)
    assert [reply.headers.get("idempotency-replayed") for reply in replies] == [None, None]
    assert (count(crm, Customer), stored(crm)) == (4, 2)
    clock.advance(minutes=59)
    assert [reply.headers["idempotency-replayed"] for reply in asking.answers(*requests)] == ["true", "true"]


def test_too_old_before_it_is_forgotten(asking: Asking, crm: Crm, root: str, clock: FixedClock) -> None:
    one = asking.create(root, "customers", name="a", kind="organization", key="key")
    clock.advance(minutes=30)
    asking.answers(one, product(asking, root, "1"))
    clock.advance(hours=23, minutes=45)
    asking.answers(product(asking, root, "2", "this one forgets"))
    clock.advance(minutes=20)
    made, _ = asking.answers(one, product(asking, root, "3"))
    assert (made.status, made.headers.get("idempotency-replayed"), count(crm, Customer)) == (201, None, 2)


def test_what_was_erased_is_not_carried_out_again(asking: Asking, crm: Crm, root: str) -> None:
    requests = [
        asking.create(root, "customers", name=name, kind="person", key=f"key {name}") for name in ("Ada", "Grace")
    ]
    ada, grace = asking.answers(*requests)
    with crm.session() as session:
        crm.context(session, "web").services.erase(UUID(json.loads(ada.content or b"")["id"]), reason="asked")
    erased, kept = asking.answers(*requests)
    assert told(erased) == (409, "answer_erased")
    assert (kept.content, kept.headers["idempotency-replayed"]) == (grace.content, "true")
    assert count(crm, Customer) == 1
