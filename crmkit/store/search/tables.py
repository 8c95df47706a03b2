"""The tables of the search index, and what of them no table metadata can say."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import sqlalchemy as sa

from crmkit.core.search.texts import Rank
from crmkit.store.tenant_wall import OPEN_READS
from crmkit.store.types import Id, Tokens, text_type

TOKENS = "search_tokens"
"""SQLite's full-text index over the tokens of documents; its own tables begin with the same name."""

SEARCH_TABLES = ("search_documents", "search_headwords", "search_near_words")

SPAN = 1 << 40
"""Documents that the index has numbers for."""


def add_search_tables(metadata: sa.MetaData) -> None:
    """Add the tables of the index.

    *Documents*: one for each record that can be found, numbered as they come. *Headwords*: for a term of names, the places of
    documents, which sort by rank and then newest first, so that the best of very many are read off the front. *Near words*:
    the words of names under themselves and under all that is left when a letter is missing, for spelling mistakes.
    """
    documents = sa.Table(
        "search_documents",
        metadata,
        sa.Column("document", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("entity", text_type(100), nullable=False),
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("digest", sa.LargeBinary(8), nullable=False),
        sa.Column("headwords", sa.LargeBinary, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("tokens", Tokens(), nullable=False),
        # Its tokens name their tenant; what is found is read from the records themselves.
        info={OPEN_READS: True},
    )
    key = (documents.c.tenant_id, documents.c.entity, documents.c.record_id)
    sa.Index("uq_search_documents_record_id", *key, unique=True)
    sa.Index("ix_search_documents_document", documents.c.tenant_id, documents.c.document)
    sa.Table(
        "search_headwords",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("headword", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    sa.Table(
        "search_near_words",
        metadata,
        sa.Column("tenant_id", Id(), primary_key=True),
        sa.Column("near", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("word", text_type(40), primary_key=True),
        sqlite_with_rowid=False,
    )


def prepare_search(connection: sa.Connection) -> None:
    """Create what finds documents by their tokens: an FTS5 table on SQLite, a GIN index on PostgreSQL."""
    connection.exec_driver_sql(_PREPARE[connection.dialect.name])


def forget_search(connection: sa.Connection) -> None:
    """Take away what ``prepare_search`` made; the index of PostgreSQL goes with its table."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"DROP TABLE {TOKENS}")


_PREPARE = {
    # Tokens are made by crmkit.core.search alone: this tokenizer cuts at spaces and changes nothing.
    "sqlite": f"CREATE VIRTUAL TABLE {TOKENS} USING fts5(tokens, content='search_documents', content_rowid='document', "
    "columnsize=0, detail=none, prefix='3 4 5', tokenize=\"ascii tokenchars '~#@^'\")",
    "postgresql": "CREATE INDEX ix_search_documents_tokens ON search_documents USING gin (tokens)",
}


WHOLE_WORDS = tuple((rank * SPAN, (rank + 1) * SPAN) for rank in (Rank.FIRST_WORD, Rank.WORD))
"""Where in the list of a headword the documents stand that have it as a whole word of a name."""


def place_of(rank: int, document: int) -> int:
    """Return where a document stands in the list of a headword: by rank, then the newest first."""
    return rank * SPAN + SPAN - 1 - document


def number_of(text: str) -> int:
    """Return the number of 64 bits that stands for a text in the index."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


@lru_cache(maxsize=100_000)
def headword_number(entity: str, term: str) -> int:
    """Return the number under which the places of a headword's documents stand."""
    return number_of(f"{entity}\0{term}")


def scope_token(tenant: bytes, entity: str = "") -> str:
    """Return the token that all documents of a tenant have, or those of one entity in it."""
    return "@" + blake2b(tenant + entity.encode(), digest_size=6).hexdigest()
