"""The arithmetic of receipts, without any database: what is left, what pays what, and what is taken back.

A receipt: credit = amount - allocated - refunded. A planned receipt: outstanding = amount - adjusted - settled. Neither is
ever below zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Generic, TypeVar

from crmkit.core.frozen import frozen
from crmkit.core.values.money import minor_units, round_half_up
from crmkit.plugin import Money

K = TypeVar("K")
ZERO = Decimal(0)


def total(amounts: Iterable[Money | None], currency: str) -> Money:
    """Return the sum of amounts of one currency; None counts as nothing."""
    made = Money(ZERO, currency)
    for amount in amounts:
        if amount is not None:
            made += amount
    return made


def converted(amount: Money, currency: str, rate: Decimal) -> Money:
    """Return ``amount`` in another currency at ``rate``, rounded half up to its minor unit."""
    return Money(round_half_up(amount.amount * rate, minor_units(currency)), currency)


@frozen
class Payment:
    """What an allocation takes of a receipt, and what it settles of a planned one."""

    amount: Money
    settled: Money


def payment(credit: Money, outstanding: Money, rate: Decimal) -> Payment:
    """Return the largest payment that takes no more than ``credit`` and settles no more than ``outstanding``.

    ``rate`` is what one unit of the credit's currency is worth in the other. Whatever is outstanding is settled wholly
    when the credit, converted, reaches it to the minor unit.
    """
    if credit.currency == outstanding.currency:
        least = Money(min(credit.amount, outstanding.amount), credit.currency)
        return Payment(least, least)
    worth = converted(credit, outstanding.currency, rate)
    if worth.amount < outstanding.amount:
        return Payment(credit, worth)
    needed = round_half_up(outstanding.amount / rate, minor_units(credit.currency))
    return Payment(Money(min(needed, credit.amount), credit.currency), outstanding)


@frozen
class Position(Generic[K]):
    """Where one planned receipt stands. ``key`` names it."""

    key: K
    outstanding: Money
    settled: Money
    written_off: Money


@frozen
class Reduction(Generic[K]):
    """How much less is expected of a planned receipt: what was open, what is taken back of what was settled or written off."""

    key: K
    open: Money
    settled: Money
    written_off: Money

    @property
    def amount(self) -> Money:
        return self.open + self.settled + self.written_off


def reductions(less: Money, positions: Sequence[Position[K]]) -> tuple[Reduction[K], ...]:
    """Return how ``less`` money is taken off planned receipts: open money first, then what was settled, then written off.

    Of each kind the last positions come first. Takes all there is when ``less`` is more than that.
    """
    left = less.amount
    taken: dict[int, list[Decimal]] = {at: [ZERO, ZERO, ZERO] for at in range(len(positions))}
    for kind, field in enumerate(("outstanding", "settled", "written_off")):
        for at in reversed(range(len(positions))):
            part = min(left, max(getattr(positions[at], field).amount, ZERO))
            taken[at][kind] = part
            left -= part
    return tuple(
        Reduction(one.key, *[Money(part, less.currency) for part in taken[at]])
        for at, one in enumerate(positions)
        if any(taken[at])
    )


@frozen
class Paid(Generic[K]):
    """What is left of an allocation after its releases. ``key`` names it."""

    key: K
    amount: Money
    settled: Money


def released(settled: Money, paid: Sequence[Paid[K]]) -> tuple[Paid[K], ...]:
    """Return what is released of allocations so that ``settled`` money is open again, the last ones first.

    A part of an allocation in two currencies is released in proportion; the whole of it exactly.
    """
    left, made = settled.amount, []
    for one in reversed(paid):
        part = min(left, one.settled.amount)
        if part <= 0:
            continue
        left -= part
        made.append(Paid(one.key, _share(one, part), Money(part, one.settled.currency)))
    return tuple(made)


def _share(one: Paid[K], part: Decimal) -> Money:
    if part == one.settled.amount:
        return one.amount
    if one.amount.currency == one.settled.currency:
        return Money(part, one.amount.currency)
    exact = one.amount.amount * part / one.settled.amount
    step = Decimal(1).scaleb(-minor_units(one.amount.currency))
    return Money(exact.quantize(step, rounding=ROUND_DOWN), one.amount.currency)
