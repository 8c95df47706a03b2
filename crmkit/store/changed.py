"""When values were changed and confirmed last, for all records of an entity at once, as tables to join.

Whoever may see a record may see when its values came, as in its history: join them to records that are narrowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo
from crmkit.core.fields import FieldInfo

if TYPE_CHECKING:
    from crmkit.store.session import Session

_WRITTEN = ("created", "updated")


def changed_fields_table(
    session: Session, info: EntityInfo, fields: Mapping[str, FieldInfo], wanted: sa.Select[Any]
) -> sa.Subquery:
    """Return ``record_id`` and, as ``c0``, ``c1`` and so on, when each of ``fields`` was written last by the audit log.

    ``wanted`` selects the ids of the records. A field without an entry, or whose entries were
    erased, has none.
    """
    log = session.database.tables["audit_entry"]
    columns = [
        sa.type_coerce(
            sa.func.max(sa.case((_wrote(session, log, field), log.c.occurred_at))), log.c.occurred_at.type
        ).label(f"c{place}")
        for place, field in enumerate(fields.values())
    ]
    return (
        sa.select(log.c.record_id, *columns)
        .where(
            log.c.tenant_id == session.actor.tenant_id,
            log.c.entity == info.name,
            log.c.action.in_(_WRITTEN),
            log.c.record_id.in_(wanted),
        )
        .group_by(log.c.record_id)
        .subquery("changed")
    )


def confirmations_table(
    session: Session, info: EntityInfo, names: Sequence[str], few: sa.Select[Any] | None = None
) -> sa.Subquery:
    """Return ``record_id`` and, as ``o0``, ``o1`` and so on, when what each of ``names`` stands for was confirmed last.

    ``few`` selects the ids of the records that are wanted; None: all.
    """
    table = session.database.tables["value_confirmation"]
    at = table.c.confirmed_at
    columns = [
        sa.type_coerce(sa.func.max(sa.case((table.c.name == name, at))), at.type).label(f"o{place}")
        for place, name in enumerate(names)
    ]
    wanted = [] if few is None else [table.c.record_id.in_(few)]
    return (
        sa.select(table.c.record_id, *columns)
        .where(
            table.c.tenant_id == session.actor.tenant_id,
            table.c.deleted_at.is_(None),
            table.c.entity == info.name,
            # One that came with a merge is about values of the record that is gone.
            table.c.given_for == table.c.record_id,
            *wanted,
        )
        .group_by(table.c.record_id)
        .subquery("confirmed")
    )


def importing_run(session: Session, info: EntityInfo) -> sa.ColumnElement[Any]:
    """Return, for a row of ``session.table(info)``, the id of the import that made it, of those that the actor may see."""
    log, runs = session.database.tables["audit_entry"], session.table("import_run")
    found = (
        sa.select(runs.c.id)
        .select_from(log.join(runs, runs.c.id == log.c.cause_id))
        .where(
            log.c.tenant_id == session.actor.tenant_id,
            log.c.record_id == session.table(info.name).c.id,
            log.c.action == "created",
        )
        .limit(1)
    )
    return found.correlate_except(log, runs).scalar_subquery()


def _wrote(session: Session, log: sa.Table, field: FieldInfo) -> sa.ColumnElement[bool]:
    """Whether an entry tells of a new value of the field; names of fields are letters, digits and underscores."""
    sqlite = session.database.dialect == "sqlite"
    if not field.custom:
        if sqlite:
            return _at(log, f"$.{field.name}").is_not(None)
        return sa.func.jsonb_exists(log.c.delta, sa.literal(field.name, sa.Text()))
    # All custom fields are one to the log: before and after of all of them, or those that a new record came with.
    created = log.c.action == "created"
    if sqlite:
        first, *pair = (_value(log, f"$.custom{step}.{field.name}") for step in ("", "[0]", "[1]"))
    else:
        first, *pair = (_path(log, *steps, field.name) for steps in (("custom",), ("custom", "0"), ("custom", "1")))
    changed = pair[0].is_distinct_from(pair[1])
    return sa.or_(sa.and_(created, first.is_not(None)), sa.and_(sa.not_(created), changed))


def _at(log: sa.Table, path: str) -> sa.ColumnElement[Any]:
    return sa.func.json_type(sa.type_coerce(log.c.delta, sa.Text()), path, type_=sa.Text())


def _value(log: sa.Table, path: str) -> sa.ColumnElement[Any]:
    return sa.func.json_extract(sa.type_coerce(log.c.delta, sa.Text()), path, type_=sa.Text())


def _path(log: sa.Table, *steps: str) -> sa.ColumnElement[Any]:
    return sa.func.jsonb_extract_path(log.c.delta, *[sa.literal(step, sa.Text()) for step in steps], type_=sa.Text())
