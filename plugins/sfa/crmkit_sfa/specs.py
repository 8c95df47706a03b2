"""The hooks that the plugin offers to others; each room declares its own."""

from __future__ import annotations

from crmkit_sfa.assignment.specs import AssignmentSpecs
from crmkit_sfa.leads.specs import LeadSpecs
from crmkit_sfa.opportunities.specs import OpportunitySpecs
from crmkit_sfa.pricing.specs import PricingSpecs
from crmkit_sfa.quotes.specs import QuoteSpecs
from crmkit_sfa.scorecards.specs import ScorecardSpecs
from crmkit_sfa.targets.specs import TargetSpecs

SPECS: tuple[type, ...] = (
    OpportunitySpecs,
    LeadSpecs,
    AssignmentSpecs,
    PricingSpecs,
    QuoteSpecs,
    TargetSpecs,
    ScorecardSpecs,
)
