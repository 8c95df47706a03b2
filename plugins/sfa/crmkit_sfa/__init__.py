"""Sales-force automation: what a salesperson does in a day and a sales manager in a month.

crmkit finds the manifest and the hooks here. Each room (a folder) holds one subject: its entities, rules, use cases and
commands.
"""

from __future__ import annotations

from crmkit_sfa.declaration import manifest, register_cli_commands, register_entities, register_lifecycles
from crmkit_sfa.opportunities.hooks import (
    derive_opportunities,
    derive_opportunities_from_steps,
    guard_opportunities,
    guard_pipelines,
)

__all__ = [
    "derive_opportunities",
    "derive_opportunities_from_steps",
    "guard_opportunities",
    "guard_pipelines",
    "manifest",
    "register_cli_commands",
    "register_entities",
    "register_lifecycles",
]
