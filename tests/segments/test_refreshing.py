"""Watched segments: who joins and leaves is kept, whether everybody is asked or those whom changes concern."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.grouping import Segment, SegmentMember, Tag, Tagging
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.merging import merge, preview, undo
from crmkit.services.segments import (
    Refreshed,
    add_members,
    concerned,
    create_segment,
    find_segment,
    members,
    refresh,
    refresh_changed,
    refresh_timed,
    refreshing,
    watch,
)
from crmkit.store.erasing import erase_deltas
from crmkit.testing.making import AsUser
from tests.segments.changing import World
from tests.segments.conftest import log, stored, watched

People = dict[str, Customer]
BUYERS = "has at least 3 interactions where kind = purchase"


def changed(crm: Crm) -> list[tuple[str, int, int]]:
    """Refresh what changes concern; return name, joined and left of each segment that changed."""
    return [(one.name, one.joined, one.left) for one in refresh_changed(crm, crm.system)]


def test_a_refresh_writes_who_joined_and_who_left(crm: Crm, people: People) -> None:
    with crm.session() as session:
        german = create_segment(session, "German", "country = DE", watched=True)
        session.flush()
        assert refresh(session, german) == Refreshed(german.id, "German", joined=2, left=0)
        assert refresh(session, german) == Refreshed(german.id, "German")
    assert stored(crm, german) == {people["Anna"].id, people["Cy"].id}
    with crm.session() as session:
        session.update(change(people["Cy"], country="FR"), change(people["Di"], country="DE"))
        session.flush()
        assert refresh(session, "German") == Refreshed(german.id, "German", joined=1, left=1)
    assert stored(crm, german) == {people["Anna"].id, people["Di"].id}


def test_members_keep_since_when_and_until_when(crm: Crm, people: People, clock: FixedClock) -> None:
    german = watched(crm, "German", "country = DE")
    start = clock.now()
    left = clock.advance(days=3)
    with crm.session() as session:
        session.update(change(people["Cy"], country="FR"))
    assert changed(crm) == [("German", 0, 1)]
    clock.advance(days=3)
    with crm.session() as session:
        session.update(change(session.get(Customer, people["Cy"].id), country="DE"))
    assert changed(crm) == [("German", 1, 0)]
    with crm.session(reads=True) as session:
        past = session.list(SegmentMember, segment_id=german.id, record_id=people["Cy"].id, deleted=True)
    assert sorted((row.created_at, row.deleted_at) for row in past if row.deleted_at) == [(start, left)]
    assert [row.created_at for row in past if row.deleted_at is None] == [clock.now()]


def test_only_watched_segments_are_refreshed_and_by_whom_may_update_them(
    crm: Crm, people: People, as_user: AsUser
) -> None:
    with crm.session() as session:
        create_segment(session, "plain", "country = DE")
        create_segment(session, "German", "country = DE", watched=True)
        with pytest.raises(BadInput, match="plain is not watched"):
            refresh(session, "plain")
    nancy = as_user("customer read own", "segment read all", "segment update own")
    with crm.session(nancy) as session, pytest.raises(AccessDenied, match="may not update segment"):
        refresh(session, "German")
    with pytest.raises(AccessDenied, match="may not refresh all segments"):
        refresh_changed(crm, nancy)
    otto = as_user("customer read own", "segment * all")
    with crm.session(otto) as session:
        assert refresh(session, "German").joined == 2, "whoever asks, everybody counts"
        assert members(session, "German").records == ()


def test_who_asks_for_the_filter_decides_of_the_day_but_the_segments_zone_of_its_members(
    crm: Crm, people: People, as_user: AsUser
) -> None:
    """The purchases were at noon UTC."""
    evening = "has interactions where occurred_at.hour = 20"
    shanghai = watched(crm, "Shanghai", evening, timezone="Asia/Shanghai")
    utc = watched(crm, "UTC", evening)
    assert (len(stored(crm, shanghai)), len(stored(crm, utc))) == (3, 0)
    with crm.session(as_user("* * all", timezone="Europe/Berlin")) as session:
        assert refresh(session, "Shanghai").left == 0
        assert members(session, "Shanghai").records == ()
        made = create_segment(session, "Berlin", evening, watched=True)
    assert made.timezone == "Europe/Berlin"


def test_changes_concern_few(crm: Crm, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def spied(session: Any, segment: Segment, changes: Any) -> Any:
        found = concerned.concerned(session, segment, changes)
        asked.append(-1 if found is None else len(found))
        return found

    buyers = watched(crm, "buyers", BUYERS)
    changed(crm)
    monkeypatch.setattr(refreshing, "concerned", spied)
    with crm.session() as session:
        log(session, people["Bo"], crm.clock.now())
        session.update(change(people["Di"], industry="trade"))
    assert changed(crm) == [("buyers", 1, 0)]
    assert asked == [2]
    assert stored(crm, buyers) == {people["Anna"].id, people["Bo"].id, people["Cy"].id}
    assert changed(crm) == []
    monkeypatch.setattr(concerned, "MANY", 1)
    with crm.session() as session:
        session.delete(*[session.get(Customer, people[name].id) for name in ("Anna", "Cy")])
    assert changed(crm) == [("buyers", 0, 2)]
    assert asked[-1] == -1, "more than it takes less to ask all"


def test_a_child_that_is_given_away_concerns_both(crm: Crm, people: People) -> None:
    placed = watched(crm, "placed", "has contact_points where city = Berlin")
    changed(crm)
    with crm.session() as session:
        (point,) = session.list(ContactPoint, customer_id=people["Anna"].id)
        session.update(change(point, customer_id=people["Di"].id))
    assert changed(crm) == [("placed", 1, 1)]
    assert stored(crm, placed) == {people["Di"].id}


def test_what_the_audit_log_forgot_is_found_by_asking_all(crm: Crm, people: People) -> None:
    placed = watched(crm, "placed", "has contact_points where city = Berlin")
    changed(crm)
    with crm.session() as session:
        (point,) = session.list(ContactPoint, customer_id=people["Anna"].id)
        session.update(change(point, customer_id=people["Di"].id))
        session.flush()
        erase_deltas(session, [point.id])
    assert changed(crm) == [("placed", 1, 1)]
    assert stored(crm, placed) == {people["Di"].id}


def test_changes_along_relations_concern_whoever_leads_there(crm: Crm, people: People) -> None:
    nancy, vip = User(login="nancy", name="Nancy"), Tag(name="vip")
    with crm.session() as session:
        session.add(nancy, vip)
        session.flush()
        session.update(change(people["Anna"], owner_id=nancy.id), change(people["Bo"], owner_id=nancy.id))
        session.add(Tagging(tag_id=vip.id, entity="customer", record_id=people["Cy"].id))
    owned = watched(crm, "owned", "owner.name = Nancy")
    tagged = watched(crm, "tagged", "has tags where name = vip")
    changed(crm)
    with crm.session() as session:
        session.update(change(session.get(User, nancy.id), name="Ann"), change(session.get(Tag, vip.id), name="VIPs"))
    assert sorted(changed(crm)) == [("owned", 0, 2), ("tagged", 0, 1)]
    assert stored(crm, owned) == stored(crm, tagged) == set()


def test_what_a_segment_speaks_of_changes_it(crm: Crm, people: People) -> None:
    with crm.session() as session:
        create_segment(session, "German", "country = DE")
        create_segment(session, "picked", frozen=True)
    both = watched(crm, "both", "in segment German or in segment picked")
    changed(crm)
    with crm.session() as session:
        session.update(change(find_segment(session, "German"), filter="country = FR"))
        add_members(session, "picked", [people["Di"]])
    assert changed(crm) == [("both", 2, 2)]
    assert stored(crm, both) == {people["Bo"].id, people["Di"].id}


def test_a_segment_that_is_watched_fills_and_one_that_is_not_empties(crm: Crm, people: People) -> None:
    with crm.session() as session:
        german = create_segment(session, "German", "country = DE")
    assert changed(crm) == []
    with crm.session() as session:
        watch(session, "German", timezone="Europe/Berlin")
    assert changed(crm) == [("German", 2, 0)]
    with crm.session() as session:
        watch(session, "German", False)
    assert changed(crm) == []
    assert stored(crm, german) == set()


def test_time_alone_changes_segments_that_speak_of_it(crm: Crm, people: People, clock: FixedClock) -> None:
    lately = watched(crm, "lately", f"{BUYERS} and occurred_at >= now - 90 days")
    watched(crm, "ever", BUYERS)
    changed(crm)
    clock.advance(days=2)
    assert changed(crm) == []
    assert [(one.name, one.left) for one in refresh_timed(crm, crm.system)] == [("lately", 1)]
    assert stored(crm, lately) == set()
    assert refresh_timed(crm, crm.system) == []


def test_a_broken_segment_stands_and_is_named_and_others_go_on(crm: Crm, people: People) -> None:
    broken = watched(crm, "broken", "country = DE")
    watched(crm, "whole", "country = DE")
    changed(crm)
    with crm.session() as session:
        # As when a plugin that brought a field is gone.
        table = crm.database.tables["segment"]
        session.connection.execute(table.update().where(table.c.id == broken.id).values(filter="colour = red"))
        session.update(change(people["Di"], country="DE"))
    results = {one.name: one for one in refresh_changed(crm, crm.system)}
    assert results["whole"].joined == 1
    assert "has no field colour" in str(results["broken"].error)
    assert stored(crm, broken) == {people["Anna"].id, people["Cy"].id}


def test_a_long_log_is_passed_over(crm: Crm, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    german = watched(crm, "German", "country = DE")
    with crm.session() as session:
        session.update(change(people["Di"], country="DE"))
    monkeypatch.setattr(refreshing, "LAGGING", 3)
    assert changed(crm) == [("German", 1, 0)]
    assert len(stored(crm, german)) == 3
    monkeypatch.setattr(refreshing, "LAGGING", 10**6)
    with crm.session() as session:
        session.update(change(session.get(Customer, people["Bo"].id), country="DE"))
    assert [one.joined for one in refresh_changed(crm, crm.system, size=1)] == [1]


def test_merging_unites_membership_and_undoing_takes_it_back(crm: Crm, people: People) -> None:
    """Of a list both are on, one stays; a watched segment follows from the record that stays."""
    with crm.session() as session:
        create_segment(session, "one", frozen=True)
        create_segment(session, "both", frozen=True)
        session.flush()
        add_members(session, "one", [people["Bo"]])
        add_members(session, "both", [people["Bo"], people["Di"]])
    french = watched(crm, "French", "country = FR")
    buyers = watched(crm, "buyers", "has 2 interactions")
    changed(crm)
    with crm.session() as session:
        journal = merge(session, preview(session, people["Di"].id, people["Bo"].id))
    assert sorted(changed(crm)) == [("French", 0, 1)]
    with crm.session(reads=True) as session:
        for name in ("one", "both"):
            assert [record.id for record in members(session, name).records] == [people["Di"].id]
    assert stored(crm, french) == set()
    assert stored(crm, buyers) == {people[name].id for name in ("Anna", "Cy", "Di")}
    with crm.session() as session:
        undo(session, journal.id)
    changed(crm)
    assert stored(crm, french) == {people["Bo"].id}
    assert stored(crm, buyers) == {people[name].id for name in ("Anna", "Cy", "Bo")}


def test_tenants_follow_their_own_changes(open_crm: Callable[..., Crm]) -> None:
    one, two = open_crm(tenant="refresh-one"), open_crm(tenant="refresh-two")
    segments = {}
    for crm in (one, two):
        with crm.session() as session:
            for old in (*session.list(Segment), *session.list(Customer)):
                session.delete(old)
        segments[crm] = watched(crm, "all", "")
        changed(crm)
    with one.session() as session:
        session.add(Customer(name="Anna"))
    assert (changed(two), changed(one)) == ([], [("all", 1, 0)])
    assert (len(stored(one, segments[one])), len(stored(two, segments[two]))) == (1, 0)


def test_refreshes_at_the_same_time_write_each_member_once(crm: Crm, people: People) -> None:
    with crm.session() as session:
        german = create_segment(session, "German", "country = DE", watched=True)

    def work(turn: int) -> int:
        if turn % 2:
            return sum(one.joined for one in refresh_changed(crm, crm.system))
        with crm.session() as session:
            return refresh(session, german.id).joined

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(8))) == 2
    assert stored(crm, german) == {people["Anna"].id, people["Cy"].id}


# -- asking whom changes concern comes to the same as asking all ------------------------------------------------------

FILTERS = (
    "country = DE",
    "owner.name = Nancy or owner.team.name = North",
    "has at least 2 interactions where kind = purchase",
    "has no interactions where kind = call and occurred_at.hour between 8 and 20",
    "has exactly 1 contact_point where city in (Berlin, Lyon)",
    "not country = FR and has tags where name = vip",
    "in segment picked and not in segment Germans",
    "has customer_relations where type = supplier_of and to.country = DE",
    "has at most 1 interaction where has interaction_participants where customer.country = DE",
)


@given(seed=st.integers(0, 10_000), filter=st.sampled_from(FILTERS), steps=st.integers(1, 12))
@settings(
    max_examples=settings.default.max_examples // 10,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_changes_lead_to_the_same_members_as_asking_all(crm: Crm, seed: int, filter: str, steps: int) -> None:
    World(crm, random.Random(seed)).compare(filter, steps)
