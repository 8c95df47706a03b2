"""Reading candidates off the index, the best first, as far as somebody wants: records that the session may see.

A list may be very long and nearly all of it hidden from the actor. It is read off the front in growing pieces, of which
only what the actor may see is kept. Where that turns out to be little, the actor's few records are looked up in the list
instead of reading it to its end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import merge
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.search.query import Unit
from crmkit.store.search.few import FEW, sees_few
from crmkit.store.search.statements import run, visible
from crmkit.store.search.token_queries import short_words
from crmkit.store.types import Id

if TYPE_CHECKING:
    from crmkit.store.session import Session

FRONT = {True: 60, False: 600}
"""Places read first: for actors who see all of it, and for others."""

LARGEST = 20_000
"""Places read at a time at most."""

BEFORE_ALL = -(1 << 62)
"""What comes before the first place of any list."""

WANTED = 20
"""Records that are most likely wanted of a list."""


@attrs.frozen(order=True)
class Candidate:
    """A record that may be what is looked for. The smaller ``place``, the better; places compare within one list.

    ``document`` is the number of its document: the higher, the newer.
    """

    place: int
    document: int
    entity: str
    id: UUID


class CandidateList(ABC):
    """A list in the index over records of ``entities``. ``short`` are words that its documents must have beside."""

    def __init__(self, session: Session, entities: Collection[str], short: Sequence[Unit]) -> None:
        self.session, self.entities = session, tuple(entities)
        self.documents = session.database.table("search_documents")
        self.postgres = session.database.dialect == "postgresql"
        self.short, self.values = short_words(session.database.dialect, short)

    @abstractmethod
    def front(self) -> str:
        """Return SQL for place, document, entity, record_id and whether short words fit, of the first places.

        It binds ``after``, behind which places are wanted, ``most``, ``tenant`` and what is in ``values``.
        """

    @abstractmethod
    def among(self, entity: str, after: int) -> sa.Select[Any]:
        """Select place, document and record_id of what stands behind ``after``, joined with the records of ``entity``."""

    def read(self) -> Iterator[Candidate]:
        """Yield the records of the list that the actor may see."""
        reaches_all = self.session.narrowing.reaches_all
        limited = {entity for entity in self.entities if not reaches_all(entity, "read")}
        size, after, looked = FRONT[not limited], BEFORE_ALL, False
        done: set[str] = set()
        read = yielded = 0
        while True:
            rows = self.rows(after, size)
            found = [Candidate(*row) for row in rows if row[3] is not None and row[2] not in done]
            yield from found
            if len(rows) < size:
                return
            read, yielded, after = read + len(rows), yielded + len(found), rows[-1][0]
            # As many as are likely to hold what is still missing.
            missing = max(WANTED - yielded, 1) * read // yielded if yielded else LARGEST
            if not looked and missing > FEW:
                looked = True
                few = {name: ids for name in limited if (ids := sees_few(self.session, name)) is not None}
                yield from merge(*[self._among(name, ids, after) for name, ids in few.items()])
                done.update(few)
                if done.issuperset(self.entities):
                    return
            size = min(max(missing * 5 // 4, FRONT[not limited]), read * 4, LARGEST)

    def rows(self, after: int, most: int) -> Sequence[Any]:
        """Return place, document, entity and id of the next ``most`` in the list; no id where the actor may not see it."""
        return self.shown(self.front(), {**self.values, "after": after, "most": most})

    def shown(self, text: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return the same for SQL such as that of ``front``."""
        return run(self.session, ("search.front", text, *self.entities), lambda: self._shown(text), values)

    def _shown(self, text: str) -> sa.Select[Any]:
        """Select what the text does, with the ids of what the actor may see."""
        names: list[sa.ColumnClause[Any]] = [sa.column(name) for name in ("place", "document", "entity")]
        listed = sa.text(text)
        if ":tenant" in text:
            listed = listed.bindparams(sa.bindparam("tenant", type_=Id()))
        front = listed.columns(*names, sa.column("record_id", Id()), sa.column("fits", sa.Boolean)).subquery("front")
        seen = []
        for entity in self.entities:
            records = self.session.database.tables[entity]
            mine = (records.c.id == front.c.record_id, *visible(self.session, entity, records))
            # A look-up for each: as a join, the planner would rather read the whole table beside a long list.
            seen.append((entity, sa.select(records.c.id).where(*mine).limit(1).scalar_subquery()))
        id = sa.case((front.c.fits, sa.case(*[(front.c.entity == entity, found) for entity, found in seen])))
        return sa.select(front.c.place, front.c.document, front.c.entity, id).order_by(front.c.place)

    def _among(self, entity: str, few: sa.Subquery, after: int) -> Iterator[Candidate]:
        records = self.session.database.tables[entity]
        statement = self.among(entity, after).where(
            records.c.id.in_(sa.select(few)),
            self.documents.c.tenant_id == self.session.actor.tenant_id,
            self.documents.c.entity == entity,
            sa.text(f"({self.short})"),
            *self.session.narrowing.conditions(entity, records),
        )
        for place, document, id in self.session.connection.execute(statement, self.values).all():
            yield Candidate(place, document, entity, id)
