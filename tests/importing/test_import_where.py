"""Mappings with a filter: rows whose record does not match are left out as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import BadInput
from crmkit.runtime.crm import Crm
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.running import run_import

MAPPING = """
name = "people"
[[record]]
source = "people"
entity = "customer"
external_id = "{id}"
where = '%s'
[record.fields]
name = "{name}"
country = "{country}"
employees = "{staff}"
[[record]]
source = "people"
entity = "contact_point"
match = ["customer_id", "kind", "normalized"]
[record.fields]
customer_id = { record = "customer" }
kind = "email"
value = "{mail}"
"""
ROWS = """id,name,country,staff,mail
1,Anna,Germany,5,anna@example.com
2,Wei,China,90,wei@example.com
3,Bob,DE,200,bob@example.com
"""


def test_only_matching_rows_come_in_with_what_belongs_to_them(crm: Crm, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(ROWS)
    report = run_import(crm, crm.system, path, read_mapping(MAPPING % "country = de and employees > 10"))
    assert (report.rows, report.rejected) == (3, 0)
    with crm.session(reads=True) as session:
        assert [customer.name for customer in session.list(Customer)] == ["Bob"]
        assert [point.value for point in session.list(ContactPoint)] == ["bob@example.com"]


@pytest.mark.parametrize(
    ("text", "problem"), [("contry = DE", "did you mean country"), ("owner.name = x", "only fields of customer itself")]
)
def test_a_wrong_filter_is_named_with_its_block(crm: Crm, tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(ROWS)
    with pytest.raises(BadInput, match=problem) as caught:
        run_import(crm, crm.system, path, read_mapping(MAPPING % text))
    assert "customer, where" in str(caught.value)
