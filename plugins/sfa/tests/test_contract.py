"""What every plugin has to hold, whatever it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import crmkit_sfa
from crmkit.plugin import Money
from crmkit.testing.contract import PluginContract

_QUARTER = date(2026, 1, 1)
_TEN, _NOTHING = Money.of("10", "EUR"), Money.of("0", "EUR")
_ZONE = {"timezone": "Europe/Berlin", "zone_definition": "", "rrule": "", "occurrence": ""}
_VALUES: Mapping[str, Mapping[str, Any]] = {
    "sfa_activity": _ZONE,
    "sfa_adjustment": {"kind": "write_off"},
    "sfa_assignment_rule": {"filter": "country = DE", "skill_field": "product_id"},
    "sfa_forecast_adjustment": {"period_start": _QUARTER, "for_team_id": None},
    "sfa_forecast_submission": {"period_start": _QUARTER},
    "sfa_opportunity": {"pipeline": "sales", "stage": "engaging", "opening_stage": "prospecting"},
    "sfa_order": {"status": "confirmed", "sum_lines": False, "net": _TEN, "tax": _NOTHING, "gross": _TEN},
    "sfa_order_amendment": {"revision": 2},
    "sfa_order_line": {"order_id.status": "draft"},
    "sfa_target": {"period_start": _QUARTER, "metric": "won_value"},
    "sfa_territory": {"filter": "country = DE"},
}
"""What the rules of the plugin ask of fields, beyond what their metadata says."""


class TestContract(PluginContract):
    plugin = crmkit_sfa
    # Sixty entities, their settings and hooks; libraries and reports are imported when they are used.
    slowest_import = 2.75
    left_out = ("sfa_order_amendment", "sfa_quote_approval")
    unchanging = (
        "sfa_adjustment",
        "sfa_allocation",
        "sfa_forecast_adjustment",
        "sfa_forecast_submission",
        "sfa_inquiry_step",
        "sfa_refund",
        "sfa_target",
    )
    filled_in = MappingProxyType(
        {
            "sfa_deal_registration": ("email_key", "phone_key", "company_key"),
            "sfa_dealer_offer": ("open_key",),
            "sfa_lead": ("email_key", "phone_key"),
            "sfa_transfer": ("waiting_key",),
        }
    )
    single = ("sfa_transfer",)
    repeated = MappingProxyType({"sfa_assignment_rule": ("name",)})
    referring = MappingProxyType({"sfa_dealer_offer": ("lead_id",)})

    def values(self, entity: str, number: int) -> Mapping[str, Any]:
        return _VALUES.get(entity, {})
