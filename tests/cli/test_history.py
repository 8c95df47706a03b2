"""``crmkit history`` and ``crmkit audit``: what they answer, and the exit codes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from tests.cli.conftest import Run


@pytest.fixture
def record(shop: str) -> str:
    """A customer made on 1 March 2024 at noon and renamed a day later; its id."""
    clock = FixedClock(datetime(2024, 3, 1, 12, tzinfo=UTC))
    with Crm.open(shop, clock=clock) as crm:
        made = Customer(name="Old", kind="organization", employees=3)
        with crm.session() as s:
            s.add(made)
        clock.advance(days=1)
        with crm.session() as s:
            s.update(change(s.get(Customer, made.id), name="New", employees=4))
    return str(made.id)


def document(run: Run, *words: str) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


# -- history -----------------------------------------------------------------------------------------------------------


def test_history_tells_changes_newest_first(run: Run, record: str) -> None:
    shown = run("history", "customer", record).stdout
    assert shown.index("changed") < shown.index("created")
    assert "2024-03-02 12:00:00" in shown
    assert "Name: Old → New" in shown
    told = document(run, "history", "customer", record)["changes"]
    assert [entry["action"] for entry in told] == ["updated", "created"]
    assert told[0]["fields"][1] == {"name": "employees", "before": 3, "after": 4}


def test_history_is_cut_where_asked(run: Run, record: str) -> None:
    one = run("history", "customer", record, "--limit", "1")
    assert "created" not in one.stdout
    assert "newest 1" in one.stderr
    assert len(document(run, "history", "customer", record, "--limit", "1")["changes"]) == 1


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("2024-03-01T12:00:00Z", "Old"),
        ("2024-03-02T11:59", "Old"),
        ("2024-03-02 13:00+00:00", "New"),
        ("2024-03-02", "Old"),
        ("2024-03-03", "New"),
        ("now", "New"),
        ("today - 1 day", "New"),
    ],
)
def test_history_shows_a_record_at_a_moment(run: Run, record: str, moment: str, name: str) -> None:
    assert document(run, "history", "customer", record, "--at", moment)["name"] == name
    assert name in run("history", "customer", record, "--at", moment).stdout


def test_history_before_there_was_a_record_is_not_found(run: Run, record: str) -> None:
    result = run("history", "customer", record, "--at", "2024-02-01")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "was not there" in result.stderr


def test_history_compares_two_moments(run: Run, record: str) -> None:
    told = document(run, "history", "customer", record, "--diff", "2024-03-02", "now")
    assert told["fields"] == [
        {"name": "name", "before": "Old", "after": "New"},
        {"name": "employees", "before": 3, "after": 4},
    ]
    assert "Employees" in run("history", "customer", record, "--diff", "2024-03-02", "now").stdout
    assert "nothing differs" in run("history", "customer", record, "--diff", "2024-03-04", "now").stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("customer", "{id}", "--at", "soon"), 3),
        (("customer", "{id}", "--at", "now", "--diff", "now", "now"), 2),
        (("customer", "01890a5d-ac96-774b-bcce-b302099a8057"), 4),
        (("custmer", "{id}"), 3),
    ],
)
def test_history_refuses_what_it_cannot_answer(run: Run, record: str, words: tuple[str, ...], code: int) -> None:
    assert run("history", *[word.format(id=record) for word in words]).exit_code == code


# -- audit -------------------------------------------------------------------------------------------------------------


def test_audit_seals_verifies_and_shows(run: Run, record: str) -> None:
    assert run("audit", "head").exit_code == 4
    sealed = document(run, "audit", "seal")
    assert sealed["sealed"] > 10
    assert sealed["head"].startswith(f"{sealed['sealed']}:")
    assert run("audit", "head").stdout.strip() == sealed["head"] == document(run, "audit", "head")["head"]
    told = document(run, "audit", "verify")
    assert (told["valid"], told["entries"], told["head"]) == (True, sealed["sealed"], sealed["head"])
    assert "as it was sealed" in run("audit", "verify", "--head", sealed["head"]).stderr
    newest, first = document(run, "audit", "show", "customer", record)
    assert (newest["sequence"], first["sequence"]) == (sealed["sealed"], sealed["sealed"] - 1)
    assert newest["delta"]["name"] == ["Old", "New"]
    assert newest["link"] == sealed["head"].partition(":")[2]
    assert newest["link"][:16] in run("audit", "show", "customer", record).stdout


def test_audit_verify_leaves_with_1_and_names_the_first_bad_place(run: Run, shop: str, record: str) -> None:
    count = document(run, "audit", "seal")["sealed"]
    with Crm.open(shop) as crm, crm.database.connection() as connection:
        entries = crm.database.tables["audit_entry"]
        connection.execute(entries.update().where(entries.c.entity == "customer").values(plugin="x"))
        connection.commit()
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert record in result.stdout
    assert "tampered with" in result.stderr
    told = run("audit", "verify", "--json")
    assert told.exit_code == 1
    found = json.loads(told.stdout)
    assert (found["valid"], found["broken"]) == (False, 5)
    first = found["faults"][0]["sequence"]
    assert f"place {first}:" in result.stderr
    assert found["faults"][-1]["sequence"] == count


def test_audit_verify_finds_another_head(run: Run, record: str) -> None:
    run("audit", "seal")
    result = run("audit", "verify", "--head", f"1:{'0' * 64}")
    assert result.exit_code == 1
    assert "does not pass through the head" in result.stdout
    assert run("audit", "verify", "--head", "nothing").exit_code == 3


def test_audit_is_for_auditors(run: Run, record: str) -> None:
    for words in (["seal"], ["head"], ["verify"], ["show", "customer", record]):
        result = run("--as", "anna", "audit", *words)
        assert result.exit_code == 5, words
        assert "anna may not read the audit log" in result.stderr
