"""What plugins register for the web is checked: ids, names, addresses, classes; each fault names plugin and hook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from crmkit.core.errors import ConfigError
from crmkit.core.messages import msg
from crmkit.hooks.errors import BadHook
from crmkit.hooks.kinds import hookimpl
from crmkit.plugin import (
    Action,
    Column,
    FieldType,
    File,
    Manifest,
    Page,
    Panel,
    Permission,
    Point,
    Report,
    Route,
    SearchProvider,
    TimelineSource,
)
from crmkit.runtime.crm import Crm
from crmkit.testing.making import MakeCrm


def nothing(ctx: Any, call: Any) -> Any:
    return []


@attrs.frozen
class Question:
    size: int
    since: str = ""


@attrs.frozen
class Odd:
    size: complex


class Plugin:
    """A plugin that registers some records; each keyword is a hook without ``register_``."""

    def __init__(self, name: str = "trips", **records: list[Any]) -> None:
        self.manifest = Manifest(name=name, version="1.0", summary="Trips.")
        for kind, some in {"permissions": [Permission(f"{name}.go", msg("Go"))], **records}.items():
            setattr(self, f"register_{kind}", _hook(some))


def _hook(some: list[Any]) -> Callable[..., Any]:
    @hookimpl
    def register(ctx: Any, call: Any) -> list[Any]:
        return some

    return register


def route(id: str = "trips.route", path: str = "all", **more: Any) -> Route:
    return Route(id, more.pop("method", "GET"), path, nothing, msg("A route"), **more)


def act(id: str = "trips.act", **more: Any) -> Action:
    return Action(id, msg("Act"), nothing, **more)


WRONG: list[tuple[dict[str, list[Any]], str]] = [
    ({"actions": [act("trip.act")]}, "the id must be the plugin's name and words behind it, as in trips.word"),
    ({"actions": [act("trips.")]}, "the id must be"),
    ({"actions": [act("trips.Act now")]}, "the id must be"),
    ({"actions": [act(), act()]}, "trips.act"),
    ({"actions": [route()]}, "expected Action, got Route"),
    ({"actions": [act(entity="custmer")]}, "no entity 'custmer'; did you mean customer?"),
    ({"actions": [act(permission="trips.og")]}, "no permission 'trips.og'; did you mean trips.go?"),
    ({"actions": [act(replaces="trips.act")]}, "no replaces 'trips.act'"),
    ({"actions": [act(), act("trips.b", replaces="trips.atc")]}, "no replaces 'trips.atc'; did you mean trips.act?"),
    (
        {"actions": [act(), act("trips.b", replaces="trips.act"), act("trips.c", replaces="trips.act")]},
        "trips.b replaces trips.act already",
    ),
    ({"actions": [act("trips.b", replaces="trips.c"), act("trips.c", replaces="trips.b")]}, "replace each other"),
    ({"actions": [act(), act("trips.b", entity="customer", replaces="trips.act")]}, "works on its entity"),
    ({"actions": [act(bulk=True)]}, "an action without an entity has neither bulk nor available"),
    ({"actions": [act(entity="customer", available="knd = person")]}, "did you mean kind?"),
    ({"actions": [act(input=Odd)]}, "no input has the type complex"),
    ({"actions": [act(input=dict)]}, "is no attrs class"),
    ({"actions": [act(returns=int)]}, "returns: int is no attrs class"),
    (
        {"panels": [Panel("trips.p", msg("P"), "customer.sde", nothing)]},
        "no point 'customer.sde'; did you mean customer.side?",
    ),
    ({"columns": [Column("trips.c", msg("C"), "", nothing)]}, "no entity ''"),
    ({"timeline_sources": [TimelineSource("trips.t", msg("T"), "lead", nothing)]}, "no entity 'lead'"),
    ({"points": [Point("trips.p", msg("P"), "usr")]}, "no entity 'usr'; did you mean user?"),
    (
        {"field_types": [FieldType("trips.f", msg("F"), ("customer.nme",), "stars")]},
        "no field 'nme'; did you mean name?",
    ),
    ({"reports": [Report("trips.r", msg("R"), nothing, query=Question)]}, "query: size has no default"),
    ({"routes": [route(path="/all")]}, "without a slash in front"),
    ({"routes": [route(path="a//b")]}, "without a slash in front"),
    ({"routes": [route(path="../customers")]}, "without a slash in front"),
    ({"routes": [route(path="{id}/{id}")]}, "names a part twice"),
    ({"routes": [route(path="{a}"), route("trips.other", "{b}")]}, "it has the same address as trips.route: GET {}"),
    ({"routes": [route(body=Question)]}, "GET has no body"),
    ({"routes": [route(method="POST", body=Odd)]}, "no input has the type complex"),
    ({"routes": [route(public=True, permission="trips.go")]}, "a public route takes no permission"),
    ({"routes": [route(), route("trips.b", "some", replaces="trips.route")]}, "has its address: GET all"),
    ({"pages": [Page("trips.a", msg("A"), "a", nothing), Page("trips.b", msg("B"), "a", nothing)]}, "same address"),
    ({"pages": [Page("trips.a", msg("A"), "a/{id}", nothing)]}, "has no variable part"),
    ({"search_providers": [SearchProvider("s", msg("S"), nothing)]}, "the id must be"),
]


@pytest.mark.parametrize(
    ("records", "told"), WRONG, ids=[f"{next(iter(one))}-{at}" for at, (one, _) in enumerate(WRONG)]
)
def test_what_is_wrong_is_told_with_plugin_and_hook(
    make_crm: MakeCrm, records: dict[str, list[Any]], told: str
) -> None:
    crm = make_crm(plugins=[Plugin(**records)])
    with pytest.raises(ConfigError) as wrong:
        _ = crm.extensions
    assert told in str(wrong.value)
    assert "trips" in str(wrong.value)
    (kind,) = records
    assert f"register_{kind}" in str(wrong.value)


def test_what_is_right_is_registered_once_when_it_is_wanted(make_crm: MakeCrm) -> None:
    asked: list[str] = []

    class Counting(Plugin):
        @hookimpl
        def register_actions(self, ctx: Any, call: Any) -> list[Action]:
            asked.append("actions")
            return [act("trips.z", entity="customer"), act("trips.a", entity="customer", input=Question)]

    panels = [
        Panel("trips.second", msg("S"), "customer.side", nothing, position=2),
        Panel("trips.first", msg("F"), "customer.side", nothing, position=1),
        Panel("trips.own", msg("O"), "trips.page", nothing),
    ]
    crm = make_crm(plugins=[Counting(panels=panels, points=[Point("trips.page", msg("Trip"))])])
    assert asked == []
    assert [one.id for one in crm.extensions.actions_on("customer")] == ["trips.a", "trips.z"]
    assert [one.id for one in crm.extensions.panels_at("customer.side")] == ["trips.first", "trips.second"]
    assert crm.extensions.plugins["trips.own"] == "trips"
    assert asked == ["actions"]


def test_one_plugin_replaces_what_another_one_adds(make_crm: MakeCrm) -> None:
    base = Plugin(actions=[act()], routes=[route(), route("trips.file", "file", returns=File)])
    better = Plugin(
        "better",
        actions=[act("better.act", replaces="trips.act")],
        routes=[route("better.route", replaces="trips.route")],
    )
    best = Plugin("best", actions=[act("best.act", replaces="better.act")])
    extensions = make_crm(plugins=[base, better, best]).extensions
    assert list(extensions.actions) == ["best.act"]
    assert extensions.now("actions", "trips.act") == "best.act"
    assert sorted(extensions.routes) == ["better.route", "trips.file"]
    assert extensions.root("routes", "better.route") == "trips.route"


def test_bad_hooks_name_the_plugin_for_programs(make_crm: MakeCrm) -> None:
    crm: Crm = make_crm(plugins=[Plugin(actions=[act(entity="custmer")])])
    with pytest.raises(BadHook) as wrong:
        _ = crm.extensions
    assert (wrong.value.plugin, wrong.value.hook) == ("trips", "register_actions")
