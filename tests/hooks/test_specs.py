"""The hooks of the core, as declared."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime

import attrs
import pytest

from crmkit.core.errors import ConfigError
from crmkit.core.messages import msg
from crmkit.hooks import SPECS
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.imports import ImportFinished, ImportRows
from crmkit.hooks.interactions import InteractionsLogged
from crmkit.hooks.kinds import Kind, hooks_of
from crmkit.hooks.records import Change, RecordBatch
from crmkit.hooks.setup import CommandDeclaration

PREFIX = {
    Kind.REGISTER: r"register_\w+",
    Kind.DERIVE: r"derive_\w+",
    Kind.GUARD: r"guard_\w+",
    Kind.COLLECT: r"collect_\w+",
    Kind.CHOOSE: r"choose_\w+",
    Kind.NOTIFY: r"after_\w+_committed",
}


def test_names_tell_the_kind_and_so_the_phase() -> None:
    infos = Hooks().infos
    assert [name for name, info in infos.items() if not re.fullmatch(PREFIX[info.kind], name)] == []
    assert "derive_records" in infos


def test_every_public_method_of_a_spec_class_is_a_hook_with_types() -> None:
    for spec_class in SPECS:
        methods = {
            name: method for name, method in inspect.getmembers(spec_class, inspect.isfunction) if name[0] != "_"
        }
        assert methods.keys() == hooks_of(spec_class).keys()
        for name, method in methods.items():
            assert set(method.__annotations__) == {"ctx", "call", "return"}, name


def test_every_kind_states_its_policy() -> None:
    for kind in Kind:
        assert kind.policy.phase
        assert kind.policy.result
        assert kind.policy.on_error
        assert kind.policy.label == kind.name.lower()


@attrs.frozen
class Record:
    name: str
    size: int = 1
    deleted_at: datetime | None = None


def test_change_knows_what_happened() -> None:
    old, new, gone = Record("old"), Record("new"), Record("old", deleted_at=datetime(2024, 2, 29, tzinfo=UTC))
    change = Change(before=old, after=new)
    assert (change.created, change.deleted, change.record) == (False, False, new)
    assert (change.changed("name"), change.changed("size")) == (True, False)
    created, deleted, later = Change(None, new), Change(old, gone), Change(gone, gone)
    assert (created.created, created.deleted, created.record, created.changed("size")) == (True, False, new, True)
    assert (deleted.created, deleted.deleted) == (False, True)
    assert later.deleted is False  # it was deleted before


def test_calls_know_their_size() -> None:
    change = Change(None, Record("new"))
    assert RecordBatch("customer", (change, change)).size == 2
    assert InteractionsLogged((1, 2, 3)).size == 3
    assert ImportRows("fair", "fair.csv", "customer", ({}, {})).size == 2
    assert ImportFinished("fair", "fair.csv", "customer", created=1, updated=2, unchanged=3, failed=4).size == 10


@pytest.mark.parametrize("path", ["acme.cli:report", "acme:main", "公司.命令:报告"])
def test_import_path_of_a_command(path: str) -> None:
    assert CommandDeclaration("report", path, msg("Report")).import_path == path


@pytest.mark.parametrize(
    "path", ["acme.cli.report", "acme.cli:", ":report", "acme..cli:report", "acme:a:b", "1a:b", ""]
)
def test_import_path_that_cannot_be_one_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match=r"command report: import path .* must look like package\.module:attribute"):
        CommandDeclaration("report", path, msg("Report"))
