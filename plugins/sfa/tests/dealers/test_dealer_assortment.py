"""What dealers are told of products: what is for sale and what it costs them, nothing else."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

import crmkit_sfa
from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.core.staff import Role
from crmkit.plugin import AccessDenied, Money, NotFound, change
from crmkit.testing.making import AsUser
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityLine
from crmkit_sfa.pricing.assortment import add_with_product, assortment, product_for_sale
from crmkit_sfa.pricing.lists import agree_on, new_price_list, set_price
from plugins.sfa.tests.dealers.conftest import Trade, make_trade


def stock(trade: Trade) -> None:
    """A pump at 100, at 80 for dealer North and at 70 for dealer South; a valve without a price; an old pump."""
    with trade.as_() as ctx:
        pump = ctx.session.get(Product, trade.pump.id)
        ctx.session.update(change(pump, price=Money.of("100", "EUR"), cost=Money.of("33", "EUR"), unit="pc"))
        ctx.session.add(Product(sku="V-1", name="Valve"), Product(sku="P-0", name="Old pump", active=False))
        ctx.session.flush()
        for dealer, price in ((trade.north, "80"), (trade.south, "70")):
            one = new_price_list(ctx, f"for {dealer.name}", "EUR")
            agree_on(ctx, one, [ctx.session.get(Customer, dealer.id)])
            set_price(ctx, one, pump, Decimal(price))


def shown(trade: Trade, login: str) -> list[tuple[str, Money | None]]:
    with trade.as_(login, reads=True) as ctx:
        return [(one.sku, one.price) for one in assortment(ctx)]


def test_dealers_see_what_is_for_sale_and_what_it_costs_them(trade: Trade) -> None:
    stock(trade)
    assert shown(trade, "nora") == [("P-1", Money.of("80", "EUR")), ("V-1", None)]
    assert shown(trade, "sam") == [("P-1", Money.of("70", "EUR")), ("V-1", None)]
    assert shown(trade, "hanna") == [("P-1", Money.of("100", "EUR")), ("V-1", None)]
    with trade.as_("nora", reads=True) as ctx:
        # The products themselves, their costs among them, are not theirs to read.
        assert ctx.session.list(Product) == []
        with pytest.raises(NotFound):
            ctx.session.get(Product, trade.pump.id)
        with pytest.raises(NotFound, match="no product P-0"):
            product_for_sale(ctx, "P-0")


def test_a_dealer_puts_a_product_into_its_deal(trade: Trade) -> None:
    stock(trade)
    deal = Opportunity(name="Works", owner_id=trade.id_of("nora"))
    with trade.as_("nora") as ctx:
        ctx.session.add(deal)
        ctx.session.flush()
        pump = product_for_sale(ctx, "Pump")
        line = OpportunityLine(opportunity_id=deal.id, product_id=pump.id, unit_price=Money.of("100", "EUR"))
        add_with_product(ctx, line)
    assert trade.now(line).product_id == trade.pump.id
    assert trade.now(deal).amount == Money.of("100", "EUR")


def test_without_the_right_to_read_products_nothing_is_told(quick: Trade) -> None:
    stock(quick)
    with quick.as_() as ctx:
        role = ctx.session.find(Role, name="dealer")
        assert role is not None
        fewer = tuple(grant for grant in role.grants if grant["entity"] != "product")
        assert len(fewer) == len(role.grants) - 1
        ctx.session.update(change(role, grants=fewer))
    with quick.as_("nora", reads=True) as ctx:
        with pytest.raises(AccessDenied, match="nora may not read product"):
            assortment(ctx)
        with pytest.raises(NotFound):
            product_for_sale(ctx, "P-1")
    own = AsUser(quick.crm)("product read own", login="own")
    with quick.crm.session(own, reads=True) as session:
        assert assortment(quick.crm.context(session, "sfa")) == []


def test_the_commands_tell_of_no_other_price_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    monkeypatch.chdir(tmp_path)
    for name, value in {"CRMKIT_DB": url, "CRMKIT_LANGUAGE": "en", "XDG_CACHE_HOME": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    with Crm.open(url, plugins=[crmkit_sfa, "relay"]) as crm:
        stock(make_trade(crm))

    def run(login: str, *words: str) -> str:
        result = CliRunner().invoke(program, ["--as", login, "sfa", *words])
        assert result.exit_code == 0, result.output
        return result.output

    text = run("nora", "price", "products")
    assert [line.split() for line in text.splitlines() if line.startswith(("P-1", "V-1"))] == [
        ["P-1", "Pump", "pc", "80.00", "EUR"],
        ["V-1", "Valve"],
    ]
    assert {row["sku"] for row in json.loads(run("nora", "price", "products", "--json"))} == {"P-1", "V-1"}
    asked = run("nora", "price", "of", "P-1")
    assert "80.00 EUR: price list for Dealer North, from 1 on" in asked
    assert "South" not in asked
    assert "for Dealer South" in run("hanna", "price", "of", "P-1")
    run("nora", "opportunity", "add", "Works")
    assert "Works is worth 200.00 EUR" in run("nora", "opportunity", "line", "Works", "P-1", "--quantity", "2")
