"""Records as people name them on the command line: by what they are known by, or by their id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmkit.core.entity import EntityInfo
    from crmkit.store.session import Session


def named_record(session: Session, info: EntityInfo, needle: str) -> Any:
    """Return the record that ``needle`` names: a customer by name, number or address, others by title or id.

    Raises NotFound and, when several have the title, BadInput.
    """
    from crmkit.core.errors import BadInput, NotFound
    from crmkit.core.messages import msg, shown
    from crmkit.core.values.ids import parse_id
    from crmkit.services.customer_view import find_customer
    from crmkit.services.merging import resolve

    if info.name == "customer":
        return find_customer(session, needle)
    try:
        return session.get(info.cls, resolve(session, info.cls, parse_id(needle)))
    except BadInput:
        title = info.by_name.get(info.title)
        called: dict[str, Any] = {info.title: needle}
        found = session.list(info.cls, limit=6, **called) if title and title.kind.value == "text" else []
    if not found:
        raise NotFound(msg("no {entity} {needle}", entity=info.name, needle=shown(needle)))
    if len(found) > 1:
        ids = ", ".join(str(record.id) for record in found[:5])
        raise BadInput(
            msg(
                "{count} records are called {needle}; name one by its id: {ids}",
                count=len(found),
                needle=shown(needle),
                ids=ids,
            )
        )
    return found[0]


def named_records(session: Session, info: EntityInfo, needles: Iterable[str]) -> list[Any]:
    """Return the records that each of ``needles`` names; raises as ``named_record`` does."""
    return [named_record(session, info, needle) for needle in needles]
