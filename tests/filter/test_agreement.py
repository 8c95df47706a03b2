"""Python, SQLite and PostgreSQL find the same records, whatever is asked of whatever is stored."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.core.filter import Predicate
from tests.filter.conftest import Ask
from tests.filter.stores import WORLDS
from tests.filter.strategies import conditions, predicates
from tests.filter.world import ZONES, context

worlds = st.sampled_from(sorted(WORLDS))
zones = st.sampled_from(ZONES)


@given(predicate=conditions("party"), world=worlds, zone=zones)
@settings(max_examples=settings.default.max_examples, derandomize=True, deadline=None)
def test_conditions_agree(answers: Ask, predicate: Predicate, world: UUID, zone: str) -> None:
    found = answers(predicate, "party", context(zone), world)
    assert found.sqlite == found.python
    assert found.postgresql == found.python


@given(predicate=predicates("party"), world=worlds, zone=zones)
@settings(max_examples=settings.default.max_examples * 2 // 3, derandomize=True, deadline=None)
def test_whole_filters_agree(answers: Ask, predicate: Predicate, world: UUID, zone: str) -> None:
    found = answers(predicate, "party", context(zone), world)
    assert found.sqlite == found.python
    assert found.postgresql == found.python


parts = st.sampled_from(["deal", "seat", "meeting"])


@given(asked=parts.flatmap(lambda entity: st.tuples(predicates(entity, 2), st.just(entity))), world=worlds)
@settings(max_examples=settings.default.max_examples // 4, derandomize=True, deadline=None)
def test_filters_on_other_entities_agree(answers: Ask, asked: tuple[Predicate, str], world: UUID) -> None:
    found = answers(*asked, context(), world)
    assert found.sqlite == found.python
    assert found.postgresql == found.python
