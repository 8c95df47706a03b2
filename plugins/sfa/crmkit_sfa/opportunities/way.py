"""The ways of opportunities through their pipelines, as the core's lifecycle engine keeps them: read for rules in a flush."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from crmkit.core.lifecycle import StageTrack, StageTransition
from crmkit.core.lifecycle_history import Interval, fold
from crmkit.plugin import Context

WHY = "the way of an opportunity is followed whoever sees it"


def tracks_of(ctx: Context, opportunities: Iterable[UUID]) -> Sequence[StageTrack]:
    """Return the tracks of opportunities, in every pipeline that they have been in."""
    with ctx.elevated(WHY):
        return ctx.session.peek_all(StageTrack, "record_id", list(opportunities))


def pasts_of(ctx: Context, tracks: Iterable[StageTrack]) -> dict[UUID, tuple[Interval, ...]]:
    """Return where each track stood, by its id, oldest first; what this save adds is there already."""
    steps: dict[UUID, list[StageTransition]] = {track.id: [] for track in tracks}
    with ctx.elevated(WHY):
        for step in ctx.session.peek_all(StageTransition, "track_id", list(steps)):
            steps[step.track_id].append(step)
    return {id: fold(some) for id, some in steps.items()}
