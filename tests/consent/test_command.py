"""``crmkit consent``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.customer import ContactPoint, Customer
from crmkit.runtime.crm import Crm

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one customer, to be copied."""
    file = tmp_path_factory.mktemp("consent") / "shop.db"
    anna = Customer(name="Anna Berg")
    with Crm.open(f"sqlite:///{file}", plugins=[]) as crm, crm.session() as session:
        session.add(anna, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
    return file


@pytest.fixture
def run(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``crmkit`` on a database with one customer."""
    address = f"sqlite:///{shutil.copy(filled, tmp_path / 'shop.db')}"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(program, ["--db", address, *words])


def test_granted_checked_and_withdrawn(run: Run) -> None:
    asked = ("consent", "check", "Anna Berg", "--channel", "email", "--purpose", "newsletter")
    assert (run(*asked).stdout, run(*asked).exit_code) == ("no: no statement on newsletter by email is on record\n", 5)
    given = ["--purpose", "newsletter", "--channel", "email", "--evidence", "Card", "--basis", "consent"]
    granted = run("consent", "grant", "anna@example.com", *given, "--at", "2026-03-01T10:00")
    assert granted.exit_code == 0, granted.stderr
    yes = run(*asked)
    assert (yes.stdout, yes.exit_code) == ("yes: granted for newsletter by email on 2026-03-01\n", 0)
    run("consent", "withdraw", "Anna Berg", "--at", "2026-03-02")
    no = run(*asked, "--json")
    assert no.exit_code == 5
    decision = json.loads(no.stdout)["decision"]
    assert (decision["allowed"], len(decision["considered"])) == (False, 2)
    assert decision["reason"] == "withdrawn for all purposes by every channel on 2026-03-02"


def test_a_denial_for_one_contact_point(run: Run) -> None:
    assert run("consent", "grant", "Anna Berg", "--purpose", "survey").exit_code == 0
    assert run("consent", "deny", "Anna Berg", "--purpose", "survey", "--point", "Anna@Example.com").exit_code == 0
    asked = ("consent", "check", "Anna Berg", "--channel", "email", "--purpose", "survey")
    assert run(*asked).exit_code == 0
    assert run(*asked, "--point", "anna@example.com").exit_code == 5
    unknown = run(*asked, "--point", "ana@example.com")
    assert unknown.exit_code == 4
    assert "did you mean anna@example.com?" in unknown.stderr


def test_statements_are_shown_with_their_proof(run: Run) -> None:
    assert "has made no statement" in run("consent", "show", "Anna Berg").stderr
    run("consent", "grant", "Anna Berg", "--purpose", "newsletter", "--evidence", "Card", "--at", "2026-03-01T10:00Z")
    run("consent", "withdraw", "Anna Berg", "--at", "2026-03-02T11:00Z")
    shown = run("consent", "show", "Anna Berg").stdout
    assert "Card" in shown
    assert shown.index("2026-03-02 11:00") < shown.index("2026-03-01 10:00")
    listed = json.loads(run("consent", "show", "Anna Berg", "--json").stdout)["consents"]
    assert [item["decision"] for item in listed] == ["withdrawn", "granted"]


def test_a_purpose_is_needed_and_a_time_must_be_one(run: Run) -> None:
    assert run("consent", "grant", "Anna Berg").exit_code == 2
    wrong = run("consent", "grant", "Anna Berg", "--purpose", "survey", "--at", "yesterday")
    assert wrong.exit_code == 3
    assert "yesterday" in wrong.stderr
