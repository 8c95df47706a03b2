"""The callers against pluggy itself: same results, same order of steps, same exceptions."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import Any

import attrs
import pluggy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.hooks.callers import bind
from crmkit.hooks.contexts import Contexts
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.errors import Failed
from crmkit.hooks.kinds import hookimpl, hooks_of
from tests.hooks.specimens import Specimens, contexts, plugin, specimens

MARK = pluggy.HookimplMarker("crmkit")
LISTED, FIRST = "derive_things", "choose_thing"
SIGNATURES = ("ctx, call", "call, ctx", "ctx", "call", "", "call, other=3")


class Boom(Exception):
    pass


class Halt(BaseException):
    pass


@attrs.frozen
class Sketch:
    """A random implementation: its signature, place, style and behaviour."""

    signature: str
    place: str
    style: str
    before: str
    after: str


def sketches(style: Any) -> Any:
    plain = st.builds(
        Sketch,
        signature=st.sampled_from(SIGNATURES),
        place=st.sampled_from(["", "tryfirst", "trylast"]),
        style=st.just("plain"),
        before=st.sampled_from(["value", "value", "value", "none", "same", "raise", "stop", "halt"]),
        after=st.just(""),
    )
    wrapping = st.builds(
        Sketch,
        signature=st.sampled_from(SIGNATURES),
        place=st.sampled_from(["", "tryfirst", "trylast"]),
        style=st.sampled_from(style),
        before=st.sampled_from(["pass", "pass", "pass", "pass", "raise", "no yield"]),
        after=st.sampled_from(["pass", "pass", "replace", "raise", "swallow", "twice", "stop"]),
    )
    return st.one_of(plain, plain, wrapping)


SAME = object()
"""One object that several implementations may return."""


def build(sketch: Sketch, number: int, steps: list[Any], single: bool) -> Any:
    """Return a marked function that behaves as sketched and writes down what happens to it."""

    def act(what: str) -> Any:
        if what == "raise":
            raise Boom(number)
        if what == "stop":
            raise StopIteration(number)
        if what == "halt":
            raise Halt(number)
        return {"value": ("value", number), "same": SAME}.get(what)

    def replaced(value: Any) -> Any:
        return ("new", number) if single else [*value[1:], ("new", number), *value[:1]]

    def plain(given: dict[str, Any]) -> Any:
        steps.append((number, dict(given)))
        return act(sketch.before)

    def new(given: dict[str, Any]) -> Any:
        steps.append((number, dict(given)))
        act(sketch.before)
        if sketch.before == "no yield":
            return None
        try:
            value = yield
        except GeneratorExit:  # thrown away by the garbage collector, whenever it likes
            raise
        except BaseException as error:
            steps.append((number, "got", type(error)))
            if sketch.after != "swallow":
                raise
            value = None if single else []
        steps.append((number, "got", value))
        act(sketch.after)
        if sketch.after == "twice":
            yield
        return replaced(value) if sketch.after == "replace" else value

    def old(given: dict[str, Any]) -> Any:
        steps.append((number, dict(given)))
        act(sketch.before)
        if sketch.before == "no yield":
            return
        outcome = yield
        if isinstance(outcome.exception, GeneratorExit):
            return
        steps.append((number, "got", type(outcome.exception)))
        act(sketch.after)
        if sketch.after == "twice":
            yield
        if sketch.after == "swallow" and outcome.exception is not None:
            outcome.force_result(None if single else [])
        if sketch.after == "replace" and outcome.exception is None:
            outcome.force_result(replaced(outcome.get_result()))

    names = [name for name in ("ctx", "call") if name in sketch.signature]
    given = "{" + ", ".join(f"{name!r}: {name}" for name in names) + "}"
    body = {
        "plain": f"return body({given})",
        "new": f"return (yield from body({given}))",
        "old": f"yield from body({given})",
    }[sketch.style]
    scope: dict[str, Any] = {"body": {"plain": plain, "new": new, "old": old}[sketch.style]}
    exec(f"def made({sketch.signature}):\n    {body}", scope)
    options: dict[str, Any] = {sketch.place: True} if sketch.place else {}
    style: dict[str, Any] = {"plain": {}, "new": {"wrapper": True}, "old": {"hookwrapper": True}}[sketch.style]
    return MARK(scope["made"], **options, **style)


def outcome_of(action: Any) -> tuple[str, Any]:
    """Return what ``action`` returned, or the type and arguments of what it raised."""
    try:
        return "returned", action()
    except Failed as failed:
        error: BaseException = failed.error
    except BaseException as raised:
        error = raised
    # The words of pluggy's own RuntimeErrors are pluggy's.
    return "raised", (type(error), None if isinstance(error, RuntimeError) else error.args)


def ours(hooks: Hooks, hook: str, ctx: Any, call: Any) -> Any:
    owned = hooks.caller(hook).invoke(Contexts(lambda _: ctx), call)
    values = [value for _, value in owned]
    return (values[0] if values else None) if hook == FIRST else values


def both(hook: str, made: list[Sketch], removed: set[int]) -> tuple[Any, Any]:
    """Call the same implementations through crmkit and through pluggy; return both outcomes with their steps."""
    hooks = specimens()
    raw = pluggy.PluginManager("crmkit")
    raw.add_hookspecs(Specimens)
    mine: list[Any] = []
    theirs: list[Any] = []
    for number, sketch in enumerate(made):
        hooks.register(plugin(**{hook: build(sketch, number, mine, hook == FIRST)}), f"p{number:02}", "dist")
    # pluggy calls the last registered first, except with trylast, where the last registered is called last.
    last = [number for number, sketch in enumerate(made) if sketch.place == "trylast"]
    rest = [number for number in reversed(range(len(made))) if number not in last]
    for number in [*last, *rest]:
        raw.register(plugin(**{hook: build(made[number], number, theirs, hook == FIRST)}), f"p{number:02}")
    caller = hooks.caller(hook)
    for number in removed & set(range(len(made))):
        hooks.unregister(f"p{number:02}")
        raw.unregister(name=f"p{number:02}")
    assert caller.has_impls is bool(getattr(raw.hook, hook).get_hookimpls())
    ctx, call = object(), object()
    return (
        (outcome_of(lambda: ours(hooks, hook, ctx, call)), mine),
        (outcome_of(lambda: getattr(raw.hook, hook)(ctx=ctx, call=call)), theirs),
    )


@pytest.mark.filterwarnings(
    "ignore::pluggy.PluggyTeardownRaisedWarning",
    # Generators that misbehave on purpose go on to do so when they are thrown away.
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
@settings(max_examples=400, deadline=None)
@given(
    hook=st.sampled_from([LISTED, FIRST]),
    made=st.lists(sketches(["new", "old"]), max_size=6),
    removed=st.sets(st.integers(0, 5), max_size=2),
)
def test_same_as_pluggy(hook: str, made: list[Sketch], removed: set[int]) -> None:
    mine, theirs = both(hook, made, removed)
    assert mine == theirs


@settings(max_examples=100, deadline=None)
@given(made=st.lists(sketches(["new"]), min_size=1, max_size=5), data=st.data())
def test_binding_pluggys_own_implementations_in_their_order_gives_pluggys_result(made: list[Sketch], data: Any) -> None:
    raw = pluggy.PluginManager("crmkit")
    raw.add_hookspecs(Specimens)
    steps: list[Any] = []
    for number in data.draw(st.permutations(range(len(made)))):
        raw.register(plugin(derive_things=build(made[number], number, steps, False)), f"p{number}")
    hooks = specimens()
    impls = []
    for found in reversed(raw.hook.derive_things.get_hookimpls()):
        hooks.register(found.plugin, found.plugin_name, "dist")
        impls.extend(hooks.implementations(LISTED))
        hooks.unregister(found.plugin_name)
    ctx, call = object(), object()
    theirs = outcome_of(lambda: raw.hook.derive_things(ctx=ctx, call=call))
    their_steps, steps[:] = list(steps), []
    invoke = bind(hooks_of(Specimens)[LISTED], impls)
    mine = outcome_of(lambda: [value for _, value in invoke(Contexts(lambda _: ctx), call)])
    assert (mine, steps) == (theirs, their_steps)


def test_each_plugin_gets_its_own_context_and_owns_its_result() -> None:
    hooks = specimens()
    for name in ("sales", "loyalty"):
        hooks.register(plugin(derive_things=hookimpl(lambda ctx: ctx.plugin)), name, "dist")
    assert hooks.caller("derive_things").invoke(contexts(), None) == [("loyalty", "loyalty"), ("sales", "sales")]


def test_contexts_are_made_once_and_only_for_plugins_that_are_called() -> None:
    hooks, made = specimens(), []
    hooks.register(plugin(derive_things=hookimpl(lambda ctx: [ctx])), "sales", "dist")
    hooks.register(plugin(derive_things=hookimpl(lambda: None), choose_thing=hookimpl(lambda: 1)), "idle", "dist")
    number = count()

    def make(name: str) -> Any:
        made.append(name)
        return next(number)

    shared = Contexts(make)
    hooks.caller("choose_thing").invoke(shared, None)
    hooks.caller("choose_thing").invoke(shared, None)
    assert made == ["idle"]


def test_failure_names_the_plugin_even_inside_a_wrapper() -> None:
    def wrap() -> Any:
        return (yield)

    def fail() -> None:
        raise Boom("no")

    hooks = specimens()
    hooks.register(plugin(derive_things=hookimpl(wrapper=True)(wrap)), "around", "dist")
    hooks.register(plugin(derive_things=hookimpl(fail)), "sales", "dist")
    with pytest.raises(Failed) as caught:
        hooks.caller("derive_things").invoke(contexts(), None)
    assert caught.value.plugin == "sales"


def test_what_a_wrapper_adds_or_raises_belongs_to_the_wrapper() -> None:
    def add() -> Any:
        return [*(yield), "added"]

    def fail() -> Any:
        yield
        raise Boom("late")

    hooks = specimens()
    hooks.register(plugin(derive_things=hookimpl(wrapper=True)(add)), "around", "dist")
    hooks.register(plugin(derive_things=hookimpl(lambda: "plain")), "sales", "dist")
    assert hooks.caller("derive_things").invoke(contexts(), None) == [("sales", "plain"), ("around", "added")]
    hooks.register(plugin(derive_things=hookimpl(wrapper=True)(fail)), "broken", "dist")
    with pytest.raises(Failed) as caught:
        hooks.caller("derive_things").invoke(contexts(), None)
    assert caught.value.plugin == "broken"


def test_equal_results_of_two_plugins_keep_their_owners_through_a_wrapper() -> None:
    def reverse() -> Any:
        return (yield)[::-1]

    hooks = specimens()
    hooks.register(plugin(derive_things=hookimpl(wrapper=True)(reverse)), "around", "dist")
    for name in ("a", "b"):
        hooks.register(plugin(derive_things=hookimpl(lambda: SAME)), name, "dist")
    assert sorted(hooks.caller("derive_things").invoke(contexts(), None)) == [("a", SAME), ("b", SAME)]


def test_wrapper_that_forgets_the_result_is_named() -> None:
    def forget() -> Any:
        yield

    hooks = specimens()
    hooks.register(plugin(derive_things=hookimpl(wrapper=True)(forget)), "around", "dist")
    with pytest.raises(Failed) as caught:
        hooks.caller("derive_things").invoke(contexts(), None)
    assert caught.value.plugin == "around"
    assert "must return the list of results, not NoneType" in str(caught.value.error)


def test_without_implementations_nothing_is_called_and_results_are_fresh() -> None:
    caller = specimens().caller("derive_things")
    assert caller.has_impls is False
    first, second = caller.invoke(contexts(), None), caller.invoke(contexts(), None)
    assert first == [] == second
    assert first is not second


def test_registering_during_a_call_takes_effect_with_the_next_call() -> None:
    hooks = specimens()
    caller = hooks.caller("derive_things")

    def add_another() -> str:
        if "zebra" not in {known.name for known in hooks.plugins}:
            hooks.register(plugin(derive_things=hookimpl(lambda: "zebra")), "zebra", "dist")
        return "first"

    hooks.register(plugin(derive_things=hookimpl(add_another)), "alpha", "dist")
    assert caller.invoke(contexts(), None) == [("alpha", "first")]
    assert caller.invoke(contexts(), None) == [("alpha", "first"), ("zebra", "zebra")]


def test_methods_of_instances_and_static_methods_are_called() -> None:
    class Plugin:
        suffix = "!"

        @hookimpl
        def derive_things(self, call: str) -> str:
            return call + self.suffix

        @hookimpl
        @staticmethod
        def choose_thing(ctx: Any, call: str) -> str:
            return call.upper()

    hooks = specimens()
    hooks.register(Plugin(), "sales", "dist")
    assert hooks.caller("derive_things").invoke(contexts(), "hello") == [("sales", "hello!")]
    assert hooks.caller("choose_thing").invoke(contexts(), "hello") == [("sales", "HELLO")]


def test_caller_per_entity_leaves_out_implementations_for_others() -> None:
    hooks = specimens()
    product = hooks.caller("guard_things", entity="product")
    customer = hooks.caller("guard_things", entity="customer")
    hooks.register(plugin(guard_things=hookimpl(entities=("customer", "team"))(lambda: "limited")), "some", "dist")
    assert (product.has_impls, customer.has_impls) == (False, True)
    hooks.register(plugin(guard_things=hookimpl(lambda: "all")), "all", "dist")
    assert product.invoke(contexts(), None) == [("all", "all")]
    assert customer.invoke(contexts(), None) == [("all", "all"), ("some", "limited")]
    assert hooks.order("guard_things") == ["all", "some"]


def test_entities_survive_a_static_method() -> None:
    class Plugin:
        @hookimpl(entities=["customer"])
        @staticmethod
        def guard_things(call: Any) -> str:
            return "limited"

    hooks = specimens()
    hooks.register(Plugin(), "some", "dist")
    assert not hooks.caller("guard_things", entity="product").has_impls


def test_namespace_used_as_context_is_passed_on_untouched() -> None:
    seen: list[Any] = []
    hooks = specimens()
    hooks.register(plugin(derive_things=hookimpl(lambda ctx, call: seen.append((ctx, call)))), "sales", "dist")
    ctx, call = SimpleNamespace(), object()
    hooks.caller("derive_things").invoke({"sales": ctx}, call)
    assert seen[0][0] is ctx
    assert seen[0][1] is call


def test_wrapper_that_yields_twice_is_named_and_cleaned_up_at_once() -> None:
    cleaned: list[str] = []

    def twice() -> Any:
        try:
            yield
            yield
        finally:
            cleaned.append("closed")

    hooks = specimens()
    hooks.register(plugin(derive_things=hookimpl(wrapper=True)(twice)), "around", "dist")
    with pytest.raises(Failed) as caught:
        hooks.caller("derive_things").invoke(contexts(), None)
    assert cleaned == ["closed"]
    assert caught.value.plugin == "around"
    assert "must yield once and did so again" in str(caught.value.error)
