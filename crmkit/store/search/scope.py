"""Whose documents are searched, and of which entities: those that have any, and the tokens that keep others' out of the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.core.search.query import AnyOf, Token
from crmkit.store.search.plan import plan_of
from crmkit.store.search.statements import run
from crmkit.store.search.tables import scope_token

if TYPE_CHECKING:
    from crmkit.store.session import Session


@frozen
class Scope:
    """``entities`` have documents; ``tokens`` are what documents of theirs have and others lack, if there are others."""

    entities: tuple[str, ...]
    tokens: tuple[AnyOf, ...]


def scope_of(session: Session, asked: Sequence[str]) -> Scope:
    """Return the scope of a search among the entities ``asked``, by one statement."""
    documents = session.database.table("search_documents")

    def build() -> sa.Select[Any]:
        # In the order of the index: asked whether any exist, a planner may go through all to find that none does.
        mine = sa.select(documents.c.entity).where(documents.c.tenant_id == sa.bindparam("tenant"))
        first = [
            mine.where(documents.c.entity >= name).order_by(documents.c.entity).limit(1).scalar_subquery()
            for name in asked
        ]
        ends = [
            sa.select(documents.c.tenant_id).order_by(order).limit(1).scalar_subquery()
            for order in (documents.c.tenant_id, documents.c.tenant_id.desc())
        ]
        return sa.select(*[column.label(f"found_{place}") for place, column in enumerate([*first, *ends])])

    ((*found, one, other),) = run(session, ("search.scope", *asked), build, {})
    filled = tuple(name for name, held in zip(asked, found, strict=True) if held == name)
    tenant = session.actor.tenant_id.bytes
    if len(asked) < len(plan_of(session.database.registry).entities):
        return Scope(filled, (tuple((Token(scope_token(tenant, name)),) for name in asked),))
    # Where there are no others, none are kept out: it takes time.
    return Scope(filled, (((Token(scope_token(tenant)),),),) if one != other else ())
