"""What is looked at before an extension takes part: ids, names, addresses and classes; each fault names plugin and hook."""

from __future__ import annotations

import re
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from crmkit.core.errors import CrmError, did_you_mean
from crmkit.core.filter import parse
from crmkit.core.messages import Message, msg
from crmkit.hooks.errors import BadHook
from crmkit.hooks.web.actions import Action
from crmkit.hooks.web.places import Column, FieldType, Page, Panel, Point
from crmkit.hooks.web.questions import Report, TimelineSource
from crmkit.hooks.web.routes import File, Route
from crmkit.runtime.extensions.described import input_fields

if TYPE_CHECKING:
    from crmkit.core.registry import EntityRegistry

Owned = tuple[str, Any]
"""A record with its plugin."""

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*|\{[a-z][a-z0-9_]*\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


def check_ids(hook: str, some: Iterable[Owned]) -> None:
    """Raise BadHook for an id that does not say whose it is."""
    for plugin, one in some:
        rest = str(one.id).removeprefix(f"{plugin}.")
        if rest == one.id or not _NAME.fullmatch(rest):
            raise _wrong(
                plugin,
                hook,
                one.id,
                msg("the id must be the plugin's name and words behind it, as in {example}", example=f"{plugin}.word"),
            )


def check_names(
    hook: str,
    some: Iterable[Owned],
    registry: EntityRegistry,
    permissions: Collection[str],
    points: Mapping[str, Point],
) -> None:
    """Raise BadHook for an entity, permission, point, field or filter that there is not, with the closest one."""
    entities = {info.name: info for info in registry}
    for plugin, one in some:
        entity = getattr(one, "entity", "")
        if (entity or isinstance(one, Column | TimelineSource)) and not (entity == "*" and isinstance(one, Point)):
            _known(plugin, hook, one.id, "entity", entity, entities)
        if permission := getattr(one, "permission", ""):
            _known(plugin, hook, one.id, "permission", permission, permissions)
        if isinstance(one, Panel):
            _known(plugin, hook, one.id, "point", one.point, points)
        if isinstance(one, FieldType):
            for path in one.fields:
                of, _, name = path.partition(".")
                _known(plugin, hook, one.id, "entity", of, entities)
                _known(plugin, hook, one.id, "field", name, entities[of].by_name)
        if isinstance(one, Action):
            _check_action(plugin, hook, one, registry)


def check_classes(hook: str, some: Iterable[Owned]) -> None:
    """Raise BadHook for a class of input or output that cannot be read or written."""
    for plugin, one in some:
        try:
            _check_classes(one)
        except CrmError as error:
            raise _wrong(plugin, hook, one.id, error.message) from error


def check_addresses(hook: str, some: Iterable[Owned]) -> None:
    """Raise BadHook for a path that is none, and for two that are the same."""
    taken: dict[tuple[str, str], str] = {}
    for plugin, one in some:
        if not isinstance(one, Route | Page):
            continue
        parts = one.path.split("/")
        if not all(_PART.fullmatch(part) for part in parts) or any(set(part) == {"."} for part in parts):
            problem = msg(
                "the path {path} must be parts without a slash in front, as in quotes/{example}",
                path=repr(one.path),
                example="{id}",
            )
            raise _wrong(plugin, hook, one.id, problem)
        if len({part for part in parts if part[0] == "{"}) < sum(part[0] == "{" for part in parts):
            raise _wrong(plugin, hook, one.id, msg("the path {path} names a part twice", path=repr(one.path)))
        if isinstance(one, Page) and "{" in one.path:
            raise _wrong(plugin, hook, one.id, msg("the path {path} of a page has no variable part", path=one.path))
        if one.replaces:
            continue
        address = f"{one.method} {pattern(one.path)}" if isinstance(one, Route) else one.path
        if (plugin, address) in taken:
            problem = msg(
                "it has the same address as {other}: {address}", other=taken[plugin, address], address=address
            )
            raise _wrong(plugin, hook, one.id, problem)
        taken[plugin, address] = one.id


def stand_ins(hook: str, some: Iterable[Owned]) -> dict[str, str]:
    """Return which record stands in for which other one, by the id of that one.

    Raises BadHook for an unknown one, two that replace the same, a circle, and a route with another address.
    """
    by_id: dict[str, Any] = {one.id: one for _, one in some}
    found: dict[str, str] = {}
    for plugin, one in some:
        target = getattr(one, "replaces", "")
        if not target:
            continue
        _known(plugin, hook, one.id, "replaces", target, [id for id in by_id if id != one.id])
        if target in found:
            problem = msg(
                "{other} replaces {target} already; disable one of the plugins", other=found[target], target=target
            )
            raise _wrong(plugin, hook, one.id, problem)
        found[target] = one.id
        for problem in _unlike(one, by_id[target]):
            raise _wrong(plugin, hook, one.id, problem)
    for plugin, one in some:
        steps, at = {one.id}, found.get(one.id)
        while at is not None:
            if at in steps:
                raise _wrong(plugin, hook, one.id, msg("it and {other} replace each other", other=at))
            steps.add(at)
            at = found.get(at)
    return found


def pattern(path: str) -> str:
    """Return a path with its parts' names left out: two routes that differ in them alone are one address."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def _unlike(one: Any, other: Any) -> Iterator[Message]:
    """Yield why a record cannot stand in for another one: who asks for that one must find what there was."""
    if isinstance(one, Route) and (one.method, one.path) != (other.method, other.path):
        given = f"{other.method} {other.path}"
        yield msg("what replaces {target} has its address: {address}", target=other.id, address=given)
    if isinstance(one, Action | Column | TimelineSource) and one.entity != other.entity:
        yield msg("what replaces {target} works on its entity: {entity}", target=other.id, entity=repr(other.entity))


def _check_action(plugin: str, hook: str, one: Action, registry: EntityRegistry) -> None:
    if not one.entity and (one.bulk or one.available):
        raise _wrong(plugin, hook, one.id, msg("an action without an entity has neither bulk nor available"))
    if one.available and "custom." not in one.available:
        try:
            parse(one.available, registry, one.entity)
        except CrmError as error:
            told = msg("available: {problem}", problem="; ".join(error.lines()))
            raise _wrong(plugin, hook, one.id, told) from error


def _check_classes(one: Any) -> None:
    if isinstance(one, Action):
        _input(one.input)
        _output(one.returns)
    elif isinstance(one, Report):
        for field in _input(one.query):
            if field.required:
                raise CrmError(msg("query: {name} has no default", name=field.name))
    elif isinstance(one, Route):
        for field in _input(one.query):
            if field.kind in ("object", "mapping", "any", "money"):
                raise CrmError(msg("query: {name} is no single value or list of such", name=field.name))
        if one.body is not None and one.method == "GET":
            raise CrmError(msg("GET has no body"))
        if one.public and one.permission:
            raise CrmError(msg("a public route takes no permission"))
        if one.body is not File:
            _input(one.body)
        _output(one.returns)


def _input(cls: Any) -> tuple[Any, ...]:
    return () if cls is None else input_fields(cls)


def _output(annotation: Any) -> None:
    """Look at what a handler returns: None, an attrs class, a list of one, a mapping, or a file."""
    inner = typing.get_args(annotation)[0] if typing.get_origin(annotation) is list else annotation
    origin = typing.get_origin(inner) or inner
    if annotation is None or (isinstance(origin, type) and (attrs.has(origin) or issubclass(origin, Mapping))):
        return
    given = getattr(annotation, "__name__", str(annotation))
    raise CrmError(msg("returns: {given} is no attrs class, no list of one, and neither Mapping nor File", given=given))


def _known(plugin: str, hook: str, id: str, what: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        hint = did_you_mean(name, known)
        raise _wrong(plugin, hook, id, msg("no {what} {name}; {hint}", what=what, name=repr(name), hint=hint))


def _wrong(plugin: str, hook: str, id: str, problem: Message) -> BadHook:
    told = msg("plugin {plugin}, {hook}, {id}: {problem}", plugin=plugin, hook=hook, id=repr(id), problem=problem)
    return BadHook(plugin, hook, told)
