"""A row of an import that names a stage or pipeline that there is not is rejected; the others are imported."""

from __future__ import annotations

from pathlib import Path

from crmkit import Crm
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.running import run_import
from crmkit_sfa.opportunities.entities import Opportunity

MAPPING = """
name = "deals"

[[record]]
source = "deals"
entity = "sfa_opportunity"
external_id = "{nr}"
[record.fields]
name = "{name}"
pipeline = "{pipeline}"
opening_stage = "{stage}"
"""


def test_an_unknown_stage_or_pipeline_is_the_fault_of_its_row(crm: Crm, tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    file.write_text(
        "nr,name,pipeline,stage\n1,One,sales,engaging\n2,Two,sales,engagin\n3,Three,sale,engaging\n4,Four,sales,engaging\n"
    )
    report = run_import(crm, crm.system, file, read_mapping(MAPPING))
    assert report.rejected == 2
    assert [one.number for one in report.errors] == [3, 4]
    assert "engaging" in report.errors[0].render()
    assert "sales" in report.errors[1].render()
    with crm.session(reads=True) as session:
        assert sorted(one.name for one in session.list(Opportunity)) == ["Four", "One"]
