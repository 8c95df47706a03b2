"""Numbers of orders, also of many that are saved at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date

from crmkit.plugin import Context
from crmkit_sfa.numbering import next_number
from crmkit_sfa.orders.entities import Order

_COUNT = re.compile(r"[0-9]+$")


def numbers(ctx: Context, day: date, taken: Collection[str] = ()) -> Iterator[str]:
    """Yield the next free numbers of the series of a day, such as O-2026-00001; ``taken`` are given in the same save."""
    pattern = ctx.config.orders.number
    found = _COUNT.search(next_number(ctx, Order, pattern, day))
    count = int(found[0]) if found else 1
    while True:
        number = pattern.format(year=day.year, month=f"{day.month:02}", count=count)
        count += 1
        if number not in taken:
            yield number
