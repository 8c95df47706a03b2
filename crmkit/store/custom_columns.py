"""Columns of filterable custom fields: typed, indexed, and filled from the record's ``custom`` whenever it is written.

The truth stays in ``custom``; a column is a copy that the database can look up and sort by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import attrs
from sqlalchemy.types import TypeEngine

from crmkit.core.entity import EntityInfo
from crmkit.core.fields import FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.filter.custom import custom_value
from crmkit.core.frozen import frozen
from crmkit.core.validation import problem_of
from crmkit.store.names import short_name
from crmkit.store.types import StoredType, column_types


@frozen(eq=False)
class CustomColumn:
    """The column that copies a custom field. Text is never null, since filters take none for the empty text."""

    field: FieldInfo
    name: str
    type: TypeEngine[Any]

    @property
    def nullable(self) -> bool:
        """Whether records without a value hold null in it."""
        return self.field.kind is not Kind.TEXT

    def value(self, custom: Mapping[str, Any]) -> Any:
        """Return what the column holds for a record with these custom values, as Python has it."""
        found = custom_value(self.field.kind, custom.get(self.field.name))
        if self.field.kind is Kind.INTEGER and isinstance(found, Decimal):
            return int(found)
        return found

    def fits(self, custom: Mapping[str, Any]) -> bool:
        """Whether the column can hold the value as it is; one of another type counts as none, as in filters."""
        found = custom_value(self.field.kind, custom.get(self.field.name))
        if found is None or found == "":
            return True
        if self.field.kind is Kind.INTEGER:
            if found != found.to_integral_value():
                return False
            found = int(found)
        if self.field.kind not in (Kind.TEXT, Kind.INTEGER, Kind.DECIMAL):
            return True
        problem = problem_of(attrs.evolve(self.field, choices=(), minimum=None, format="", required=False), found)
        return problem is None

    def driver_value(self, dialect: str) -> Callable[[Mapping[str, Any]], Any]:
        """Return the function from a record's custom values to what the driver of a dialect takes."""
        convert = self.type.to_driver(dialect) if isinstance(self.type, StoredType) else None
        value = self.value

        def driven(custom: Mapping[str, Any]) -> Any:
            found = value(custom)
            return found if found is None or convert is None else convert(found)

        return driven


def custom_columns(info: EntityInfo) -> tuple[CustomColumn, ...]:
    """Return the columns of the filterable custom fields of an entity."""
    return tuple(
        CustomColumn(field, column_name(field), column_types(field)[0][1])
        for field in info.fields
        if field.custom and field.filterable
    )


def column_name(field: FieldInfo) -> str:
    """Return the name of the column that copies a custom field."""
    return short_name("custom", field.name)
