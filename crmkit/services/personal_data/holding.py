"""What must not be erased: legal holds that people place on records, and what a rule of the configuration keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from crmkit.core.entity import Part
from crmkit.core.errors import BadInput, ConfigError, CrmError
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.core.personal_data import KeepRule, LegalHold, kept_until
from crmkit.services.personal_data.reach import Key, Reach
from crmkit.store.chunks import distinct_chunks
from crmkit.store.session import Session


@frozen
class Kept:
    """Why a record stays, and until when (None: until somebody decides otherwise)."""

    reason: Message
    until: datetime | None = None


def hold(session: Session, record: Part, reason: str, until: datetime | None = None) -> LegalHold:
    """Place a legal hold on a record and return it: neither an erasure nor a retention rule touches it from then on.

    It holds until ``until``, or until it is released. Raises NotFound for a record that the actor does not see, and
    BadInput without a reason and for an end that has passed.
    """
    info = session.database.registry.of(record)
    if not reason.strip():
        raise BadInput(msg("a legal hold needs a reason"))
    if until is not None and until <= session.clock.now():
        raise BadInput(msg("a legal hold until {until}: that has passed already", until=until.isoformat()))
    found = session.get(info.cls, record.id)
    made = LegalHold(entity=info.name, record_id=found.id, reason=reason, until=until)
    session.add(made)
    return made


def release(session: Session, hold: LegalHold | UUID) -> LegalHold:
    """End a legal hold and return it. Raises NotFound for one that the actor does not see or that was ended before."""
    found = session.get(LegalHold, hold if isinstance(hold, UUID) else hold.id)
    session.delete(found)
    return found


def holds_on(session: Session, entity: str, ids: Iterable[UUID]) -> dict[UUID, LegalHold]:
    """Return the legal holds in force on records, one for each record."""
    now, found = session.clock.now(), dict[UUID, LegalHold]()
    for chunk in distinct_chunks(sorted(ids)):
        for one in session.list(LegalHold, record_id=chunk, entity=entity):
            if one.until is None or one.until > now:
                found[one.record_id] = one
    return found


def kept_by_rules(session: Session, rules: Sequence[KeepRule], reach: Reach) -> Mapping[Key, Kept]:
    """Return what rules keep of what was reached, with the longest time of each."""
    found: dict[Key, Kept] = {}
    now = session.clock.now()
    for rule in rules:
        for record in _matching(session, rule, reach):
            until = kept_until(rule, record, session.actor.timezone)
            if until is not None and until <= now:
                continue
            known = found.get((rule.entity, record.id))
            if known is None or (known.until is not None and (until is None or until > known.until)):
                found[rule.entity, record.id] = Kept(_reason(rule), until)
    return found


def check_rules(session: Session, rules: Iterable[KeepRule]) -> None:
    """Raise ConfigError for a rule about an entity or field that there is not, or with a filter that cannot be read."""
    from crmkit.core.filter import parse

    registry = session.database.registry
    for rule in rules:
        try:
            registry.get(rule.entity).field(rule.since)
            if rule.filter:
                parse(rule.filter, registry, rule.entity)
        except CrmError as error:
            raise ConfigError(msg("rule {name}: {error}", name=rule.name, error=error.message)) from None


def _matching(session: Session, rule: KeepRule, reach: Reach) -> Iterable[Any]:
    items = reach.items.get(rule.entity, {})
    if not rule.filter:
        yield from (item.record for item in items.values())
        return
    cls = session.database.registry.get(rule.entity).cls
    for chunk in distinct_chunks(items):
        yield from session.list(cls, rule.filter, id=chunk, deleted=True)


def _reason(rule: KeepRule) -> Message:
    why = rule.reason or rule.legal_basis
    return msg("{rule}: {reason}", rule=rule.name, reason=why)
