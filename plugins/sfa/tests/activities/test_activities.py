"""Planning, completing, moving and calling off; on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.interaction import Interaction, InteractionLink, InteractionParticipant
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import AccessDenied, BadInput, NotFound, Refused, StaleVersion, ValidationFailed, change
from crmkit.testing.making import AsUser, MakeCrm, MakeCustomer
from crmkit_sfa.activities.completing import NextStep, complete
from crmkit_sfa.activities.entities import Activity, ActivityParticipant
from crmkit_sfa.activities.naming import find_activity, occurrence_key
from crmkit_sfa.activities.planning import Invited, close, move, plan, respond
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity

NINE = datetime(2026, 3, 23, 8, tzinfo=UTC)
"""Nine o'clock in Berlin."""


@pytest.fixture
def lite(make_crm: MakeCrm) -> Crm:
    return make_crm(plugins=[crmkit_sfa], config={"timezone": "Europe/Berlin"})


@pytest.fixture(autouse=True)
def _today(clock: FixedClock) -> None:
    clock.set(datetime(2026, 3, 20, 8, tzinfo=UTC))


def test_completing_logs_one_interaction_and_plans_the_next(crm: Crm, clock: FixedClock) -> None:
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        acme = Customer(name="Acme", kind="organization")
        deal = Opportunity(name="Deal", customer_id=acme.id)
        anna = User(login="anna", name="Anna")
        session.add(acme, deal, anna)
        made = plan(
            ctx, "See them", kind="visit", starts_at=NINE, ends_at=NINE + timedelta(hours=1), about=deal, owner_id=anna.id,
            participants=[acme, anna, "bob@x.example", Invited(who="no@x.example", response="declined")],
        )  # fmt: skip
    clock.set(datetime(2026, 3, 24, tzinfo=UTC))
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        then = NextStep(subject="Send the offer", kind="task", details={"due_on": date(2026, 3, 30)})
        first = complete(ctx, session.get(Activity, made.id), outcome="interested", notes="They want two.", then=then)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        again = complete(ctx, session.get(Activity, made.id), outcome="other", then=then)
        (logged,) = session.list(Interaction)
        people = session.list(InteractionParticipant, interaction_id=logged.id)
        links = {(link.entity, link.record_id) for link in session.list(InteractionLink, interaction_id=logged.id)}
        following = session.list(Activity, follows_id=made.id)
    assert (again.interaction.id, again.next, again.activity.outcome) == (logged.id, None, "interested")
    assert (logged.kind, logged.channel, logged.occurred_at, logged.outcome) == ("visit", "sfa", NINE, "interested")
    assert (logged.ended_at, logged.body) == (NINE + timedelta(hours=1), "They want two.")
    assert {one.customer_id for one in people if one.role == "customer"} == {acme.id, None}
    assert [one.user_id for one in people if one.role == "staff"] == [anna.id]
    assert "no@x.example" not in {one.address for one in people}
    assert links == {("sfa_activity", made.id), ("sfa_opportunity", deal.id)}
    assert [(one.subject, one.due_on, one.opportunity_id, one.owner_id) for one in following] == [
        ("Send the offer", date(2026, 3, 30), deal.id, anna.id)
    ]
    assert first.next is not None
    assert first.next.id == following[0].id


def test_one_occurrence_is_completed_and_the_series_goes_on(lite: Crm) -> None:
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        weekly = plan(ctx, "Weekly", kind="call", starts_at=NINE, timezone="Europe/Berlin", rrule="FREQ=WEEKLY;COUNT=3")
        session.flush()
        weekly = session.get(Activity, weekly.id)
        done = complete(ctx, weekly, occurrence="20260330T090000").activity
        again = complete(ctx, weekly, occurrence="20260330T090000").activity
    with lite.session() as session:
        keys = [one.external_key for one in session.list(Interaction)]
        stored = session.get(Activity, weekly.id)
    assert done.id == again.id != weekly.id
    assert (done.series_id, done.status, done.starts_at) == (weekly.id, "done", datetime(2026, 3, 30, 7, tzinfo=UTC))
    assert keys == [f"activity:{weekly.id}:20260330T090000"]
    assert (stored.status, stored.recurring) == ("planned", True)


