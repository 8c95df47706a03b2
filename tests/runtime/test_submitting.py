"""Group commit: many commands share a transaction, each within a savepoint, each acknowledged after the commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from decimal import Decimal
from typing import Any

import attrs
import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import ConfigError, Conflict, CrmError, ValidationFailed
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.product import Product
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import RecordBatch
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.runtime.submitting import MOST
from tests.conftest import OpenCrm

WAIT = 60


@attrs.frozen
class Count:
    """Adds one to what a product's name says."""

    product: Any
    idempotency_key: str = ""

    def execute(self, ctx: Any) -> int:
        product = ctx.session.get(Product, self.product)
        ctx.session.update(change(product, name=str(int(product.name) + 1)))
        return int(product.name) + 1


@attrs.frozen
class Add:
    """Adds a user, and answers with what the code says."""

    login: str
    idempotency_key: str = ""
    answer: Any = None

    def execute(self, ctx: Any) -> Any:
        ctx.session.add(User(login=self.login, name="x"))
        return self.answer


class Do:
    """Runs a function."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.execute = function


@pytest.fixture
def counter(crm: Crm) -> Product:
    product = Product(sku="1", name="0")
    with crm.session() as s:
        s.add(product)
    return product


def held(crm: Crm) -> tuple[threading.Event, Future[Any]]:
    """Keep the writer busy until the event is set, so that what is submitted meanwhile makes one group."""
    release, started = threading.Event(), threading.Event()

    def wait(ctx: Any) -> None:
        started.set()
        release.wait(WAIT)

    future = crm.submit(Do(wait))
    assert started.wait(WAIT)
    return release, future


def in_one_group(crm: Crm, *commands: Any) -> list[Future[Any]]:
    release, future = held(crm)
    futures = [crm.submit(command) for command in commands]
    release.set()
    future.result(WAIT)
    for each in futures:
        each.exception(WAIT)
    return futures


def logins(crm: Crm) -> list[str]:
    with crm.session(reads=True) as s:
        return [user.login for user in s.list(User, order="login")]


def test_what_many_threads_submit_is_all_done_once(crm: Crm, counter: Product) -> None:
    results: list[int] = []

    def work() -> None:
        futures = [crm.submit(Count(counter.id)) for _ in range(20)]
        results.extend(future.result(WAIT) for future in futures)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == list(range(1, 161))
    with crm.session(reads=True) as s:
        assert s.get(Product, counter.id).name == "160"
        assert s.get(Product, counter.id).version == 161
        assert s.count(AuditEntry, record_id=counter.id) == s.count(Event, record_id=counter.id) == 161


def test_a_command_is_acknowledged_after_the_commit(crm: Crm) -> None:
    seen: list[list[str]] = []
    release, _ = held(crm)
    future = crm.submit(Add("anna"))
    future.add_done_callback(lambda done: seen.append(logins(crm)))
    release.set()
    future.result(WAIT)
    crm.submit(Do(lambda ctx: None)).result(WAIT)
    assert seen == [["anna"]]


def test_a_failing_member_leaves_nothing_and_hurts_nobody(crm: Crm) -> None:
    def half(ctx: Any) -> None:
        ctx.session.add(User(login="half", name="x"))
        ctx.session.flush()
        raise KeyError("colour")

    first, taken, invalid, broken, last = in_one_group(
        crm, Add("anna"), Add("anna"), Do(lambda ctx: ctx.session.add(Customer(name=""))), Do(half), Add("ben")
    )
    assert first.exception() is None
    assert last.exception() is None
    taken_error, invalid_error = taken.exception(), invalid.exception()
    assert isinstance(taken_error, ValidationFailed)
    assert [(e.path, e.value) for e in taken_error.errors] == [("user.login", "anna")]
    assert isinstance(invalid_error, ValidationFailed)
    assert isinstance(broken.exception(), KeyError)
    assert logins(crm) == ["anna", "ben"]


def test_members_of_a_group_see_one_anothers_work(crm: Crm, counter: Product) -> None:
    futures = in_one_group(crm, *(Count(counter.id) for _ in range(5)))
    assert [future.result() for future in futures] == [1, 2, 3, 4, 5]


def test_more_commands_than_a_group_takes(crm: Crm, counter: Product) -> None:
    futures = in_one_group(crm, *(Count(counter.id) for _ in range(MOST + 5)))
    assert [future.result() for future in futures] == list(range(1, MOST + 6))


def test_who_cancels_in_time_is_left_out(crm: Crm) -> None:
    release, _ = held(crm)
    cancelled, kept = crm.submit(Add("anna")), crm.submit(Add("ben"))
    assert cancelled.cancel()
    release.set()
    kept.result(WAIT)
    assert logins(crm) == ["ben"]


# -- idempotency ------------------------------------------------------------------------------------------------------


def test_a_key_is_executed_once_and_answered_the_same(crm: Crm, counter: Product) -> None:
    first = crm.submit(Count(counter.id, "k1")).result(WAIT)
    again = crm.submit(Count(counter.id, "k1")).result(WAIT)
    third, fourth = (f.result() for f in in_one_group(crm, Count(counter.id, "k2"), Count(counter.id, "k2")))
    assert (first, again, third, fourth) == (1, 1, 2, 2)
    with crm.session(reads=True) as s:
        assert s.get(Product, counter.id).name == "2"


def test_a_key_with_other_content_is_a_conflict(crm: Crm) -> None:
    crm.submit(Add("anna", "k")).result(WAIT)
    with pytest.raises(Conflict, match="idempotency key k was used before with other content"):
        crm.submit(Add("ben", "k")).result(WAIT)
    with pytest.raises(Conflict):
        crm.submit(Count("anna", "k")).result(WAIT)
    assert logins(crm) == ["anna"]


def test_a_key_that_failed_can_be_tried_again(crm: Crm) -> None:
    crm.submit(Add("anna")).result(WAIT)
    with pytest.raises(ValidationFailed):
        crm.submit(Add("anna", "k")).result(WAIT)
    with crm.session() as s:
        s.update(*[change(user, login="former") for user in s.list(User)])
    crm.submit(Add("anna", "k")).result(WAIT)
    assert sorted(logins(crm)) == ["anna", "former"]


def test_keys_of_tenants_are_apart(open_crm: OpenCrm) -> None:
    for tenant in ("one", "two"):
        crm = open_crm(tenant=f"{tenant} {id(open_crm)}")
        crm.submit(Add("anna", "the key")).result(WAIT)
        assert logins(crm) == ["anna"]


def test_a_result_comes_in_its_json_form_the_first_time_too(crm: Crm, clock: FixedClock) -> None:
    answer = {"amount": Decimal("1.50"), "at": clock.now(), "list": (1, 2)}
    command = Add("anna", "k", answer)
    expected = {"amount": "1.50", "at": "2026-03-15T12:00:00Z", "list": [1, 2]}
    assert crm.submit(command).result(WAIT) == expected
    assert crm.submit(command).result(WAIT) == expected
    assert crm.submit(Add("ben", "", answer)).result(WAIT) is answer


def test_a_result_without_json_form_fails_and_leaves_nothing(crm: Crm) -> None:
    with pytest.raises(TypeError, match="has no JSON form"):
        crm.submit(Add("anna", "k", object())).result(WAIT)
    assert logins(crm) == []


# -- around the transaction -------------------------------------------------------------------------------------------


def test_what_waits_for_the_commit_is_called_for_those_that_succeed(crm: Crm) -> None:
    called: list[str] = []

    def ask(word: str, fails: bool = False) -> Do:
        def execute(ctx: Any) -> None:
            ctx.session.after_commit(lambda: called.append(word))
            if fails:
                raise KeyError

        return Do(execute)

    in_one_group(crm, ask("one"), ask("never", fails=True), ask("two"))
    crm.submit(Do(lambda ctx: None)).result(WAIT)
    assert called == ["one", "two"]


def test_a_command_acts_with_the_rights_of_its_actor(crm: Crm) -> None:
    nobody = attrs.evolve(crm.system, name="nobody", everything=False)
    with pytest.raises(CrmError, match="nobody may not create user"):
        crm.submit(Add("anna"), nobody).result(WAIT)
    assert logins(crm) == []


def test_a_command_does_not_undo_what_others_share(crm: Crm) -> None:
    def undo(ctx: Any) -> None:
        ctx.session.add(User(login="half", name="x"))
        ctx.session.flush()
        ctx.session.rollback()

    futures = in_one_group(crm, Add("anna"), Do(undo), Add("ben"))
    assert isinstance(futures[1].exception(), ConfigError)
    assert "does not roll back" in str(futures[1].exception())
    assert logins(crm) == ["anna", "ben"]


def test_a_command_that_waits_for_another_is_told_so(crm: Crm) -> None:
    submitted: list[Future[Any]] = []

    def impatient(ctx: Any) -> None:
        submitted.append(crm.submit(Add("later")))
        submitted[0].result()

    def patient(ctx: Any) -> None:
        submitted.append(crm.submit(Add("afterwards")))

    with pytest.raises(ConfigError, match="cannot wait for a command"):
        crm.submit(Do(impatient)).result(WAIT)
    crm.submit(Do(patient)).result(WAIT)
    for future in submitted:
        future.result(WAIT)
    assert logins(crm) == ["afterwards", "later"]


def test_a_hook_told_of_a_command_does_not_wait_for_another(open_crm: OpenCrm) -> None:
    waited: list[BaseException | None] = []
    told = threading.Event()

    class Impatient:
        manifest = Manifest(name="impatient")

        @hookimpl(entities=("user",))
        def after_records_saved_committed(self, ctx: Any, call: RecordBatch) -> None:
            if not waited:
                try:
                    crm.submit(Add("second")).exception()
                except ConfigError as error:
                    waited.append(error)
                    told.set()

    crm = open_crm(Impatient())
    crm.submit(Add("first")).result(WAIT)
    assert told.wait(WAIT)
    crm.close()
    assert len(waited) == 1
    assert logins(open_crm()) == ["first", "second"]


def test_closing_finishes_what_waits_and_takes_no_more(open_crm: OpenCrm) -> None:
    crm = open_crm()
    release, _ = held(crm)
    futures = [crm.submit(Add(str(n))) for n in range(5)]
    release.set()
    crm.close()
    assert [future.result(0) for future in futures] == [None] * 5
    with pytest.raises(CrmError, match="this CRM is closed"):
        crm.submit(Add("x"))


def test_a_database_in_memory_takes_commands_too(open_crm: OpenCrm) -> None:
    crm = open_crm(url="sqlite://")
    futures = in_one_group(crm, Add("anna"), Add("anna"), Add("ben"))
    assert isinstance(futures[1].exception(), ValidationFailed)
    assert logins(crm) == ["anna", "ben"]


def test_a_broken_delivery_does_not_stop_the_writer(open_crm: OpenCrm, monkeypatch: pytest.MonkeyPatch) -> None:
    crm = open_crm()

    def fail(*_: Any) -> None:
        raise RuntimeError("the log is gone")

    monkeypatch.setattr(crm._delivery, "committed", fail)
    assert crm.submit(Add("anna")).result(WAIT) is None
    assert crm.submit(Add("ben")).result(WAIT) is None
    assert logins(crm) == ["anna", "ben"]
