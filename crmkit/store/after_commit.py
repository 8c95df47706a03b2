"""What is to follow a commit: all of it, whatever fails, since the transaction stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def done_after_commit(actions: Iterable[Callable[[], None]]) -> Exception | None:
    """Call what sessions have put off until their commit and return the first error, with a note, for the caller to raise."""
    failed: Exception | None = None
    for action in actions:
        try:
            action()
        except Exception as error:
            error.add_note("the transaction is committed; what was to follow it failed")
            failed = failed or error
    return failed
