"""The rules of turns, candidates, territories and balance, whatever they are given."""

from __future__ import annotations

from collections import Counter
from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from crmkit_sfa.assignment.balance import balance
from crmkit_sfa.assignment.candidates import Candidate, choose, took
from crmkit_sfa.assignment.entities import Territory
from crmkit_sfa.assignment.territories import fitting
from crmkit_sfa.assignment.turns import pick

DAY = date(2026, 3, 15)


def user(number: int) -> UUID:
    return UUID(int=number + 1)


def candidate(number: int, **known: object) -> Candidate:
    return Candidate(user_id=user(number), login=f"user{number:02}", **known)


@given(st.integers(1, 9), st.integers(0, 60))
def test_in_turn_nobody_is_more_than_one_ahead(people: int, picks: int) -> None:
    credits: dict[int, int] = {}
    got: Counter[int] = Counter(dict.fromkeys(range(people), 0))
    for _ in range(picks):
        chosen, credits = pick(credits, [(number, 1) for number in range(people)])
        got[chosen] += 1
        assert max(got.values()) - min(got.values()) <= 1


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(1, 4))
def test_by_weight_each_comes_as_often_as_it_weighs(weights: list[int], rounds: int) -> None:
    credits: dict[int, int] = {}
    got: Counter[int] = Counter()
    for _ in range(rounds * sum(weights)):
        chosen, credits = pick(credits, [*enumerate(weights)])
        got[chosen] += 1
    assert got == {number: weight * rounds for number, weight in enumerate(weights)}
    assert set(credits.values()) == {0}


@given(st.data(), st.integers(2, 6))
def test_who_was_away_makes_up_for_nothing(data: st.DataObject, people: int) -> None:
    everybody = [(number, 1) for number in range(people)]
    credits: dict[int, int] = {}
    for _ in range(data.draw(st.integers(0, 20))):
        _, credits = pick(credits, everybody)
    for _ in range(data.draw(st.integers(0, 40))):
        _, credits = pick(credits, everybody[1:])
    got: Counter[int] = Counter()
    for _ in range(people * 3):
        chosen, credits = pick(credits, everybody)
        got[chosen] += 1
    assert got[0] <= 4


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5) | st.none(), st.booleans()), min_size=1, max_size=6),
    st.sampled_from(["round_robin", "weighted", "load"]),
    st.integers(0, 30),
)
def test_nobody_gets_more_than_may_be(people: list[tuple[int, int | None, bool]], method: str, leads: int) -> None:
    there = [
        candidate(number, load=load, capacity=capacity, away_until=DAY if away else None)
        for number, (load, capacity, away) in enumerate(people)
    ]
    free = sum(leads if c.capacity is None else max(c.capacity - c.load, 0) for c in there if c.away_until is None)
    credits: dict[UUID, int] = {}
    given_away = 0
    for _ in range(leads):
        choice = choose(method, there, credits)  # type: ignore[arg-type]
        if choice.chosen is None:
            break
        assert choice.chosen.away_until is None
        assert not choice.chosen.full
        credits, given_away = dict(choice.credits), given_away + 1
        there = took(there, choice.chosen.user_id)
    assert given_away == min(leads, free)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 3), st.booleans()), min_size=1, max_size=5))
def test_after_balancing_nobody_could_give_one_to_somebody_better_off(people: list[tuple[int, int, bool]]) -> None:
    there = [
        candidate(number, load=load, weight=weight, state="frozen" if frozen else "active")
        for number, (load, weight, frozen) in enumerate(people)
    ]
    movable = {c.user_id: [UUID(int=1000 * c.user_id.int + n) for n in range(c.load)] for c in there}
    loads = {c.user_id: c.load for c in there}
    moves = balance(there, movable)
    assert len({move.lead for move in moves}) == len(moves)
    for move in moves:
        loads[move.giver] -= 1
        loads[move.taker] += 1
    able = [c for c in there if c.state == "active"]
    if able:
        assert all(loads[c.user_id] == 0 for c in there if c.state == "frozen")
    for giver in able:
        for taker in able:
            better = (loads[taker.user_id] + 1) * giver.weight < loads[giver.user_id] * taker.weight
            assert giver is taker or not better


@given(st.data(), st.integers(1, 8))
def test_a_territory_fits_with_all_above_it_and_the_best_wins(data: st.DataObject, count: int) -> None:
    made: list[Territory] = []
    for number in range(count):
        parent = data.draw(st.none() | st.sampled_from(made)) if made else None
        priority = data.draw(st.integers(0, 2))
        made.append(Territory(name=f"T{number}", parent_id=parent.id if parent else None, priority=priority))
    matching = {territory.id for territory in made if data.draw(st.booleans())}
    by_id = {territory.id: territory for territory in made}

    def fits(territory: Territory) -> bool:
        above = by_id.get(territory.parent_id) if territory.parent_id else None
        return territory.id in matching and (above is None or fits(above))

    found = fitting(made, matching, DAY)
    those = [territory for territory in made if fits(territory)]
    assert (found is None) == (not those)
    if found is not None:
        parents = {territory.parent_id for territory in those}
        ends = [territory for territory in those if territory.id not in parents]
        assert found.territory in ends
        assert found.territory.priority == max(territory.priority for territory in ends)
        assert {one.id for one in found.overlapping} == {one.id for one in ends} - {found.territory.id}


def test_a_territory_that_is_not_in_force_counts_for_nothing() -> None:
    later = Territory(name="Later", valid_from=date(2026, 4, 1))
    over = Territory(name="Over", valid_until=date(2026, 3, 14))
    assert fitting([later, over], [later.id, over.id], DAY) is None
    assert fitting([later, over], [later.id, over.id], date(2026, 4, 1)).territory is later  # type: ignore[union-attr]
