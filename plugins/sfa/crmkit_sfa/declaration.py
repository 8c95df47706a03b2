"""What the plugin says of itself, and what it adds when an application starts."""

from __future__ import annotations

from crmkit.plugin import CommandDeclaration, Context, LifecycleDefinition, Manifest, Setup, hookimpl, msg
from crmkit_sfa.opportunities.entities import OPPORTUNITY_ENTITIES
from crmkit_sfa.opportunities.pipeline import standard_pipeline
from crmkit_sfa.settings import Settings
from crmkit_sfa.specs import SPECS

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
    return [*OPPORTUNITY_ENTITIES]


@hookimpl
def register_lifecycles(ctx: Context, call: Setup) -> list[LifecycleDefinition]:
    return [standard_pipeline()]


@hookimpl
def register_cli_commands(ctx: Context, call: Setup) -> list[CommandDeclaration]:
    summary = msg("Sell: leads, opportunities, quotes, orders, forecasts")
    return [CommandDeclaration("sfa", "crmkit_sfa.commands:sfa", help=summary)]
