"""Who may see and do what: users as actors, and why; roles, sharing and delegation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.face import face
from crmkit.services.access.actors import actor_named, roles_of
from crmkit.services.access.required import require_right
from crmkit.services.access.why import AccessReason, Explanation, why

if TYPE_CHECKING:
    from crmkit.services.access.delegating import delegate, delegations, end
    from crmkit.services.access.roles import Right, rights_of
    from crmkit.services.access.sharing import share, shares_of, unshare

__all__ = [
    "AccessReason",
    "Explanation",
    "Right",
    "actor_named",
    "delegate",
    "delegations",
    "end",
    "require_right",
    "rights_of",
    "roles_of",
    "share",
    "shares_of",
    "unshare",
    "why",
]

# What starting the program does not take.
__getattr__ = face(
    __name__,
    {
        "delegating": ("delegate", "delegations", "end"),
        "roles": ("Right", "rights_of"),
        "sharing": ("share", "shares_of", "unshare"),
    },
)