def test_two_who_complete_the_same_occurrence_leave_one(crm: Crm) -> None:
    with crm.session() as session:
        weekly = plan(
            crm.context(session, "sfa"), "W", starts_at=NINE, timezone="UTC", rrule="FREQ=WEEKLY", kind="call"
        )
    with crm.session() as one:
        series = one.get(Activity, weekly.id)
        complete(crm.context(one, "sfa"), series, occurrence="20260323T080000")
    # The other one did not see it yet.
    with pytest.raises((ValidationFailed, StaleVersion)), crm.session() as other:
        other.add(change(Activity(subject="W"), series_id=weekly.id, occurrence="20260323T080000", starts_at=NINE))
    with crm.session() as session:
        assert (session.count(Interaction), session.count(Activity)) == (1, 2)


def test_moving_keeps_the_length_and_counts_the_revision(lite: Crm) -> None:
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        made = plan(ctx, "M", kind="meeting", starts_at=NINE, ends_at=NINE + timedelta(minutes=45))
        session.flush()
        moved = move(ctx, session.get(Activity, made.id), NINE + timedelta(days=1))
        assert (moved.ends_at, moved.sequence) == (NINE + timedelta(days=1, minutes=45), 1)
        whole = move(ctx, moved, date(2026, 4, 1))
        assert (whole.starts_on, whole.starts_at, whole.ends_at) == (date(2026, 4, 1), None, None)
        named = change(whole, subject="Another name")
        session.update(named)
        session.flush()
        assert session.get(Activity, made.id).sequence == 2  # a name is no new revision


def test_one_occurrence_moves_and_another_is_called_off(lite: Crm) -> None:
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        weekly = plan(
            ctx, "Weekly", kind="meeting", starts_at=NINE, rrule="FREQ=WEEKLY;COUNT=3", participants=["b@x.example"]
        )
        session.flush()
        weekly = session.get(Activity, weekly.id)
        moved = move(ctx, weekly, NINE + timedelta(hours=3), occurrence_key(weekly, "2026-03-23"))
        off = close(ctx, weekly, "cancelled", "holiday", occurrence_key(weekly, "30.03.2026"))
        assert close(ctx, weekly, "cancelled", "", "20260330T090000") == off
        assert (moved.occurrence, off.occurrence, off.outcome) == ("20260323T090000", "20260330T090000", "holiday")
        with pytest.raises(Refused, match="called off"):
            complete(ctx, weekly, occurrence="20260330T090000")
        with pytest.raises(Refused, match="cancelled"):
            move(ctx, off, NINE)
        with pytest.raises(NotFound, match="no occurrence"):
            occurrence_key(weekly, "2026-03-24")
        with pytest.raises(BadInput, match="which occurrence"):
            complete(ctx, weekly)
        session.delete(session.get(Activity, weekly.id))
    with lite.session() as session:
        assert session.count(Activity) == 0  # what belonged to the series went with it


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "meeting", "starts_at": NINE, "ends_at": NINE - timedelta(hours=1)}, "ends_at.*not before"),
        ({"kind": "meeting", "starts_at": NINE, "ends_on": date(2026, 3, 24)}, "whole days or times"),
        ({"kind": "task", "starts_at": NINE, "ends_at": NINE}, "a task has no end"),
        ({"kind": "meeting", "ends_at": NINE}, "a start, too"),
        ({"rrule": "FREQ=DAILY"}, "a start: without one"),
        ({"due_on": date(2026, 3, 1), "rrule": "FREQ=NEVER"}, "FREQ"),
        ({"starts_at": NINE, "rrule": "FREQ=DAILY", "exdates": ("20260301",)}, "local time for times"),
        ({"timezone": "Mars/Olympus"}, "time zone such as"),
        ({"priority": 10}, "0 to 9"),
        ({"latitude": Decimal(91)}, "degrees"),
        ({"subject": " "}, "a value"),
    ],
    ids=["order", "mixed", "task-end", "no-start", "no-anchor", "rule", "exdate", "zone", "priority", "place", "subject"],
)  # fmt: skip
def test_times_that_make_no_sense_are_told_by_field(lite: Crm, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationFailed, match=said), lite.session() as session:
        plan(lite.context(session, "sfa"), **{"subject": "A", **wrong})  # type: ignore[arg-type]
    with lite.session(reads=True) as session:
        assert session.count(Activity) == 0


