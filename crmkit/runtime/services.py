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

    from crmkit.core.grouping import Segment, Tag
    from crmkit.core.identity import IdentityClaim, NotTheSame
    from crmkit.core.interaction import Attachment, Interaction
    from crmkit.core.journal import MergeJournal
    from crmkit.core.lifecycle import StageTrack
    from crmkit.core.lifecycle_history import Interval
    from crmkit.core.merging import MergePlan
    from crmkit.core.personal_data import Erasure, LegalHold
    from crmkit.core.product import Asset
    from crmkit.core.staff import User
    from crmkit.core.worth import Worth
    from crmkit.runtime.crm import Crm
    from crmkit.services.handover import HandOverPlan, HandOverRules, Holdings
    from crmkit.services.history import FieldChange, HistoryEntry
    from crmkit.services.identify import Candidate, Evidence, Recognition
    from crmkit.services.interactions import ContactFigures, Logged, Timeline
    from crmkit.services.interactions.parties import Party
    from crmkit.services.merging import UndoReport
    from crmkit.services.personal_data import ErasurePlan, PersonalExport
    from crmkit.services.satisfaction import By, SatisfactionReport
    from crmkit.services.search import SearchResult
    from crmkit.services.segments import MemberPage, Preview, Refreshed
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

    def holdings(self, user: User) -> Holdings:
        """Return everything that depends on a user; see :func:`crmkit.services.handover.holdings`."""
        from crmkit.services.handover import holdings

        return holdings(self._session, user)

    def preview_handover(self, user: User, rules: HandOverRules) -> HandOverPlan:
        """Return what a hand-over would do; see :func:`crmkit.services.handover.preview`."""
        from crmkit.services.handover import preview, revenue_in

        values = revenue_in(self._crm.config.currency, self._crm.kinds)
        return preview(self._session, user, rules, values)

    def freeze(self, user: User) -> User:
        """Freeze a user, who then may not act; see :func:`crmkit.services.handover.freeze`."""
        from crmkit.services.handover import freeze

        return freeze(self._session, user)

    def activate(self, user: User) -> User:
        """Let a frozen user work again; see :func:`crmkit.services.handover.activate`."""
        from crmkit.services.handover import activate

        return activate(self._session, user)

    def log(self, kind: str, **details: Any) -> Logged:
        """Log an interaction once; see :func:`crmkit.services.interactions.log`."""
        from crmkit.services.interactions import log

        given = {"kinds": self._crm.kinds, "country": self._crm.config.country, **details}
        return log(self._session, kind, **given)

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

    def thread(self, interaction: Interaction | UUID) -> list[Interaction]:
        """Return the thread of an interaction; see :func:`crmkit.services.interactions.thread`."""
        from crmkit.services.interactions import thread

        return thread(self._session, interaction)

    def contact_figures(self, customers: Iterable[Customer | UUID], **details: Any) -> dict[UUID, ContactFigures]:
        """Return when and how often customers were in contact; see :func:`crmkit.services.interactions.contact_figures`."""
        from crmkit.services.interactions import contact_figures

        return contact_figures(self._session, customers, **details)

    def write_message(self, channel: str, to: Iterable[Customer | UUID | str] = (), **details: Any) -> Interaction:
        """Write a message that waits to be sent; see :func:`crmkit.services.messaging.write_message`."""
        from crmkit.runtime.messages import written

        return written(self._crm, self._session, channel, to, **details)

    def send_message(self, channel: str, to: Iterable[Customer | UUID | str] = (), **details: Any) -> Interaction:
        """Write a message and send it once the transaction is committed; it waits on when its channel fails then."""
        from crmkit.runtime.messages import sent_after_commit

        return sent_after_commit(self._crm, self._session, channel, to, **details)

    def attach(self, interaction: Interaction, filename: str, content: bytes) -> Attachment:
        """Attach a file to an interaction; see :func:`crmkit.services.attachments.attach`."""
        from crmkit.services.attachments import attach

        return attach(self._session, self._crm.attachments, interaction, filename, content)

    def attachment_content(self, attachment: Attachment) -> bytes:
        """Return the content of an attachment; see :func:`crmkit.services.attachments.read`."""
        from crmkit.services.attachments import read

        return read(self._session, self._crm.attachments, attachment)

    def create_segment(self, name: str, filter: str = "", **details: Any) -> Segment:
        """Add a segment; see :func:`crmkit.services.segments.create_segment`."""
        from crmkit.services.segments import create_segment

        return create_segment(self._session, name, filter, **details)

    def count_segment(self, segment: Segment | UUID | str) -> int:
        """Return how many records are in a segment; see :func:`crmkit.services.segments.count`."""
        from crmkit.services.segments import count

        return count(self._session, segment)

    def segment_members(self, segment: Segment | UUID | str, **details: Any) -> MemberPage:
        """Return a page of the records in a segment; see :func:`crmkit.services.segments.members`."""
        from crmkit.services.segments import members

        return members(self._session, segment, **details)

    def preview_segment(self, segment: Segment | UUID | str = "", **details: Any) -> Preview:
        """Return the first records in a segment, and why; see :func:`crmkit.services.segments.preview`."""
        from crmkit.services.segments import preview

        return preview(self._session, segment, **details)

    def in_segment(self, record: Part, segment: Segment | UUID | str) -> bool:
        """Return whether a record is in a segment; see :func:`crmkit.services.segments.in_segment`."""
        from crmkit.services.segments import in_segment

        return in_segment(self._session, record, segment)

    def freeze_segment(self, segment: Segment | UUID | str, name: str) -> Segment:
        """Make a frozen list of a segment; see :func:`crmkit.services.segments.freeze`."""
        from crmkit.services.segments import freeze

        return freeze(self._session, segment, name)

    def add_to_segment(self, segment: Segment | UUID | str, records: Iterable[Part | UUID]) -> int:
        """Put records on a frozen list; see :func:`crmkit.services.segments.add_members`."""
        from crmkit.services.segments import add_members

        return add_members(self._session, segment, records)

    def remove_from_segment(self, segment: Segment | UUID | str, records: Iterable[Part | UUID]) -> int:
        """Take records off a frozen list; see :func:`crmkit.services.segments.remove_members`."""
        from crmkit.services.segments import remove_members

        return remove_members(self._session, segment, records)

    def watch_segment(self, segment: Segment | UUID | str, watched: bool = True, **details: Any) -> Segment:
        """Keep who joins and leaves a segment; see :func:`crmkit.services.segments.watch`."""
        from crmkit.services.segments import watch

        return watch(self._session, segment, watched, **details)

    def refresh_segment(self, segment: Segment | UUID | str) -> Refreshed:
        """Bring a watched segment's members up to date; see :func:`crmkit.services.segments.refresh`."""
        from crmkit.services.segments import refresh

        return refresh(self._session, segment)

    def add_tags(self, records: Iterable[Part | UUID], names: Iterable[str], **details: Any) -> int:
        """Put tags on records; see :func:`crmkit.services.tags.add_tags`."""
        from crmkit.services.tags import add_tags

        return add_tags(self._session, records, names, **details)

    def remove_tags(self, records: Iterable[Part | UUID], names: Iterable[str], **details: Any) -> int:
        """Take tags off records; see :func:`crmkit.services.tags.remove_tags`."""
        from crmkit.services.tags import remove_tags

        return remove_tags(self._session, records, names, **details)

    def tags_of(self, record: Part) -> tuple[Tag, ...]:
        """Return the tags on a record; see :func:`crmkit.services.tags.tags_of`."""
        from crmkit.services.tags import tags_of

        return tags_of(self._session, record)

    def add_asset(self, customer: Customer | UUID, name: str = "", **details: Any) -> Asset:
        """Add what a customer owns; see :func:`crmkit.services.assets.add_asset`."""
        from crmkit.services.assets import add_asset

        return add_asset(self._session, customer, name, **details)

    def assets_of(self, customer: Customer | UUID, **details: Any) -> list[Asset]:
        """Return what a customer owns; see :func:`crmkit.services.assets.assets_of`."""
        from crmkit.services.assets import assets_of

        return assets_of(self._session, customer, **details)

    def transfer_asset(self, asset: Asset | UUID, customer: Customer | UUID) -> Asset:
        """Give an asset to another customer; see :func:`crmkit.services.assets.transfer_asset`."""
        from crmkit.services.assets import transfer_asset

        return transfer_asset(self._session, asset, customer)

    def search(self, text: str, entities: Iterable[str] = (), limit: int = 20) -> SearchResult:
        """Return the records that fit what somebody typed; see :func:`crmkit.services.search.search`."""
        from crmkit.services.search import search

        return search(self._session, text, entities, limit)

    def export_person(self, customer: Customer | UUID | str, *, history: bool = False) -> PersonalExport:
        """Return all that is held on a customer; see :func:`crmkit.services.personal_data.export_person`."""
        from crmkit.services.personal_data import export_person

        return export_person(self._session, customer, history=history)

    def preview_erasure(self, customer: Customer | UUID | str, reason: str = "", **details: Any) -> ErasurePlan:
        """Return what erasing a customer would do; see :func:`crmkit.services.personal_data.preview`."""
        from crmkit.services.personal_data import preview

        return preview(self._session, customer, reason, settings=self._crm.config.personal_data, **details)

    def erase(self, customer: Customer | UUID | str, reason: str, **details: Any) -> Erasure:
        """Erase a customer; see :func:`crmkit.services.personal_data.erase`."""
        from crmkit.services.personal_data import erase

        given = {"settings": self._crm.config.personal_data, "attachments": lambda: self._crm.attachments, **details}
        return erase(self._session, customer, reason, **given)

    def hold(self, record: Part, reason: str, until: datetime | None = None) -> LegalHold:
        """Keep a record from being erased; see :func:`crmkit.services.personal_data.hold`."""
        from crmkit.services.personal_data import hold

        return hold(self._session, record, reason, until)

    def release_hold(self, hold: LegalHold | UUID) -> LegalHold:
        """End a legal hold; see :func:`crmkit.services.personal_data.release`."""
        from crmkit.services.personal_data import release

        return release(self._session, hold)

    def enqueue(self, command: Any) -> Any:
        """Submit a command to be executed in a transaction of its own; returns a future with its result."""
        return self._crm.submit(command, self._session.actor)
