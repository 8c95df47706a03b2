"""Work lists as files for spreadsheets, within the rights of the session's actor."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crmkit.core.errors import BadInput
from crmkit.core.messages import msg
from crmkit.core.quality_rules import QualityRules
from crmkit.services.exporting.writers import BOM
from crmkit.services.importing.templates import disarmed
from crmkit.services.quality.scope import Whose
from crmkit.services.quality.work_list import WorkItem, work_list
from crmkit.store.references import existing_ids
from crmkit.store.session import Session

PAGE = 1_000
COLUMNS = ("id", "title", "owner_id", "score", "last_contact", "missing", "wrong", "old", "perhaps_the_same")


def write_work_list(
    session: Session,
    rules: QualityRules,
    target: Path,
    entity: str = "customer",
    whose: Whose | None = None,
    **chosen: Any,
) -> int:
    """Write a whole work list to a CSV file, in its order, and return how many records there are.

    A file appears only when it is complete. Needs the right to export, within whose reach records are. ``chosen`` are
    ``field``, ``state`` and ``order`` of ``work_list``. Raises BadInput, FilterError and AccessDenied.
    """
    info = session.database.registry.get(entity)
    session.actor.require(info.name, "export")
    part = target.with_name(f".{target.name}.part")
    count = 0
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            file.write(BOM.decode())
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for item in _items(session, rules, info.name, whose, chosen):
                writer.writerow(_cells(item))
                count += 1
        os.replace(part, target)
    except OSError as error:
        raise BadInput(
            msg("{path} cannot be written: {reason}", path=str(target), reason=error.strerror or "")
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return count


def _items(
    session: Session, rules: QualityRules, entity: str, whose: Whose | None, chosen: dict[str, Any]
) -> Iterator[WorkItem]:
    after: str | None = ""
    while after is not None:
        page = work_list(session, rules, entity, whose, **chosen, after=after, limit=PAGE)
        ids = [item.id for item in page.items]
        allowed = existing_ids(session.connection, session.database, session.narrowing, entity, ids, "export")
        yield from (item for item in page.items if item.id in allowed)
        after = page.next


def _cells(item: WorkItem) -> list[str]:
    names = {
        state: " ".join(problem.name for problem in item.problems if problem.state == state)
        for state in ("missing", "wrong", "old")
    }
    twins = "; ".join(f"{name} ({id})" for id, name in item.twins)
    contact = "" if item.last_contact is None else item.last_contact.isoformat()
    owner = "" if item.owner_id is None else str(item.owner_id)
    return [str(item.id), disarmed(item.title), owner, str(item.score), contact, *names.values(), disarmed(twins)]
