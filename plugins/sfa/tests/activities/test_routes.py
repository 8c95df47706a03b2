"""The order of a day's visits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit_sfa
from crmkit import Crm
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import MakeCrm
from crmkit_sfa.activities.planning import plan
from crmkit_sfa.activities.routing import Place, Stop, distance, in_time, length, route
from crmkit_sfa.activities.visiting import visits

DAY = datetime(2026, 3, 23, tzinfo=UTC)
PLACES = st.tuples(st.floats(-80, 80, width=32), st.floats(-170, 170, width=32))
HOURS = st.none() | st.integers(8, 18).map(lambda hour: DAY + timedelta(hours=hour))
STOPS = st.lists(
    st.tuples(
        HOURS, st.none() | PLACES, st.sampled_from(["", "10115", "80331"]), st.sampled_from(["", "Berlin", "berlin"])
    ),
    max_size=8,
).map(lambda rows: [Stop(number, *row) for number, row in enumerate(rows)])


@settings(max_examples=150, deadline=None)
@given(STOPS, st.none() | PLACES)
def test_each_visit_once_in_time_and_never_a_longer_way(stops: list[Stop], start: Place | None) -> None:
    found = route(stops, start)
    assert sorted(stop.id for stop in found) == [stop.id for stop in stops]  # type: ignore[type-var]
    assert in_time(found)
    if in_time(stops):
        assert length(found, start) <= length(stops, start)


@settings(max_examples=50, deadline=None)
@given(STOPS)
def test_the_same_stops_give_the_same_route(stops: list[Stop]) -> None:
    assert route(stops) == route(list(stops))


@given(PLACES, PLACES)
def test_distances_are_those_of_a_sphere(one: Place, other: Place) -> None:
    assert distance(one, other) == pytest.approx(distance(other, one))
    assert 0 <= distance(one, other) <= 20_016
    assert distance(one, one) == 0


def test_a_known_distance() -> None:
    assert distance((52.52, 13.405), (48.137, 11.575)) == pytest.approx(504, abs=2)  # Berlin to Munich


def test_crossing_ways_are_untangled() -> None:
    corners = [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]
    found = route([Stop(number, None, place) for number, place in enumerate(corners)])
    assert length(found) < length([Stop(0, None, place) for place in corners]) * 0.9


def test_without_coordinates_places_are_grouped() -> None:
    stops = [
        Stop("a", None, (52.5, 13.4), "10115", "Berlin"),
        Stop("b", None, None, "80331", "München"),
        Stop("c", None, None, "10115", ""),
        Stop("d", None, None, "", "MÜNCHEN"),
        Stop("e", None, None, "", ""),
    ]
    order = [stop.id for stop in route(stops)]
    assert order.index("c") == order.index("a") + 1
    assert sorted(order) == ["a", "b", "c", "d", "e"]


def test_the_visits_of_a_day(make_crm: MakeCrm, clock: FixedClock) -> None:
    clock.set(DAY)
    crm: Crm = make_crm(plugins=[crmkit_sfa], config={"timezone": "Europe/Berlin"})
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        acme = Customer(name="Acme", kind="organization")
        session.add(
            acme,
            ContactPoint(
                customer_id=acme.id,
                kind="address",
                value="Hauptstr. 1, 10115 Berlin",
                postal_code="10115",
                city="Berlin",
            ),
        )
        today = {"kind": "visit", "starts_on": date(2026, 3, 23)}
        plan(ctx, "far", latitude=Decimal("52.6"), longitude=Decimal("13.4"), **today)
        plan(ctx, "near", latitude=Decimal("52.51"), longitude=Decimal("13.4"), **today)
        plan(
            ctx,
            "at ten",
            kind="visit",
            starts_at=DAY + timedelta(hours=9),
            latitude=Decimal("52.55"),
            longitude=Decimal("13.4"),
        )
        plan(ctx, "Acme", about=acme, **today)
        plan(ctx, "a call", kind="call", starts_on=date(2026, 3, 23))
    with crm.session(reads=True) as session:
        found = visits(crm.context(session, "sfa"), date(2026, 3, 23), start=(52.5, 13.4))
    assert [one.entry.activity.subject for one in found] == ["near", "at ten", "far", "Acme"]
    assert [one.kilometres for one in found] == [Decimal("1.1"), Decimal("4.4"), Decimal("5.6"), None]
    assert (found[3].address, found[3].city) == ("Hauptstr. 1, 10115 Berlin", "Berlin")
