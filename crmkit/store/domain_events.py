"""Whether domain events may be written: what plugins declared, by the plugin that declared it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from crmkit.core.domain_event import EventDeclaration
from crmkit.core.errors import FieldError, ValidationFailed, did_you_mean
from crmkit.core.messages import msg
from crmkit.store.unit_of_work import Pair


def check_domain_events(
    declared: Mapping[str, EventDeclaration], pairs: Sequence[Pair], derived: Mapping[UUID, str]
) -> None:
    """Raise ValidationFailed for a new event that its plugin did not declare like this; ``derived`` says whose it is."""
    errors: list[FieldError] = []
    for before, after in pairs:
        plugin = derived.get(after.id)
        if before is not None or plugin is None:
            continue
        known = declared.get(after.name)
        if known is None or known.plugin != plugin:
            own = [name for name, one in declared.items() if one.plugin == plugin]
            errors.append(FieldError("name", "unknown_event", after.name, did_you_mean(after.name, own)))
        elif known.entity != after.entity:
            errors.append(FieldError("entity", "unknown_event", after.entity, msg("{name}", name=known.entity)))
    if errors:
        raise ValidationFailed(errors)
