"""Python, SQLite and PostgreSQL find the same records, whatever is asked of whatever is stored."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.core.filter import FilterContext, Predicate
from tests.filter.stores import WORLDS
from tests.filter.strategies import conditions, predicates
from tests.filter.world import ZONES, context

Agree = Callable[[Predicate, str, FilterContext, UUID], set[UUID]]

worlds = st.sampled_from(sorted(WORLDS))
zones = st.sampled_from(ZONES)


@given(predicate=conditions("party"), world=worlds, zone=zones)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_conditions_agree(agree: Agree, predicate: Predicate, world: UUID, zone: str) -> None:
    agree(predicate, "party", context(zone), world)


@given(predicate=predicates("party"), world=worlds, zone=zones)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_whole_filters_agree(agree: Agree, predicate: Predicate, world: UUID, zone: str) -> None:
    agree(predicate, "party", context(zone), world)


parts = st.sampled_from(["deal", "seat", "meeting"])


@given(asked=parts.flatmap(lambda entity: st.tuples(predicates(entity, 2), st.just(entity))), world=worlds)
@settings(max_examples=50, derandomize=True, deadline=None)
def test_filters_on_other_entities_agree(agree: Agree, asked: tuple[Predicate, str], world: UUID) -> None:
    agree(*asked, context(), world)
