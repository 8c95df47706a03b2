from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

import crmkit_web
from crmkit import Crm
from crmkit.testing.making import MakeCrm

MAPPINGS = """
name = "people"

[[record]]
source = "people"
entity = "customer"
external_id = "{nr}"
[record.fields]
name = "{name}"
kind = "organization"
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm, tmp_path: Path) -> Crm:
    """A CRM whose long work has a folder of its own, and which offers a mapping."""
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "people.toml").write_text(MAPPINGS)
    settings = {
        "work_folder": str(tmp_path / "work"),
        "mapping_folder": str(tmp_path / "mappings"),
        "allowed_networks": ["127.0.0.1/32"],
        "most_jobs": 5,
        "work_kept_days": 30,
        "largest_upload": 2_000_000,
    }
    config = {"plugins": {"web": settings}}
    if request.param == "sqlite":
        return make_crm(plugins=[crmkit_web], config=config, url=f"sqlite:///{tmp_path / 'web.db'}")
    shared = request.getfixturevalue("web_postgres_url")
    return make_crm(plugins=[crmkit_web], config=config, url=shared, tenant=uuid4().hex, check=False)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Where the files of long work are."""
    return tmp_path / "work"
