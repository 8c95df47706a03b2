"""Numbers of documents: counted up by one in each series, also where several count at once."""

from __future__ import annotations

from datetime import date
from typing import Any

from crmkit.plugin import BadInput, msg


def next_number(ctx: Any, entity: type[Any], pattern: str, day: date, field: str = "number") -> str:
    """Return the number that follows the highest one of its series, as ``pattern`` writes it: ``Q-{year}-{count:05}``.

    A series is all numbers of ``entity`` that begin alike, deleted ones left out. Others who ask wait until the end of
    this transaction. Raises BadInput for a pattern that does not end with the count.
    """
    import sqlalchemy as sa

    head, counts, _ = pattern.partition("{count")
    if not counts or not pattern.endswith("}"):
        raise BadInput(
            msg(
                "number pattern {value}: expected a text that ends with the count, as in Q-{{year}}-{{count:05}}",
                value=pattern,
            )
        )
    try:
        prefix = head.format(year=day.year, month=f"{day.month:02}")
        pattern.format(year=day.year, month="01", count=1)
    except (KeyError, IndexError, ValueError, AttributeError):
        raise BadInput(msg("number pattern {value}: expected year, month and count in braces", value=pattern)) from None
    ctx.services.take_turns(ctx.plugin, field, prefix)
    with ctx.elevated("numbers are counted over all documents"):
        table = ctx.session.table(entity)
        column = table.c[field]
        statement = (
            sa.select(column)
            .where(column.startswith(prefix, autoescape=True))
            # A count that outgrows its zeros is longer, and higher.
            .order_by(sa.func.length(column).desc(), column.desc())
            .limit(1)
        )
        last: str = ctx.session.execute(statement).scalar() or ""
    digits = last.removeprefix(prefix)
    count = int(digits) + 1 if digits.isdecimal() else 1
    return pattern.format(year=day.year, month=f"{day.month:02}", count=count)
