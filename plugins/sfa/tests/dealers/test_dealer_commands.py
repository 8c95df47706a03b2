"""Lists of ``crmkit sfa dealer`` and ``crmkit sfa deal`` refuse what they cannot show."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

import crmkit_sfa
from crmkit import Crm
from crmkit.cli.program import program
from crmkit.plugin import Money, change
from crmkit_sfa.dealers.deal_commands import STATES
from crmkit_sfa.dealers.entities import RegistrationState
from crmkit_sfa.dealers.registering import register
from crmkit_sfa.leads.entities import Lead
from plugins.sfa.tests.dealers.conftest import make_trade


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("deal list --state nosuch", "submitted"),
        ("deal list --limit -3", "x>=1"),
        ("dealer offers --limit 0", "x>=1"),
    ],
)
def test_what_no_list_has_is_refused(words: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMKIT_DB", f"sqlite:///{tmp_path / 'crm.db'}")
    monkeypatch.setenv("CRMKIT_LANGUAGE", "en")
    result = CliRunner().invoke(program, ["sfa", *words.split()])
    assert result.exit_code == 2
    assert said in result.output


def test_the_states_of_the_option_are_those_of_registrations() -> None:
    assert set(STATES) == set(get_args(RegistrationState))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs commands of ``crmkit sfa`` as a user, with trade going on: an offer to North, a deal that North registered."""
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    monkeypatch.chdir(tmp_path)
    for name, value in {"CRMKIT_DB": url, "CRMKIT_LANGUAGE": "en", "XDG_CACHE_HOME": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    with Crm.open(url, plugins=[crmkit_sfa, "relay"]) as crm:
        trade = make_trade(crm)
        with trade.as_() as ctx:
            ctx.session.update(change(ctx.session.get(Lead, trade.lead.id), product_id=trade.pump.id))
        trade.offered(message="Close to you")
        with trade.as_("nora") as ctx:
            register(ctx, "Elbe AG", amount=Money.of("9000", "EUR"), contact="Ina", product="Valves", note="in May")

    def invoke(login: str, *words: str, code: int = 0) -> str:
        result = CliRunner().invoke(program, ["--as", login, "sfa", *words])
        assert result.exit_code == code, result.output
        return result.output

    return invoke


def test_a_dealer_is_shown_with_all_that_goes_on(run: Callable[..., str]) -> None:
    told = json.loads(run("hanna", "dealer", "show", "Dealer North", "--json"))
    assert (told["dealer"], told["state"], told["manager"]) == ("Dealer North", "active", "hanna")
    assert [user["login"] for user in told["users"]] == ["nils", "nora"]
    assert [(one["state"], one["product"]) for one in told["offers"]] == [("offered", "Pump")]
    assert [(one["company"], one["amount"]["amount"]) for one in told["registrations"]] == [("Elbe AG", "9000")]
    text = run("hanna", "dealer", "show", "Dealer North")
    for said in ("Dealer North", "hanna", "nora", "Pump", "Elbe AG", "9,000.00 EUR"):
        assert said in text
    run("hanna", "dealer", "show", "Nobody", code=4)


def test_an_offer_is_shown_whole_and_still_masked(run: Callable[..., str]) -> None:
    (offered,) = json.loads(run("nora", "dealer", "offers", "--json"))
    text = run("nora", "dealer", "show-offer", offered["id"])
    for said in ("Pump", "12,000.00 EUR", "Close to you", "asks for 12 pumps", "DE"):
        assert said in text
    for secret in ("Erika", "Mustermann", "Spree", "1234567"):
        assert secret not in text
    run("sam", "dealer", "show-offer", offered["id"], code=4)
    run("nora", "dealer", "accept", offered["id"])
    told = json.loads(run("nora", "dealer", "show-offer", offered["id"], "--json"))
    assert (told["state"], told["answered_by"], told["record"]) == (
        "accepted",
        "Nora",
        "Erika Mustermann, Spree Wasser AG",
    )


def test_a_registered_deal_is_shown_whole(run: Callable[..., str]) -> None:
    (deal,) = json.loads(run("nora", "deal", "list", "--json"))
    run("hanna", "deal", "approve", deal["id"], "--decision", "welcome")
    told = json.loads(run("nora", "deal", "show", deal["id"], "--json"))
    assert (told["state"], told["decision"], told["product"], told["contact"]) == (
        "approved",
        "welcome",
        "Valves",
        "Ina",
    )
    assert (told["customer"], told["opportunity"]) == ("Elbe AG", "Elbe AG")
    text = run("nora", "deal", "show", deal["id"])
    for said in ("Dealer North", "9,000.00 EUR", "in May", "hanna"):
        assert said in text
    run("sam", "deal", "show", deal["id"], code=4)
