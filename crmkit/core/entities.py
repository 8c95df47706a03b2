"""The list of the core's entities."""

from __future__ import annotations

from crmkit.core.confirmation import ValueConfirmation
from crmkit.core.consent import Consent
from crmkit.core.customer import ContactPoint, Customer, CustomerRelation, RelationType
from crmkit.core.domain_event import DomainEvent
from crmkit.core.exchange_rate import ExchangeRate
from crmkit.core.grouping import Segment, SegmentMember, Tag, Tagging
from crmkit.core.handover import HandOver, HandOverBatch
from crmkit.core.identity import ExternalIdentity, IdentityClaim, NotTheSame
from crmkit.core.interaction import (
    Attachment,
    Interaction,
    InteractionLine,
    InteractionLink,
    InteractionParticipant,
)
from crmkit.core.journal import AuditEntry, Event, ImportAlias, ImportRun, MergeJournal
from crmkit.core.lifecycle import Lifecycle, Relationship, StageTrack, StageTransition
from crmkit.core.mail_folder import MailFolder
from crmkit.core.personal_data import Erasure, LegalHold
from crmkit.core.product import Asset, Product
from crmkit.core.staff import Delegation, RecordShare, Role, RoleAssignment, Team, User
from crmkit.core.survey import SurveyAnswer, SurveyQuestion
from crmkit.core.working_calendar import WorkingCalendar

CORE_ENTITIES: tuple[type, ...] = (
    Team,
    User,
    Role,
    RoleAssignment,
    RecordShare,
    Delegation,
    Customer,
    ContactPoint,
    RelationType,
    CustomerRelation,
    ExternalIdentity,
    IdentityClaim,
    NotTheSame,
    ValueConfirmation,
    Consent,
    Product,
    Asset,
    Interaction,
    InteractionParticipant,
    InteractionLine,
    InteractionLink,
    Attachment,
    MailFolder,
    SurveyQuestion,
    SurveyAnswer,
    Lifecycle,
    Relationship,
    StageTrack,
    StageTransition,
    DomainEvent,
    Segment,
    SegmentMember,
    Tag,
    Tagging,
    WorkingCalendar,
    ExchangeRate,
    HandOver,
    HandOverBatch,
    Erasure,
    LegalHold,
    MergeJournal,
    ImportAlias,
    ImportRun,
    AuditEntry,
    Event,
)
