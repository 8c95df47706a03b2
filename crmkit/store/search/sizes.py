"""How many documents have which words, as PostgreSQL estimates it, and what is therefore looked up in which index.

Its index of tokens reads the whole list of each word's beginning before it joins them. With a rare word beside a frequent one, it
is quicker to look up the rare one alone and to compare the documents found with the other. Of what many documents have, the newest
are met soon where all documents are gone through from the newest on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.core.search.query import AnyOf
from crmkit.store.search.token_queries import tsquery

if TYPE_CHECKING:
    from crmkit.store.session import Session

LONG_LIST = 5_000
"""Documents from which on a word is frequent beside a rare one."""

FAR_APART = 10
"""How many times as many documents as the rarest word a frequent one has at least."""

RARE = 20_000
"""Documents up to which all are looked up and put in order; of more, the newest are met soon among all others."""


@frozen
class LookUp:
    """The groups looked up in the index of tokens, those that the documents are compared with, and whether these are few."""

    sought: Sequence[AnyOf]
    compared: Sequence[AnyOf]
    few: bool


def look_up(session: Session, groups: Sequence[AnyOf]) -> LookUp:
    """Return how documents that have tokens of every group are found soonest."""
    *sizes, together = _sizes(session, groups)
    least = max(LONG_LIST, FAR_APART * min(sizes))
    rare = [group for group, size in zip(groups, sizes, strict=True) if size < least]
    frequent = [group for group, size in zip(groups, sizes, strict=True) if size >= least]
    return LookUp(rare, frequent, few=True) if rare else LookUp(groups, (), few=together < RARE)


def _sizes(session: Session, groups: Sequence[AnyOf]) -> list[int]:
    """Return how many documents have tokens of each group, and of all, as the planner estimates from its statistics."""
    one = "(SELECT 1 FROM search_documents WHERE tokens @@ CAST(:group_{place} AS tsquery))"
    asked = [tsquery([group]) for group in groups] + [tsquery(groups)]
    parts = " UNION ALL ".join(one.format(place=place) for place in range(len(asked)))
    values = {f"group_{place}": text for place, text in enumerate(asked)}
    found = session.connection.scalar(sa.text(f"EXPLAIN (FORMAT JSON) {parts}"), values)
    return [int(part["Plan Rows"]) for part in found[0]["Plan"]["Plans"]]
