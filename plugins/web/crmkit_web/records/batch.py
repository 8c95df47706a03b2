"""Many changes in one request, each with an outcome of its own, in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crmkit.core.errors import CrmError, FieldError, ValidationFailed, did_you_mean
from crmkit.core.messages import msg
from crmkit_web.documents.records import form_of
from crmkit_web.openapi.patterns import FILLED
from crmkit_web.records.batch_rows import MOST_ROWS, Row, read_rows
from crmkit_web.records.batch_writing import Writing
from crmkit_web.records.idempotency import IDEMPOTENCY_KEY
from crmkit_web.records.single import editable
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.problems import Problem, problem_of

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

LARGEST = 20_000_000
"""The largest body in bytes."""

NOT_DONE = 424
"""The status of a row that was right, and undone since another one was not (RFC 4918, 11.4)."""

_ID = {"type": "string", "format": "uuid"}
_VERSION = {"type": ["integer", "null"], "minimum": 1, "maximum": 2**63 - 1}


def _operation(op: str, required: tuple[str, ...] = ("values",), **members: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a row that does ``op``."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["op", *required],
        "properties": {"op": {"type": "string", "enum": [op]}, **members},
    }


BODY: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["operations"],
    "properties": {
        "atomic": {"type": "boolean", "default": True},
        "operations": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_ROWS,
            "items": {
                "oneOf": [
                    _operation("create", values={"shape": "create"}),
                    _operation("update", ("id", "values"), id=_ID, version=_VERSION, values={"shape": "patch"}),
                    _operation("delete", ("id",), id=_ID, version=_VERSION),
                    _operation(
                        "upsert",
                        ("source", "key", "values"),
                        source={"type": "string", "maxLength": 100, "pattern": FILLED},
                        key={"type": "string", "maxLength": 300, "pattern": FILLED},
                        version=_VERSION,
                        values={"shape": "patch"},
                    ),
                ]
            },
        },
    },
}
_ROW: dict[str, Any] = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"type": "integer"},
        "id": {"type": "string", "format": "uuid"},
        "version": {"type": "integer"},
        "etag": {"type": "string"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
OUTCOME: dict[str, Any] = {
    "type": "object",
    "required": ["results", "succeeded", "failed"],
    "properties": {
        "results": {"type": "array", "items": _ROW},
        "succeeded": {"type": "integer", "minimum": 0},
        "failed": {"type": "integer", "minimum": 0},
    },
}


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield Endpoint(
        "batch_records",
        "POST",
        "/{entity}/batch",
        batch,
        msg("Make, change, delete and upsert up to 1,000 records; atomic: all of it or nothing."),
        headers=(IDEMPOTENCY_KEY,),
        body=BODY,
        returns=OUTCOME,
        refuses=(412,),
        largest_body=LARGEST,
        entities=editable,
    )


def batch(call: Call) -> dict[str, Any]:
    """Answer what became of each row. Raises Problem 422 (or the status of all rows) where an atomic one fails."""
    info, body = call.entity, call.mapping()
    call.session.actor.require(info.name, "bulk")
    atomic, operations = _read(body)
    rows = read_rows(operations)
    Writing(call, info).write(rows)
    failed = [row for row in rows if row.error is not None]
    if atomic and failed:
        raise _undone(call, rows, failed)
    form = form_of(call.session, info)
    results = [_failed(call, row, row.error) if row.error is not None else _done(call, form, row) for row in rows]
    return {"results": results, "succeeded": len(rows) - len(failed), "failed": len(failed)}


def _read(body: dict[str, Any]) -> tuple[bool, list[Any]]:
    errors = [
        FieldError(f"/{name[:200]}", "unknown_field", body[name], did_you_mean(name[:100], BODY["properties"]))
        for name in body
        if name not in BODY["properties"]
    ]
    atomic, operations = body.get("atomic", True), body.get("operations")
    if not isinstance(atomic, bool):
        errors.append(FieldError("/atomic", "type", atomic, msg("true or false")))
    if not isinstance(operations, list) or not 1 <= len(operations) <= MOST_ROWS:
        given = len(operations) if isinstance(operations, list) else operations
        errors.append(FieldError("/operations", "type", given, msg("a list of 1 to {count} rows", count=MOST_ROWS)))
    if errors:
        raise ValidationFailed(errors)
    assert isinstance(operations, list)
    return bool(atomic), operations


def _done(call: Call, form: Any, row: Row) -> dict[str, Any]:
    if row.op == "delete":
        return {"status": 204, "id": row.record_id}
    record = call.session.get(row.kind, row.record_id)
    return {"status": 201 if row.made else 200, "id": record.id, "version": record.version, "etag": form.etag(record)}


def _failed(call: Call, row: Row, error: CrmError) -> dict[str, Any]:
    status, document, _ = problem_of(error, call.translate)
    told: dict[str, Any] = {name: document[name] for name in ("code", "detail", "errors") if name in document}
    named = {"id": row.record_id} if row.record_id else {}
    return {"status": status, **named, **told}


def _undone(call: Call, rows: list[Row], failed: list[Row]) -> Problem:
    results = [_failed(call, row, row.error) if row.error is not None else {"status": NOT_DONE} for row in rows]
    statuses = {one["status"] for one in results if one["status"] != NOT_DONE}
    entries = [entry for row in failed for entry in _entries(row)]
    return Problem(
        statuses.pop() if len(statuses) == 1 else 422,
        "batch_failed",
        msg("{count} rows are wrong; nothing was done", count=len(failed)),
        errors=entries,
        more={"results": results},
    )


def _entries(row: Row) -> list[FieldError]:
    error = row.error
    assert error is not None
    if isinstance(error, ValidationFailed | Problem) and error.errors:
        return list(error.errors)
    code = error.word if isinstance(error, Problem) else error.code
    return [FieldError(row.pointer, code, None, error.message)]
