"""Sales-force automation: what a salesperson does in a day and a sales manager in a month.

crmkit finds the manifest and the hooks here. Each room (a folder) holds one subject: its entities, rules, use cases and
commands.
"""

from __future__ import annotations

from crmkit_sfa.accounts.hooks import (
    derive_account_members,
    derive_account_plans,
    derive_account_reviews,
    guard_account_dates,
)
from crmkit_sfa.activities.hooks import (
    derive_activities,
    derive_activities_of_leads,
    derive_participants,
    derive_reminders,
)
from crmkit_sfa.assignment.hooks import check_filters, guard_territories, leads_entered
from crmkit_sfa.dealers.facts import collect_sfa_score_facts
from crmkit_sfa.dealers.hooks import (
    derive_deal_registrations,
    derive_dealer_offers,
    guard_deal_registrations,
    guard_dealer_offers,
)
from crmkit_sfa.declaration import (
    manifest,
    register_cli_commands,
    register_custom_fields,
    register_entities,
    register_jobs,
    register_lifecycles,
    register_permissions,
    register_schedules,
)
from crmkit_sfa.events.hooks import register_events, tell_deals, tell_leads, tell_orders, tell_quotes, tell_transfers
from crmkit_sfa.forecasting.hooks import derive_forecast_words, guard_forecast_words
from crmkit_sfa.inquiries.hooks import (
    derive_inquiry_steps,
    guard_inquiry_lines,
    guard_inquiry_steps,
)
from crmkit_sfa.leads.erasing import erase_leads
from crmkit_sfa.leads.following import leads_answered
from crmkit_sfa.leads.hooks import (
    derive_leads,
    derive_leads_of_claims,
    guard_lead_conversions,
    guard_lead_touches,
    guard_leads,
)
from crmkit_sfa.leads.mail import leads_of_mails
from crmkit_sfa.leads.timeline import lead_entries
from crmkit_sfa.opportunities.hooks import (
    derive_opportunities,
    derive_opportunities_from_steps,
    derive_opportunity_amounts,
    guard_opportunities,
    guard_opportunity_lines,
    guard_pipelines,
)
from crmkit_sfa.orders.hooks import (
    derive_order_amendments,
    derive_order_amounts,
    derive_orders,
    guard_order_amendments,
    guard_order_lines,
    guard_orders,
    log_purchases,
)
from crmkit_sfa.pricing.hooks import guard_price_lists, guard_prices
from crmkit_sfa.quotes.hooks import (
    derive_quote_approvals,
    derive_quote_lines,
    derive_quotes,
    guard_quote_approvals,
    guard_quote_lines,
    guard_quotes,
)
from crmkit_sfa.quotes.timeline import quotes_in_timeline
from crmkit_sfa.receipts.hooks import (
    derive_adjustments,
    derive_allocations,
    derive_planned_balances,
    derive_planned_receipts,
    derive_receipts,
    derive_refunds,
    guard_adjustments,
    guard_allocations,
    guard_planned_receipts,
    guard_receipts,
    guard_refunds,
    log_payments,
    log_refunds,
)
from crmkit_sfa.transfers.hooks import derive_transfers, derive_transfers_of_merged, guard_transfers
from crmkit_sfa.web.hooks import (
    register_actions,
    register_columns,
    register_field_types,
    register_pages,
    register_panels,
    register_points,
    register_reports,
    register_routes,
    register_search_providers,
    register_timeline_sources,
)

__all__ = [
    "check_filters",
    "collect_sfa_score_facts",
    "derive_account_members",
    "derive_account_plans",
    "derive_account_reviews",
    "derive_activities",
    "derive_activities_of_leads",
    "derive_adjustments",
    "derive_allocations",
    "derive_deal_registrations",
    "derive_dealer_offers",
    "derive_forecast_words",
    "derive_inquiry_steps",
    "derive_leads",
    "derive_leads_of_claims",
    "derive_opportunities",
    "derive_opportunities_from_steps",
    "derive_opportunity_amounts",
    "derive_order_amendments",
    "derive_order_amounts",
    "derive_orders",
    "derive_participants",
    "derive_planned_balances",
    "derive_planned_receipts",
    "derive_quote_approvals",
    "derive_quote_lines",
    "derive_quotes",
    "derive_receipts",
    "derive_refunds",
    "derive_reminders",
    "derive_transfers",
    "derive_transfers_of_merged",
    "erase_leads",
    "guard_account_dates",
    "guard_adjustments",
    "guard_allocations",
    "guard_deal_registrations",
    "guard_dealer_offers",
    "guard_forecast_words",
    "guard_inquiry_lines",
    "guard_inquiry_steps",
    "guard_lead_conversions",
    "guard_lead_touches",
    "guard_leads",
    "guard_opportunities",
    "guard_opportunity_lines",
    "guard_order_amendments",
    "guard_order_lines",
    "guard_orders",
    "guard_pipelines",
    "guard_planned_receipts",
    "guard_price_lists",
    "guard_prices",
    "guard_quote_approvals",
    "guard_quote_lines",
    "guard_quotes",
    "guard_receipts",
    "guard_refunds",
    "guard_territories",
    "guard_transfers",
    "lead_entries",
    "leads_answered",
    "leads_entered",
    "leads_of_mails",
    "log_payments",
    "log_purchases",
    "log_refunds",
    "manifest",
    "quotes_in_timeline",
    "register_actions",
    "register_cli_commands",
    "register_columns",
    "register_custom_fields",
    "register_entities",
    "register_events",
    "register_field_types",
    "register_jobs",
    "register_lifecycles",
    "register_pages",
    "register_panels",
    "register_permissions",
    "register_points",
    "register_reports",
    "register_routes",
    "register_schedules",
    "register_search_providers",
    "register_timeline_sources",
    "tell_deals",
    "tell_leads",
    "tell_orders",
    "tell_quotes",
    "tell_transfers",
]
