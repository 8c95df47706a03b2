"""What functions take, read from the functions themselves."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any

import pluggy
import pytest

from crmkit.hooks.arguments import marked_options, plain_arguments
from crmkit.hooks.kinds import PROJECT, hookimpl


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


class Holder:
    @hookimpl
    def marked(self, ctx: Any) -> None: ...

    @staticmethod
    @hookimpl
    def static(ctx: Any) -> None: ...

    def unmarked(self) -> None: ...


def test_members_are_marked_as_pluggy_says_which_is_asked_about_few() -> None:
    plugin = types.ModuleType("plugin")
    plugin.__dict__.update(plain=plain, module=types, marked=hookimpl(by_word), bound=[].append, method=Holder().marked)
    parse = pluggy.PluginManager(PROJECT).parse_hookimpl_opts
    asked: list[str] = []

    def counted(holder: Any, name: str) -> Any:
        asked.append(name)
        return parse(holder, name)

    for holder in (plugin, Holder, Holder()):
        for name in (*dir(holder), "absent"):
            assert marked_options(holder, name, f"{PROJECT}_impl", counted) == parse(holder, name)
    assert marked_options(plugin, "marked", f"{PROJECT}_impl", counted)["specname"] is None
    assert asked == ["bound", "method", "absent", "static", "absent", "marked", "static", "unmarked", "absent"]
