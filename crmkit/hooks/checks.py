"""Is a function fit to implement a hook? What would fail later, or silently do nothing, is refused at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType, MethodType
from typing import Any

from crmkit.core.errors import did_you_mean
from crmkit.core.messages import Message, msg
from crmkit.hooks.arguments import plain_arguments
from crmkit.hooks.errors import BadHook
from crmkit.hooks.kinds import ARGUMENTS, HookInfo


def verify(
    plugin: str, hook: str, info: HookInfo | None, function: Callable[..., Any], opts: Mapping[str, Any]
) -> None:
    """Raise ``BadHook`` unless ``function`` of ``plugin`` can implement ``hook`` with the marker options ``opts``.

    ``info`` is None while nobody declares the hook; then only what is wrong for every hook is found.
    """
    problem = _coroutine(function)
    if problem is None and info is not None:
        problem = (
            _arguments(function) or _generator(function, info, opts) or _entities(info, opts) or _fields(info, opts)
        )
    if problem is not None:
        raise BadHook(
            plugin, hook, msg("plugin {plugin}, hook {hook}: {problem}", plugin=plugin, hook=hook, problem=problem)
        )


_USUAL: Mapping[type, tuple[tuple[str, ...], ...]] = {
    FunctionType: (ARGUMENTS,),
    MethodType: (("self", *ARGUMENTS),),
}
"""How nearly every implementation is written."""


def _coroutine(function: Callable[..., Any]) -> Message | None:
    if _is_plain(function):
        return None
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return msg("hooks are synchronous; write def instead of async def, and do slow work in a job")
    return None


def _is_plain(function: Callable[..., Any]) -> bool:
    """Whether a function runs when it is called; False where ``inspect`` must tell."""
    return type(function) is FunctionType and not function.__code__.co_flags & _SUSPENDED and not _marked(function)


def _marked(function: FunctionType) -> bool:
    """Whether it may be marked as one that returns coroutines (``inspect.markcoroutinefunction``)."""
    return any(name.startswith("_is_coroutine") for name in function.__dict__)


_SUSPENDED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE | inspect.CO_ASYNC_GENERATOR


def _arguments(function: Callable[..., Any]) -> Message | None:
    if plain_arguments(getattr(function, "__func__", function)) in _USUAL.get(type(function), ()):
        return None
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            return msg("argument {name}: name the arguments that you want of ctx and call", name=str(parameter))
        if name in ARGUMENTS:
            if parameter.kind is parameter.KEYWORD_ONLY:
                return msg("argument {name} must not be keyword-only", name=name)
            if parameter.default is not parameter.empty:
                return msg("argument {name} must have no default: it is always given", name=name)
        elif parameter.default is parameter.empty:
            if name in ("self", "cls"):
                return msg("argument {name} is not bound: register an instance of the class, not the class", name=name)
            return msg("unknown argument {name}: {hint}", name=name, hint=did_you_mean(name, ARGUMENTS))
    return None


def _generator(function: Callable[..., Any], info: HookInfo, opts: Mapping[str, Any]) -> Message | None:
    policy, generator = info.kind.policy, not _is_plain(function) and inspect.isgeneratorfunction(function)
    if opts.get("wrapper") and opts.get("hookwrapper"):
        return msg("wrapper=True and hookwrapper=True exclude each other")
    if opts.get("wrapper") or opts.get("hookwrapper"):
        if not policy.wrappers:
            return msg("a {kind} hook cannot be wrapped", kind=policy.label)
        return None if generator else msg("a wrapper must be a generator that yields once")
    if generator and not policy.many:
        return msg("the body of a generator would never run here; a {kind} hook must not yield", kind=policy.label)
    return None


def _entities(info: HookInfo, opts: Mapping[str, Any]) -> Message | None:
    entities = opts.get("entities")
    if entities is None:
        return None
    if not info.per_entity:
        return msg("entities=... is for hooks that are called per entity; this one is not")
    if not entities:
        return msg("entities=() names no entity, so it would never be called; leave it out for all")
    return None


def _fields(info: HookInfo, opts: Mapping[str, Any]) -> Message | None:
    if opts.get("fields") is None:
        return None
    if not info.of_changes:
        return msg("fields=... is for hooks that are called with changes of records; this one is not")
    if opts.get("wrapper") or opts.get("hookwrapper"):
        return msg("fields=... is not for wrappers, which see what the others were called with")
    return None
