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
from crmkit.hosting import SharedTransaction
from crmkit.testing.making import AsUser
from crmkit_web.records import idempotency
from crmkit_web.serving import sharing
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


def test_one_that_waits_for_its_turn_takes_no_transaction(asking: Asking, root: str, transactions: list[Any]) -> None:
    """On SQLite it would have to wait for whoever writes, instead of being told that its key is in flight."""
    busy, wrong = product(asking, root, "1", "busy"), product(asking, root, "2", "ä")
    turns = idempotency._known(asking.site).turns
    with turns.taken(idempotency._name(busy, asking.actor(busy)), 0) as taken:
        assert taken
        for group in ([busy], [busy, busy], [busy, wrong], [wrong]):
            assert [type(one) for one in answer_together(asking.site, group)] == [Asked] * len(group)
        assert transactions == []
    assert told(asking.answers(busy)[0]) == (201, "")
    assert turns._turns == {}


def test_whoever_has_no_key_has_nothing_to_do_with_keys_that_cannot_be_looked_up(
    asking: Asking, crm: Crm, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, OSError("lock timeout"))

    with monkeypatch.context() as broken:
        broken.setattr("crmkit.runtime.shared_transaction.turns_that_are_free", fail)
        replies = asking.answers(
            product(asking, root, "1", "key"), product(asking, root, "2"), product(asking, root, "3")
        )
    assert [told(reply) for reply in replies] == [(201, "")] * 3
    assert (count(crm, Product), stored(crm)) == (3, 2)


def test_one_by_itself_is_tried_once(asking: Asking, root: str, transactions: list[Any]) -> None:
    asking.answers(product(asking, root, "1"))
    transactions.clear()
    assert told(asking.answers(product(asking, root, "1", "key"))[0]) == (409, "duplicate")
    assert len(transactions) == 1


def test_of_a_group_one_forgets_what_is_too_old(
    asking: Asking, root: str, clock: FixedClock, transactions: list[Any]
) -> None:
    requests = [product(asking, root, sku, f"key-{sku}") for sku in ("1", "2", "3", "4")]
    asking.answers(*requests)
    clock.advance(minutes=90)
    transactions.clear()
    # Even where all were carried out before.
    assert {reply.headers["idempotency-replayed"] for reply in asking.answers(*requests)} == {"true"}
    assert len(transactions) == 2
    asking.answers(*requests)
    assert len(transactions) == 3


def test_turns_are_free_again_for_those_that_it_did_not_come_to(
    asking: Asking, crm: Crm, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.0, 0.0, 2 * sharing.LONGEST])
    monkeypatch.setattr(sharing, "monotonic", lambda: next(moments))
    made, *later = answer_together(asking.site, [product(asking, root, sku, f"key-{sku}") for sku in ("1", "2", "3")])
    assert isinstance(made, Reply)
    assert idempotency._known(asking.site).turns._turns == {}
    assert [answer_admitted(asking.site, one).status for one in later if isinstance(one, Asked)] == [201, 201]
    assert (count(crm, Product), stored(crm)) == (3, 4)


def test_one_key_for_two_things_and_of_two_users(asking: Asking, crm: Crm, root: str, as_user: AsUser) -> None:
    as_user("* * all", login="other")
    other = asking.token("other")
    asking.answers(product(asking, root, "0", "this one looks at its rights anew"))
    replies = asking.answers(
        product(asking, root, "1", "key"), product(asking, root, "2", "key"), product(asking, other, "3", "key")
    )
    assert [told(reply) for reply in replies] == [(201, ""), (422, "key_reused"), (201, "")]
    assert count(crm, Product) == 3


def test_a_deletion_is_answered_as_before(asking: Asking, crm: Crm, root: str) -> None:
    first, _ = asking.answers(product(asking, root, "1"), product(asking, root, "2"))
    path = {"entity": "products", "id": json.loads(first.content or b"")["id"]}
    deletions = [asking.request("delete_record", root, if_match='"1"', key="key", **path) for _ in range(2)]
    replies = [*asking.answers(deletions[0], product(asking, root, "3", "3"))]
    replies += asking.answers(deletions[1], product(asking, root, "4", "4"))
    assert [(reply.status, reply.content or b"")[0] for reply in replies] == [204, 201, 204, 201]
    assert (replies[2].content, replies[2].headers["idempotency-replayed"]) == (b"", "true")


def test_an_answer_that_somebody_else_has_stored_meanwhile_undoes_all(
    asking: Asking, crm: Crm, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = product(asking, root, "1", "key"), product(asking, root, "2")
    (made,) = asking.answers(first)

    def nothing(self: Any, *_: str, keys: Any) -> Any:
        return dict.fromkeys(keys)

    monkeypatch.setattr(SharedTransaction, "responses", nothing)
    again, other = asking.answers(first, second)
    assert (again.content, again.headers["idempotency-replayed"], other.status) == (made.content, "true", 201)
    assert count(crm, Product) == 2
