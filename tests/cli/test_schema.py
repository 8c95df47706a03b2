"""``crmkit plan``, ``crmkit db`` and ``crmkit plugin purge``: what they show, ask and refuse."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.customer import Customer
from crmkit.runtime.crm import Crm
from tests.cli.conftest import Run
from tests.runtime.packages import Site
from tests.store.marinas import Package


class Installed:
    """The plugin ``marina``, installed as its own author would: migrations are written by the command."""

    def __init__(self, site: Site, package: Package, run: Run) -> None:
        self.site, self.package, self.run = site, package, run
        site.install("crmkit-marina", {"marina": "marina"})

    def first(self) -> Any:
        return self.package.first()

    def second(self) -> Any:
        return self.package.second()

    def uninstall(self) -> None:
        shutil.rmtree(next(self.site.folder.glob("*.dist-info")))
        self.package.forget()


@pytest.fixture
def marina(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Iterator[Installed]:
    package = Package(tmp_path / "packages", monkeypatch)
    monkeypatch.setenv("CRMKIT_DB", f"sqlite:///{tmp_path / 'schema.db'}")
    yield Installed(site, package, run)
    package.forget()


def answered(answer: str, *words: str) -> Result:
    return CliRunner().invoke(program, list(words), input=answer)


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_life_of_a_plugin_by_commands(marina: Installed, run: Run, tmp_path: Path) -> None:
    module = marina.first()
    written = run("db", "revision", "marina", "-m", 'Boats "and" berths')
    assert written.exit_code == 0, written.output
    assert written.stdout.strip() == str(marina.package.migrations / "0001_boats_and_berths.py")
    assert document(run("db", "revision", "marina", "--json")) == {"plugin": "marina", "file": None}

    assert run("db", "create").exit_code == 0
    status = document(run("db", "status", "--json"))
    assert (status["state"], status["plan"], status["kept"], status["unwritten"]) == ("current", [], [], [])
    assert {"owner": "marina", "state": "current", "revision": "0001", "needed": "0001", "version": "1.0"} in status[
        "owners"
    ]
    with Crm.open() as crm, crm.session() as session:
        session.add(Customer(name="Anna"), module.Boat(name="Ariel"))

    marina.second()
    lacking = document(run("db", "status", "--json"))
    assert "marina: add column marina_boats.length" in lacking["unwritten"]
    assert run("db", "revision", "marina", "-m", "More").exit_code == 0
    refused = run("customer", "list")
    assert refused.exit_code == 1
    assert "needs an upgrade (migrate marina to 0002: More); run: crmkit db upgrade" in refused.stderr
    plan = run("plan")
    assert "! migrate marina to 0002: More  [destructive]" in plan.stdout
    assert "drop column marina_boats.code" in plan.stdout
    assert "steps that destroy something: 1" in plan.stderr
    (step,) = document(run("plan", "--json"))["plan"]
    assert (step["owner"], step["destructive"], step["required"]) == ("marina", True, True)

    no = answered("n\n", "db", "upgrade")
    assert no.exit_code == 130
    assert "drop column marina_boats.code" in no.stderr
    assert document(run("db", "status", "--json"))["state"] == "outdated"
    yes = answered("y\n", "db", "upgrade")
    assert yes.exit_code == 0
    assert "migrate marina to 0002" in yes.stdout
    assert run("db", "upgrade").stderr.strip() == "nothing to do, the database is current"

    assert answered("n\n", "db", "downgrade", "marina", "-1").exit_code == 130
    down = document(run("db", "downgrade", "marina", "-1", "--yes", "--json"))
    assert [step["text"] for step in down["steps"]] == ["undo marina 0002: More"]
    assert "is there already" in run("db", "downgrade", "marina", "0001", "--yes").stderr
    for words, problem in (
        (("marina", "0007"), "marina is not past revision"),
        (("marnia", "base"), "no plugin marnia is active; did you mean marina"),
    ):
        wrong = run("db", "downgrade", *words, "--yes")
        assert (wrong.exit_code, problem in wrong.stderr) == (3, True)
    assert run("db", "upgrade", "--yes").exit_code == 0

    active = run("plugin", "purge", "marina", "--yes")
    assert (active.exit_code, "disable or uninstall it first" in active.stderr) == (5, True)
    without = run("plan", "--without", "marina")
    assert "kept of marina: marina_berths, marina_boats" in without.stdout
    marina.uninstall()
    assert [one["plugin"] for one in document(run("plan", "--json"))["kept"]] == ["marina"]
    shown = run("db", "status")
    assert "kept of marina" in shown.stdout
    assert run("customer", "list").exit_code == 0
    file = tmp_path / "out.jsonl"
    assert answered("n\n", "plugin", "purge", "marina", "--output", str(file)).exit_code == 130
    assert not file.exists()
    purged = document(run("plugin", "purge", "marina", "--output", str(file), "--yes", "--json"))
    assert (purged["tables"], purged["file"]) == ({"marina_berths": 0, "marina_boats": 1}, str(file))
    assert json.loads(file.read_text().splitlines()[1])["record"]["name"] == "Ariel"
    gone = run("plugin", "purge", "marina", "--yes")
    assert (gone.exit_code, "nothing is kept of a plugin marina" in gone.stderr) == (4, True)
    assert document(run("plan", "--json"))["kept"] == []


def test_an_upgrade_without_a_terminal_destroys_nothing_unasked(marina: Installed, run: Run) -> None:
    marina.first()
    run("db", "revision", "marina", "-m", "Boats")
    run("db", "create")
    marina.second()
    run("db", "revision", "marina", "-m", "More")
    assert run("db", "upgrade").exit_code == 130
    assert run("db", "upgrade", "--json").exit_code == 130
    done = document(run("db", "upgrade", "--json", "--yes"))
    assert (done["state"], done["steps"]) == ("outdated", ["migrate marina to 0002: More"])


def test_a_broken_plugin_is_not_purged(marina: Installed, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    marina.first()
    run("db", "create")
    (marina.package.folder / "__init__.py").write_text("1 / 0")
    marina.package.forget()
    monkeypatch.setenv("CRMKIT_QUARANTINE", "true")
    broken = run("plugin", "purge", "marina", "--yes")
    assert (broken.exit_code, "is broken, not gone" in broken.stderr) == (5, True)


def test_custom_fields_are_filled_with_progress(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMKIT_DB", f"sqlite:///{tmp_path / 'sizes.db'}")
    config = tmp_path / "crmkit.toml"
    field = '[[custom_fields]]\nentity = "customer"\nname = "size"\ntype = "integer"\n'
    config.write_text(field)
    with Crm.open(config=config) as crm, crm.session() as session:
        session.add(*[Customer(name=str(number), custom={"size": number}) for number in range(3)])
    config.write_text(field + "filterable = true\n")
    assert "add column customers.custom_size" in run("plan").stdout
    assert run("db", "upgrade", "--fill-later").exit_code == 0
    assert "customers.custom_size  0 / ?" in run("db", "status").stdout
    done = run("db", "upgrade")
    assert done.exit_code == 0, done.output
    assert "filling customers.custom_size: 3 of 3" in done.stderr
    (column,) = document(run("db", "status", "--json"))["columns"]
    assert column == {"column": "customers.custom_size", "finished": True, "done": 3, "total": 3}
    listed = run("list", "customer", "--filter", "size >= 1", "--order", "-size", "--json")
    assert [one["name"] for one in document(listed)] == ["2", "1"]
