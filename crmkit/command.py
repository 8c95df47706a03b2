"""The face of crmkit that modules with commands of plugins import. What is named in ``__all__`` is kept stable.

A command is a click command that a plugin declares by its import path (``register_cli_commands``). Made with these, it
takes the global options of ``crmkit``, speaks the language of the run and reports errors as every other command does.
"""

from __future__ import annotations

from crmkit.cli.listing import PageTable, print_list, print_page
from crmkit.cli.localized import argument, command, group, json_option, option
from crmkit.cli.named import record_named, team_named, user_named
from crmkit.cli.output import pairs, print_block, print_json, shown_value, table
from crmkit.cli.parameters import DAY, MONEY, NUMBER, PERCENT
from crmkit.cli.running import acting, opened, say, working
from crmkit.cli.words import translated, wording
from crmkit.services.customer_view import find_customer

__all__ = [
    "DAY",
    "MONEY",
    "NUMBER",
    "PERCENT",
    "PageTable",
    "acting",
    "argument",
    "command",
    "find_customer",
    "group",
    "json_option",
    "opened",
    "option",
    "pairs",
    "print_block",
    "print_json",
    "print_list",
    "print_page",
    "record_named",
    "say",
    "shown_value",
    "table",
    "team_named",
    "translated",
    "user_named",
    "wording",
    "working",
]
