"""Mistakes in a mapping file: each is one clear BadInput that names the place, before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit.core.errors import BadInput
from crmkit.runtime.crm import Crm
from crmkit.services.importing.mapping import load_mapping, read_mapping
from crmkit.services.importing.running import run_import

GOOD = """
name = "people"
[[record]]
source = "people"
entity = "customer"
external_id = "{id}"
[record.fields]
name = "{name}"
country = { from = "{country}", map = "countries" }
[maps.countries]
Germany = "DE"
"""

MISTAKES: dict[str, tuple[str, str, str]] = {
    # what is wrong: what to replace, by what, and what the message says
    "column": ("{name}", "{nmae}", "the source has no column nmae; did you mean name?"),
    "field": ('name = "{name}"', 'nane = "{name}"', "customer has no field nane; did you mean name?"),
    "entity": ('"customer"', '"custmer"', "did you mean customer?"),
    "source": ('source = "people"', 'source = "poeple"\nwhen = "x"', ""),
    "map": ('"countries" }', '"contries" }', "no value map contries; did you mean countries?"),
    "filter": ("{name}", "{name|uper}", "unknown filter uper; did you mean upper?"),
    "brace": ("{name}", "{name", "stray brace"),
    "key": ("external_id", "externl_id", "unknown key externl_id (did you mean external_id?)"),
    "missing name": ('name = "people"\n', "", "name is missing"),
    "missing source": ('source = "people"\n', "", "source is missing"),
    "no way to find": ('external_id = "{id}"\n', "", "external_id, match or identify"),
    "unknown match": ('external_id = "{id}"', 'match = ["emial"]', "customer has no field emial"),
    "on_duplicate": ('external_id = "{id}"', 'external_id = "{id}"\non_duplicate = "ignore"', "ignore"),
    "identify": ('external_id = "{id}"', 'identify = { fax = "{id}" }', "email, phone"),
    "toml": ("[record.fields]", "[record.fields", "no valid TOML"),
    "reference": ('name = "{name}"', 'name = { external = "{name}" }', "it holds text, not a reference"),
    "record": ('name = "{name}"', 'owner_id = { record = "boss" }', "no earlier block boss"),
    "constant": ('name = "{name}"', 'name = "{name}"\nemployees = "many"', "expected a number"),
    "zone": ('name = "people"\n', 'name = "people"\ntimezone = "Mars"\n', "IANA time zone"),
    "country": ('name = "people"\n', 'name = "people"\ncountry = "Germany"\n', "ISO 3166"),
    "scale": ('name = "{name}"', 'employees = { from = "{id}", scale = "k" }', "scale k"),
    "decimal": ('name = "{name}"', 'employees = { from = "{id}", decimal = ";" }', "a point or a comma"),
    "log": ('"customer"', '"event"', "written by the store alone"),
    "no blocks": (GOOD, 'name = "empty"', "nothing would be imported"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_one_clear_error(tmp_path: Path, mistake: str) -> None:
    old, new, told = MISTAKES[mistake]
    assert old in GOOD
    path = tmp_path / "people.csv"
    path.write_text("id,name,country\n1,Ada,Germany\n")
    (tmp_path / "people.toml").write_text(GOOD.replace(old, new))
    with Crm.open(plugins=[]) as crm:
        if mistake == "source":
            (tmp_path / "orders.csv").write_text("id\n1\n")
            path = tmp_path
        with pytest.raises(BadInput) as caught:
            run_import(crm, crm.system, path, load_mapping(tmp_path / "people.toml"))
    assert "\n" not in str(caught.value)
    assert told in str(caught.value)


def test_a_good_one_is_read_whole() -> None:
    mapping = read_mapping(GOOD)
    assert mapping.record[0].fields["country"].map == "countries"
    assert mapping.text == GOOD


def test_a_missing_mapping_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.toml cannot be read"):
        load_mapping(tmp_path / "nowhere.toml")


def test_a_value_that_the_map_lacks_is_refused_with_those_it_has(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name,country\n1,Ada,Atlantis\n")
    with Crm.open(plugins=[]) as crm:
        report = run_import(crm, crm.system, path, read_mapping(GOOD))
    assert "one of the values in map countries: Germany" in report.errors[0].render()
