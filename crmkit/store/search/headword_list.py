"""The lists of headwords: names by their beginnings and readings, in the order of ranks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.search.query import Unit
from crmkit.core.search.texts import Rank
from crmkit.store.search.candidates import CandidateList
from crmkit.store.search.statements import bound_numbers, given_numbers, run
from crmkit.store.search.tables import SPAN, headword_number

if TYPE_CHECKING:
    from crmkit.store.session import Session


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
            f"SELECT first.place, search_documents.document, search_documents.entity, search_documents.record_id, "
            f"{self.short} AS fits FROM (SELECT place FROM ({lists}) AS lists ORDER BY place LIMIT :most) AS first "
            f"JOIN search_documents ON search_documents.document = {SPAN - 1} - (first.place & {SPAN - 1})"
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
