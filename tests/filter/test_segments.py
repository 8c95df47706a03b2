"""Segments in filters: what stands in their place, and where changes lead back to."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import pytest

from crmkit.core.filter import FilterError, SegmentDefinition, evaluate, expanded, fields_used, parse, to_text
from crmkit.core.filter.routes import (
    Holding,
    Referring,
    depends_on_time,
    depends_on_user,
    routes_of,
)
from crmkit.core.filter.segments import segment_renamed, segments_named, speaks_of_segments
from tests.filter.world import REGISTRY, Party, context

SEGMENTS: Mapping[str, tuple[str, str]] = {
    "large": ("party", "size >= 100"),
    "all": ("party", "  "),
    "friends": ("party", "in segment large or owner.name = Nancy"),
    "closed": ("deal", "closed is not empty"),
    "broken": ("party", "nmae = x"),
    "egg": ("party", "in segment hen"),
    "hen": ("party", "has deals or in segment egg"),
    "wide0": ("party", " or ".join(f"size = {n}" for n in range(100))),
    **{f"wide{n}": ("party", f"in segment wide{n - 1} or size = 1 and in segment wide{n - 1}") for n in range(1, 6)},
    **{f"deep{n}": ("party", f"in segment deep{n + 1}") for n in range(20)},
}


def find(name: str) -> SegmentDefinition | None:
    if name not in SEGMENTS:
        return None
    entity, text = SEGMENTS[name]
    return SegmentDefinition(UUID(int=1), name, entity, text)


def meaning(text: str) -> str:
    return to_text(expanded(parse(text, REGISTRY, "party"), REGISTRY, "party", find))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("in segment large", "size >= 100"),
        ("not in segment friends and size < 3", "not (size >= 100 or owner.name = Nancy) and size < 3"),
        ("in segment all", "everything"),
        ("has 2 deals where in segment closed", "has at least 2 deals where closed is not empty"),
        ("parent.name = x or (not in segment all)", "parent.name = x or not everything"),
    ],
)
def test_the_meaning_stands_in_the_place(text: str, meant: str) -> None:
    assert meaning(text) == meant


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("in segment larg", "there is no segment larg, or none that you may see"),
        ("in segment closed", "segment closed is one of deal, not of party"),
        ("has deals where in segment large", "segment large is one of party, not of deal"),
        ("in segment broken", "segment broken: party has no field nmae; did you mean name?"),
        ("size = 1 and in segment egg", "segments lead in a circle: egg → hen → egg"),
        ("in segment deep0", "segments are nested more than 8 deep: deep0 → deep1"),
        ("in segment wide5", "with its segments it has more than 500 conditions"),
        ("not " * 31 + "in segment friends", "nested more than 32 deep"),
    ],
)
def test_what_has_no_meaning_is_refused(text: str, problem: str) -> None:
    with pytest.raises(FilterError) as caught:
        meaning(text)
    assert problem in str(caught.value)


def test_a_filter_with_segments_is_asked_once_they_have_a_meaning() -> None:
    predicate = parse("size = 1 or in segment large", REGISTRY, "party")
    assert speaks_of_segments(predicate)
    assert list(segments_named(predicate)) == ["large"]
    for ask in (
        lambda: evaluate(predicate, Party(size=200), REGISTRY, context()),
        lambda: fields_used(predicate, REGISTRY, "party"),
        lambda: routes_of(predicate, REGISTRY, "party"),
    ):
        with pytest.raises(FilterError, match="segment large cannot be asked for here"):
            ask()
    meant = expanded(predicate, REGISTRY, "party", find)
    assert evaluate(meant, Party(size=200), REGISTRY, context())
    assert not speaks_of_segments(meant)


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("in segment VIP", "in segment Gold"),
        ("(IN Segment  'vip') or name = VIP", "(IN Segment  Gold) or name = VIP"),
        ("name = 'in segment VIP'", "name = 'in segment VIP'"),
        ("name in (segment, VIP)", "name in (segment, VIP)"),
        ("in segment “VIP” and not in segment VIP2", "in segment Gold and not in segment VIP2"),
    ],
)
def test_a_new_name_changes_nothing_else(text: str, renamed: str) -> None:
    assert segment_renamed(text, "VIP", "Gold") == renamed
    assert segment_renamed(renamed, "Gold", "VIP gold").count('"VIP gold"') == renamed.count("Gold")


@pytest.mark.parametrize(
    ("text", "routes"),
    [
        ("size = 1", {"party": [()]}),
        (
            "owner.boss.name = x",
            {
                "party": [()],
                "user": [
                    (Referring("party", "owner_id"),),
                    (Referring("user", "boss_id"), Referring("party", "owner_id")),
                ],
            },
        ),
        ("has deals where name = x", {"party": [()], "deal": [(Holding("deal", "party_id"),)]}),
        (
            "has no deals where party.owner.name = x",
            {
                "party": [(), (Referring("deal", "party_id"), Holding("deal", "party_id"))],
                "deal": [(Holding("deal", "party_id"),)],
                "user": [(Referring("party", "owner_id"), Referring("deal", "party_id"), Holding("deal", "party_id"))],
            },
        ),
        (
            "has meetings where name = x",
            {
                "party": [()],
                "seat": [(Holding("seat", "party_id"),)],
                "meeting": [(Referring("seat", "meeting_id"), Holding("seat", "party_id"))],
            },
        ),
        (
            "has labels",
            {
                "party": [()],
                "labelling": [(Holding("labelling", "record_id", "entity", "party"),)],
                "label": [(Referring("labelling", "label_id"), Holding("labelling", "record_id", "entity", "party"))],
            },
        ),
    ],
)
def test_changes_lead_back_the_way_they_are_read(text: str, routes: dict[str, list[object]]) -> None:
    found = routes_of(parse(text, REGISTRY, "party"), REGISTRY, "party")
    assert {name: set(some) for name, some in found.items()} == {name: set(some) for name, some in routes.items()}


@pytest.mark.parametrize(
    ("text", "time", "user"),
    [
        ("signed = 2026-03-01", False, False),
        ("has deals where not closed in (2026-01-01, today)", True, False),
        ("owner = me or name contains today", False, True),
        ("seen.hour = 3", False, False),
        ("in segment large and seen > now - 1 day", True, False),
    ],
)
def test_what_a_filter_depends_on_beside_records(text: str, time: bool, user: bool) -> None:
    predicate = parse(text, REGISTRY, "party")
    assert (depends_on_time(predicate), depends_on_user(predicate)) == (time, user)
