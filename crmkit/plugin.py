"""The face of crmkit that plugins import. What is named in ``__all__`` is kept stable; the rest of crmkit is not.

A plugin is a module or object with functions marked ``@hookimpl`` and, where it has more to say, a ``manifest``.
"""

from __future__ import annotations

import importlib as _importlib
import typing as _typing

from crmkit.core.deprecation import deprecated
from crmkit.core.domain_event import DomainEvent, EventDeclaration
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
from crmkit.hooks.domain_events import DomainEvents
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

if _typing.TYPE_CHECKING:
    from crmkit.hooks.web.actions import Action, ActionCall
    from crmkit.hooks.web.blocks import (
        Block,
        Chart,
        Fields,
        Form,
        Markdown,
        Metric,
        Series,
        Table,
        TableColumn,
        Timeline,
    )
    from crmkit.hooks.web.places import Column, FieldType, Page, PageCall, Panel, PanelCall, Point
    from crmkit.hooks.web.questions import (
        Report,
        ReportCall,
        SearchAsked,
        SearchFound,
        SearchProvider,
        TimelineAsked,
        TimelineSource,
    )
    from crmkit.hooks.web.routes import File, Route, RouteCall

__all__ = [
    "HOOK_API",
    "AccessDenied",
    "Action",
    "ActionCall",
    "Actor",
    "BadInput",
    "Block",
    "Cause",
    "Change",
    "Channel",
    "Chart",
    "Clock",
    "Column",
    "CommandDeclaration",
    "CommittedEvents",
    "ConfigError",
    "Conflict",
    "Context",
    "CrmError",
    "CustomField",
    "DomainEvent",
    "DomainEvents",
    "EntityInfo",
    "Event",
    "EventDeclaration",
    "FieldError",
    "FieldInfo",
    "FieldType",
    "Fields",
    "File",
    "Form",
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
    "Markdown",
    "MembershipChanges",
    "Merge",
    "Merging",
    "Message",
    "Metric",
    "Money",
    "NotFound",
    "NotSent",
    "OutgoingFile",
    "OutgoingMessage",
    "Own",
    "Page",
    "PageCall",
    "Panel",
    "PanelCall",
    "Part",
    "PartialDate",
    "Permission",
    "PluginError",
    "Point",
    "QualityExpectation",
    "Recipient",
    "Record",
    "RecordBatch",
    "RecordsMerged",
    "Refuse",
    "Refused",
    "Report",
    "ReportCall",
    "Retries",
    "Route",
    "RouteCall",
    "RowValues",
    "ScheduleDeclaration",
    "SearchAsked",
    "SearchFound",
    "SearchProvider",
    "SearchText",
    "SearchedRecords",
    "Secret",
    "Sent",
    "Series",
    "Services",
    "Session",
    "Setup",
    "StageMove",
    "StageMoves",
    "StaleVersion",
    "Table",
    "TableColumn",
    "Timeline",
    "TimelineAsked",
    "TimelineEntry",
    "TimelineRequest",
    "TimelineSource",
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

_WEB = {
    "Action": "actions",
    "ActionCall": "actions",
    "Block": "blocks",
    "Chart": "blocks",
    "Column": "places",
    "FieldType": "places",
    "Fields": "blocks",
    "File": "routes",
    "Form": "blocks",
    "Markdown": "blocks",
    "Metric": "blocks",
    "Page": "places",
    "PageCall": "places",
    "Panel": "places",
    "PanelCall": "places",
    "Point": "places",
    "Report": "questions",
    "ReportCall": "questions",
    "Route": "routes",
    "RouteCall": "routes",
    "SearchAsked": "questions",
    "SearchFound": "questions",
    "SearchProvider": "questions",
    "Series": "blocks",
    "Table": "blocks",
    "TableColumn": "blocks",
    "Timeline": "blocks",
    "TimelineAsked": "questions",
    "TimelineSource": "questions",
}
"""What plugins add to the web, by the module that has it: imported when somebody asks for it, not at each start."""


def __getattr__(name: str) -> _typing.Any:
    if name not in _WEB:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_importlib.import_module(f"crmkit.hooks.web.{_WEB[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_WEB})
