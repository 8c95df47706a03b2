"""The core's rules of the write path for completed interactions: what happened stands, and is corrected by another one.

Two kinds of changes pass. What people decide about a completed interaction: who the participants turned out to be, which
product a line means, what it is linked to, its thread, outcome, visibility, owner, line of business, custom fields. And
what the system that it came from tells of it later: an import, or a connector inside ``told_by``, mends what has an
external key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from crmkit.core.identity import ExternalIdentity
from crmkit.core.interaction import Interaction
from crmkit.core.messages import msg
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.protocols import Context
from crmkit.hooks.records import RecordBatch, Refuse
from crmkit.services.append_only import is_rewriting
from crmkit.store.session import Session

DONE = ("completed", "superseded")
"""The states of interactions that are not rewritten."""

CONTENT = (
    "kind",
    "direction",
    "status",
    "subject",
    "body",
    "occurred_at",
    "ended_at",
    "channel",
    "external_key",
    "money",
    "sum_lines",
    "supersedes_id",
)
LINE_CONTENT = (
    "interaction_id",
    "position",
    "product_id",
    "description",
    "quantity",
    "unit",
    "unit_price",
    "discount",
    "amount",
)
PARTICIPANT_CONTENT = ("interaction_id", "role", "address")

_telling: WeakKeyDictionary[Session, frozenset[str] | None] = WeakKeyDictionary()
"""Sessions that speak for the systems interactions come from, with the channels; None: whichever it is."""


@contextmanager
def told_by(session: Session, channel: str) -> Iterator[None]:
    """Let ``session`` mend completed interactions of a channel inside the block, as told by the system behind it.

    Only those with an external key: that system knows them. What is pending at the end of the block is written.
    """
    session.flush()
    before = _telling.get(session, frozenset())
    _telling[session] = None if before is None else before | {channel}
    try:
        yield
        session.flush()
    finally:
        _telling[session] = before


def telling_all(session: Session) -> None:
    """Let ``session``, that of an import, mend whatever another system knows by a key, as long as it lives."""
    _telling[session] = None


def told_values(current: Any, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what an import changes in a record: one that a person corrected stays superseded, whatever its source says."""
    if isinstance(current, Interaction) and current.status == "superseded" and "status" in values:
        return {name: value for name, value in values.items() if name != "status"}
    return values


class CompletedRules:
    """The core's part in the hooks of saving, for interactions that are completed."""

    @hookimpl(specname="guard_records", entities=("interaction",), fields=CONTENT)
    def guard_completed(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse to rewrite a completed interaction."""
        session: Any = ctx.session
        changed = [c for c in call.changes if c.before is not None and c.before.status in DONE]
        if not changed or is_rewriting(session):
            return []
        wrong = [c for c in changed if any(c.changed(name) for name in CONTENT) and not _superseding(session, c)]
        return list(_refused(session, {c.after.id: c.before for c in wrong}))

    @hookimpl(specname="guard_records", entities=("interaction_line",), fields=LINE_CONTENT)
    def guard_completed_lines(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse to add, change or remove lines of a completed interaction."""
        return _of_parts(ctx.session, [id for c in call.changes if not _product_found(c) for id in _wholes(c)])

    @hookimpl(specname="guard_records", entities=("interaction_participant",), fields=PARTICIPANT_CONTENT)
    def guard_completed_participants(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse to change the role and address of who took part in a completed interaction, or to remove one."""
        return _of_parts(ctx.session, [id for c in call.changes if c.before is not None for id in _wholes(c)])


def _product_found(c: Any) -> bool:
    """Whether a line that named no product does so now, and nothing else of it changed."""
    if c.before is None or c.before.product_id is not None or c.deleted:
        return False
    return not any(c.changed(name) for name in LINE_CONTENT if name != "product_id")


def _superseding(session: Any, c: Any) -> bool:
    """Whether a correction is made or taken back: another interaction takes this one's place, or no longer does."""
    if any(c.changed(name) for name in CONTENT if name != "status"):
        return False
    if {c.before.status, c.after.status} != set(DONE):
        return False
    with session.acting_as(session.actor.elevated()):
        corrections = session.peek_all(Interaction, "supersedes_id", [c.after.id])
    corrected = any(one.deleted_at is None for one in corrections)
    superseded: bool = c.after.status == "superseded"
    return corrected == superseded


def _wholes(c: Any) -> Iterable[UUID]:
    return {c.after.interaction_id} if c.before is None else {c.before.interaction_id, c.after.interaction_id}


def _of_parts(session: Any, ids: Iterable[UUID]) -> list[Refuse]:
    """Refuse changes of parts for the interactions that were completed before this flush."""
    wanted = set(ids)
    if not wanted or is_rewriting(session):
        return []
    pending = session.work.pending.get("interaction", {})
    before = {id: pending[id][0] for id in wanted if id in pending}
    unknown = [id for id in wanted if id not in before]
    if unknown:
        with session.acting_as(session.actor.elevated()):
            before.update({one.id: one for one in session.peek_all(Interaction, "id", unknown)})
    done = {id: one for id, one in before.items() if one is not None and one.status in DONE and one.deleted_at is None}
    return list(_refused(session, done))


def _refused(session: Any, done: Mapping[UUID, Interaction]) -> Iterator[Refuse]:
    told = _told(session)
    mended = [] if told is None else [id for id, one in done.items() if told(one)]
    left = {id: one for id, one in done.items() if id not in mended}
    if left and _telling.get(session, frozenset()) is None:
        # What an import knows by a number of its own rather than by a key.
        known = session.peek_all(ExternalIdentity, "record_id", list(left))
        numbered = {one.record_id for one in known if one.entity == "interaction" and one.deleted_at is None}
        left = {id: one for id, one in left.items() if id not in numbered}
    for id, one in left.items():
        reason = msg(
            "interaction {id} is {status} and is not rewritten; correct it instead", id=str(id), status=one.status
        )
        yield Refuse(reason, id)


def _told(session: Any) -> Callable[[Interaction], bool] | None:
    channels = _telling.get(session, frozenset())
    if channels is None:
        return lambda one: bool(one.external_key)
    return (lambda one: bool(one.external_key) and one.channel in channels) if channels else None
