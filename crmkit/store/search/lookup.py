"""Reading candidates off the index, the best first, as far as somebody wants: records that the session may see.

A list may be very long and nearly all of it hidden from the actor. It is read off the front in growing pieces, of which
only what the actor may see is kept. Where that turns out to be little, the actor's few records are looked up in the list
instead of reading it to its end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from heapq import merge
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.search.query import AnyOf, Token, Unit
from crmkit.core.search.texts import Rank
from crmkit.store.search.few import FEW, sees_few
from crmkit.store.search.plan import plan_of
from crmkit.store.search.statements import bound_numbers, given_numbers, run, visible
from crmkit.store.search.tables import SPAN, TOKENS, headword_number, scope_token
from crmkit.store.search.token_queries import fts_query, short_words, stands_in, tsquery

if TYPE_CHECKING:
    from crmkit.store.session import Session

FRONT = {True: 60, False: 600}
"""Places read first: for actors who see all of it, and for others."""

LARGEST = 20_000
"""Places read at a time at most."""

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
        """Return SQL for place, document, entity and whether short words fit, in the order of places.

        It binds ``after``, behind which places are wanted, ``most``, ``tenant`` and what is in ``values``.
        """

    @abstractmethod
    def among(self, entity: str, after: int) -> sa.Select[Any]:
        """Select place, document and record_id of what stands behind ``after``, joined with the records of ``entity``."""

    def read(self) -> Iterator[Candidate]:
        """Yield the records of the list that the actor may see."""
        reaches_all = self.session.narrowing.reaches_all
        limited = {entity for entity in self.entities if not reaches_all(entity, "read")}
        size, after, looked = FRONT[not limited], -(1 << 62), False
        done: set[str] = set()
        read = yielded = 0
        while True:
            rows = self._rows(after, size)
            fit = [row for row in rows if row[3] and row[2] in self.entities and row[2] not in done]
            seen = _seen(self.session, fit)
            found = [Candidate(row[0], row[1], row[2], seen[row[1]]) for row in fit if row[1] in seen]
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

    def _rows(self, after: int, most: int) -> Sequence[Any]:
        given = {**self.values, "after": after, "most": most, "tenant": self.session.driver_tenant}
        return self.session.connection.execute(_kept(self.front()), given).all()

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


class HeadwordList(CandidateList):
    """The documents that have any of some headwords: those that rank best first, of one rank the newest.

    ``headwords`` are pairs of entity and term.
    """

    def __init__(self, session: Session, headwords: Collection[tuple[str, str]], short: Sequence[Unit] = ()) -> None:
        super().__init__(session, dict.fromkeys(entity for entity, _ in headwords), short)
        self.numbers = {
            name: [headword_number(of, term) for of, term in headwords if of == name] for name in self.entities
        }
        flat = [number for numbers in self.numbers.values() for number in numbers]
        self.names = [f"headword_{place}" for place in range(len(flat))]
        self.values = {**self.values, **dict(zip(self.names, flat, strict=True))}

    def front(self) -> str:
        lists = " UNION ALL ".join(
            f"SELECT place FROM (SELECT place FROM search_headwords WHERE tenant_id = :tenant AND headword = :{name} "
            f"AND place > :after ORDER BY place LIMIT :most) AS {name}"
            for name in self.names
        )
        return (
            f"SELECT front.place, search_documents.document, search_documents.entity, {self.short} "
            f"FROM (SELECT place FROM ({lists}) AS lists ORDER BY place LIMIT :most) AS front JOIN search_documents "
            f"ON search_documents.document = {SPAN - 1} - (front.place & {SPAN - 1}) ORDER BY front.place"
        )

    def among(self, entity: str, after: int) -> sa.Select[Any]:
        documents, records = self.documents, self.session.database.tables[entity]
        headwords = self.session.database.table("search_headwords")
        places = [rank * SPAN + SPAN - 1 - documents.c.document for rank in range(Rank.READING + 1)]
        return (
            sa.select(headwords.c.place, documents.c.document, documents.c.record_id)
            .select_from(records)
            .join(documents, documents.c.record_id == records.c.id)
            .join(headwords, headwords.c.place.in_(places))
            .where(
                headwords.c.tenant_id == self.session.actor.tenant_id, headwords.c.headword.in_(self.numbers[entity])
            )
            .where(headwords.c.place > after)
            .order_by(headwords.c.place)
        )


class TokenList(CandidateList):
    """The documents that have tokens of every group, the newest first."""

    def __init__(
        self, session: Session, entities: Collection[str], groups: Sequence[AnyOf], short: Sequence[Unit] = ()
    ) -> None:
        super().__init__(session, entities, short)
        self.groups = groups
        scope = _scope(session, self.entities)
        if self.postgres:
            self.values = {**self.values, "asked": tsquery((*scope, *groups)), "entities": list(self.entities)}
        else:
            self.values = {**self.values, "asked": fts_query((*scope, *groups))}

    def _rows(self, after: int, most: int) -> Sequence[Any]:
        if not self.postgres:
            return super()._rows(after, most)
        # Rare tokens take the index of tokens, frequent ones that of documents: a plan made for any will not do.
        self.session.connection.execute(_PLAN_ANEW)
        rows = super()._rows(after, most)
        self.session.connection.execute(_PLAN_AS_USUAL)
        return rows

    def front(self) -> str:
        if self.postgres:
            return (
                f"SELECT -document AS place, document, entity, {self.short} FROM search_documents "
                "WHERE tenant_id = :tenant AND entity = ANY(:entities) AND tokens @@ CAST(:asked AS tsquery) "
                "AND document < -CAST(:after AS bigint) ORDER BY document DESC LIMIT :most"
            )
        return (
            f"SELECT front.place, search_documents.document, search_documents.entity, {self.short} "
            f"FROM (SELECT -rowid AS place FROM {TOKENS} WHERE {TOKENS} MATCH :asked AND rowid < -:after "
            "ORDER BY rowid DESC LIMIT :most) AS front CROSS JOIN search_documents ON document = -front.place "
            "ORDER BY front.place"
        )

    def among(self, entity: str, after: int) -> sa.Select[Any]:
        documents, records = self.documents, self.session.database.tables[entity]
        fits = sa.text("search_documents.tokens @@ CAST(:asked AS tsquery)") if self.postgres else None
        return (
            sa.select(-documents.c.document, documents.c.document, documents.c.record_id)
            .select_from(records)
            .join(documents, documents.c.record_id == records.c.id)
            .where(documents.c.document < -after, stands_in(documents.c.tokens, self.groups) if fits is None else fits)
            .order_by(documents.c.document.desc())
        )


_PLAN_ANEW = sa.text("SET LOCAL plan_cache_mode = force_custom_plan")
_PLAN_AS_USUAL = sa.text("SET LOCAL plan_cache_mode = DEFAULT")


def filled_headwords(session: Session, entities: Sequence[str], terms: Sequence[str]) -> list[tuple[str, str]]:
    """Return those of entities and terms, in pairs, that have any documents at all."""
    pairs = {headword_number(entity, term): (entity, term) for entity in entities for term in terms}
    headwords, dialect = session.database.table("search_headwords"), session.database.dialect

    def build() -> sa.Select[Any]:
        asked = given_numbers(dialect, "numbers")
        any_ = sa.exists().where(
            headwords.c.tenant_id == sa.bindparam("tenant"), headwords.c.headword == asked.c.number
        )
        return sa.select(asked.c.number).where(any_)

    rows = run(session, ("search.filled",), build, {"numbers": bound_numbers(dialect, list(pairs))}) if pairs else ()
    return [pairs[row[0]] for row in rows]


def _scope(session: Session, entities: Sequence[str]) -> list[AnyOf]:
    """Return what keeps others' documents out of the way: nothing when there are none, for it takes time."""
    tenant = session.actor.tenant_id.bytes
    if len(entities) < len(plan_of(session.database.registry).entities):
        return [tuple((Token(scope_token(tenant, entity)),) for entity in entities)]
    with_others = session.connection.execute(_TENANTS).one()
    return [((Token(scope_token(tenant)),),)] if with_others[0] != with_others[1] else []


