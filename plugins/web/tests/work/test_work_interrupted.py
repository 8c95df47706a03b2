"""Long work that does not go through at once: seen on its way, cancelled, killed, handed back, gone on with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

import crmkit_web
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.journal import AuditEntry
from crmkit.core.staff import User
from crmkit.core.values.ids import new_id
from crmkit.plugin import Action, BadInput, Manifest, TryLater, hookimpl, msg
from crmkit.runtime.jobs.executing import execute
from crmkit.testing.making import AsUser, MakeCrm, MakeCustomer
from crmkit_web.work import bulk_steps, fetching
from crmkit_web.work.spool import spool_of
from crmkit_web.work.task import Task
from plugins.web.tests.conftest import Api

ROWS = 2_100
LARGE = "external_id,name,kind\n" + "".join(f"c{n},Customer {n},organization\n" for n in range(1, ROWS + 1))
WRONG = LARGE.replace("Customer 5,organization", "Customer 5,dragon").replace(
    "Customer 2050,org", "Customer 2050,dragon"
)
Act = Callable[[int], None]


@attrs.frozen
class Label:
    """What the action asks for."""

    text: str


def stamp(ctx: Any, call: Any) -> None:
    """Number records; one of them does not let itself be numbered."""
    for record in call.records:
        if record.name == "Customer 7":
            raise BadInput(msg("not this one"))
        ctx.session.update(change(record, employees=(record.employees or 0) + 1, industry=call.input.text))


class Stamping:
    """A plugin with an action for many records."""

    manifest = Manifest(name="stamping")

    @hookimpl
    def register_actions(self, ctx: Any, call: Any) -> list[Action]:
        many = Action("stamping.stamp", msg("Stamp"), stamp, entity="customer", input=Label, bulk=True)
        return [many, Action("stamping.one", msg("Stamp one"), stamp, entity="customer", input=Label)]


@pytest.fixture
def crm(make_crm: MakeCrm, tmp_path: Path, request: pytest.FixtureRequest) -> Crm:
    """A CRM in a file, with a plugin that brings an action."""
    config = {"plugins": {"web": {"work_folder": str(tmp_path / "work")}}}
    plugins = [crmkit_web, Stamping()]
    if getattr(request, "param", "sqlite") == "sqlite":
        return make_crm(plugins=plugins, config=config, url=f"sqlite:///{tmp_path / 'web.db'}")
    shared = request.getfixturevalue("web_postgres_url")
    return make_crm(plugins=plugins, config=config, url=shared, tenant=uuid4().hex, check=False)


ON_BOTH = pytest.mark.parametrize("crm", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> list[Act]:
    """What is put here is called between the chunks of long work, with the number of the checkpoint."""
    acts: list[Act] = []
    count, checkpoint = 0, Task.checkpoint

    def counted(task: Task) -> None:
        nonlocal count
        count += 1
        for act in acts:
            act(count)
        checkpoint(task)

    monkeypatch.setattr(Task, "checkpoint", counted)
    return acts


def send(api: Api, text: str = LARGE) -> str:
    made = api.post("/imports", files={"file": ("customers.csv", text)}, data={"entity": "customer"})
    assert made.status_code == 202, made.text
    return str(made.json()["id"])


def at(number: int, do: Callable[[], Any]) -> Act:
    return lambda count: do() if count == number else None


def killed() -> None:
    raise ConnectionError("the worker died")


@ON_BOTH
def test_an_import_is_seen_on_its_way_and_cancelled_between_chunks(
    api: Api, between: list[Act], run_jobs: Callable[..., Any], crm: Crm
) -> None:
    id = send(api)
    seen: list[Any] = []

    def look() -> None:
        seen.append(api.get(f"/imports/{id}").json())
        assert api.get(f"/imports/{id}/errors").status_code == 404
        seen.append(api.post(f"/imports/{id}/cancel").json())

    # The first checkpoint is before the first chunk.
    between.append(at(2, look))
    run_jobs("web")
    assert (seen[0]["state"], seen[0]["rows"], seen[0]["records"]["customer"]["created"]) == ("running", 1_000, 1_000)
    assert 0 < seen[0]["progress"]["done"] <= seen[0]["progress"]["total"] == len(LARGE)
    assert seen[0]["progress"]["note"] == "customers 1/1: 1000"
    assert seen[1]["state"] == "cancelling"
    ended = api.get(f"/imports/{id}").json()
    assert (ended["state"], ended["rows"], ended["records"]["customer"]["created"]) == ("cancelled", 1_000, 1_000)
    with crm.session(reads=True) as session:
        assert session.count(Customer) == 1_000
    # What is in can be taken back, and the same file goes on where it stopped.
    again = send(api)
    run_jobs("web")
    done = api.get(f"/imports/{again}").json()
    assert (done["state"], done["rows"], done["run_id"]) == ("done", ROWS, ended["run_id"])
    api.post(f"/imports/{again}/revert")
    run_jobs("web")
    with crm.session(reads=True) as session:
        assert session.count(Customer) == 0


@ON_BOTH
def test_an_import_whose_worker_died_goes_on_and_keeps_its_rejected_rows(
    api: Api, between: list[Act], run_jobs: Callable[..., Any], crm: Crm, clock: Any
) -> None:
    id = send(api, WRONG)
    between.append(at(2, killed))
    run_jobs("web")
    assert api.get(f"/imports/{id}").json()["state"] == "waiting"
    clock.advance(minutes=2)
    run_jobs("web")
    done = api.get(f"/imports/{id}").json()
    assert (done["state"], done["rows"], done["rejected"]) == ("done", ROWS, 2)
    assert done["records"]["customer"]["created"] == ROWS - 2
    file = api.client.get(done["errors_file"], headers=api.headers)
    assert [line.split(",")[0] for line in file.text.splitlines()[1:]] == ["c5", "c2050"]
    with crm.session(reads=True) as session:
        assert session.count(Customer) == session.count(AuditEntry, entity="customer") == ROWS - 2


def test_a_worker_that_stops_hands_an_import_back(
    api: Api, between: list[Act], run_jobs: Callable[..., Any], crm: Crm
) -> None:
    id = send(api)
    stopping = False

    def stop() -> None:
        nonlocal stopping
        stopping = True

    between.append(at(2, stop))
    (job,) = crm.jobs.list(name="web.import")
    assert execute(crm, job.id, "worker", stopping=lambda: stopping) == ("waiting", "")
    assert api.get(f"/imports/{id}").json()["rows"] == 1_000
    run_jobs("web")
    assert api.get(f"/imports/{id}").json()["rows"] == ROWS


def test_an_import_that_nobody_can_read_ends_and_says_why(
    api: Api, api_of: Callable[[str], Api], as_user: AsUser, run_jobs: Callable[..., Any], crm: Crm
) -> None:
    as_user("customer * all", "external_identity * all", "import_run * all", login="bob")
    bob = api_of("bob")
    id = send(bob, "external_id,name,kind\nc1,Kestrel,organization\n")
    with crm.session() as session:
        user = session.find(User, login="bob")
        assert user is not None
        roles = session.list(session.entity("role_assignment").cls, user_id=user.id)
        session.delete(*roles)
    run_jobs("web")
    failed = bob.get(f"/imports/{id}").json()
    assert (failed["state"], failed["problem"]["code"]) == ("failed", "access_denied")
    with crm.session(reads=True) as session:
        assert session.count(Customer) == 0


def bulk(api: Api, expected: int, **body: Any) -> str:
    asked = api.post("/customers/bulk", {"filter": "", "expected": expected, **body})
    assert asked.status_code == 202, asked.text
    return str(asked.json()["id"])


def employees(crm: Crm) -> list[int]:
    with crm.session(reads=True) as session:
        return [one.employees or 0 for one in session.list(Customer)]


@ON_BOTH
def test_an_action_is_done_once_with_each_record_though_the_worker_died(
    api: Api,
    between: list[Act],
    run_jobs: Callable[..., Any],
    crm: Crm,
    clock: Any,
    make_customer: MakeCustomer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk_steps, "CHUNK", 3)
    for _ in range(8):
        make_customer()
    id = bulk(api, 8, action="stamping.stamp", input={"text": "Optics"})
    between.append(at(3, killed))
    # Customer 7 is in the last chunk, whose worker dies after its first record.
    failed, tried = bulk_steps._failed, 0

    def die_once(*args: Any) -> Any:
        nonlocal tried
        tried += 1
        return killed() if tried == 1 else failed(*args)

    monkeypatch.setattr(bulk_steps, "_failed", die_once)
    for _ in range(3):
        run_jobs("web")
        clock.advance(hours=1)
    done = api.get(f"/jobs/{id}").json()
    assert (done["state"], done["counts"]) == ("done", {"done": 7, "unchanged": 0, "failed": 1, "left": 0})
    assert sorted(employees(crm)) == [0] + [1] * 7
    assert "not this one" in api.get(f"/jobs/{id}/errors").text


@ON_BOTH
def test_a_cancelled_bulk_action_keeps_what_is_done_and_says_how_much_is_left(
    api: Api, between: list[Act], run_jobs: Callable[..., Any], crm: Crm, make_customer: MakeCustomer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(bulk_steps, "CHUNK", 2)
    for _ in range(5):
        make_customer()
    id = bulk(api, 5, set={"employees": 3})
    between.append(at(3, lambda: api.post(f"/jobs/{id}/cancel")))
    run_jobs("web")
    ended = api.get(f"/jobs/{id}").json()
    assert (ended["state"], ended["counts"]) == ("cancelled", {"done": 2, "unchanged": 0, "failed": 0, "left": 3})
    assert sorted(employees(crm)) == [0, 0, 0, 3, 3]


def test_actions_that_are_not_for_many_are_refused(api: Api, as_user: AsUser) -> None:
    for body, pointer in (
        ({"action": "stamping.one", "input": {"text": "x"}}, "/action"),
        ({"action": "stamping.stamp"}, "/input/text"),
        ({"action": "stamping.stamp", "input": {"text": "x", "more": 1}}, "/input/more"),
    ):
        refused = api.post("/customers/bulk", {"filter": "", "dry_run": True, **body})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer), refused.text


def test_a_server_that_is_busy_is_asked_again_and_then_given_up(
    api: Api, run_jobs: Callable[..., Any], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def busy(url: str, target: Path, **more: Any) -> int:
        asked.append(url)
        raise TryLater(msg("{url}: answers {status}", url="it", status=503))

    monkeypatch.setattr(fetching, "fetch", busy)
    id = api.post("/imports/address", {"url": "https://files.example/x.csv", "entity": "customer"}).json()["id"]
    for state in ("waiting", "waiting", "failed"):
        run_jobs("web")
        assert api.get(f"/imports/{id}").json()["state"] == state
        clock.advance(hours=1)
    assert (len(asked), api.get(f"/imports/{id}").json()["problem"]["code"]) == (3, "try_later")


def test_files_that_belong_to_nothing_go_after_a_day(
    api: Api, run_jobs: Callable[..., Any], between: list[Act], crm: Crm, clock: Any, tmp_path: Path
) -> None:
    id = send(api, "external_id,name,kind\nc1,Kestrel,organization\n")
    between.append(lambda count: killed())
    spool = spool_of(crm)
    draft, stray = spool.draft(), spool.of(new_id())
    for files in (draft, stray, spool.of(UUID(id))):
        files.put("in", "x.csv", b"x")
        os.utime(files.folder, (clock.now().timestamp(),) * 2)
    clock.advance(hours=1)
    run_jobs("web")
    assert (draft.folder.exists(), stray.folder.exists()) == (True, True)
    for _ in range(3):
        clock.advance(days=2)
        run_jobs("web")
    # What failed waits for somebody to decide, and its files with it.
    assert (draft.folder.exists(), stray.folder.exists(), spool.of(UUID(id)).folder.exists()) == (False, False, True)
    assert api.get(f"/imports/{id}").json()["problem"]["code"] == "defect"
    ended = api.post(f"/imports/{id}/cancel").json()
    assert ended["state"] == "cancelled"
    clock.advance(days=8)
    run_jobs("web")
    assert not spool.of(UUID(id)).folder.exists()
