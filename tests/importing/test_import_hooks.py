"""Plugins in an import: they change mapped rows, refuse records, and hear of its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmkit.core.access import Actor, Scope
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import AccessDenied, PluginError
from crmkit.core.messages import msg
from crmkit.core.staff import User
from crmkit.hooks.imports import ImportFinished, ImportRows, RowValues
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import RecordBatch, Refuse
from crmkit.runtime.crm import Crm
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.report import ImportReport
from crmkit.services.importing.running import run_import

from .conftest import HEADER, contacts


class Curious:
    """Capitalises names, refuses Mallory with or without naming the record, fails on Boom, listens."""

    def __init__(self, blunt: bool = False) -> None:
        self.blunt = blunt
        self.finished: list[ImportFinished] = []

    @hookimpl(entities=("customer",))
    def derive_import_rows(self, ctx: Any, call: ImportRows) -> list[RowValues]:
        return [RowValues(at, {"name": str(row["name"]).upper()}) for at, row in enumerate(call.rows)]

    @hookimpl(entities=("customer",))
    def guard_records(self, ctx: Any, call: RecordBatch) -> Iterator[Refuse]:
        for change in call.changes:
            if change.after.name == "BOOM":
                raise RuntimeError("no idea")
            if change.after.name == "MALLORY":
                yield Refuse(msg("we know her"), None if self.blunt else change.after.id)

    @hookimpl
    def after_import_finished_committed(self, ctx: Any, call: ImportFinished) -> None:
        self.finished.append(call)


def imported(crm: Crm, tmp_path: Path, names: list[str], **options: Any) -> ImportReport:
    rows = [f"{n},{name},,,,,,,{name.lower()}{n}@example.com," for n, name in enumerate(names)]
    path = tmp_path / "contacts.csv"
    path.write_text("\n".join([HEADER, *rows]))
    return run_import(crm, crm.system, path, read_mapping(contacts()), **options)


@pytest.mark.parametrize("blunt", [False, True])
def test_only_the_rows_that_a_guard_refuses_stay_out(database_url: str, tmp_path: Path, blunt: bool) -> None:
    plugin = Curious(blunt)
    with Crm.open(database_url, plugins=[plugin]) as crm:
        report = imported(crm, tmp_path, ["Ada", "Mallory", "Grace", "Boom", "Mallory", "Joan"])
        assert report.rejected == 3
        told = [error.render() for error in report.errors]
        assert "we know her" in told[0]
        assert "no idea" in told[1]
        with crm.session(reads=True) as session:
            assert {c.name for c in session.list(Customer)} == {"ADA", "GRACE", "JOAN"}
            assert session.count(ContactPoint) == 3
        assert [(call.entity, call.created, call.failed) for call in plugin.finished] == [
            ("contact_point", 3, 3),
            ("customer", 3, 3),
        ]


def test_the_end_of_an_import_is_told_once(tmp_path: Path) -> None:
    plugin = Curious()
    with Crm.open(plugins=[plugin]) as crm:
        imported(crm, tmp_path, ["Ada"] * 20, chunk=3)
        crm.drain()
        assert len(plugin.finished) == 2
        imported(crm, tmp_path, ["Ada"], dry_run=True)
        crm.drain()
        assert len(plugin.finished) == 2


def test_a_plugin_that_fails_on_every_row_stops_the_import(tmp_path: Path) -> None:
    with Crm.open(plugins=[Curious()]) as crm:
        with pytest.raises(PluginError, match="no idea"):
            imported(crm, tmp_path, ["Boom", "Boom", "Boom"])
        with crm.session(reads=True) as session:
            assert session.count(Customer) == 0


def test_an_actor_who_may_write_none_of_it_is_told_at_once(tmp_path: Path) -> None:
    with Crm.open(plugins=[]) as crm:
        path = tmp_path / "contacts.csv"
        path.write_text(HEADER)
        reader = Actor("reader", crm.system.tenant_id, grants={("*", "read"): Scope.ALL})
        with pytest.raises(AccessDenied, match="neither create nor update customer"):
            run_import(crm, reader, path, read_mapping(contacts()))


def test_a_user_imports_what_the_user_may_create(tmp_path: Path) -> None:
    with Crm.open(plugins=[]) as crm:
        with crm.session() as session:
            me, other = User(login="me", name="Me"), User(login="other", name="Other")
            session.add(me, other)
        rights = {(entity, "*"): Scope.OWN for entity in ("customer", "contact_point", "import_run")}
        rights |= {("external_identity", "*"): Scope.ALL}
        actor = Actor("me", crm.system.tenant_id, user_id=me.id, grants={**rights, ("user", "read"): Scope.ALL})
        path = tmp_path / "contacts.csv"
        path.write_text(f"{HEADER}\n1,Mine,,,,,,me,,\n2,Theirs,,,,,,other,,\n")
        report = run_import(crm, actor, path, read_mapping(contacts()))
        assert [error.number for error in report.errors] == [3]
        with crm.session(reads=True) as session:
            assert [c.name for c in session.list(Customer)] == ["Mine"]
