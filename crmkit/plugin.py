"""The face of crmkit that plugins import. What is named in ``__all__`` is kept stable; the rest of crmkit is not.

A plugin is a module or object with functions marked ``@hookimpl`` and, where it has more to say, a ``manifest``.
"""

from __future__ import annotations

from crmkit.core.deprecation import deprecated
from crmkit.core.entity import (
    CustomField,
    EntityInfo,
    FieldInfo,
    Own,
    Part,
    Record,
    Via,
    ViaLink,
    ViaRecord,
    change,
    entity,
    entity_info,
    field,
)
from crmkit.core.errors import (
    AccessDenied,
    BadInput,
    ConfigError,
    Conflict,
    CrmError,
    FieldError,
    HookLoop,
    NotFound,
    PluginError,
    Refused,
    StaleVersion,
    TryLater,
    ValidationFailed,
    did_you_mean,
)
from crmkit.core.interaction import InteractionKind
from crmkit.core.journal import Event
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.lifecycle_reading import lifecycle_from_toml
from crmkit.core.messages import Message, msg
from crmkit.core.quality import QualityExpectation
from crmkit.core.timeline import TimelineEntry
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate
from crmkit.hooks.causation import Cause
from crmkit.hooks.channels import Channel, NotSent, OutgoingFile, OutgoingMessage, Recipient, Sent
from crmkit.hooks.events import CommittedEvents
from crmkit.hooks.imports import ImportFinished, ImportRows, RowValues
from crmkit.hooks.interactions import InteractionsLogged, TimelineRequest
from crmkit.hooks.jobs import Job, JobDeclaration, Retries, ScheduleDeclaration
from crmkit.hooks.kinds import Kind as HookKind
from crmkit.hooks.kinds import hookimpl, hookspec
from crmkit.hooks.lifecycle import StageMove, StageMoves
from crmkit.hooks.merging import Merge, Merging, RecordsMerged, United
from crmkit.hooks.protocols import Actor, Clock, Context, Services, Session
from crmkit.hooks.records import Change, RecordBatch, Refuse
from crmkit.hooks.search import SearchedRecords, SearchText
from crmkit.hooks.segments import MembershipChanges
from crmkit.hooks.setup import CommandDeclaration, Permission, Setup
from crmkit.runtime.manifest import HOOK_API, Manifest
from crmkit.runtime.secrets import Secret

__all__ = [
    "HOOK_API",
    "AccessDenied",
    "Actor",
    "BadInput",
    "Cause",
    "Change",
    "Channel",
    "Clock",
    "CommandDeclaration",
    "CommittedEvents",
    "ConfigError",
    "Conflict",
    "Context",
    "CrmError",
    "CustomField",
    "EntityInfo",
    "Event",
    "FieldError",
    "FieldInfo",
    "HookKind",
    "HookLoop",
    "ImportFinished",
    "ImportRows",
    "InteractionKind",
    "InteractionsLogged",
    "Job",
    "JobDeclaration",
    "LifecycleDefinition",
    "Manifest",
    "MembershipChanges",
    "Merge",
    "Merging",
    "Message",
    "Money",
    "NotFound",
    "NotSent",
    "OutgoingFile",
    "OutgoingMessage",
    "Own",
    "Part",
    "PartialDate",
    "Permission",
    "PluginError",
    "QualityExpectation",
    "Recipient",
    "Record",
    "RecordBatch",
    "RecordsMerged",
    "Refuse",
    "Refused",
    "Retries",
    "RowValues",
    "ScheduleDeclaration",
    "SearchText",
    "SearchedRecords",
    "Secret",
    "Sent",
    "Services",
    "Session",
    "Setup",
    "StageMove",
    "StageMoves",
    "StaleVersion",
    "TimelineEntry",
    "TimelineRequest",
    "TryLater",
    "United",
    "ValidationFailed",
    "Via",
    "ViaLink",
    "ViaRecord",
    "change",
    "deprecated",
    "did_you_mean",
    "entity",
    "entity_info",
    "field",
    "hookimpl",
    "hookspec",
    "lifecycle_from_toml",
    "msg",
]
