"""Writing the index: documents of records that are new or changed, and what finds them. Differences alone are written."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.core.search.terms import terms_of
from crmkit.store.chunks import CHUNK, in_chunks
from crmkit.store.search.near_words import forget_words, learn_words
from crmkit.store.search.plan import EntityPlan
from crmkit.store.search.reading import Found, read_found
from crmkit.store.search.tables import TOKENS, headword_number, place_of, scope_token

if TYPE_CHECKING:
    from crmkit.store.session import Session

Headwords = Mapping[int, int]
"""Ranks by the numbers of headwords."""


@frozen
class Document:
    """What the index holds of one record.

    ``packed`` are the headwords in nine bytes each; ``digest`` are eight bytes that differ when the document does.
    """

    headwords: Headwords
    words: str
    tokens: str
    packed: bytes
    digest: bytes


@frozen
class _Known:
    number: int
    digest: bytes
    headwords: bytes
    words: str


def index_records(session: Session, plan: EntityPlan, ids: Iterable[UUID]) -> None:
    """Bring the documents of records of one entity up to date; those that are no more lose theirs.

    New ones are numbered in the order of ``ids``.
    """
    entity = plan.info.name
    wanted = list(dict.fromkeys(ids))
    for chunk in in_chunks(wanted, CHUNK * 5):
        with session.acting_as(session.actor.elevated()):
            found = read_found(session, plan, chunk)
        known = _known(session, entity, chunk)
        made = {id: _document(session, entity, record) for id, record in found.items()}
        gone = [id for id in known if id not in made]
        changed = {id: made[id] for id in made if id in known and made[id].digest != known[id].digest}
        new = {id: made[id] for id in chunk if id in made and id not in known}
        before = {id: known[id] for id in (*gone, *changed)}
        _take_out(session, entity, before, keep=changed)
        _change(session, {known[id].number: document for id, document in changed.items()})
        _add(session, entity, new)


def remove_records(session: Session, entity: str, ids: Iterable[UUID]) -> int:
    """Take the documents of records out of the index, with all that finds them; returns how many there were."""
    known = _known(session, entity, list(ids))
    _take_out(session, entity, known, keep={})
    return len(known)


def _document(session: Session, entity: str, record: Found) -> Document:
    terms = terms_of(record.texts)
    tenant = session.actor.tenant_id.bytes
    tokens = " ".join((scope_token(tenant), scope_token(tenant, entity), *sorted(terms.tokens)))
    headwords = {headword_number(entity, term): int(rank) for term, rank in terms.headwords.items()}
    numbers = sorted(headwords)
    packed = array("q", numbers).tobytes() + bytes([headwords[number] for number in numbers])
    words, tokens = f" {' '.join(terms.words)} ", f" {tokens} "
    digest = blake2b(f"{words}\n{tokens}".encode("utf-8", "surrogatepass") + packed, digest_size=8).digest()
    return Document(headwords, words, tokens, packed, digest)


def _known(session: Session, entity: str, ids: Sequence[UUID]) -> dict[UUID, _Known]:
    table = session.database.table("search_documents")
    found: dict[UUID, _Known] = {}
    for chunk in in_chunks(ids):
        rows = session.connection.execute(
            sa.select(table.c.record_id, table.c.document, table.c.digest, table.c.headwords, table.c.words).where(
                table.c.tenant_id == session.actor.tenant_id,
                table.c.entity == entity,
                table.c.record_id.in_(chunk),
            )
        )
        found.update({row[0]: _Known(row[1], bytes(row[2]), bytes(row[3]), row[4]) for row in rows})
    return found


def _unpacked(packed: bytes) -> dict[int, int]:
    count = len(packed) // 9
    return dict(zip(array("q", packed[: count * 8]), packed[count * 8 :], strict=True))


def _take_out(session: Session, entity: str, known: Mapping[UUID, _Known], keep: Mapping[UUID, Document]) -> None:
    """Take out what finds documents, and those not in ``keep`` altogether."""
    if not known:
        return
    numbers = [each.number for each in known.values()]
    if session.database.dialect == "sqlite":
        # It must be told what it holds of a document, so before that changes.
        for chunk in in_chunks(numbers):
            marks = ",".join("?" * len(chunk))
            session.connection.exec_driver_sql(
                f"INSERT INTO {TOKENS} ({TOKENS}, rowid, tokens) SELECT 'delete', document, tokens "
                f"FROM search_documents WHERE document IN ({marks})",
                tuple(chunk),
            )
    rows = sorted(
        (headword, place_of(rank, each.number))
        for each in known.values()
        for headword, rank in _unpacked(each.headwords).items()
    )
    _write_headwords(session, _DELETE, rows)
    gone = [each.number for id, each in known.items() if id not in keep]
    table = session.database.table("search_documents")
    for chunk in in_chunks(gone):
        session.connection.execute(table.delete().where(table.c.document.in_(chunk)))
    left = {word for id, each in known.items() for word in each.words.split()}
    kept = {word for document in keep.values() for word in document.words.split()}
    forget_words(session, left - kept)


def _change(session: Session, documents: Mapping[int, Document]) -> None:
    if not documents:
        return
    rows = [
        {"number": n, "digest": d.digest, "headwords": d.packed, "words": d.words, "tokens": d.tokens}
        for n, d in sorted(documents.items())
    ]
    written = "array_to_tsvector(string_to_array(btrim(:tokens), ' '))"
    tokens = written if session.database.dialect == "postgresql" else ":tokens"
    session.connection.execute(
        sa.text(
            f"UPDATE search_documents SET digest = :digest, headwords = :headwords, words = :words, tokens = {tokens} "
            "WHERE document = :number"
        ),
        rows,
    )
    _put_in(session, documents)


def _add(session: Session, entity: str, documents: Mapping[UUID, Document]) -> None:
    if not documents:
        return
    numbers = _new_numbers(session, len(documents))
    rows = [
        (number, id, d.digest, d.packed, d.words, d.tokens)
        for number, (id, d) in zip(numbers, documents.items(), strict=True)
    ]
    tenant = session.driver_tenant
    if session.database.dialect == "sqlite":
        session.connection.exec_driver_sql(
            "INSERT INTO search_documents (document, tenant_id, entity, record_id, digest, headwords, words, tokens) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(number, tenant, entity, id.bytes, *rest) for number, id, *rest in rows],
        )
    else:
        names = ("numbers", "ids", "digests", "headwords", "words", "tokens")
        columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        session.connection.execute(_ADD_DOCUMENTS, {"tenant": tenant, "entity": entity, **columns})
    _put_in(session, dict(zip(numbers, documents.values(), strict=True)))


def _put_in(session: Session, documents: Mapping[int, Document]) -> None:
    """Write what finds documents that are written."""
    if session.database.dialect == "sqlite":
        for chunk in in_chunks(list(documents)):
            marks = ",".join("?" * len(chunk))
            session.connection.exec_driver_sql(
                f"INSERT INTO {TOKENS} (rowid, tokens) SELECT document, tokens "
                f"FROM search_documents WHERE document IN ({marks})",
                tuple(chunk),
            )
    rows = sorted(
        (headword, place_of(rank, number))
        for number, document in documents.items()
        for headword, rank in document.headwords.items()
    )
    _write_headwords(session, _INSERT, rows)
    learn_words(session, {word for document in documents.values() for word in document.words.split()})


def _new_numbers(session: Session, count: int) -> list[int]:
    if session.database.dialect == "sqlite":
        table = session.database.table("search_documents")
        last = int(session.connection.scalar(sa.select(sa.func.max(table.c.document))) or 0)
        return list(range(last + 1, last + count + 1))
    drawn = sa.text(
        "SELECT nextval(pg_get_serial_sequence('search_documents', 'document')) FROM generate_series(1, :count)"
    )
    return sorted(session.connection.scalars(drawn, {"count": count}))


_GIVEN = "unnest(CAST(:headwords AS bigint[]), CAST(:places AS bigint[])) AS given (headword, place)"
_INSERT = {
    "sqlite": "INSERT INTO search_headwords (tenant_id, headword, place) VALUES (?, ?, ?)",
    "postgresql": f"INSERT INTO search_headwords (tenant_id, headword, place) SELECT :tenant, given.* FROM {_GIVEN}",
}
_DELETE = {
    "sqlite": "DELETE FROM search_headwords WHERE tenant_id = ? AND headword = ? AND place = ?",
    "postgresql": f"DELETE FROM search_headwords AS kept USING {_GIVEN} WHERE kept.tenant_id = :tenant "
    "AND kept.headword = given.headword AND kept.place = given.place",
}
_ADD_DOCUMENTS = sa.text(
    "INSERT INTO search_documents (document, tenant_id, entity, record_id, digest, headwords, words, tokens) "
    "SELECT given.number, :tenant, :entity, given.id, given.digest, given.headwords, given.words, "
    "array_to_tsvector(string_to_array(btrim(given.tokens), ' ')) "
    "FROM unnest(CAST(:numbers AS bigint[]), CAST(:ids AS uuid[]), CAST(:digests AS bytea[]), CAST(:headwords AS bytea[]), "
    "CAST(:words AS text[]), CAST(:tokens AS text[])) AS given (number, id, digest, headwords, words, tokens)"
)


def _write_headwords(session: Session, statements: Mapping[str, str], rows: Sequence[tuple[int, int]]) -> None:
    """Insert or delete places of headwords, in the order of the primary key: neighbours are written together."""
    if not rows:
        return
    tenant, statement = session.driver_tenant, statements[session.database.dialect]
    if session.database.dialect == "sqlite":
        session.connection.exec_driver_sql(statement, [(tenant, headword, place) for headword, place in rows])
    else:
        given = {"headwords": [headword for headword, _ in rows], "places": [place for _, place in rows]}
        session.connection.execute(sa.text(statement), {"tenant": tenant, **given})


def empty(
    session: Session, names: Collection[str] = ("search_documents", "search_headwords", "search_near_words")
) -> None:
    """Take everything of the tenant out of the index."""
    tenant = session.actor.tenant_id
    documents = session.database.table("search_documents")
    if session.database.dialect == "sqlite":
        others = sa.select(sa.literal(1)).where(documents.c.tenant_id != tenant).limit(1)
        if session.connection.scalar(others) is None:
            session.connection.exec_driver_sql(f"INSERT INTO {TOKENS} ({TOKENS}) VALUES ('delete-all')")
        else:
            session.connection.exec_driver_sql(
                f"INSERT INTO {TOKENS} ({TOKENS}, rowid, tokens) SELECT 'delete', document, tokens "
                "FROM search_documents WHERE tenant_id = ?",
                (session.driver_tenant,),
            )
    for name in names:
        table = session.database.table(name)
        session.connection.execute(table.delete().where(table.c.tenant_id == tenant))
