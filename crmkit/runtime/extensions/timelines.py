"""The timeline of any record: its interactions, and what the registered sources of its entity know, in one order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.interaction import Interaction, InteractionLink
from crmkit.core.messages import msg
from crmkit.core.timeline import Position, TimelineEntry, read_cursor
from crmkit.core.values.ids import parse_id
from crmkit.hooks.errors import CollectError, collect_error
from crmkit.hooks.web.questions import TimelineAsked, TimelineSource
from crmkit.runtime.extensions.acting import forbidden
from crmkit.services.interactions.timeline import LARGEST_PAGE, MOST_ASKED, PAGE, Timeline, timeline
from crmkit.services.merging.resolving import resolve
from crmkit.store.savepoints import as_a_whole

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session

_INSTANT = timedelta(microseconds=1)
_LAST = datetime.max.replace(tzinfo=UTC)
HOOK = "register_timeline_sources"


@frozen
class _Wanted:
    """The entries that are wanted: those behind ``after`` that fit all of the rest."""

    after: Position | None
    since: datetime | None
    until: datetime | None
    kinds: tuple[str, ...]
    channel: str
    direction: str

    def fits(self, entry: TimelineEntry) -> bool:
        """Whether an entry is wanted."""
        return (
            (self.after is None or entry.position < self.after)
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at <= self.until)
            and (not self.kinds or entry.kind in self.kinds)
            and (not self.channel or entry.channel == self.channel)
            and (not self.direction or entry.direction == self.direction)
        )

    @property
    def before(self) -> datetime | None:
        """The instant that all wanted entries lie before."""
        ends = (self.until, None if self.after is None else self.after.at)
        last = min((at for at in ends if at is not None), default=None)
        return None if last is None or last >= _LAST else last + _INSTANT


def record_timeline(
    crm: Crm,
    session: Session,
    entity: type[Any],
    id: UUID | str,
    *,
    kinds: Collection[str] = (),
    channel: str = "",
    direction: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    where: str = "",
    people: bool = False,
    former: bool = False,
    limit: int = PAGE,
    cursor: str = "",
) -> Timeline:
    """Return a page of what happened with a record of any entity, the newest first.

    Of a customer it is that of :func:`crmkit.services.interactions.timeline` with the entries of registered sources; of
    another record the interactions that are linked to it, with those. ``where`` filters interactions and leaves the
    sources out, ``people`` and ``former`` are of customers. A source that fails leaves the others whole and is told
    among ``errors``. Raises NotFound and BadInput as that does.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadInput(msg("limit {value}: expected 1 to {most}", value=limit, most=LARGEST_PAGE))
    wanted = _Wanted(
        read_cursor(cursor) if cursor else None, since, until, tuple(dict.fromkeys(kinds)), channel, direction
    )
    entries: list[TimelineEntry]
    errors: list[CollectError] = []
    more = False
    if entity is Customer:
        found = timeline(
            session,
            parse_id(id),
            kinds=wanted.kinds,
            channel=channel,
            direction=direction,
            since=since,
            until=until,
            where=where or None,
            people=people,
            former=former,
            limit=limit,
            cursor=cursor,
        )
        entries, errors, more = list(found.entries), list(found.errors), bool(found.cursor)
        record = session.find(Customer, id=resolve(session, Customer, id))
    else:
        if where or people or former:
            raise BadInput(msg("filter, people and former are for the timelines of customers"))
        record = session.get(entity, id)
        entries = _linked(session, session.entity(entity).name, record.id, wanted, limit + 1)
    if record is not None and not where:
        for source, plugin in _sources(crm, session, entity):
            try:
                with as_a_whole(session):
                    entries += _asked(crm, session, source, plugin, record, wanted, limit + 1)
            except Exception as error:
                errors.append(collect_error(plugin, f"{HOOK}: {source.id}", error))
    entries.sort(key=lambda entry: entry.position, reverse=True)
    page = tuple(entries[:limit])
    return Timeline(page, page[-1].position.cursor() if more or len(entries) > limit else "", tuple(errors))


def _sources(crm: Crm, session: Session, entity: type[Any]) -> Iterator[tuple[TimelineSource, str]]:
    """Yield the sources of an entity's timelines that the actor may ask, each with its plugin."""
    name = session.entity(entity).name
    for id, source in sorted(crm.extensions.timeline_sources.items()):
        if source.entity == name and forbidden(session.actor, source) is None:
            yield source, crm.extensions.plugins[id]


def _asked(
    crm: Crm, session: Session, source: TimelineSource, plugin: str, record: Any, wanted: _Wanted, count: int
) -> list[TimelineEntry]:
    """Return the entries of one source that come next, asked for more where too few of them are wanted."""
    context, asked = crm.context(session, plugin), count
    while True:
        given = list(source.handler(context, TimelineAsked(record, wanted.before, asked)))
        fitting = [entry for entry in _checked(given, source) if wanted.fits(entry)]
        if len(fitting) >= count or len(given) < asked or asked >= MOST_ASKED:
            return fitting
        asked = min(asked * 4, MOST_ASKED)


def _checked(given: Iterable[Any], source: TimelineSource) -> Iterator[TimelineEntry]:
    for value in given:
        if not isinstance(value, TimelineEntry):
            raise TypeError(f"a timeline is made of TimelineEntry, not {type(value).__name__}")
        if value.at.tzinfo is None:
            raise ValueError(f"entry {value.key!r} has a time without zone")
        yield attrs.evolve(value, source=source.id)


def _linked(session: Session, entity: str, id: UUID, wanted: _Wanted, count: int) -> list[TimelineEntry]:
    """Return the newest ``count`` interactions that are linked to a record."""
    link, interaction = session.table(InteractionLink), session.table(Interaction)
    conditions = [link.c.entity == entity, link.c.record_id == id]
    if wanted.since is not None:
        conditions.append(interaction.c.occurred_at >= wanted.since)
    if wanted.before is not None:
        conditions.append(interaction.c.occurred_at < wanted.before)
    if wanted.after is not None and not wanted.after.source:
        place, last = wanted.after.at, parse_id(wanted.after.key)
        behind = sa.and_(interaction.c.occurred_at == place, interaction.c.id < last)
        conditions.append(sa.or_(interaction.c.occurred_at < place, behind))
    for name, value in (("channel", wanted.channel), ("direction", wanted.direction)):
        if value:
            conditions.append(interaction.c[name] == value)
    if wanted.kinds:
        conditions.append(interaction.c.kind.in_(wanted.kinds))
    statement = (
        sa.select(interaction.c.id, interaction.c.occurred_at)
        .join_from(link, interaction, interaction.c.id == link.c.interaction_id)
        .where(*conditions)
        .distinct()
        .order_by(interaction.c.occurred_at.desc(), interaction.c.id.desc())
        .limit(count)
    )
    ids = [row[0] for row in session.execute(statement)]
    return [_entry(session.masked(one)) for one in session.list(Interaction, id=ids)] if ids else []


def _entry(one: Interaction) -> TimelineEntry:
    return TimelineEntry(
        at=one.occurred_at,
        title=one.subject,
        kind=one.kind,
        direction=one.direction,
        status=one.status,
        channel=one.channel,
        text=one.body[:200],
        outcome=one.outcome,
        money=one.money,
        entity="interaction",
        record_id=one.id,
        thread_id=one.thread_id,
        supersedes_id=one.supersedes_id,
    )
