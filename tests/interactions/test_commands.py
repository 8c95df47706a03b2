"""``crmkit interaction``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.runtime.crm import Crm

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a company and one of its people, to be copied."""
    file = tmp_path_factory.mktemp("interactions") / "shop.db"
    anna, acme = Customer(name="Anna Berg"), Customer(name="Acme", kind="organization")
    with Crm.open(f"sqlite:///{file}", plugins=[]) as crm, crm.session() as session:
        session.add(anna, acme, ContactPoint(customer_id=anna.id, kind="email", value="anna@acme.com"))
        session.add(CustomerRelation(from_id=anna.id, to_id=acme.id, type="employed_by"))
    return file


@pytest.fixture
def run(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``crmkit`` on a database with two customers."""
    address = f"sqlite:///{shutil.copy(filled, tmp_path / 'shop.db')}"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return lambda *words, **options: CliRunner().invoke(program, ["--db", address, *words], **options)


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_logging_and_showing(run: Run) -> None:
    logged = run(
        "interaction", "log", "call", "--customer", "Anna Berg", "--subject", "Order 7", "--body", "-", "--direction",
        "inbound", "--channel", "phone", "--key", "c1", "--at", "2026-03-01T10:00", "--money", "12.50 EUR", input="She wants two.",
    )  # fmt: skip
    assert (logged.exit_code, logged.stderr) == (0, "logged\n")
    id = logged.stdout.strip()
    again = run("interaction", "log", "call", "--customer", "Anna Berg", "--channel", "phone", "--key", "c1")
    assert (again.stdout.strip(), again.stderr) == (id, "logged before\n")
    shown = run("interaction", "show", id).stdout
    for text in ("Order 7", "2026-03-01 10:00", "12.50 EUR", "Anna Berg", "She wants two.", "phone"):
        assert text in shown
    found = document(run("interaction", "show", id, "--json"))
    assert found["interaction"]["money"] == {"amount": "12.5", "currency": "EUR"}
    assert [(one["name"], one["role"]) for one in found["participants"]] == [("Anna Berg", "customer")]
    made = document(run("interaction", "log", "note", "--address", "who@x.de", "--json"))
    assert (made["created"], made["participants"][0]["claim_id"] is not None) == (True, True)
    unknown = run("interaction", "log", "note", "--address", "other@x.de")
    assert unknown.stderr == "logged; 1 of those who took part are unknown: crmkit claim list\n"
    assert run("interaction", "log", "coll").exit_code == 3
    assert "no kind of interaction coll" in run("interaction", "log", "coll").stderr
    assert "such as 119.00 EUR" in run("interaction", "log", "call", "--money", "12").stderr
    assert run("interaction", "show", "01890a5d-ac96-774b-bcce-b302099a8057").exit_code == 4


def test_correcting(run: Run) -> None:
    id = run("interaction", "log", "visit", "--customer", "Anna Berg", "--subject", "Wrong").stdout.strip()
    made = run("interaction", "correct", id, "--set", "subject=Right", "--set", "occurred_at=2026-03-01")
    assert (made.exit_code, made.stderr) == (0, "corrected; the former one is kept\n")
    shown = run("interaction", "show", made.stdout.strip()).stdout
    assert "Right" in shown
    assert f"{id} Wrong" in shown
    assert run("interaction", "correct", id, "--set", "subject=x").exit_code == 7
    assert "did you mean subject" in run("interaction", "correct", id, "--set", "subjekt=x").stderr
    assert "expected FIELD=VALUE" in run("interaction", "correct", id, "--set", "subject").stderr
    assert "is not corrected" in run("interaction", "correct", id, "--set", "thread_id=x").stderr


def test_the_timeline_page_by_page(run: Run) -> None:
    for day in range(1, 6):
        words = (
            "--subject",
            f"Day {day}",
            "--at",
            f"2026-03-0{day}T12:00",
            "--channel",
            "phone",
            "--direction",
            "inbound",
        )
        run("interaction", "log", "call", "--customer", "Anna Berg", *words)
    run("interaction", "log", "meeting", "--customer", "Acme", "--subject", "With all", "--at", "2026-03-09")
    first = run("interaction", "timeline", "Anna Berg", "--limit", "2")
    assert "Day 5" in first.stdout
    assert "Day 3" not in first.stdout
    cursor = first.stderr.strip().rpartition(" ")[2]
    second = document(run("interaction", "timeline", "Anna Berg", "--limit", "2", "--cursor", cursor, "--json"))
    assert [entry["title"] for entry in second["entries"]] == ["Day 3", "Day 2"]
    assert second["cursor"]
    period = document(
        run("interaction", "timeline", "Anna Berg", "--from", "2026-03-02", "--to", "2026-03-03", "--json")
    )
    assert [entry["title"] for entry in period["entries"]] == ["Day 3", "Day 2"]
    people = document(run("interaction", "timeline", "Acme", "--people", "--kind", "call", "--json"))
    assert len(people["entries"]) == 5
    filtered = document(
        run("interaction", "timeline", "Anna Berg", "--filter", 'subject = "Day 4"', "--json", "--figures")
    )
    assert [entry["title"] for entry in filtered["entries"]] == ["Day 4"]
    assert filtered["figures"]["contacts"] == 5
    assert filtered["figures"]["by_channel"] == {"phone": 5}
    figures = run("interaction", "timeline", "Anna Berg", "--figures").stdout
    assert "Last inbound" in figures
    assert "phone 5" in figures
    assert run("interaction", "timeline", "Anna Berg", "--cursor", "nonsense").exit_code == 3
    assert run("interaction", "timeline", "Nobody").exit_code == 4


def test_attaching_and_saving(run: Run, tmp_path: Path) -> None:
    (tmp_path / "报价.pdf").write_bytes(b"%PDF-1.4\n")
    (tmp_path / "bad.pdf").write_bytes(b"MZ" + b"\0" * 80)
    words = ("interaction", "log", "email", "--customer", "Anna Berg", "--attach")
    id = run(*words, "报价.pdf").stdout.strip()
    assert run(*words, "bad.pdf").exit_code == 3
    assert "报价.pdf (application/pdf, 9 B)" in run("interaction", "show", id).stdout
    (tmp_path / "more.txt").write_text("words")
    assert run("interaction", "attach", id, "more.txt").stderr == "1 files attached\n"
    for expected in (["more.txt", "报价.pdf"], ["more-2.txt", "more.txt", "报价-2.pdf", "报价.pdf"]):
        assert run("interaction", "save", id, "out").exit_code == 0
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == expected
    assert (tmp_path / "out" / "报价-2.pdf").read_bytes() == b"%PDF-1.4\n"


def test_a_thread_is_shown_from_its_beginning(run: Run) -> None:
    words = ("interaction", "log", "email", "--customer", "Anna Berg", "--channel", "mail", "--thread", "offer 7")
    for day, subject in ((3, "Re: offer"), (1, "Offer"), (2, "Question")):
        id = run(*words, "--subject", subject, "--body", f"Body of day {day}", "--at", f"2026-03-0{day}").stdout.strip()
    told = document(run("interaction", "thread", id, "--json"))
    assert [one["subject"] for one in told] == ["Offer", "Question", "Re: offer"]
    shown = run("interaction", "thread", id).stdout
    assert shown.index("Body of day 1") < shown.index("Body of day 3")
    alone = run("interaction", "log", "call", "--customer", "Anna Berg", "--subject", "Alone").stdout.strip()
    assert [one["subject"] for one in document(run("interaction", "thread", alone, "--json"))] == ["Alone"]
