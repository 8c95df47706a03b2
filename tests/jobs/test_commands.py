"""``crmkit jobs`` and ``crmkit worker``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmkit.cli.main import main
from crmkit.core.staff import User
from tests.jobs.processes import Installation

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def installation(own_url: str, tmp_path: Path) -> Installation:
    return Installation(own_url, tmp_path)


@pytest.fixture
def run(installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CRMKIT_LANGUAGE", "en")

    def run_(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["--config", str(installation.config), *words])
        said = capsys.readouterr()
        code: Any = left.value.code
        return code or 0, said.out, said.err

    return run_


def test_a_job_is_enqueued_done_by_a_worker_and_shown(run: Run) -> None:
    code, out, _ = run("jobs", "enqueue", "looper.work", "--payload", '{"number": 1, "pause": 0}', "--key", "k")
    id = out.strip()
    assert code == 0
    assert run("jobs", "enqueue", "looper.work", "--key", "k")[1].strip() == id
    assert [line.split()[:2] for line in run("jobs", "list", "--plugin", "looper")[1].splitlines()[2:]] == [
        ["looper.work", "waiting"]
    ]
    code, out, err = run("worker", "--once", "--json")
    done = json.loads(out)
    assert (code, done["handed_back"], done["parked"]) == (0, 0, 0)
    assert done["finished"] >= 1
    assert f"looper.work {id}: done in" in err
    assert run("jobs", "list", "--plugin", "looper")[1].splitlines()[2:] == []
    (listed,) = json.loads(run("jobs", "list", "--plugin", "looper", "--all", "--json")[1])
    assert (listed["id"], listed["state"], listed["attempts"]) == (id, "done", 0)
    shown = json.loads(run("jobs", "show", id, "--json")[1])
    assert (shown["name"], shown["steps"], shown["payload"]) == ("looper.work", [], {})
    assert "Enqueued by  system" in run("jobs", "show", id)[1]


def test_parked_jobs_are_listed_retried_and_discarded(run: Run, installation: Installation) -> None:
    for _ in range(3):
        run("jobs", "enqueue", "looper.work", "--payload", '{"pause": 0}')
    with installation.open() as crm:
        jobs = crm.database.table("background_jobs")
        with crm.database.connection(tenant=crm.system.tenant_id) as connection:
            connection.execute(jobs.update().values(failures=4))
            connection.commit()
    code, _, err = run("worker", "--once")
    assert code == 0
    assert "parked: KeyError: 'number'" in err
    assert "3 jobs are parked: crmkit jobs list --state parked" in err
    parked = json.loads(run("jobs", "list", "--state", "parked", "--json")[1])
    assert [job["error"].splitlines()[0] for job in parked] == ["KeyError: 'number'"] * 3
    assert json.loads(run("jobs", "retry", parked[0]["id"], "--json")[1]) == {"changed": 1}
    code, _, err = run("jobs", "discard", "--all")
    assert (code, err.strip()) == (0, "2 jobs discarded")
    assert run("jobs", "cancel", parked[0]["id"])[2].strip() == "1 jobs cancelled"
    assert {job["state"] for job in json.loads(run("jobs", "list", "--plugin", "looper", "--all", "--json")[1])} == {
        "discarded",
        "cancelled",
    }


def test_health_says_when_nobody_does_the_work(run: Run) -> None:
    run("jobs", "enqueue", "looper.work", "--payload", '{"number": 1, "pause": 0}')
    code, out, err = run("jobs", "health")
    assert code == 1
    assert out.splitlines()[2].split() == ["looper", "1", "0", "0", "0"]
    assert "1 jobs wait, and no worker is alive: start crmkit worker" in err
    run("worker", "--once", "--quiet")
    code, out, _ = run("jobs", "health", "--json")
    found = json.loads(out)
    assert (code, found["waiting"], found["alive"], len(found["workers"])) == (0, 0, 0, 1)


def test_schedules_are_listed_with_their_next_time(run: Run) -> None:
    found = {one["name"]: one for one in json.loads(run("jobs", "schedules", "--json")[1])}
    assert found["crmkit.seal_audit_log"]["cron"] == "*/10 * * * *"
    assert found["crmkit.seal_audit_log"]["next"].endswith("0:00Z")
    assert "crmkit.apply_retention" in run("jobs", "schedules")[1]


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("jobs", "show", "nonsense"), 3, "nonsense"),
        (("jobs", "show", "01a20256-9e5c-7763-9c2b-0f2ba9ee12a3"), 4, "no job with id"),
        (("jobs", "list", "--state", "late"), 3, "job state late: expected one of waiting, queued"),
        (("jobs", "enqueue", "looper.wrok"), 1, "no job looper.wrok; did you mean looper.work?"),
        (("jobs", "enqueue", "looper.work", "--payload", "[1]"), 3, "payload [1]: expected an object of JSON"),
        (("jobs", "retry"), 2, "name jobs by their ids, or give --all"),
        (("--as", "mia", "jobs", "list"), 5, "it takes the permission jobs.manage"),
        (("--as", "mia", "worker", "--once"), 5, "it takes the permission jobs.manage"),
    ],
    ids=["id", "unknown", "state", "name", "payload", "none", "list", "worker"],
)
def test_what_is_wrong_is_said(
    run: Run, installation: Installation, words: tuple[str, ...], code: int, expected: str
) -> None:
    if "mia" in words:
        with installation.open() as crm, crm.session() as session:
            session.add(User(login="mia", name="Mia"))
    found = run(*words)
    assert found[0] == code, found
    assert expected in found[2]
