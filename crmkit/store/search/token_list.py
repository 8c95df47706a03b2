"""The lists of tokens: documents that have words, characters or fragments anywhere, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.search.query import AnyOf, Unit
from crmkit.core.search.terms import LETTERS
from crmkit.store.search.candidates import BEFORE_ALL, CandidateList
from crmkit.store.search.scope import Scope
from crmkit.store.search.sizes import LookUp, look_up
from crmkit.store.search.tables import TOKENS
from crmkit.store.search.token_queries import fts_query, shortened, stands_in, tsquery, whole_words

if TYPE_CHECKING:
    from crmkit.store.session import Session


MOST_CONDITIONS = 12
"""Words that are compared with the documents one by one."""


class TokenList(CandidateList):
    """The documents that have tokens of every group, the newest first."""

    def __init__(self, session: Session, scope: Scope, groups: Sequence[AnyOf], short: Sequence[Unit] = ()) -> None:
        super().__init__(session, scope.entities, short)
        self.scope, self.groups = scope, groups
        self.look_up = LookUp(groups, (), True)
        if self.postgres:
            self.look_up = look_up(session, groups)
            self.values = {
                **self.values,
                "asked": tsquery((*scope.tokens, *self.look_up.sought)),
                "compared": tsquery(self.look_up.compared),
                "entities": list(self.entities),
            }
        else:
            self.values = {**self.values, "asked": fts_query((*scope.tokens, *groups))}

    def rows(self, after: int, most: int) -> Sequence[Any]:
        if not self.postgres:
            rows = self._all_at_once(most) if after == BEFORE_ALL else None
            return super().rows(after, most) if rows is None else rows
        # Tokens are rare or frequent: a plan made for any will not do.
        self.session.connection.execute(_PLAN_ANEW)
        rows = super().rows(after, most)
        self.session.connection.execute(_PLAN_AS_USUAL)
        return rows

    def _all_at_once(self, most: int) -> Sequence[Any] | None:
        """Return the whole list when it is a short one of several words; None when that cannot be told quickly.

        SQLite joins the beginnings that it keeps lists of without reading these in full, but makes a list of each longer
        one first. So the documents that have their first letters are read, and those that have no more are left out.
        """
        cut = shortened(self.groups)
        if len(cut) < 2 or cut == tuple(self.groups):
            return None
        within_words = any(token.text.startswith(LETTERS) for group in cut for all_of in group for token in all_of)
        # Fragments are compared with the whole word later anyway; a condition for each of them would take longer.
        whole, values = whole_words(() if within_words else self.groups)
        if len(values) > MOST_CONDITIONS:
            return None
        given = {
            **self.values,
            **values,
            "asked": fts_query((*self.scope.tokens, *cut)),
            "after": BEFORE_ALL,
            "most": most,
        }
        rows = self.shown(self.front(f"{self.short} AND {whole}"), given)
        return rows if len(rows) < most else None

    def front(self, fits: str = "") -> str:
        fits = fits or self.short
        if self.postgres:
            return (
                f"SELECT -document AS place, document, entity, record_id, {fits} AS fits FROM search_documents "
                f"WHERE tenant_id = :tenant AND entity = ANY(:entities) AND {self._has_tokens()} "
                f"AND document < -CAST(:after AS bigint) ORDER BY {'document + 0' if self.look_up.few else 'document'} "
                "DESC LIMIT :most"
            )
        return (
            f"SELECT first.place, search_documents.document, entity, record_id, {fits} AS fits "
            f"FROM (SELECT -rowid AS place FROM {TOKENS} WHERE {TOKENS} MATCH :asked AND rowid < -:after "
            "ORDER BY rowid DESC LIMIT :most) AS first CROSS JOIN search_documents ON document = -first.place"
        )

    def among(self, entity: str, after: int) -> sa.Select[Any]:
        documents, records = self.documents, self.session.database.tables[entity]
        has_tokens = sa.text(self._has_tokens()) if self.postgres else stands_in(documents.c.tokens, self.groups)
        return (
            sa.select(-documents.c.document, documents.c.document, documents.c.record_id)
            .select_from(records)
            .join(documents, documents.c.record_id == records.c.id)
            .where(documents.c.document < -after, has_tokens)
            .order_by(documents.c.document.desc())
        )

    def _has_tokens(self) -> str:
        """Return the condition of PostgreSQL. What is wrapped in another one is compared, not looked up in an index.

        The planner underrates what it takes to compare tokens, so it is not left to choose.
        """
        asked, compared = "tokens @@ CAST(:asked AS tsquery)", "(tokens @@ CAST(:compared AS tsquery)) IS TRUE"
        looked_up = asked if self.look_up.few else f"({asked}) IS TRUE"
        return f"{looked_up} AND {compared}" if self.look_up.compared else looked_up


_PLAN_ANEW = sa.text("SET LOCAL plan_cache_mode = force_custom_plan")
_PLAN_AS_USUAL = sa.text("SET LOCAL plan_cache_mode = DEFAULT")
