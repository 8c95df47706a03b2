"""``crmkit config``: the settings in force, without anything secret."""

from __future__ import annotations

from crmkit.cli.localized import group, json_option
from crmkit.cli.words import wording


@group("config", help=wording("Show the configuration in force."))
def config() -> None:
    pass


@config.command("show", help=wording("Show all settings, defaults included; secrets and passwords show as ***."))
@json_option
def show(as_json: bool) -> None:
    from crmkit.cli.output import pairs, print_block, print_json
    from crmkit.cli.running import assembled, configuration, database_of, global_options
    from crmkit.runtime.secrets import redact_address
    from crmkit.runtime.shown_config import redacted

    with assembled(quarantine=True) as crm:
        settings = redacted(configuration(), crm.plugins)
        settings["db"] = redact_address(global_options().get("db") or database_of(crm.config))
    if as_json:
        print_json(settings)
    else:
        print_block(pairs((name, value) for name, value in settings.items()))
