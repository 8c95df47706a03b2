"""What the migrations of plugins import beside Alembic: the types of columns, defaults, and the wall between tenants.

from crmkit import migrations as crm
"""

from crmkit.store.migration.defaults import default_of
from crmkit.store.migration.walls import keep_tenants_apart
from crmkit.store.types import (
    Exact,
    Flag,
    Id,
    Instant,
    IsoDate,
    Json,
    PartialDateText,
    text_type,
)

__all__ = [
    "Exact",
    "Flag",
    "Id",
    "Instant",
    "IsoDate",
    "Json",
    "PartialDateText",
    "default_of",
    "keep_tenants_apart",
    "text_type",
]
