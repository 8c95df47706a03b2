"""Scopes of tokens: words that say what a token is for. They take away from what its user may do, and never add to it.

``read`` and ``write`` stand for every entity, ``customer:read`` for one. Beside these two there are the other actions of
roles (``export``, ``merge`` and so on), ``action:sfa.convert_lead`` (``action:*``) for what plugins let people do, and the
names of permissions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crmkit.core.access import ACTIONS, Ceiling
from crmkit.core.errors import FieldError, ValidationFailed, did_you_mean
from crmkit.core.messages import msg
from crmkit_web.openapi.patterns import either

if TYPE_CHECKING:
    from crmkit import Crm

WRITE = ("read", "create", "update", "delete", "assign", "bulk")
"""What ``write`` stands for: working with records, which takes reading them."""

MOST = 100
"""Words that one token may have."""


def ceiling_of(words: Iterable[str]) -> Ceiling | None:
    """Return what the words leave room for; None, no bound at all, for none."""
    pairs = [pair for word in words for pair in _pairs(word)]
    return frozenset(pairs) if pairs else None


def checked_scopes(crm: Crm, words: Iterable[str], path: str = "") -> tuple[str, ...]:
    """Return the words without repetition, sorted; raises ValidationFailed for each that this installation does not know.

    The errors name ``path``, by default the place of the word in a document.
    """
    given = list(words)
    known = set(known_scopes(crm))
    errors = [
        FieldError(path or f"/scopes/{at}", "unknown_scope", word, did_you_mean(word[:200], known))
        for at, word in enumerate(given[:MOST])
        if word not in known
    ]
    if len(given) > MOST:
        errors.append(FieldError(path or "/scopes", "too_many", len(given), msg("at most {count} scopes", count=MOST)))
    if errors:
        raise ValidationFailed(errors)
    return tuple(sorted(set(given)))


def known_scopes(crm: Crm) -> list[str]:
    """Return every scope that a token can have here."""
    rights = [*ACTIONS, "write"]
    entities = [info.name for info in crm.registry if not info.credentials]
    return [
        *rights,
        *(f"{entity}:{right}" for entity in entities for right in rights),
        "action:*",
        *(f"action:{id}" for id in crm.extensions.actions),
        *(permission.id for permission in crm.permissions),
    ]


def scope_pattern(crm: Crm) -> str:
    """Return the regular expression that the scopes which a token can have here fit, and nothing else."""
    rights = either([*ACTIONS, "write"])
    entities = either(info.name for info in crm.registry if not info.credentials)
    others = [word for word in known_scopes(crm) if word.startswith("action:") or "." in word]
    return f"^(({entities}:)?{rights}|{either(others)})$"


def _pairs(word: str) -> list[tuple[str, str]]:
    entity, colon, right = word.rpartition(":")
    if entity == "action":
        return [("*" if right == "*" else word, "run")]
    rights = WRITE if right == "write" else (right,)
    return [(entity if colon else "*", one) for one in rights]
