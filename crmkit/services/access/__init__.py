"""Who may see and do what: users as actors, and why; roles, sharing and delegation."""

from crmkit.services.access.actors import actor_named, roles_of
from crmkit.services.access.delegating import delegate, delegations, end
from crmkit.services.access.required import require_right
from crmkit.services.access.roles import Right, rights_of
from crmkit.services.access.sharing import share, shares_of, unshare
from crmkit.services.access.why import AccessReason, Explanation, why

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
