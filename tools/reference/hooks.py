"""The page of all hooks."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from crmkit.core.fields import CustomField
from crmkit.core.interaction import InteractionKind
from crmkit.hooks import SPECS
from crmkit.hooks.callers import Impl
from crmkit.hooks.causation import Cause
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.kinds import HookInfo, Kind, hooks_of
from crmkit.hooks.protocols import Context
from crmkit.runtime.config import Config
from crmkit.runtime.crm import CORE, Crm
from tools.markdown import code, codes, slug, table
from tools.reference.classes import attributes_table, members, own_docstring, records_of, type_text
from tools.reference.plugins import OfficialPlugin

INTRODUCTION = """# Hooks

What a plugin can take part in. An implementation is a function with the hook's name, marked `@hookimpl`, that takes
`ctx` (see [the context](#context)), `call` (the record that the hook names), both or neither. `crmkit hooks` shows
who implements what in an installation, in the order of calls."""

SHARED: tuple[type[Any], ...] = (Cause, CustomField, InteractionKind)
"""Records of other rooms that hooks take or return."""


def page(plugins: Sequence[OfficialPlugin]) -> str:
    """Return the page, with the implementations of the core and of ``plugins``."""
    with Crm.open("sqlite://", plugins=[], config=Config(), create=False, check=False) as crm:
        hooks = crm.hooks
    for plugin in plugins:
        for spec_class in plugin.manifest.specs:
            hooks.add_specs(spec_class)
    for plugin in plugins:
        hooks.register(plugin.plugin, plugin.name, plugin.distribution, plugin.manifest.requires)
    subjects = [*SPECS, *(spec for plugin in plugins for spec in plugin.manifest.specs)]
    parts = [INTRODUCTION, _overview(subjects), _kinds()]
    for spec_class in subjects:
        parts += _subject(spec_class, hooks)
    parts += _shared()
    return "\n\n".join(parts)


def in_order(spec_class: type) -> list[HookInfo]:
    """Return the hooks of a specification class in the order in which they are declared, which is that of calls."""
    infos = hooks_of(spec_class)
    return [infos[name] for name in vars(spec_class) if name in infos]


def _overview(subjects: Sequence[type]) -> str:
    rows = [
        (f"[{code(info.name)}](#{slug(info.name)})", info.kind.policy.label, info.help.partition("\n")[0])
        for spec_class in subjects
        for info in in_order(spec_class)
    ]
    return f"In the order of an application's life:\n\n{table(['hook', 'kind', 'what it is for'], rows)}"


def _kinds() -> str:
    rows = [
        (
            kind.policy.label,
            kind.policy.phase,
            kind.policy.result,
            kind.policy.on_error,
            "yes" if kind.policy.wrappers else "no",
        )
        for kind in Kind
    ]
    return f"## Kinds\n\n{table(['kind', 'runs', 'returns', 'an error', 'wrappers'], rows)}"


def _subject(spec_class: type, hooks: Hooks) -> Iterator[str]:
    module = sys.modules[spec_class.__module__]
    yield f"## {spec_class.__name__.removesuffix('Specs')} hooks"
    yield "\n\n".join(text for text in (own_docstring(module), own_docstring(spec_class)) if text)
    for info in in_order(spec_class):
        function = vars(spec_class)[info.name]
        yield f"### {info.name}\n\n{info.help}"
        yield table(["", ""], _facts(info, function.__annotations__, hooks.implementations(info.name)))
    for record in records_of(spec_class.__module__):
        yield _record(record)


def _facts(info: HookInfo, annotations: dict[str, Any], implementations: Sequence[Impl]) -> Iterator[tuple[str, str]]:
    policy = info.kind.policy
    argument, result = type_text(annotations["call"]), type_text(annotations["return"])
    yield "kind", f"[{policy.label}](#kinds)"
    yield "runs", policy.phase
    yield "argument", f"[{code(argument)}](#{slug(argument)})"
    yield "returns", policy.result if result == "None" else f"{code(result)}: {policy.result}"
    yield "an error", _on_error(info)
    if info.per_entity:
        yield "called", "for each entity; `@hookimpl(entities=(...))` asks for some"
    yield "since", f"{info.since}, {info.stability}"
    yield "implemented by", ", ".join(_implementers(implementations)) or "no official plugin"


def _on_error(info: HookInfo) -> str:
    if info.kind is not Kind.COLLECT:
        return info.kind.policy.on_error
    return "leaves an error block in place" if info.on_error == "block" else "aborts and names the plugin"


def _implementers(implementations: Sequence[Impl]) -> Iterator[str]:
    """Yield each plugin once, with the entities that it asks for when it does not take all."""
    for plugin in dict.fromkeys(impl.plugin for impl in implementations):
        name, mine = "the core" if plugin == CORE else code(plugin), [i for i in implementations if i.plugin == plugin]
        remarks = ["as a wrapper"] if all(impl.wrapper for impl in mine) else []
        asked = [impl.entities for impl in mine if impl.entities is not None]
        if len(asked) == len(mine):
            remarks.append(codes(sorted(frozenset().union(*asked))))
        yield f"{name} ({'; '.join(remarks)})" if remarks else name


def _record(record: type[Any]) -> str:
    return f"### {record.__name__}\n\n{own_docstring(record)}\n\n{attributes_table(record)}"


def _shared() -> Iterator[str]:
    yield "## What hooks share"
    yield f"### Context\n\n{own_docstring(Context)}"
    rows = [(code(name), code(kind), text) for name, kind, text in members(Context)]
    yield table(["attribute", "type", "meaning"], rows)
    for record in SHARED:
        yield _record(record)
