"""Whom a person goes with: the organization or household that it belongs to."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from crmkit.core.customer import CustomerRelation, RelationType
from crmkit.core.relation_types import STANDARD_RELATION_TYPES
from crmkit.core.values.clock import time_zone, today
from crmkit.services.handover.asking import asked, table_of
from crmkit.store.chunks import distinct_chunks
from crmkit.store.session import Session


def heads_of(session: Session, customers: Collection[UUID]) -> dict[UUID, UUID]:
    """Return for each person among ``customers`` the organization or household, also among them, that it belongs to.

    A relation says so whose type leads from persons to others, such as ``employed_by``, as long as it is valid. Of
    several the one that was made first counts.
    """
    known = {kind.name: kind for kind in (*STANDARD_RELATION_TYPES, *session.list(RelationType))}
    types = [kind.name for kind in known.values() if kind.from_kinds == ("person",) and "person" not in kind.to_kinds]
    types = [name for name in types if known[name].to_kinds]
    info = session.database.registry.get(CustomerRelation)
    table = table_of(session, info)
    day = today(session.clock, time_zone(session.actor.timezone))
    found: dict[UUID, UUID] = {}
    for chunk in distinct_chunks(customers):
        begun = table.c.valid_from.is_(None) | (table.c.valid_from <= day)
        valid = table.c.valid_until.is_(None) | (table.c.valid_until >= day)
        where = (table.c.from_id.in_(chunk), table.c.type.in_(types), begun, valid)
        for person, head in asked(session, info, [table.c.from_id, table.c.to_id], *where):
            if head in customers:
                found.setdefault(person, head)
    return found
