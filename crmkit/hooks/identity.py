"""Hooks of recognition."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import attrs

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context


@frozen
class AmbiguousCustomer:
    """Somebody who may be one of several customers, or who only looks like one.

    ``evidence`` is what came in (``crmkit.services.identify.Evidence``), ``candidates`` the customers with score and
    reasons, the likeliest first; ``channel`` says through which way it came, when that is known.
    """

    evidence: Any
    candidates: tuple[Any, ...]
    channel: str = ""
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many candidates there are."""
        return len(self.candidates)


@frozen
class CustomerChoice:
    """A decision: it is this candidate, for this reason."""

    customer_id: UUID
    reason: Message = attrs.field(factory=lambda: msg("decided by a rule"))


class IdentitySpecs:
    """Called when somebody is to be recognised."""

    @hookspec(kind=Kind.CHOOSE, since="0.1")
    def choose_customer(self, ctx: Context, call: AmbiguousCustomer) -> CustomerChoice | None:
        """Decide which candidate it is, or return None to leave it open for a person. Exact matches never come here."""