_TENANTS = sa.text(
    "SELECT (SELECT tenant_id FROM search_documents ORDER BY tenant_id LIMIT 1), "
    "(SELECT tenant_id FROM search_documents ORDER BY tenant_id DESC LIMIT 1)"
)


def _seen(session: Session, rows: Sequence[Any]) -> dict[int, UUID]:
    """Return, by the numbers of their documents, the records that the actor may see."""
    dialect = session.database.dialect
    by_entity: dict[str, list[int]] = {}
    for row in rows:
        by_entity.setdefault(row[2], []).append(row[1])
    found: dict[int, UUID] = {}
    for entity, numbers in by_entity.items():

        def build(entity: str = entity) -> sa.Select[Any]:
            asked = given_numbers(dialect, "numbers")
            documents, records = session.database.table("search_documents"), session.database.tables[entity]
            wanted = (documents.c.document == asked.c.number, records.c.id == documents.c.record_id)
            seen = sa.select(documents.c.document, documents.c.record_id).where(*visible(session, entity, records))
            if dialect == "sqlite":
                return seen.select_from(asked).join(documents, wanted[0]).join(records, wanted[1])
            # One by one, by their keys: the planner would rather read a table of some ten thousand rows as a whole.
            one = seen.select_from(documents).join(records, wanted[1]).where(wanted[0]).limit(1).lateral("one")
            return sa.select(one.c.document, one.c.record_id).select_from(asked).join(one, sa.true())

        given = {"numbers": bound_numbers(dialect, numbers)}
        found.update((row[0], row[1]) for row in run(session, ("search.seen", entity), build, given))
    return found


@lru_cache(maxsize=200)
def _kept(text: str) -> sa.TextualSelect:
    """Return a statement for ``front``; the same one for the same text, so that it is compiled once."""
    names: list[sa.ColumnClause[Any]] = [sa.column(name) for name in ("place", "document", "entity", "fits")]
    return sa.text(text).columns(*names)
