"""A killed import goes on where it was; its end state is that of an import that nobody disturbed."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.journal import AuditEntry, ImportRun
from crmkit.runtime.crm import Crm
from crmkit.services.importing.mapping import load_mapping
from crmkit.services.importing.running import run_import
from tests.forked import Forked
from tests.importing.interrupted_import import main as interrupted_import

ROWS = 95

MAPPING = """
name = "people"
[[record]]
source = "people"
entity = "customer"
external_id = "{id}"
[record.fields]
name = "{name}"
[[record]]
source = "people"
entity = "contact_point"
match = ["customer_id", "kind", "normalized"]
[record.fields]
customer_id = { record = "customer" }
kind = "email"
value = "{mail}"
[[record]]
source = "people"
entity = "customer_relation"
separate = true
when = "{friend}"
match = ["from_id", "to_id", "type"]
[record.fields]
from_id = { external = "{id}", entity = "customer" }
to_id = { external = "{friend}", entity = "customer" }
type = "spouse_of"
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    rows = ["id,name,mail,friend"]
    for number in range(ROWS):
        mail = "nobody" if number % 7 == 3 else f"p{number % 80}@example.com"
        friend = str(ROWS - number) if number % 4 == 1 else ""
        rows.append(f"{number % 90},Person {number},{mail},{friend}")
    path, mapping = tmp_path / "people.csv", tmp_path / "people.toml"
    path.write_text("\n".join(rows))
    mapping.write_text(MAPPING)
    return path, mapping


def state(address: str) -> dict[str, Any]:
    """Everything that an import leaves, without ids and times."""
    with Crm.open(address, plugins=[]) as crm, crm.session(reads=True) as session:
        names = {c.id: c.name for c in session.list(Customer)}
        entries = session.list(AuditEntry, "entity != import_run")
        (run,) = session.list(ImportRun)
        return {
            "customers": sorted(names.values()),
            "points": sorted((names[p.customer_id], p.value) for p in session.list(ContactPoint)),
            "entries": sorted((entry.entity, entry.action) for entry in entries),
            "run": (run.state, run.counts["rows"], run.counts["rejected"], run.counts["records"]),
        }


def start(address: str, files: tuple[Path, Path], errors: Path, point: str, count: int) -> Forked:
    told = errors.with_name(f"{errors.name}.told")
    return Forked(interrupted_import, address, *map(str, files), str(errors), point, count, told=told)


def undisturbed(files: tuple[Path, Path], tmp_path: Path) -> tuple[dict[str, Any], str]:
    address = f"sqlite:///{tmp_path / 'undisturbed.db'}"
    with Crm.open(address, plugins=[]) as crm:
        run_import(crm, crm.system, files[0], load_mapping(files[1]), error_folder=tmp_path / "undisturbed", chunk=10)
    return state(address), (tmp_path / "undisturbed" / "people.csv").read_text()


@pytest.mark.parametrize(("point", "count"), [("boundary", 3), ("commit", 4), ("errors", 2)])
def test_a_killed_import_goes_on(
    database_url: str, files: tuple[Path, Path], tmp_path: Path, point: str, count: int
) -> None:
    with Crm.open(database_url, plugins=[]):
        pass
    errors = tmp_path / "errors"
    deaths = 0
    while True:
        # It dies three times, then it is left alone.
        process = start(database_url, files, errors, point if deaths < 3 else "never", count)
        code = process.wait(timeout=120)
        if code == 0:
            break
        assert code == -signal.SIGKILL, process.told.read_text()
        deaths += 1
    assert deaths > 0
    expected, rejected = undisturbed(files, tmp_path)
    assert state(database_url) == expected
    assert (errors / "people.csv").read_text() == rejected


def test_an_import_that_was_interrupted_goes_on(database_url: str, files: tuple[Path, Path], tmp_path: Path) -> None:
    process = start(database_url, files, tmp_path / "errors", "interrupt", 3)
    assert process.wait(timeout=120) != 0
    assert "KeyboardInterrupt" in process.told.read_text()
    with Crm.open(database_url, plugins=[]) as crm:
        report = run_import(
            crm, crm.system, files[0], load_mapping(files[1]), error_folder=tmp_path / "errors", chunk=10
        )
    assert report.resumed
    expected, rejected = undisturbed(files, tmp_path)
    assert state(database_url) == expected
    assert (tmp_path / "errors" / "people.csv").read_text() == rejected


def test_two_imports_at_once_double_nothing(database_url: str, files: tuple[Path, Path], tmp_path: Path) -> None:
    with Crm.open(database_url, plugins=[]):
        pass
    both = [start(database_url, files, tmp_path / f"errors{n}", "never", 0) for n in range(2)]
    codes = [process.wait(timeout=120) for process in both]
    complaints = [process.told.read_text() for process in both]
    assert 0 in codes, complaints
    for code, complaint in zip(codes, complaints, strict=True):
        assert code == 0 or "Conflict" in complaint, complaint
    expected, _ = undisturbed(files, tmp_path)
    with Crm.open(database_url, plugins=[]) as crm, crm.session(reads=True) as session:
        names = {c.id: c.name for c in session.list(Customer)}
        assert sorted(names.values()) == expected["customers"]
        points = sorted((names[p.customer_id], p.value) for p in session.list(ContactPoint))
        assert points == expected["points"]
