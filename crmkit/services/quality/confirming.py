"""Confirming: somebody looked, and a value is still right. Written as everything is, so it is audited; its age starts anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from crmkit.core.confirmation import ValueConfirmation
from crmkit.core.entity import Part, change
from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.messages import msg
from crmkit.core.quality_rules import Expected, QualityRules
from crmkit.services.access.required import require_right
from crmkit.services.quality.scope import readable
from crmkit.services.quality.work_list import states_of
from crmkit.store.session import Session


def confirm(
    session: Session,
    rules: QualityRules,
    record: Part,
    names: Iterable[str] = (),
    *,
    note: str = "",
    at: datetime | None = None,
) -> tuple[ValueConfirmation, ...]:
    """Note that values of a record were looked at and are still right, and return the confirmations.

    ``names`` are those of expectations, by default all that can grow old and have a right value. ``at`` is when it was
    looked at, by default now. Takes the right to change the record. Raises BadInput for a name that nothing is expected
    under, for what never grows old, is missing or known to be wrong, and for a moment to come.
    """
    session.flush()
    info = session.database.registry.of(record)
    now = session.clock.now()
    moment = now if at is None else at
    if moment.tzinfo is None or moment > now:
        raise BadInput(msg("confirmed at {at}: expected a moment up to now", at=moment.isoformat()))
    expected = {one.name: one for one in readable(session, rules, info.name)}
    states = states_of(session, rules, info, [record.id]).get(record.id, {})
    wanted = list(dict.fromkeys(names)) or [
        name for name, one in expected.items() if not one.fixed and states.get(name) in ("old", "good")
    ]
    for name in wanted:
        rules.named(info.name, name)
        _refuse(session, expected.get(name), name, states.get(name, ""))
    require_right(session, info, [record.id], "update")
    # Whoever may change a record may say that it need not be changed, without another right.
    with session.acting_as(session.actor.elevated()):
        made = tuple(_confirmed(session, info.name, record.id, wanted, moment, note))
        session.flush()
    return made


def _confirmed(
    session: Session, entity: str, record: UUID, names: Iterable[str], at: datetime, note: str
) -> Iterator[ValueConfirmation]:
    """Write the confirmations of a record, over those that there are, and yield them."""
    known = {one.name: one for one in session.list(ValueConfirmation, entity=entity, record_id=record)}
    for name in names:
        values: dict[str, Any] = {"confirmed_at": at, "given_for": record, "note": note}
        before = known.get(name)
        if before is None:
            made = ValueConfirmation(entity=entity, record_id=record, name=name, **values)
            session.add(made)
        else:
            made = change(before, **values)
            session.update(made)
        yield made


def _refuse(session: Session, one: Expected | None, name: str, state: str) -> None:
    if one is None:
        raise AccessDenied(msg("{actor} may not read {field}", actor=session.actor.name, field=name))
    if one.subject == "unique":
        raise BadInput(msg("{name}: merge the records, or say that they are not the same", name=name))
    if one.fixed:
        raise BadInput(msg("{name} never grows old, so there is nothing to confirm", name=name))
    if state in ("", "missing"):
        raise BadInput(msg("{name}: there is nothing to confirm", name=name))
    if state == "wrong":
        raise BadInput(msg("{name} is known to be wrong; correct it instead", name=name))
