"""The command: crmkit search."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.product import Product
from crmkit.runtime.crm import Crm
from crmkit.services.identify import recognition
from crmkit.services.search import searching

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CRMKIT_DB", f"sqlite:///{tmp_path / 'crm.db'}")
    monkeypatch.setenv("CRMKIT_LANGUAGE", "en")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with Crm.open(f"sqlite:///{tmp_path / 'crm.db'}", plugins=[]) as crm, crm.session() as session:
        anna = Customer(name="Anna Müller")
        session.add(anna, Customer(name="曾国藩"), Product(sku="A-1", name="Annealing oven"))
        session.add(ContactPoint(customer_id=anna.id, kind="email", value="charlottila@ex.org"))
    return lambda *words: CliRunner().invoke(program, list(words))


def test_it_shows_what_was_found_and_where(run: Run) -> None:
    shown = run("search", "ann").stdout
    assert shown.index("Title") < shown.index("Annealing oven") < shown.index("Anna Müller")
    found = json.loads(run("search", "--json", "ottila").stdout)
    (hit,) = found["hits"]
    assert (hit["entity"], hit["title"], hit["match"], hit["field"]) == (
        "customer",
        "Anna Müller",
        "fragment",
        "contact_point.value",
    )
    assert hit["excerpt"] == {"text": "charlottila@ex.org", "marks": [[5, 11]]}
    assert found["behind"] is False
    assert "曾国藩" in run("search", "zeng", "guofan").stdout
    assert "nothing was found" in run("search", "nobody").stderr
    assert run("search", "nobody").exit_code == 0


def test_kinds_and_numbers_of_records_are_chosen(run: Run) -> None:
    assert "Anna Müller" not in run("search", "ann", "--entity", "product").stdout
    assert "Annealing oven" not in run("search", "-e", "customers", "ann").stdout
    assert len(json.loads(run("search", "ann", "--limit", "1", "--json").stdout)["hits"]) == 1
    wrong = run("search", "ann", "-e", "prodct")
    assert (wrong.exit_code, "did you mean product?" in wrong.stderr) == (3, True)
    assert "it cannot be searched" in run("search", "ann", "-e", "event").stderr
    assert run("search", "ann", "--limit", "0").exit_code == 2
    assert run("search").exit_code == 2


def test_words_that_are_commands_can_be_searched_for(run: Run) -> None:
    assert "nothing was found" in run("search", "for", "index").stderr
    assert "nothing was found" in run("search", "for", "for").stderr
    assert "Anna" in run("search", "for", "ann").stdout


def test_the_index_is_brought_up_to_date_and_made_again(run: Run) -> None:
    first, second, again = run("search", "index"), run("search", "index"), run("search", "index", "--rebuild")
    assert "4 events indexed" in first.stderr
    assert "0 events indexed" in second.stderr
    assert "4 events indexed" in again.stderr


def test_it_says_when_the_index_is_behind(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "FRESH_EVENTS", 2)
    assert "run crmkit search index" in run("search", "ann").stderr
    run("search", "index")
    shown = run("search", "ann")
    assert "crmkit search index" not in shown.stderr
    assert "Anna Müller" in shown.stdout


def test_what_an_import_brought_or_took_is_indexed_when_it_ends(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "FRESH_EVENTS", 2)
    monkeypatch.setattr(recognition, "FRESH_EVENTS", 2)
    file = tmp_path / "people.csv"
    rows = "".join(f"k-{number},Kestrel {number}\n" for number in range(10))
    file.write_text(f"external_id,name\n{rows}", encoding="utf-8")
    assert run("import", str(file), "--entity", "customer", "--dry-run").exit_code == 0
    assert "run crmkit search index" in run("search", "kestrel").stderr
    assert run("import", str(file), "--entity", "customer").exit_code == 0
    shown = json.loads(run("search", "kestrel", "--json").stdout)
    assert (len(shown["hits"]), shown["behind"]) == (10, False)
    alike = json.loads(run("identify", "--name", "Kestrel 7", "--json").stdout)
    assert (alike["kind"], alike["behind"]) == ("candidates", False)
    assert run("import", "--revert", "last").exit_code == 0
    shown = json.loads(run("search", "kestrel", "--json").stdout)
    assert (shown["hits"], shown["behind"]) == ([], False)


def test_a_user_finds_what_the_user_may_see(run: Run) -> None:
    run("user", "add", "eve", "--name", "Eve")
    assert "nothing was found" in run("search", "--as", "eve", "ann").stderr
