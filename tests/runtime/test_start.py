"""What opening an application leaves alone, so that it is quick: each of these costs as much as all the rest of a room."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

LATER = (
    "alembic",
    "cattrs",
    "click",
    "dbos",
    "difflib",
    "email.parser",
    "faststream",
    "gettext",
    "litestar",
    "psycopg",
    "rich",
    "sqlalchemy.dialects.postgresql",
    "tomllib",
    "zoneinfo",
    "fractions",
    "crmkit.core.filter.evaluation",
    "crmkit.core.relation_types",
    "crmkit.services.merging.running",
    "crmkit.services.segments.refreshing",
    "crmkit.store.filters.compile",
    "crmkit.store.filters.postgres_functions",
    "crmkit.store.migration.changes",
    "crmkit_sfa.activities.filling",
    "crmkit_sfa.opportunities.entering",
    "crmkit_sfa.orders.rules",
    "crmkit_sfa.quotes.approving",
    "crmkit_sfa.receipts.balances",
)
CODE = """
import json, sys
from crmkit import Crm

with Crm.open(sys.argv[1], plugins=sys.argv[2:]) as crm:
    schema = crm.database.blueprint.schema
    print(json.dumps([sorted(sys.modules), len(schema._made), len(schema.names)]))
"""
COLLECTING = """
import gc, sys

gc.enable() if sys.argv[2] == "on" else gc.disable()
started = []
gc.callbacks.append(lambda phase, info: started.append(phase == "start"))
from crmkit import Crm

with Crm.open(sys.argv[1], plugins=[]):
    print(gc.isenabled(), sum(started) < 20)
try:
    Crm.open("nonsense://", plugins=[])
except Exception as error:
    print(type(error).__name__, gc.isenabled())
"""
FROZEN = """
import gc, sys

if sys.argv[1] == "later":
    gc.collect()
unfinished = open(sys.argv[2], "w")
unfinished.write("to be there at the end")
from crmkit import Crm

print(gc.get_freeze_count() > 50_000, gc.isenabled())
"""


@pytest.mark.parametrize("plugins", [(), ("relay", "sfa", "web")], ids=["alone", "with the official plugins"])
def test_opening_an_existing_file_imports_and_makes_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plugins: tuple[str, ...]
) -> None:
    # Settings take what reads them.
    monkeypatch.delenv("CRMKIT_DISABLE", raising=False)
    for _ in range(2):
        words = [sys.executable, "-c", CODE, f"sqlite:///{tmp_path / 'crm.db'}", *plugins]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    modules, made, tables = json.loads(done.stdout)
    assert "crmkit.runtime.crm" in modules
    assert [name for name in LATER if name in modules] == []
    assert made == 0
    assert tables > 60


@pytest.mark.parametrize(("before", "told"), [("on", "True"), ("off", "False")])
def test_nobody_searches_for_garbage_while_an_application_comes_into_being(
    tmp_path: Path, before: str, told: str
) -> None:
    words = [sys.executable, "-c", COLLECTING, f"sqlite:///{tmp_path / 'crm.db'}", before]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [told, "True", "ConfigError", told]


@pytest.mark.parametrize(("imported", "told"), [("first", "True"), ("later", "False")])
def test_nobody_searches_what_a_program_imports_as_it_begins(tmp_path: Path, imported: str, told: str) -> None:
    words = [sys.executable, "-c", FROZEN, imported, str(tmp_path / "file")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [told, "True"]
    assert (tmp_path / "file").read_text() == "to be there at the end"
