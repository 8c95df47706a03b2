"""Types of events, and the patterns by which a webhook names those that it hears of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from crmkit.core.domain_event import DOMAIN_EVENT
from crmkit.core.entity import EntityInfo
from crmkit.core.errors import FieldError, did_you_mean
from crmkit.core.messages import msg

if TYPE_CHECKING:
    from crmkit.core.registry import EntityRegistry
    from crmkit_web.webhooks.entities import Webhook

ACTIONS = ("created", "updated", "deleted", "restored", "erased")
"""What can happen to a record."""

MOST_PATTERNS = 100

_PATTERN = re.compile(r"(\*|[a-z][a-z0-9_]*)(\.(\*|[a-z][a-z0-9_]*))?")


def told_entities(registry: Iterable[EntityInfo]) -> Iterator[EntityInfo]:
    """Yield the entities whose events are told: records that people edit, and nothing that lets anybody in."""
    return (info for info in registry if info.editable and not info.credentials)


def told_types(registry: EntityRegistry) -> Iterator[tuple[str, str]]:
    """Yield the types of events that are told, each with its entity: what happens to records, and domain events."""
    for info in told_entities(registry):
        yield from ((f"{info.name}.{action}", info.name) for action in ACTIONS)
    yield from ((name, DOMAIN_EVENT) for name in registry.events)


def matches(webhook: Webhook, type: str) -> bool:
    """Whether a webhook hears of events of a type."""
    return any(fnmatchcase(type, pattern) for pattern in webhook.events)


def pattern_of(registry: EntityRegistry) -> str:
    """Return the regular expression that every pattern of a webhook matches, for schemas."""
    names, actions = "|".join(info.name for info in told_entities(registry)), "|".join(ACTIONS)
    declared = "".join(f"|{name.replace('.', chr(92) + '.')}" for name in [*_all_of(registry), *registry.events])
    return rf"^(\*|(\*|{names})\.(\*|{actions}){declared})$"


def _all_of(registry: EntityRegistry) -> list[str]:
    """Return the patterns for all domain events of a plugin, as schemas write them."""
    return [rf"{plugin}.\*" for plugin in sorted({one.plugin for one in registry.events.values()})]


def pattern_errors(patterns: Any, registry: EntityRegistry) -> list[FieldError]:
    """Return what is wrong with the patterns of a webhook, each with what was expected."""
    if not isinstance(patterns, list | tuple) or not all(isinstance(one, str) for one in patterns):
        return [FieldError("/events", "type", patterns, msg("a list of types of events, as in customer.created"))]
    if not patterns:
        return [FieldError("/events", "required", None, msg("at least one type of event; * stands for all"))]
    if len(patterns) > MOST_PATTERNS:
        return [FieldError("/events", "too_many", len(patterns), msg("at most {count} types", count=MOST_PATTERNS))]
    names = [info.name for info in told_entities(registry)]
    plugins = {one.plugin for one in registry.events.values()}
    return [
        error
        for place, one in enumerate(patterns)
        if not (one in registry.events or one in {f"{plugin}.*" for plugin in plugins})
        and (error := _wrong(f"/events/{place}", one, names, registry.events))
    ]


def named_entities(patterns: Iterable[str], registry: EntityRegistry) -> list[EntityInfo]:
    """Return the entities whose events patterns match."""
    some = list(patterns)
    named = {entity for type, entity in told_types(registry) if any(fnmatchcase(type, one) for one in some)}
    return [info for info in told_entities(registry) if info.name in named]


def _wrong(pointer: str, pattern: str, names: list[str], declared: Iterable[str]) -> FieldError | None:
    if not _PATTERN.fullmatch(pattern) or (pattern != "*" and "." not in pattern):
        return FieldError(
            pointer, "bad_event", pattern, msg("an entity and what happens to it, as in customer.created")
        )
    if pattern == "*":
        return None
    entity, _, action = pattern.partition(".")
    if any(name.startswith(f"{entity}.") for name in declared):
        return FieldError(pointer, "unknown_event", pattern, did_you_mean(pattern, declared))
    if entity != "*" and entity not in names:
        return FieldError(pointer, "unknown_event", pattern, did_you_mean(entity, names))
    if action != "*" and action not in ACTIONS:
        return FieldError(pointer, "unknown_event", pattern, did_you_mean(action, ACTIONS))
    return None
