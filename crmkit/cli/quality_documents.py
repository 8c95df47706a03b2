"""Reports, work lists and expectations of ``crmkit quality`` as JSON has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmkit.core.quality_rules import Expected
    from crmkit.services.quality import QualityReport, QualityRow, WorkPage


def report_document(made: QualityReport) -> dict[str, Any]:
    """Return a report as JSON has it."""
    return {
        "entity": made.entity,
        "by": made.by,
        "total": _row_document(made.total),
        "rows": [_row_document(row) for row in made.rows],
        "left_out": made.left_out,
    }


def _row_document(row: QualityRow) -> dict[str, Any]:
    names = ("key", "label", "records", "score", "completeness", "validity", "timeliness", "uniqueness")
    found = {name: getattr(row, name) for name in (*names, "weight", "fixed", "age")}
    counts = {name: getattr(row.tally, name) for name in ("expected", "present", "valid", "current")}
    return {**found, "counts": counts}


def list_document(page: WorkPage, owners: Mapping[Any, str]) -> dict[str, Any]:
    """Return a page of a work list as JSON has it."""
    return {
        "items": [
            {
                "id": item.id,
                "title": item.title,
                "score": item.score,
                "owner_id": item.owner_id,
                "owner": owners.get(item.owner_id),
                "last_contact": item.last_contact,
                "problems": item.problems,
                "perhaps_the_same": [{"id": id, "name": name} for id, name in item.twins],
            }
            for item in page.items
        ],
        "next": page.next,
    }


def expectation_document(one: Expected) -> dict[str, Any]:
    """Return an expectation as JSON has it."""
    return {
        "name": one.name,
        "label": one.label,
        "subject": one.subject,
        "field": None if one.field is None else one.field.name,
        "part": one.said.part or None,
        "where": one.said.where,
        "applies": one.said.applies,
        "valid": one.said.valid,
        "weight": one.weight,
        "max_age": one.max_age,
        "from": one.brought_by,
    }
