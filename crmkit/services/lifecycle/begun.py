"""Ways that began in the save under way with tracks that say what their transitions do: those need no second look."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

from crmkit.core.lifecycle import StageTrack, StageTransition
from crmkit.store.session import Session

_KEPT = "ways begun"


class WaysBegun:
    """New tracks with the transitions that they were made with, as they were made: changed ones are others."""

    def __init__(self, session: Session) -> None:
        self._current = session.work.current
        self._tracks: dict[UUID, tuple[StageTrack, Sequence[StageTransition]]] = {}
        self._steps: dict[UUID, StageTransition] = {}

    def note(self, track: StageTrack, steps: Sequence[StageTransition]) -> None:
        """Remember a track that says what ``steps`` do, where they are in the order in which they count."""
        if all(step.occurred_at <= following.occurred_at for step, following in pairwise(steps)):
            self._tracks[track.id] = track, steps
            for step in steps:
                self._steps[step.id] = step

    def has_track(self, track: StageTrack) -> bool:
        """Whether the track is as it was made, and will be stored with all of its transitions.

        Whatever was added to these since was worked into the track, which would be another then.
        """
        known, steps = self._tracks.get(track.id, (None, ()))
        return known is track and all(self._current.get(step.id) is step for step in steps)

    def has_step(self, step: StageTransition) -> bool:
        """Whether the transition is as it was made, and so is its track."""
        return self._steps.get(step.id) is step and self._tracks[step.track_id][0] is self._current.get(step.track_id)


def ways_begun(session: Session) -> WaysBegun:
    """Return the ways that began in the save under way; outside of one, none that anybody knows."""
    return session.kept_in_flush(_KEPT, lambda: WaysBegun(session))
