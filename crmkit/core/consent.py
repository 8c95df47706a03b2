"""Consent: append-only facts about what a customer allowed, denied or withdrew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

import attrs

from crmkit.core.entity import Part, Via, change, entity, field
from crmkit.core.errors import FieldError, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg

ConsentWord = Literal["granted", "denied", "withdrawn"]

EVERY_PURPOSE = "*"
"""The purpose of a statement that is about all purposes."""


@entity("consent", access=Via("customer_id"), title="purpose", indexes=(("customer_id", "effective_at"),))
class Consent(Part):
    """One statement of a customer. Statements are added, never changed; the most specific one decides.

    It reaches one contact point, a channel, or, where both are empty, all channels, for one purpose or ``*``.
    ``evidence`` proves it: what was said or signed, where and how. ``effective_at`` is when the customer said it.
    """

    customer_id: UUID = field(reference="customer", merge="keep_both", erase="tombstone")
    purpose: str = field(max_length=100, erase="keep", help="* for all purposes")
    channel: str = field(default="", max_length=50, erase="keep", help="Empty for all channels")
    contact_point_id: UUID | None = field(default=None, reference="contact_point")
    decision: ConsentWord = field()
    legal_basis: str = field(default="", max_length=100, erase="keep")
    evidence: str = field(default="", max_length=10_000, sensitivity="personal")
    effective_at: datetime = field()


@frozen
class ConsentTerms:
    """The words an installation uses for consent; where a list is empty, any word may be used."""

    purposes: tuple[str, ...] = ()
    """What a statement may be about, as in ``newsletter``."""
    channels: tuple[str, ...] = ()
    """Ways to contact a customer that a statement may be about, as in ``email``."""
    legal_bases: tuple[str, ...] = ()
    """What processing may rest on, as in ``consent`` or ``contract``."""

    def unknown(self, field: str, word: str) -> FieldError | None:
        """Return what is wrong with ``word`` as a ``purpose``, ``channel`` or ``legal_basis``; None when nothing is.

        Words are compared as ``consent_word`` writes them.
        """
        known = {"purpose": self.purposes, "channel": self.channels, "legal_basis": self.legal_bases}[field]
        if not known or not word or (field == "purpose" and word == EVERY_PURPOSE):
            return None
        if consent_word(word) in map(consent_word, known):
            return None
        expected = msg("a configured word; {hint}", hint=did_you_mean(word, known))
        return FieldError(f"consent.{field}", "unknown", word, expected)

    def errors(self, record: Consent) -> Iterator[FieldError]:
        """Yield what is wrong with the words of a statement."""
        for name in ("purpose", "channel", "legal_basis"):
            error = self.unknown(name, getattr(record, name))
            if error is not None:
                yield attrs.evolve(error, record_id=record.id)


def consent_word(text: str) -> str:
    """Return a purpose, channel or legal basis as it is stored: in lower case, without spaces around it."""
    return text.strip().lower()


def complete_consent(record: Consent) -> Consent:
    """Write purpose, channel and legal basis in one way, so that ``Email`` and ``email`` are the same channel."""
    words = {name: consent_word(getattr(record, name)) for name in ("purpose", "channel", "legal_basis")}
    return change(record, **words) if any(getattr(record, name) != word for name, word in words.items()) else record
