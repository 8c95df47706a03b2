"""Surveys and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.runtime.services.bound import Bound
from crmkit.services import surveys

if TYPE_CHECKING:
    from crmkit.core.customer import Customer
    from crmkit.core.interaction import Interaction
    from crmkit.services.satisfaction import By, SatisfactionReport
    from crmkit.services.surveys import Answer


class Surveys(Bound):
    """Surveys and what they say."""

    __slots__ = ()

    def ask(self, customer: Customer | UUID, **details: Any) -> Interaction:
        """Put the questions of a survey to a customer; see :func:`crmkit.services.surveys.ask`."""
        return surveys.ask(self._session, customer, **details)

    def answer(self, interaction: Interaction | UUID, answers: Mapping[str, Answer]) -> Interaction:
        """Take down the answers to a survey; see :func:`crmkit.services.surveys.answer`."""
        return surveys.answer(self._session, interaction, answers)

    def satisfaction_report(self, by: By = "question", **details: Any) -> SatisfactionReport:
        """Return a report of satisfaction; see :func:`crmkit.services.satisfaction.satisfaction_report`."""
        from crmkit.services.satisfaction import satisfaction_report

        return satisfaction_report(self._session, by, **details)
