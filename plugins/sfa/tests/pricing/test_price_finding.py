"""Looking prices up: groups of customers, plugins, rights, and what stands against a price."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.plugin import BadInput, Money, Refused, change, hookimpl, msg
from crmkit.testing.making import MakeCrm
from crmkit_sfa.pricing import finding, lists
from crmkit_sfa.pricing.entities import Price
from crmkit_sfa.pricing.specs import PluginPrice

PUMP = Product(sku="P-1", name="Pump", price=Money.of(150, "EUR"))
ACME = Customer(kind="organization", name="Acme", country="DE", industry="chemistry")
OTHER = Customer(kind="organization", name="Other", country="FR")


@pytest.fixture
def memory(make_crm: MakeCrm) -> Crm:
    crm = make_crm(plugins=[crmkit_sfa])
    with crm.session() as session:
        session.add(PUMP, ACME, OTHER)
    return crm


def price(ctx: Any, customer: Customer | None, quantity: int = 1, **given: Any) -> str:
    answer = finding.price_for(ctx, customer, PUMP, Decimal(quantity), given.pop("currency", "EUR"), **given)
    return "" if answer.price is None else f"{answer.price.amount.normalize():f}"


def test_groups_quantities_and_dates_decide_on_the_price(crm: Crm) -> None:
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        session.add(PUMP, ACME, OTHER)
        session.flush()
        ctx.services.create_segment("chemists", 'industry = "chemistry"')
        everybody = lists.new_price_list(ctx, "everybody", "EUR")
        chemists = lists.new_price_list(ctx, "chemists", "EUR", segment="chemists")
        vip = lists.new_price_list(ctx, "vip", "EUR", tag="vip", valid_from=date(2026, 4, 1))
        deal = lists.new_price_list(ctx, "deal", "EUR", customers=[OTHER])
        lists.set_price(ctx, everybody, PUMP, Decimal(100))
        lists.set_price(ctx, everybody, PUMP, Decimal(90), from_quantity=Decimal(10))
        lists.set_price(ctx, chemists, PUMP, Decimal(95))
        lists.set_price(ctx, vip, PUMP, Decimal(80))
        lists.set_price(ctx, deal, PUMP, Decimal(70), from_quantity=Decimal(5))
        ctx.services.add_tags([OTHER], ["vip"])
    with crm.session(reads=True) as session:
        ctx = crm.context(session, "sfa")
        assert (price(ctx, None), price(ctx, None, 10)) == ("100", "90")
        assert price(ctx, ACME, 20) == "95"
        assert (price(ctx, OTHER, 4), price(ctx, OTHER, 5)) == ("100", "70")
        assert price(ctx, OTHER, 4, day=date(2026, 4, 1)) == "80"
        assert price(ctx, OTHER, 20, price_list_id=everybody.id) == "90"
        assert price(ctx, None, currency="USD") == ""
        batch = finding.prices_for(ctx, OTHER, [(PUMP, Decimal(1)), (PUMP, Decimal(7))], "EUR")
        assert [one.price for one in batch] == [Money.of(100, "EUR"), Money.of(70, "EUR")]


def test_a_price_set_again_is_changed(memory: Crm) -> None:
    with memory.session() as session:
        ctx = memory.context(session, "sfa")
        one = lists.new_price_list(ctx, "one", "EUR")
        first = lists.set_price(ctx, one, PUMP, Decimal(100))
        again = lists.set_price(ctx, one, PUMP, Decimal("101.5"))
        assert (first.id, session.count(Price), price(ctx, None)) == (again.id, 1, "101.5")
        rate = lists.set_tax_rate(ctx, Decimal(19), country="DE")
        assert lists.set_tax_rate(ctx, Decimal(20), country="DE").id == rate.id
        assert finding.tax_rate_for(ctx, "DE").rate == 20
        assert finding.tax_rate_for(ctx, "FR") is None


@pytest.mark.parametrize("counts", [True, False], ids=["counts", "does not count"])
def test_the_price_kept_with_a_product_is_the_last_resort(make_crm: MakeCrm, counts: bool) -> None:
    crm = make_crm(plugins=[crmkit_sfa], config={"plugins": {"sfa": {"pricing": {"product_prices": counts}}}})
    with crm.session() as session:
        session.add(PUMP)
        session.flush()
        ctx = crm.context(session, "sfa")
        assert price(ctx, None) == ("150" if counts else "")
        assert price(ctx, None, currency="USD") == ""


class Bargain:
    """Gives the tenth pump away."""

    currency = "EUR"

    @hookimpl
    def choose_sfa_price(self, ctx: Any, call: Any) -> PluginPrice | None:
        if call.quantity != 10:
            return None
        assert call.found.price == Money.of(150, "EUR")
        return PluginPrice(Money.of(135, self.currency), msg("the tenth is free"))


def test_a_plugin_decides_and_says_why(make_crm: MakeCrm) -> None:
    bargain = Bargain()
    crm = make_crm(plugins=[crmkit_sfa, bargain])
    with crm.session() as session:
        session.add(PUMP)
        session.flush()
        ctx = crm.context(session, "sfa")
        assert (price(ctx, None, 9), price(ctx, None, 10)) == ("150", "135")
        answer = finding.price_for(ctx, None, PUMP, Decimal(10), "EUR")
        assert (answer.source, str(answer.why)) == ("plugin", "the tenth is free")
        assert not any(one.taken for one in answer.considered)
        bargain.currency = "USD"
        with pytest.raises(BadInput, match="expected one in EUR"):
            price(ctx, None, 10)


def test_prices_count_for_those_who_may_not_see_the_lists(memory: Crm, as_user_of: Callable[[Crm, str], Any]) -> None:
    with memory.session() as session:
        ctx = memory.context(session, "sfa")
        lists.set_price(ctx, lists.new_price_list(ctx, "secret", "EUR"), PUMP, Decimal(99))
        lists.set_tax_rate(ctx, Decimal(19), country="DE")
    with memory.session(as_user_of(memory, "product read all"), reads=True) as session:
        ctx = memory.context(session, "sfa")
        assert price(ctx, None) == "99"
        assert finding.tax_rate_for(ctx, "DE").rate == 19


def test_a_price_is_in_the_currency_of_its_list(memory: Crm) -> None:
    with memory.session() as session:
        ctx = memory.context(session, "sfa")
        one = lists.new_price_list(ctx, "one", "EUR")
        stored = lists.set_price(ctx, one, PUMP, Decimal(100))
    with pytest.raises(Refused, match="expected money in EUR"), memory.session() as session:
        session.update(change(stored, price=Money.of(100, "USD")))
    with pytest.raises(Refused, match="expected no negative amount"), memory.session() as session:
        session.update(change(stored, price=Money.of(-1, "EUR")))
    with pytest.raises(Refused, match="make another list"), memory.session() as session:
        session.update(change(one, currency="USD"))


WRONG: tuple[tuple[Callable[[Any], Any], str], ...] = (
    (lambda ctx: price(ctx, None, 0), "quantity 0: expected a number above zero"),
    (lambda ctx: price(ctx, None, currency="EURO"), "ISO 4217"),
    (lambda ctx: lists.set_tax_rate(ctx, Decimal(101)), "tax rate 101: expected a percentage from 0 to 100"),
    (
        lambda ctx: lists.set_price(
            ctx,
            lists.new_price_list(ctx, "one", "EUR"),
            PUMP,
            Decimal(1),
            valid_from=date(2026, 2, 1),
            valid_until=date(2026, 1, 1),
        ),
        "expected a day not before 2026-02-01",
    ),
)


def test_bad_input_is_named(memory: Crm) -> None:
    for wrong, said in WRONG:
        with pytest.raises(BadInput, match=said), memory.session() as session:
            wrong(memory.context(session, "sfa"))
