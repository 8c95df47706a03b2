"""The hooks that the plugin offers to others; each room declares its own."""

from __future__ import annotations

from crmkit_sfa.opportunities.specs import OpportunitySpecs

SPECS: tuple[type, ...] = (OpportunitySpecs,)
