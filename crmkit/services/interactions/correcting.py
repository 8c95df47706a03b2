"""Corrections: a completed interaction is corrected by another one that takes its place; both are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from crmkit.core.entity import Part, change
from crmkit.core.errors import BadInput, Conflict
from crmkit.core.interaction import (
    Attachment,
    Interaction,
    InteractionLine,
    InteractionLink,
    InteractionParticipant,
)
from crmkit.core.messages import msg
from crmkit.core.values.ids import new_id
from crmkit.store.locking import locked
from crmkit.store.session import Session

_PARTS: tuple[type[Part], ...] = (InteractionParticipant, InteractionLine, InteractionLink, Attachment)
_FIXED = frozenset({"id", "status", "supersedes_id", "channel", "external_key", "created_at", "created_by", "version"})


def correct(session: Session, interaction: Interaction | UUID, **values: Any) -> Interaction:
    """Correct a completed interaction by one that takes its place, and return that one.

    ``values`` are fields of the interaction; ``participants``, ``lines``, ``links`` or ``attachments`` replace the parts of that
    name (records made with ``interaction_id`` of the corrected one), all other parts are taken over. The former stays as
    it was but for its status ``superseded``. Whoever logs the former's external key again gets the correction. Takes the
    right to update the former and to create interactions. Raises BadInput for one that is not completed or a field that
    is not corrected, Conflict for one that was corrected already.
    """
    parts: dict[type[Part], Iterable[Any] | None] = {cls: values.pop(name, None) for name, cls in _NAMED.items()}
    for name in values:
        if name in _FIXED:
            raise BadInput(msg("interaction.{field} is not corrected", field=name))
    former = _correctable(session, interaction)
    made = change(former, id=new_id(), version=0, supersedes_id=former.id, external_key="", deleted_at=None, **values)
    # Read before anything is staged, so that all is written at once.
    copies: list[Part] = []
    for cls, given in parts.items():
        kept: Iterable[Any] = session.list(cls, interaction_id=former.id, order="id") if given is None else given
        copies += [change(part, id=new_id(), version=0, interaction_id=made.id) for part in kept]
    session.update(change(former, status="superseded"))
    session.add(made, *copies)
    session.flush()
    return made


def undo_correction(session: Session, correction: Interaction | UUID) -> Interaction:
    """Take a correction back: it is deleted, and what it corrected counts again and is returned.

    Raises BadInput for an interaction that corrects none, Conflict for one that was corrected in turn.
    """
    made = session.get(Interaction, _id(correction))
    if made.supersedes_id is None:
        raise BadInput(msg("interaction {id} corrects no other", id=str(made.id)))
    if made.status == "superseded":
        raise _corrected(session, made)
    former = change(session.get(Interaction, made.supersedes_id), status="completed")
    session.delete(made)
    session.update(former)
    session.flush()
    return former


def newest(session: Session, interaction: Interaction) -> Interaction:
    """Return what an interaction was corrected to, the last of its corrections; itself when there is none."""
    while interaction.status == "superseded":
        following = session.find(Interaction, supersedes_id=interaction.id)
        if following is None:
            return interaction
        interaction = following
    return interaction


def former_ones(session: Session, interaction: Interaction) -> list[Interaction]:
    """Return what an interaction corrects, the latest first, as far as the actor may see it."""
    found: list[Interaction] = []
    while interaction.supersedes_id is not None:
        before = session.find(Interaction, id=interaction.supersedes_id)
        if before is None:
            break
        found.append(before)
        interaction = before
    return found


_NAMED: dict[str, type[Part]] = dict(zip(("participants", "lines", "links", "attachments"), _PARTS, strict=True))


def _correctable(session: Session, interaction: Interaction | UUID) -> Interaction:
    known = session.get(Interaction, _id(interaction))
    # Two who correct the same take turns; the second finds it corrected.
    found: Interaction = locked(session, "interaction", [known.id])[known.id]
    if found.status == "superseded":
        raise _corrected(session, found)
    if found.status != "completed":
        raise BadInput(
            msg(
                "interaction {id} is {status}; only completed ones are corrected", id=str(found.id), status=found.status
            )
        )
    return found


def _corrected(session: Session, interaction: Interaction) -> Conflict:
    by = newest(session, interaction)
    return Conflict(msg("interaction {id} was corrected already, by {by}", id=str(interaction.id), by=str(by.id)))


def _id(record: Interaction | UUID) -> UUID:
    return record if isinstance(record, UUID) else record.id
