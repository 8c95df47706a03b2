"""The life of a quotation: drawn up, sent, revised, accepted, declined, expired."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crmkit import Crm
from crmkit.core.product import Product
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import BadInput, Money, NotFound, Refused, change
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityLine
from crmkit_sfa.pricing.entities import PriceList, TaxRate
from crmkit_sfa.quotes import deciding, sending, writing
from crmkit_sfa.quotes.entities import Quote, QuoteLine
from crmkit_sfa.quotes.states import named

EUR = "EUR"


def test_from_the_draft_to_the_order_of_the_customer(both: Crm, world: Any, clock: FixedClock) -> None:
    with both.session() as session:
        ctx = both.context(session, "sfa")
        draft = writing.new_quote(ctx, opportunity=world.deal, currency=EUR, discount=Decimal(3))
        pump = writing.add_line(ctx, draft, world.pump, Decimal(3))
        filter = writing.add_line(ctx, draft, world.filter, Decimal(7), discount=Decimal(5))
        assert (pump.unit_price, pump.price_source, pump.tax_rate) == (Money.of(1000, EUR), "list", Decimal(19))
        # 7 x 12.345 less 5 % is 82.09425.
        assert filter.amount == Money.of("82.09", EUR)
        draft = session.get(Quote, draft.id)
        # 3 % of 3082.09 is 92.46; tax by line: 552.90 and 15.13.
        assert (draft.net, draft.tax, draft.gross) == tuple(Money.of(x, EUR) for x in ("2989.63", "568.03", "3557.66"))
        sent = sending.send_quote(ctx, draft)
        assert (sent.status, sent.quoted_on, sent.valid_until) == ("sent", date(2026, 3, 15), date(2026, 4, 14))
        assert (sent.recipient, sent.recipient_address) == ("Acme GmbH", "Am Ring 1, Bonn, DE")
        assert sent.terms == "Payment within 30 days."
    clock.advance(days=2)
    with both.session() as session:
        ctx = both.context(session, "sfa")
        second = sending.revise(ctx, sent)
        assert (named(second), second.status, second.net) == ("Q-2026-00001/2", "draft", sent.net)
        assert session.get(Quote, sent.id).status == "sent"
        writing.change_line(ctx, writing.line_at(ctx, second, 1), quantity=Decimal(2), reprice=True)
        second = sending.send_quote(ctx, second)
        assert session.get(Quote, sent.id).status == "superseded"
        accepted = deciding.accept(ctx, second, by="Ms Li", reason="best price")
        assert (accepted.status, accepted.decided_by) == ("accepted", "Ms Li")
        assert session.get(Opportunity, world.deal.id).amount == accepted.net
    with both.session(reads=True) as session:
        lines = session.list(QuoteLine, quote_id=accepted.id)
        for name in ("net", "tax", "gross"):
            total = sum((getattr(line, name).amount for line in lines), Decimal(0))
            assert Money(total, EUR) == getattr(accepted, name)


@pytest.mark.parametrize("quantity", ["3", "7", "100000"], ids=["few", "a week", "many"])
def test_the_lines_of_the_opportunity_become_those_of_the_quotation(shop: Crm, world: Any, quantity: str) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        session.add(OpportunityLine(opportunity_id=world.deal.id, unit_price=Money.of(5, EUR), description="a guess"))
        session.flush()
        draft = writing.new_quote(ctx, opportunity=world.deal, currency=EUR, discount=Decimal("3.3"))
        writing.add_line(ctx, draft, world.filter, Decimal(quantity))
        writing.add_line(ctx, draft, None, description="Freight", price=Money.of("99.99", EUR))
        accepted = deciding.accept(ctx, sending.send_quote(ctx, draft))
        lines = session.list(OpportunityLine, opportunity_id=world.deal.id, order="position")
        assert [line.position for line in lines] == [1, 2]
        assert [line.product_id for line in lines] == [world.filter.id, None]
        assert session.get(Opportunity, world.deal.id).amount == accepted.net


def test_the_lines_of_an_opportunity_are_taken_over(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        made = [
            OpportunityLine(
                opportunity_id=world.deal.id, position=1, product_id=world.pump.id, unit_price=Money.of(900, EUR)
            ),
            OpportunityLine(
                opportunity_id=world.deal.id, position=2, description="Visit", unit_price=Money.of(50, EUR)
            ),
        ]
        session.add(*made)
        session.flush()
        draft = writing.new_quote(ctx, opportunity=world.deal)
        assert draft.currency == EUR
        assert writing.take_opportunity_lines(ctx, draft, made) == 2
        first, second = writing.lines_of(ctx, draft)
        assert (first.description, first.list_price, first.price_source) == ("Pump", Money.of(1000, EUR), "opportunity")
        assert (second.description, second.list_price) == ("Visit", None)
        assert session.get(Quote, draft.id).net == Money.of(950, EUR)


def test_lines_are_changed_moved_and_removed_while_it_is_a_draft(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        draft = world.quote(ctx, 1)
        for text in ("Freight", "Training"):
            writing.add_line(ctx, draft, None, description=text, price=Money.of(100, EUR))
        writing.remove_line(ctx, writing.line_at(ctx, draft, 1))
        assert [(one.position, one.description) for one in writing.lines_of(ctx, draft)] == [
            (1, "Freight"),
            (2, "Training"),
        ]
        assert session.get(Quote, draft.id).net == Money.of(200, EUR)
        writing.change_quote(ctx, draft, discount=Decimal(50))
        assert session.get(Quote, draft.id).net == Money.of(100, EUR)
        with pytest.raises(NotFound, match="has no line 3"):
            writing.line_at(ctx, draft, 3)


def test_whoever_writes_lines_by_whatever_way_the_sums_are_right(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        quote = Quote(number="X-1", customer_id=world.acme.id, currency=EUR, status="accepted")
        lines = [QuoteLine(quote_id=quote.id, position=at, unit_price=Money.of("0.333", EUR)) for at in (1, 2, 3)]
        session.add(quote, *lines)
    with shop.session(reads=True) as session:
        assert session.get(Quote, quote.id).net == Money.of("0.99", EUR)
    # Entered as it was; from now on it stands.
    with pytest.raises(Refused, match="X-1 was sent and stands"), shop.session() as session:
        session.update(change(session.get(QuoteLine, lines[0].id), quantity=Decimal(2)))


def test_prices_with_tax_in_them(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        gross = PriceList(name="consumers", currency="CNY", tax_included=True)
        session.add(gross)
        session.flush()
        quote = writing.new_quote(ctx, world.beijing, price_list=gross)
        line = writing.add_line(ctx, quote, None, description="Filter", price=Money.of(113, "CNY"))
        assert (line.net, line.tax, line.gross) == tuple(Money.of(x, "CNY") for x in ("100", "13", "113"))
        # The standard list is without tax: its prices do not go onto this quotation by mistake.
        mixed = writing.new_quote(ctx, world.beijing, currency="CNY", tax_included=True)
        with pytest.raises(BadInput, match="takes prices with tax"):
            writing.add_line(ctx, mixed, world.pump)


def test_what_was_sent_stands(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        sent, second, third = [sending.send_quote(ctx, world.quote(ctx)) for _ in range(3)]
        quotes = (sent, deciding.accept(ctx, second), deciding.decline(ctx, third))
    others: tuple[dict[str, Any], ...] = (
        {"discount": Decimal(1)},
        {"terms": "others"},
        {"valid_until": date(2027, 1, 1)},
        {"recipient": "Somebody"},
        {"net": Money.of(1, EUR)},
    )
    for quote in quotes:
        for values in others:
            with pytest.raises(Refused, match="was sent and stands; revise it"), shop.session() as session:
                session.update(change(quote, **values))
        with pytest.raises(Refused, match="was sent and stands"), shop.session() as session:
            writing.change_quote(shop.context(session, "sfa"), quote, terms="others")


def test_its_lines_stand_too(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        quote = sending.send_quote(ctx, world.quote(ctx))
        (line,) = writing.lines_of(ctx, quote)
    changed = (
        lambda session: session.update(change(line, quantity=Decimal(9))),
        lambda session: session.delete(line),
        lambda session: session.add(QuoteLine(quote_id=quote.id, position=2, unit_price=Money.of(1, EUR))),
    )
    for attempt in changed:
        with pytest.raises(Refused, match="was sent and stands"), shop.session() as session:
            attempt(session)
    with pytest.raises(Refused, match="only drafts are deleted"), shop.session() as session:
        session.delete(session.get(Quote, quote.id))
    with shop.session(reads=True) as session:
        assert session.list(QuoteLine, quote_id=quote.id) == [line]


def test_states_are_not_skipped(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        quote = world.quote(shop.context(session, "sfa"))
    for state in ("accepted", "expired", "approved"):
        with pytest.raises(Refused, match=f"is draft and cannot become {state}"), shop.session() as session:
            session.update(change(quote, status=state))


def test_it_expires_where_the_installation_is(
    open_crm: Callable[..., Crm], world: Any, clock: FixedClock, run_all: Any
) -> None:
    crm = open_crm(valid_days=1)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        quote, other = sending.send_quote(ctx, world.quote(ctx)), world.quote(ctx)
        assert quote.valid_until == date(2026, 3, 16)
    clock.advance(days=1)
    run_all(crm)
    with crm.session(reads=True) as session:
        assert session.get(Quote, quote.id).status == "sent"
    clock.advance(hours=12, minutes=6)
    with pytest.raises(Refused, match="was valid until 2026-03-16; revise it"), crm.session() as session:
        deciding.accept(crm.context(session, "sfa"), quote)
    run_all(crm)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        assert [session.get(Quote, one.id).status for one in (quote, other)] == ["expired", "draft"]
        second = sending.revise(ctx, session.get(Quote, quote.id))
        assert sending.send_quote(ctx, second).valid_until == date(2026, 3, 18)


def test_only_one_revision_is_made_of_one(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        quote = world.quote(ctx)
        with pytest.raises(Refused, match="is draft; only one that was sent is revised"):
            sending.revise(ctx, quote)
        quote = sending.send_quote(ctx, quote)
        second = sending.revise(ctx, quote)
        with pytest.raises(Refused, match="has a later revision: Q-2026-00001/2"):
            sending.revise(ctx, quote)
        deciding.accept(ctx, quote)
        with pytest.raises(Refused, match="was accepted meanwhile"):
            sending.send_quote(ctx, second)
        with pytest.raises(Refused, match="was accepted on 2026-03-15"):
            deciding.decline(ctx, quote)


def test_a_line_without_a_tax_rate_is_not_sent(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        books = Product(sku="B-1", name="Book", category="books")
        session.add(books)
        session.delete(*session.list(TaxRate, country="CN"))
        session.flush()
        quote = writing.new_quote(ctx, world.beijing, currency="CNY")
        line = writing.add_line(ctx, quote, books, price=Money.of(10, "CNY"))
        assert (line.tax_rate, line.tax_category) == (None, "books")
        with pytest.raises(BadInput, match="line 1: no tax rate is known for books"):
            sending.send_quote(ctx, quote)
        writing.change_line(ctx, line, tax_rate=Decimal(9))
        assert sending.send_quote(ctx, quote).gross == Money.of("10.90", "CNY")


WRONG: tuple[tuple[Callable[[Any, Any], Any], str], ...] = (
    (lambda ctx, world: writing.new_quote(ctx), "expected whom the quotation is for"),
    (lambda ctx, world: writing.add_line(ctx, world.quote(ctx)), "expected a product or a description"),
    (lambda ctx, world: writing.add_line(ctx, world.quote(ctx), world.pump, Decimal(0)), "above zero"),
    (lambda ctx, world: world.quote(ctx, currency="USD"), "no price is known for Pump in USD; give one"),
    (lambda ctx, world: sending.send_quote(ctx, writing.new_quote(ctx, world.acme)), "has no lines"),
    (
        lambda ctx, world: sending.send_quote(ctx, world.quote(ctx), valid_until=date(2026, 3, 14)),
        "valid_until 2026-03-14: expected today or later",
    ),
)


def test_bad_input_is_named(shop: Crm, world: Any) -> None:
    for wrong, said in WRONG:
        with pytest.raises(BadInput, match=said), shop.session() as session:
            wrong(shop.context(session, "sfa"), world)
    with shop.session(reads=True) as session:
        assert session.count(Quote) == 0


def test_values_that_no_line_can_have_are_refused(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        (line,) = writing.lines_of(ctx, world.quote(ctx))
    wrong: tuple[tuple[str, Any, str], ...] = (
        ("discount", Decimal(101), "discount 101: expected a percentage from 0 to 100"),
        ("tax_rate", Decimal(101), "tax_rate 101: expected a percentage"),
        ("quantity", Decimal(0), "quantity 0: expected a number above zero"),
        ("unit_price", Money.of(1, "USD"), "price 1 USD: expected money in EUR, as its quotation"),
    )
    for name, value, said in wrong:
        with pytest.raises(Refused, match=said), shop.session() as session:
            session.update(change(line, **{name: value}))


def test_a_quotation_is_found_by_number_revision_or_id(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        first = sending.send_quote(ctx, world.quote(ctx))
        second = sending.revise(ctx, first)
        assert writing.quote_named(ctx, first.number).id == second.id
        assert writing.quote_named(ctx, f"{first.number}/1").id == first.id
        assert writing.quote_named(ctx, str(first.id)).id == first.id
        with pytest.raises(NotFound, match="no quotation Q-9"):
            writing.quote_named(ctx, "Q-9")


def test_a_merged_customer_takes_sent_quotations_along(shop: Crm, world: Any, make_second: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        twin = make_second(session)
        quote = sending.send_quote(ctx, world.quote(ctx, customer=twin))
        services = shop.services_for(session)
        services.merge(services.preview_merge(world.acme, twin))
        assert session.get(Quote, quote.id).customer_id == world.acme.id


def test_an_erased_customer_leaves_the_figures_of_a_quotation(shop: Crm, world: Any, make_second: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        twin = make_second(session)
        draft = world.quote(ctx, customer=twin, introduction="Dear Ms Li")
        quote = deciding.accept(ctx, sending.send_quote(ctx, draft), by="Ms Li")
    with shop.session() as session:
        shop.services_for(session).erase(session.get(type(twin), twin.id), reason="asked")
    with shop.session(reads=True) as session:
        left = session.get(Quote, quote.id)
        assert (left.number, left.net, left.status) == (quote.number, quote.net, "accepted")
        assert not {left.recipient, left.introduction, left.decided_by} & {"Acme again", "Dear Ms Li", "Ms Li"}


def test_sent_quotations_stand_in_the_timeline_of_the_customer(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        world.quote(ctx)
        quote = deciding.accept(ctx, sending.send_quote(ctx, world.quote(ctx)))
    with shop.session(reads=True) as session:
        told = shop.services_for(session).timeline(world.acme.id).entries
        assert [(one.title, one.status, one.money) for one in told] == [(quote.number, "accepted", quote.net)]
        assert not shop.services_for(session).timeline(world.acme.id, kinds=["call"]).entries


def test_whoever_draws_a_quotation_up_owns_it(shop: Crm, world: Any, seller: Callable[..., Any]) -> None:
    anna = seller(shop, "anna")
    with shop.session(anna) as session:
        quote = world.quote(shop.context(session, "sfa"))
        assert quote.owner_id == anna.user_id
