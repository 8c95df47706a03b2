"""Records on their way through a lifecycle: whatever is written, a track says what its transitions say."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from crmkit.core.access import Scope
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput, Conflict, NotFound, Refused, StaleVersion, ValidationFailed
from crmkit.core.lifecycle import Lifecycle, Relationship, StageTrack, StageTransition
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.lifecycle.defining import define
from crmkit.services.lifecycle.moving import history, move, start, track_of
from tests.lifecycle.conftest import DAY, add_customer, evaluate, lifecycle, noon, related, stage_of

STAGES = (
    {"name": "new", "to": ["offer", "lost"]},
    "offer",
    {"name": "won", "category": "won", "final": True, "criteria": "has an interaction where kind = purchase"},
    {"name": "lost", "category": "lost", "reason": True},
)


@pytest.fixture
def zed(crm: Crm, clock: FixedClock) -> Customer:
    """A customer that has been new for ten days."""
    with crm.session() as session:
        define(session, lifecycle(*STAGES))
        made = add_customer(session)
        start(session, made, at=noon(clock, 10))
        return made


def stages(crm: Crm, record: Customer) -> list[tuple[str, int]]:
    """The history of a customer: each stage with the days since it began."""
    with crm.session(reads=True) as session:
        past = history(session, record)
        return [(interval.stage, (crm.clock.now() - interval.start) // DAY) for interval in past]


# -- moving ------------------------------------------------------------------------------------------------------------


def test_a_move_is_kept_with_who_when_and_why(crm: Crm, zed: Customer) -> None:
    with crm.session() as session:
        track = move(session, zed, "lost", reason="too dear")
        assert (track.stage, track.category, track.entered_at) == ("lost", "lost", crm.clock.now())
        (first, last) = session.list(StageTransition, track_id=track.id, order="occurred_at")
    assert (first.from_stage, first.to_stage) == ("", "new")
    assert (last.from_stage, last.to_stage, last.reason, last.cause) == ("new", "lost", "too dear", "user")


@pytest.mark.parametrize(
    ("to", "problem"),
    [("won", "from new, a record does not go to won"), ("lost", "for a reason")],
)
def test_the_definition_refuses_steps(crm: Crm, zed: Customer, to: str, problem: str) -> None:
    with pytest.raises(Refused, match=problem), crm.session() as session:
        move(session, zed, to)
    assert stage_of(crm, zed) == "new"


def test_criteria_are_asked_of_the_record(crm: Crm, zed: Customer, clock: FixedClock) -> None:
    with crm.session() as session:
        buyer = add_customer(session, clock.now())
        for one in (zed, buyer):
            if one is buyer:
                start(session, buyer)
            move(session, one, "offer")
        assert move(session, buyer, "won").category == "won"
    with pytest.raises(Refused, match="does not meet the criteria of won"), crm.session() as session:
        move(session, zed, "won")
    with pytest.raises(Refused, match="from won, a record does not go to offer"), crm.session() as session:
        move(session, buyer, "offer")


def test_unknown_stages_repeated_ones_and_future_ones(crm: Crm, zed: Customer, clock: FixedClock) -> None:
    with crm.session() as session:
        with pytest.raises(NotFound, match="did you mean offer"):
            move(session, zed, "ofer")
        with pytest.raises(BadInput, match="stands in stage new already"):
            move(session, zed, "new")
        with pytest.raises(NotFound, match="no lifecycle"):
            move(session, zed, "offer", lifecycle="pipeline")
        other = add_customer(session)
        with pytest.raises(NotFound, match="is not in lifecycle deal"):
            move(session, other, "offer")
        with pytest.raises(Conflict, match="is in lifecycle deal already"):
            start(session, zed)
    with pytest.raises(Refused, match="lies in the future"), crm.session() as session:
        move(session, zed, "offer", at=clock.now() + DAY)


# -- back-dating -------------------------------------------------------------------------------------------------------


def test_a_back_dated_step_takes_its_place_and_the_present_stage_stands(
    crm: Crm, zed: Customer, clock: FixedClock
) -> None:
    with crm.session() as session:
        move(session, zed, "lost", reason="silent", at=noon(clock, 2))
    with crm.session() as session:
        track = move(session, zed, "offer", at=noon(clock, 5))
        assert (track.stage, track.entered_at) == ("lost", noon(clock, 2))
    assert stages(crm, zed) == [("new", 10), ("offer", 5), ("lost", 2)]


def test_a_step_before_the_first_moves_the_beginning(crm: Crm, zed: Customer, clock: FixedClock) -> None:
    with crm.session() as session:
        track = move(session, zed, "offer", at=noon(clock, 20))
        assert track.stage == "new"
    assert stages(crm, zed) == [("offer", 20), ("new", 10)]


def test_a_back_dated_step_to_the_present_stage_begins_it_earlier(crm: Crm, zed: Customer, clock: FixedClock) -> None:
    with crm.session() as session:
        move(session, zed, "offer", at=noon(clock, 2))
        track = move(session, zed, "offer", at=noon(clock, 4))
        assert track.entered_at == noon(clock, 4)
    assert stages(crm, zed) == [("new", 10), ("offer", 4)]


def test_a_back_dated_step_must_suit_what_came_next(crm: Crm, zed: Customer, clock: FixedClock) -> None:
    with crm.session() as session:
        move(session, zed, "offer", at=noon(clock, 5))
    with pytest.raises(Refused, match="went to new next, which does not follow won"), crm.session() as session:
        move(session, zed, "won", at=noon(clock, 30))


# -- nobody writes a stage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forged",
    [{"stage": "offer"}, {"category": "won"}, {"entered_at": timedelta(days=1)}],
    ids=["stage", "category", "entered_at"],
)
def test_a_track_is_never_set_by_hand(crm: Crm, zed: Customer, forged: dict[str, object]) -> None:
    with crm.session(reads=True) as session:
        track = track_of(session, zed)
    values = {
        name: track.entered_at + value if isinstance(value, timedelta) else value for name, value in forged.items()
    }
    with pytest.raises(Refused, match="never set by hand"), crm.session() as session:
        session.update(change(track, **values))
    assert stage_of(crm, zed) == "new"


def test_a_track_without_transitions_is_refused(crm: Crm, zed: Customer, clock: FixedClock) -> None:
    with crm.session() as session:
        other = add_customer(session)
        forged = StageTrack(
            lifecycle_id=session.list(Lifecycle)[0].id,
            entity="customer",
            record_id=other.id,
            stage="won",
            entered_at=clock.now(),
        )
    with pytest.raises(Refused, match="begins with its first transition"), crm.session() as session:
        session.add(forged)


def test_a_transition_that_is_added_directly_moves_the_track(crm: Crm, zed: Customer, clock: FixedClock) -> None:
    with crm.session() as session:
        track = track_of(session, zed)
        session.add(StageTransition(track_id=track.id, to_stage="offer", occurred_at=noon(clock, 1)))
        session.flush()
        assert session.get(StageTrack, track.id).stage == "offer"
        assert session.find(StageTransition, to_stage="offer").from_stage == "new"
    with pytest.raises(Refused, match="has no stage nowhere"), crm.session() as session:
        session.add(StageTransition(track_id=track.id, to_stage="nowhere", occurred_at=noon(clock, 1)))
    forged = StageTransition(track_id=track.id, to_stage="lost", occurred_at=clock.now(), cause="rule", rule="magic")
    with pytest.raises(Refused, match="has no rule magic"), crm.session() as session:
        session.add(forged)


def test_transitions_are_neither_changed_nor_taken_back(crm: Crm, zed: Customer) -> None:
    with crm.session() as session:
        move(session, zed, "offer")
        (step,) = session.list(StageTransition, to_stage="offer")
    with pytest.raises(Refused, match="never changed"), crm.session() as session:
        session.update(change(step, to_stage="lost"))
    with pytest.raises(Refused, match="deleted with its track"), crm.session() as session:
        session.delete(step)
    with crm.session() as session:
        session.delete(step, session.list(StageTransition, to_stage="new")[0], track_of(session, zed))
    with crm.session() as session:
        assert session.count(StageTransition) == session.count(StageTrack) == 0


# -- together ----------------------------------------------------------------------------------------------------------


def test_of_two_people_who_move_one_record_the_second_is_told(crm: Crm, zed: Customer) -> None:
    with crm.session(reads=True) as session:
        shown = track_of(session, zed)
    with crm.session() as session:
        move(session, shown, "offer")
    with pytest.raises(StaleVersion), crm.session() as session:
        move(session, shown, "lost", reason="silent")
    assert stage_of(crm, zed) == "offer"


def test_two_transactions_that_move_one_record_at_once(core_postgres_url: str, clock: FixedClock) -> None:
    with Crm.open(core_postgres_url, plugins=[], clock=clock, tenant=uuid4().hex) as crm:
        with crm.session() as session:
            define(session, lifecycle("a", "b", "c"))
            zed = add_customer(session)
            start(session, zed)
        first, second = crm.session(), crm.session()
        try:
            tracks = [track_of(session, zed) for session in (first, second)]
            move(first, tracks[0], "b")
            first.commit()
            with pytest.raises(StaleVersion):
                move(second, tracks[1], "c")
        finally:
            first.close()
            second.close()
        assert stage_of(crm, zed) == "b"


def test_a_user_moves_own_records_alone(crm: Crm, zed: Customer) -> None:
    with crm.session() as session:
        anna = User(login="anna", name="Anna")
        entities = ("customer", "stage_track", "stage_transition")
        grants = [
            {"entity": entity, "action": action, "scope": Scope.OWN.name.lower()}
            for entity in entities
            for action in ("read", "create", "update")
        ]
        grants.append({"entity": "lifecycle", "action": "read", "scope": "all"})
        role = Role(name="seller", grants=tuple(grants))
        session.add(anna, role, RoleAssignment(user_id=anna.id, role_id=role.id))
    actor = crm.actor("anna")
    with crm.session(actor) as session:
        mine = Customer(name="Mine")
        session.add(mine)
        start(session, mine)
        assert move(session, mine, "offer").stage == "offer"
    with crm.session(actor) as session, pytest.raises(NotFound):
        move(session, zed, "offer")
    with crm.session() as session:
        foreign = track_of(session, zed)
    with pytest.raises((AccessDenied, NotFound)), crm.session(actor) as session:
        session.add(StageTransition(track_id=foreign.id, to_stage="offer", occurred_at=crm.clock.now()))
    assert stage_of(crm, zed) == "new"


# -- revisions ---------------------------------------------------------------------------------------------------------


def test_an_unchanged_definition_stays_and_a_changed_one_is_the_next_revision(crm: Crm, zed: Customer) -> None:
    with crm.session() as session:
        assert define(session, lifecycle(*STAGES)).revision == 1
        made = define(session, lifecycle(*STAGES, "paused", label="Deals"))
        assert (made.revision, made.active, made.label) == (2, True, "Deals")
        assert [one.revision for one in session.list(Lifecycle, active=True)] == [2]
        assert track_of(session, zed).lifecycle_id == made.id
        assert move(session, zed, "offer").stage == "offer"


def test_a_stage_in_which_records_stand_goes_only_with_a_place_for_them(crm: Crm, zed: Customer) -> None:
    without = lifecycle(*STAGES[1:])
    with pytest.raises(ValidationFailed) as caught, crm.session() as session:
        define(session, without)
    (error,) = caught.value.errors
    assert error.path == "lifecycle.remap.new"
    assert "1 records that stand in new" in str(error.expected)
    with crm.session() as session:
        made = define(session, without, remap={"new": "offer"})
        track = track_of(session, zed)
        assert (track.stage, track.lifecycle_id) == ("offer", made.id)
    assert stages(crm, zed) == [("new", 10), ("offer", 0)]
    # The history with the old stage still folds, and goes on.
    with crm.session() as session:
        assert move(session, zed, "lost", reason="silent").stage == "lost"


def test_a_new_category_reaches_the_records_that_stand_there(crm: Crm, zed: Customer) -> None:
    with crm.session() as session:
        define(session, lifecycle({"name": "new", "category": "active"}, *STAGES[1:]))
        assert track_of(session, zed).category == "active"


def test_a_stored_definition_is_never_rewritten(crm: Crm, zed: Customer) -> None:
    with crm.session(reads=True) as session:
        stored = session.list(Lifecycle)[0]
    with pytest.raises(Refused, match="define a new revision"), crm.session() as session:
        session.update(change(stored, definition={**stored.definition, "label": "x"}))
    broken = {"name": "odd", "entity": "customer", "stages": [{"name": "new"}]}
    with pytest.raises(ValidationFailed, match="category"), crm.session() as session:
        session.add(Lifecycle(name="odd", entity="customer", definition=broken))


def test_a_definition_that_does_not_suit_the_entities_is_refused(crm: Crm) -> None:
    with pytest.raises(ValidationFailed, match="colour"), crm.session() as session:
        define(session, lifecycle("new", {"name": "won", "criteria": "colour = red"}))


# -- relationships -----------------------------------------------------------------------------------------------------


def test_a_relationship_starts_when_it_begins_and_follows_its_owner(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        customer = add_customer(session)
        made = related(session, customer, noon(clock, 30))
        track = track_of(session, made)
        assert (track.stage, track.category) == ("prospect", "open")
        assert track.entered_at == (clock.now() - 30 * DAY).replace(hour=0)
        anna = User(login="anna", name="Anna")
        session.add(anna)
        session.update(change(session.get(Relationship, made.id), owner_id=anna.id))
        session.flush()
        assert session.get(StageTrack, track.id).owner_id == anna.id
    assert evaluate(shop).started == 0
