"""Requests that are sent again: one effect, the same answer, whoever sends them how often."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import AsUser
from crmkit_web.records import idempotency
from plugins.web.tests.conftest import Api
from plugins.web.tests.records.test_single import ON_SQLITE, made

NAMED = {"name": "Kestrel", "kind": "organization"}


def post(api: Api, key: str, body: Any = None, path: str = "/customers", **headers: str) -> Any:
    return api.post(path, NAMED if body is None else body, headers={"idempotency-key": key, **headers})


def customers(crm: Crm) -> int:
    with crm.session() as session:
        return session.count(Customer)


def stored(crm: Crm) -> list[Any]:
    with crm.database.connection(tenant=crm.system.tenant_id) as connection:
        table = crm.database.table("command_results")
        mine = sa.select(table).where(table.c.tenant_id == crm.system.tenant_id)
        return list(connection.execute(mine.order_by(table.c.key)))


def test_the_same_request_is_answered_as_before(crm: Crm, api: Api) -> None:
    first = post(api, '"key-1"')
    again = post(api, '"key-1"')
    plain = post(api, "key-1")
    assert (first.status_code, again.status_code, plain.status_code) == (201, 201, 201)
    assert first.content == again.content == plain.content
    for name in ("etag", "location", "content-type"):
        assert first.headers[name] == again.headers[name]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert customers(crm) == 1
    address = f"/customers/{first.json()['id']}"
    deleted = [
        api.delete(address, headers={"if-match": '"1"', "idempotency-key": '"key-2"'}).status_code for _ in range(2)
    ]
    assert deleted == [204, 204]


@ON_SQLITE
def test_another_request_with_the_key_is_refused(crm: Crm, api: Api) -> None:
    customer = post(api, '"key-1"').json()
    address = f"/customers/{customer['id']}"
    others = [
        post(api, '"key-1"', {**NAMED, "name": "Merlin"}),
        post(api, '"key-1"', path="/products"),
        api.patch(address, NAMED, headers={"idempotency-key": '"key-1"'}),
    ]
    assert [(one.status_code, one.json()["code"]) for one in others] == [(422, "key_reused")] * 3
    assert customers(crm) == 1


@ON_SQLITE
def test_keys_are_each_users_own(crm: Crm, as_user: AsUser, api_of: Callable[[str], Api], api: Api) -> None:
    as_user("* * all", login="other")
    first, theirs = post(api, '"key-1"'), post(api_of("other"), '"key-1"')
    assert first.json()["id"] != theirs.json()["id"]
    assert customers(crm) == 2
    assert "key-1" not in str(stored(crm))


@ON_SQLITE
def test_keys_that_are_none(api: Api) -> None:
    for key in ("", '""', '"', '"a', "a b", '"ä"', "x" * 300, "a,b", '"a"; x'):
        refused = api.post("/customers", NAMED, headers={"idempotency-key": key.encode("utf-8")})
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_header"), key


def test_what_failed_was_not_carried_out(crm: Crm, api: Api) -> None:
    wrong = {"name": "", "kind": "organization"}
    assert [post(api, '"key-1"', wrong).status_code for _ in range(2)] == [422, 422]
    assert (stored(crm), post(api, '"key-1"').status_code) == ([], 201)


@ON_SQLITE
def test_reading_takes_no_key(crm: Crm, api: Api) -> None:
    made(api)
    for answer in (
        api.get("/customers", headers={"idempotency-key": '"k"'}),
        post(api, '"k"', {}, "/customers/search"),
    ):
        assert (answer.status_code, len(answer.json()["items"])) == (200, 1)
    assert stored(crm) == []


def test_a_hundred_at_once_have_one_effect(crm: Crm, api: Api) -> None:
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: post(api, '"key-1"'), range(100)))
    done = [one for one in answers if one.status_code == 201]
    assert len({one.content for one in done}) == 1
    assert len(done) + sum(one.status_code == 409 for one in answers) == 100
    assert sum("idempotency-replayed" not in one.headers for one in done) == 1
    assert customers(crm) == 1


@ON_SQLITE
def test_who_waits_too_long_is_told_to_come_back(crm: Crm, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "PATIENCE", 0.01)
    begun, go_on = threading.Event(), threading.Event()
    answered = idempotency.answered_once

    def slowly(call: Any, answer: Any) -> Any:
        begun.set()
        assert go_on.wait(20)
        return answered(call, answer)

    monkeypatch.setattr("crmkit_web.serving.answering.answered_once", slowly)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, api, '"key-1"')
        assert begun.wait(20)
        refused = post(api, '"key-1"')
        go_on.set()
        assert first.result().status_code == 201
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (409, "in_flight", "1")


@pytest.mark.parametrize("crm", ["postgresql"], indirect=True)
def test_another_process_waits_in_turn(crm: Crm, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "PATIENCE", 0.01)
    names: list[str] = []
    named = idempotency._name

    def noted(*given: Any) -> str:
        names.append(named(*given))
        return names[-1]

    monkeypatch.setattr(idempotency, "_name", noted)
    assert post(api, '"key-0"').status_code == 201
    monkeypatch.setattr(idempotency, "_name", lambda *given: names[0])
    with crm.session() as session:
        crm.context(session, "web").services.take_turns("idempotency", names[0])
        assert post(api, '"key-1"').json()["code"] == "in_flight"


def test_answers_are_kept_for_a_day(crm: Crm, api: Api, clock: FixedClock) -> None:
    post(api, '"key-1"')
    clock.advance(hours=23)
    assert post(api, '"key-1"').headers["idempotency-replayed"] == "true"
    clock.advance(hours=2)
    assert "idempotency-replayed" not in post(api, '"key-1"').headers
    assert customers(crm) == 2
    clock.advance(hours=25)
    post(api, '"key-2"')
    assert len(stored(crm)) == 1


def test_a_key_may_be_used_again_long_after_its_answer_was_erased(crm: Crm, api: Api, clock: FixedClock) -> None:
    ada = {"name": "Ada Byron", "kind": "person"}
    for _ in range(3):
        person = post(api, '"key-1"', ada)
        assert (person.status_code, "idempotency-replayed" in person.headers) == (201, False)
        with crm.session() as session:
            crm.context(session, "web").services.erase(UUID(person.json()["id"]), reason="asked")
        assert post(api, '"key-1"', ada).json()["code"] == "answer_erased"
        clock.advance(hours=25)


def test_answers_are_erased_with_the_persons_in_them(crm: Crm, api: Api) -> None:
    person = post(api, '"key-1"', {"name": "Ada Byron", "kind": "person"})
    post(api, '"key-2"')
    with crm.session() as session:
        services = crm.context(session, "web").services
        services.erase(UUID(person.json()["id"]), reason="asked")
    kept = [(row.key.partition(":")[0], row.result) for row in stored(crm)]
    assert [word for word, _ in kept] == ["erased", "web"]
    assert "Byron" not in str(kept)
    assert "Kestrel" in kept[1][1]
    again = post(api, '"key-1"', {"name": "Ada Byron", "kind": "person"})
    assert (again.status_code, again.json()["code"]) == (409, "answer_erased")
    assert "Byron" not in api.get("/customers").text
