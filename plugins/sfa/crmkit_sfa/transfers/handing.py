"""Handing a record off: offered, and then accepted, declined or withdrawn. Only acceptance moves it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from crmkit.core.staff import RecordShare, Team, User
from crmkit.plugin import AccessDenied, BadInput, Conflict, Context, Part, change, did_you_mean, msg
from crmkit_sfa.transfers.deadlines import due_after
from crmkit_sfa.transfers.entities import Transfer
from crmkit_sfa.transfers.settings import TransferSettings


def hand_off(
    ctx: Context,
    record: Part,
    to: User | Team,
    *,
    kind: str = "other",
    promised: str = "",
    note: str = "",
    checked: Iterable[str] = (),
    due_at: datetime | None = None,
) -> Transfer:
    """Offer a record to a user or a team and return the hand-off; it stays where it is until they accept it.

    They may read the record meanwhile. Without ``due_at`` the answer is due after the hours of its kind. Raises
    AccessDenied for whoever may not assign the record, BadInput for what cannot be handed off, and Conflict when it
    waits to be accepted already.
    """
    settings: TransferSettings = ctx.config.transfers
    if kind not in settings.hours:
        raise BadInput(msg("no kind of hand-off {kind}; {hint}", kind=kind, hint=did_you_mean(kind, settings.hours)))
    checklist = settings.checklists.get(kind, ())
    info, now = ctx.session.entity(type(record)), ctx.clock.now()
    if not info.owned:
        raise BadInput(msg("records of {entity} have no owner, so they cannot be handed off", entity=info.label))
    if due_at is not None and due_at <= now:
        raise BadInput(msg("due {value}: expected a moment to come", value=due_at.isoformat()))
    done = _known_items(checklist, checked)
    _require_assign(ctx, record)
    owner: Any = record
    made = Transfer(
        customer_id=record.id if info.name == "customer" else None,
        lead_id=record.id if info.name == "sfa_lead" else None,
        opportunity_id=record.id if info.name == "sfa_opportunity" else None,
        entity=info.name,
        record_id=record.id,
        kind=kind,
        from_user_id=owner.owner_id,
        from_team_id=owner.team_id,
        to_user_id=to.id if isinstance(to, User) else None,
        to_team_id=to.id if isinstance(to, Team) else None,
        promised=promised,
        note=note,
        checklist=checklist,
        checked=done,
        due_at=due_at or due_after(ctx, settings.calendar, now, settings.hours[kind]),
        owner_id=_sender(ctx, owner),
        team_id=owner.team_id,
    )
    with ctx.elevated("offers a record to somebody who may not see it yet"):
        if isinstance(to, User) and to.customer_id is not None:
            raise BadInput(msg("{login} belongs to a dealer: offer it to the dealer", login=to.login))
        if isinstance(to, User) and (to.state != "active" or to.id == owner.owner_id):
            raise BadInput(msg("{login} cannot take it: not active, or the owner already", login=to.login))
        if ctx.session.count(Transfer, f"record_id = {record.id} and state = waiting"):
            raise Conflict(msg("it waits to be accepted already; withdraw that first"))
        ctx.session.add(made)
    return ctx.session.get(Transfer, made.id)


def accept(ctx: Context, transfer: Transfer, *, answer: str = "", to: User | None = None) -> Transfer:
    """Accept a hand-off: the record is the accepting user's from now on, in the same transaction. Returns it.

    ``to`` names the new owner where the system or a colleague of the team accepts. Raises AccessDenied for somebody else's
    hand-off, Conflict for one that was answered before, and StaleVersion when somebody else was first.
    """
    actor: Any = ctx.actor
    settings: TransferSettings = ctx.config.transfers
    with ctx.elevated("takes a record over"):
        session = ctx.session
        now = session.get(Transfer, transfer.id)
        owner_id = _new_owner(actor, now, to)
        _require_waiting(now)
        owner = session.get(User, owner_id)
        if owner.customer_id is not None:
            raise BadInput(msg("{login} belongs to a dealer: offer it to the dealer", login=owner.login))
        if owner.state != "active":
            raise BadInput(msg("{login} cannot take it: not active, or the owner already", login=owner.login))
        record: Any = session.get(session.entity(now.entity).cls, now.record_id)
        session.update(change(record, owner_id=owner.id, team_id=now.to_team_id or owner.team_id or record.team_id))
        accepted = change(now, state="accepted", **_answered(ctx, answer), to_user_id=owner.id)
        session.update(accepted)
        _end_shares(ctx, now)
        if settings.sender_keeps_reading and now.from_user_id not in (None, owner.id):
            reason = f"sfa_transfer:{now.id}"
            session.add(
                RecordShare(
                    entity=now.entity, record_id=now.record_id, user_id=now.from_user_id, reason=reason, source="sfa"
                )
            )
    return ctx.session.get(Transfer, transfer.id)


def decline(ctx: Context, transfer: Transfer, reason: str) -> Transfer:
    """Decline a hand-off and say why: the record stays with its owner. Raises as ``accept``, and BadInput without reason."""
    if not reason.strip():
        raise BadInput(msg("say why it is declined: the sender has to know"))
    actor: Any = ctx.actor
    with ctx.elevated("ends a hand-off"):
        now = ctx.session.get(Transfer, transfer.id)
        if not actor.everything:
            _new_owner(actor, now, None)
        return _ended(ctx, now, "declined", reason)


def withdraw(ctx: Context, transfer: Transfer, reason: str = "") -> Transfer:
    """Take a hand-off back that nobody has answered. Raises AccessDenied for whoever did not send it, and Conflict."""
    actor: Any = ctx.actor
    with ctx.elevated("ends a hand-off"):
        now = ctx.session.get(Transfer, transfer.id)
        if not actor.everything and actor.user_id not in (now.owner_id, now.from_user_id):
            raise AccessDenied(msg("only who handed it off may take it back"))
        return _ended(ctx, now, "withdrawn", reason)


def check(ctx: Context, transfer: Transfer, items: Iterable[str]) -> Transfer:
    """Note which items of the checklist are done, beside those that were. Raises BadInput for others."""
    done = _known_items(transfer.checklist, items)
    changed = change(transfer, checked=tuple(item for item in transfer.checklist if item in {*transfer.checked, *done}))
    ctx.session.update(changed)
    return changed


def _ended(ctx: Context, transfer: Transfer, state: str, answer: str) -> Transfer:
    _require_waiting(transfer)
    ctx.session.update(change(transfer, state=state, **_answered(ctx, answer)))
    _end_shares(ctx, transfer)
    return ctx.session.get(Transfer, transfer.id)


def expire(ctx: Context, transfers: Iterable[Transfer]) -> None:
    """Give records back to their senders that nobody has taken; for a context that may do everything."""
    for transfer in transfers:
        ctx.session.update(change(transfer, state="expired", answered_at=ctx.clock.now()))
        _end_shares(ctx, transfer)


def shares_for(transfer: Transfer) -> list[RecordShare]:
    """Return the shares by which whoever is to answer reads the hand-off and what it is about."""
    to = {"user_id": transfer.to_user_id} if transfer.to_user_id else {"to_team_id": transfer.to_team_id}
    shared = (("sfa_transfer", transfer.id), (transfer.entity, transfer.record_id))
    reason = f"sfa_transfer:{transfer.id}"
    return [RecordShare(entity=e, record_id=id, reason=reason, source="sfa", **to) for e, id in shared]


def _end_shares(ctx: Context, transfer: Transfer) -> None:
    """Nobody reads what is not theirs any more; the hand-off itself stays readable for whoever answered it."""
    found = ctx.session.list(
        RecordShare, record_id=transfer.record_id, source="sfa", reason=f"sfa_transfer:{transfer.id}"
    )
    ctx.session.delete(*found)


def _answered(ctx: Context, answer: str) -> dict[str, Any]:
    actor: Any = ctx.actor
    return {"answered_at": ctx.clock.now(), "answered_by_id": actor.user_id, "answer": answer}


def _new_owner(actor: Any, transfer: Transfer, to: User | None) -> UUID:
    """Return who takes the record; raises AccessDenied unless it was offered to the actor."""
    named = to.id if to is not None else transfer.to_user_id
    if actor.everything:
        if named is None:
            raise BadInput(msg("say who of the team takes it"))
        return named
    mine = actor.user_id is not None and actor.user_id == transfer.to_user_id
    ours = transfer.to_team_id is not None and transfer.to_team_id in {actor.team_id, *actor.subtree}
    if not (mine or ours):
        raise AccessDenied(msg("it was not handed off to you"))
    if mine and to is not None and to.id != actor.user_id:
        raise AccessDenied(msg("it was handed off to you, not to {login}", login=to.login))
    return to.id if to is not None else UUID(str(actor.user_id))


def _require_waiting(transfer: Transfer) -> None:
    if transfer.state != "waiting":
        raise Conflict(msg("the hand-off is {state} already", state=transfer.state))


def _require_assign(ctx: Context, record: Part) -> None:
    actor: Any = ctx.actor
    if not actor.everything and not ctx.services.why(record, "assign").allowed:
        raise AccessDenied(msg("{actor} may not hand it off: it takes the right to assign it", actor=actor.name))


def _sender(ctx: Context, record: Any) -> UUID | None:
    actor: Any = ctx.actor
    found: UUID | None = actor.user_id if actor.user_id is not None else record.owner_id
    return found


def _known_items(checklist: tuple[str, ...], items: Iterable[str]) -> tuple[str, ...]:
    given = tuple(items)
    for item in given:
        if item not in checklist:
            raise BadInput(
                msg("no item {item} in the checklist; {hint}", item=item, hint=did_you_mean(item, checklist))
            )
    return given
