"""What a verification of the audit log can find."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from crmkit.core.audit_chain import Head
from crmkit.core.frozen import frozen
from crmkit.core.journal import AuditEntry
from crmkit.core.messages import Message

SHOWN = 100
"""Faults told one by one; more are only counted."""

Kind = Literal["changed", "delta", "deleted", "inserted", "truncated", "erased", "seal", "head"]


@frozen
class ChainFault:
    """A place where the log is not what was sealed. ``sequence`` is its place in the chain, None for what has none."""

    kind: Kind
    message: Message
    sequence: int | None = None
    entry_id: UUID | None = None
    entity: str = ""
    record_id: UUID | None = None


def fault_of(kind: Kind, message: Message, sequence: int | None, of: AuditEntry | UUID | None = None) -> ChainFault:
    """Return a fault of an entry, or of what is left of one: its id."""
    if isinstance(of, AuditEntry):
        return ChainFault(kind, message, sequence, of.id, of.entity, of.record_id)
    return ChainFault(kind, message, sequence, of)


class Faults:
    """Collects faults: the first ``SHOWN`` of them, and how many there are."""

    def __init__(self) -> None:
        self.first: list[ChainFault] = []
        self.count = 0

    def add(self, fault: ChainFault) -> None:
        """Take note of a fault."""
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(fault)


@frozen
class Verification:
    """What was found. ``faults`` holds the first ones, in the order of the chain; ``broken`` counts all.

    ``entries`` were checked under ``seals`` seals, ``erased`` of them hold no values any more, ``waiting`` more are not
    sealed yet. ``head`` is the last seal's.
    """

    entries: int
    seals: int
    erased: int
    waiting: int
    head: Head | None
    faults: tuple[ChainFault, ...]
    broken: int

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return self.broken == 0
