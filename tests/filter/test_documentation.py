"""The reference page: every example is a filter of the entity it names, and the fault it shows is the real one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.filter import FilterError, from_data, parse, to_text
from crmkit.core.registry import EntityRegistry

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "filters.md").read_text(encoding="utf-8")
REGISTRY = EntityRegistry(CORE_ENTITIES)
EXAMPLES = [
    (entity, line)
    for entity, block in re.findall(r"^```filter entity=(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize(("entity", "text"), EXAMPLES)
def test_examples_are_filters(entity: str, text: str) -> None:
    predicate = parse(text, REGISTRY, entity)
    assert parse(to_text(predicate), REGISTRY, entity) == predicate


def test_there_are_examples_of_several_entities() -> None:
    assert len(EXAMPLES) > 15
    assert {entity for entity, _ in EXAMPLES} >= {"customer", "contact_point"}


def test_the_example_as_data_is_a_filter() -> None:
    (data,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert to_text(from_data(json.loads(data), REGISTRY, "customer")).startswith("country in (DE, FR) and ")


def test_the_mistake_is_shown_as_it_is() -> None:
    with pytest.raises(FilterError) as caught:
        parse("owner.nam = 3", REGISTRY, "customer")
    assert "\n".join(caught.value.lines()) in PAGE
