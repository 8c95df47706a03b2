"""The single records that pass in a hand-over, each with what decides where it goes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.entity import EntityInfo
from crmkit.core.filter import parse
from crmkit.core.staff import User
from crmkit.services.handover.asking import asked, table_of
from crmkit.services.handover.belonging import Belonging
from crmkit.services.handover.heads import heads_of
from crmkit.services.handover.holdings import (
    OWNER_FIELD,
    Holding,
    assigned_to,
    assignments,
    is_private,
    owned_by,
    owned_entities,
)
from crmkit.services.handover.progress import CLOSED, OPEN, WORDS, progress_of
from crmkit.services.handover.rules import HandOverRule
from crmkit.store.session import Session


@attrs.define(eq=False)
class Item:
    """One record that names the user in ``field``. Items of one ``key``, such as a customer, belong together."""

    entity: str
    id: UUID
    field: str
    team_id: UUID | None
    progress: int
    private: bool
    key: UUID
    heir_id: UUID | None = None


class Items:
    """Everything of one user that passes to heirs. ``session`` is one that may read everything."""

    def __init__(self, session: Session, user: User) -> None:
        self._session, self._user = session, user
        registry = session.database.registry
        self.customers: dict[UUID, Item] = {}
        self.others: dict[tuple[str, str], dict[UUID, Item]] = {}
        belonging = Belonging(session)
        for info in owned_entities(registry):
            found = self._read(info, OWNER_FIELD, *owned_by(session, info, user.id))
            if info.name == "customer":
                self.customers = found
            else:
                self.others[info.name, OWNER_FIELD] = found
        for info, field in assignments(registry):
            conditions = assigned_to(session, info, field, user.id)
            self.others[info.name, field.name] = self._read(info, field.name, *conditions)
        heads = heads_of(session, self.customers)
        for person, head in heads.items():
            self.customers[person].key = head
        for (entity, _), items in self.others.items():
            self._tie(belonging, entity, items, heads)

    def __iter__(self) -> Iterator[Item]:
        yield from self.customers.values()
        for items in self.others.values():
            yield from items.values()

    def holdings(self) -> tuple[list[Holding], list[Holding]]:
        """Return the items counted: those that the user owns, and those that name the user otherwise."""
        owned: list[Holding] = []
        assigned: list[Holding] = []
        for (entity, field), items in {("customer", OWNER_FIELD): self.customers, **self.others}.items():
            if items:
                label = self._session.database.registry.get(entity).plural_label
                (owned if field == OWNER_FIELD else assigned).append(_counted(entity, label, field, items.values()))
        return owned, assigned

    def matching(self, rule: HandOverRule, entity: str) -> set[UUID]:
        """Return the ids of records of ``entity`` that the user owns, or that name the user, and that a rule takes."""
        info = self._session.database.registry.get(entity)
        fields = [field for name, field in self.others if name == entity] or [OWNER_FIELD]
        if not rule.filter and not rule.progress:
            return {id for field in fields for id in self._of(entity, field)}
        table = table_of(self._session, info)
        where: list[Any] = [sa.or_(*[table.c[field] == self._user.id for field in fields])]
        if rule.progress:
            where.append(progress_of(self._session, info, table) == WORDS[rule.progress])
        if rule.filter:
            predicate = parse(rule.filter, self._session.database.registry, entity)
            where.append(self._session.reader.predicate(predicate, info, table, self._session.connection))
        return {row[0] for row in asked(self._session, info, [table.c.id], *where)}

    def _of(self, entity: str, field: str) -> dict[UUID, Item]:
        return self.customers if entity == "customer" else self.others[entity, field]

    def _read(self, info: EntityInfo, field: str, *where: Any) -> dict[UUID, Item]:
        table = table_of(self._session, info)
        team = table.c.team_id if info.owned else sa.null()
        columns = (table.c.id, team, progress_of(self._session, info, table), is_private(info, table))
        rows = asked(self._session, info, columns, *where)
        return {row[0]: Item(info.name, row[0], field, row[1], int(row[2]), bool(row[3]), row[0]) for row in rows}

    def _tie(self, belonging: Belonging, entity: str, items: dict[UUID, Item], heads: Mapping[UUID, UUID]) -> None:
        for id, key in belonging.keys(entity, items, self.customers).items():
            items[id].key = heads.get(key, key)


def _counted(entity: str, label: str, field: str, items: Collection[Item]) -> Holding:
    return Holding(
        entity=entity,
        label=label,
        field=field,
        total=len(items),
        open=sum(item.progress == OPEN for item in items),
        closed=sum(item.progress == CLOSED for item in items),
        private=sum(item.private for item in items),
    )
