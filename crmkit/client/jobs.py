"""Long work: imports, exports and changes of many records, which jobs of the server do and a program waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from crmkit.client.errors import JobFailed
from crmkit.client.files import saved
from crmkit.client.sending import ROOT

if TYPE_CHECKING:
    from crmkit.client.sending import Sender

ENDED = ("done", "failed", "cancelled")
SOONEST, LATEST = 0.2, 3.0
"""Seconds between two looks at a job: at first, and after a while."""


class Job:
    """A job of the server. ``document`` is what the API told of it last."""

    def __init__(self, sender: Sender, document: Mapping[str, Any]) -> None:
        self._sender, self.document = sender, document

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.document["id"])

    @property
    def state(self) -> str:
        """How it is: waiting, running, cancelling, done, failed or cancelled."""
        return str(self.document["state"])

    def refresh(self) -> Self:
        """Ask how it is."""
        self.document = self._sender.document("GET", self._path())
        return self

    def wait(
        self, progress: Callable[[Mapping[str, Any]], None] | None = None, *, timeout: float | None = None
    ) -> Self:
        """Wait until it has ended, and return it.

        ``progress`` is called with its document whenever something in that is new. Raises JobFailed for one that failed
        or was cancelled, and TimeoutError after ``timeout`` seconds; the job goes on then.
        """
        waited, pause, told = 0.0, SOONEST, None
        while True:
            if progress is not None and self.document != told:
                progress(self.document)
                told = self.document
            if self.state in ENDED:
                break
            if timeout is not None and waited >= timeout:
                raise TimeoutError(f"job {self.id} is still {self.state} after {waited:.0f} seconds")
            self._sender.pause(pause)
            waited, pause = waited + pause, min(LATEST, pause * 1.5)
            self.refresh()
        if self.state != "done":
            raise JobFailed(self.document)
        return self

    def cancel(self) -> Self:
        """Have it end after what it is doing."""
        self.document = self._sender.document("POST", self._path("cancel"))
        return self

    def _path(self, *parts: str) -> str:
        return "/".join([str(self.document["location"]).removeprefix(ROOT), *parts])


class Import(Job):
    """An import of a file."""

    def errors(self, target: Path | str, *, source: str = "") -> Path:
        """Save the rejected rows as CSV; ``source`` names the table, where there are several."""
        return saved(self._sender, self._path("errors"), target, {"source": source})

    def revert(self) -> Job:
        """Have the import taken back, by another job."""
        return Job(self._sender, self._sender.document("POST", self._path("revert")))


class Export(Job):
    """An export to a file."""

    def save(self, target: Path | str) -> Path:
        """Save the file of an export that is done."""
        return saved(self._sender, self._path("file"), target)
