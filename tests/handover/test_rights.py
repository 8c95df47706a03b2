"""Who may hand over, freeze and activate; what a frozen user can still do, and what plugins say to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput, Conflict, NotFound, Refused
from crmkit.core.handover import HandOver
from crmkit.core.interaction import Interaction
from crmkit.core.messages import msg
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.handover import HandedOver, HandingOver
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import Refuse
from crmkit.services.handover import HandOverRules, activate, freeze, holdings, preview, run, undo
from tests.conftest import OpenCrm
from tests.handover.conftest import add_customers, owners, reread
from tests.store.staff import Staff, make_staff

TO_BEN = HandOverRules().with_rest("ben")
CHIEF = (("user", "read", "all"), ("user", "update", "all"), ("customer", "*", "subtree"))


# -- freezing ---------------------------------------------------------------------------------------------------------


def test_a_frozen_user_cannot_act_and_keeps_everything(staff: Staff) -> None:
    crm = staff.crm
    add_customers(staff, "anna", 2)
    anna = staff.actor("anna", ("*", "*", "all"))
    before = owners(crm)
    with crm.session() as session:
        assert freeze(session, session.get(User, staff.users["anna"].id)).state == "frozen"
    with pytest.raises(NotFound, match="no active user anna"):
        crm.actor("anna")
    with pytest.raises(NotFound, match="no active user anna: frozen, until activated again"):
        crm.actor("ben", on_behalf_of="anna")
    with crm.session(anna) as session, pytest.raises(AccessDenied, match="anna is not active any more"):
        session.list(Customer)
    with crm.session(anna) as session:
        session.add(Customer(name="Late", kind="organization"))
        with pytest.raises(AccessDenied, match="anna is not active any more"):
            session.flush()
        session.rollback()
    assert owners(crm) == before
    with crm.session() as session:
        assert activate(session, session.get(User, staff.users["anna"].id)).state == "active"
    with crm.session(crm.actor("anna"), reads=True) as session:
        assert session.count(Customer) == 2


def test_nobody_freezes_activates_or_hands_over_himself(staff: Staff) -> None:
    crm = staff.crm
    anna = staff.actor("anna", ("*", "*", "all"))
    for act in (freeze, activate, holdings, lambda s, user: preview(s, user, TO_BEN)):
        with crm.session(anna) as session, pytest.raises(AccessDenied, match="nobody hands over"):
            act(session, session.get(User, staff.users["anna"].id))  # type: ignore[operator]
    with pytest.raises(AccessDenied, match="nobody hands over"):
        run(crm, anna, "anna", TO_BEN)


@pytest.mark.parametrize("act", [freeze, activate, holdings], ids=["freeze", "activate", "holdings"])
def test_it_takes_the_right_to_change_the_user(staff: Staff, act: Callable[..., Any]) -> None:
    reader = staff.actor("ben", ("*", "read", "all"), ("customer", "*", "all"))
    with staff.crm.session(reader) as session, pytest.raises(AccessDenied, match="ben may not update user anna"):
        act(session, session.get(User, staff.users["anna"].id))
    assert reread(staff.crm, staff.users["anna"]).state == "active"


def test_a_departed_user_is_not_frozen_and_one_in_hand_over_not_activated(staff: Staff) -> None:
    crm, anna = staff.crm, staff.users["anna"]
    with crm.session() as session:
        session.add(HandOver(user_id=anna.id))
        session.update(change(session.get(User, staff.users["dora"].id), state="departed"))
    with crm.session() as session:
        with pytest.raises(Conflict, match="a hand-over of anna is under way"):
            activate(session, session.get(User, anna.id))
        with pytest.raises(BadInput, match="dora has departed already"):
            freeze(session, session.get(User, staff.users["dora"].id))


# -- rights to hand over ----------------------------------------------------------------------------------------------


def test_what_is_beyond_the_right_to_assign_is_said_before_anything_is_written(staff: Staff) -> None:
    crm = staff.crm
    add_customers(staff, "anna", 2)
    add_customers(staff, "anna", 1, team_id=staff.teams["South"].id)
    chief = staff.actor("ben", *CHIEF)
    before = owners(crm)
    with pytest.raises(Refused) as refused:
        run(crm, chief, "anna", HandOverRules().with_rest("cleo"))
    assert [str(reason) for _, reason, _ in refused.value.refusals] == [
        "ben may not update 1 records of customer",
        "ben may not assign 1 records of customer",
    ]
    assert owners(crm) == before
    assert reread(crm, staff.users["anna"]).state == "active"


def test_to_change_records_is_not_yet_to_assign_them(staff: Staff) -> None:
    crm = staff.crm
    add_customers(staff, "anna", 2)
    grants = [("user", "*", "all"), ("customer", "read", "all"), ("customer", "update", "all")]
    with pytest.raises(Refused, match="dora may not assign 2 records of customer"):
        run(crm, staff.actor("dora", *grants), "anna", TO_BEN)
    chief = staff.actor("dora", *grants, ("customer", "assign", "all"))
    assert run(crm, chief, "anna", TO_BEN).user.state == "departed"


def test_private_records_count_also_for_those_who_may_not_read_them(staff: Staff, clock: FixedClock) -> None:
    crm = staff.crm
    note = Interaction(
        kind="note", visibility="private", subject="Mine", occurred_at=clock.now(), owner_id=staff.users["anna"].id
    )
    with crm.session() as session:
        session.add(note)
    chief = staff.actor("dora", ("*", "*", "all"))
    with crm.session(chief) as session:
        assert session.count(Interaction) == 0
        plan = preview(session, session.get(User, staff.users["anna"].id), TO_BEN)
    (held,) = plan.holdings.owned
    assert (held.entity, held.total, held.private) == ("interaction", 1, 1)
    # Whoever keeps secrets passes them on to nobody but by the system.
    assert [str(reason) for reason in plan.blocked] == [
        "dora may not update 1 records of interaction",
        "dora may not assign 1 records of interaction",
    ]
    assert run(crm, crm.system, "anna", TO_BEN).user.state == "departed"


def test_undoing_takes_the_same_rights(staff: Staff) -> None:
    crm = staff.crm
    add_customers(staff, "anna", 2)
    report = run(crm, crm.system, "anna", TO_BEN)
    with pytest.raises(AccessDenied, match="cleo may not update user anna"):
        undo(crm, staff.actor("cleo", ("customer", "*", "all"), ("user", "read", "all")), report.handover.id)
    weak = staff.actor("dora", ("user", "*", "all"), ("customer", "read", "all"), ("customer", "update", "all"))
    with pytest.raises(AccessDenied, match="may not assign customer"):
        undo(crm, weak, report.handover.id)
    # It was begun and goes on with whoever may.
    assert undo(crm, staff.actor("dora", ("*", "*", "all")), report.handover.id).restored == 2


# -- what plugins say -------------------------------------------------------------------------------------------------


class Watching:
    """Refuses to pass customers to Dora, and remembers what it was told."""

    def __init__(self) -> None:
        self.asked: list[HandingOver] = []
        self.told: list[HandedOver] = []

    @hookimpl
    def guard_handover(self, ctx: Any, call: HandingOver) -> list[Refuse]:
        self.asked.append(call)
        dora = ctx.session.find(User, login="dora")
        return [Refuse(msg("Dora has enough to do"))] if dora.id in call.heirs else []

    @hookimpl
    def after_handover_committed(self, ctx: Any, call: HandedOver) -> None:
        self.told.append(call)


def test_plugins_may_refuse_and_hear_of_what_was_done(open_crm: OpenCrm) -> None:
    watching = Watching()
    crm = open_crm(watching)
    staff = make_staff(crm)
    ben = staff.users["ben"]
    add_customers(staff, "anna", 2)
    before = owners(crm)
    with pytest.raises(Refused, match="Dora has enough to do"):
        run(crm, crm.system, "anna", HandOverRules().with_rest("dora"))
    with crm.session(reads=True) as session:
        plan = preview(session, session.get(User, staff.users["anna"].id), HandOverRules().with_rest("dora"))
    assert (plan.allowed, len(plan.blocked)) == (False, 1)
    assert owners(crm) == before
    assert watching.asked[0].size == 2
    report = run(crm, crm.system, "anna", TO_BEN)
    (done,) = watching.told
    assert (done.handover_id, done.user.state, done.undone, done.size) == (report.handover.id, "departed", False, 2)
    assert done.heirs == {ben.id: {"customer": 2}}
    undo(crm, crm.system, report.handover.id)
    assert [(call.handover_id, call.undone, call.user.state) for call in watching.told[1:]] == [
        (report.handover.id, True, "active")
    ]


class Picky:
    """Refuses to save one customer, whatever changes."""

    def __init__(self) -> None:
        self.strict = False

    @hookimpl(entities=("customer",))
    def guard_records(self, ctx: Any, call: Any) -> list[Refuse]:
        wrong = [c.after for c in call.changes if self.strict and c.after.name == "anna 1"]
        return [Refuse(msg("{name} is being audited", name=record.name), record.id) for record in wrong]


def test_one_record_that_cannot_be_written_holds_up_no_other(open_crm: OpenCrm) -> None:
    picky = Picky()
    crm = open_crm(picky)
    staff = make_staff(crm)
    customers = add_customers(staff, "anna", 4)
    before = owners(crm)
    picky.strict = True
    report = run(crm, crm.system, "anna", TO_BEN)
    (left,) = report.left
    assert (left.entity, left.record_id) == ("customer", customers[1].id)
    assert str(left.reason).endswith(": anna 1 is being audited")
    assert report.moved == {staff.users["ben"].id: {"customer": 3}}
    # Nobody departs who still owns something.
    assert (report.remaining, report.user.state, report.handover.state) == (1, "frozen", "finished")
    picky.strict = False
    assert run(crm, crm.system, "anna", TO_BEN).user.state == "departed"
    with crm.session(reads=True) as session:
        second, first = session.list(HandOver, order="-created_at,-id")
    undo(crm, crm.system, second.id)
    undo(crm, crm.system, first.id)
    assert owners(crm) == before


def test_a_record_that_cannot_be_taken_back_stays_and_is_reported(open_crm: OpenCrm) -> None:
    picky = Picky()
    crm = open_crm(picky)
    staff = make_staff(crm)
    customers = add_customers(staff, "anna", 3)
    report = run(crm, crm.system, "anna", TO_BEN)
    picky.strict = True
    back = undo(crm, crm.system, report.handover.id)
    assert [left.record_id for left in back.left] == [customers[1].id]
    assert (back.restored, back.user.state) == (2, "active")


def test_an_heir_who_leaves_meanwhile_stops_it_until_it_is_undone(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crmkit.services.handover import batches

    crm = staff.crm
    add_customers(staff, "anna", 6)
    before = owners(crm)
    monkeypatch.setattr(batches, "SIZE", 2)

    def ben_leaves(done: int, total: int) -> None:
        with crm.session() as session:
            ben = session.get(User, staff.users["ben"].id)
            if ben.state == "active":
                session.update(change(ben, state="frozen"))

    with pytest.raises(Conflict, match="ben is frozen by now"):
        run(crm, crm.system, "anna", TO_BEN, on_progress=ben_leaves)
    assert reread(crm, staff.users["anna"]).state == "frozen"
    with crm.session(reads=True) as session:
        (handover,) = session.list(HandOver)
    undo(crm, crm.system, handover.id)
    assert owners(crm) == before


def test_what_others_assign_meanwhile_passes_too_and_what_they_take_stays_theirs(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crmkit.services.handover import batches

    crm, users = staff.crm, staff.users
    customers = add_customers(staff, "anna", 6)
    monkeypatch.setattr(batches, "SIZE", 2)
    new: list[Customer] = []

    def others_work(done: int, total: int) -> None:
        if not new:
            new.extend(add_customers(staff, "anna", 1))
            with crm.session() as session:
                session.update(change(session.get(Customer, customers[5].id), owner_id=users["cleo"].id))

    report = run(crm, crm.system, "anna", TO_BEN, on_progress=others_work)
    found = owners(crm)
    assert found["customer", new[0].id][0] == users["ben"].id
    assert found["customer", customers[5].id][0] == users["cleo"].id
    assert report.moved == {users["ben"].id: {"customer": 6}}
    back = undo(crm, crm.system, report.handover.id)
    assert (back.restored, back.left) == (6, ())
