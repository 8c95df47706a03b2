"""Inquiries: from a customer's requirement to a priced line, with everything on the way kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner

import crmkit_sfa
from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.core.staff import Role, Team, User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import BadInput, Money, NotFound, Refused, change
from crmkit.testing.making import MakeCrm
from crmkit_sfa.inquiries import asking, using, waiting
from crmkit_sfa.inquiries.entities import Inquiry, InquiryLine, InquiryStep
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityLine
from crmkit_sfa.quotes import sending, writing
from crmkit_sfa.quotes.entities import Quote

ACME = Customer(kind="organization", name="Acme")
DEAL = Opportunity(name="New lab", customer_id=ACME.id)
SKID = Product(sku="S-1", name="Skid", unit="pc")
ENGINEER, OTHER = User(login="eva", name="Eva"), User(login="otto", name="Otto")
GONE = User(login="gina", name="Gina", state="departed")
ENGINEERING = Team(name="engineering")
PRICE, COST = Money.of(4200, "EUR"), Money.of(3000, "EUR")


def fill(crm: Crm) -> Crm:
    with crm.session() as session:
        session.add(ACME, DEAL, SKID, ENGINEER, OTHER, GONE, ENGINEERING)
    return crm


@pytest.fixture
def shop(make_crm: MakeCrm) -> Crm:
    return fill(make_crm(plugins=[crmkit_sfa]))


def asked(ctx: Any, *texts: str, **given: Any) -> Inquiry:
    """Return an inquiry of the opportunity that the engineer is to answer."""
    made = asking.new_inquiry(ctx, "Skid", opportunity=DEAL)
    for text in texts or ("Skid for 3 pumps\nstainless",):
        asking.require(ctx, made, text, Decimal(2), product=SKID, options=("voltage=400 V",))
    return asking.ask(ctx, made, **{"to": ENGINEER, **given})


def kinds(ctx: Any, inquiry: Inquiry) -> list[str]:
    return [one["kind"] for one in waiting.told(ctx, inquiry)["steps"]]


def test_a_requirement_travels_to_engineering_and_comes_back_as_a_priced_line(crm: Crm, clock: FixedClock) -> None:
    fill(crm)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        inquiry = asked(ctx, "Skid for 3 pumps\nstainless", "Gold plating", note="urgent")
        assert (inquiry.number, inquiry.status, inquiry.due_on) == ("I-2026-00001", "asked", date(2026, 3, 20))
        assert inquiry.customer_id == ACME.id
        row = waiting.listed(ctx)[0]
        assert (row["asked_of"], row["customer"], row["overdue"]) == ("Eva", "Acme", False)
        assert waiting.listed(ctx, assignee=OTHER.id) == []
    clock.advance(days=6)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        assert waiting.listed(ctx)[0]["overdue"]
        inquiry = asking.assign(ctx, inquiry, OTHER, "she is ill")
        skid, gold = asking.lines_of(ctx, inquiry)
        terms = {"cost": COST, "lead_days": 30, "valid_until": date(2026, 4, 30)}
        asking.answer(ctx, skid, price=PRICE, text="Skid of stainless steel\nwith feet", **terms)
        assert session.get(Inquiry, inquiry.id).status == "asked"
        asking.answer(ctx, gold, text="cannot be plated")
        inquiry = session.get(Inquiry, inquiry.id)
        assert (inquiry.status, inquiry.answered_at) == ("answered", clock.now())
        assert waiting.listed(ctx) == []
        quote, (line,) = using.quote_answers(ctx, inquiry)
        assert (quote.opportunity_id, quote.currency, quote.net) == (DEAL.id, "EUR", Money.of(8400, "EUR"))
        assert (line.description, line.detail) == ("Skid of stainless steel", "with feet\nvoltage=400 V")
        assert (line.quantity, line.unit, line.product_id) == (Decimal(2), "pc", SKID.id)
        assert (line.price_source, line.list_price) == ("inquiry", PRICE)
        assert session.get(InquiryLine, skid.id).quote_line_id == line.id
        assert kinds(ctx, inquiry) == ["asked", "assigned", "answered", "answered", "quoted"]
        with pytest.raises(Refused, match="are on a quotation already"):
            using.quote_answers(ctx, inquiry)
        # Named, it goes onto another one too.
        another = writing.new_quote(ctx, ACME, currency="EUR")
        assert using.quote_answers(ctx, inquiry, another, [skid])[0].net == Money.of(8400, "EUR")
        assert sending.send_quote(ctx, session.get(Quote, quote.id)).status == "sent"


def test_answers_become_lines_of_the_opportunity(shop: Crm) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        inquiry = asked(ctx)
        with pytest.raises(Refused, match="has no answer with a price yet"):
            using.answers_to_opportunity(ctx, inquiry)
        asking.answer(ctx, asking.line_at(ctx, inquiry, 1), price=PRICE)
        (line,) = using.answers_to_opportunity(ctx, inquiry)
        assert (line.description, line.quantity, line.unit_price) == ("Skid for 3 pumps", Decimal(2), PRICE)
        assert session.get(Opportunity, DEAL.id).amount == Money.of(8400, "EUR")
        loose = asking.new_inquiry(ctx, "Loose", ACME)
        with pytest.raises(BadInput, match="belongs to no opportunity; name one"):
            using.answers_to_opportunity(ctx, loose)
        assert session.count(OpportunityLine) == 1


def test_asked_again_what_was_answered_stays_in_the_history(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        inquiry = asked(ctx)
        (line,) = asking.lines_of(ctx, inquiry)
        asking.answer(ctx, line, price=PRICE, valid_until=date(2026, 3, 16))
        clock.advance(days=2)
        with pytest.raises(Refused, match="held until 2026-03-16; ask again"):
            using.quote_answers(ctx, inquiry)
        again = asking.ask(ctx, inquiry, due_on=date(2026, 3, 18))
        assert (again.status, again.assignee_id) == ("asked", ENGINEER.id)
        with pytest.raises(Refused, match="has no answer with a price yet"):
            using.quote_answers(ctx, inquiry)
        asking.answer(ctx, line, price=Money.of(4500, "EUR"))
        prices = [one["price"] for one in waiting.told(ctx, inquiry)["steps"]]
        assert prices == [None, PRICE, None, Money.of(4500, "EUR")]
    with pytest.raises(Refused, match="stand as they were taken"), shop.session() as session:
        session.update(change(session.list(InquiryStep, kind="answered")[0], price=None))
    with pytest.raises(Refused, match="stand as they were taken"), shop.session() as session:
        session.delete(session.list(InquiryStep)[0])


def test_whoever_is_to_answer_sees_the_inquiry_and_nothing_else(shop: Crm) -> None:
    grants = [
        {"entity": entity, "action": action, "scope": "own"}
        for entity in ("sfa_inquiry", "sfa_inquiry_line", "sfa_inquiry_step")
        for action in ("read", "create", "update")
    ]
    with shop.session() as session:
        role = Role(name="engineer", grants=tuple(grants))
        session.add(role)
        session.flush()
        for user in (ENGINEER, OTHER):
            shop.services_for(session).give_role(session.get(User, user.id), role)
        ctx = shop.context(session, "sfa")
        mine, other = asked(ctx), asked(ctx, to=OTHER)
    with shop.session(shop.actor("eva")) as session:
        ctx = shop.context(session, "sfa")
        assert [one["number"] for one in waiting.listed(ctx)] == [mine.number]
        with pytest.raises(NotFound):
            asking.withdraw(ctx, other)
        asking.answer(ctx, asking.line_at(ctx, mine, 1), price=PRICE)
    with shop.session(reads=True) as session:
        assert session.get(Inquiry, mine.id).status == "answered"
        (line,) = asking.lines_of(shop.context(session, "sfa"), mine)
        assert line.answered_by == ENGINEER.id


WRONG: tuple[tuple[Callable[[Any], Any], type[Exception], str], ...] = (
    (lambda ctx: asking.ask(ctx, asking.new_inquiry(ctx, "x", ACME), to=ENGINEER), BadInput, "has no requirements"),
    (lambda ctx: asked(ctx, to=None), BadInput, "expected somebody, or a team, to answer it"),
    (lambda ctx: asked(ctx, to=GONE), BadInput, "Gina is departed, expected an active user"),
    (lambda ctx: asked(ctx, due_on=date(2026, 3, 14)), BadInput, "due_on 2026-03-14: expected today or later"),
    (lambda ctx: asking.answer(ctx, one_line(ctx)), BadInput, "expected a price, or why there is none"),
    (lambda ctx: asking.answer(ctx, one_line(ctx), price=Money.of(-1, "EUR")), BadInput, "no negative amount"),
    (
        lambda ctx: asking.answer(ctx, one_line(ctx), price=PRICE, cost=Money.of(1, "USD")),
        BadInput,
        "cost 1 USD: expected money in EUR",
    ),
    (lambda ctx: asking.require(ctx, asked(ctx), "x", Decimal(0)), BadInput, "above zero"),
    (lambda ctx: asking.ask(ctx, asking.withdraw(ctx, asked(ctx))), Refused, "I-2026-00001 is withdrawn"),
    (lambda ctx: asking.inquiry_named(ctx, "I-9"), NotFound, "no inquiry I-9"),
)


def test_what_is_wrong_is_named(shop: Crm) -> None:
    for wrong, error, said in WRONG:
        with pytest.raises(error, match=said), shop.session() as session:
            wrong(shop.context(session, "sfa"))
    with shop.session(reads=True) as session:
        assert session.count(Inquiry) == 0


def one_line(ctx: Any) -> InquiryLine:
    return asking.line_at(ctx, asked(ctx), 1)


def test_a_team_is_asked_too(shop: Crm) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        assert waiting.listed(ctx) == []
        asked(ctx, to=None, team=ENGINEERING)
        assert waiting.listed(ctx)[0]["asked_of"] == "engineering"


def test_the_commands(program_url: str) -> None:
    with Crm.open(program_url) as crm:
        fill(crm)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(program, ["sfa", "inquiry", *words])
        assert result.exit_code == code, result.output
        return result.output

    number = json.loads(run("new", "Skid", "--opportunity", "New lab", "--require", "Skid", "--json"))["number"]
    run("require", number, "Feet", "--quantity", "4", "--option", "height=20 cm")
    assert "is to be answered by" in run("ask", number, "--to", "eva", "--note", "urgent")
    assert [one["asked_of"] for one in json.loads(run("list", "--json"))] == ["Eva"]
    run("assign", number, "otto")
    assert "no inquiry" in run("list", "--to", "eva")
    run("answer", number, "1", "--price", "4200 EUR", "--cost", "3000 EUR", "--lead-days", "30")
    assert "is answered" in run("answer", number, "2", "--text", "not possible")
    shown = run("show", number)
    for said in ("height=20 cm", "4,200.00 EUR", "not possible", "Otto", "urgent"):
        assert said in shown
    assert "1 lines on quotation Q-" in run("quote", number)
    assert "are on a quotation already" in run("opportunity", number, code=5)
    assert "is withdrawn" in run("withdraw", number)
