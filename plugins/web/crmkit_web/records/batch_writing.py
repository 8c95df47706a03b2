"""Writing the rows of a batch: all good ones in one flush, and no more flushes than it takes to find the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from crmkit.core.entity import EntityInfo, change
from crmkit.core.errors import (
    AccessDenied,
    BadInput,
    Conflict,
    CrmError,
    FieldError,
    NotFound,
    Refused,
    StaleVersion,
    ValidationFailed,
)
from crmkit.core.messages import msg
from crmkit_web.documents.reading import changed_record, new_record
from crmkit_web.documents.records import form_of
from crmkit_web.records.batch_rows import Row
from crmkit_web.records.conditional import check_version
from crmkit_web.records.duplicates import told_as
from crmkit_web.records.external import hold_keys, key_of_deleted, known_ids, new_with_key, placed, without_id
from crmkit_web.serving.calls import Call
from crmkit_web.serving.problems import Problem

ROUNDS = 8
"""How often what is left is tried again without the rows that an error names; then halves are tried."""

_GONE = object()
"""Stands for a record that has a key and is not to be seen."""

_OF_ROWS = (ValidationFailed, Refused, StaleVersion, AccessDenied, Conflict, NotFound, BadInput)
"""Errors that are about what a row asks for. Any other ends the whole batch."""


class Writing:
    """Writes rows of one entity in the transaction of a call; each is written, or has its error."""

    def __init__(self, call: Call, info: EntityInfo) -> None:
        self.call, self.info, self.session = call, info, call.session
        self.etag = form_of(call.session, info).etag

    def write(self, rows: Sequence[Row]) -> None:
        """Write the rows that have no error yet."""
        good = [row for row in rows if row.error is None]
        known = self._known(good)
        for row in good:
            row.kind = self.info.cls
            try:
                self._stage(row, known)
            except CrmError as error:
                row.fail(error)
        self._write([row for row in good if row.error is None])

    # -- what rows mean ------------------------------------------------------------------------------------------

    def _known(self, rows: Sequence[Row]) -> Mapping[Any, Any]:
        """Return the records that rows are about, by id and by source and key; one query for all, one more by source."""
        sources = {row.source for row in rows if row.op == "upsert"}
        hold_keys(self.call, self.info, sources)
        by_key = {
            (source, key): id
            for source in sources
            for key, id in known_ids(
                self.session, self.info, source, [row.key for row in rows if row.source == source]
            ).items()
        }
        ids = {row.id for row in rows if row.op in ("update", "delete") and row.id} | set(by_key.values())
        found = {record.id: record for record in self.session.list(self.info.cls, id=sorted(ids))} if ids else {}
        return {**found, **{names: found.get(id, _GONE) for names, id in by_key.items()}}

    def _stage(self, row: Row, known: Mapping[Any, Any]) -> None:
        values = f"{row.pointer}/values"
        if row.op == "create":
            given = row.values if row.id is None else {**row.values, "id": str(row.id)}
            record = new_record(self.info, given, values)
            row.made, row.record_id, row.staged = True, record.id, [(None, record)]
            return
        before = known.get((row.source, row.key) if row.op == "upsert" else row.id)
        if before is _GONE:
            raise key_of_deleted(f"{row.pointer}/key", row.key)
        if before is None and row.op == "upsert" and row.version is None:
            record, identity = new_with_key(self.info, row.source, row.key, row.values, values)
            row.made, row.record_id, row.staged = True, record.id, [(None, record), (None, identity)]
            return
        if before is None:
            name = row.key or str(row.id)
            raise NotFound(msg("no {entity} with id {id}", entity=self.info.name, id=name))
        row.record_id = before.id
        check_version(before, None if row.version is None else frozenset({row.version}), self.etag(before))
        if row.op == "delete":
            row.staged = [(before, change(before, deleted_at=self.call.ctx.clock.now()))]
            return
        after = changed_record(self.info, before, without_id(before, row.values), values)
        row.staged = [] if after is before else [(before, after)]

    # -- writing -------------------------------------------------------------------------------------------------

    def _write(self, rows: Sequence[Row]) -> None:
        for _ in range(ROUNDS):
            error = self._attempt(rows) if rows else None
            if error is None:
                return
            if not self._blamed(error, rows):
                if len(rows) == 1:
                    rows[0].fail(error)
                    return
                break
            rows = [row for row in rows if row.error is None]
        half = len(rows) // 2
        for part in (rows[:half], rows[half:]):
            if part:
                self._write(part)

    def _attempt(self, rows: Sequence[Row]) -> CrmError | None:
        """Write rows in one flush; return what is wrong, and nothing of them is written then."""
        try:
            with self.call.ctx.services.attempt() as session:
                for row in rows:
                    for before, after in row.staged:
                        if before is None:
                            session.add(after)
                        else:
                            session.stage(after, before)
        except _OF_ROWS as error:
            return error
        return None

    def _blamed(self, error: CrmError, rows: Sequence[Row]) -> bool:
        """Give an error to the rows that it names; whether it names any."""
        by_record = {after.id: row for row in rows for _, after in row.staged}
        if isinstance(error, StaleVersion):
            row = by_record.get(_id(error.record_id))
            if row is None:
                return False
            row.fail(Problem(412, "stale_version", error.message))
            return True
        if isinstance(error, ValidationFailed):
            return self._invalid(error, by_record)
        if isinstance(error, Refused):
            named = [(by_record.get(_id(id)), plugin, reason) for plugin, reason, id in error.refusals]
            if any(row is None for row, _, _ in named):
                return False
            for row, plugin, reason in named:
                if row is not None:
                    row.fail(Refused(plugin, reason))
            return True
        return False

    def _invalid(self, error: ValidationFailed, by_record: Mapping[Any, Row]) -> bool:
        wrong: dict[Row, list[FieldError]] = {}
        for one in error.errors:
            row = by_record.get(_id(one.record_id))
            if row is not None:
                wrong.setdefault(row, []).extend(placed(one, self.info, f"{row.pointer}/values", row.pointer))
        if len(by_record) == 1 or len(set(by_record.values())) == 1:
            (row,) = set(by_record.values())
            wrong = {
                row: [p for one in error.errors for p in placed(one, self.info, f"{row.pointer}/values", row.pointer)]
            }
        for row, errors in wrong.items():
            row.fail(told_as(errors))
        return bool(wrong)


def _id(value: object) -> UUID | None:
    return value if isinstance(value, UUID) else None
