"""``crmkit handover`` and ``crmkit user freeze|activate`` on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import User
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm
from tests.cli.conftest import Run, _folder, run
from tests.handover.conftest import add_customers
from tests.store.staff import Staff, make_staff

__all__ = ["_folder", "run"]


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database in which Anna owns four customers in Germany and two in China; these bought for 1 to 6 EUR."""
    url = f"sqlite:///{tmp_path / 'handover.db'}"
    monkeypatch.setenv("CRMKIT_DB", url)
    with Crm.open(url, plugins=[]) as crm:
        staff: Staff = make_staff(crm)
        customers = add_customers(staff, "anna", 4, country="DE") + add_customers(staff, "anna", 2, country="CN")
        with crm.session() as session:
            for number, customer in enumerate(customers, 1):
                order = Interaction(
                    kind="purchase",
                    occurred_at=datetime(2026, 1, number, tzinfo=UTC),
                    money=Money(Decimal(number), "EUR"),
                    owner_id=staff.users["anna"].id,
                )
                session.add(order, InteractionParticipant(interaction_id=order.id, customer_id=customer.id))
    return url


def rows(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_preview_run_list_and_undo(run: Run, address: str) -> None:
    held = run("handover", "preview", "anna")
    assert held.exit_code == 0
    assert {"Customers 6", "Interactions 6 6"} <= set(rows(held.stdout))
    planned = run("handover", "preview", "anna", "--rule", "country = CN => dora", "--to", "ben", "--to", "cleo")
    assert planned.exit_code == 0
    expected = {"ben customer 2", "ben interaction 2 2", "cleo customer 2", "dora customer 2", "dora interaction 2 2"}
    assert expected <= set(rows(planned.stdout))
    assert json.loads(run("count", "customer", "--filter", "owner.login = anna", "--json").stdout)["count"] == 6

    done = run(
        "handover", "run", "anna", "--rule", "country = CN => dora", "--to", "ben", "--to", "cleo", "--note", "x"
    )
    assert done.exit_code == 0
    assert "anna has departed" in done.stderr
    id = done.stdout.splitlines()[0]
    (listed,) = json.loads(run("handover", "list", "--json").stdout)
    assert (listed["id"], listed["login"], listed["state"], listed["note"]) == (id, "anna", "finished", "x")
    assert "anna finished x" in " ".join(run("handover", "list").stdout.split())
    assert run("--as", "anna", "count", "customer").exit_code == 4

    back = json.loads(run("handover", "undo", "anna", "--json").stdout)
    assert back == {"id": id, "login": "anna", "state": "active", "restored": 12, "left": []}
    assert run("handover", "undo", "last").exit_code == 4
    assert run("handover", "undo", id).exit_code == 7


def test_rules_in_a_file_and_values(run: Run, address: str, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(
        'rest = "dora"\n[[rule]]\nfilter = "country = DE"\nto = ["ben", "cleo"]\nsplit = "value"\n'
    )
    document = json.loads(run("handover", "preview", "anna", "--rules", "rules.toml", "--json").stdout)
    assert {login: Decimal(value) for login, value in document["values"].items()} == {"ben": 5, "cleo": 5, "dora": 11}
    assert (document["untaken"], document["blocked"]) == ({}, [])
    assert "the customers of dora are worth 11.00" in run("handover", "preview", "anna", "--rules", "rules.toml").stderr
    report = json.loads(run("handover", "run", "anna", "--rules", "rules.toml", "--json").stdout)
    assert report["moved"]["ben"] == report["moved"]["cleo"] == {"customer": 2, "interaction": 2}
    assert (report["state"], report["left"], report["remaining"]) == ("departed", [], 0)


def test_what_nobody_takes_is_refused_and_said(run: Run, address: str) -> None:
    planned = run("handover", "preview", "anna", "--rule", "country = CN => dora")
    assert planned.exit_code == 5
    assert "cannot be handed over: no rule takes 4 records of customer; say who gets the rest" in planned.stderr
    refused = run("handover", "run", "anna", "--rule", "country = CN => dora")
    assert refused.exit_code == 5
    assert "no rule takes 4 records of customer" in refused.stderr
    assert json.loads(run("handover", "list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--to", "bne"), 3, "no user bne; did you mean ben"),
        (("--rule", "country = CN"), 3, "--rule country = CN: expected a filter, => and logins separated by commas"),
        (("--rule", "county = CN => ben"), 3, "county"),
    ],
    ids=["heir", "arrow", "field"],
)
def test_wrong_words_are_explained(run: Run, address: str, words: tuple[str, ...], code: int, said: str) -> None:
    result = run("handover", "run", "anna", *words)
    assert (result.exit_code, said in result.stderr) == (code, True)
    assert run("handover", "run", "anni", "--to", "ben").exit_code == 4


def test_an_undo_shows_what_somebody_re_assigned(run: Run, address: str) -> None:
    assert run("handover", "run", "anna", "--to", "ben").exit_code == 0
    with Crm.open(address, plugins=[]) as crm, crm.session() as session:
        cleo = session.find(User, login="cleo")
        customer = session.find(Customer, name="anna 3")
        assert cleo is not None
        assert customer is not None
        session.update(change(customer, owner_id=cleo.id))
    undone = run("handover", "undo", "last")
    assert undone.exit_code == 0
    assert "anna has 11 records back and is active" in undone.stderr
    assert "anna 3 customer somebody re-assigned it since" in rows(undone.stdout)


def test_users_are_frozen_and_activated(run: Run, address: str) -> None:
    frozen = json.loads(run("user", "freeze", "anna", "--json").stdout)
    assert (frozen["login"], frozen["state"]) == ("anna", "frozen")
    refused = run("--as", "anna", "count", "customer")
    assert (refused.exit_code, "no active user anna: frozen, until activated again" in refused.stderr) == (4, True)
    active = run("user", "activate", "anna")
    assert (active.exit_code, "anna is active" in active.stderr) == (0, True)
    unknown = run("user", "freeze", "anne")
    assert (unknown.exit_code, "did you mean anna" in unknown.stderr) == (4, True)
