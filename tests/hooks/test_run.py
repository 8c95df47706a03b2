"""The runners: what a result means and what an error does, kind by kind."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from crmkit.core.errors import ConfigError, FieldError, PluginError, Refused, ValidationFailed
from crmkit.core.messages import msg
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.errors import BadHook, CollectError
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import Refuse
from crmkit.hooks.run import (
    NotifyFailure,
    Refusal,
    refusals,
    run_choose,
    run_collect,
    run_derive,
    run_guard,
    run_notify,
    run_register,
)
from tests.hooks.specimens import contexts, plugin, specimens

CALL = object()


def hooks_with(hook: str, **functions: Any) -> Hooks:
    """Return hooks with one plugin per keyword, each implementing ``hook``."""
    hooks = specimens()
    for name, function in functions.items():
        hooks.register(plugin(**{hook: hookimpl(function)}), name, f"crmkit-{name}")
    return hooks


def boom(call: Any) -> Any:
    raise KeyError("lost")


def invalid(call: Any) -> Any:
    raise ValidationFailed([FieldError("customer.name", "required", None, msg("a name"))])


def interrupt(call: Any) -> Any:
    raise KeyboardInterrupt


def late(call: Any) -> Any:
    yield 1
    raise KeyError("late")


async def pending() -> None:
    pass


def run(kind: str, hooks: Hooks) -> Any:
    """Run the specimen hook of ``kind``."""
    if kind == "register":
        return run_register(
            hooks.caller("register_things"), contexts(), CALL, of=object, distribution=hooks.distribution
        )
    if kind == "derive":
        return run_derive(hooks.caller("derive_things"), contexts(), CALL)
    if kind == "guard":
        return run_guard(hooks.caller("guard_things", entity="customer"), contexts(), CALL)
    if kind == "collect":
        return run_collect(hooks.caller("collect_things"), contexts(), CALL)
    if kind == "choose":
        return run_choose(hooks.caller("choose_thing"), contexts(), CALL, of=object)
    raise AssertionError(kind)


HOOK = {
    "register": "register_things",
    "derive": "derive_things",
    "guard": "guard_things",
    "collect": "collect_things",
    "choose": "choose_thing",
}
ABORTING = pytest.mark.parametrize("kind", HOOK)


@ABORTING
def test_plugin_that_raises_aborts_and_is_named(kind: str) -> None:
    hooks = hooks_with(HOOK[kind], a=lambda: None, sales=boom)
    with pytest.raises(PluginError) as caught:
        run(kind, hooks)
    assert (caught.value.plugin, caught.value.hook) == ("sales", HOOK[kind])
    assert isinstance(caught.value.__cause__, KeyError)
    assert str(caught.value) == f"plugin sales failed in hook {HOOK[kind]}: KeyError: 'lost'"


@ABORTING
def test_expected_error_passes_through_as_itself_with_a_note(kind: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        run(kind, hooks_with(HOOK[kind], sales=invalid))
    assert caught.value.__notes__ == [f"raised by plugin sales in hook {HOOK[kind]}"]
    assert caught.value.__cause__ is None


@ABORTING
def test_interrupt_is_nobodys_error(kind: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(kind, hooks_with(HOOK[kind], sales=interrupt))


@ABORTING
def test_nothing_comes_of_no_implementation_and_of_none(kind: str) -> None:
    nothing: Any = None if kind in ("guard", "choose") else []
    assert run(kind, specimens()) == nothing
    assert run(kind, hooks_with(HOOK[kind], a=lambda: None, b=lambda call: None)) == nothing


@pytest.mark.parametrize("kind", ["register", "derive", "collect"])
def test_items_come_in_order_with_their_plugins(kind: str) -> None:
    def several(call: Any) -> Any:
        yield 3
        yield 4

    hooks = hooks_with(HOOK[kind], b=several, a=lambda: [1, 2], c=lambda: ())
    assert run(kind, hooks) == [("a", 1), ("a", 2), ("b", 3), ("b", 4)]


@pytest.mark.parametrize("kind", ["register", "derive", "collect"])
def test_generator_that_raises_late_is_named(kind: str) -> None:
    with pytest.raises(PluginError, match=r"plugin sales failed in hook .*: KeyError: 'late'"):
        run(kind, hooks_with(HOOK[kind], sales=late))


@pytest.mark.parametrize("kind", ["register", "derive", "collect"])
@pytest.mark.parametrize(("value", "shown"), [("text", "str"), ({"a": 1}, "dict"), (7, "int"), (b"x", "bytes")])
def test_one_value_instead_of_a_list_is_an_error(kind: str, value: Any, shown: str) -> None:
    with pytest.raises(PluginError, match=f"it must return a list, not {shown}"):
        run(kind, hooks_with(HOOK[kind], sales=lambda: value))


@pytest.mark.parametrize("kind", ["register", "derive", "guard", "collect"])
def test_coroutine_from_an_ordinary_function_is_an_error(kind: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PluginError, match="not coroutine"):
            run(kind, hooks_with(HOOK[kind], sales=lambda: pending()))


def test_register_checks_the_type_of_each_record() -> None:
    hooks = hooks_with("register_things", sales=lambda: [1, "two"])
    caller = hooks.caller("register_things")
    with pytest.raises(BadHook) as caught:
        run_register(caller, contexts(), CALL, of=int, distribution=hooks.distribution)
    assert str(caught.value) == "plugin sales, hook register_things: expected int, got str 'two'"
    assert caught.value.plugin == "sales"


def test_register_takes_classes_as_records() -> None:
    hooks = hooks_with("register_things", sales=lambda: [int])
    records = run_register(
        hooks.caller("register_things"),
        contexts(),
        CALL,
        of=type,
        key=lambda cls: cls.__name__,
        distribution=hooks.distribution,
    )
    assert records == [("sales", int)]


def test_id_registered_twice_names_both_distributions() -> None:
    record = SimpleNamespace(id="visit")
    hooks = hooks_with("register_things", sales=lambda: [record], service=lambda: [record])
    caller = hooks.caller("register_things")
    with pytest.raises(ConfigError) as caught:
        run_register(
            caller,
            contexts(),
            CALL,
            of=SimpleNamespace,
            key=lambda record: record.id,
            distribution=hooks.distribution,
        )
    assert str(caught.value) == (
        "'visit' is registered twice in register_things: by sales (distribution crmkit-sales) "
        "and by service (distribution crmkit-service)"
    )


def test_guard_refuses_in_the_name_of_its_plugin_and_notes_the_others() -> None:
    hooks = hooks_with(
        "guard_things",
        b=lambda: [Refuse(msg("too late"), record_id=7)],
        a=lambda: None,
        c=lambda: Refuse(msg("too {what}", what="big")),
    )
    with pytest.raises(Refused) as caught:
        run("guard", hooks)
    assert str(caught.value) == "refused by b: too late"
    assert caught.value.__notes__ == ["also refused by c: too big"]
    assert refusals(hooks.caller("guard_things", entity="customer"), contexts(), CALL) == [
        Refusal("b", msg("too late"), 7),
        Refusal("c", msg("too {what}", what="big")),
    ]


@pytest.mark.parametrize("answer", [["no"], [None], [False]])
def test_guard_that_answers_something_else_is_an_error_not_a_consent(answer: Any) -> None:
    with pytest.raises(PluginError, match=r"a guard returns Refuse\(reason\) or nothing"):
        run("guard", hooks_with("guard_things", sales=lambda: answer))


@pytest.mark.parametrize("answer", ["no", False, True])
def test_guard_that_answers_one_other_value_is_an_error(answer: Any) -> None:
    with pytest.raises(PluginError, match="plugin sales failed in hook guard_things"):
        run("guard", hooks_with("guard_things", sales=lambda: answer))


def test_collect_with_blocks_puts_the_error_in_its_place() -> None:
    hooks = hooks_with("collect_blocks", a=lambda: [1], b=boom, c=late, d=invalid, e=lambda: "text", f=lambda: [2])
    values = run_collect(hooks.caller("collect_blocks"), contexts(), CALL)
    assert [name for name, _ in values] == ["a", "b", "c", "d", "e", "f"]
    assert (values[0][1], values[5][1]) == (1, 2)
    blocks = [value for _, value in values[1:5]]
    assert all(isinstance(block, CollectError) for block in blocks)
    assert [str(block.message) for block in blocks] == [
        "plugin b failed in hook collect_blocks: KeyError: 'lost'",
        "plugin c failed in hook collect_blocks: KeyError: 'late'",
        "1 field errors",
        "plugin e failed in hook collect_blocks: TypeError: it must return a list, not str",
    ]
    assert [type(block.error) for block in blocks] == [KeyError, KeyError, ValidationFailed, TypeError]


def test_choose_stops_at_the_first_decision() -> None:
    asked: list[str] = []

    def deciding(decision: Any) -> Any:
        def decide(ctx: Any) -> Any:
            asked.append(ctx.plugin)
            return decision

        return decide

    hooks = hooks_with("choose_thing", c=deciding("late"), a=deciding(None), b=deciding("mine"))
    assert run_choose(hooks.caller("choose_thing"), contexts(), CALL, of=str) == ("b", "mine")
    assert asked == ["a", "b"]


def test_choose_refuses_a_decision_of_another_type() -> None:
    with pytest.raises(PluginError, match="expected a decision of type str, not 7"):
        run_choose(hooks_with("choose_thing", sales=lambda: 7).caller("choose_thing"), contexts(), CALL, of=str)


def test_notify_reaches_all_though_some_fail() -> None:
    reached: list[str] = []
    hooks = hooks_with(
        "after_things_committed",
        a=boom,
        b=lambda ctx: reached.append(ctx.plugin),
        c=invalid,
        d=lambda ctx: reached.append(ctx.plugin),
    )
    failures = run_notify(hooks.caller("after_things_committed"), contexts(), CALL)
    assert reached == ["b", "d"]
    assert [(failure.plugin, type(failure.error)) for failure in failures] == [("a", KeyError), ("c", ValidationFailed)]


def test_notify_delivers_to_one_subscriber_alone() -> None:
    reached: list[str] = []
    note = lambda ctx: reached.append(ctx.plugin)  # noqa: E731
    caller = hooks_with("after_things_committed", a=note, b=note, c=boom).caller("after_things_committed")
    assert run_notify(caller, contexts(), CALL, only="b") == []
    assert reached == ["b"]


def test_notify_reports_a_coroutine_that_nobody_would_await() -> None:
    hooks = hooks_with("after_things_committed", a=lambda: pending())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        failures = run_notify(hooks.caller("after_things_committed"), contexts(), CALL)
    assert [type(failure) for failure in failures] == [NotifyFailure]
    assert "nobody awaits" in str(failures[0].error)


def test_notify_passes_an_interrupt_on() -> None:
    hooks = hooks_with("after_things_committed", a=interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_notify(hooks.caller("after_things_committed"), contexts(), CALL)


def test_error_of_a_nested_hook_keeps_naming_the_plugin_that_failed() -> None:
    hooks = hooks_with("derive_things", inner=boom)
    hooks.register(plugin(choose_thing=hookimpl(lambda: run("derive", hooks))), "outer", "dist")
    with pytest.raises(PluginError) as caught:
        run("choose", hooks)
    assert caught.value.plugin == "inner"
    assert caught.value.__notes__ == ["raised by plugin outer in hook choose_thing"]
