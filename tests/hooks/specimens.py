"""Hooks of every kind, for tests of the machinery."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from crmkit.hooks.contexts import Contexts
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.kinds import Kind, hookspec


class Specimens:
    """One hook of each kind."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_things(self, ctx: Any, call: Any) -> list[Any]:
        """Return things."""
        raise NotImplementedError

    @hookspec(kind=Kind.DERIVE, since="0.1")
    def derive_things(self, ctx: Any, call: Any) -> list[Any]:
        """Return what follows."""
        raise NotImplementedError

    @hookspec(kind=Kind.GUARD, since="0.1", per_entity=True)
    def guard_things(self, ctx: Any, call: Any) -> Any:
        """Return Refuse or nothing."""
        raise NotImplementedError

    @hookspec(kind=Kind.COLLECT, since="0.1")
    def collect_things(self, ctx: Any, call: Any) -> list[Any]:
        """Return values; an error aborts."""
        raise NotImplementedError

    @hookspec(kind=Kind.COLLECT, since="0.1", on_error="block")
    def collect_blocks(self, ctx: Any, call: Any) -> list[Any]:
        """Return values; an error leaves a block."""
        raise NotImplementedError

    @hookspec(kind=Kind.CHOOSE, since="0.1")
    def choose_thing(self, ctx: Any, call: Any) -> Any:
        """Return a decision or nothing."""
        raise NotImplementedError

    @hookspec(kind=Kind.NOTIFY, since="0.1")
    def after_things_committed(self, ctx: Any, call: Any) -> None:
        """React."""
        raise NotImplementedError


def specimens(**options: Any) -> Hooks:
    """Return empty hooks of the specimens."""
    return Hooks(specs=(Specimens,), **options)


class _Plugin:
    """Each is itself alone, where namespaces would be equal."""


def plugin(**functions: Any) -> Any:
    """Return a plugin object with these (marked) functions."""
    made = _Plugin()
    made.__dict__.update(functions)
    return made


def contexts() -> Contexts:
    """Return a context per plugin that knows its plugin's name."""
    return Contexts(lambda name: SimpleNamespace(plugin=name))
