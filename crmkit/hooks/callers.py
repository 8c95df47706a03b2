"""Callers: the implementations of one hook, bound once into one function, so that a call does no look-up at all.

Results, order, wrappers and exceptions are those of pluggy's own call, except that each plugin gets its own context and
each result and error knows its plugin. Measured against generated code, a plain loop over a tuple was as fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import attrs

from crmkit.core.frozen import frozen
from crmkit.hooks.errors import Failed, collect_error
from crmkit.hooks.kinds import HookInfo
from crmkit.hooks.protocols import Contextual
from crmkit.hooks.wrappers import Entering, enclose

Owned: TypeAlias = list[tuple[str, Any]]
"""Results, each with the plugin that it came from."""

Function: TypeAlias = Callable[[Any, Any], Any]
Invoke: TypeAlias = Callable[[Contextual, Any], Owned]


@frozen
class Impl:
    """One implementation, ready to be called as ``function(ctx, call)``; of a wrapper, ``function`` enters it.

    ``entities`` limits it to some entities, ``fields`` to changes of some fields; None means all.
    """

    plugin: str
    function: Function
    wrapper: bool = False
    tryfirst: bool = False
    trylast: bool = False
    entities: frozenset[str] | None = None
    fields: frozenset[str] | None = None


class Caller:
    """Calls one hook. ``has_impls`` is kept up to date, so that call sites can skip building the call's argument.

    ``invoke(contexts, call)`` calls the implementations in order and returns ``(plugin, result)`` pairs without the
    ``None`` results, at most one for a choose hook; raises ``Failed``. Call sites use ``crmkit.hooks.run``, which adds
    the error policy of the hook's kind.
    """

    __slots__ = ("entity", "has_impls", "impls", "info", "invoke")

    has_impls: bool
    impls: tuple[Impl, ...]
    invoke: Invoke

    def __init__(self, info: HookInfo, entity: str | None, impls: Sequence[Impl]) -> None:
        self.info = info
        self.entity = entity
        self.rebind(impls)

    def rebind(self, impls: Sequence[Impl]) -> None:
        """Call ``impls`` from now on, in this order, wrappers first. A call that is under way is not affected."""
        self.impls = tuple(impls)
        self.invoke = bind(self.info, self.impls)
        self.has_impls = bool(self.impls)

    def heeds(self, field: str) -> bool:
        """Whether any implementation is called for changes of ``field`` alone, of records that exist."""
        return any(impl.fields is None or field in impl.fields for impl in self.impls)

    def __repr__(self) -> str:
        return f"<Caller {self.info.name} {[impl.plugin for impl in self.impls]}>"


def bind(info: HookInfo, impls: Sequence[Impl]) -> Invoke:
    """Return one function that calls ``impls`` in order, wrappers outermost."""
    plain = tuple((impl.plugin, impl.function) for impl in impls if not impl.wrapper)
    wrappers: tuple[tuple[str, Entering], ...] = tuple((impl.plugin, impl.function) for impl in impls if impl.wrapper)
    first = info.kind.policy.first
    inner: Invoke
    if not plain:
        inner = _none
    elif first:
        inner = _first_of(plain)
    elif info.on_error == "block":
        inner = _blocks_of(plain, info.name)
    else:
        inner = _all_of(plain)
    return enclose(wrappers, inner, single=first) if wrappers else inner


def concerning(function: Function, fields: frozenset[str]) -> Function:
    """Return ``function`` called for those changes alone that make, delete or restore records or touch ``fields``."""

    def call_concerned(ctx: Any, call: Any) -> Any:
        changes = call.changes
        wanted = tuple(
            [
                c
                for c in changes
                if (before := c.before) is None
                or (before.deleted_at is None) != (c.after.deleted_at is None)
                or any(c.changed(field) for field in fields)
            ]
        )
        if not wanted:
            return None
        return function(ctx, call if len(wanted) == len(changes) else attrs.evolve(call, changes=wanted))

    return call_concerned


def adapt(function: Callable[..., Any], names: Sequence[str]) -> Function:
    """Return ``function`` as one of ``(ctx, call)``, when its own arguments are called ``names``."""
    match tuple(names):
        case ("ctx", "call"):
            return function
        case ("call", "ctx"):
            return lambda ctx, call: function(call, ctx)
        case ("call",):
            return lambda ctx, call: function(call)
        case ("ctx",):
            return lambda ctx, call: function(ctx)
        case ():
            return lambda ctx, call: function()
        case other:
            raise ValueError(f"a hook has the arguments ctx and call, not {other}")


def _none(contexts: Contextual, call: Any) -> Owned:
    return []


def _all_of(plain: tuple[tuple[str, Function], ...]) -> Invoke:
    def call_all(contexts: Contextual, call: Any) -> Owned:
        results = []
        for plugin, function in plain:
            try:
                value = function(contexts[plugin], call)
            except Exception as error:
                raise Failed(plugin, error) from error
            if value is not None:
                results.append((plugin, value))
        return results

    return call_all


def _first_of(plain: tuple[tuple[str, Function], ...]) -> Invoke:
    def call_until_decided(contexts: Contextual, call: Any) -> Owned:
        for plugin, function in plain:
            try:
                value = function(contexts[plugin], call)
            except Exception as error:
                raise Failed(plugin, error) from error
            if value is not None:
                return [(plugin, value)]
        return []

    return call_until_decided


def _blocks_of(plain: tuple[tuple[str, Function], ...], hook: str) -> Invoke:
    def call_each(contexts: Contextual, call: Any) -> Owned:
        results: Owned = []
        for plugin, function in plain:
            try:
                value = function(contexts[plugin], call)
            except Exception as error:
                value = collect_error(plugin, hook, error)
            if value is not None:
                results.append((plugin, value))
        return results

    return call_each
