"""Two who do the same at the same moment, on PostgreSQL: one of them is first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from crmkit import Crm
from crmkit.plugin import CrmError, Refused
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.quotes import approvals, deciding, sending, writing
from crmkit_sfa.quotes.entities import Quote, QuoteApproval

THREADS = 6


@pytest.fixture
def server(open_crm: Callable[..., Crm], own_sales_url: str) -> Crm:
    return open_crm(url=own_sales_url)


def at_once(crm: Crm, step: Callable[[Any], Any]) -> list[Any]:
    """Take a step in several threads at once; return what each got, or the error."""
    barrier = Barrier(THREADS)

    def run(_: int) -> Any:
        barrier.wait(30)
        try:
            with crm.session() as session:
                return step(crm.context(session, "sfa"))
        except CrmError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_a_quotation_is_decided_on_once(server: Crm, world: Any) -> None:
    with server.session() as session:
        ctx = server.context(session, "sfa")
        draft = writing.new_quote(ctx, opportunity=world.deal, currency="EUR")
        writing.add_line(ctx, draft, world.pump, Decimal(2))
        quote = sending.send_quote(ctx, draft)
    results = at_once(server, lambda ctx: deciding.accept(ctx, quote))
    assert sum(isinstance(one, Quote) for one in results) == 1
    assert all("was accepted on" in str(one) for one in results if not isinstance(one, Quote))
    with server.session(reads=True) as session:
        assert session.get(Opportunity, world.deal.id).amount == quote.net
        assert session.get(Quote, quote.id).status == "accepted"
    # And where some accept, some decline and some send the next revision, one of them is first as well.
    with server.session() as session:
        ctx = server.context(session, "sfa")
        quote = sending.send_quote(ctx, world.quote(ctx))
        second = sending.revise(ctx, quote)
    steps = iter([deciding.accept, deciding.decline, sending.send_quote] * (THREADS // 3))
    results = at_once(server, lambda ctx: _step(ctx, next(steps), quote, second))
    assert {type(one) for one in results} <= {Quote, Refused}
    with server.session(reads=True) as session:
        first, new = session.get(Quote, quote.id), session.get(Quote, second.id)
    # Either the customer was first with yes, and the new revision stays at home; or it replaces the old one.
    assert (first.status, new.status) in {("accepted", "draft"), ("superseded", "sent")}

    # And where some approve and some reject a discount.
    with server.session() as session:
        ctx = server.context(session, "sfa")
        quote = writing.change_quote(ctx, world.quote(ctx), discount=Decimal(20))
        approvals.request_approval(ctx, quote)
    steps = iter([approvals.approve, approvals.reject] * (THREADS // 2))
    results = at_once(server, lambda ctx: next(steps)(ctx, quote))
    assert sum(isinstance(one, QuoteApproval) for one in results) == 1
    assert all("nothing waits for approval" in str(one) for one in results if not isinstance(one, QuoteApproval))


def _step(ctx: Any, step: Callable[[Any, Quote], Quote], quote: Quote, second: Quote) -> Quote:
    return step(ctx, second if step is sending.send_quote else quote)


def test_numbers_are_given_once_and_lines_are_all_in_the_sum(server: Crm, world: Any) -> None:
    results = at_once(server, lambda ctx: writing.new_quote(ctx, world.acme, currency="EUR"))
    assert sorted(one.number for one in results) == [f"Q-2026-{at:05}" for at in range(1, THREADS + 1)]
    with server.session() as session:
        quote = world.quote(server.context(session, "sfa"), 1)
    results = at_once(server, lambda ctx: writing.add_line(ctx, quote, world.filter, Decimal(1)))
    assert not [one for one in results if isinstance(one, CrmError)]
    with server.session(reads=True) as session:
        ctx = server.context(session, "sfa")
        lines = writing.lines_of(ctx, quote)
        assert [line.position for line in lines] == list(range(1, THREADS + 2))
        total = sum((line.net.amount for line in lines if line.net is not None), Decimal(0))
        stored = session.get(Quote, quote.id)
        assert stored.net is not None
        assert stored.net.amount == total == Decimal(1000) + THREADS * Decimal("12.35")
