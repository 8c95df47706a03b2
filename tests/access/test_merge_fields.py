"""Merging by people who may not read or write every field: nothing of these is shown, and nothing of them is chosen."""

from __future__ import annotations

import io
from typing import Any

import attrs
import pytest

from crmkit.core.access import Actor
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, Refused
from crmkit.core.field_rights import MASKED
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.journal import MergeJournal
from crmkit.core.values.partial_date import PartialDate
from crmkit.runtime.crm import Crm
from crmkit.services.auditing.log import entries
from crmkit.services.exporting.running import export
from crmkit.services.identify.claims import not_the_same
from crmkit.services.merging import find_merge, merge, merge_many, merges, preview, undo
from tests.store.staff import Staff

SECRET = "Rosenquist"
"""Planted in whatever a user may not read."""

HIDDEN = ("description", "birth_date", "marina_blood_group")


@attrs.frozen
class Two:
    kept: Customer
    lost: Customer


@pytest.fixture
def two(staff: Staff) -> Two:
    made = Two(
        Customer(name="Anna", industry="Ships"),
        Customer(
            name="Anna Berg",
            industry="Boats",
            description=SECRET,
            birth_date=PartialDate(1980, 5, 17),
            custom={"marina_blood_group": SECRET, "marina_shoe": 38},
        ),
    )
    with staff.crm.session() as s:
        s.add(made.kept, made.lost)
    return made


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    """Merges customers without seeing everything of them, and reads journals of merges."""
    return staff.actor(
        "anna", ("customer", "*", "all", "-description", "-birth_date"), ("merge_journal", "read", "all")
    )


def text_of(*things: Any) -> str:
    return repr(things)


# -- previews ---------------------------------------------------------------------------------------------------------


def test_a_preview_tells_nothing_of_hidden_fields(staff: Staff, clerk: Actor, two: Two) -> None:
    with staff.crm.session(clerk, reads=True) as s:
        plan = preview(s, two.kept.id, two.lost.id)
    assert SECRET not in text_of(plan)
    assert "1980" not in text_of(plan)
    assert set(HIDDEN) <= set(plan.hidden)
    seen = {field.name: field for field in plan.fields}
    for name in HIDDEN:
        field = seen[name]
        assert (field.kept, field.lost, field.result) == (MASKED, MASKED, MASKED)
        # Where a value comes from, and whether the two differ, tells of what is in them.
        assert (field.taken, field.differs) == ("kept", False)
    assert (seen["industry"].lost, seen["marina_shoe"].result) == ("Boats", 38)
    with staff.crm.session(reads=True) as s:
        whole = preview(s, two.kept.id, two.lost.id)
    assert (whole.result.description, whole.hidden) == (SECRET, ())


def test_reasons_against_a_merge_tell_nothing_of_hidden_fields(staff: Staff, two: Two) -> None:
    actor = staff.actor("anna", ("customer", "*", "all", "-name", "-kind"))
    firm = Customer(name=f"{SECRET} Ltd", kind="organization")
    with staff.crm.session() as s:
        s.add(firm)
        not_the_same(s, two.kept.id, firm.id)
    with staff.crm.session(actor) as s:
        plan = preview(s, two.kept.id, firm.id)
        assert len(plan.blocked) == 2
        assert str(firm.id) in str(plan.blocked[0].values)
        with pytest.raises(Refused) as caught:
            merge(s, plan)
    for told in (text_of(plan), text_of(caught.value, caught.value.args, caught.value.message)):
        assert SECRET not in told
        assert "organization" not in told


# -- choices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", ["lost", "kept", "x"])
@pytest.mark.parametrize("field", ["description", "marina_blood_group", "custom.marina_blood_group"])
def test_hidden_fields_are_not_chosen(staff: Staff, clerk: Actor, two: Two, field: str, choice: str) -> None:
    told = rf"anna may not choose what {field.removeprefix('custom.')} of customer {two.kept.id} will be"
    with staff.crm.session(clerk) as s:
        with pytest.raises(AccessDenied, match=told):
            preview(s, two.kept.id, two.lost.id, {field: choice})
        plan = preview(s, two.kept.id, two.lost.id)
        with pytest.raises(AccessDenied, match=told):
            merge(s, attrs.evolve(plan, choices={field: choice}))
        (result,) = merge_many(s, [(two.kept.id, two.lost.id)], {field: choice})
        assert result.error is not None
        assert result.error.code == "access_denied"
    with staff.crm.session(reads=True) as s:
        assert s.count(Customer) == 2


