"""Verifying the sealed audit log: whether every entry is still what it was when it was sealed, and none is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.audit_chain import Head, digest_of, first_link, is_tombstone, link_of
from crmkit.core.journal import AuditEntry
from crmkit.core.messages import Message, msg, shown
from crmkit.services.auditing.faults import ChainFault, Faults, Kind, Verification, fault_of
from crmkit.services.auditing.log import require_auditor
from crmkit.services.auditing.unlinked import Unlinked
from crmkit.store.sealing import Seal
from crmkit.store.session import Session

PAGE = 1_000


def verify(
    session: Session, *, head: Head | None = None, on_progress: Callable[[int, int], None] | None = None
) -> Verification:
    """Check the chain of the session's tenant from its first entry to its last, a page at a time.

    ``head`` is one that was kept elsewhere: the chain must still pass through it. ``on_progress`` gets the entries
    checked and their number. Raises AccessDenied.
    """
    require_auditor(session.actor)
    return _Verifier(session, head, on_progress).run()


class _Verifier:
    def __init__(self, session: Session, head: Head | None, on_progress: Callable[[int, int], None] | None) -> None:
        self._session, self._head, self._on_progress = session, head, on_progress
        database = session.database
        self._tenant = session.actor.tenant_id
        self._links, self._seals = database.table("audit_links"), database.table("audit_seals")
        self._entries = database.tables["audit_entry"]
        self._codec = database.codecs["audit_entry"]
        self._faults = Faults()
        self._checked = self._erased = 0
        # What the link before may be: where it was tampered with, the one stored and the one that should be.
        self._previous: tuple[bytes, ...] = (first_link(self._tenant),)
        self._sequence = 0
        # Records whose values are gone without that anybody has said so up to here.
        self._unexplained: dict[UUID, ChainFault] = {}

    def run(self) -> Verification:
        seals = self._check_seals()
        last = seals[-1] if seals else None
        by_length = {seal.length: seal for seal in seals}
        length = last.length if last else 0
        for row in self._rows(length):
            self._check(*row)
            self._check_marks(by_length)
        if self._sequence < length and last is not None:
            self._fault(
                "truncated",
                msg(
                    "the chain ends at entry {found}, but seal {seal} of {instant} closed {length}: {lost} cut off",
                    found=self._sequence,
                    seal=last.number,
                    instant=last.sealed_at.isoformat(),
                    length=length,
                    lost=length - self._sequence,
                ),
                self._sequence + 1,
            )
        self._check_tail()
        if self._head is not None and self._head.length > length:
            self._fault(
                "head",
                msg(
                    "the chain holds {length} entries, but the head that was kept has {kept}: the end was cut off",
                    length=length,
                    kept=self._head.length,
                ),
                length + 1,
            )
        unlinked = Unlinked(self._session, last.position if last else 0)
        for record in unlinked.erased(self._unexplained):
            self._unexplained.pop(record, None)
        for fault in (*self._unexplained.values(), *unlinked.inserted(), *unlinked.lost()):
            self._faults.add(fault)
        return Verification(
            entries=self._checked,
            seals=len(seals),
            erased=self._erased,
            waiting=unlinked.waiting(),
            head=last.head if last else None,
            faults=tuple(self._faults.first),
            broken=self._faults.count,
        )

    # -- the chain -----------------------------------------------------------------------------------------------

    def _check_seals(self) -> list[Seal]:
        table = self._seals
        columns = (table.c.number, table.c.length, table.c.position, table.c.link, table.c.sealed_at)
        statement = sa.select(*columns).where(table.c.tenant_id == self._tenant).order_by(table.c.number)
        seals = [Seal(row[0], row[1], row[2], bytes(row[3]), row[4]) for row in self._execute(statement)]
        for expected, seal in enumerate(seals, 1):
            if seal.number != expected:
                self._fault("seal", msg("seal {number} is missing", number=expected), None)
                break
        for before, seal in pairwise(seals):
            if seal.length <= before.length or seal.position <= before.position:
                self._fault("seal", msg("seal {number} does not go on from the one before", number=seal.number), None)
        return seals

    def _rows(self, length: int) -> Iterator[tuple[Any, AuditEntry | None, Message | None]]:
        """Yield the links up to ``length`` with their entries (None: gone), or what makes an entry unreadable."""
        after = 0
        while True:
            page = (self._links.c.sequence > after, self._links.c.sequence <= length)
            try:
                found = self._page(*page)
            except Exception as error:
                _raise_unless_unreadable(error)
                found = self._one_by_one(*page)
            yield from found
            if len(found) < PAGE:
                return
            after = found[-1][0].sequence
            if self._on_progress is not None:
                self._on_progress(self._checked, length)

    def _page(self, *where: Any) -> list[tuple[Any, AuditEntry | None, Message | None]]:
        links, entries = self._links, self._entries
        columns = (links.c.sequence, links.c.entry_id, links.c.salt, links.c.digest, links.c.link)
        same = sa.and_(entries.c.id == links.c.entry_id, entries.c.tenant_id == links.c.tenant_id)
        statement = (
            sa.select(*columns, *[entries.c[name] for name in self._codec.load_columns])
            .join_from(links, entries, same, isouter=True)
            .where(links.c.tenant_id == self._tenant, *where)
            .order_by(links.c.sequence)
            .limit(PAGE)
        )
        return [
            (row, None if row[len(columns)] is None else self._codec.from_row(row[len(columns) :]), None)
            for row in self._execute(statement)
        ]

    def _one_by_one(self, *where: Any) -> list[tuple[Any, AuditEntry | None, Message | None]]:
        """Read a page of which a row holds what no entry can hold."""
        links = self._links
        statement = sa.select(links.c.sequence, links.c.entry_id, links.c.salt, links.c.digest, links.c.link)
        statement = statement.where(links.c.tenant_id == self._tenant, *where).order_by(links.c.sequence).limit(PAGE)
        found: list[tuple[Any, AuditEntry | None, Message | None]] = []
        for row in self._execute(statement):
            try:
                found += self._page(links.c.sequence == row.sequence)
            except Exception as error:
                _raise_unless_unreadable(error)
                found.append((row, None, msg("its values cannot be read: {error}", error=shown(error, 200))))
        return found

    def _check(self, row: Any, entry: AuditEntry | None, unreadable: Message | None) -> None:
        sequence, stored = row.sequence, bytes(row.link)
        gap = sequence != self._sequence + 1
        if gap:
            gone = msg("the links {first} to {last} were deleted", first=self._sequence + 1, last=sequence - 1)
            self._fault("deleted", gone, self._sequence + 1)
        self._sequence, self._checked = sequence, self._checked + 1
        previous, self._previous = self._previous, (stored,)
        if entry is None:
            kind: Kind = "deleted" if unreadable is None else "changed"
            self._fault(kind, unreadable or msg("the entry was deleted"), sequence, row.entry_id)
            return
        digest = bytes(row.digest)
        if row.salt is not None:
            if digest_of(bytes(row.salt), entry.delta) != digest:
                self._fault("delta", msg("the values before and after were changed"), sequence, entry)
        elif is_tombstone(entry.delta):
            self._erased += 1
            nobody = msg("the values were taken away without an entry that says who erased them")
            self._unexplained.setdefault(entry.record_id, fault_of("erased", nobody, sequence, entry))
        else:
            self._fault("delta", msg("values stand where they were erased"), sequence, entry)
        if entry.action == "erased":
            self._unexplained.pop(entry.record_id, None)
        right = [link_of(link, sequence, entry, digest) for link in previous]
        if stored not in right and not gap:
            what = msg("who, when, what or its link in the chain was changed")
            self._fault("changed", what, sequence, entry)
            self._previous = (stored, *right)

    def _check_marks(self, seals: dict[int, Seal]) -> None:
        """Compare the link just read with the seal and with the kept head that stand at this place."""
        seal = seals.get(self._sequence)
        if seal is not None and seal.link not in self._previous:
            changed = msg("seal {number} does not fit the chain", number=seal.number)
            self._fault("seal", changed, self._sequence)
        if self._head is not None and self._head.length == self._sequence and self._head.link not in self._previous:
            self._fault("head", msg("the chain does not pass through the head that was kept"), self._sequence)

    def _check_tail(self) -> None:
        """Whatever is linked is sealed in the same transaction; links beyond the last seal were given to others."""
        links, seals = self._links, self._seals
        last = sa.select(sa.func.max(seals.c.length)).where(seals.c.tenant_id == self._tenant).scalar_subquery()
        statement = sa.select(sa.func.min(links.c.sequence), sa.func.count()).where(
            links.c.tenant_id == self._tenant, links.c.sequence > sa.func.coalesce(last, 0)
        )
        first, count = self._execute(statement).one()
        if count:
            removed = msg("{count} entries stand behind the last seal: seals were removed", count=count)
            self._fault("seal", removed, first)

    def _fault(self, kind: Kind, message: Message, sequence: int | None, of: AuditEntry | UUID | None = None) -> None:
        self._faults.add(fault_of(kind, message, sequence, of))

    def _execute(self, statement: Any) -> Any:
        return self._session.connection.execute(statement)


def _raise_unless_unreadable(error: Exception) -> None:
    """Raise what is wrong with the database or connection again; what is wrong with a value is a finding."""
    if isinstance(error, sa.exc.SQLAlchemyError) and not isinstance(error, sa.exc.DataError):
        raise error
