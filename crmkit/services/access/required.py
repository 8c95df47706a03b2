"""Rights that a use case asks for beside reading and writing: to export, to merge, to erase."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import AccessDenied
from crmkit.core.messages import msg
from crmkit.store.references import existing_ids
from crmkit.store.session import Session


def require_right(session: Session, info: EntityInfo, ids: Iterable[UUID], action: str) -> None:
    """Raise AccessDenied unless the actor's right for an action reaches each of these records, deleted ones too."""
    wanted = set(ids)
    found = existing_ids(
        session.connection, session.database, session.narrowing, info.name, wanted, action, deleted=True
    )
    for id in sorted(wanted - found):
        raise AccessDenied(
            msg(
                "{actor} may not {right} {entity} {record}",
                actor=session.actor.name,
                right=action,
                entity=info.name,
                record=str(id),
            )
        )
