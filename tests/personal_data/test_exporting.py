"""Everything that is held on a person, in one document, within rights, and never with a silent gap."""

from __future__ import annotations

import json
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput, NotFound
from crmkit.hooks.personal_data import PersonalData, PersonalDataRequest
from crmkit.plugin import hookimpl, msg
from crmkit.runtime.crm import Crm
from crmkit.services.merging import merge
from crmkit.services.merging import preview as preview_merge
from crmkit.services.personal_data import PersonalExport, erase, export_person, write_export
from crmkit.services.personal_data.packing import data_of
from tests.personal_data.conftest import OpenCrm
from tests.personal_data.test_planted import reached
from tests.personal_data.world import Marks, World, make_world
from tests.store.staff import make_staff


def exported(crm: Crm, customer: UUID, **options: Any) -> PersonalExport:
    with crm.session(reads=True) as s:
        return export_person(s, customer, **options)


def section(export: PersonalExport, entity: str) -> Any:
    (found,) = [one for one in export.sections if one.entity == entity]
    return found


def test_everything_planted_is_in_it(crm: Crm, world: World) -> None:
    """Whatever can be held on a person is planted; all of it comes out, and nothing of others."""
    marks, others = Marks(), Marks("zqother")
    with crm.session() as s:
        merge(s, preview_merge(s, world.anna, world.berg))
    with crm.session() as s:
        own = list(reached(crm, s, world.anna))
        marks.plant(s, iter(own))
        known = {record.id for _, record in own}
        theirs = [pair for pair in reached(crm, s, world.carl) if pair[1].id not in known]
        others.plant(s, iter(theirs))
    export = exported(crm, world.anna)
    data = data_of(export)
    missing = set(marks.planted.values()) - marks.found_in(data)
    # Who else took part in a meeting is not the person's to have.
    assert missing == {"interaction_participant.address", "interaction_participant.source"} - marks.found_in(data)
    # Only the names of those whom the person stands in a relation to.
    assert others.found_in(data) <= {"customer.name"}
    assert export.complete
    assert export.customers == (world.anna, world.berg)
    assert [(one.lost_id, one.undone_at) for one in export.merges] == [(world.berg, None)]


def test_references_have_names(crm: Crm, world: World) -> None:
    export = exported(crm, world.anna)
    (relation,) = section(export, "customer_relation").records
    assert (relation["to_id"].entity, relation["to_id"].name) == ("customer", "Firm AG")
    (tagging,) = section(export, "tagging").records
    assert tagging["tag_id"].name == "vip"
    (member,) = section(export, "segment_member").records
    assert member["segment_id"].name == "club"
    (consent,) = section(export, "consent").records
    assert (consent["purpose"], consent["evidence"], consent["decision"]) == ("newsletter", "card", "granted")
    assert section(export, "customer").records[0]["hobby"] == "Chess"


def test_who_changed_what_is_in_it_when_asked_for(crm: Crm, world: World) -> None:
    with crm.session() as s:
        s.update(change(s.get(Customer, world.anna), nickname="Annie"))
    assert exported(crm, world.anna).history == ()
    told = [(e.action, e.fields) for e in exported(crm, world.anna, history=True).history if e.record_id == world.anna]
    assert told[-1] == ("updated", ("nickname",))
    assert told[0][0] == "created"


def test_exporting_is_a_right_of_its_own(crm: Crm, world: World) -> None:
    staff = make_staff(crm)
    reader = staff.actor("anna", ("*", "read", "all"))
    with crm.session(reader, reads=True) as s, pytest.raises(AccessDenied, match="may not export"):
        export_person(s, world.anna)
    with crm.session(reads=True) as s, pytest.raises((NotFound, AccessDenied)):
        export_person(s, uuid4())


def test_what_the_actor_may_not_see_is_counted_and_told(crm: Crm, world: World) -> None:
    staff = make_staff(crm)
    clerk = staff.actor(
        "anna", ("customer", "read", "all", "-birth_date"), ("customer", "export", "all"), ("tag", "read", "all")
    )
    with crm.session(clerk, reads=True) as s:
        export = export_person(s, world.anna)
    assert section(export, "club_card").withheld == 1
    assert section(export, "club_card").records == ()
    assert section(export, "customer").hidden == ("birth_date",)
    assert not export.complete
    told = [str(message) for message in export.missing]
    assert "1 records of Club cards that you may not see" in told
    assert "fields of Customers that you may not see: birth_date" in told
    assert b'"complete": false' in data_of(export)


class Provider:
    """Holds something elsewhere, or fails."""

    fails = False

    @hookimpl
    def collect_personal_data(self, ctx: Any, call: PersonalDataRequest) -> list[Any]:
        if self.fails:
            raise ConnectionError("the provider does not answer")
        return [PersonalData(msg("Mailing provider"), ({"opened": 3, "ids": [str(id) for id in call.customers]},))]


def test_plugins_add_what_is_in_no_entity_and_failing_leaves_no_silent_gap(open_crm: OpenCrm) -> None:
    provider = Provider()
    crm = open_crm(provider)
    world = make_world(crm)
    export = exported(crm, world.anna)
    (block,) = export.plugins
    assert (str(block.title), block.rows[0]["opened"]) == ("Mailing provider", 3)
    provider.fails = True
    export = exported(crm, world.anna)
    assert not export.complete
    assert "the provider does not answer" in str(export.missing[-1])
    assert b"the provider does not answer" in data_of(export)


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name == "href" and value]


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_it_is_written_with_a_page_and_the_files(crm: Crm, world: World, tmp_path: Path, name: str) -> None:
    with crm.session() as s:
        s.update(change(s.get(Customer, world.anna), nickname="<script>alert(1)</script>"))
    export, target = exported(crm, world.anna), tmp_path / name
    tenant = crm.system.tenant_id
    assert write_export(export, target, lambda digest: crm.attachments.contents.get(tenant, digest)) == ()
    if name.endswith(".zip"):
        with zipfile.ZipFile(target) as archive:
            archive.extractall(tmp_path / "read")
        target = tmp_path / "read"
    assert json.loads((target / "data.json").read_text("utf-8"))["name"] == "Anna Berg"
    assert (target / "files" / "0001-letter.txt").read_bytes() == b"a letter"
    parser = Links()
    parser.feed((target / "index.html").read_text("utf-8"))
    assert parser.links == ["files/0001-letter.txt"]
    assert "script" not in parser.tags
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_file_that_is_gone_is_told(crm: Crm, world: World, tmp_path: Path) -> None:
    export, tenant = exported(crm, world.anna), crm.system.tenant_id
    crm.attachments.contents.remove(tenant, export.files[0].sha256)
    lost = write_export(export, tmp_path / "out", lambda digest: crm.attachments.contents.get(tenant, digest))
    assert "letter.txt" in str(lost[0])
    with pytest.raises(BadInput, match="exists already"):
        write_export(export, tmp_path / "out")


def test_of_the_erased_next_to_nothing_is_left_to_export(crm: Crm, world: World) -> None:
    with crm.session() as s:
        erase(s, world.anna, "request", attachments=lambda: crm.attachments)
    export = exported(crm, world.anna)
    assert (export.name, export.files) == ("erased", ())
    assert b"anna@example.com" not in data_of(export)
