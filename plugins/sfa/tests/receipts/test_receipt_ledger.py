"""The ledger of receipts holds whatever happens in whatever order: its arithmetic, and the whole on a database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from crmkit.core.customer import Customer
from crmkit.core.exchange_rate import ExchangeRate
from crmkit.core.interaction import Interaction
from crmkit.plugin import BadInput, Conflict, Money, change
from crmkit_sfa.orders.amending import amend, cancel
from crmkit_sfa.orders.entering import Ordered, new_order
from crmkit_sfa.orders.entities import PLACED, Order, OrderLine
from crmkit_sfa.orders.placing import confirm
from crmkit_sfa.receipts.allocating import allocate, release_allocation, write_off
from crmkit_sfa.receipts.entities import Adjustment, Allocation, PlannedReceipt, Receipt, Refund
from crmkit_sfa.receipts.instalments import Instalment, shared, split
from crmkit_sfa.receipts.ledger import Paid, Position, payment, reductions, released, total
from crmkit_sfa.receipts.planning import plan
from crmkit_sfa.receipts.recording import record, refund
from plugins.sfa.tests.conftest import opened

cents = st.integers(1, 10**9).map(lambda n: Decimal(n).scaleb(-2))
DAY = date(2026, 3, 1)


def eur(amount: Decimal | str | int) -> Money:
    return Money.of(amount, "EUR")


# -- the arithmetic ---------------------------------------------------------------------------------------------------


@given(
    amount=st.integers(0, 10**12),
    weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any),
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_shares_are_exactly_the_whole_and_no_unit_off(amount: int, weights: list[int], currency: str) -> None:
    places = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    whole = Money(Decimal(amount).scaleb(-places), currency)
    parts = shared(whole, [Decimal(weight) for weight in weights])
    assert total(parts, currency) == whole
    for part, weight in zip(parts, weights, strict=True):
        assert part.rounded() == part
        assert abs(part.amount * sum(weights) - whole.amount * weight) < sum(weights) * Decimal(1).scaleb(-places)


@given(amount=cents, percents=st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_instalments_by_percent_sum_up(amount: Decimal, percents: list[int]) -> None:
    percents = [*percents, 400 - sum(percents)]
    parts = split(eur(amount), [Instalment(DAY, percent=Decimal(one) / 4) for one in percents])
    assert total((one.amount for one in parts), "EUR") == eur(amount)


@given(credit=cents, outstanding=cents, rate=st.decimals("0.01", "100", places=4))
def test_a_payment_takes_no_more_than_there_is_and_settles_no_more_than_is_due(
    credit: Decimal, outstanding: Decimal, rate: Decimal
) -> None:
    paid = payment(Money(credit, "USD"), eur(outstanding), rate)
    assert 0 <= paid.amount.amount <= credit
    assert 0 <= paid.settled.amount <= outstanding
    assert paid.amount.amount == credit or paid.settled.amount == outstanding
    assert abs(paid.amount.amount * rate - paid.settled.amount) <= (1 + rate) * Decimal("0.01")


positions = st.lists(st.tuples(*[st.integers(0, 10**6)] * 3), min_size=1, max_size=5)


@given(given_=positions, less=st.integers(0, 3 * 10**6))
def test_less_is_taken_from_what_is_open_first(given_: list[tuple[int, int, int]], less: int) -> None:
    known = [Position(at, eur(a), eur(b), eur(c)) for at, (a, b, c) in enumerate(given_)]
    taken = reductions(eur(less), known)
    assert sum(one.amount.amount for one in taken) == min(less, sum(map(sum, given_)))
    if sum(one.settled.amount for one in taken):
        assert sum(one.open.amount for one in taken) == sum(position[0] for position in given_)
    for one in taken:
        at = known[one.key]
        assert one.open <= at.outstanding
        assert one.settled <= at.settled
        assert one.written_off <= at.written_off


@given(
    paid=st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), max_size=5),
    share=st.integers(0, 100),
    foreign=st.booleans(),
)
def test_releases_give_back_exactly_what_is_asked(paid: list[tuple[int, int]], share: int, foreign: bool) -> None:
    known = [
        Paid(at, Money.of(a if foreign else b, "USD" if foreign else "EUR"), eur(b)) for at, (a, b) in enumerate(paid)
    ]
    wanted = eur(sum(b for _, b in paid) * share // 100)
    back = released(wanted, known)
    assert total((one.settled for one in back), "EUR") == wanted
    for one in back:
        assert 0 <= one.amount.amount <= known[one.key].amount.amount
        if one.settled == known[one.key].settled:
            assert one.amount == known[one.key].amount


@pytest.mark.parametrize("weights", [[], [Decimal(1)]])
def test_nothing_is_shared_by_nobody(weights: Sequence[Decimal]) -> None:
    assert shared(eur(0), weights) == ((eur("0.00"),) if weights else ())


# -- the whole --------------------------------------------------------------------------------------------------------


class Ledger(RuleBasedStateMachine):
    """Orders, plans, money in two currencies, allocations, releases, refunds, write-offs, amendments, cancellations."""

    orders: Bundle[Any] = Bundle("orders")
    planned: Bundle[Any] = Bundle("planned")
    receipts: Bundle[Any] = Bundle("receipts")
    allocations: Bundle[Any] = Bundle("allocations")

    def __init__(self) -> None:
        super().__init__()
        self.open_ones = ExitStack()
        self.crm = opened()
        self.open_ones.callback(self.crm.close)
        self.customer = Customer(name="Kestrel", kind="organization")
        with self.crm.session() as session:
            session.add(self.customer)
            session.add(ExchangeRate(base="USD", quote="EUR", valid_from=date(2026, 1, 1), rate=Decimal("0.8")))
        self.taken_in: dict[str, Decimal] = {"EUR": Decimal(0), "USD": Decimal(0)}
        self.given_back: dict[str, Decimal] = {"EUR": Decimal(0), "USD": Decimal(0)}

    def teardown(self) -> None:
        self.open_ones.close()

    def done(self, verb: Any, entity: Any, id: Any, *arguments: Any, **details: Any) -> Any:
        """Do something with a record; what cannot be done is refused with a clear error and leaves nothing behind."""
        with suppress(BadInput, Conflict), self.crm.session() as session:
            ctx = self.crm.context(session, "sfa")
            read = [session.get(*one) if isinstance(one, tuple) else one for one in arguments]
            return verb(ctx, session.get(entity, id), *read, **details)
        return None

    @rule(target=planned, amount=st.integers(1, 50_000), instalments=st.integers(1, 3))
    def order(self, amount: int, instalments: int) -> Any:
        worth = Money(Decimal(amount).scaleb(-2), "EUR")
        with self.crm.session() as session:
            ctx = self.crm.context(session, "sfa")
            made = new_order(ctx, self.customer, [Ordered(unit_price=worth)], ordered_on=DAY)
            confirm(ctx, made)
            equal = (
                [Decimal(30), Decimal(30), Decimal(40)]
                if instalments == 3
                else [Decimal(100) / instalments] * instalments
            )
            parts = [Instalment(DAY + timedelta(days=at), percent=one) for at, one in enumerate(equal)]
            return multiple(*[one.id for one in plan(ctx, made, parts)])

    @rule(target=receipts, amount=st.integers(1, 50_000), currency=st.sampled_from(["EUR", "EUR", "USD"]))
    def receive(self, amount: int, currency: str) -> Any:
        money = Money(Decimal(amount).scaleb(-2), currency)
        self.taken_in[currency] += money.amount
        return self.done(lambda ctx, customer: record(ctx, customer, money).receipt.id, Customer, self.customer.id)

    @rule(target=allocations, receipt=receipts, what=st.lists(planned, min_size=1, max_size=2))
    def pay(self, receipt: Any, what: list[Any]) -> Any:
        def paid(ctx: Any, one: Receipt) -> list[Any]:
            return [made.id for made in allocate(ctx, one, [ctx.session.get(PlannedReceipt, id) for id in what])]

        return multiple(*(self.done(paid, Receipt, receipt) or ()))

    @rule(allocation=consumes(allocations))
    def release(self, allocation: Any) -> None:
        self.done(release_allocation, Allocation, allocation, "wrong")

    @rule(receipt=receipts, amount=st.integers(1, 20_000), of=st.none() | planned)
    def give_back(self, receipt: Any, amount: int, of: Any) -> None:
        def given_back(ctx: Any, one: Receipt) -> Refund:
            target = ctx.session.get(PlannedReceipt, of) if of is not None else None
            return refund(ctx, one, Money(Decimal(amount).scaleb(-2), one.amount.currency), "damaged", planned=target)

        made = self.done(given_back, Receipt, receipt)
        if made is not None:
            self.given_back[made.amount.currency] += made.amount.amount

    @rule(what=planned)
    def forget(self, what: Any) -> None:
        self.done(write_off, PlannedReceipt, what, "small")

    @rule(what=planned, percent=st.integers(10, 200))
    def change_order(self, what: Any, percent: int) -> None:
        def amended(ctx: Any, one: PlannedReceipt) -> None:
            line = ctx.session.find(OrderLine, order_id=one.order_id)
            price = Money(line.unit_price.amount * percent / 100, "EUR").rounded()
            amend(ctx, ctx.session.get(Order, one.order_id), "other price", [change(line, unit_price=price)])

        self.done(amended, PlannedReceipt, what)

    @rule(what=planned)
    def cancel_order(self, what: Any) -> None:
        self.done(lambda ctx, one: cancel(ctx, ctx.session.get(Order, one.order_id), "gone"), PlannedReceipt, what)

    @invariant()
    def balances_hold(self) -> None:
        with self.crm.session(reads=True) as session:
            allocations, refunds = session.list(Allocation), session.list(Refund)
            for one in session.list(Receipt):
                unit = one.amount.currency
                allocated = total((a.amount for a in allocations if a.receipt_id == one.id), unit)
                refunded = total((r.amount for r in refunds if r.receipt_id == one.id), unit)
                assert (one.allocated, one.refunded) == (allocated, refunded)
                assert one.credit == one.amount - allocated - refunded
                assert min(allocated.amount, refunded.amount, one.credit.amount) >= 0
            adjustments = session.list(Adjustment)
            expected: dict[Any, Decimal] = {}
            for due in session.list(PlannedReceipt):
                settled = total((a.settled for a in allocations if a.planned_id == due.id), "EUR")
                adjusted = total((a.amount for a in adjustments if a.planned_id == due.id), "EUR")
                assert (due.settled, due.adjusted) == (settled, adjusted)
                assert due.outstanding == due.amount - adjusted - settled
                assert min(due.outstanding.amount, settled.amount) >= 0
                own = [a.amount.amount for a in adjustments if a.planned_id == due.id and a.kind != "write_off"]
                expected[due.order_id] = expected.get(due.order_id, Decimal(0)) + due.amount.amount - sum(own)
            for order in session.list(Order):
                # Every order was planned wholly and stays so, whatever becomes of it.
                assert expected[order.id] == order.gross.amount

    @invariant()
    def revenue_and_cash_are_counted_once(self) -> None:
        with self.crm.session(reads=True) as session:
            done = session.list(Interaction, status="completed")
            for unit in ("EUR", "USD"):
                sums = {
                    kind: sum(
                        (one.money.amount for one in done if one.kind == kind and one.money.currency == unit),
                        Decimal(0),
                    )
                    for kind in ("payment", "refund")
                }
                assert sums == {"payment": self.taken_in[unit], "refund": self.given_back[unit]}
            ordered = sum((one.net.amount for one in session.list(Order) if one.status in PLACED), Decimal(0))
            assert sum((one.money.amount for one in done if one.kind == "purchase"), Decimal(0)) == ordered


TestLedger = Ledger.TestCase
TestLedger.settings = settings(
    max_examples=6, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
)
