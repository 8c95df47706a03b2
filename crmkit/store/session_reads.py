"""What a session reads: every read narrowed to the tenant, to living records and to the actor's rights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.core.customer import Customer
from crmkit.core.entity import EntityInfo
from crmkit.core.errors import AccessDenied, NotFound
from crmkit.core.field_rights import masked, projected
from crmkit.core.messages import msg
from crmkit.core.values.clock import Clock
from crmkit.core.values.ids import parse_id
from crmkit.store.chunks import in_chunks
from crmkit.store.database import Database
from crmkit.store.equal_lists import COLLECTIONS
from crmkit.store.faults import faults_translated
from crmkit.store.narrowing import Narrowing
from crmkit.store.page_reading import read_page
from crmkit.store.paging import Page, check_limit
from crmkit.store.reading import Reader, reader_of
from crmkit.store.unit_of_work import UnitOfWork

E = TypeVar("E")


class SessionReads(ABC):
    """The reading half of a session."""

    database: Database
    actor: Actor
    clock: Clock
    work: UnitOfWork
    _reader: Reader | None
    _heeded: int

    @property
    @abstractmethod
    def connection(self) -> sa.Connection:
        """The connection of the session's transaction."""

    @abstractmethod
    def heed_rights(self) -> None:
        """Take the actor's rights anew when anybody's were changed since they were read."""

    @abstractmethod
    def flush(self) -> None:
        """Bring pending changes to the database, so that reads see them."""

    # -- reading -------------------------------------------------------------------------------------------------

    @property
    def narrowing(self) -> Narrowing:
        """The conditions that every read of this session meets."""
        return self.reader.narrowing

    @property
    def reader(self) -> Reader:
        """Runs the session's reads."""
        if self._reader is None:
            self._reader = reader_of(self.database, self.actor, self.clock)
        return self._reader

    def entity(self, name: type[Any] | str) -> EntityInfo:
        """Return what is declared of an entity, by name or class; raises ConfigError with the closest name."""
        return self.database.registry.get(name)

    def hidden(self, entity: type[Any] | str) -> frozenset[str]:
        """Return the names of the fields of an entity, custom ones too, that the actor may not read."""
        return self.narrowing.hidden(self.database.registry.get(entity))

    def masked(self, record: E) -> E:
        """Return a record as the actor may see it: hidden fields are blank, and it cannot be saved.

        Records come from a session complete, since they may be changed and saved; what goes out to people or programs
        passes here. The record itself when nothing of it is hidden.
        """
        info = self.database.registry.get(type(record))
        hidden = self.narrowing.hidden(info)
        return masked(info, record, hidden) if hidden else record

    def shown(self, record: Any, names: Sequence[str] = ()) -> dict[str, Any]:
        """Return fields of a record by name, custom ones too, by default all; ``MASKED`` stands for hidden ones."""
        info = self.database.registry.get(type(record))
        hidden = self.narrowing.hidden(info)
        return projected(info, record, hidden, names or tuple(field.name for field in info.fields))

    def get(self, entity: type[E], id: UUID | str) -> E:
        """Return the record of ``entity`` with this id; raises NotFound, also when the actor may not see it."""
        key = parse_id(id)
        known = self.work.current.get(key)
        if self.actor.rights_version is not None and (known is None or self._heeded != self.database.rights.changes):
            self.heed_rights()
            known = self.work.current.get(key)
        # An event has the id of its audit entry, so an id alone does not tell what is meant.
        if known is not None and type(known) is entity:
            found = known if not _deleted(known) else None
        else:
            found = self._first(entity, {"id": key})
        if found is None:
            name = self.database.registry.get(entity).name
            raise NotFound(msg("no {entity} with id {id}", entity=name, id=str(key)))
        return found

    def find(self, entity: type[E], filter: Any = None, /, **equal: Any) -> E | None:
        """Return the first record, in the order of ids, that matches; None when there is none."""
        if filter is None and not any(isinstance(value, COLLECTIONS) for value in equal.values()):
            self._before_read()
            return self._first(entity, equal)
        found = self.list(entity, filter, limit=1, **equal)
        return found[0] if found else None

    def list(
        self,
        entity: type[E],
        filter: Any = None,
        /,
        *,
        order: str = "",
        limit: int | None = None,
        offset: int = 0,
        deleted: bool = False,
        **equal: Any,
    ) -> list[E]:
        """Return the records that match a filter (text or predicate) and equal values.

        ``order`` lists fields separated by commas, each with ``-`` in front to descend; ids break ties. ``deleted``
        includes deleted records.
        """
        self._before_read()
        with faults_translated():
            found = self.reader.list(
                self.connection, entity, filter, order=order, limit=limit, offset=offset, deleted=deleted, equal=equal
            )
        return [self.work.seen(record) for record in found]

    def page(
        self,
        entity: type[E],
        filter: Any = None,
        /,
        *,
        order: str = "",
        limit: int = 50,
        after: str = "",
        deleted: bool = False,
    ) -> Page[E]:
        """Return ``limit`` records that match, ordered as by ``list``, from behind the cursor ``after`` of a page before.

        ``deleted`` gives the deleted records that the actor may bring back instead of living ones.

        Raises BadInput for a ``limit`` that is not 1 to 10,000 and for a cursor of a list of something else or in
        another order.
        """
        check_limit(limit)
        self._before_read()
        with faults_translated():
            page = read_page(self.reader, self.connection, entity, filter, order, limit, after, deleted)
        return Page(tuple([self.work.seen(record) for record in page.records]), page.next)

    def page_of_values(
        self,
        entity: type[Any],
        filter: Any = None,
        /,
        *,
        order: str = "",
        limit: int = 50,
        after: str = "",
        deleted: bool = False,
    ) -> Page[tuple[Any, ...]]:
        """Return what ``page`` does with the values of the stored fields, in their order, instead of records.

        For those who only show them. Fields that the actor may not read are theirs to leave out, as with records.
        """
        check_limit(limit)
        self._before_read()
        with faults_translated():
            return read_page(self.reader, self.connection, entity, filter, order, limit, after, deleted, bare=True)

    def stream(self, entity: type[E], filter: Any = None, /, *, size: int = 1000, **equal: Any) -> Iterator[E]:
        """Yield matching records in the order of ids, ``size`` at a time, without keeping them."""
        self._before_read()
        after: UUID | None = None
        while True:
            if after is not None and self.actor.rights_version is not None:
                self.heed_rights()
            with faults_translated():
                page = self.reader.list(self.connection, entity, filter, limit=size, equal=equal, after=after)
            yield from page
            if len(page) < size:
                return
            after = page[-1].id

    def count(self, entity: type[Any], filter: Any = None, /, *, deleted: bool = False, **equal: Any) -> int:
        """Return how many records match; ``deleted`` counts, instead of living ones, those that the actor may bring back."""
        self._before_read()
        with faults_translated():
            return self.reader.count(self.connection, entity, filter, equal, deleted)

    def table(self, entity: type[Any] | str) -> sa.FromClause:
        """Return the records that the actor may see as a selectable, for use in a SQLAlchemy select."""
        if self.actor.rights_version is not None and self._heeded != self.database.rights.changes:
            self.heed_rights()
        return self.narrowing.selectable(self.database.registry.get(entity).name)

    def execute(self, statement: sa.Select[Any]) -> sa.Result[Any]:
        """Run a select over what ``table`` gave, with joins and aggregates.

        Raises AccessDenied for a statement that is no select, that names a bare table or a field that the actor may not
        read, and when the actor's rights have changed since ``table`` was asked.
        """
        before = self.actor
        self._before_read()
        if self.actor is not before:
            raise AccessDenied(
                msg("the rights of {actor} have changed since the select was made; make it again", actor=before.name)
            )
        self.reader.refuse_bare_tables(statement)
        with faults_translated():
            return self.connection.execute(statement)

    def _first(self, entity: type[E], equal: Mapping[str, Any]) -> E | None:
        with faults_translated():
            record = self.reader.first(self.connection, entity, equal)
        return None if record is None else self.work.seen(record)

    def _before_read(self) -> None:
        if self.work.pending:
            self.flush()
        elif self.actor.rights_version is not None:
            self.heed_rights()

    # -- for hooks within a flush --------------------------------------------------------------------------------

    def peek(self, entity: type[E], id: UUID) -> E | None:
        """Return a living record as it will be, pending changes included, without a flush; None when there is none."""
        known = self.work.current.get(id)
        if known is not None and type(known) is entity:
            return None if _deleted(known) else known
        return self._first(entity, {"id": id})

    def peek_any(self, id: UUID) -> Any:
        """Return a living record that the session has seen, or the customer with this id, without a flush."""
        known = self.work.current.get(id)
        return self.peek(Customer, id) if known is None or _deleted(known) else known

    def peek_all(self, entity: type[E], field: str = "", values: Sequence[Any] = ()) -> Sequence[E]:
        """Return living records as they will be, pending changes included, whose field is one of the values.

        All without a field.
        """
        name = self.database.registry.get(entity).name
        found: dict[UUID, E] = {}
        # Nothing stored can refer to a record that is only about to be.
        fresh = self.work.fresh
        wanted = set(values)
        stored: Sequence[Any] = values
        if fresh and field:
            stored = [] if wanted <= fresh else [value for value in values if value not in fresh]
        with faults_translated():
            chunks = in_chunks(stored) if field else [()]
            for chunk in chunks:
                equal = {field: list(chunk)} if field else {}
                for record in self.reader.list(self.connection, entity, None, equal=equal, of_rules=True):
                    found[record.id] = self.work.seen(record)
        pending = [after for _, after in self.work.pending.get(name, {}).values()]
        if not found:
            # What is pending are records that can be deleted.
            if not field:
                return [r for r in pending if r.deleted_at is None]
            return [r for r in pending if getattr(r, field) in wanted and r.deleted_at is None]
        found.update((record.id, record) for record in pending)
        return [r for r in found.values() if not _deleted(r) and (not field or getattr(r, field) in wanted)]


def _deleted(record: Any) -> bool:
    return getattr(record, "deleted_at", None) is not None
