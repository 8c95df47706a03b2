"""A tenant of its own for each test, or each example, of those that share an open CRM."""

from __future__ import annotations

from uuid import uuid4

from crmkit.core.access import system_actor, tenant_id
from crmkit.runtime.crm import Crm


def in_a_new_tenant(crm: Crm) -> Crm:
    """Move ``crm`` to a tenant that nobody else has, and return it."""
    crm.tenant = uuid4().hex
    crm.system = system_actor(tenant_id(crm.tenant))
    return crm
