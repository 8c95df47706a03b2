"""``crmkit sfa opportunity``."""

from __future__ import annotations

from crmkit.command import group, wording


@group("opportunity", help=wording("Enter, show and move opportunities."))
def opportunity() -> None:
    pass
