"""What functions take, read from the functions themselves."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any

import pytest

from crmkit.hooks.arguments import plain_arguments, surely_unmarked
from crmkit.hooks.kinds import hookimpl


def plain(ctx: Any, call: Any) -> None: ...
def with_default(ctx: Any, call: Any = None) -> None: ...
def with_any(ctx: Any, *calls: Any) -> None: ...
def with_words(ctx: Any, **words: Any) -> None: ...
def by_word(ctx: Any, *, call: Any) -> None: ...


@functools.wraps(plain)
def around(*given: Any) -> None: ...


def test_plain_functions_say_what_their_signature_says() -> None:
    assert plain_arguments(plain) == ("ctx", "call") == tuple(inspect.signature(plain).parameters)


@pytest.mark.parametrize(
    "function", [with_default, with_any, with_words, by_word, around, functools.partial(plain), len]
)
def test_of_all_else_the_signature_is_to_be_asked(function: Callable[..., Any]) -> None:
    assert plain_arguments(function) is None


def test_a_member_that_cannot_be_a_hook_is_told_from_one_that_may_be() -> None:
    plugin = types.ModuleType("plugin")
    plugin.__dict__.update(plain=plain, module=types, marked=hookimpl(by_word), bound=[].append)
    told = {name: surely_unmarked(plugin, name) for name in ("plain", "module", "__doc__", "marked", "bound", "absent")}
    assert [name for name, unmarked in told.items() if unmarked] == ["plain", "module", "__doc__"]
    assert not surely_unmarked(object(), "plain")
