"""Worked-out columns of lists: asked once for a page, beside the records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import FieldError, did_you_mean
from crmkit.core.messages import msg
from crmkit.hosting import column_values, forbidden
from crmkit_web.extensions.results import told
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Parameter

COLUMNS = Parameter(
    "columns",
    msg("Worked-out columns of plugins, separated by commas, as in sfa.days_in_stage."),
    kind="words",
    default=(),
)
"""The parameter of lists that asks for them."""


def wrong_columns(call: Call, info: EntityInfo, ids: Sequence[str], pointer: str) -> list[FieldError]:
    """Return an error for each column that lists of an entity do not have, or not for whoever asks."""
    extensions = call.crm.extensions
    known = {one.id for one in extensions.columns_of(info.name) if forbidden(call.actor, one) is None}
    return [
        FieldError(pointer, "unknown_column", id, did_you_mean(id[:100], known))
        for id in ids
        if extensions.now("columns", id) not in known
    ]


def columns_for(call: Call, info: EntityInfo, ids: Sequence[str], records: Sequence[Any]) -> dict[str, Any]:
    """Return the values of columns: by column, then by record id; null instead of all where a column failed."""
    found = column_values(call.crm, call.session, info.name, ids, records)
    return {
        one.column.id: None
        if one.failed is not None
        else {str(record.id): told(call, one.values.get(record.id)) for record in records}
        for one in found
    }
