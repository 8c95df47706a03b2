"""Sales-force automation: what a salesperson does in a day and a sales manager in a month.

crmkit finds the manifest and the hooks here. Each room (a folder) holds one subject: its entities, rules, use cases and
commands.
"""

from __future__ import annotations

from crmkit_sfa.declaration import manifest, register_cli_commands, register_entities, register_lifecycles
from crmkit_sfa.opportunities.hooks import derive_opportunities, guard_opportunities

__all__ = [
    "derive_opportunities",
    "guard_opportunities",
    "manifest",
    "register_cli_commands",
    "register_entities",
    "register_lifecycles",
]
