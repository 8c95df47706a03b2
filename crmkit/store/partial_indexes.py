"""Indexes over the rows that meet a condition."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

DIALECTS = "crmkit_dialects"
"""In the ``info`` of metadata, the dialects that its tables are for."""


def only_where(metadata: sa.MetaData, condition: sa.ColumnElement[bool]) -> dict[str, Any]:
    """Return the options of an index that leaves out the rows that do not meet ``condition``.

    It speaks of the dialects of ``metadata`` alone: SQLAlchemy imports each one that an option names.
    """
    return {f"{dialect}_where": condition for dialect in metadata.info[DIALECTS]}
