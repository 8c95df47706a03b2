"""The job of a bulk action: which records they are is written down first, then they go chunk by chunk.

Each chunk is one transaction with its being done, so none goes twice. A chunk that is refused goes record by record, and
those that cannot be changed end up in the error file with the reason of each.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any
from uuid import UUID

from crmkit.core.errors import AccessDenied, Conflict, CrmError, NotFound
from crmkit.core.messages import msg
from crmkit.hosting import action_named, run_action
from crmkit.plugin import Job
from crmkit_web.documents.reading import changed_record
from crmkit_web.work.asked import REPORT
from crmkit_web.work.spool import ERRORS
from crmkit_web.work.task import PASSING, Task, carried_out

CHUNK = 200

Outcome = Mapping[str, Any]
"""How many records were ``done`` and ``unchanged``, and ``errors``: (id, code, sentence)."""


def run_bulk(ctx: Any, job: Job) -> None:
    """Do a bulk action."""
    carried_out(ctx, job, _bulk)


def _bulk(task: Task) -> Outcome:
    steps, request = task.ctx.steps, task.request
    ids: list[str] = steps.transaction("records", _ids, task)
    if len(ids) != request["expected"]:
        raise Conflict(
            msg("{count} records match, and {expected} were confirmed", count=len(ids), expected=request["expected"])
        )
    done = unchanged = at = 0
    errors: list[Sequence[str]] = []
    rest = iter(ids)
    try:
        for number in range(0, len(ids), CHUNK):
            task.checkpoint()
            chunk = list(islice(rest, CHUNK))
            for outcome in _chunk(task, number // CHUNK, chunk):
                done, unchanged = done + outcome["done"], unchanged + outcome["unchanged"]
                errors += outcome["errors"]
            at += len(chunk)
            task.ctx.progress(at, len(ids))
    finally:
        counts = {"done": done, "unchanged": unchanged, "failed": len(errors), "left": len(ids) - at}
        task.files.write(REPORT, {"counts": counts})
        if errors:
            _write_errors(task, errors)
    return counts


def _chunk(task: Task, number: int, ids: Sequence[str]) -> Iterable[Outcome]:
    steps = task.ctx.steps
    if not steps.known(f"split {number}"):
        try:
            return [steps.transaction(f"chunk {number}", _apply, task, ids)]
        except PASSING:
            raise
        except CrmError as error:
            _stop_if_out(task, error)
            if len(ids) == 1:
                return [_failed(task, ids[0], error)]
        # Written down, so that the chunk does not go as a whole after a crash in between.
        steps.run(f"split {number}", lambda: True)
    found: list[Outcome] = []
    for id in ids:
        try:
            found.append(steps.transaction(f"record {id}", _apply, task, [id]))
        except PASSING:
            raise
        except CrmError as error:
            _stop_if_out(task, error)
            found.append(_failed(task, id, error))
    return found


def _stop_if_out(task: Task, error: CrmError) -> None:
    """Raise for a user who may not act at all any more: nothing is wrong with the records then."""
    if isinstance(error, AccessDenied):
        task.crm.reloaded(task.actor, None)


def _failed(task: Task, id: str, error: CrmError) -> Outcome:
    told = task.told(error)
    return {"done": 0, "unchanged": 0, "errors": [(id, told["code"], told["detail"])]}


@contextmanager
def _asker(task: Task, ctx: Any) -> Iterator[Any]:
    """Work as whoever asked: what is changed is their change, with their rights of now."""
    with ctx.session.acting_as(task.actor):
        yield ctx.session


def _ids(ctx: Any, task: Task) -> list[str]:
    with _asker(task, ctx) as session:
        info = session.entity(task.work.entity)
        return [str(record.id) for record in session.stream(info.cls, task.request["filter"] or None)]


def _apply(ctx: Any, task: Task, ids: Sequence[str]) -> Outcome:
    request, doing = task.request, task.request["doing"]
    with _asker(task, ctx) as session:
        info = session.entity(task.work.entity)
        records = session.list(info.cls, id=[UUID(id) for id in ids])
        there = {str(record.id) for record in records}
        gone = NotFound(msg("it is not there any more, or not for you"))
        errors = [(id, gone.code, gone.message.render(task.translate)) for id in ids if id not in there]
        changed = len(records)
        if not records:
            pass
        elif doing == "set":
            pairs = [(record, changed_record(info, record, request["values"], "/set")) for record in records]
            different = [after for before, after in pairs if after != before]
            session.update(*different)
            changed = len(different)
        elif doing == "delete":
            session.delete(*records)
        elif doing == "action":
            action = action_named(task.crm, request["action"])
            run_action(task.crm, session, action, [record.id for record in records], request["input"])
        else:
            services = ctx.services
            change = services.add_to_segment if doing == "add_to" else services.remove_from_segment
            changed = change(request["segment"], [record.id for record in records])
        session.flush()
    return {"done": changed, "unchanged": len(records) - changed, "errors": errors}


def _write_errors(task: Task, errors: Iterable[Sequence[str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["id", "code", "error"])
    # A spreadsheet takes a text that begins like a formula for one.
    writer.writerows([[id, code, f"'{said}" if said[:1] in "=+-@\t\r" else said] for id, code, said in errors])
    task.files.put(ERRORS, "errors.csv", b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace"))
