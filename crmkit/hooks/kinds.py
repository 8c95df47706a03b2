"""The six kinds of hook and the two markers: ``hookspec`` declares a hook, ``hookimpl`` implements one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Literal, TypeVar, cast, overload

import pluggy

from crmkit.core.deprecation import Deprecation
from crmkit.core.errors import ConfigError
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.hooks.arguments import plain_arguments

PROJECT = "crmkit"
ARGUMENTS = ("ctx", "call")
"""Every hook takes these two; an implementation names those that it wants, in any order."""

Stability = Literal["stable", "provisional"]
OnError = Literal["abort", "block"]
F = TypeVar("F", bound=Callable[..., Any])


@frozen(eq=False)
class Policy:
    """What a kind means. The texts are shown in the documentation and by ``crmkit hooks``.

    ``many``: an implementation returns an iterable, so it may be a generator. ``first``: the first result decides.
    ``wrappers``: ``wrapper=True`` is allowed.
    """

    label: str
    phase: str
    result: str
    on_error: str
    many: bool = False
    first: bool = False
    wrappers: bool = False


class Kind(Enum):
    """When a hook runs, what its result means and what an error does."""

    REGISTER = Policy(
        "register",
        phase="at start-up, once",
        result="a list of frozen records; two records with one id name both distributions",
        on_error="stops start-up and names the plugin",
        many=True,
    )
    DERIVE = Policy(
        "derive",
        phase="inside the transaction, before validation",
        result="an iterable of further changes",
        on_error="aborts, rolls back and names the plugin",
        many=True,
        wrappers=True,
    )
    GUARD = Policy(
        # No wrappers: a refusal stands, no other plugin takes it back.
        "guard",
        phase="inside the transaction, last before SQL",
        result="Refuse(reason), several of them, or nothing",
        on_error="aborts, rolls back and names the plugin",
        many=True,
    )
    COLLECT = Policy(
        "collect",
        phase="on request",
        result="an iterable of values",
        on_error="aborts and names the plugin, or leaves an error block in place, as the hook says",
        many=True,
        wrappers=True,
    )
    CHOOSE = Policy(
        "choose",
        phase="on request",
        result="a decision, or nothing to leave it to the next; several plugins need a configured order",
        on_error="aborts and names the plugin",
        first=True,
        wrappers=True,
    )
    NOTIFY = Policy(
        # No wrappers: each plugin is delivered to on its own, from its own place in the event log.
        "notify",
        phase="after commit, from the event log",
        result="nothing",
        on_error="is recorded, retried, then parked; the other plugins still run",
    )

    @property
    def policy(self) -> Policy:
        """The meaning of this kind."""
        return self.value


@frozen
class HookInfo:
    """What ``hookspec`` was told about one hook. ``subject`` is the specification class, ``help`` its docstring.

    ``of_changes``: its calls carry ``changes``, so implementations may ask for those of some fields only.
    """

    name: str
    subject: str
    kind: Kind
    since: str
    stability: Stability
    on_error: OnError
    per_entity: bool
    help: str
    of_changes: bool = False
    deprecated: Deprecation | None = None


_mark_spec = pluggy.HookspecMarker(PROJECT)
_mark_impl = pluggy.HookimplMarker(PROJECT)


def hookspec(
    *,
    kind: Kind,
    since: str,
    stability: Stability = "provisional",
    on_error: OnError = "abort",
    per_entity: bool = False,
    of_changes: bool = False,
    deprecated: Deprecation | None = None,
) -> Callable[[F], F]:
    """Declare the decorated method ``(self, ctx, call)`` as a hook.

    ``since`` is the version that brought it. ``per_entity``: each call concerns one entity, and implementations may ask
    for some entities only. ``of_changes``: a call carries ``changes`` of records, and implementations may ask for those
    of some fields only. ``on_error="block"`` is for collect hooks. ``deprecated`` (of ``crmkit.core.deprecation``):
    whoever implements it is told what to use. Raises ``ConfigError`` on a wrong declaration.
    """

    def declare(function: F) -> F:
        name = function.__name__
        arguments = plain_arguments(function) or tuple(inspect.signature(function).parameters)
        if arguments != ("self", *ARGUMENTS):
            raise ConfigError(msg("hook {name} must be declared as (self, ctx, call)", name=name))
        if on_error == "block" and kind is not Kind.COLLECT:
            raise ConfigError(
                msg(
                    'hook {name}: on_error="block" is for collect hooks, this is a {kind} hook',
                    name=name,
                    kind=kind.value.label,
                )
            )
        if not function.__doc__:
            raise ConfigError(msg("hook {name} needs a docstring: it is the hook's documentation", name=name))
        subject = function.__qualname__.rpartition(".")[0]
        help = inspect.cleandoc(function.__doc__)
        info = HookInfo(name, subject, kind, since, stability, on_error, per_entity, help, of_changes, deprecated)
        function.__dict__["crmkit_hook"] = info
        return _mark_spec(function, firstresult=kind.policy.first)

    return declare


def hooks_of(spec_class: type) -> dict[str, HookInfo]:
    """Return the hooks that ``spec_class`` declares, by name."""
    names = (name for name in dir(spec_class) if not name.startswith("__"))
    members = ((name, getattr(getattr(spec_class, name, None), "crmkit_hook", None)) for name in names)
    return {name: info for name, info in members if isinstance(info, HookInfo)}


@overload
def hookimpl(function: F) -> F: ...
@overload
def hookimpl(
    *,
    specname: str | None = None,
    entities: Iterable[str] | None = None,
    fields: Iterable[str] | None = None,
    tryfirst: bool = False,
    trylast: bool = False,
    wrapper: bool = False,
    optionalhook: bool = False,
) -> Callable[[F], F]: ...
def hookimpl(
    function: F | None = None,
    *,
    specname: str | None = None,
    entities: Iterable[str] | None = None,
    fields: Iterable[str] | None = None,
    tryfirst: bool = False,
    trylast: bool = False,
    wrapper: bool = False,
    optionalhook: bool = False,
) -> F | Callable[[F], F]:
    """Mark a function or method of a plugin as the implementation of the hook of its name, or of ``specname``.

    ``entities``: call it only for these entities; for all others it costs nothing. ``fields``: of records that exist,
    call it only for changes of these fields, beside those that delete or restore; new records it sees in any case.
    ``tryfirst`` and ``trylast`` move it before or after the implementations that say neither. ``wrapper``: a generator
    that yields once, receives the result of the others and returns the result to use. ``optionalhook``: no error when
    nobody declares the hook.
    """
    if isinstance(entities, str):
        raise ConfigError(msg('entities must be a list of entity names: write entities=("{name}",)', name=entities))
    if isinstance(fields, str):
        raise ConfigError(msg('fields must be a list of field names: write fields=("{name}",)', name=fields))
    wanted = None if entities is None else frozenset(entities)
    concerning = None if fields is None else frozenset(fields)

    def mark(function: F) -> F:
        marked = _mark_impl(
            function,
            specname=specname,
            tryfirst=tryfirst,
            trylast=trylast,
            wrapper=wrapper,
            optionalhook=optionalhook,
        )
        # Beside pluggy's own options, where HookImpl.opts hands it back whatever else decorates the function.
        cast("dict[str, Any]", getattr(marked, f"{PROJECT}_impl")).update(entities=wanted, fields=concerning)
        return marked

    return mark if function is None else mark(function)
