"""The timeline of a customer: its interactions and what plugins know of it, in one order, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.customer import Customer, CustomerRelation
from crmkit.core.errors import BadInput, NotFound
from crmkit.core.filter import Predicate, parse
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.timeline import Position, TimelineEntry, read_cursor
from crmkit.core.validity import valid_on
from crmkit.core.values.clock import time_zone, today
from crmkit.core.values.ids import parse_id
from crmkit.hooks.errors import CollectError, collect_error
from crmkit.hooks.interactions import TimelineRequest
from crmkit.hooks.run import run_collect
from crmkit.services.merging.resolving import resolve
from crmkit.store.session import Session
from crmkit.store.timelines import AT, CUSTOMER, ID, InteractionRange, entry_reader, interaction_rows

PAGE = 50
LARGEST_PAGE = 1_000
MOST_PEOPLE = 1_000
"""Members of a household or people of an organization whose timelines are taken together."""

MOST_ASKED = 10_000
"""Entries that a plugin is asked for at the most, to fill one page."""

MEMBERSHIPS = ("employed_by", "member_of")
"""Relations that make somebody one of an organization's people or of a household's members."""


@frozen
class Timeline:
    """A page of a timeline, the newest entry first.

    ``cursor`` leads to the next page; it is empty on the last. ``errors`` stand for plugins that failed: what they
    would have brought is missing, all else is there.
    """

    entries: tuple[TimelineEntry, ...]
    cursor: str = ""
    errors: tuple[CollectError, ...] = ()


def timeline(
    session: Session,
    customer: Customer | UUID,
    *,
    kinds: Collection[str] = (),
    channel: str = "",
    direction: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    where: str | Predicate | None = None,
    people: bool = False,
    former: bool = False,
    limit: int = PAGE,
    cursor: str = "",
) -> Timeline:
    """Return a page of what happened with a customer, as far as the actor may see it.

    ``since`` and ``until`` are both included. ``where`` is a filter of interactions; with it, entries of plugins are
    left out, since nobody can tell whether they match. ``people`` takes along the members of a household or the people
    of an organization, ``former`` what was corrected since. ``cursor`` is that of the page before; it stays good when
    entries come and go. The id of a merged customer leads to what it became. Raises NotFound, and BadInput for a filter
    or cursor that cannot be read and for a ``limit`` outside 1 to 1,000.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadInput(msg("limit {value}: expected 1 to {most}", value=limit, most=LARGEST_PAGE))
    predicate = _predicate(session, where)
    after = read_cursor(cursor) if cursor else None
    whose = _customers(session, customer) if people else (customer if isinstance(customer, UUID) else customer.id,)
    wanted = InteractionRange(
        since=since,
        until=until,
        kinds=tuple(dict.fromkeys(kinds)),
        channel=channel,
        direction=direction,
        former=former,
        predicate=predicate,
    )
    # One more than the page holds tells whether another page follows.
    entries = _interactions(session, whose, _from_place(wanted, after), limit + 1)
    if not entries and not people:
        # Rows show that the customer is there and may be seen; without any, one has to look.
        whose, asked = (_known(session, whose[0]).id,), whose
        entries = [] if whose == asked else _interactions(session, whose, _from_place(wanted, after), limit + 1)
    brought, errors = ([], []) if predicate else _brought(session, whose, wanted, after, limit + 1)
    if brought:
        entries = sorted([*entries, *brought], key=lambda entry: entry.position, reverse=True)
    page = tuple(entries[:limit])
    return Timeline(page, page[-1].position.cursor() if len(entries) > limit else "", tuple(errors))


def _predicate(session: Session, where: str | Predicate | None) -> Predicate | None:
    if isinstance(where, str):
        return parse(where, session.database.registry, "interaction") if where.strip() else None
    return where


def _customers(session: Session, customer: Customer | UUID) -> tuple[UUID, ...]:
    """Return a customer and the people of it that the actor sees."""
    chosen = _known(session, customer if isinstance(customer, UUID) else customer.id)
    if chosen.kind == "person":
        return (chosen.id,)
    day = today(session.clock, time_zone(session.actor.timezone))
    relations = session.list(CustomerRelation, to_id=chosen.id, type=list(MEMBERSHIPS), limit=MOST_PEOPLE)
    ids = {relation.from_id for relation in relations if valid_on(relation, day)}
    return (chosen.id, *sorted(ids))


