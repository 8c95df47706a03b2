"""Calling hooks: one runner per kind, each with that kind's policy for errors.

An expected error (a ``CrmError`` such as ``ValidationFailed``) that a plugin raises passes through as itself, with a
note that names plugin and hook. Any other exception becomes ``PluginError``. Interrupts pass untouched.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeVar

from crmkit.core.errors import CrmError, PluginError, Refused
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.hooks.callers import Caller, Owned
from crmkit.hooks.errors import BadHook, CollectError, Failed, collect_error
from crmkit.hooks.protocols import Contextual
from crmkit.hooks.records import Refuse

CORE = "crmkit"
"""The plugin name under which the core's own rules are registered."""

T = TypeVar("T")


@frozen
class Refusal:
    """A guard's ``Refuse`` with the plugin that it came from."""

    plugin: str
    reason: Message
    record_id: object = None


@frozen
class NotifyFailure:
    """A plugin that could not be notified, and why; to be recorded, retried and then parked."""

    plugin: str
    error: Exception


def run_register(
    caller: Caller,
    contexts: Contextual,
    call: Any,
    *,
    of: type[T],
    distribution: Callable[[str], str],
    key: Callable[[T], object] | None = None,
) -> list[tuple[str, T]]:
    """Return the registered records with their plugins.

    ``of`` is what each record must be, ``key`` gives its id, ``distribution`` (``Hooks.distribution``) tells where a
    plugin comes from. Raises ``BadHook`` for a record of another type and for an id registered twice, ``PluginError``
    for a plugin that raises.
    """
    hook = caller.info.name
    records: list[tuple[str, T]] = []
    owners: dict[object, str] = {}
    for plugin, record in _flat(caller, contexts, call):
        if not isinstance(record, of):
            problem = msg(
                "plugin {plugin}, hook {hook}: expected {expected}, got {given}",
                plugin=plugin,
                hook=hook,
                expected=of.__name__,
                given=f"{type(record).__name__} {record!r}",
            )
            raise BadHook(plugin, hook, problem)
        if key is not None:
            record_id = key(record)
            if record_id in owners:
                raise _twice(hook, record_id, owners[record_id], plugin, distribution)
            owners[record_id] = plugin
        records.append((plugin, record))
    return records


def run_derive(caller: Caller, contexts: Contextual, call: Any) -> Owned:
    """Return what plugins derive, item by item, each with its plugin. Raises ``PluginError``."""
    return _flat(caller, contexts, call) if caller.has_impls else []


def refusals(caller: Caller, contexts: Contextual, call: Any) -> list[Refusal]:
    """Ask all guards and return all refusals, in the order of the plugins. Raises ``PluginError``."""
    found: list[Refusal] = []
    for plugin, value in _owned(caller, contexts, call):
        for refuse in [value] if isinstance(value, Refuse) else _items(caller, plugin, value):
            if not isinstance(refuse, Refuse):
                _abort(caller, Failed(plugin, TypeError(f"a guard returns Refuse(reason) or nothing, not {refuse!r}")))
            found.append(Refusal(plugin, refuse.reason, refuse.record_id))
    return found


def run_guard(caller: Caller, contexts: Contextual, call: Any) -> None:
    """Raise ``Refused`` with the first refusal; the notes of the error name the others. Raises ``PluginError``."""
    if not caller.has_impls:
        return
    found = refusals(caller, contexts, call)
    if found:
        error = Refused(found[0].plugin, found[0].reason, [(r.plugin, r.reason, r.record_id) for r in found])
        error.hook = caller.info.name
        for refusal in found[1:]:
            error.add_note(str(msg("also refused by {plugin}: {reason}", plugin=refusal.plugin, reason=refusal.reason)))
        raise error


def run_collect(caller: Caller, contexts: Contextual, call: Any) -> Owned:
    """Return the values of all plugins, each with its plugin.

    Where the hook says ``on_error="block"``, a plugin that fails leaves one ``CollectError`` and nothing else;
    otherwise ``PluginError`` is raised.
    """
    if not caller.has_impls:
        return []
    if caller.info.on_error != "block":
        return _flat(caller, contexts, call)
    values: Owned = []
    for plugin, value in _owned(caller, contexts, call):
        if isinstance(value, CollectError):
            values.append((plugin, value))
            continue
        try:
            values.extend([(plugin, item) for item in _listed(value)])
        except Exception as error:
            values.append((plugin, collect_error(plugin, caller.info.name, error)))
    return values


def run_choose(caller: Caller, contexts: Contextual, call: Any, *, of: type[T]) -> tuple[str, T] | None:
    """Return the first decision with its plugin, or None when no plugin decides.

    ``of`` is what a decision must be. Raises ``PluginError``.
    """
    if not caller.has_impls:
        return None
    for plugin, value in _owned(caller, contexts, call):
        if not isinstance(value, of):
            _abort(caller, Failed(plugin, TypeError(f"expected a decision of type {of.__name__}, not {value!r}")))
        return plugin, value
    return None


def run_notify(caller: Caller, contexts: Contextual, call: Any, *, only: str | None = None) -> list[NotifyFailure]:
    """Call each plugin on its own and return those that failed; all others have run.

    ``only`` names the one plugin to deliver to, for a subscriber with its own place in the event log.
    """
    failures: list[NotifyFailure] = []
    for impl in caller.impls:
        if only is not None and impl.plugin != only:
            continue
        try:
            if inspect.isawaitable(value := impl.function(contexts[impl.plugin], call)):
                _close(value)
                raise TypeError("it returned a coroutine, which nobody awaits; hooks are synchronous")
        except Exception as error:
            failures.append(NotifyFailure(impl.plugin, error))
    return failures


def _owned(caller: Caller, contexts: Contextual, call: Any) -> Owned:
    try:
        return caller.invoke(contexts, call)
    except Failed as failed:
        _abort(caller, failed)


def _flat(caller: Caller, contexts: Contextual, call: Any) -> Owned:
    owned = _owned(caller, contexts, call)
    return [(plugin, item) for plugin, value in owned for item in _items(caller, plugin, value)]


def _items(caller: Caller, plugin: str, value: Any) -> list[Any]:
    try:
        return _listed(value)
    except Exception as error:
        _abort(caller, Failed(plugin, error))


def _listed(value: Any) -> list[Any]:
    if value.__class__ is list:
        return value
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        _close(value)
        raise TypeError(f"it must return a list, not {type(value).__name__}")
    return list(value)


def _close(value: Any) -> None:
    if inspect.iscoroutine(value):
        value.close()


def _abort(caller: Caller, failed: Failed) -> NoReturn:
    error, hook = failed.error, caller.info.name
    if isinstance(error, CrmError):
        # The core's own rules say all there is to say in the error itself.
        if failed.plugin != CORE:
            error.add_note(f"raised by plugin {failed.plugin} in hook {hook}")
        raise error from error.__cause__
    raise PluginError(failed.plugin, hook, error) from error


def _twice(hook: str, record_id: object, first: str, second: str, distribution: Callable[[str], str]) -> BadHook:
    return BadHook(
        second,
        hook,
        msg(
            "{id} is registered twice in {hook}: by {first} (distribution {first_distribution}) "
            "and by {second} (distribution {second_distribution})",
            id=repr(record_id),
            hook=hook,
            first=first,
            first_distribution=distribution(first),
            second=second,
            second_distribution=distribution(second),
        ),
    )
