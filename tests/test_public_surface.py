"""What plugins may import is written down twice, so that no name comes or goes by accident."""

from __future__ import annotations

import importlib
import subprocess
import sys

import crmkit.plugin

RECORDED = [
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
    "HOOK_API",
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


def test_the_recorded_names_are_offered_and_no_others() -> None:
    assert sorted(crmkit.plugin.__all__) == RECORDED


def test_each_name_can_be_imported() -> None:
    module = importlib.import_module("crmkit.plugin")
    assert [name for name in RECORDED if getattr(module, name, None) is None] == []


def test_nothing_else_of_crmkit_is_left_lying_in_the_module() -> None:
    names = {name for name in vars(crmkit.plugin) if name[0] not in "_@"}
    assert names - set(RECORDED) == {"annotations"}


def test_importing_it_imports_neither_the_database_layer_nor_what_the_web_takes() -> None:
    modules = "('sqlalchemy', 'cattrs', 'click', 'crmkit.hooks.web.actions', 'crmkit.hooks.web.blocks')"
    program = f"import sys, crmkit.plugin; print([m for m in {modules} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
