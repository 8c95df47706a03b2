"""Finding records that exist: by external id, own fields or contact point. One statement serves a whole chunk.

What a chunk makes itself is ``fresh`` until its transaction is committed; then it is remembered for later chunks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import EntityInfo
from crmkit.core.identity import ExternalIdentity
from crmkit.services.importing.aliases import Proposal
from crmkit.store.among import among
from crmkit.store.chunks import in_chunks
from crmkit.store.session import Session
from crmkit.store.upsert import find_by_key

MOST = 50_000
"""Ids of each sort remembered between chunks; beyond that the memory of an import starts anew."""

External = tuple[str, str, str]
"""System, entity, external id."""

Key = tuple[str, tuple[str, ...]]
"""Entity and names of the fields that tell its records apart."""

Keyed = dict[tuple[Any, ...], UUID]
"""Ids by values of those fields."""

Point = tuple[str, str]
"""Kind and normalised value."""


class Lookups:
    """What an import knows of existing records: ids from chunk to chunk; records are read afresh."""

    def __init__(self) -> None:
        self._external: dict[External, UUID] = {}
        self._keys: dict[Key, Keyed] = {}
        self.proposals: dict[tuple[str, str, str], Proposal] = {}
        """Which records may be meant by values that no record has, by entity, field and value."""
        self.aged = False
        """Whether ids are remembered from earlier chunks; their records may be merged or deleted by now."""
        self.begin()

    def begin(self) -> None:
        """Forget what the chunk at hand made: it begins, or begins again."""
        self.fresh_external: dict[External, UUID] = {}
        self._fresh_keys: dict[Key, Keyed] = {}
        self.fresh_points: dict[Point, UUID] = {}
        self.created: set[UUID] = set()

    def keep(self) -> None:
        """Remember what the chunk made, now that it is written; memory stays bounded."""
        if len(self._external) > MOST:
            self._external.clear()
        self._external.update(self.fresh_external)
        for key, fresh in self._fresh_keys.items():
            known = self._keys.setdefault(key, {})
            if len(known) > MOST:
                known.clear()
            known.update(fresh)
        self.aged = True
        self.begin()

    def forget(self) -> None:
        """Drop everything: somebody else changed what was remembered."""
        self._external.clear()
        self._keys.clear()
        self.aged = False
        self.begin()

    # -- external ids --------------------------------------------------------------------------------------------

    def external(self, session: Session, wanted: Iterable[External]) -> dict[External, UUID]:
        """Return the ids of records by external id, those that exist or that this chunk made."""
        found: dict[External, UUID] = {}
        groups: dict[tuple[str, str], list[str]] = {}
        for key in wanted:
            id = self.fresh_external.get(key) or self._external.get(key)
            if id is not None:
                found[key] = id
            else:
                groups.setdefault(key[:2], []).append(key[2])
        for (system, entity), ids in groups.items():
            table = session.table(ExternalIdentity)
            statement = sa.select(table.c.external_id, table.c.record_id).where(
                table.c.system == system,
                table.c.entity == entity,
                among(table.c.external_id, ids, session.database.dialect),
            )
            rows: Any = session.execute(statement)
            for row in rows:
                found[system, entity, row[0]] = self._external[system, entity, row[0]] = row[1]
        return found

    # -- own fields ----------------------------------------------------------------------------------------------

    def fresh_keys(self, entity: str, names: tuple[str, ...]) -> Keyed:
        """Return the ids of the records that this chunk made or met, by these fields; the caller adds to it."""
        return self._fresh_keys.setdefault((entity, names), {})

    def keys(
        self,
        session: Session,
        info: EntityInfo,
        names: tuple[str, ...],
        wanted: Iterable[tuple[Any, ...]],
        *,
        whole: bool,
    ) -> Keyed:
        """Return the ids of records by values of their own fields, those that exist or that this chunk made.

        ``whole`` reads the records too, for those who are about to compare them.
        """
        found: Keyed = {}
        unknown: list[tuple[Any, ...]] = []
        created = self.created
        fresh, known = self.fresh_keys(info.name, names), self._keys.setdefault((info.name, names), {})
        for values in wanted:
            if fresh and values in fresh:
                found[values] = fresh[values]
            elif known and values in known:
                found[values] = known[values]
            elif created.isdisjoint(values):
                # A record that refers to one made just now cannot exist yet.
                unknown.append(values)
        if not unknown:
            return found
        if whole:
            ids = {values: record.id for values, record in find_by_key(session, info.cls, names, unknown).items()}
        else:
            ids = _ids_by_key(session, info, names, unknown)
        found |= ids
        known.update(ids)
        return found

    # -- contact points ------------------------------------------------------------------------------------------

    def owners(self, session: Session, wanted: Iterable[Point]) -> dict[Point, set[UUID]]:
        """Return the living customers that have each contact point, several where it is shared."""
        found: dict[Point, set[UUID]] = {}
        groups: dict[str, list[str]] = {}
        for kind, value in wanted:
            groups.setdefault(kind, []).append(value)
        for kind, values in groups.items():
            points, customers = session.table(ContactPoint), session.table(Customer)
            statement = (
                sa.select(points.c.normalized, points.c.customer_id)
                .join(customers, customers.c.id == points.c.customer_id)
                .where(points.c.kind == kind, among(points.c.normalized, values, session.database.dialect))
            )
            rows: Any = session.execute(statement)
            for row in rows:
                found.setdefault((kind, row[0]), set()).add(row[1])
        return found

    # -- records -------------------------------------------------------------------------------------------------

    def records(self, session: Session, info: EntityInfo, ids: Iterable[UUID]) -> dict[UUID, Any]:
        """Return living records by id, as the session sees them."""
        current = session.work.current
        wanted = list(dict.fromkeys(id for id in ids if id not in current))
        for chunk in in_chunks(wanted):
            session.list(info.cls, id=chunk)
        return {id: current[id] for id in ids if id in current}


def _ids_by_key(session: Session, info: EntityInfo, names: tuple[str, ...], wanted: Sequence[tuple[Any, ...]]) -> Keyed:
    """Return ids by key. The part of the key that differs most narrows the search, the rest is compared here."""
    table = session.table(info.cls)
    lead = max(range(len(names)), key=lambda place: len({values[place] for values in wanted}))
    values = list({values[lead] for values in wanted if values[lead] is not None})
    same = [
        table.c[name] == wanted[0][place]
        for place, name in enumerate(names)
        if place != lead and len({values[place] for values in wanted}) == 1 and wanted[0][place] is not None
    ]
    keys = set(wanted)
    found: Keyed = {}
    for chunk in in_chunks(values):
        statement = sa.select(table.c.id, *(table.c[name] for name in names)).where(
            table.c[names[lead]].in_(chunk), *same
        )
        found.update((tuple(row[1:]), row[0]) for row in session.execute(statement) if tuple(row[1:]) in keys)
    return found
