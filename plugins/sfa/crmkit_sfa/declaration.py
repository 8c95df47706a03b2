"""What the plugin says of itself, and what it adds when an application starts."""

from __future__ import annotations

from crmkit.plugin import (
    CommandDeclaration,
    Context,
    CustomField,
    JobDeclaration,
    LifecycleDefinition,
    Manifest,
    Permission,
    ScheduleDeclaration,
    Setup,
    hookimpl,
    msg,
)
from crmkit_sfa.accounts.beginning import ACCOUNT_JOBS, ACCOUNT_SCHEDULES
from crmkit_sfa.accounts.entities import ACCOUNT_ENTITIES
from crmkit_sfa.activities.entities import ACTIVITY_ENTITIES
from crmkit_sfa.activities.jobs import ACTIVITY_JOBS, ACTIVITY_SCHEDULES
from crmkit_sfa.assignment.entities import ASSIGNMENT_ENTITIES
from crmkit_sfa.assignment.jobs import ASSIGNMENT_JOBS, ASSIGNMENT_SCHEDULES
from crmkit_sfa.calendars.entities import CALENDAR_ENTITIES
from crmkit_sfa.dealers.entities import DEALER_ENTITIES
from crmkit_sfa.dealers.expiring import DEALER_JOBS, DEALER_SCHEDULES
from crmkit_sfa.forecasting.entities import FORECAST_ENTITIES
from crmkit_sfa.inquiries.entities import INQUIRY_ENTITIES
from crmkit_sfa.leads.entities import LEAD_ENTITIES
from crmkit_sfa.opportunities.entities import OPPORTUNITY_ENTITIES
from crmkit_sfa.opportunities.jobs import ODDS_JOBS, ODDS_SCHEDULES
from crmkit_sfa.opportunities.pipeline import standard_pipeline
from crmkit_sfa.orders.entities import ORDER_ENTITIES
from crmkit_sfa.pricing.entities import PRICING_ENTITIES
from crmkit_sfa.pricing.hooks import product_fields
from crmkit_sfa.quotes.entities import QUOTE_ENTITIES
from crmkit_sfa.quotes.jobs import QUOTE_JOBS, QUOTE_SCHEDULES
from crmkit_sfa.quotes.permissions import quote_permissions
from crmkit_sfa.receipts.entities import RECEIPT_ENTITIES
from crmkit_sfa.receipts.jobs import RECEIPT_JOBS, RECEIPT_SCHEDULES
from crmkit_sfa.receipts.permissions import receipt_permissions
from crmkit_sfa.scorecards.entities import SCORECARD_ENTITIES
from crmkit_sfa.settings import Settings
from crmkit_sfa.specs import SPECS
from crmkit_sfa.targets.entities import TARGET_ENTITIES
from crmkit_sfa.transfers.entities import TRANSFER_ENTITIES
from crmkit_sfa.transfers.jobs import TRANSFER_JOBS, TRANSFER_SCHEDULES

manifest = Manifest(
    name="sfa",
    version="0.1.0",
    config=Settings,
    specs=SPECS,
    label="Sales",
    summary="Leads, opportunities, quotes, orders, activities, forecasts and dealers.",
)


@hookimpl
def register_entities(ctx: Context, call: Setup) -> list[type]:
    return [
        *ACTIVITY_ENTITIES,
        *CALENDAR_ENTITIES,
        *OPPORTUNITY_ENTITIES,
        *LEAD_ENTITIES,
        *ASSIGNMENT_ENTITIES,
        *PRICING_ENTITIES,
        *QUOTE_ENTITIES,
        *INQUIRY_ENTITIES,
        *ORDER_ENTITIES,
        *RECEIPT_ENTITIES,
        *TRANSFER_ENTITIES,
        *DEALER_ENTITIES,
        *SCORECARD_ENTITIES,
        *ACCOUNT_ENTITIES,
        *FORECAST_ENTITIES,
        *TARGET_ENTITIES,
    ]


@hookimpl
def register_lifecycles(ctx: Context, call: Setup) -> list[LifecycleDefinition]:
    return [standard_pipeline()]


@hookimpl
def register_jobs(ctx: Context, call: Setup) -> list[JobDeclaration]:
    return [
        *ACTIVITY_JOBS,
        *ASSIGNMENT_JOBS,
        *RECEIPT_JOBS,
        *TRANSFER_JOBS,
        *DEALER_JOBS,
        *ACCOUNT_JOBS,
        *QUOTE_JOBS,
        *ODDS_JOBS,
    ]


@hookimpl
def register_schedules(ctx: Context, call: Setup) -> list[ScheduleDeclaration]:
    return [
        *ACTIVITY_SCHEDULES,
        *ASSIGNMENT_SCHEDULES,
        *RECEIPT_SCHEDULES,
        *TRANSFER_SCHEDULES,
        *DEALER_SCHEDULES,
        *ACCOUNT_SCHEDULES,
        *QUOTE_SCHEDULES,
        *ODDS_SCHEDULES,
    ]


@hookimpl
def register_custom_fields(ctx: Context, call: Setup) -> list[CustomField]:
    return [*product_fields()]


@hookimpl
def register_permissions(ctx: Context, call: Setup) -> list[Permission]:
    return [*quote_permissions(), *receipt_permissions()]


@hookimpl
def register_cli_commands(ctx: Context, call: Setup) -> list[CommandDeclaration]:
    summary = msg("Sell: leads, opportunities, quotes, orders, forecasts")
    return [CommandDeclaration("sfa", "crmkit_sfa.commands:sfa", help=summary)]
