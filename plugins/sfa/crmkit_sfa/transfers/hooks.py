"""What happens while hand-offs are saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crmkit.core.staff import RecordShare
from crmkit.plugin import Context, Merging, RecordBatch, Refuse, change, hookimpl, msg
from crmkit_sfa.transfers.entities import Transfer

_OPEN_FIELDS = ("checked", "promised", "note", "due_at")


@hookimpl(specname="derive_records", entities=("sfa_transfer",))
def derive_transfers(ctx: Context, call: RecordBatch) -> list[Any]:
    """A record waits once at a time; whoever is to answer, or becomes that one later, reads it."""
    found: list[Any] = []
    offered: list[Transfer] = []
    for item in call.changes:
        transfer: Transfer = item.record
        waits = transfer.state == "waiting" and transfer.deleted_at is None
        key = str(transfer.record_id) if waits else None
        if transfer.waiting_key != key:
            found.append(change(transfer, waiting_key=key))
        if waits and (item.changed("to_user_id") or item.changed("to_team_id")):
            offered.append(transfer)
    return [*found, *_missing(ctx, offered)] if offered else found


def _missing(ctx: Context, transfers: Sequence[Transfer]) -> Iterator[RecordShare]:
    from crmkit_sfa.transfers.handing import shares_for

    ids = {id for transfer in transfers for id in (transfer.id, transfer.record_id)}
    with ctx.elevated("looks for shares that there are"):
        known = ctx.session.peek_all(RecordShare, "record_id", sorted(ids))
    have = {(one.entity, one.record_id, one.user_id, one.to_team_id, one.reason) for one in known}
    for one in (share for transfer in transfers for share in shares_for(transfer)):
        if (one.entity, one.record_id, one.user_id, one.to_team_id, one.reason) not in have:
            yield one


@hookimpl(specname="derive_merge")
def derive_transfers_of_merged(ctx: Context, call: Merging) -> list[Any]:
    """Of two records that become one, one hand-off goes on waiting: that of the record that stays."""
    with ctx.elevated("whatever waits of the two, whoever sent it"):
        waiting = ctx.session.list(Transfer, record_id=[call.kept.id, call.lost.id], state="waiting")
        ended = [transfer for transfer in waiting if transfer.record_id == call.lost.id] if len(waiting) > 1 else []
        reasons = [f"sfa_transfer:{transfer.id}" for transfer in ended]
        shares = ctx.session.list(RecordShare, source="sfa", reason=reasons) if ended else []
    now = ctx.clock.now()
    withdrawn = [change(transfer, state="withdrawn", answered_at=now, waiting_key=None) for transfer in ended]
    return [*withdrawn, *[change(share, deleted_at=now) for share in shares]]


@hookimpl(specname="guard_records", entities=("sfa_transfer",))
def guard_transfers(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Answers are given by accepting, declining and withdrawing, which move the record; what was answered stands."""
    actor: Any = ctx.actor
    for item in call.changes:
        transfer: Transfer = item.record
        if item.created:
            if not actor.everything:
                yield Refuse(msg("hand a record off with the command or use case for it"), transfer.id)
        elif item.changed("state") and not actor.everything:
            yield Refuse(msg("a hand-off is answered by accepting, declining or withdrawing it"), transfer.id)
        elif item.before.state != "waiting" and any(item.changed(name) for name in _OPEN_FIELDS):
            yield Refuse(msg("the hand-off is {state} already", state=transfer.state), transfer.id)
