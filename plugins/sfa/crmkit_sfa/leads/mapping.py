"""Which fields of a lead become which ones of what it is converted to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmkit.plugin import BadInput, did_you_mean, entity_info, msg
from crmkit_sfa.leads.entities import Lead

TARGETS = ("organization", "person", "opportunity")

STANDARD: Mapping[str, str] = {
    "interest": "opportunity.description",
    "estimated": "opportunity.amount",
    "product_id": "opportunity.product_id",
    "lead_source": "opportunity.lead_source",
    "company": "organization.name",
    "domain": "organization.domain",
    "country": "organization.country",
    "person": "person.name",
    "language": "person.language",
}
"""What goes where by itself; the configuration changes it, and takes a field out by an empty text."""


def mapped(lead: Lead, configured: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return, by target, the values that a lead gives its fields; custom fields are under ``custom``.

    Raises BadInput for a field of a lead or a target that there is not.
    """
    found: dict[str, dict[str, Any]] = {target: {} for target in TARGETS}
    for source, goal in {**STANDARD, **configured}.items():
        if not goal:
            continue
        target, _, name = goal.partition(".")
        if target not in TARGETS or not name:
            hint = did_you_mean(target, TARGETS)
            raise BadInput(msg("mapping of leads: {field} goes to {goal}; {hint}", field=source, goal=goal, hint=hint))
        value = value_of(lead, source)
        if value in (None, ""):
            continue
        values = found[target]
        if name.startswith("custom."):
            values.setdefault("custom", {})[name.removeprefix("custom.")] = value
        else:
            values[name] = value
    return found


def value_of(lead: Lead, name: str) -> Any:
    """Return the value of a field of a lead, of a custom one by ``custom.NAME``. Raises BadInput for another name."""
    if name.startswith("custom."):
        return lead.custom.get(name.removeprefix("custom."))
    known = entity_info(Lead).by_name
    if name not in known:
        raise BadInput(msg("mapping of leads: no field {field}; {hint}", field=name, hint=did_you_mean(name, known)))
    return getattr(lead, name)
