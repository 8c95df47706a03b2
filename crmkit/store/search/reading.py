"""The texts that records are found by, as they are now: for the index, and for those who look at what it proposes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.errors import PluginError
from crmkit.core.frozen import frozen
from crmkit.core.search.texts import Text, TextKind
from crmkit.hooks.run import run_collect
from crmkit.hooks.search import SearchedRecords, SearchText
from crmkit.store.chunks import in_chunks
from crmkit.store.search.plan import EntityPlan, PartPlan, sort_of
from crmkit.store.search.statements import run, visible

if TYPE_CHECKING:
    from crmkit.store.session import Session

MOST_TEXTS = 200
"""Texts of one record that are looked into: parts that come later do not count."""

_OF_POINTS: dict[str, TextKind] = {"email": "mail", "phone": "phone"}
"""How contact points of a kind are looked into; all others as prose."""


@frozen
class Found:
    """A record that may be found: what people know it by, and its texts."""

    id: UUID
    title: str
    texts: tuple[Text, ...]


def read_found(session: Session, plan: EntityPlan, ids: Iterable[UUID]) -> dict[UUID, Found]:
    """Return records among ``ids`` that live and that the session's actor may see.

    Of fields that the actor may not read, nothing is returned: nobody finds a record by what is kept from him.
    """
    wanted = list(dict.fromkeys(ids))
    found: dict[UUID, Found] = {}
    for chunk in in_chunks(wanted):
        own = {row.id: row for row in _own_rows(session, plan, chunk)}
        if not own:
            continue
        fields = readable(session, plan.info, plan.fields)
        texts: dict[UUID, list[Text]] = {id: list(_texts(plan.info, fields, row)) for id, row in own.items()}
        for part in plan.parts:
            for row in _part_rows(session, part, plan.info.name, list(own)):
                whole = texts.get(row[0])
                if whole is not None and len(whole) < MOST_TEXTS:
                    whole += _texts(part.info, readable(session, part.info, part.fields), row)
        _add_collected(session, plan, own, texts)
        title = plan.info.title
        found.update({id: Found(id, str(getattr(row, title) or ""), tuple(texts[id])) for id, row in own.items()})
    return {id: found[id] for id in wanted if id in found}


def readable(session: Session, info: EntityInfo, fields: Iterable[FieldInfo]) -> tuple[FieldInfo, ...]:
    """Return those of ``fields`` that the session's actor may read."""
    hidden = session.hidden(info.name)
    return tuple(field for field in fields if field.name not in hidden) if hidden else tuple(fields)


def _own_rows(session: Session, plan: EntityPlan, ids: Sequence[UUID]) -> Sequence[Any]:
    table = session.database.tables[plan.info.name]

    def build() -> sa.Select[Any]:
        columns = _columns(session, plan.info, plan.fields, table, ("id", plan.info.title))
        which = table.c.id.in_(sa.bindparam("ids", expanding=True))
        return sa.select(*columns).where(which, *visible(session, plan.info.name, table))

    return run(session, ("search.records", plan.info.name), build, {"ids": ids})


def _part_rows(session: Session, part: PartPlan, entity: str, ids: Sequence[UUID]) -> Sequence[Any]:
    table = session.database.tables[part.info.name]
    if not readable(session, part.info, part.fields):
        return ()

    def build() -> sa.Select[Any]:
        extra = ("kind", "normalized") if part.info.name == "contact_point" else ()
        reference = table.c[part.reference]
        statement = (
            sa.select(reference, *_columns(session, part.info, part.fields, table, extra))
            .where(reference.in_(sa.bindparam("ids", expanding=True)))
            .order_by(reference, table.c.id)
        )
        if not part.named:
            return statement.where(*visible(session, part.info.name, table))
        # Numbers and the like that name a record of any entity are seen by those who see the record.
        mine = (table.c.tenant_id == sa.bindparam("tenant"), table.c.entity == entity)
        return statement.where(*mine, table.c.deleted_at.is_(None))

    return run(session, ("search.parts", entity, part.info.name, part.reference), build, {"ids": ids})


def _columns(
    session: Session, info: EntityInfo, fields: Sequence[FieldInfo], table: sa.Table, extra: Iterable[str]
) -> list[Any]:
    hidden = session.hidden(info.name)
    shown = readable(session, info, fields)
    names = dict.fromkeys([*extra, *("custom" if field.custom else field.name for field in shown)])
    return [sa.null().label(name) if name in hidden else table.c[name] for name in names]


def _texts(info: EntityInfo, fields: Sequence[FieldInfo], row: Any) -> Iterator[Text]:
    held = row._mapping
    for field in fields:
        value = held["custom"].get(field.name) if field.custom else held[field.name]
        if value is None or value == "" or value == ():
            continue
        name = f"{info.name}.{field.name}"
        if info.name == "contact_point" and field.name == "value":
            kind = _OF_POINTS.get(held["kind"], "text")
            yield Text(kind, value if kind == "text" else held["normalized"] or "", name)
        else:
            yield Text(sort_of(field), _spelled(value), name)


def _spelled(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _add_collected(
    session: Session, plan: EntityPlan, own: Mapping[UUID, Any], texts: Mapping[UUID, list[Text]]
) -> None:
    """Ask the plugins for further texts."""
    caller = session.hooks.caller("collect_search_texts", plan.info.name)
    if not caller.has_impls:
        return
    records = session.list(plan.info.cls, id=list(own))
    call = SearchedRecords(plan.info.name, tuple(records))
    for plugin, item in run_collect(caller, session.contexts, call):
        if not isinstance(item, SearchText):
            raise PluginError(plugin, caller.info.name, TypeError(f"it returns SearchText, not {item!r}"))
        if item.record_id in texts:
            texts[item.record_id].append(Text(item.kind, item.value, item.field))
