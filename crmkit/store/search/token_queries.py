"""Asking for tokens, in the languages of SQLite's FTS5 and of PostgreSQL's tsquery.

Every token is a quoted string in both, so that nothing that somebody typed is ever an operator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from crmkit.core.search.query import AnyOf, Token, Unit
from crmkit.core.search.terms import READ


def fts_query(groups: Sequence[AnyOf]) -> str:
    """Return what FTS5 is asked for documents that have tokens of every group."""
    return " AND ".join(
        "(" + " OR ".join("(" + " AND ".join(map(_fts_token, all_of)) + ")" for all_of in group) + ")"
        for group in groups
    )


def tsquery(groups: Sequence[AnyOf]) -> str:
    """Return the text of a tsquery for documents that have tokens of every group."""
    return " & ".join(
        "(" + " | ".join("(" + " & ".join(map(_tsquery_token, all_of)) + ")" for all_of in group) + ")"
        for group in groups
    )


def stands_in(tokens: Any, groups: Sequence[AnyOf]) -> sa.ColumnElement[bool]:
    """Return the same as a condition on a document's own tokens, for SQLite."""

    def stands(token: Token) -> sa.ColumnElement[bool]:
        return sa.func.instr(tokens, _as_kept(token)) > 0

    ways = [[sa.and_(*map(stands, all_of)) for all_of in group] for group in groups]
    return sa.and_(*[sa.or_(*group) for group in ways])


INDEXED_PREFIX = 5
"""Letters of the longest beginnings that SQLite's full-text index keeps lists of; those of longer ones it makes anew."""


def shortened(groups: Sequence[AnyOf]) -> tuple[AnyOf, ...]:
    """Return groups whose long beginnings are cut to what the full-text index keeps lists of: they find more, and sooner."""

    def cut(token: Token) -> Token:
        return Token(token.text[:INDEXED_PREFIX], prefix=True) if token.prefix else token

    return tuple(tuple(tuple(map(cut, all_of)) for all_of in group) for group in groups)


def whole_words(groups: Sequence[AnyOf]) -> tuple[str, Mapping[str, Any]]:
    """Return SQL for SQLite that is true of documents that have tokens of every group, and what it binds."""
    values: dict[str, Any] = {}
    conditions: list[str] = []
    for group in groups:
        ways: list[str] = []
        for all_of in group:
            names = [f"whole_{len(values) + place}" for place in range(len(all_of))]
            values |= {name: _as_kept(token) for name, token in zip(names, all_of, strict=True)}
            ways.append(" AND ".join(f"instr(search_documents.tokens, :{name}) > 0" for name in names))
        conditions.append(f"({' OR '.join(ways)})")
    return " AND ".join(conditions) or "1 = 1", values


def short_words(dialect: str, units: Sequence[Unit]) -> tuple[str, Mapping[str, Any]]:
    """Return SQL that is true of documents that have all of some short words, and what it binds.

    A word of a name begins with it, or is read so; or it is a whole word of any text.
    """
    position = "strpos" if dialect == "postgresql" else "instr"
    values: dict[str, Any] = {}
    conditions: list[str] = []
    for number, unit in enumerate(units):
        ways: list[str] = []
        for way, spelling in enumerate(unit.spellings):
            name = f"short_{number}_{way}"
            values |= {name: f" {spelling}", f"{name}_read": f" {READ}{spelling}"}
            ways += [f"{position}(search_documents.words, :{each}) > 0" for each in (name, f"{name}_read")]
            if dialect == "postgresql":
                values[f"{name}_whole"] = _tsquery_token(Token(spelling))
                ways.append(f"search_documents.tokens @@ CAST(:{name}_whole AS tsquery)")
            else:
                values[f"{name}_whole"] = f" {spelling} "
                ways.append(f"instr(search_documents.tokens, :{name}_whole) > 0")
        conditions.append("(" + " OR ".join(ways) + ")")
    return " AND ".join(conditions) or "1 = 1", values


def _as_kept(token: Token) -> str:
    """Return what a document's own tokens hold somewhere when it has this one."""
    return f" {token.text}" + ("" if token.prefix else " ")


def _fts_token(token: Token) -> str:
    return '"' + token.text.replace('"', '""') + ('" *' if token.prefix else '"')


def _tsquery_token(token: Token) -> str:
    quoted = token.text.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'" + (":*" if token.prefix else "")
