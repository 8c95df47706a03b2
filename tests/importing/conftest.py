"""What the tests of imports share: an application on either database, and imports from texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmkit.core.values.clock import SystemClock
from crmkit.runtime.crm import Crm
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.report import ImportReport
from crmkit.services.importing.running import run_import
from tests.conftest import OpenCrm
from tests.tenants import in_a_new_tenant

EXAMPLES = Path(__file__).parents[2] / "examples" / "imports"

CONTACTS = """
name = "contacts"
country = "DE"

[[record]]
source = "contacts"
entity = "customer"
external_id = "{id}"
on_duplicate = "ON_DUPLICATE"
[record.fields]
name = "{name}"
country = "{country}"
birth_date = "{born}"
annual_revenue = { amount = "{revenue}", currency = "{currency}" }
employees = "{employees}"
owner_id = { match = { login = "{owner}" } }

[[record]]
source = "contacts"
entity = "contact_point"
name = "mail"
when = "{mail}"
match = ["customer_id", "kind", "normalized"]
[record.fields]
customer_id = { record = "customer" }
kind = "email"
value = "{mail}"

[[record]]
source = "contacts"
entity = "contact_point"
name = "phone"
when = "{phone}"
match = ["customer_id", "kind", "normalized"]
[record.fields]
customer_id = { record = "customer" }
kind = "phone"
value = "{phone}"
"""

HEADER = "id,name,country,born,revenue,currency,employees,owner,mail,phone"


@pytest.fixture
def crm(core_url: str, kept_open: OpenCrm) -> Crm:
    """An application with no plugins, on SQLite and on PostgreSQL, with a tenant of the test's own."""
    crm = in_a_new_tenant(kept_open(core_url))
    crm.clock = SystemClock()
    return crm


@pytest.fixture
def load(crm: Crm, tmp_path: Path) -> Callable[..., ImportReport]:
    """Import a file as a mapping text says; rejected rows go to ``errors`` in the test's folder."""

    def load(path: Path, mapping: str, **options: Any) -> ImportReport:
        options.setdefault("error_folder", tmp_path / "errors")
        return run_import(crm, crm.system, path, read_mapping(mapping), **options)

    return load


def contacts(on_duplicate: str = "update") -> str:
    """Return the mapping of contacts."""
    return CONTACTS.replace("ON_DUPLICATE", on_duplicate)
