"""Lifecycles as files: what they say, and everything that can be wrong with them, with its place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.errors import BadInput, NotFound, ValidationFailed
from crmkit.core.lifecycle import DEFAULT_STAGES
from crmkit.core.lifecycle_checks import check_lifecycle
from crmkit.core.lifecycle_reading import duration_text, lifecycle_from_data, lifecycle_from_toml, lifecycle_to_data
from crmkit.core.registry import EntityRegistry
from crmkit.services.lifecycle.defining import default_lifecycle
from tests.lifecycle.conftest import lifecycle

REGISTRY = EntityRegistry(CORE_ENTITIES)


def problems(**changes: Any) -> set[str]:
    """The paths of everything wrong in a good lifecycle with these changes."""
    data = {
        "name": "deal",
        "entity": "customer",
        "stages": [{"name": "new", "category": "open"}, {"name": "won", "category": "won"}],
        "events": {"purchase": {"children": "interactions", "where": "kind = purchase"}},
        **changes,
    }
    try:
        check_lifecycle(lifecycle_from_data({k: v for k, v in data.items() if v is not None}), REGISTRY)
    except ValidationFailed as error:
        return {fault.path.removeprefix("lifecycle.") for fault in error.errors}
    return set()


def rule(**changes: Any) -> list[dict[str, Any]]:
    return [{"name": "r", "from": ["new"], "to": "won", "on": "purchase", **changes}]


def test_the_shipped_lifecycle_has_the_default_stages_and_suits_the_entities() -> None:
    definition = default_lifecycle()
    check_lifecycle(definition, REGISTRY)
    assert tuple((stage.name, stage.category) for stage in definition.stages) == DEFAULT_STAGES
    assert [rule.after.days for rule in definition.rules] == [0, 90, 0, 365, 0]


def test_a_lifecycle_is_the_same_after_a_round_through_json() -> None:
    definition = default_lifecycle()
    data = lifecycle_to_data(definition)
    assert data["rules"][1]["from"] == ["customer", "won_back"]
    assert data["rules"][1]["after"] == "90 days"
    assert lifecycle_from_data(data) == definition


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"entity": None}, {"entity"}),
        ({"entity": "custmer"}, {"entity"}),
        ({"naem": "x"}, {"naem"}),
        ({"name": "Deal flow"}, {"name"}),
        ({"stages": []}, {"stages"}),
        ({"stages": [{"name": "new"}, {"name": 5, "category": "open"}]}, {"stages[0].category", "stages[1].name"}),
        ({"stages": [{"name": "new", "category": "best"}]}, {"stages[0].category"}),
        ({"stages": [{"name": "new", "category": "open"}] * 2}, {"stages[1].name"}),
        ({"stages": [{"name": "new", "category": "open", "to": "nwe"}]}, {"stages[0].to"}),
        ({"stages": [{"name": "a", "category": "open", "criteria": "name = x"}]}, {"stages[0].criteria"}),
        ({"start": "old"}, {"start"}),
        ({"subject": "owner"}, {"subject"}),
        ({"remap": {"old": "gone", "new": "won"}}, {"remap.old", "remap.new"}),
        ({"events": {"purchase": {"children": "interaction_lines"}}}, {"events.purchase.children"}),
        ({"events": {"purchase": {"children": "interactions", "at": "kind"}}}, {"events.purchase.at"}),
        ({"events": {"purchase": {"children": "interactions", "same": ["channel"]}}}, {"events.purchase.same"}),
        ({"events": {"purchase": {"children": "interactions", "where": "knd = x"}}}, {"events.purchase.where"}),
        ({"rules": rule()}, set()),
        ({"rules": rule(to="wno")}, {"rules[0].to"}),
        ({"rules": rule(**{"from": "new"})}, set()),
        ({"rules": rule(**{"from": ["won"]})}, {"rules[0].from"}),
        ({"rules": rule(on="buy")}, {"rules[0].on"}),
        ({"rules": rule(on="", without="purchase")}, {"rules[0].after"}),
        ({"rules": rule(without="purchase", after="1 day")}, {"rules[0].without"}),
        ({"rules": rule(on="", past=True, after="1 day")}, {"rules[0].past"}),
        ({"rules": rule(on="")}, {"rules[0]"}),
        ({"rules": rule(on="", when="nmae = x")}, {"rules[0].when"}),
        ({"rules": rule(after="3 months")}, {"rules[0].after"}),
        ({"rules": [*rule(), *rule()]}, {"rules[1].name"}),
        ({"rules": rule(name="remap")}, {"rules[0].name"}),
    ],
    ids=lambda value: " ".join(sorted(value)) if isinstance(value, set) else "",
)
def test_everything_wrong_is_found_with_its_place(changes: dict[str, Any], expected: set[str]) -> None:
    assert problems(**changes) == expected


def test_a_rule_goes_only_where_its_stage_leads() -> None:
    closed = [{"name": "new", "category": "open", "final": True}, {"name": "won", "category": "won"}]
    assert problems(stages=closed, rules=rule()) == {"rules[0].to"}


def test_text_that_is_no_toml_names_the_file() -> None:
    with pytest.raises(BadInput, match=r"deal\.toml: no valid TOML"):
        lifecycle_from_toml("name = ", "deal.toml")


def test_an_unknown_stage_is_told_with_the_closest_name() -> None:
    with pytest.raises(NotFound, match="did you mean won"):
        lifecycle("new", "won").stage("wno")


@pytest.mark.parametrize(("text", "length"), [("1 day", 1), ("90 days", 90), ("2 WEEKS", 14), ("36 hours", 1.5)])
def test_durations_are_read_and_written(text: str, length: float) -> None:
    made = lifecycle("new", "won", rules=[{"name": "r", "from": "new", "to": "won", "after": text}])
    assert made.rules[0].after == timedelta(days=length)
    assert duration_text(made.rules[0].after) == text.lower()
