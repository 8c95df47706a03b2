"""From the event log to ``after_stage_changed_committed``: the steps that were committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crmkit.core.journal import Event
from crmkit.core.lifecycle import Lifecycle, StageTrack, StageTransition
from crmkit.hooks.causation import Cause
from crmkit.hooks.lifecycle import StageMove, StageMoves
from crmkit.store.session import Session


def committed_moves(session: Session, events: Sequence[Event], cause: Cause) -> Iterator[StageMoves]:
    """Yield the steps that events tell of, by the entity that moved; tracks are as they are now."""
    ids = [event.record_id for event in events if event.type == "stage_transition.created"]
    if not ids:
        return
    steps = session.list(StageTransition, id=ids)
    tracks = {track.id: track for track in session.list(StageTrack, id=list({step.track_id for step in steps}))}
    lifecycles = {
        one.id: one.name for one in session.list(Lifecycle, id=list({t.lifecycle_id for t in tracks.values()}))
    }
    by_entity: dict[str, list[StageMove]] = {}
    for step in steps:
        track = tracks.get(step.track_id)
        if track is not None:
            move = StageMove(lifecycles.get(track.lifecycle_id, ""), track, step, step.from_stage)
            by_entity.setdefault(track.entity, []).append(move)
    for entity, moves in by_entity.items():
        yield StageMoves(entity, tuple(moves), cause)
