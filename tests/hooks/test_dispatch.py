"""Registration: what is refused, what is said about it, and the order of calls."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import pluggy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.errors import ConfigError
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.errors import BadHook
from crmkit.hooks.kinds import Kind, hookimpl, hookspec
from crmkit.hooks.order import plugin_order
from tests.hooks.specimens import Specimens, contexts, plugin, specimens


async def coroutine(ctx: Any, call: Any) -> None:
    pass


async def async_generator(ctx: Any, call: Any) -> Any:
    yield


def generator(ctx: Any, call: Any) -> Any:
    yield


def refused(hooks: Hooks, hook: str, function: Any, **options: Any) -> str:
    """Return why the implementation is refused, after checking that nothing of it stays."""
    marked = hookimpl(**options)(function)
    with pytest.raises(BadHook) as caught:
        hooks.register(plugin(**{hook: marked}), "sales", "crmkit-sales")
    assert (caught.value.plugin, caught.value.hook) == ("sales", options.get("specname", hook))
    assert hooks.plugins == []
    assert hooks.order("derive_things") == []
    assert str(caught.value).startswith(f"plugin sales, hook {caught.value.hook}: ")
    return str(caught.value).partition(": ")[2]


@pytest.mark.parametrize(
    ("hook", "function", "options", "why"),
    [
        ("derive_things", coroutine, {}, "hooks are synchronous"),
        ("derive_things", async_generator, {}, "hooks are synchronous"),
        ("nobody_declares_this", coroutine, {}, "hooks are synchronous"),
        ("derive_things", lambda cal: None, {}, "unknown argument cal: did you mean call?"),
        ("derive_things", lambda ctx, call, session: None, {}, "unknown argument session: known: call, ctx"),
        ("derive_things", lambda ctx, call=None: None, {}, "argument call must have no default"),
        ("derive_things", lambda *, call: None, {}, "argument call must not be keyword-only"),
        ("derive_things", lambda *args: None, {}, "argument *args: name the arguments"),
        ("derive_things", lambda **kwargs: None, {}, "argument **kwargs: name the arguments"),
        ("derive_things", lambda self, call: None, {}, "register an instance of the class"),
        ("derive_things", lambda call: None, {"wrapper": True}, "a wrapper must be a generator that yields once"),
        ("register_things", generator, {"wrapper": True}, "a register hook cannot be wrapped"),
        ("guard_things", generator, {"wrapper": True}, "a guard hook cannot be wrapped"),
        ("after_things_committed", generator, {"wrapper": True}, "a notify hook cannot be wrapped"),
        ("after_things_committed", generator, {}, "a notify hook must not yield"),
        ("choose_thing", generator, {}, "a choose hook must not yield"),
        (
            "derive_things",
            lambda call: None,
            {"entities": ["customer"]},
            "entities=... is for hooks that are called per",
        ),
        ("guard_things", lambda call: None, {"entities": []}, "entities=() names no entity"),
        ("anything", lambda cal: None, {"specname": "derive_things"}, "unknown argument cal"),
    ],
)
def test_unfit_implementation_is_refused_with_its_reason(hook: str, function: Any, options: Any, why: str) -> None:
    assert why in refused(specimens(), hook, function, **options)


def test_both_styles_of_wrapper_at_once_are_refused() -> None:
    marked = pluggy.HookimplMarker("crmkit")(wrapper=True, hookwrapper=True)(generator)
    with pytest.raises(BadHook, match="exclude each other"):
        specimens().register(plugin(derive_things=marked), "sales", "dist")


def test_decorated_functions_are_judged_by_what_they_wrap() -> None:
    @functools.wraps(lambda call: None)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        return ("decorated", *args)

    hooks = specimens()
    hooks.register(plugin(derive_things=hookimpl(decorated)), "sales", "dist")
    assert hooks.caller("derive_things").invoke(contexts(), 7) == [("sales", ("decorated", 7))]


def test_class_instead_of_instance_is_refused() -> None:
    class Plugin:
        @hookimpl
        def derive_things(self, call: Any) -> None: ...

    with pytest.raises(BadHook, match="register an instance of the class"):
        specimens().register(Plugin, "sales", "dist")


def test_entities_given_as_one_word_are_refused() -> None:
    with pytest.raises(ConfigError, match=r'write entities=\("customer",\)'):
        hookimpl(entities="customer")


def test_misspelt_hook_stops_the_start_with_a_hint() -> None:
    hooks = specimens()
    hooks.register(plugin(gaurd_things=hookimpl(lambda call: None)), "sales", "dist")
    with pytest.raises(BadHook) as caught:
        hooks.check()
    assert str(caught.value) == "plugin sales, hook gaurd_things: there is no such hook; did you mean guard_things?"


def test_unmarked_functions_and_optional_hooks_are_left_alone() -> None:
    hooks = specimens()
    optional = hookimpl(optionalhook=True)(lambda call: None)
    hooks.register(plugin(gaurd_things=lambda call: None, other_plugins_hook=optional), "sales", "dist")
    hooks.check()
    assert hooks.order("guard_things") == []


def test_check_lists_all_problems_at_once() -> None:
    hooks = specimens(order=["sale"], hook_order={"choose_thin": ["sales"]})
    limited = hookimpl(entities=["custmer", "team"])(lambda call: None)
    hooks.register(plugin(derive_thing=hookimpl(lambda: None), guard_things=limited), "sales", "dist")
    with pytest.raises(ConfigError) as caught:
        hooks.check(entities=["customer", "team"])
    assert str(caught.value).splitlines() == [
        "4 problems with hooks:",
        "- plugin sales, hook derive_thing: there is no such hook; did you mean derive_things?",
        "- plugin sales, hook guard_things: there is no entity custmer; did you mean customer?",
        "- the configured order is for an unknown hook choose_thin: did you mean choose_thing?",
        "- the configured order names an unknown plugin sale: did you mean sales?",
    ]


def test_one_name_from_two_distributions() -> None:
    hooks = specimens()
    hooks.register(plugin(), "sales", "crmkit-sales")
    with pytest.raises(ConfigError, match="plugin sales comes from two distributions: crmkit-sales and acme-sales"):
        hooks.register(plugin(), "sales", "acme-sales")


@pytest.mark.parametrize("another", [SimpleNamespace(), pytest], ids=["equal", "same"])
def test_one_object_under_two_names(another: object) -> None:
    hooks = specimens()
    hooks.register(pytest if another is pytest else SimpleNamespace(), "sales", "dist")
    with pytest.raises(ConfigError, match="registered as sales and as service"):
        hooks.register(another, "service", "dist")
    assert [known.name for known in hooks.plugins] == ["sales"]


def test_unknown_names_get_hints() -> None:
    hooks = specimens()
    hooks.register(plugin(), "sales", "dist")
    with pytest.raises(ConfigError, match="no plugin sale is registered: did you mean sales"):
        hooks.unregister("sale")
    with pytest.raises(ConfigError, match="unknown hook derive_thing: did you mean derive_things"):
        hooks.caller("derive_thing")


def test_caller_wants_an_entity_exactly_where_the_hook_is_per_entity() -> None:
    hooks = specimens()
    with pytest.raises(ConfigError, match="guard_things needs an entity"):
        hooks.caller("guard_things")
    with pytest.raises(ConfigError, match="derive_things takes no entity"):
        hooks.caller("derive_things", entity="customer")


def test_plugin_can_declare_hooks_of_its_own_even_after_others_implement_them() -> None:
    class Rewards:
        @hookspec(kind=Kind.NOTIFY, since="0.1")
        def after_points_earned_committed(self, ctx: Any, call: Any) -> None:
            """React."""

    hooks, seen = specimens(), []
    hooks.register(plugin(after_points_earned_committed=hookimpl(lambda call: seen.append(call))), "sms", "dist")
    hooks.add_specs(Rewards)
    hooks.check()
    hooks.caller("after_points_earned_committed").invoke(contexts(), 5)
    assert seen == [5]
    assert hooks.info("after_points_earned_committed").subject.endswith("Rewards")


def test_hook_declared_later_still_judges_earlier_implementations() -> None:
    class Rewards:
        @hookspec(kind=Kind.NOTIFY, since="0.1")
        def after_points_earned_committed(self, ctx: Any, call: Any) -> None:
            """React."""

    hooks = specimens()
    hooks.register(plugin(after_points_earned_committed=hookimpl(lambda points: None)), "sms", "dist")
    with pytest.raises(BadHook, match="unknown argument points"):
        hooks.add_specs(Rewards)
    assert "after_points_earned_committed" not in hooks.infos


def test_hook_declared_twice_or_not_at_all() -> None:
    hooks = specimens()
    with pytest.raises(ConfigError, match="is declared by Specimens and by Specimens"):
        hooks.add_specs(Specimens)
    with pytest.raises(ConfigError, match="object declares no hook"):
        hooks.add_specs(object)


@pytest.mark.parametrize(
    ("kind", "on_error", "declare", "why"),
    [
        (Kind.GUARD, "abort", "def hook(self, call, ctx): 'd'", r"declared as \(self, ctx, call\)"),
        (Kind.GUARD, "block", "def hook(self, ctx, call): 'd'", "is for collect hooks, this is a guard hook"),
        (Kind.GUARD, "abort", "def hook(self, ctx, call): ...", "needs a docstring"),
    ],
)
def test_wrong_declaration_is_refused(kind: Kind, on_error: Any, declare: str, why: str) -> None:
    scope: dict[str, Any] = {}
    exec(declare, scope)
    with pytest.raises(ConfigError, match=why):
        hookspec(kind=kind, since="0.1", on_error=on_error)(scope["hook"])


NAMES = ["a", "b", "c", "d", "e"]
PLACES: dict[str, Any] = {"a": {"trylast": True}, "d": {"tryfirst": True}, "c": {"trylast": True}}


@given(st.permutations(NAMES))
def test_order_does_not_depend_on_registration(permutation: list[str]) -> None:
    hooks = specimens()
    caller = hooks.caller("derive_things")
    for name in permutation:
        requires = ["e"] if name == "b" else []
        function = hookimpl(**PLACES.get(name, {}))(lambda ctx: ctx.plugin)
        hooks.register(plugin(derive_things=function), name, "dist", requires=requires)
    assert [known.name for known in hooks.plugins] == ["a", "c", "d", "e", "b"]
    assert hooks.order("derive_things") == ["d", "e", "b", "a", "c"]
    assert [value for _, value in caller.invoke(contexts(), None)] == ["d", "e", "b", "a", "c"]


def test_plugins_that_try_last_still_follow_what_they_require() -> None:
    hooks = specimens()
    for name, requires in (("a", ["b"]), ("b", [])):
        last = hookimpl(trylast=True)(lambda: None)
        hooks.register(plugin(derive_things=last), name, "dist", requires=requires)
    assert hooks.order("derive_things") == ["b", "a"]


@given(
    requires=st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES)), max_size=5),
    configured=st.lists(st.sampled_from(NAMES), unique=True),
)
def test_order_keeps_requirements_and_configuration(requires: dict[str, set[str]], configured: list[str]) -> None:
    # Only requirements on earlier letters, so that there is no circle to begin with.
    requires = {name: {other for other in required if other < name} for name, required in requires.items()}
    try:
        ordered = plugin_order(requires, configured)
    except ConfigError:
        assert len(configured) > 1  # only configuration can make it impossible
        return
    assert sorted(ordered) == sorted(requires)
    assert [name for name in ordered if name in configured] == [name for name in configured if name in requires]
    for name, required in requires.items():
        for other in required & set(requires):
            assert ordered.index(other) < ordered.index(name) or {name, other} <= set(configured)


def test_configured_order_wins_over_what_two_plugins_require_of_each_other() -> None:
    assert plugin_order({"a": [], "b": ["a"]}, ["b", "a"]) == ["b", "a"]
    with pytest.raises(ConfigError, match="plugins must run before each other"):
        plugin_order({"a": [], "b": ["c"], "c": ["a"]}, ["b", "a"])


def test_order_shows_wrappers_first_because_they_start_first() -> None:
    hooks = specimens()
    hooks.register(plugin(derive_things=hookimpl(tryfirst=True)(lambda: None)), "a", "dist")
    hooks.register(plugin(derive_things=hookimpl(wrapper=True)(generator)), "z", "dist")
    assert hooks.order("derive_things") == ["z", "a"]
    assert [impl.wrapper for impl in hooks.implementations("derive_things")] == [True, False]


def test_configured_order_moves_only_those_it_names() -> None:
    nothing: dict[str, set[str]] = {name: set() for name in NAMES}
    assert plugin_order(nothing, ["d", "b"]) == ["a", "c", "d", "b", "e"]


def test_requirements_in_a_circle_are_named_and_register_nothing() -> None:
    hooks = specimens()
    hooks.register(plugin(), "a", "dist", requires=["b"])
    hooks.register(plugin(), "b", "dist", requires=["c"])
    with pytest.raises(ConfigError, match=r"plugins must run before each other: (a|b|c) -> "):
        hooks.register(plugin(derive_things=hookimpl(lambda: 1)), "c", "dist", requires=["a"])
    assert hooks.order("derive_things") == []
    assert [known.name for known in hooks.plugins] == ["b", "a"]


def test_order_of_one_hook_replaces_the_general_one() -> None:
    hooks = specimens(order=["b", "a"], hook_order={"choose_thing": ["a", "b"]})
    for name in ("a", "b"):
        hooks.register(plugin(choose_thing=hookimpl(lambda: 1), derive_things=hookimpl(lambda: 1)), name, "dist")
    hooks.check()
    assert hooks.order("derive_things") == ["b", "a"]
    assert hooks.order("choose_thing") == ["a", "b"]


def test_order_that_names_a_plugin_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="names a twice"):
        specimens(order=["a", "b", "a"])


def test_several_plugins_that_choose_need_a_configured_order() -> None:
    hooks = specimens(order=["a"])
    for name in ("a", "b"):
        hooks.register(plugin(choose_thing=hookimpl(lambda: 1)), name, "dist")
    with pytest.raises(BadHook, match="hook choose_thing: the plugins a, b all decide it; set their order"):
        hooks.check()


def test_two_objects_share_nothing() -> None:
    first, second, one = specimens(), specimens(), plugin(derive_things=hookimpl(lambda: 1))
    traces: list[Any] = []
    first.register(one, "sales", "dist")
    first.trace(traces.append)
    second.register(one, "service", "other")
    second.caller("derive_things").invoke(contexts(), None)
    assert (first.order("derive_things"), second.order("derive_things")) == (["sales"], ["service"])
    assert traces == []
    first.unregister("sales")
    assert second.caller("derive_things").has_impls is True
