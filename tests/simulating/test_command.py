"""``crmkit simulate``: what it prints, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.customer import Customer
from crmkit.core.staff import User
from crmkit.runtime.crm import Crm

Run = Callable[..., Result]

GUARD = """
from crmkit.plugin import Refuse, hookimpl, msg


@hookimpl(entities=("customer",))
def guard_records(ctx, call):
    return [Refuse(msg("we do not sell to Norway"), c.after.id) for c in call.changes if c.after.country == "NO"]
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    address = f"sqlite:///{tmp_path / 'shop.db'}"
    with Crm.open(address, plugins=[]) as crm, crm.session() as session:
        session.add(Customer(name="Bern AG", country="CH"), User(login="anna", name="Anna"))
    with Crm.open(address, plugins=[]) as crm, crm.session() as session:
        session.add(Customer(name="Oslo AS", country="NO"))
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "borders.py").write_text(GUARD)
    monkeypatch.setenv("CRMKIT_DB", address)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(program, list(words))


def test_it_shows_what_a_hook_would_refuse(run: Run) -> None:
    found = run("simulate", "--hooks", "hooks")
    assert found.exit_code == 0, found.output
    assert "refused by borders: we do not sell to Norway" in found.output
    assert "customer   Oslo AS   no more" in found.output
    assert "Bern AG" not in found.output


def test_programs_get_all_of_it(run: Run) -> None:
    found = json.loads(run("simulate", "--hooks", "hooks", "--json").stdout)
    assert [one["records"][0]["title"] for one in found["refused"]] == ["Oslo AS"]
    assert [(one["entity"], one["course"]) for one in found["differences"]] == [("customer", "as_is")]


def test_without_a_change_there_is_nothing_to_try(run: Run) -> None:
    found = run("simulate")
    assert found.exit_code == 2
    assert "say what changes" in found.output


def test_a_change_without_effect_says_so(run: Run) -> None:
    Path("empty").mkdir()
    assert "nothing would be different" in run("simulate", "--hooks", "empty").output


def test_it_is_for_those_who_may_see_everything(run: Run) -> None:
    found = run("--as", "anna", "simulate", "--hooks", "hooks")
    assert found.exit_code == 5
    assert "may not simulate" in found.output
    assert "Oslo" not in found.output


def test_a_broken_change_is_named(run: Run) -> None:
    Path("hooks/borders.py").write_text("this is no Python")
    found = run("simulate", "--hooks", "hooks")
    assert found.exit_code == 1
    assert "borders" in found.output
    assert "Traceback" not in found.output
    Path("wrong.toml").write_text("name = 3")
    assert run("simulate", "--lifecycle", "wrong.toml").exit_code == 3
