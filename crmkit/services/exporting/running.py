"""Exporting records of an entity to a file, within the rights of the session's actor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.errors import AccessDenied, BadInput, did_you_mean
from crmkit.core.messages import msg
from crmkit.services.exporting.columns import chosen_fields
from crmkit.services.exporting.vcards import write_vcards
from crmkit.services.exporting.writers import write_csv, write_jsonl, write_xlsx
from crmkit.store.references import existing_ids
from crmkit.store.session import Session

FORMATS = ("csv", "xlsx", "jsonl", "vcard")
_ENDINGS = {".csv": "csv", ".xlsx": "xlsx", ".jsonl": "jsonl", ".ndjson": "jsonl", ".vcf": "vcard", ".vcard": "vcard"}
PAGE = 500


def format_of(path: Path | None, asked: str | None) -> str:
    """Return the format asked for, else that of the file's ending; csv where there is no file.

    Raises BadInput for an unknown format, or an ending that tells none.
    """
    if asked is None and path is not None:
        found = _ENDINGS.get(path.suffix.lower())
        if found is None:
            raise BadInput(
                msg(
                    "{file}: its ending tells no format; expected one of {endings}, or name the format",
                    file=path.name,
                    endings=", ".join(_ENDINGS),
                )
            )
        return found
    name = asked or "csv"
    if name not in FORMATS:
        raise BadInput(msg("no export format {name}; {hint}", name=name, hint=did_you_mean(name, FORMATS)))
    return name


def export(
    session: Session,
    info: EntityInfo,
    target: Path | BinaryIO,
    *,
    format: str = "csv",
    filter: str | None = None,
    fields: Sequence[str] = (),
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Write the records that match to a file and return how many. A file appears only when it is complete.

    Needs the right to export, within whose reach records are. Fields that the actor may not read are left out.
    ``on_progress`` is called with the number of records after each page, and what it raises ends the export without a
    file. Raises AccessDenied and BadInput, also for what lets people in.
    """
    session.flush()
    chosen = check(session, info, fields, format)
    found = _allowed(session, info, session.stream(info.cls, filter or None))
    # A filter that cannot be read is an error before anything is written.
    records: Iterable[Any] = chain(list(islice(found, 1)), found)
    if on_progress is not None:
        records = _counted(records, on_progress)
    if not isinstance(target, Path):
        if format == "xlsx":
            raise BadInput(msg("a workbook needs a file to go to"))
        return _write(session, format, records, chosen, target)
    part = target.with_name(f".{target.name}.part")
    try:
        if format == "xlsx":
            count = write_xlsx(records, chosen, part)
        else:
            with part.open("wb") as file:
                count = _write(session, format, records, chosen, file)
        os.replace(part, target)
    except OSError as error:
        raise BadInput(
            msg("{path} cannot be written: {reason}", path=str(target), reason=error.strerror or "")
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return count


def check(session: Session, info: EntityInfo, fields: Sequence[str], format: str) -> list[FieldInfo]:
    """Return the fields that an export has. Raises AccessDenied and BadInput for what it would refuse."""
    session.actor.require(info.name, "export")
    if info.credentials:
        raise AccessDenied(msg("{entity} lets people in and is not exported", entity=info.name))
    if format == "vcard" and info.name != "customer":
        raise BadInput(msg("only customers go into vCards, not {entity}", entity=info.name))
    return chosen_fields(info, fields, session.hidden(info.name))


def _write(session: Session, format: str, records: Iterable[Any], fields: Any, file: BinaryIO) -> int:
    if format == "vcard":
        return write_vcards(_with_points(session, records), file)
    return (write_csv if format == "csv" else write_jsonl)(records, fields, file)


def _counted(records: Iterable[Any], on_progress: Callable[[int], None]) -> Iterator[Any]:
    count = 0
    for count, record in enumerate(records, 1):
        yield record
        if count % PAGE == 0:
            on_progress(count)


def _allowed(session: Session, info: EntityInfo, records: Iterable[Any]) -> Iterator[Any]:
    """Yield the records within the reach of the actor's right to export, which may be narrower than that to read."""
    if session.narrowing.reaches_all(info.name, "export"):
        yield from records
        return
    for page in _pages(records):
        ids = [record.id for record in page]
        allowed = existing_ids(session.connection, session.database, session.narrowing, info.name, ids, "export")
        yield from (record for record in page if record.id in allowed)


def _with_points(session: Session, customers: Iterable[Customer]) -> Iterator[tuple[Customer, list[ContactPoint]]]:
    for page in _pages(customers):
        points: dict[UUID, list[ContactPoint]] = {customer.id: [] for customer in page}
        for point in session.list(ContactPoint, customer_id=list(points)):
            points[point.customer_id].append(session.masked(point))
        session.work.forget()
        yield from ((session.masked(customer), points[customer.id]) for customer in page)


def _pages(records: Iterable[Any]) -> Iterator[list[Any]]:
    waiting = iter(records)
    while page := list(islice(waiting, PAGE)):
        yield page
