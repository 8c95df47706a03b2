"""Filters written as text or as data read back as the same filters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from crmkit.core.filter import FilterError, Predicate, from_data, parse, to_data, to_text
from tests.filter.strategies import predicates
from tests.filter.world import REGISTRY


@given(predicates("party"))
@settings(max_examples=settings.default.max_examples, derandomize=True, deadline=None)
def test_text_reads_back(predicate: Predicate) -> None:
    text = to_text(predicate)
    assert parse(text, REGISTRY, "party") == predicate
    assert to_text(parse(text, REGISTRY, "party")) == text


@given(predicates("party"))
@settings(max_examples=settings.default.max_examples, derandomize=True, deadline=None)
def test_data_reads_back(predicate: Predicate) -> None:
    data = json.loads(json.dumps(to_data(predicate)))
    assert from_data(data, REGISTRY, "party") == predicate


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("NOT (name CONTAINS 'stop')", "name not contains stop"),
        ("(kind = Person) AND ((size > 1) OR (size < 0))", "kind = person and (size > 1 or size < 0)"),
        ("has deals where name = x or name = y", "has deals where (name = x or name = y)"),
        ("(has deals where name = x) and size = 1", "(has deals where name = x) and size = 1"),
        ("not (not has deals where name = x) and size = 1", "(not not has deals where name = x) and size = 1"),
        ("owner_id.name = 'and'", 'owner.name = "and"'),
        ("custom.c_text = ''", 'c_text = ""'),
        ("seen.weekday = SAT or seen.weekday = 7", "seen.weekday = saturday or seen.weekday = sunday"),
        ("seen.hour between 22 and 2", "seen.hour >= 22 or seen.hour <= 2"),
        ("NOT IN SEGMENT 'VIP'", "not in segment VIP"),
        ("in segment 'and'", 'in segment "and"'),
        ("seen > START OF MONTH-1months", "seen > start of month - 1 month"),
    ],
)
def test_the_canonical_text_is_short(text: str, canonical: str) -> None:
    assert to_text(parse(text, REGISTRY, "party")) == canonical


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "filter, top: expected an object"),
        ({}, "filter, top: expected field and op"),
        ({"and": [{"field": "nmae", "op": "=", "value": 1}] * 2}, "filter, and[0].nmae: party has no field nmae"),
        ({"and": [{"always": True}]}, "filter, and: expected a list of two or more"),
        ({"not": {"field": "size", "op": "=", "value": "x"}}, "filter, not.size: party.size needs a number"),
        ({"field": "size", "op": "="}, "filter, size: a value is missing"),
        ({"field": "size", "op": "=", "value": [1]}, "filter, size: expected a text, a number or true or false"),
        ({"field": "size", "op": "in", "value": []}, "filter, size: expected a list of values"),
        ({"field": "size", "op": "~", "value": 1}, "filter, size: party.size cannot be asked with ~"),
        ({"field": "name", "op": "contains", "value": 1}, "filter, name: expected text"),
        ({"field": "name", "op": "is empty", "value": 1}, "filter, name: unknown key value"),
        ({"in segment": 1}, "filter, top: expected text, got 1"),
        ({"in segment": "x", "op": "="}, "filter, top: unknown key op"),
        ({"field": "seen.hour", "op": "=", "value": 24}, "filter, seen.hour: party.seen.hour needs a number from 0"),
        ({"always": 1}, "filter: expected true or false"),
        ({"has": "dels"}, "filter, top: nothing called dels belongs to party"),
        ({"has": "deals", "op": "about"}, "filter, top: unknown op about"),
        ({"has": "deals", "count": -1}, "filter: expected a count from 0"),
        ({"has": "deals", "where": {"field": "x", "op": "="}}, "filter, where.x: deal has no field x"),
    ],
)
def test_faults_in_data_name_the_part(data: Any, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        from_data(data, REGISTRY, "party")
    assert str(caught.value).startswith(message)


def test_depth_of_data_is_limited() -> None:
    data: dict[str, Any] = {"always": True}
    for _ in range(5_000):
        data = {"not": data}
    with pytest.raises(FilterError, match="nested more than 32 deep"):
        from_data(data, REGISTRY, "party")


def test_segments_and_weekdays_are_data_too() -> None:
    predicate = parse("in segment VIP and seen.weekday in (friday, 6)", REGISTRY, "party")
    data = to_data(predicate)
    assert data == {
        "and": [
            {"in segment": "VIP"},
            {"field": "seen.weekday", "op": "in", "value": ["friday", "saturday"]},
        ]
    }
    assert from_data(data, REGISTRY, "party") == predicate


def test_numbers_in_data_may_be_numbers() -> None:
    data = {"field": "weight", "op": "<", "value": 2.5}
    assert from_data(data, REGISTRY, "party") == parse("weight < 2.5", REGISTRY, "party")
