"""An import can be taken back, as far as nobody changed since what it did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import Conflict, NotFound
from crmkit.core.identity import ExternalIdentity
from crmkit.core.journal import ImportRun
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import parse_partial_date
from crmkit.runtime.crm import Crm
from crmkit.services.importing import reverting
from crmkit.services.importing.report import ImportReport
from crmkit.services.importing.reverting import RevertReport, revert_import

from .conftest import HEADER, contacts

Load = Callable[..., ImportReport]
FIRST = "1,Ada,DE,1990-12,12.50,EUR,7,,ada@example.com,"
SECOND = "1,Ada L.,FR,1991-01-02,13.75,EUR,8,,ada@example.com,\n2,Grace,US,,,,,,grace@example.com,"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "contacts.csv"


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reverting, "CHUNK", 3)


def revert(crm: Crm, needle: str = "last", **options: bool) -> RevertReport:
    return revert_import(crm, crm.system, needle, **options)


def test_what_was_made_is_deleted_and_what_was_changed_restored(crm: Crm, load: Load, path: Path) -> None:
    path.write_text(f"{HEADER}\n{FIRST}")
    load(path, contacts())
    with crm.session(reads=True) as session:
        (original,) = session.list(Customer)
    path.write_text(f"{HEADER}\n{SECOND}")
    assert load(path, contacts()).changed == 3
    pretended = revert(crm, dry_run=True)
    with crm.session(reads=True) as session:
        assert session.count(Customer) == 2
    done = revert(crm)
    assert (done.deleted, done.restored, done.conflicts) == (3, 1, 0)
    assert (pretended.deleted, pretended.restored, pretended.conflicts) == (3, 1, 0)
    with crm.session(reads=True) as session:
        (customer,) = session.list(Customer)
        assert (customer.name, customer.country, customer.employees) == ("Ada", "DE", 7)
        assert customer.birth_date == parse_partial_date("1990-12")
        assert customer.annual_revenue == Money.of("12.5", "EUR")
        assert customer.id == original.id
        assert session.count(ExternalIdentity) == 1
        assert [run.state for run in session.list(ImportRun, order="created_at")] == ["finished", "reverted"]
    assert revert(crm).deleted == 3
    with crm.session(reads=True) as session:
        assert session.count(Customer) == session.count(ContactPoint) == session.count(ExternalIdentity) == 0
    with pytest.raises(NotFound, match="no import"):
        revert(crm)
    # And in again, as if it had never been there.
    path.write_text(f"{HEADER}\n{FIRST}")
    assert load(path, contacts()).counts["customer"] == {"created": 1}


def test_what_somebody_changed_since_is_left_and_told(crm: Crm, load: Load, path: Path) -> None:
    path.write_text(f"{HEADER}\n{FIRST}")
    load(path, contacts())
    path.write_text(f"{HEADER}\n{SECOND}")
    run = load(path, contacts()).run_id
    with crm.session() as session:
        ada, grace = session.list(Customer, order="name")
        session.update(change(ada, name="Ada Lovelace"), change(grace, description="met at the fair"))
    report = revert(crm, str(run))
    assert {conflict.title: conflict.reason.render() for conflict in report.shown} == {
        "Ada Lovelace": "customer.name was changed after the import",
        "Grace": "somebody changed it after the import",
    }
    with crm.session(reads=True) as session:
        ada, grace = session.list(Customer, order="name")
        assert (ada.name, ada.country) == ("Ada Lovelace", "DE")
        assert grace.description == "met at the fair"
    with pytest.raises(Conflict, match="before"):
        revert(crm, str(run))


def test_an_interrupted_revert_is_gone_on_with(crm: Crm, load: Load, path: Path) -> None:
    rows = [f"{number},Person {number},,,,,,,p{number}@example.com," for number in range(10)]
    path.write_text("\n".join([HEADER, *rows]))
    load(path, contacts())

    def interrupt(done: int) -> None:
        if done >= 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        revert_import(crm, crm.system, "last", on_progress=interrupt)
    with crm.session(reads=True) as session:
        assert 0 < session.count(ContactPoint) + session.count(Customer) + session.count(ExternalIdentity) < 30
    assert revert(crm).conflicts == 0
    with crm.session(reads=True) as session:
        assert session.count(Customer) == session.count(ContactPoint) == session.count(ExternalIdentity) == 0
