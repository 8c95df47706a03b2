"""What opening an application leaves alone, so that it is quick: each of these costs as much as all the rest of a room."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

LATER = ("alembic", "cattrs", "click", "dbos", "faststream", "psycopg", "rich", "sqlalchemy.dialects.postgresql")
CODE = """
import json, sys
from crmkit import Crm

with Crm.open(sys.argv[1], plugins=[]) as crm:
    schema = crm.database.blueprint.schema
    print(json.dumps([sorted(sys.modules), len(schema._made), len(schema.names)]))
"""


def test_opening_an_existing_file_imports_and_makes_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Settings take what reads them.
    monkeypatch.delenv("CRMKIT_DISABLE", raising=False)
    for _ in range(2):
        words = [sys.executable, "-c", CODE, f"sqlite:///{tmp_path / 'crm.db'}"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    modules, made, tables = json.loads(done.stdout)
    assert "crmkit.runtime.crm" in modules
    assert [name for name in LATER if name in modules] == []
    assert made == 0
    assert tables > 60
