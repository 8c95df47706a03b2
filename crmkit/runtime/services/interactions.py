"""What went on with customers."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from crmkit.core.customer import Customer
    from crmkit.core.entity import Part
    from crmkit.core.interaction import Interaction
    from crmkit.services.interactions import ContactFigures, Logged, Timeline
    from crmkit.services.interactions.parties import Participant, Party


class Interactions(Bound):
    """What went on with customers."""

    __slots__ = ()

    def log(self, kind: str, **details: Any) -> Logged:
        """Log an interaction once; see :func:`crmkit.services.interactions.log`."""
        from crmkit.services.interactions import log

        given = {"kinds": self._crm.kinds, "country": self._crm.config.country, **details}
        return log(self._session, kind, **given)

    def participant(self, **details: Any) -> Participant:
        """Return somebody who takes part, for ``log``; see :class:`crmkit.services.interactions.parties.Participant`."""
        from crmkit.services.interactions.parties import Participant

        return Participant(**details)

    def told_by(self, channel: str) -> AbstractContextManager[None]:
        """Let a connector mend what its channel told; see :func:`crmkit.services.completed_interactions.told_by`."""
        from crmkit.services.completed_interactions import told_by

        return told_by(self._session, channel)

    def log_call(self, party: Party, **details: Any) -> Logged:
        """Log a telephone call; see :func:`crmkit.services.interactions.log_call`."""
        from crmkit.services.interactions import log_call

        return log_call(self._session, party, **{"country": self._crm.config.country, **details})

    def log_chat(self, party: Party, text: str, *, channel: str, **details: Any) -> Logged:
        """Log a message of a chat; see :func:`crmkit.services.interactions.log_chat`."""
        from crmkit.services.interactions import log_chat

        return log_chat(self._session, party, text, channel=channel, **details)

    def correct(self, interaction: Interaction | UUID, **values: Any) -> Interaction:
        """Correct a completed interaction; see :func:`crmkit.services.interactions.correct`."""
        from crmkit.services.interactions import correct

        return correct(self._session, interaction, **values)

    def timeline(self, customer: Customer | UUID, **details: Any) -> Timeline:
        """Return a page of a customer's timeline; see :func:`crmkit.services.interactions.timeline`."""
        from crmkit.services.interactions import timeline

        return timeline(self._session, customer, **details)

    def record_timeline(self, entity: type[Part], id: UUID | str, **details: Any) -> Timeline:
        """Return a page of any record's timeline; see :func:`crmkit.runtime.extensions.timelines.record_timeline`."""
        from crmkit.runtime.extensions.timelines import record_timeline

        return record_timeline(self._crm, self._session, entity, id, **details)

    def thread(self, interaction: Interaction | UUID) -> list[Interaction]:
        """Return the thread of an interaction; see :func:`crmkit.services.interactions.thread`."""
        from crmkit.services.interactions import thread

        return thread(self._session, interaction)

    def contact_figures(self, customers: Iterable[Customer | UUID], **details: Any) -> dict[UUID, ContactFigures]:
        """Return when and how often customers were in contact; see :func:`crmkit.services.interactions.contact_figures`."""
        from crmkit.services.interactions import contact_figures

        return contact_figures(self._session, customers, **details)
