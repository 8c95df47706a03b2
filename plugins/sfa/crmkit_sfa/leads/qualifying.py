"""Qualifying leads: what is known of each criterion, and whether that is enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crmkit.core.frozen import frozen
from crmkit.plugin import BadInput, Context, change, did_you_mean, msg
from crmkit_sfa.leads.changing import not_open
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.settings import LeadSettings
from crmkit_sfa.leads.statuses import OPEN


@frozen
class Answer:
    """What is known of one criterion: ``met`` is None while nobody knows."""

    criterion: str
    met: bool | None = None
    note: str = ""


@frozen
class Checklist:
    """The criteria with their answers, and how many of them have to be met."""

    answers: tuple[Answer, ...]
    needed: int

    @property
    def met(self) -> int:
        """How many criteria are met."""
        return sum(1 for answer in self.answers if answer.met)

    @property
    def passed(self) -> bool:
        """Whether enough are met."""
        return self.met >= self.needed

    @property
    def missing(self) -> tuple[str, ...]:
        """The criteria that are not met."""
        return tuple(answer.criterion for answer in self.answers if not answer.met)


def checklist(settings: LeadSettings, answers: Mapping[str, Any]) -> Checklist:
    """Return the checklist of a lead with these answers. Pure."""
    found = tuple(_answer(criterion, answers.get(criterion)) for criterion in settings.criteria)
    needed = settings.criteria_needed or len(settings.criteria)
    return Checklist(found, min(needed, len(found)))


def _answer(criterion: str, given: Any) -> Answer:
    if not isinstance(given, Mapping):
        return Answer(criterion)
    return Answer(criterion, given.get("met"), str(given.get("note", "")))


def qualify(ctx: Context, lead: Lead, answers: Iterable[Answer] = ()) -> tuple[Lead, Checklist]:
    """Keep what is known of criteria; a lead that has enough is qualified, one that no longer has is worked on again.

    Raises BadInput for an unknown criterion and Refused for a lead that is not open.
    """
    settings = ctx.config.leads
    if lead.status not in OPEN:
        raise not_open(lead)
    kept = dict(lead.answers)
    for answer in answers:
        if answer.criterion not in settings.criteria:
            hint = did_you_mean(answer.criterion, settings.criteria)
            raise BadInput(msg("no criterion {name}; {hint}", name=answer.criterion, hint=hint))
        kept[answer.criterion] = {"met": answer.met, "note": answer.note}
    found = checklist(settings, kept)
    status = "qualified" if found.passed else "working"
    made = change(lead, answers=kept, status=status, worked_at=ctx.clock.now(), waiting_since=None)
    ctx.session.update(made)
    return ctx.session.list(Lead, id=lead.id)[0], found
