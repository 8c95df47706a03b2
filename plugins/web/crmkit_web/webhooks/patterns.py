"""Types of events, and the patterns by which a webhook names those that it hears of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import FieldError, did_you_mean
from crmkit.core.messages import msg

if TYPE_CHECKING:
    from crmkit_web.webhooks.entities import Webhook

ACTIONS = ("created", "updated", "deleted", "restored", "erased")
"""What can happen to a record."""

MOST_PATTERNS = 100

_PATTERN = re.compile(r"(\*|[a-z][a-z0-9_]*)(\.(\*|[a-z]+))?")


def told_entities(registry: Iterable[EntityInfo]) -> Iterator[EntityInfo]:
    """Yield the entities whose events are told: records that people edit, and nothing that lets anybody in."""
    return (info for info in registry if info.editable and not info.credentials)


def matches(webhook: Webhook, type: str) -> bool:
    """Whether a webhook hears of events of a type."""
    return any(fnmatchcase(type, pattern) for pattern in webhook.events)


def pattern_of(registry: Iterable[EntityInfo]) -> str:
    """Return the regular expression that every pattern of a webhook matches, for schemas."""
    names, actions = "|".join(info.name for info in told_entities(registry)), "|".join(ACTIONS)
    return rf"^(\*|(\*|{names})\.(\*|{actions}))$"


def pattern_errors(patterns: Any, registry: Iterable[EntityInfo]) -> list[FieldError]:
    """Return what is wrong with the patterns of a webhook, each with what was expected."""
    if not isinstance(patterns, list | tuple) or not all(isinstance(one, str) for one in patterns):
        return [FieldError("/events", "type", patterns, msg("a list of types of events, as in customer.created"))]
    if not patterns:
        return [FieldError("/events", "required", None, msg("at least one type of event; * stands for all"))]
    if len(patterns) > MOST_PATTERNS:
        return [FieldError("/events", "too_many", len(patterns), msg("at most {count} types", count=MOST_PATTERNS))]
    names = [info.name for info in told_entities(registry)]
    return [error for place, one in enumerate(patterns) if (error := _wrong(f"/events/{place}", one, names))]


def named_entities(patterns: Iterable[str], registry: Iterable[EntityInfo]) -> list[EntityInfo]:
    """Return the entities whose events patterns match."""
    return [
        info
        for info in told_entities(registry)
        if any(fnmatchcase(f"{info.name}.{action}", pattern) for pattern in patterns for action in ACTIONS)
    ]


def _wrong(pointer: str, pattern: str, names: list[str]) -> FieldError | None:
    if not _PATTERN.fullmatch(pattern) or (pattern != "*" and "." not in pattern):
        return FieldError(
            pointer, "bad_event", pattern, msg("an entity and what happens to it, as in customer.created")
        )
    if pattern == "*":
        return None
    entity, _, action = pattern.partition(".")
    if entity != "*" and entity not in names:
        return FieldError(pointer, "unknown_event", pattern, did_you_mean(entity, names))
    if action != "*" and action not in ACTIONS:
        return FieldError(pointer, "unknown_event", pattern, did_you_mean(action, ACTIONS))
    return None
