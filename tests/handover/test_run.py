"""A whole hand-over: everything that somebody owns passes, the user departs, and all of it can be taken back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, Conflict, NotFound, Refused
from crmkit.core.grouping import Segment
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.journal import AuditEntry
from crmkit.core.lifecycle import Relationship, StageTrack
from crmkit.core.staff import Delegation, RecordShare, User
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import CORE
from crmkit.services.handover import HandOverRules, find_handover, handovers, preview, run, undo
from crmkit.services.lifecycle.defining import ensure_lifecycles
from tests.conftest import OpenCrm
from tests.handover.conftest import add_customers, owners, reread
from tests.store.samples import one_of_each
from tests.store.staff import Staff, make_staff

TO_BEN = HandOverRules().with_rest("ben")
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def bare_staff(open_crm: OpenCrm) -> Staff:
    """The people in a CRM without the rules of the core, to which made-up records would have to be true."""
    crm = open_crm()
    crm.hooks.unregister(CORE)
    return make_staff(crm)


def test_one_record_of_every_entity_passes_and_comes_back(bare_staff: Staff, clock: FixedClock) -> None:
    staff = bare_staff
    crm, anna, ben = staff.crm, staff.users["anna"], staff.users["ben"]
    sample = one_of_each(clock.now(), "x", owner_id=anna.id, team_id=anna.team_id)
    with crm.session() as session:
        session.add(*sample.values())
    clock.advance(hours=1)
    before = owners(crm)
    mine = {key for key, (owner, _) in before.items() if owner == anna.id}
    # Every entity that has owners is among them, so that a new one is tested too.
    assert {entity for entity, _ in mine} >= {info.name for info in crm.registry if info.owned and info.editable}
    report = run(crm, crm.system, "anna", TO_BEN)
    after = owners(crm)
    assert {key for key, (owner, _) in after.items() if owner == anna.id} == set()
    assert {key for key in mine if after[key][0] == ben.id} == mine
    assert sum(report.moved[ben.id].values()) == len(mine)
    assert (report.left, report.remaining, report.resumed) == ((), 0, False)
    assert (report.user.state, report.handover.state) == ("departed", "finished")
    back = undo(crm, crm.system, report.handover.id)
    assert owners(crm) == before
    assert (back.left, back.user.state, back.handover.state) == ((), "active", "undone")
    assert back.restored >= len(mine)


def test_a_record_of_the_own_team_goes_to_the_heirs_team(staff: Staff) -> None:
    crm, teams = staff.crm, staff.teams
    (mine,) = add_customers(staff, "anna", 1)
    (elsewhere,) = add_customers(staff, "anna", 1, team_id=teams["North East"].id)
    (none,) = add_customers(staff, "anna", 1, team_id=None)
    report = run(crm, crm.system, "anna", HandOverRules().with_rest("dora"))
    after = owners(crm)
    dora = staff.users["dora"].id
    assert after["customer", mine.id] == (dora, teams["South"].id)
    assert after["customer", elsewhere.id] == (dora, teams["North East"].id)
    assert after["customer", none.id] == (dora, None)
    undo(crm, crm.system, report.handover.id)
    assert owners(crm)["customer", mine.id] == (staff.users["anna"].id, teams["North"].id)


def test_what_is_of_others_and_what_is_deleted_stays(staff: Staff) -> None:
    crm = staff.crm
    (of_cleo,) = add_customers(staff, "cleo", 1)
    (gone,) = add_customers(staff, "anna", 1)
    with crm.session() as session:
        session.delete(session.get(Customer, gone.id))
    run(crm, crm.system, "anna", TO_BEN)
    with crm.session(reads=True) as session:
        assert session.get(Customer, of_cleo.id).owner_id == staff.users["cleo"].id
        (deleted,) = session.list(Customer, deleted=True, id=gone.id)
        assert deleted.owner_id == staff.users["anna"].id


def test_planned_meetings_pass_and_held_ones_keep_who_was_there(staff: Staff) -> None:
    crm, anna, ben = staff.crm, staff.users["anna"], staff.users["ben"]
    (customer,) = add_customers(staff, "anna", 1)
    (foreign,) = add_customers(staff, "cleo", 1)
    meetings = {
        "planned": Interaction(kind="meeting", status="planned", occurred_at=LONG_AGO, owner_id=anna.id),
        "held": Interaction(kind="meeting", status="completed", occurred_at=LONG_AGO, owner_id=anna.id),
        "of cleo": Interaction(kind="meeting", status="planned", occurred_at=LONG_AGO, owner_id=staff.users["cleo"].id),
    }
    staff_there = {}
    with crm.session() as session:
        for name, meeting in meetings.items():
            staff_there[name] = InteractionParticipant(interaction_id=meeting.id, user_id=anna.id, role="staff")
            about = foreign if name == "of cleo" else customer
            present = InteractionParticipant(interaction_id=meeting.id, customer_id=about.id)
            session.add(meeting, staff_there[name], present)
    with crm.session(reads=True) as session:
        held = preview(session, session.get(User, anna.id), TO_BEN).holdings
    (interactions,) = [holding for holding in held.owned if holding.entity == "interaction"]
    assert (interactions.total, interactions.open, interactions.closed) == (2, 1, 1)
    (parts,) = held.assigned
    assert (parts.entity, parts.field, parts.total, parts.open) == ("interaction_participant", "user_id", 2, 2)
    report = run(crm, crm.system, "anna", TO_BEN)

    def present(name: str) -> object:
        with crm.session(reads=True) as session:
            return session.get(InteractionParticipant, staff_there[name].id).user_id

    assert (present("planned"), present("held"), present("of cleo")) == (ben.id, anna.id, ben.id)
    assert report.moved[ben.id] == {"customer": 1, "interaction": 2}
    undo(crm, crm.system, report.handover.id)
    assert {present(name) for name in meetings} == {anna.id}


def test_tracks_follow_their_relationship_and_say_what_is_closed(staff: Staff) -> None:
    crm, anna = staff.crm, staff.users["anna"]
    with crm.session() as session:
        ensure_lifecycles(session, crm.lifecycles())
    going_on, over = add_customers(staff, "anna", 2)
    with crm.session() as session:
        relationships = [Relationship(customer_id=c.id, owner_id=anna.id) for c in (going_on, over)]
        session.add(*relationships)
        session.flush()
        crm.services_for(session).move(relationships[1], "customer")
        crm.services_for(session).move(relationships[1], "lost", reason="moved away")
    with crm.session(reads=True) as session:
        held = preview(session, session.get(User, anna.id), TO_BEN).holdings
    counts = {holding.entity: (holding.open, holding.closed) for holding in held.owned}
    assert counts == {"customer": (1, 1), "relationship": (1, 1), "stage_track": (1, 1)}
    report = run(crm, crm.system, "anna", TO_BEN)
    with crm.session(reads=True) as session:
        assert {track.owner_id for track in session.list(StageTrack)} == {staff.users["ben"].id}
    back = undo(crm, crm.system, report.handover.id)
    assert back.left == ()
    with crm.session(reads=True) as session:
        assert {track.owner_id for track in session.list(StageTrack)} == {anna.id}


def test_shares_delegations_and_reports_end_and_come_back(staff: Staff, clock: FixedClock) -> None:
    crm, users = staff.crm, staff.users
    (customer,) = add_customers(staff, "cleo", 1)
    with crm.session() as session:
        until = clock.now().replace(year=2027)
        share = RecordShare(entity="customer", record_id=customer.id, user_id=users["anna"].id)
        given = Delegation(user_id=users["anna"].id, deputy_id=users["ben"].id, starts_at=clock.now(), ends_at=until)
        to_come = Delegation(
            user_id=users["cleo"].id, deputy_id=users["anna"].id, starts_at=until, ends_at=until.replace(year=2028)
        )
        session.add(share, given, to_come)
        session.update(change(session.get(User, users["anna"].id), reports_to_id=users["dora"].id))
        session.update(change(session.get(User, users["cleo"].id), reports_to_id=users["anna"].id))
    clock.advance(days=1)
    report = run(crm, crm.system, "anna", TO_BEN)
    with crm.session(reads=True) as session:
        assert session.list(RecordShare) == []
        assert [d.ends_at for d in session.list(Delegation)] == [clock.now()]
        assert session.get(User, users["cleo"].id).reports_to_id == users["dora"].id
    clock.advance(days=1)
    undo(crm, crm.system, report.handover.id)
    with crm.session(reads=True) as session:
        assert [s.id for s in session.list(RecordShare)] == [share.id]
        assert {d.id: d.ends_at for d in session.list(Delegation)} == {given.id: until, to_come.id: to_come.ends_at}
        assert session.get(User, users["cleo"].id).reports_to_id == users["anna"].id


def test_the_audit_log_says_who_and_why(staff: Staff) -> None:
    crm = staff.crm
    (customer,) = add_customers(staff, "anna", 1)
    chief = staff.actor("dora", ("*", "*", "all"))
    report = run(crm, chief, "anna", TO_BEN)
    with crm.session(reads=True) as session:
        (entry,) = session.list(AuditEntry, record_id=customer.id, action="updated")
    assert (entry.actor_id, entry.cause_id) == (staff.users["dora"].id, report.handover.id)
    assert set(entry.delta) == {"owner_id"}


def test_records_that_somebody_re_assigned_since_stay_and_are_reported(staff: Staff, clock: FixedClock) -> None:
    crm, users = staff.crm, staff.users
    kept, given_away, there_and_back, deleted = add_customers(staff, "anna", 4)
    report = run(crm, crm.system, "anna", TO_BEN)
    clock.advance(days=1)

    def assign(customer: Customer, login: str) -> None:
        with crm.session() as session:
            session.update(change(session.get(Customer, customer.id), owner_id=users[login].id))

    assign(given_away, "cleo")
    assign(there_and_back, "cleo")
    assign(there_and_back, "ben")
    with crm.session() as session:
        session.delete(session.get(Customer, deleted.id))
        session.update(change(session.get(Customer, kept.id), industry="Retail"))
    back = undo(crm, crm.system, report.handover.id)
    assert {left.record_id for left in back.left} == {given_away.id, there_and_back.id}
    assert {left.title for left in back.left} == {given_away.name, there_and_back.name}
    assert {str(left.reason) for left in back.left} == {"somebody re-assigned it since"}
    assert back.restored == 2
    with crm.session(reads=True) as session:
        found = {customer.id: customer for customer in session.list(Customer, deleted=True)}
    assert (found[kept.id].owner_id, found[kept.id].industry) == (users["anna"].id, "Retail")
    assert found[deleted.id].owner_id == users["anna"].id
    assert found[given_away.id].owner_id == users["cleo"].id
    assert found[there_and_back.id].owner_id == users["ben"].id


def test_a_hand_over_is_undone_once(staff: Staff) -> None:
    crm = staff.crm
    add_customers(staff, "anna", 1)
    report = run(crm, crm.system, "anna", TO_BEN)
    undo(crm, crm.system, report.handover.id)
    with pytest.raises(Conflict, match="was undone before"):
        undo(crm, crm.system, report.handover.id)


def test_who_has_departed_may_hand_over_again_and_the_last_is_undone_first(staff: Staff) -> None:
    crm = staff.crm
    add_customers(staff, "anna", 1)
    first = run(crm, crm.system, "anna", TO_BEN)
    add_customers(staff, "anna", 2)
    second = run(crm, crm.system, "anna", HandOverRules().with_rest("cleo"))
    assert second.moved == {staff.users["cleo"].id: {"customer": 2}}
    with pytest.raises(Conflict, match="has handed over again since"):
        undo(crm, crm.system, first.handover.id)
    assert undo(crm, crm.system, second.handover.id).user.state == "departed"
    assert undo(crm, crm.system, first.handover.id).user.state == "active"


def test_what_stood_frozen_stands_frozen_again(staff: Staff) -> None:
    crm = staff.crm
    with crm.session() as session:
        session.update(change(session.get(User, staff.users["anna"].id), state="frozen"))
    report = run(crm, crm.system, "anna")
    assert report.user.state == "departed"
    assert undo(crm, crm.system, report.handover.id).user.state == "frozen"


def test_nothing_is_written_when_no_rule_takes_something(staff: Staff) -> None:
    crm = staff.crm
    add_customers(staff, "anna", 2)
    with crm.session() as session:
        session.add(Segment(name="My own", owner_id=staff.users["anna"].id))
    before = owners(crm)
    with pytest.raises(Refused, match="no rule takes 2 records of customer; say who gets the rest") as refused:
        run(crm, crm.system, "anna", HandOverRules())
    assert [str(reason) for _, reason, _ in refused.value.refusals][1].startswith("no rule takes 1 records of segment")
    assert owners(crm) == before
    assert reread(crm, staff.users["anna"]).state == "active"
    with crm.session(reads=True) as session:
        assert handovers(session) == []


def test_the_departed_can_do_nothing_any_more(staff: Staff) -> None:
    crm = staff.crm
    anna = staff.actor("anna", ("*", "*", "all"))
    with crm.session(anna, reads=True) as open_session:
        assert open_session.count(Customer) == 0
        run(crm, crm.system, "anna", TO_BEN)
        with pytest.raises(AccessDenied, match="anna is not active any more"):
            open_session.list(User)
    with pytest.raises(NotFound, match="no active user anna: has departed"):
        crm.actor("anna")


def test_hand_overs_are_found_by_id_login_and_last(staff: Staff) -> None:
    crm = staff.crm
    first, second = (
        run(crm, crm.system, login, HandOverRules().with_rest("ben")).handover for login in ("anna", "cleo")
    )
    with crm.session(reads=True) as session:
        assert [(h.id, user.login) for h, user in handovers(session)] == [(second.id, "cleo"), (first.id, "anna")]
        for needle, meant in (("last", second), ("anna", first), (str(first.id), first), ("cleo", second)):
            assert find_handover(session, needle).id == meant.id
        with pytest.raises(NotFound, match="no hand-over dora"):
            find_handover(session, "dora")
    undo(crm, crm.system, second.id)
    with crm.session(reads=True) as session:
        assert find_handover(session, "last").id == first.id