def _known(session: Session, id: UUID) -> Customer:
    try:
        return session.get(Customer, id)
    except NotFound:
        if (became := resolve(session, Customer, id)) == id:
            raise
        return session.get(Customer, became)


# -- interactions -------------------------------------------------------------------------------------------------


def _from_place(wanted: InteractionRange, after: Position | None) -> InteractionRange:
    """Return the range of interactions that comes after a place, which may be that of a plugin's entry."""
    if after is None:
        return wanted
    if not after.source:
        return attrs.evolve(wanted, after=(after.at, parse_id(after.key)))
    # At one instant the entries of plugins come before interactions.
    until = after.at if wanted.until is None else min(wanted.until, after.at)
    return attrs.evolve(wanted, until=until)


def _interactions(
    session: Session, customers: Sequence[UUID], wanted: InteractionRange, count: int
) -> list[TimelineEntry]:
    """Return the newest ``count`` interactions, each once whoever took part in it, in whichever roles."""
    asked, read = count, entry_reader(session.database.dialect)
    while True:
        rows = interaction_rows(session, customers, wanted, asked)
        if len(customers) > 1:
            rows.sort(key=_place, reverse=True)
        unique = list({row[ID]: row for row in rows}.values())[:count]
        ends = [] if len(rows) < asked or (len(unique) == count and len(customers) == 1) else _cut(rows, asked)
        if not ends or (len(unique) == count and _place(unique[-1]) >= max(ends)):
            return [read(row) for row in unique]
        # Some came in several roles, so that not all rows that were read count; the page goes on further back.
        asked *= 2


def _place(row: Any) -> tuple[Any, Any]:
    return row[AT], row[ID]


def _cut(rows: Sequence[Any], asked: int) -> list[tuple[Any, Any]]:
    """Return where the reading of each customer stopped of whom there may be more than was read."""
    counts = Counter(row[CUSTOMER] for row in rows)
    full = {customer for customer, count in counts.items() if count == asked}
    return [min(_place(row) for row in rows if row[CUSTOMER] == customer) for customer in full]


# -- what plugins bring -------------------------------------------------------------------------------------------


def _brought(
    session: Session, customers: tuple[UUID, ...], wanted: InteractionRange, after: Position | None, count: int
) -> tuple[list[TimelineEntry], list[CollectError]]:
    """Return the entries of plugins that come next, and an error for each plugin that failed."""
    caller = session.hooks.caller("collect_timeline_entries")
    if not caller.has_impls:
        return [], []
    until = wanted.until if after is None else min(filter(None, (wanted.until, after.at)))
    request = TimelineRequest(
        customers, count, wanted.since, until, wanted.kinds, wanted.channel, wanted.direction, session.cause
    )
    while True:
        by_plugin: dict[str, list[Any]] = {}
        for plugin, value in run_collect(caller, session.contexts, request):
            by_plugin.setdefault(plugin, []).append(value)
        entries: list[TimelineEntry] = []
        errors: list[CollectError] = []
        starved = False
        for plugin, values in by_plugin.items():
            try:
                fitting = [_checked(value, plugin) for value in values if not isinstance(value, CollectError)]
                fitting = [entry for entry in fitting if _fits(entry, wanted, after)]
            except Exception as error:
                values = [collect_error(plugin, caller.info.name, error)]
                fitting = []
            errors += [value for value in values if isinstance(value, CollectError)]
            entries += fitting
            # What it gave stands before the place, or was not asked for: there may be more behind it.
            starved = starved or (len(values) >= request.limit and len(fitting) < count)
        if not starved or request.limit >= MOST_ASKED:
            return entries, errors
        request = attrs.evolve(request, limit=min(request.limit * 4, MOST_ASKED))


def _checked(value: Any, plugin: str) -> TimelineEntry:
    if not isinstance(value, TimelineEntry):
        raise TypeError(f"a timeline is made of TimelineEntry, not {value!r}")
    if value.at.tzinfo is None:
        raise ValueError(f"entry {value.key!r} has a time without zone")
    return attrs.evolve(value, source=plugin)


def _fits(entry: TimelineEntry, wanted: InteractionRange, after: Position | None) -> bool:
    return (
        (after is None or entry.position < after)
        and (wanted.since is None or entry.at >= wanted.since)
        and (wanted.until is None or entry.at <= wanted.until)
        and (not wanted.kinds or entry.kind in wanted.kinds)
        and (not wanted.channel or entry.channel == wanted.channel)
        and (not wanted.direction or entry.direction == wanted.direction)
    )
