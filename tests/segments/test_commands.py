"""The commands: segment, tag and asset."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.runtime.crm import Crm

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``crmkit`` on a database with two customers and a product."""
    monkeypatch.setenv("CRMKIT_DB", f"sqlite:///{tmp_path / 'crm.db'}")
    monkeypatch.setenv("CRMKIT_LANGUAGE", "en")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with Crm.open(f"sqlite:///{tmp_path / 'crm.db'}", plugins=[]) as crm, crm.session() as session:
        session.add(Customer(name="Anna Berg", country="DE"), Customer(name="Bo", country="FR"))
        session.add(Product(sku="P-1", name="Pump"))
    return lambda *words: CliRunner().invoke(program, list(words))


def said(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_saved_filter_is_made_shown_counted_and_listed(run: Run) -> None:
    made = said(run("segment", "create", "German", "--filter", "country = DE", "--description", "at home", "--json"))
    assert (made["kind"], made["filter"], made["count"]) == ("filter", "country = DE", 1)
    assert said(run("segment", "count", "german", "--json")) == {"id": made["id"], "name": "German", "count": 1}
    assert run("segment", "count", made["id"]).stdout == "1\n"
    shown = run("segment", "show", "German").stdout
    assert "at home" in shown
    assert said(run("segment", "show", "German", "--json"))["count"] == 1
    assert "Count" in run("segment", "list", "--counts").stdout
    assert [one["count"] for one in said(run("segment", "list", "--counts", "--json"))] == [1]
    assert said(run("segment", "list", "--entity", "product", "--json")) == []
    assert "no segments yet" in run("segment", "list", "--entity", "product").stderr


def test_a_wrong_filter_is_shown_with_its_place(run: Run) -> None:
    wrong = run("segment", "create", "some", "--filter", "country = DE and nmae = x")
    assert wrong.exit_code == 3
    assert wrong.stderr.splitlines() == [
        "error: filter, character 18: customer has no field nmae; did you mean name?",
        "  country = DE and nmae = x",
        "                   ^",
    ]
    assert run("segment", "show", "some").exit_code == 4
    said(run("segment", "create", "some", "--json"))
    taken = run("segment", "create", "SOME")
    assert (taken.exit_code, "no other segment has" in taken.stderr) == (3, True)


def test_members_and_preview(run: Run) -> None:
    said(run("segment", "create", "all", "--json"))
    first = said(run("segment", "members", "all", "--limit", "1", "--fields", "name", "--json"))
    assert first["records"] == [{"name": "Anna Berg"}]
    second = said(run("segment", "members", "all", "--after", first["next"], "--fields", "name", "--json"))
    assert second == {"records": [{"name": "Bo"}], "next": None}
    page = run("segment", "members", "all", "--limit", "1", "--fields", "name,country")
    assert "Anna Berg" in page.stdout
    assert f"--after {first['next']}" in page.stderr
    look = run("segment", "preview", "--filter", "country in (FR, IT)", "--fields", "name")
    assert "country in (FR, IT) [FR]" in look.stdout
    (record,) = said(run("segment", "preview", "--filter", "country = FR", "--json"))["records"]
    assert record["values"] == {"name": "Bo"}
    assert record["reasons"] == [{"condition": "country = FR", "value": "FR"}]
    assert run("segment", "preview").exit_code == 2
    assert "nobody" in run("segment", "preview", "--filter", "country = CN").stderr


def test_frozen_lists(run: Run) -> None:
    said(run("segment", "create", "picked", "--frozen", "--json"))
    assert said(run("segment", "add", "picked", "Anna Berg", "Bo", "--json"))["changed"] == 2
    assert "1 removed, 1 left" in run("segment", "remove", "picked", "Bo").stderr
    assert said(run("segment", "freeze", "picked", "copy", "--json"))["count"] == 1
    assert run("segment", "add", "copy", "Nobody").exit_code == 4
    said(run("segment", "create", "pumps", "--frozen", "--entity", "product", "--json"))
    assert said(run("segment", "add", "pumps", "Pump", "--json"))["count"] == 1


def test_watching_and_refreshing(run: Run) -> None:
    said(run("segment", "create", "German", "--filter", "country = DE", "--watch", "--json"))
    said(run("segment", "create", "French", "--filter", "country = FR", "--json"))
    assert said(run("segment", "watch", "French", "--json"))["timezone"] == "UTC"
    assert said(run("segment", "refresh", "--json")) == []
    said(run("customer", "add", "Zed AG", "--country", "DE", "--json"))
    assert said(run("segment", "refresh", "--json"))[0]["joined"] == 1
    assert "nothing changed" in run("segment", "refresh").stderr
    assert "German: 0 joined, 0 left" in run("segment", "refresh", "German").stderr
    assert not said(run("segment", "watch", "German", "--off", "--json"))["watched"]
    assert run("segment", "refresh", "German").exit_code == 3


def test_tags(run: Run) -> None:
    assert said(run("tag", "add", "vip", "Anna Berg", "--json")) == {"tag": "vip", "changed": 1}
    assert "put on 1" in run("tag", "add", "VIP", "--filter", "everything").stderr
    assert said(run("tag", "list", "--json"))[0]["counts"] == {"customer": 2}
    assert "vip" in run("tag", "list").stdout
    assert said(run("tag", "remove", "Vip", "Bo", "--json"))["changed"] == 1
    assert said(run("list", "customer", "--filter", "has tags where name = vip", "--fields", "name", "--json")) == [
        {"name": "Anna Berg"}
    ]
    for words, code in ((("add", "vip"), 2), (("add", "vip", "Nobody"), 4), (("remove", "vp", "Bo"), 4)):
        assert run("tag", *words).exit_code == code
    assert said(run("tag", "add", "good", "Pump", "--entity", "product", "--json"))["changed"] == 1


def test_assets(run: Run) -> None:
    words = ("--product", "P-1", "--serial", "4711", "--purchased", "2020-01-01", "--warranty-until", "2199-12-31")
    made = said(run("asset", "add", "Anna Berg", *words, "--json"))
    assert (made["name"], made["purchased"]) == ("Pump", "2020-01-01")
    (listed,) = said(run("asset", "list", "Anna Berg", "--json"))
    assert (listed["serial_number"], listed["under_warranty"]) == ("4711", True)
    assert "4711" in run("asset", "list", "Anna Berg").stdout
    assert "Bo owns Pump" in run("asset", "transfer", "4711", "Bo").stderr
    assert said(run("asset", "list", "Anna Berg", "--json")) == []
    assert "owns nothing" in run("asset", "list", "Anna Berg").stderr
    again = run("asset", "add", "Anna Berg", *words)
    assert (again.exit_code, "4711" in again.stderr) == (3, True)
    assert run("asset", "add", "Anna Berg").exit_code == 3
    assert run("asset", "add", "Anna Berg", "Van", "--status", "lost").exit_code == 3
