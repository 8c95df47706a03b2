"""``crmkit access``, ``role``, ``share`` and ``delegation``, as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import Delegation, Team, User
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm

Run = Callable[..., Result]
SECRET = "Rosenquist"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Anna owns Acme; Ben is in team North; nobody has a role."""
    for name in ("CRMKIT_CONFIG", "CRMKIT_LANGUAGE", "LANGUAGE", "LC_ALL", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    address = f"sqlite:///{tmp_path / 'shop.db'}"
    monkeypatch.setenv("CRMKIT_DB", address)
    with Crm.open(address, plugins=[]) as crm, crm.session() as s:
        north = Team(name="North")
        anna, ben = User(login="anna", name="Anna"), User(login="ben", name="Ben", team_id=north.id)
        acme = Customer(name="Acme", kind="organization", owner_id=anna.id, industry=SECRET, description=SECRET)
        sold = Interaction(kind="purchase", subject=SECRET, occurred_at=crm.clock.now(), money=Money.of("5", "EUR"))
        s.add(north, anna, ben, acme, sold, InteractionParticipant(interaction_id=sold.id, customer_id=acme.id))
    return address


@pytest.fixture
def run(shop: str) -> Run:
    def invoke(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(program, list(words))
        assert result.exit_code == code, result.output
        return result

    return invoke


def document(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.fixture
def seller(run: Run) -> None:
    """Ben has a role that shows him nothing of what is his own, as nothing is."""
    run("role", "add", "seller")
    run("access", "grant", "seller", "customer", "read", "own")
    run("role", "give", "ben", "seller")


def test_roles_are_added_granted_and_given(run: Run, seller: None) -> None:
    granted = run("access", "grant", "seller", "customer", "update", "own", "--field", "name", "--field", "industry")
    assert granted.stdout.splitlines() == ["customer read own", "customer update own (name, industry)"]
    again = run("access", "grant", "seller", "customer", "read", "team", "--json")
    assert document(again)["grants"] == [
        {"entity": "customer", "action": "update", "scope": "own", "fields": ["name", "industry"]},
        {"entity": "customer", "action": "read", "scope": "team"},
    ]
    (role,) = document(run("role", "list", "--json"))
    assert (role["name"], role["users"]) == ("seller", ["ben"])
    assert "customer read team" in run("role", "list").stdout
    assert document(run("access", "revoke", "seller", "customer", "read", "--json"))["grants"][0]["action"] == "update"
    assert document(run("role", "take", "ben", "seller", "--json")) == {"login": "ben", "roles": []}


def test_wrong_words_are_told(run: Run, seller: None) -> None:
    assert "did you mean seller" in run("role", "give", "ben", "sellr", code=4).stderr
    assert "did you mean ben" in run("role", "give", "benn", "seller", code=4).stderr
    assert "did you mean read" in run("access", "grant", "seller", "customer", "raed", "own", code=3).stderr
    assert "did you mean customer" in run("access", "grant", "seller", "custmer", "read", "own", code=3).stderr
    assert (
        "did you mean industry"
        in run("access", "grant", "seller", "customer", "read", "own", "--field", "industri", code=3).stderr
    )
    assert "grants no delete on customer" in run("access", "revoke", "seller", "customer", "delete", code=4).stderr
    assert "does not have the role" in run("role", "take", "anna", "seller", code=4).stderr
    assert "did you mean read" in run("access", "why", "ben", "Acme", "--action", "reed", code=3).stderr
    assert "Name a user with --user" in run("share", "add", "Acme", code=2).stderr
    assert "did you mean North" in run("share", "add", "Acme", "--team", "Nort", code=4).stderr
    assert "--for needs --as" in run("--for", "anna", "customer", "list", code=2).stderr


def test_why_answers_with_reasons(run: Run, seller: None) -> None:
    denied = run("access", "why", "ben", "Acme", code=5)
    assert denied.stdout.splitlines() == [
        "no",
        "  role seller gives read on customer within own, which does not reach the record",
        "  anna owns the record",
    ]
    run("share", "add", "Acme", "--user", "ben", "--reason", "holiday")
    found = document(run("access", "why", "ben", "Acme", "--json"))
    assert (found["allowed"], found["reasons"][0]["kind"], found["hidden"]) == (True, "share", [])
    customer = found["record_id"]
    run("access", "grant", "seller", "interaction", "read", "own")
    (call,) = document(run("list", "interaction", "--json"))
    shown = run("access", "why", "ben", f"interaction:{call['id']}").stdout.splitlines()
    assert shown[:2] == ["yes", "  role seller, own: it belongs to a record of customer that ben reaches"]
    assert "shared it with ben (read), until further notice: holiday" in shown[2]
    through = document(run("access", "why", "ben", f"interaction:{call['id']}", "--json"))["reasons"][0]["through"]
    assert through["record_id"] == customer


def test_rights_are_listed(run: Run, seller: None) -> None:
    run("access", "grant", "seller", "customer", "update", "own", "--field", "name")
    run("access", "grant", "seller", "customer", "read", "own", "--field", "-industry")
    found = document(run("access", "list", "ben", "--json"))
    assert (found["roles"], found["organization"], found["limits"], found["until"]) == (["seller"], "", [], None)
    (right,) = found["rights"]
    assert (right["entity"], right["scopes"]) == ("customer", {"read": "own", "update": "own"})
    assert right["hidden"] == ["industry"]
    assert "description" in right["kept"]
    listed = run("access", "list", "ben")
    assert "industry" in listed.stdout
    assert "roles: seller" in listed.stderr


def test_records_are_shared_and_no_more(run: Run, seller: None) -> None:
    assert document(run("--as", "ben", "list", "customer", "--json")) == []
    run("share", "add", "Acme", "--user", "ben", "--until", "2999-01-01", "--reason", "fair")
    run("share", "add", "Acme", "--team", "North", "--update")
    (mine, teams) = document(run("share", "list", "Acme", "--json"))
    assert (mine["user"], mine["action"], mine["reason"]) == ("ben", "read", "fair")
    assert (teams["team"], teams["action"], teams["until"]) == ("North", "update", None)
    assert "2999-01-01" in run("share", "list", "Acme").stdout
    assert [one["name"] for one in document(run("--as", "ben", "list", "customer", "--json"))] == ["Acme"]
    assert document(run("share", "remove", "Acme", "--user", "ben", "--json")) == {"ended": 1}
    run("share", "remove", "Acme", "--team", "North")
    assert "is not shared with North" in run("share", "remove", "Acme", "--team", "North", code=4).stderr
    assert document(run("--as", "ben", "list", "customer", "--json")) == []
    assert (
        "expected a moment to come"
        in run("share", "add", "Acme", "--user", "ben", "--until", "2001-01-01", code=3).stderr
    )


def test_deputies_act_on_behalf_of_others(run: Run, seller: None, shop: str) -> None:
    run("role", "give", "anna", "seller")
    run("access", "grant", "seller", "customer", "update", "own")
    assert "does not act for anna" in run("--as", "ben", "--for", "anna", "customer", "list", code=5).stderr
    made = run("delegation", "add", "anna", "ben", "--until", "2999-01-01", "--reason", "holiday").stdout.strip()
    found = document(run("--as", "ben", "--for", "anna", "customer", "list", "--json"))
    assert [one["name"] for one in found] == ["Acme"]
    assert document(run("access", "why", "ben", "Acme", "--on-behalf-of", "anna", "--json"))["on_behalf_of"] == "anna"
    assert document(run("access", "list", "ben", "--on-behalf-of", "anna", "--json"))["until"].startswith("2999-01-01")
    (listed,) = document(run("delegation", "list", "--user", "ben", "--json"))
    assert (listed["id"], listed["user"], listed["deputy"], listed["about"]) == (made, "anna", "ben", "")
    assert "holiday" in run("delegation", "list").stdout
    run("delegation", "end", made)
    assert document(run("delegation", "list", "--json")) == []
    assert len(document(run("delegation", "list", "--all", "--json"))) == 1
    run("--as", "ben", "--for", "anna", "customer", "list", code=5)
    narrow = document(
        run("delegation", "add", "anna", "ben", "--until", "2999-01-01", "--record", "Acme", "--passes-on", "--json")
    )
    assert (narrow["entity"], narrow["passes_on"]) == ("customer", True)
    with Crm.open(shop, plugins=[]) as crm, crm.session(reads=True) as s:
        assert s.count(Delegation) == 2


HIDDEN = [("customer", "-industry", "-description"), ("interaction", "-subject")]


@pytest.mark.parametrize(
    "words",
    [
        ("list", "customer"),
        ("list", "interaction"),
        ("customer", "list"),
        ("customer", "show", "Acme"),
        ("export", "customer"),
        ("export", "customer", "--format", "jsonl"),
        ("export", "customer", "--format", "vcard"),
        ("export", "interaction"),
        ("list", "audit_entry"),
        ("list", "merge_journal"),
        ("history", "customer", "ID"),
        ("history", "customer", "ID", "--at", "now"),
        ("history", "customer", "ID", "--diff", "2001-01-01", "now"),
        ("show", "customer", "ID"),
        ("audit", "show", "customer", "ID"),
        ("interaction", "timeline", "Acme"),
        ("search", "Acme"),
    ],
    ids="-".join,
)
def test_no_command_shows_what_is_hidden(run: Run, words: tuple[str, ...]) -> None:
    (acme,) = document(run("list", "customer", "--json"))
    words = tuple(acme["id"] if word == "ID" else word for word in words)
    assert SECRET in run(*words).stdout or words[0] in ("search", "list", "audit") or "vcard" in words
    run("role", "add", "reader")
    for entity in ("audit_entry", "merge_journal", "event", "contact_point", "interaction_participant", "user", "tag"):
        run("access", "grant", "reader", entity, "*", "all")
    for entity, *fields in HIDDEN:
        options = [word for field in fields for word in ("--field", field)]
        run("access", "grant", "reader", entity, "read", "all", *options)
        run("access", "grant", "reader", entity, "export", "all")
    run("role", "give", "ben", "reader")
    for asked in (words, (*words, "--json")) if words[0] != "export" else (words,):
        shown = run("--as", "ben", *asked)
        assert SECRET not in shown.stdout
        assert shown.stdout or "search" in words


def test_merging_by_the_command_line_shows_and_chooses_nothing_hidden(run: Run, shop: str) -> None:
    with Crm.open(shop, plugins=[]) as crm, crm.session() as s:
        s.add(Customer(name="Acme Ltd", kind="organization", description="x"))
    run("role", "add", "clerk")
    run("access", "grant", "clerk", "customer", "*", "all", "--field", "-industry", "--field", "-description")
    run("role", "give", "ben", "clerk")
    page = run("--as", "ben", "merge", "preview", "Acme", "Acme Ltd")
    assert "hidden fields: description, industry" in page.stderr
    told = run("--as", "ben", "merge", "preview", "Acme", "Acme Ltd", "--json")
    assert document(told)["hidden"] == ["description", "industry"]
    refused = run("--as", "ben", "merge", "run", "Acme", "Acme Ltd", "--take", "industry=lost", code=5)
    assert "ben may not choose what industry of customer" in refused.stderr
    done = run("--as", "ben", "merge", "run", "Acme", "Acme Ltd", "--json")
    with Crm.open(shop, plugins=[]) as crm, crm.session() as s:
        assert s.list(Customer, "name = Acme")[0].industry == SECRET
        s.update(change(s.list(Customer, "name = Acme")[0], industry=f"new {SECRET}", description=SECRET))
    listed = run("--as", "ben", "merge", "list", "--json")
    undone = run("--as", "ben", "merge", "undo", "last", "--json")
    for result in (page, told, refused, done, listed, undone):
        assert SECRET not in result.output
