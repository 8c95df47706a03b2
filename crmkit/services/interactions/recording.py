"""Logging interactions: once for each external key, with whoever took part, lines, links and their thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from crmkit.core.entity import Part
from crmkit.core.errors import BadInput, Conflict
from crmkit.core.frozen import frozen
from crmkit.core.interaction import Interaction, InteractionLine, InteractionLink, InteractionParticipant, Line
from crmkit.core.messages import msg, shown
from crmkit.core.product import Product
from crmkit.core.values.money import Money
from crmkit.core.values.text import composed
from crmkit.services.erased_contacts import erased_contact
from crmkit.services.interactions.correcting import newest
from crmkit.services.interactions.parties import LONGEST_ADDRESS, Party, Recognised, recognised
from crmkit.services.interactions.threads import thread_id_of
from crmkit.store.locking import in_turn
from crmkit.store.session import Session

Direction = Literal["", "inbound", "outbound", "internal"]
Status = Literal["planned", "in_progress", "completed", "cancelled"]
Link = Part | tuple[str, UUID] | tuple[str, UUID, str]
"""A record, or the name of its entity with its id and perhaps the role of the link."""


@frozen
class Logged:
    """An interaction that is stored; ``created`` tells whether it is new. ``participants`` are those of a new one."""

    interaction: Interaction
    created: bool = True
    participants: tuple[InteractionParticipant, ...] = ()


def log(
    session: Session,
    kind: str,
    *,
    participants: Iterable[Party] = (),
    at: datetime | None = None,
    direction: Direction = "",
    channel: str = "",
    key: str = "",
    subject: str = "",
    body: str = "",
    status: Status = "completed",
    ended_at: datetime | None = None,
    outcome: str = "",
    thread: str | UUID | None = None,
    money: Money | None = None,
    lines: Sequence[Line] = (),
    currency: str = "",
    links: Iterable[Link] = (),
    private: bool = False,
    line_of_business: str = "",
    country: str = "",
    raw: Mapping[str, Any] | None = None,
    source: str = "",
    kinds: Iterable[str] | None = None,
) -> Logged:
    """Log an interaction and return it; it is written with the session.

    ``key`` is what the channel calls it: the same key in the same channel returns what is stored already (the newest
    correction of it), also when two processes log it at once. ``at`` is when it happened, by default now. ``thread`` is
    the thread's id, or a text that names it within the channel. ``lines`` are priced in ``currency``; without ``money``
    their sum becomes the interaction's. ``country`` reads national telephone numbers, ``raw`` is kept with the claim of
    somebody unknown. ``kinds``: raises BadInput for another kind. Raises NotFound for a customer that does not exist, and
    Conflict for what went with a person who was erased.
    """
    if kinds is not None and kind not in (known := list(kinds)):
        raise BadInput(msg("no kind of interaction {kind}; known: {known}", kind=shown(kind), known=", ".join(known)))
    channel, key = composed(channel), composed(key)
    if key:
        stored = stored_under(session, channel, key)
        if stored is not None:
            return Logged(stored, created=False)
        erased = erased_contact(session, channel, key)
        if erased is not None:
            raise Conflict(erased)
    who = recognised(session, participants, channel, country, {"subject": subject, "kind": kind, **(raw or {})})
    made = Interaction(
        kind=kind,
        direction=direction,
        status=status,
        subject=subject,
        body=body,
        occurred_at=session.clock.now() if at is None else at,
        ended_at=ended_at,
        channel=channel,
        external_key=key,
        thread_id=_thread_id(channel, thread),
        outcome=outcome,
        visibility="private" if private else "shared",
        money=money if money is not None or not lines else _sum_of(lines, currency),
        sum_lines=money is None and bool(lines),
        line_of_business=line_of_business,
        source=source,
    )
    parts = tuple(_participant(made, one) for one in who)
    session.add(made, *parts)
    session.add(*[_line(made, number, line) for number, line in enumerate(lines, start=1)])
    session.add(*[_link(session, made, link) for link in links])
    return Logged(made, True, parts)


def stored_under(session: Session, channel: str, key: str) -> Interaction | None:
    """Return the interaction that a channel calls so, in its newest correction; None when there is none.

    Whoever asks for the same key at the same time waits until this transaction has ended.
    """
    if not session.read_only:
        in_turn(session, "interaction", channel, key)
    found = session.find(Interaction, channel=channel, external_key=key)
    return None if found is None else newest(session, found)


def _participant(made: Interaction, who: Recognised) -> InteractionParticipant:
    return InteractionParticipant(
        interaction_id=made.id,
        customer_id=who.customer_id,
        claim_id=who.claim_id,
        user_id=who.user_id,
        role=who.role,
        address=who.given.address.strip()[:LONGEST_ADDRESS],
        occurred_at=made.occurred_at,
    )


def _thread_id(channel: str, thread: str | UUID | None) -> UUID | None:
    if isinstance(thread, str):
        return thread_id_of(channel, thread) if thread.strip() else None
    return thread


def _sum_of(lines: Sequence[Line], currency: str) -> Money:
    if not currency:
        raise BadInput(msg("lines need a currency, such as EUR"))
    # The write path keeps it the sum of the lines.
    return Money(Decimal(0), currency)


def _line(made: Interaction, number: int, line: Line) -> InteractionLine:
    product = line.product
    return InteractionLine(
        interaction_id=made.id,
        position=number,
        product_id=product.id if isinstance(product, Product) else product,
        description=line.description,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        discount=line.discount,
        amount=line.amount,
    )


def _link(session: Session, made: Interaction, link: Link) -> InteractionLink:
    if isinstance(link, Part):
        link = (session.database.registry.of(link).name, link.id)
    entity, record, *role = link
    session.database.registry.get(entity)
    return InteractionLink(interaction_id=made.id, entity=entity, record_id=record, role=role[0] if role else "about")