def test_a_participant_sees_it_and_answers_and_others_do_not(crm: Crm, as_user: AsUser) -> None:
    rights = ("sfa_activity read own", "sfa_activity create own", "sfa_activity update own", "user read all")
    owner, guest, other = as_user(*rights), as_user("sfa_activity read own"), as_user("sfa_activity read own")
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        who = session.get(User, guest.user_id)  # type: ignore[arg-type]
        made = plan(
            ctx,
            "Talk",
            kind="meeting",
            starts_at=NINE,
            rrule="FREQ=DAILY;COUNT=3",
            participants=[who],
            owner_id=owner.user_id,
        )
    with crm.session(guest) as session:
        ctx = crm.context(session, "sfa")
        found = find_activity(ctx, "Talk")
        respond(ctx, found, guest.user_id, "accepted")  # type: ignore[arg-type]
    with pytest.raises(AccessDenied), crm.session(guest) as session:
        move(crm.context(session, "sfa"), found, NINE + timedelta(days=9))
    with crm.session(other) as session, pytest.raises(NotFound):
        session.get(Activity, made.id)
    with crm.session() as session:
        (part,) = session.list(ActivityParticipant)
        assert part.response == "accepted"
        weekly = session.get(Activity, made.id)
        off = close(crm.context(session, "sfa"), weekly, "cancelled", "", occurrence_key(weekly, "2026-03-24"))
    with crm.session(guest) as session:
        assert session.get(Activity, off.id).status == "cancelled"
    with crm.session() as session:
        session.delete(*session.list(ActivityParticipant))
    with crm.session(guest) as session, pytest.raises(NotFound):
        session.get(Activity, made.id)


def test_what_is_planned_for_a_lead_goes_on_with_its_opportunity(lite: Crm) -> None:
    with lite.session() as session:
        lead = Lead(name="L")
        deal = Opportunity(name="D")
        session.add(lead, deal)
        made = plan(lite.context(session, "sfa"), "Call them", kind="call", about=lead, due_on=date(2026, 4, 1))
    with lite.session() as session:
        session.update(change(session.get(Lead, lead.id), opportunity_id=deal.id))
    with lite.session() as session:
        assert session.get(Activity, made.id).opportunity_id == deal.id
        session.update(change(session.get(Lead, lead.id), opportunity_id=None))
    with lite.session() as session:
        assert session.get(Activity, made.id).opportunity_id is None


def test_a_customer_that_is_merged_or_erased(lite: Crm) -> None:
    make_customer = MakeCustomer(lite)
    kept, lost, gone = (
        make_customer(name="Kept"),
        make_customer(name="Lost"),
        make_customer(given_name="Gone", family_name="G"),
    )
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        one = plan(ctx, "With lost", about=lost, participants=[kept, lost], kind="call")
        two = plan(ctx, "With gone", about=gone, participants=[gone], location="At home", kind="visit")
    with lite.session() as session:
        services = lite.context(session, "sfa").services
        services.merge(services.preview_merge(kept.id, lost.id))
        services.erase(gone.id, "asked to")
    with lite.session() as session:
        assert session.get(Activity, one.id).customer_id == kept.id
        assert [p.customer_id for p in session.list(ActivityParticipant, activity_id=one.id)] == [kept.id]
        assert session.get(Activity, two.id).subject != "With gone"


def test_an_activity_is_found_by_subject_or_id(lite: Crm) -> None:
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        one, two = plan(ctx, "Call"), plan(ctx, "Call")
        session.flush()
        with pytest.raises(BadInput, match=r"2 activities.*by its id"):
            find_activity(ctx, "Call")
        assert find_activity(ctx, str(two.id)).id == two.id
        close(ctx, session.get(Activity, two.id), "missed")
        assert find_activity(ctx, "Call").id == one.id
        with pytest.raises(NotFound, match="Nobody"):
            find_activity(ctx, "Nobody")
