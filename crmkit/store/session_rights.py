"""With which rights a session acts: those of its actor as they are now, for a while those of another."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.store.application import Application
from crmkit.store.session_writes import SessionWrites
from crmkit.store.tenant_wall import RIGHTS_VERSION


class SessionRights(SessionWrites):
    """The part of a session that looks after its actor's rights."""

    application: Application
    read_only: bool
    brief: bool

    @abstractmethod
    def after_commit(self, action: Callable[[], None]) -> None:
        """Call ``action`` once the transaction is committed."""

    @abstractmethod
    def _flush(self) -> None:
        """Send what is pending, whatever rights there are by now."""

    def heed_rights(self) -> None:
        """Take the actor's rights anew when anybody's were changed since they were read, and forget what was seen.

        Raises AccessDenied for a user who is no longer active and for a delegation that has ended.
        """
        actor = self.actor
        if actor.rights_version is None or self._flushing or self.brief:
            return
        self._heeded = self.database.rights.changes
        own = self.connection if self.database.rights.seen_by(self.read_only) else None
        ended = actor.until is not None and self.clock.now() >= actor.until
        if not ended and self._rights_as_seen_by(own) == actor.rights_version:
            return
        fresh = self.application.reloaded(actor, own)
        if fresh is not actor:
            self.actor, self._reader = fresh, None
            self.work.keep(frozenset())

    def rights_version(self) -> int:
        """Return the number that grows when anybody's rights change, or what lets somebody in is taken back.

        SQLite is asked beside the transaction: this is no reason to wait for those who write.
        """
        return self._rights_as_seen_by(self.connection if self.database.dialect == "postgresql" else None)

    def _rights_as_seen_by(self, own: sa.Connection | None) -> int:
        begun = own.info.pop(RIGHTS_VERSION, None) if own is not None else None
        return self.database.rights.current(self.actor.tenant_id, own) if begun is None else int(begun)

    def rights_changed(self) -> None:
        """Note that this transaction changes somebody's rights, the actor's own perhaps."""
        self._heeded = -1
        self.after_commit(self.database.rights.committed)

    @contextmanager
    def acting_as(self, actor: Actor) -> Iterator[None]:
        """Within the block, reads and writes have the rights of ``actor``.

        What is pending is written before the block with the rights it was made with, and what the block makes within it.
        What only those rights could see is forgotten at the end of the block.
        """
        self._write_as_is(actor)
        mine, reader = self.actor, self._reader
        seen = frozenset() if mine.everything else frozenset(self.work.current)
        self.actor, self._reader = actor, None
        try:
            yield
            self._write_as_is(mine)
        finally:
            self.actor, self._reader = mine, reader
            if not mine.everything:
                self.work.keep(seen)

    def _write_as_is(self, next_: Actor) -> None:
        """Write what is pending before somebody else acts; within a flush it is on its way already."""
        if self.work.pending and not self._flushing and next_ is not self.actor:
            self._flush()
