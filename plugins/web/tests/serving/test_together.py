"""Requests that come at the same time: they share a transaction, and none has to suffer for another."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import httpx
import psycopg
import pytest
from sqlalchemy import Connection

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.journal import AuditEntry
from crmkit.core.product import Product
from crmkit.core.staff import User
from crmkit.testing.making import AsUser
from crmkit_web.serving import sharing
from crmkit_web.serving.answering import Asked, answer_admitted
from crmkit_web.serving.app import web_app
from crmkit_web.serving.calls import Reply
from crmkit_web.serving.crew import Crew
from crmkit_web.serving.sharing import LONGEST, answer_together
from crmkit_web.serving.together import Together
from plugins.web.tests.serving.conftest import Asking, count

# -- groups ------------------------------------------------------------------------------------------------------------


class Leaving(BaseException):
    """What only somebody raises who wants to leave, such as an interrupt."""


class Doubling:
    """Doubles numbers; a group with a 0 waits until it is let go, one with a negative number fails."""

    def __init__(self) -> None:
        self.go, self.held = threading.Event(), threading.Event()
        self.groups: list[list[int]] = []
        self.error: type[BaseException] = ValueError

    def __call__(self, group: Sequence[int]) -> list[int]:
        self.groups.append(list(group))
        if 0 in group:
            self.held.set()
            self.go.wait(20)
        if min(group) < 0:
            raise self.error(group)
        return [2 * one for one in group]


def run(scenario: Callable[[Together[int, int], Doubling], Any], lanes: int = 1) -> Doubling:
    async def in_loop() -> None:
        crew = Crew(1, 4)
        try:
            async with asyncio.timeout(20):
                await scenario(Together(crew, work, lanes), work)
        finally:
            work.go.set()
            crew.close()

    work = Doubling()
    asyncio.run(in_loop())
    return work


def test_each_gets_its_own_result_and_those_of_one_moment_one_call() -> None:
    async def scenario(together: Together[int, int], work: Doubling) -> None:
        assert await asyncio.gather(*(together.run(n) for n in range(1, 71))) == [2 * n for n in range(1, 71)]

    assert [len(group) for group in run(scenario).groups] == [32, 32, 6]


def test_a_slow_group_does_not_keep_the_others_waiting() -> None:
    async def scenario(together: Together[int, int], work: Doubling) -> None:
        slow = asyncio.create_task(together.run(0))
        await asyncio.to_thread(work.held.wait, 20)
        assert await asyncio.gather(*(together.run(n) for n in (1, 2))) == [2, 4]
        assert not slow.done()
        work.go.set()
        assert await slow == 0

    run(scenario)


def test_a_group_that_fails_is_told_and_the_next_one_goes_on() -> None:
    async def scenario(together: Together[int, int], work: Doubling) -> None:
        failed = await asyncio.gather(together.run(-1), together.run(1), return_exceptions=True)
        assert [type(one) for one in failed] == [ValueError, ValueError]
        assert await together.run(1) == 2

    run(scenario)


def test_after_somebody_who_wants_to_leave_the_next_one_goes_on() -> None:
    async def scenario(together: Together[int, int], work: Doubling) -> None:
        work.error = Leaving
        failed = await asyncio.gather(together.run(-1), together.run(1), return_exceptions=True)
        assert [type(one) for one in failed] == [Leaving, Leaving]
        assert await together.run(1) == 2

    run(scenario)


def test_who_leaves_before_the_turn_is_left_out() -> None:
    async def scenario(together: Together[int, int], work: Doubling) -> None:
        leaving, staying = (asyncio.create_task(together.run(n)) for n in (7, 1))
        await asyncio.sleep(0)
        leaving.cancel()
        assert await staying == 2

    assert run(scenario).groups == [[1]]


# -- requests ----------------------------------------------------------------------------------------------------------


def test_what_is_wrong_with_one_is_nothing_to_the_others(asking: Asking, crm: Crm, as_user: AsUser) -> None:
    as_user("customer read all", login="reader")
    root, reader = asking.token("root"), asking.token("reader")
    replies = asking.answers(
        asking.create(root, "customers", name="Kestrel", kind="organization"),
        asking.create("crmkit_nobody", "customers", name="Never", kind="organization"),
        asking.create(root, "customers", name="", kind="organization"),
        asking.create(reader, "customers", name="Never", kind="organization"),
        asking.create(root, "customerz", name="Never", kind="organization"),
        asking.create(root, "customers", name="Merlin", kind="organization"),
    )
    assert [reply.status for reply in replies] == [201, 401, 422, 403, 404, 201]
    made = [json.loads(reply.content or b"") for reply in (replies[0], replies[5])]
    assert [(one["name"], one["version"]) for one in made] == [("Kestrel", 1), ("Merlin", 1)]
    with crm.session(reads=True) as session:
        assert [one.name for one in session.list(Customer, order="name")] == ["Kestrel", "Merlin"]
        assert session.count(AuditEntry, entity="customer") == 2


def test_what_is_answered_is_what_is_read_later(asking: Asking) -> None:
    root = asking.token("root")
    values = {"name": "Ada", "kind": "person", "family_name": "Lovelace", "birth_date": "1815-12"}
    values |= {"description": "caf\u0065\u0301", "annual_revenue": {"amount": "1.5", "currency": "EUR"}}
    made = asking.answers(*[asking.create(root, "customers", **values) for _ in range(3)])
    ids = [json.loads(one.content or b"")["id"] for one in made]
    read = asking.answers(*[asking.request("get_record", root, entity="customers", id=id) for id in ids])
    assert [one.content for one in read] == [one.content for one in made]
    assert [one.headers["etag"] for one in read] == [one.headers["etag"] for one in made]


def test_one_of_two_equal_keys_is_made(asking: Asking, crm: Crm) -> None:
    root = asking.token("root")
    replies = asking.answers(*[asking.create(root, "products", sku=sku, name=sku) for sku in ("1", "2", "2", "3")])
    assert [reply.status for reply in replies] == [201, 201, 409, 201]
    assert json.loads(replies[2].content or b"")["code"] == "duplicate"
    assert count(crm, Product) == 3
    with crm.session(reads=True) as session:
        assert session.count(AuditEntry, entity="product") == 3


def test_who_has_to_be_answered_alone_is_answered(asking: Asking, crm: Crm) -> None:
    headers = {"authorization": f"Bearer {asking.token('root')}"}

    async def created() -> list[int]:
        transport = httpx.ASGITransport(web_app(crm))
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            made = [client.post("/api/v1/products", json={"sku": sku, "name": sku}) for sku in ("1", "2", "2")]
            return [reply.status_code for reply in await asyncio.gather(*made)]

    assert sorted(asyncio.run(created())) == [201, 201, 409]
    assert count(crm, Product) == 2


def test_a_key_that_is_taken_is_no_defect(asking: Asking, caplog: pytest.LogCaptureFixture) -> None:
    root = asking.token("root")
    first, _ = asking.answers(*[asking.create(root, "products", sku=sku, name=sku) for sku in ("1", "2")])
    path = {"entity": "products", "id": json.loads(first.content or b"")["id"]}
    replies = asking.answers(
        asking.create(root, "products", sku="3", name="3"),
        asking.request("change_record", root, {"sku": "2"}, if_match="*", **path),
    )
    assert [reply.status for reply in replies] == [201, 409]
    assert [one.getMessage() for one in caplog.records if one.name == "crmkit.web"] == []


def test_nobody_waits_for_those_that_take_long(asking: Asking, crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    root = asking.token("root")
    moments = iter([0.0, 0.0, 2 * LONGEST])
    monkeypatch.setattr(sharing, "monotonic", lambda: next(moments))
    made, *later = answer_together(
        asking.site, [asking.create(root, "customers", name=name, kind="organization") for name in ("a", "b", "c")]
    )
    assert isinstance(made, Reply)
    assert count(crm, Customer) == 1
    assert [answer_admitted(asking.site, one).status for one in later if isinstance(one, Asked)] == [201, 201]


def test_one_of_two_changes_of_one_state_is_made(asking: Asking, crm: Crm) -> None:
    root, kestrel = asking.token("root"), Customer(name="Kestrel", kind="organization")
    with crm.session() as session:
        session.add(kestrel)
    replies = asking.answers(
        *[
            asking.request(
                "change_record", root, {"name": name}, if_match='"1"', entity="customers", id=str(kestrel.id)
            )
            for name in ("Hobby", "Merlin")
        ]
    )
    assert [reply.status for reply in replies] == [200, 412]
    with crm.session(reads=True) as session:
        assert session.get(Customer, kestrel.id).name == "Hobby"


def test_who_was_frozen_meanwhile_is_let_in_no_more(asking: Asking, crm: Crm, as_user: AsUser) -> None:
    as_user("* * all", login="former")
    root, former = asking.token("root"), asking.token("former")
    everybody = [asking.create(token, "customers", name="X", kind="organization") for token in (root, former, root)]
    assert [reply.status for reply in asking.answers(*everybody)] == [201, 201, 201]
    with crm.session() as session:
        user = session.find(User, login="former")
        assert user is not None
        session.update(change(user, state="frozen"))
    assert [reply.status for reply in asking.answers(*everybody)] == [201, 401, 201]
    assert count(crm, Customer) == 5


def test_a_commit_that_fails_is_told_to_all_and_not_tried_again(
    asking: Asking, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = asking.token("root")
    asking.answers(asking.create(root, "customers", name="First", kind="organization"))
    commits: list[int] = []

    def fail(self: Any, *_: object, **__: object) -> None:
        commits.append(1)
        if isinstance(self, psycopg.Connection):
            self.close()
            raise psycopg.OperationalError("the server is gone")
        raise OSError("the disk is gone")

    with monkeypatch.context() as broken:
        # PostgreSQL gets the commit with what is inserted last.
        lite = crm.database.dialect == "sqlite"
        broken.setattr(*((Connection, "commit") if lite else (psycopg.Connection, "execute")), fail)
        replies = asking.answers(
            *[asking.create(root, "customers", name=name, kind="organization") for name in ("a", "b")]
        )
    assert [reply.status for reply in replies] == [500 if lite else 503] * 2
    assert len(commits) == 1
    assert count(crm, Customer) == 1


def test_reading_together(asking: Asking, crm: Crm, as_user: AsUser) -> None:
    as_user("customer read own", login="reader")
    root, reader, kestrel = asking.token("root"), asking.token("reader"), Customer(name="Kestrel", kind="organization")
    with crm.session() as session:
        session.add(kestrel)
    path = {"entity": "customers", "id": str(kestrel.id)}
    replies = asking.answers(*[asking.request("get_record", token, **path) for token in (root, reader, root)])
    assert [reply.status for reply in replies] == [200, 404, 200]
    assert json.loads(replies[2].content or b"")["name"] == "Kestrel"


def test_a_rule_that_ends_the_process_harms_its_own_request_alone(asking: Asking, crm: Crm) -> None:
    root = asking.token("root")
    plain = asking.endpoints["create_record"].answer

    def answer_or_leave(call: Any) -> Any:
        if b"Never" in call.incoming.body:
            sys.exit(1)
        return plain(call)

    asking.endpoints["create_record"] = attrs.evolve(asking.endpoints["create_record"], answer=answer_or_leave)
    group = [asking.create(root, "customers", name=name, kind="organization") for name in ("Kestrel", "Never")]
    kestrel, never = answer_together(asking.site, group)
    assert isinstance(kestrel, Asked)
    assert isinstance(never, Asked)
    assert answer_admitted(asking.site, kestrel).status == 201
    with pytest.raises(SystemExit):
        answer_admitted(asking.site, never)
    assert count(crm, Customer) == 1
