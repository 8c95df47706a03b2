"""Contacts of erased people that arrive again: the same mail fetched once more, the same order in the next import.

An erased interaction has lost its external key, so nothing stored tells that it was there. Keyed digests do. They stay
when a person is readmitted, who comes back as somebody new, without history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID, uuid5

from crmkit.core.identity import ExternalIdentity
from crmkit.core.interaction import Interaction
from crmkit.core.messages import Message, msg
from crmkit.core.personal_data import Erasure
from crmkit.hooks.records import Refuse
from crmkit.store.erased_keys import Identifier, erasure_secret, erasures_of
from crmkit.store.session import Session


def kept_under(erasure: UUID) -> UUID:
    """Return the id under which the digests of an erasure's interactions are kept, apart from those of the person."""
    return uuid5(erasure, "interactions")


def contact_keys(records: Iterable[Any]) -> Iterator[Identifier]:
    """Yield by what erased interactions, and what other systems call them, are known again."""
    for record in records:
        if isinstance(record, Interaction) and record.external_key:
            yield "interaction", record.channel, record.external_key
        elif isinstance(record, ExternalIdentity) and record.entity == "interaction" and record.external_id:
            yield "interaction number", record.system, record.external_id


def erased_contact(session: Session, channel: str, key: str) -> Message | None:
    """Return why the interaction that a channel calls so is not logged again; None when it may be."""
    secret = erasure_secret(session)
    if secret is None or not key:
        return None
    wanted = ("interaction", channel, key)
    return _told(session, erasures_of(session, secret, [wanted])).get(wanted)


def contact_refusals(session: Any, records: Iterable[Any]) -> Iterator[Refuse]:
    """Yield a refusal for each new interaction, or number of one, that was erased before."""
    by_key = {key: record for record in records for key in contact_keys([record])}
    secret = erasure_secret(session) if by_key else None
    if secret is None:
        return
    for key, reason in _told(session, erasures_of(session, secret, by_key)).items():
        record = by_key[key]
        yield Refuse(reason, record.record_id if isinstance(record, ExternalIdentity) else record.id)


def _told(session: Session, found: Mapping[Identifier, UUID]) -> dict[Identifier, Message]:
    if not found:
        return {}
    with session.acting_as(session.actor.elevated()):
        erasures = {kept_under(erasure.id): erasure for erasure in session.peek_all(Erasure)}
    told: dict[Identifier, Message] = {}
    for key, id in found.items():
        erasure = erasures.get(id)
        if erasure is not None:
            day = "" if erasure.created_at is None else erasure.created_at.date().isoformat()
            told[key] = msg(
                "{channel} {key} was erased on {day} with the person it was about; it is not taken in again",
                channel=key[1],
                key=key[2],
                day=day,
            )
    return told
