"""The use cases, bound to one unit of work; plugins reach them as ``ctx.services``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from crmkit.core.consent import Consent
from crmkit.core.consent_decision import Decision
from crmkit.core.customer import Customer
from crmkit.core.entity import Part
from crmkit.services import consent, surveys, working_time
from crmkit.services.customer_view import CustomerView, customer_view
from crmkit.services.lifecycle import moving
from crmkit.services.lifecycle.defining import ensure_lifecycles

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from crmkit.core.identity import IdentityClaim, NotTheSame
    from crmkit.core.interaction import Interaction
    from crmkit.core.journal import MergeJournal
    from crmkit.core.lifecycle import StageTrack
    from crmkit.core.lifecycle_history import Interval
    from crmkit.core.merging import MergePlan
    from crmkit.core.worth import Worth
    from crmkit.runtime.crm import Crm
    from crmkit.services.history import FieldChange, HistoryEntry
    from crmkit.services.identify import Candidate, Evidence, Recognition
    from crmkit.services.merging import UndoReport
    from crmkit.services.satisfaction import By, SatisfactionReport
    from crmkit.services.surveys import Answer
    from crmkit.store.session import Session

P = TypeVar("P", bound=Part)


class Services:
    """Each method is a use case of ``crmkit.services`` with session and application filled in."""

    __slots__ = ("_crm", "_session")

    def __init__(self, crm: Crm, session: Session) -> None:
        self._crm, self._session = crm, session

    def customer_view(self, needle: str) -> CustomerView:
        """Return everything known of one customer; see :func:`crmkit.services.customer_view.customer_view`."""
        return customer_view(self._session, needle, self._crm.kinds)

    def customer_worths(
        self, currency: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> list[Worth]:
        """Return what customers are worth; see :func:`crmkit.services.value.customer_worths`."""
        from crmkit.services.value import customer_worths

        unit = currency or self._crm.config.currency
        return customer_worths(self._session, self._crm.kinds, unit, since=since, until=until)

    def grant(self, customer: Customer | UUID, purpose: str, **details: Any) -> Consent:
        """Add that the customer allows a purpose; see :func:`crmkit.services.consent.state`."""
        return consent.grant(self._session, customer, purpose, **details)

    def deny(self, customer: Customer | UUID, purpose: str, **details: Any) -> Consent:
        """Add that the customer denies a purpose; see :func:`crmkit.services.consent.state`."""
        return consent.deny(self._session, customer, purpose, **details)

    def withdraw(self, customer: Customer | UUID, purpose: str = "*", **details: Any) -> Consent:
        """Add that the customer takes back what was granted; see :func:`crmkit.services.consent.state`."""
        return consent.withdraw(self._session, customer, purpose, **details)

    def can_contact(self, customer: Customer | UUID, channel: str, purpose: str, **details: Any) -> Decision:
        """Return whether a customer may be contacted, and why; see :func:`crmkit.services.consent.can_contact`."""
        terms = self._crm.config.consent
        return consent.can_contact(self._session, customer, channel, purpose, terms=terms, **details)

    def contactable(
        self, customers: Iterable[Customer | UUID], channel: str, purpose: str, **details: Any
    ) -> Mapping[UUID, Decision]:
        """Return the decision for many customers at once; see :func:`crmkit.services.consent.contactable`."""
        terms = self._crm.config.consent
        return consent.contactable(self._session, customers, channel, purpose, terms=terms, **details)

    def as_of(self, entity: type[P], id: UUID | str, instant: datetime, *, deleted: bool = False) -> P | None:
        """Return a record as it was at an instant; see :func:`crmkit.services.history.as_of`."""
        from crmkit.services.history import as_of

        return as_of(self._session, entity, id, instant, deleted=deleted)

    def changes(self, entity: type[Part], id: UUID | str, **details: Any) -> tuple[HistoryEntry, ...]:
        """Return who changed what in a record; see :func:`crmkit.services.history.changes`."""
        from crmkit.services.history import changes

        return changes(self._session, entity, id, **details)

    def diff(self, entity: type[Part], id: UUID | str, a: datetime, b: datetime) -> tuple[FieldChange, ...]:
        """Return how a record at ``b`` differs from what it was at ``a``; see :func:`crmkit.services.history.diff`."""
        from crmkit.services.history import diff

        return diff(self._session, entity, id, a, b)

    def start(self, record: Part, **details: Any) -> StageTrack:
        """Begin a record's way in a lifecycle; see :func:`crmkit.services.lifecycle.moving.start`."""
        ensure_lifecycles(self._session, self._crm.lifecycles())
        return moving.start(self._session, record, **{"cause": "plugin", **details})

    def move(self, target: Part, to: str, **details: Any) -> StageTrack:
        """Move a record or track to another stage; see :func:`crmkit.services.lifecycle.moving.move`."""
        return moving.move(self._session, target, to, **{"cause": "plugin", **details})

    def stage_history(self, target: Part, *, lifecycle: str = "") -> tuple[Interval, ...]:
        """Return the stages a record stood in; see :func:`crmkit.services.lifecycle.moving.history`."""
        return moving.history(self._session, target, lifecycle=lifecycle)

    def working_time(self, calendar: str, start: datetime, end: datetime) -> timedelta:
        """Return the working time between two instants; see :func:`crmkit.services.working_time.working_time`."""
        return working_time.working_time(self._session, calendar, start, end)

    def deadline(self, calendar: str, start: datetime, duration: timedelta) -> datetime:
        """Return when so much working time is over; see :func:`crmkit.services.working_time.deadline`."""
        return working_time.deadline(self._session, calendar, start, duration)

    def identify(self, evidence: Evidence, channel: str = "") -> Recognition:
        """Return who somebody is; see :func:`crmkit.services.identify.identify`."""
        from crmkit.services.identify import identify

        return identify(self._session, evidence, channel)

    def recognise(
        self, evidence: Evidence, channel: str, raw: Mapping[str, Any] | None = None
    ) -> tuple[Recognition, IdentityClaim | None]:
        """Identify somebody, or keep a claim; see :func:`crmkit.services.identify.recognise`."""
        from crmkit.services.identify import recognise

        return recognise(self._session, evidence, channel, raw)

    def lookalikes(self, customer: Customer) -> tuple[Candidate, ...]:
        """Return who may be the same as a customer; see :func:`crmkit.services.identify.lookalikes`."""
        from crmkit.services.identify import lookalikes

        return lookalikes(self._session, customer)

    def resolve_claim(self, claim: IdentityClaim | UUID, customer: Customer | UUID, *, learn: bool = False) -> int:
        """Decide that a claim is a customer; see :func:`crmkit.services.identify.resolve`."""
        from crmkit.services.identify import resolve

        return resolve(self._session, claim, customer, learn=learn)

    def dismiss_claim(self, claim: IdentityClaim | UUID) -> IdentityClaim:
        """Decide that a claim is nobody to know; see :func:`crmkit.services.identify.dismiss`."""
        from crmkit.services.identify import dismiss

        return dismiss(self._session, claim)

    def reject_candidate(self, claim: IdentityClaim | UUID, customer: Customer | UUID) -> IdentityClaim:
        """Remember that a claim is not a customer; see :func:`crmkit.services.identify.reject`."""
        from crmkit.services.identify import reject

        return reject(self._session, claim, customer)

    def not_the_same(self, first: Customer | UUID, second: Customer | UUID, note: str = "") -> NotTheSame:
        """Remember that two customers are not one; see :func:`crmkit.services.identify.not_the_same`."""
        from crmkit.services.identify import not_the_same

        return not_the_same(self._session, first, second, note)

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

    def preview_merge(self, kept: Part | UUID, lost: Part | UUID, **details: Any) -> MergePlan:
        """Return what merging two records would do; see :func:`crmkit.services.merging.preview`."""
        from crmkit.services.merging import preview

        return preview(self._session, kept, lost, **details)

    def merge(self, plan: MergePlan) -> MergeJournal:
        """Merge two records as planned; see :func:`crmkit.services.merging.merge`."""
        from crmkit.services.merging import merge

        return merge(self._session, plan)

    def undo_merge(self, journal_id: UUID) -> UndoReport:
        """Take a merge back; see :func:`crmkit.services.merging.undo`."""
        from crmkit.services.merging import undo

        return undo(self._session, journal_id)

    def resolve(self, entity: type[Part], id: UUID | str) -> UUID:
        """Return where an id leads that may be of a merged record; see :func:`crmkit.services.merging.resolve`."""
        from crmkit.services.merging import resolve

        return resolve(self._session, entity, id)

    def enqueue(self, command: Any) -> Any:
        """Submit a command to be executed in a transaction of its own; returns a future with its result."""
        return self._crm.submit(command, self._session.actor)