def test_fields_that_are_only_read_are_not_chosen_either(staff: Staff, two: Two) -> None:
    actor = staff.actor(
        "ben",
        ("customer", "read", "all"),
        ("customer", "merge", "all"),
        ("customer", "update", "all", "industry"),
    )
    with staff.crm.session(actor) as s:
        assert preview(s, two.kept.id, two.lost.id).result.description == SECRET
        with pytest.raises(AccessDenied, match="may not choose what description, name of customer"):
            preview(s, two.kept.id, two.lost.id, {"name": "lost", "description": "", "industry": "lost"})
        assert preview(s, two.kept.id, two.lost.id, {"industry": "lost"}).result.industry == "Boats"


def test_what_nobody_chose_survives_unseen(staff: Staff, clerk: Actor, two: Two) -> None:
    with staff.crm.session(clerk) as s:
        merge(s, preview(s, two.kept.id, two.lost.id, {"industry": "lost"}))
    with staff.crm.session(reads=True) as s:
        kept = s.get(Customer, two.kept.id)
        assert (kept.description, kept.industry, kept.birth_date) == (SECRET, "Boats", PartialDate(1980, 5, 17))
        assert dict(kept.custom) == {"marina_blood_group": SECRET, "marina_shoe": 38}


# -- journals ---------------------------------------------------------------------------------------------------------


def _everywhere(crm: Crm, actor: Actor, journal: MergeJournal) -> dict[str, Any]:
    """What an actor is told of a merge, by way."""
    info = crm.registry.get(MergeJournal)
    with crm.session(actor) as s:
        out = io.BytesIO()
        export(s, info, out, format="jsonl")
        return {
            "merges": merges(s),
            "found": find_merge(s, str(journal.id)),
            "masked": s.masked(s.get(MergeJournal, journal.id)),
            "export": out.getvalue().decode(),
        }


def test_journals_show_images_to_those_alone_who_read_every_field(staff: Staff, clerk: Actor, two: Two) -> None:
    crm = staff.crm
    with crm.session(clerk) as s:
        journal = merge(s, preview(s, two.kept.id, two.lost.id))
    reader = staff.actor(
        "ben",
        ("customer", "*", "all"),
        ("merge_journal", "*", "all"),
        ("audit_entry", "read", "all"),
    )
    told = _everywhere(crm, reader, journal)
    assert SECRET not in text_of(journal, told)
    assert [one.lost_id for one in told["merges"]] == [two.lost.id]
    with crm.session(reader, reads=True) as s:
        assert SECRET not in text_of(entries(s, MergeJournal, journal.id))
    expert = staff.actor("ben", ("*", "*", "all", "*"))
    told = _everywhere(crm, expert, journal)
    assert {name for name, value in told.items() if SECRET not in text_of(value)} == set()


def test_an_undo_reports_no_titles_that_are_not_read(staff: Staff, two: Two) -> None:
    """Neither of records that the actor may not see, nor of fields that are hidden."""
    crm = staff.crm
    call = Interaction(kind="call", subject=SECRET, occurred_at=crm.clock.now())
    part = InteractionParticipant(interaction_id=call.id, customer_id=two.lost.id, address=SECRET)
    with crm.session() as s:
        s.add(call, part)
    actor = staff.actor("anna", ("customer", "*", "all", "-name"))
    with crm.session(actor) as s:
        journal = merge(s, preview(s, two.kept.id, two.lost.id))
    with crm.session() as s:
        # Elsewhere since, so that the undo leaves it.
        other = Customer(name="Other")
        s.add(other)
        s.flush()
        s.update(change(s.get(InteractionParticipant, part.id), customer_id=other.id))
        s.update(change(s.get(Customer, two.kept.id), description=f"{SECRET} again"))
    with crm.session(actor) as s:
        report = undo(s, journal.id)
    assert {(left.entity, left.fields) for left in report.left} == {
        ("customer", ("description",)),
        ("interaction_participant", ("customer_id",)),
    }
    assert [left.title for left in report.left] == ["", ""]
    assert SECRET not in text_of(report)
