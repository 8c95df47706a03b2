"""``crmkit personal-data``."""

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
    file = tmp_path_factory.mktemp("personal") / "shop.db"
    anna = Customer(name="Anna Berg", description="zqsecret")
    with Crm.open(f"sqlite:///{file}", plugins=[]) as crm, crm.session() as session:
        session.add(anna, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
        crm.services_for(session).log("email", participants=[anna], subject="Hello")
    return file


@pytest.fixture
def run(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``crmkit personal-data`` on a database with one customer."""
    address = f"sqlite:///{shutil.copy(filled, tmp_path / 'shop.db')}"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(program, ["--db", address, "personal-data", *words])


def test_preview_erase_and_purge(run: Run, tmp_path: Path) -> None:
    shown = run("preview", "Anna Berg")
    assert shown.exit_code == 0, shown.stderr
    assert "contact_point" in shown.stdout
    planned = json.loads(run("preview", "anna@example.com", "--json").stdout)
    assert {"entity": "customer", "fate": "delete", "count": 1} in planned["going"]
    assert b"zqsecret" in (tmp_path / "shop.db").read_bytes()
    done = json.loads(run("erase", "Anna Berg", "--reason", "request", "--yes", "--json").stdout)
    assert done["going"] == planned["going"]
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("shop.db*"))
    assert b"zqsecret" not in kept
    assert b"Anna" not in kept
    (tombstone,) = json.loads(run("erasures", "--json").stdout)
    assert (tombstone["id"], tombstone["reason"]) == (done["erasure_id"], "request")
    assert "request" in run("erasures").stdout
    again = run("preview", planned["customer_id"])
    assert (again.exit_code, "was erased on" in again.stderr) == (7, True)
    assert run("readmit", done["erasure_id"]).exit_code == 0
    assert run("purge").exit_code == 0


def test_an_erasure_is_asked_about_first(run: Run) -> None:
    asked = run("erase", "Anna Berg", "--reason", "request")
    assert asked.exit_code == 130
    assert json.loads(run("erasures", "--json").stdout) == []
    assert run("erase", "Anna Berg", "--yes").exit_code == 2
    assert run("erase", "Nobody", "--reason", "x", "--yes").exit_code == 4


def test_a_hold_stands_in_the_way(run: Run) -> None:
    placed = run("hold", "place", "Anna Berg", "--reason", "lawsuit", "--until", "2999-01-01")
    assert placed.exit_code == 0, placed.stderr
    (held,) = json.loads(run("hold", "list", "--json").stdout)
    assert (held["reason"], held["until"]) == ("lawsuit", "2999-01-01T00:00:00Z")
    blocked = run("preview", "Anna Berg")
    assert (blocked.exit_code, "legal hold: lawsuit" in blocked.stderr) == (5, True)
    assert run("erase", "Anna Berg", "--reason", "request", "--yes").exit_code == 5
    assert run("hold", "release", held["id"]).exit_code == 0
    assert run("preview", "Anna Berg").exit_code == 0
    assert "lawsuit" not in run("hold", "list").stdout


def test_export_to_a_folder_and_as_json(run: Run, tmp_path: Path) -> None:
    written = run("export", "Anna Berg", "--output", "out")
    assert written.exit_code == 0, written.stderr
    assert "zqsecret" in (tmp_path / "out" / "index.html").read_text("utf-8")
    assert json.loads((tmp_path / "out" / "data.json").read_text("utf-8"))["complete"] is True
    assert run("export", "Anna Berg", "--output", "out").exit_code == 3
    document = json.loads(run("export", "Anna Berg", "--json", "--history").stdout)
    assert document["complete"] is True
    assert document["export"]["history"]
    assert "Contact points" in run("export", "Anna Berg").stdout


def test_retention_and_register(run: Run, tmp_path: Path) -> None:
    (tmp_path / "crmkit.toml").write_text(
        """
        [[personal_data.retention]]
        name = "mails"
        entity = "interaction"
        filter = "kind = email"
        action = "anonymise"

        [[personal_data.keep]]
        name = "invoices"
        entity = "interaction"
        filter = "kind = purchase"
        period = "10 years"
        """,
        encoding="utf-8",
    )
    listed = run("retention", "rules")
    assert listed.exit_code == 0, listed.stderr
    assert "keep 10 years" in listed.stdout
    tried = json.loads(run("retention", "run", "--dry-run", "--json").stdout)
    assert (tried["dry_run"], [rule["gone"] for rule in tried["rules"]]) == (True, [0, 1])
    assert "mails" in run("retention", "run", "--rule", "mails").stdout
    assert [rule["gone"] for rule in json.loads(run("retention", "run", "--json").stdout)["rules"]] == [0, 0]
    assert run("retention", "run", "--rule", "mail").exit_code == 3
    page = run("register")
    assert page.stdout.startswith("# Register of processing activities\n")
    assert run("register", "--output", "register.md").exit_code == 0
    assert (tmp_path / "register.md").read_text("utf-8").startswith("# Register")
    assert json.loads(run("register", "--json").stdout)["activities"]


def test_holds_and_readmission_are_told_to_programs(run: Run) -> None:
    placed = json.loads(run("hold", "place", "Anna Berg", "--reason", "lawsuit", "--json").stdout)
    assert (placed["entity"], placed["reason"], placed["until"]) == ("customer", "lawsuit", None)
    released = json.loads(run("hold", "release", placed["id"], "--json").stdout)
    assert (released["id"], released["reason"]) == (placed["id"], "lawsuit")
    assert run("erase", "Anna Berg", "--reason", "request", "--yes").exit_code == 0
    (erasure,) = json.loads(run("erasures", "--json").stdout)
    readmitted = json.loads(run("readmit", erasure["id"], "--json").stdout)
    assert (readmitted["id"], readmitted["readmitted_at"] is None) == (erasure["id"], False)
