"""What is private is seen by its owner, its author and the users who took part, and by nobody else whatever his scope."""

from __future__ import annotations

import pytest

from crmkit.core.access import Actor
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, NotFound
from crmkit.core.interaction import Attachment, Interaction, InteractionParticipant
from crmkit.core.staff import RecordShare
from crmkit.core.survey import SurveyAnswer
from tests.store.staff import Staff

PARTS = (InteractionParticipant, Attachment)


@pytest.fixture
def note(staff: Staff) -> Interaction:
    """Dora wrote it for Ben; Anna took part, and so did Anna's customer."""
    crm, users = staff.crm, staff.users
    dora = staff.actor("dora", ("*", "*", "all"))
    acme = Customer(name="Acme", kind="organization", owner_id=users["cleo"].id)
    made = Interaction(
        kind="note", subject="secret", occurred_at=crm.clock.now(), visibility="private", owner_id=users["ben"].id
    )
    with crm.session() as s:
        s.add(acme)
    with crm.session(dora) as s:
        s.add(made, Attachment(interaction_id=made.id, filename="secret.pdf"))
        s.add(InteractionParticipant(interaction_id=made.id, customer_id=acme.id))
        s.add(InteractionParticipant(interaction_id=made.id, user_id=users["anna"].id, role="staff"))
        s.add(Interaction(kind="note", subject="open", occurred_at=crm.clock.now()))
    return made


def seen(staff: Staff, actor: Actor) -> tuple[set[str], int, int]:
    with staff.crm.session(actor, reads=True) as s:
        subjects = {one.subject for one in s.list(Interaction)}
        assert s.count(Interaction, "subject = secret") == ("secret" in subjects)
        return subjects, s.count(InteractionParticipant), s.count(Attachment)


@pytest.mark.parametrize("login", ["anna", "ben", "dora"])
def test_owner_author_and_participants_see_it(staff: Staff, note: Interaction, login: str) -> None:
    assert seen(staff, staff.actor(login, ("*", "read", "all"))) == ({"secret", "open"}, 2, 1)


def test_others_do_not_even_when_they_see_everything(staff: Staff, note: Interaction) -> None:
    cleo = staff.actor("cleo", ("*", "*", "all"))
    assert seen(staff, cleo) == ({"open"}, 0, 0)
    with staff.crm.session(cleo) as s:
        with pytest.raises(NotFound):
            s.get(Interaction, note.id)
        s.work.current[note.id] = note
        s.update(change(note, subject="x"))
        with pytest.raises(AccessDenied, match="cleo may not update interaction"):
            s.flush()
        s.rollback()


def test_a_share_does_not_open_it(staff: Staff, note: Interaction) -> None:
    with staff.crm.session() as s:
        s.add(RecordShare(entity="interaction", record_id=note.id, user_id=staff.users["cleo"].id))
    assert seen(staff, staff.actor("cleo", ("*", "read", "own")))[0] == set()


def test_it_takes_a_right_even_so(staff: Staff, note: Interaction) -> None:
    assert seen(staff, staff.actor("ben")) == (set(), 0, 0)
    assert seen(staff, staff.actor("ben", ("interaction", "read", "own"))) == ({"secret"}, 0, 0)


def test_the_system_sees_it(staff: Staff, note: Interaction) -> None:
    assert seen(staff, staff.crm.system) == ({"secret", "open"}, 2, 1)


def test_answers_of_private_surveys_are_private_too(staff: Staff) -> None:
    actor = staff.actor("cleo", ("*", "read", "all"))
    with staff.crm.session(actor, reads=True) as s:
        table = staff.crm.database.tables["survey_answer"]
        assert s.narrowing.allowed("survey_answer", table, "read") is not None
        assert s.narrowing.allowed("customer", staff.crm.database.tables["customer"], "read") is None
        assert s.count(SurveyAnswer) == 0
