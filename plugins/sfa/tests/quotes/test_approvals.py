"""Discounts that somebody has to approve: who may, who may not, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from crmkit import Crm
from crmkit.plugin import ConfigError, Money, NotFound, Refuse, Refused, change, hookimpl, msg
from crmkit_sfa.quotes import approvals, sending, writing
from crmkit_sfa.quotes.entities import Quote, QuoteApproval
from crmkit_sfa.quotes.specs import ApprovalDecision


def discounted(crm: Crm, world: Any, actor: Any, percent: str) -> Quote:
    with crm.session(actor) as session:
        ctx = crm.context(session, "sfa")
        quote = world.quote(ctx)
        return writing.change_quote(ctx, quote, discount=Decimal(percent))


def test_somebody_else_approves_and_it_is_kept_who_and_why(both: Crm, world: Any, seller: Callable[..., Any]) -> None:
    anna, ben = seller(both, "anna"), seller(both, "ben", permission=True)
    quote = discounted(both, world, anna, "15")
    with pytest.raises(Refused, match=r"a discount of 15\.00 % needs an approval"), both.session(anna) as session:
        sending.send_quote(both.context(session, "sfa"), quote)
    with both.session(anna) as session:
        request = approvals.request_approval(both.context(session, "sfa"), quote, "a large customer")
        assert (request.discount, request.needed, request.requested_by) == (Decimal(15), "", anna.user_id)
    with pytest.raises(Refused, match="decided on by"), both.session(anna) as session:
        approvals.approve(both.context(session, "sfa"), quote)
    with both.session(ben) as session:
        ctx = both.context(session, "sfa")
        assert [one.id for one, _ in approvals.waiting_approvals(ctx)] == [request.id]
        approvals.approve(ctx, quote, "this once")
        assert approvals.waiting_approvals(ctx) == []
    with both.session(anna) as session:
        ctx = both.context(session, "sfa")
        assert sending.send_quote(ctx, quote).status == "sent"
        kept = session.get(QuoteApproval, request.id)
        assert (kept.status, kept.decided_by, kept.comment, kept.reason) == (
            "approved",
            ben.user_id,
            "this once",
            "a large customer",
        )


def test_nobody_approves_their_own_request(shop: Crm, world: Any, seller: Callable[..., Any]) -> None:
    ben = seller(shop, "ben", permission=True)
    quote = discounted(shop, world, ben, "15")
    with shop.session(ben) as session:
        request = approvals.request_approval(shop.context(session, "sfa"), quote)
    with pytest.raises(Refused, match="nobody decides on a discount that they asked for"), shop.session(ben) as session:
        approvals.approve(shop.context(session, "sfa"), quote)
    with pytest.raises(Refused, match="nobody decides"), shop.session(ben) as session:
        session.update(change(request, status="approved"))
    with shop.session(ben, reads=True) as session:
        assert approvals.waiting_approvals(shop.context(session, "sfa")) == []
        assert session.get(Quote, quote.id).status == "approval"


def test_the_deepest_discount_decides_on_the_role(shop: Crm, world: Any, seller: Callable[..., Any]) -> None:
    anna, ben = seller(shop, "anna"), seller(shop, "ben", permission=True)
    head = seller(shop, "carl", "head of sales")
    quote = discounted(shop, world, anna, "10")
    with shop.session(anna) as session:
        ctx = shop.context(session, "sfa")
        assert sending.send_quote(ctx, discounted_copy(ctx, world)).status == "sent"
        (line,) = writing.lines_of(ctx, quote)
        # A price below the list is a discount too: 800 of 1000, less 10 %.
        writing.change_line(ctx, line, unit_price=Money.of(800, "EUR"))
        assert approvals.request_approval(ctx, quote).needed == "head of sales"
    with pytest.raises(Refused, match="decided on by head of sales"), shop.session(ben) as session:
        approvals.approve(shop.context(session, "sfa"), quote)
    with shop.session(head) as session:
        assert approvals.approve(shop.context(session, "sfa"), quote).discount == Decimal(28)


def discounted_copy(ctx: Any, world: Any) -> Quote:
    return writing.change_quote(ctx, world.quote(ctx), discount=Decimal(10))


def test_what_waits_is_not_changed_and_what_is_rejected_is_a_draft(
    shop: Crm, world: Any, seller: Callable[..., Any]
) -> None:
    anna, ben = seller(shop, "anna"), seller(shop, "ben", permission=True)
    quote = discounted(shop, world, anna, "20")
    with shop.session(anna) as session:
        approvals.request_approval(shop.context(session, "sfa"), quote)
    with pytest.raises(Refused, match="is in approval; reopen it"), shop.session(anna) as session:
        writing.change_quote(shop.context(session, "sfa"), quote, discount=Decimal(60))
    with pytest.raises(Refused, match="is in approval"), shop.session(anna) as session:
        session.update(change(session.get(Quote, quote.id), discount=Decimal(60)))
    with shop.session(ben) as session:
        approvals.reject(shop.context(session, "sfa"), quote, "too much")
    with shop.session(anna) as session:
        ctx = shop.context(session, "sfa")
        assert session.get(Quote, quote.id).status == "draft"
        with pytest.raises(NotFound, match="nothing waits"):
            approvals.approve(ctx, quote)
        writing.change_quote(ctx, quote, discount=Decimal(18))
        approvals.request_approval(ctx, quote)
    with shop.session(ben) as session:
        approvals.approve(shop.context(session, "sfa"), quote)
    with shop.session(anna) as session:
        ctx = shop.context(session, "sfa")
        # An approval is for what was approved: reopened and changed, it has to be asked for anew.
        approvals.reopen(ctx, quote)
        writing.change_quote(ctx, quote, discount=Decimal(60))
    with pytest.raises(Refused, match=r"a discount of 60\.00 % needs an approval"), shop.session(anna) as session:
        sending.send_quote(shop.context(session, "sfa"), quote)
    with pytest.raises(Refused, match="nobody has asked for an approval"), shop.session(anna) as session:
        session.update(change(session.get(Quote, quote.id), status="approval"))
    with shop.session(reads=True) as session:
        assert sorted(one.status for one in session.list(QuoteApproval, quote_id=quote.id)) == ["approved", "rejected"]


def test_states_and_requests_are_not_forged(shop: Crm, world: Any, seller: Callable[..., Any]) -> None:
    anna = seller(shop, "anna")
    quote = discounted(shop, world, anna, "30")
    now = shop.clock.now()
    forged = {"quote_id": quote.id, "requested_at": now, "discount": Decimal(30)}
    with pytest.raises(Refused, match="begins as a request that waits"), shop.session(anna) as session:
        session.add(QuoteApproval(status="approved", **forged))
    with pytest.raises(Refused, match="names the discount and the role"), shop.session(anna) as session:
        session.add(QuoteApproval(needed="", **forged))
    with pytest.raises(Refused, match="begins as a draft"), shop.session(anna) as session:
        session.add(Quote(number="X", customer_id=world.acme.id, currency="EUR", status="approved"))
    with pytest.raises(Refused, match="needs an approval"), shop.session(anna) as session:
        session.update(change(quote, status="sent"))


def test_exempt_roles_give_discounts_without_asking(
    open_crm: Callable[..., Crm], world: Any, seller: Callable[..., Any]
) -> None:
    crm = open_crm(approvals=[{"above": "10", "exempt": ["key account"]}])
    anna, dora = seller(crm, "anna"), seller(crm, "dora", "key account")
    for actor, needed in ((anna, True), (dora, False)):
        quote = discounted(crm, world, actor, "20")
        with crm.session(actor) as session:
            ctx = crm.context(session, "sfa")
            if needed:
                assert approvals.request_approval(ctx, quote).status == "waiting"
            else:
                with pytest.raises(Refused, match="needs no approval; send it"):
                    approvals.request_approval(ctx, quote)
                assert sending.send_quote(ctx, quote).status == "sent"


class House:
    """No discount on small quotations, and none beyond 50 percent."""

    @hookimpl
    def choose_sfa_approval(self, ctx: Any, call: Any) -> ApprovalDecision | None:
        return ApprovalDecision(True, "boss") if call.quote.net.amount < 500 and call.discount else None

    @hookimpl
    def guard_sfa_discount(self, ctx: Any, call: Any) -> Refuse | None:
        return Refuse(msg("half of it is enough")) if call.discount > 50 else None


def test_plugins_decide_on_discounts(open_crm: Callable[..., Crm], world: Any) -> None:
    crm = open_crm(House(), approvals=[])
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        assert (
            sending.send_quote(ctx, writing.change_quote(ctx, world.quote(ctx), discount=Decimal(40))).status == "sent"
        )
        small = writing.new_quote(ctx, world.acme, currency="EUR", discount=Decimal(1))
        writing.add_line(ctx, small, None, description="Visit", price=Money.of(100, "EUR"))
        assert approvals.request_approval(ctx, small).needed == "boss"
        deep = writing.change_quote(ctx, world.quote(ctx), discount=Decimal(51))
    with pytest.raises(Refused, match="half of it is enough"), crm.session() as session:
        sending.send_quote(crm.context(session, "sfa"), deep)


def test_a_threshold_that_is_none_is_named(open_crm: Callable[..., Crm], world: Any) -> None:
    crm = open_crm(approvals=[{"above": "101"}])
    with crm.session() as session:
        quote = world.quote(crm.context(session, "sfa"))
    with pytest.raises(ConfigError, match="expected a percentage from 0 to 100"), crm.session() as session:
        sending.send_quote(crm.context(session, "sfa"), quote)
