"""What plugins may import is written down twice, so that no name comes or goes by accident."""

from __future__ import annotations

import importlib
import subprocess
import sys

import crmkit.plugin

RECORDED = [
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


def test_the_recorded_names_are_offered_and_no_others() -> None:
    assert sorted(crmkit.plugin.__all__) == RECORDED


def test_each_name_can_be_imported() -> None:
    module = importlib.import_module("crmkit.plugin")
    assert [name for name in RECORDED if getattr(module, name, None) is None] == []


def test_nothing_else_of_crmkit_is_left_lying_in_the_module() -> None:
    names = {name for name in vars(crmkit.plugin) if name[0] not in "_@"}
    assert names - set(RECORDED) == {"annotations"}


def test_importing_it_does_not_import_the_database_layer() -> None:
    program = "import sys, crmkit.plugin; print([m for m in ('sqlalchemy', 'cattrs', 'click') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
