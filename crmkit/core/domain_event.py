"""Domain events: what plugins say by name, with a payload of a declared form, of a change in its own transaction.

A change of a field says that a status is now ``won``; a domain event says that a deal was won. Its type in the event log
is its name, such as ``sfa.deal_won``, and whoever listens to the log hears of it like of any other event.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

import attrs

from crmkit.core.entity import EMPTY, Part, ViaRecord, entity, field
from crmkit.core.errors import ConfigError
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg, shown
from crmkit.core.payloads import check_payload, payload_document, payload_schema

DOMAIN_EVENT = "domain_event"

_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@entity(DOMAIN_EVENT, access=ViaRecord(), indexes=(("record_id",),))
class DomainEvent(Part):
    """Something that happened to a record, as a plugin declared it: added by its derive hooks, never changed.

    ``data`` is the payload as JSON holds it, in the form that version ``schema_version`` of its declaration says.
    """

    name: str = field(max_length=100, erase="keep")
    schema_version: int = field(default=1, minimum=1)
    entity: str = field(max_length=100, erase="keep")
    record_id: UUID = field(label="Record", merge="repoint", erase="delete")
    data: Mapping[str, Any] = field(default=EMPTY)


def _named(record: EventDeclaration, attribute: attrs.Attribute[str], value: str) -> None:
    if not _NAME.fullmatch(value):
        raise ConfigError(
            msg(
                "event {name}: expected the plugin's name, a point and a word, as in loyalty.level_reached",
                name=shown(value),
            )
        )


def _formed(record: EventDeclaration, attribute: attrs.Attribute[Any], value: type[Any]) -> None:
    check_payload(value)


@frozen
class EventDeclaration:
    """A kind of domain event. ``name`` begins with the plugin's name, as in ``loyalty.level_reached``.

    ``entity`` is what it happens to. ``payload`` is an attrs class: texts, numbers, ids, days, instants, money, choices and
    these or None, each with ``help`` in its metadata. Attributes may be added to it; whoever takes one away or gives one
    another meaning raises ``version``. A payload outlives what it tells of: put ids into it, and nothing about people.
    """

    name: str = attrs.field(validator=_named)
    entity: str
    payload: type[Any] = attrs.field(validator=_formed)
    help: Message
    version: int = attrs.field(default=1, validator=attrs.validators.ge(1))

    @property
    def plugin(self) -> str:
        """Whose it is."""
        return self.name.partition(".")[0]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the payload; see ``crmkit.core.payloads``."""
        return payload_schema(self.payload)

    def of(self, record: Part, payload: Any, key: str = "") -> DomainEvent:
        """Return the event of this change of ``record``, for a derive hook to return.

        Asked again about the same change it is the same event; ``key`` tells several of one change apart. Raises
        TypeError for a payload of another class.
        """
        if type(payload) is not self.payload:
            raise TypeError(f"{self.name}: the payload is a {self.payload.__name__}, not {type(payload).__name__}")
        return DomainEvent(
            id=uuid5(record.id, f"{self.name}:{record.version}:{key}"),
            name=self.name,
            schema_version=self.version,
            entity=self.entity,
            record_id=record.id,
            data=payload_document(payload),
        )


def creates(entity: str, type: str) -> bool:
    """Whether an event of ``type`` tells of a new record of ``entity``: a domain event is one, under its own name."""
    if entity == DOMAIN_EVENT:
        return not type.startswith(f"{DOMAIN_EVENT}.") or type.endswith(".created")
    return type.endswith(".created")
