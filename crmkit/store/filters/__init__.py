"""Filters as SQL: the compiler, and the functions that databases need for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.face import face

if TYPE_CHECKING:
    from crmkit.store.filters.compile import Tables, children_number, to_sql
    from crmkit.store.filters.functions import register_functions
    from crmkit.store.filters.links import of_late
    from crmkit.store.filters.postgres_functions import POSTGRES_FUNCTIONS

__all__ = ["POSTGRES_FUNCTIONS", "Tables", "children_number", "of_late", "register_functions", "to_sql"]

__getattr__ = face(
    __name__,
    {
        "compile": ("Tables", "children_number", "to_sql"),
        "functions": ("register_functions",),
        "links": ("of_late",),
        "postgres_functions": ("POSTGRES_FUNCTIONS",),
    },
)
