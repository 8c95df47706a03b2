"""Imports of users with few rights: what they may take back, what they see beforehand, and what ends a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied
from crmkit.core.field_rights import MASKED
from crmkit.core.identity import ExternalIdentity
from crmkit.core.staff import User
from crmkit.runtime.crm import Crm
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.reverting import revert_import
from crmkit.services.importing.running import run_import
from crmkit.testing.making import AsUser
from tests.conftest import OpenCrm

MAPPING = """
name = "people"

[[record]]
source = "people"
entity = "customer"
external_id = "{nr}"
[record.fields]
name = "{name}"
"""
RIGHTS = ("customer * all", "external_identity * all", "user read all")
CUSTOM = {
    "custom_fields": [
        {"entity": "customer", "name": "blood", "sensitivity": "special"},
        {"entity": "customer", "name": "shoe", "type": "integer"},
    ]
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("nr,name,shoe\n" + "".join(f"{n},Person {n},4{n}\n" for n in range(6)))
    return path


def test_who_may_not_read_the_audit_log_takes_an_import_back_all_the_same(crm: Crm, file: Path) -> None:
    bob = AsUser(crm)(*RIGHTS, "import_run * all")
    run_import(crm, bob, file, read_mapping(MAPPING))
    found = revert_import(crm, bob, "last")
    assert (found.deleted, found.conflicts) == (12, 0)
    with crm.session(reads=True) as session:
        assert session.count(Customer) == 0


def test_a_user_who_is_frozen_in_the_middle_ends_the_run_and_no_row_is_to_blame(crm: Crm, file: Path) -> None:
    bob = AsUser(crm)(*RIGHTS, "import_run * all")

    def freeze(_: object) -> None:
        with crm.session() as session:
            user = session.get(User, bob.user_id or "")
            if user.state == "active":
                session.update(change(user, state="frozen"))

    with pytest.raises(AccessDenied, match="not active any more"):
        run_import(crm, bob, file, read_mapping(MAPPING), chunk=2, on_progress=freeze)
    with crm.session(reads=True) as session:
        assert session.count(Customer) == 2


def test_who_may_begin_a_run_and_not_go_on_with_it_is_told_so(crm: Crm, file: Path) -> None:
    bob = AsUser(crm)(*RIGHTS, "import_run create all", "import_run read all")
    with pytest.raises(AccessDenied, match="may not update import_run"):
        run_import(crm, bob, file, read_mapping(MAPPING))


def test_a_dry_run_shows_no_value_that_is_hidden(open_crm: OpenCrm, tmp_path: Path, file: Path) -> None:
    crm = open_crm(config=CUSTOM)
    bob = AsUser(crm)(*RIGHTS, "import_run * all")
    with crm.session() as session:
        ada = Customer(name="Ada", custom={"blood": "AB negative", "shoe": 38})
        session.add(ada, ExternalIdentity(system="people", external_id="0", entity="customer", record_id=ada.id))
    mapping = read_mapping(MAPPING + 'shoe = "{shoe}"\n')
    found = run_import(crm, bob, file, mapping, dry_run=True)
    assert found.samples[0].fields == {"name": ("Ada", "Person 0"), "shoe": (38, 40)}
    unseen = read_mapping(MAPPING + 'blood = "{name}"\n')
    shown = run_import(crm, crm.system, file, unseen, dry_run=True).samples[0].fields
    assert shown["blood"] == ("AB negative", "Person 0")
    assert MASKED not in shown["name"]
