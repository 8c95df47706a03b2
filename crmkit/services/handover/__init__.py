"""Handing over everything that a departing user owns: freeze, preview, split among heirs, undo."""

from __future__ import annotations

from crmkit.services.handover.finding import find_handover, find_user, handovers
from crmkit.services.handover.holdings import Holding, Holdings
from crmkit.services.handover.passing import Left
from crmkit.services.handover.planning import HandOverPlan, HeirShare, holdings, preview
from crmkit.services.handover.rules import HandOverRule, HandOverRules, rules_from_toml
from crmkit.services.handover.running import HandOverReport, run
from crmkit.services.handover.states import activate, freeze
from crmkit.services.handover.undoing import HandOverUndone, undo
from crmkit.services.handover.valuing import revenue_in

__all__ = [
    "HandOverPlan",
    "HandOverReport",
    "HandOverRule",
    "HandOverRules",
    "HandOverUndone",
    "HeirShare",
    "Holding",
    "Holdings",
    "Left",
    "activate",
    "find_handover",
    "find_user",
    "freeze",
    "handovers",
    "holdings",
    "preview",
    "revenue_in",
    "rules_from_toml",
    "run",
    "undo",
]
