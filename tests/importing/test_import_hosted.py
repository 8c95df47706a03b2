"""Imports and exports as hosts run them: told how far they are, ended in the middle, named after what was sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmkit.core.access import Actor, Scope, tenant_id
from crmkit.core.customer import Customer
from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.journal import ImportRun
from crmkit.hosting import check_import, export_records, import_file, import_mapping
from crmkit.plugin import Record, entity, field, hookimpl
from crmkit.runtime.crm import Crm
from crmkit.services.importing.running import Progress
from crmkit.testing.making import MakeCustomer
from tests.conftest import OpenCrm


@entity("keys_key", plural="keys_keys", label="Key", credentials=True, plugin="keys", unique=(("name",),))
class Key(Record):
    """Something that lets people in."""

    name: str = field(default="")


class Keys:
    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Key]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    rows = "".join(f"c{n},Customer {n},organization\n" for n in range(1_500))
    path.write_text(f"external_id,name,kind\n{rows}", "utf-8")
    return path


class Enough(Exception):
    """It is to end."""


def test_what_progress_raises_ends_an_import_and_what_is_committed_stays(crm: Crm, file: Path) -> None:
    seen: list[Progress] = []

    def stop(at: Progress) -> None:
        seen.append(at)
        raise Enough

    mapping = import_mapping(crm, entity="customer", path=file)
    with pytest.raises(Enough):
        import_file(crm, crm.system, file, mapping, on_progress=stop, origin="sent.csv")
    with crm.session(reads=True) as session:
        (run,) = session.list(ImportRun)
        assert (run.id, run.path, run.state) == (seen[0].run, "sent.csv", "running")
        assert session.count(Customer) == run.counts["rows"] == 1_000
    report = import_file(crm, crm.system, file, mapping, origin="sent.csv")
    assert (report.run_id, report.resumed, report.rows) == (seen[0].run, True, 1_500)
    seen.clear()
    import_file(crm, crm.system, file, mapping, dry_run=True, on_progress=seen.append)
    assert [at.run for at in seen] == [None, None]


def test_an_export_that_is_ended_leaves_no_file(crm: Crm, tmp_path: Path) -> None:
    make = MakeCustomer(crm)
    with crm.session() as session:
        for _ in range(501):
            make(session=session)
    seen: list[int] = []

    def stop(done: int) -> None:
        seen.append(done)
        raise Enough

    with crm.session(reads=True) as session, pytest.raises(Enough):
        export_records(session, "customer", tmp_path / "c.csv", on_progress=stop)
    assert (seen, list(tmp_path.glob("*.csv*"))) == ([500], [])


def test_what_lets_people_in_goes_neither_in_nor_out(open_crm: OpenCrm, tmp_path: Path) -> None:
    crm = open_crm(Keys())
    path = tmp_path / "keys.csv"
    path.write_text("name\nmine\n")
    mapping = import_mapping(crm, entity="keys_key", path=path)
    with pytest.raises(BadInput, match="lets people in"):
        import_file(crm, crm.system, path, mapping)
    with crm.session(reads=True) as session, pytest.raises(AccessDenied, match="lets people in"):
        export_records(session, "keys_key", tmp_path / "out.csv")


def test_rights_to_import_can_be_asked_for_beforehand(crm: Crm) -> None:
    rights = {("customer", "create"): Scope.OWN, ("customer", "bulk"): Scope.ALL}
    bob = Actor("bob", tenant_id("main"), grants=rights)
    with pytest.raises(AccessDenied, match="may not create import_run"):
        check_import(crm, bob, ["customer"])
    able = Actor("bob", tenant_id("main"), grants={**rights, ("import_run", "create"): Scope.ALL})
    check_import(crm, able, ["customer"])
    with pytest.raises(AccessDenied, match="neither create nor update product"):
        check_import(crm, able, ["customer", "product"])
