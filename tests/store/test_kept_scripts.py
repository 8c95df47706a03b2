"""The statements of a schema are kept, and make the same schema as working them out."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import CustomField, Record, entity, field
from crmkit.core.registry import EntityRegistry
from crmkit.store.database import Database
from crmkit.store.migration import Owner, create_schema, kept_scripts, schema_state


@entity("marina_yacht", plural="marina_yachts", plugin="marina", unique=(("number",),))
class Yacht(Record):
    """A boat with a plate."""

    name: str = field()
    number: str = field(default="", max_length=20)


OWNERS = (Owner("marina", version="1.2"),)


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, and a process that has kept nothing yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    forget()
    return tmp_path / "cache" / "crmkit" / "schemas"


def forget() -> None:
    kept_scripts._scripts.clear()
    kept_scripts._written.clear()


def content(path: Path) -> tuple[list[Any], list[Any]]:
    with sqlite3.connect(path) as connection:
        things = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
        rows: list[Any] = []
        for name in ("sqlite_stat1", "owned_tables", "filled_columns", "crmkit_schema_version"):
            rows += sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
    connection.close()
    return things, rows


class Made:
    """Makes databases and counts how often the statements were worked out."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self.worked_out = folder, 0
        noted = kept_scripts.noted

        def counted(connection: Any) -> Any:
            self.worked_out += 1
            return noted(connection)

        monkeypatch.setattr("crmkit.store.migration.changes.noted", counted)

    def __call__(self, name: str, *custom: CustomField, owners: tuple[Owner, ...] = OWNERS) -> Path:
        database = Database(f"sqlite:///{self._folder / name}", EntityRegistry([*CORE_ENTITIES, Yacht], custom))
        try:
            create_schema(database, owners)
            assert schema_state(database, owners).state == "current"
        finally:
            database.close()
        return self._folder / name


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    return Made(tmp_path, monkeypatch)


def test_kept_statements_make_the_same_database(make: Made) -> None:
    first, second = content(make("a.db")), content(make("b.db"))
    forget()
    third = content(make("c.db"))
    assert make.worked_out == 1
    assert first == second == third
    assert len(first[0]) > 150


def test_another_schema_is_worked_out(make: Made) -> None:
    make("a.db")
    make("b.db", CustomField(entity="customer", name="tier", filterable=True))
    make("c.db", owners=(attrs.evolve(OWNERS[0], version="1.3"),))
    assert make.worked_out == 3
    assert make("d.db").exists()
    assert make.worked_out == 3


def test_a_process_writes_its_first_schema_to_the_folder(make: Made, nothing_kept: Path) -> None:
    make("a.db")
    make("b.db", CustomField(entity="customer", name="tier", filterable=True))
    assert len(list(nothing_kept.iterdir())) == 1


def test_what_is_damaged_or_does_not_run_is_worked_out_anew(make: Made, nothing_kept: Path) -> None:
    wanted = content(make("a.db"))
    (kept,) = nothing_kept.iterdir()
    for number, text in enumerate(["", "cut off\n[", _with_digest('["CREATE TABLE x (y)", "CREATE TABLE x (y)"]')]):
        kept.write_text(text, "utf-8")
        forget()
        assert content(make(f"{number}.db")) == wanted
    assert make.worked_out == 4


def test_no_folder_is_no_fault(make: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert make("a.db").exists()


def _with_digest(text: str) -> str:
    return f"{kept_scripts._digest(text)}\n{text}"
