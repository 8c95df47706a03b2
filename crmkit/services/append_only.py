"""Records that are added and never changed; only merging, erasing and taking an import back may touch them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from crmkit.core.messages import msg
from crmkit.hooks.records import RecordBatch, Refuse
from crmkit.store.session import Session

_rewriting: WeakSet[Session] = WeakSet()
"""Sessions inside ``rewriting``; a session belongs to one thread."""


@contextmanager
def rewriting(session: Session) -> Iterator[None]:
    """Let ``session`` change append-only records inside the block; what is pending at its end is written."""
    session.flush()
    _rewriting.add(session)
    try:
        yield
        session.flush()
    finally:
        _rewriting.discard(session)


def is_rewriting(session: Any) -> bool:
    """Whether ``session`` is inside ``rewriting``."""
    return session in _rewriting


def append_only_refusals(session: Any, call: RecordBatch) -> Iterator[Refuse]:
    """Yield a refusal for every change or deletion of a record that exists already."""
    if is_rewriting(session):
        return
    for c in call.changes:
        if c.before is not None:
            reason = msg("{entity} {id} stands as it was given; add another", entity=call.entity, id=str(c.after.id))
            yield Refuse(reason, c.after.id)
