"""Threads: interactions that belong to one conversation share an id that follows from the conversation's name."""

from __future__ import annotations

from uuid import UUID, uuid5

from crmkit.core.interaction import Interaction
from crmkit.store.session import Session

_THREADS = UUID("5f1d1f0e-2f3b-5c58-8f5d-6a2b8d3f7c11")


def thread_id_of(channel: str, key: str) -> UUID:
    """Return the id of the thread that a channel calls ``key``; the same words give the same id everywhere."""
    return uuid5(_THREADS, f"{channel}\0{key}")


def thread(session: Session, interaction: Interaction | UUID, *, former: bool = False) -> list[Interaction]:
    """Return the thread of an interaction, the oldest first, as far as the actor may see it; alone when it has none.

    ``former`` takes along what was corrected since.
    """
    known = session.get(Interaction, interaction if isinstance(interaction, UUID) else interaction.id)
    if known.thread_id is None:
        return [known]
    found = session.list(Interaction, thread_id=known.thread_id, order="occurred_at")
    return [one for one in found if former or one.status != "superseded" or one.id == known.id]
