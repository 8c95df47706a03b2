"""A day's visits as a route."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.customer import ContactPoint
from crmkit.core.frozen import frozen
from crmkit.plugin import Context
from crmkit_sfa.activities.agenda import Entry, days
from crmkit_sfa.activities.routing import Place, Stop, distance, route
from crmkit_sfa.activities.timing import start_of


@frozen
class Visit:
    """A stop of a route: where it is, and how far from the one before in kilometres, where both have coordinates."""

    entry: Entry
    address: str
    postal_code: str
    city: str
    kilometres: Decimal | None = None


def visits(ctx: Context, day: date, user: UUID | None = None, start: Place | None = None) -> list[Visit]:
    """Return the visits that are planned on a day in an order that is sensible; see ``routing``.

    A visit that has no address of its own is at its customer's. ``start`` is where one sets out.
    """
    planned = [
        one for one in days(ctx, day, day, user) if one.activity.kind == "visit" and one.activity.status == "planned"
    ]
    addresses = _addresses(ctx, [one.activity.customer_id for one in planned])
    known = {number: _visit(one, addresses) for number, one in enumerate(planned)}
    stops = [_stop(number, visit) for number, visit in known.items()]
    return _with_ways([known[int(str(stop.id))] for stop in route(stops, start)], start)


def _visit(entry: Entry, addresses: dict[UUID, tuple[str, str, str]]) -> Visit:
    one = entry.activity
    address, postal_code, city = "", "", ""
    if one.customer_id is not None and not (one.location or one.city or one.postal_code):
        address, postal_code, city = addresses.get(one.customer_id, ("", "", ""))
    return Visit(entry, one.location or address, one.postal_code or postal_code, one.city or city)


def _stop(number: int, visit: Visit) -> Stop:
    one = visit.entry.activity
    start = start_of(one)
    # What is only due has no hour at which one must be there.
    fixed = start if isinstance(start, datetime) and one.starts_at is not None else None
    return Stop(number, fixed, _place(visit), visit.postal_code, visit.city)


def _place(visit: Visit) -> Place | None:
    one = visit.entry.activity
    if one.latitude is None or one.longitude is None:
        return None
    return float(one.latitude), float(one.longitude)


def _with_ways(ordered: Sequence[Visit], start: Place | None) -> list[Visit]:
    found, here = [], start
    for visit in ordered:
        place = _place(visit)
        if here is not None and place is not None:
            visit = attrs.evolve(visit, kilometres=Decimal(f"{distance(here, place):.1f}"))
        found.append(visit)
        here = place or here
    return found


def _addresses(ctx: Context, customers: Iterable[UUID | None]) -> dict[UUID, tuple[str, str, str]]:
    wanted = {id for id in customers if id is not None}
    if not wanted:
        return {}
    point = ctx.session.table(ContactPoint)
    statement = (
        sa.select(point.c.customer_id, point.c.value, point.c.postal_code, point.c.city)
        .where(point.c.kind == "address", point.c.customer_id.in_(wanted))
        .order_by(point.c.customer_id, point.c.preferred.desc(), point.c.id)
    )
    found: dict[UUID, tuple[str, str, str]] = {}
    for row in ctx.session.execute(statement):
        found.setdefault(row.customer_id, (row.value or "", row.postal_code or "", row.city or ""))
    return found
