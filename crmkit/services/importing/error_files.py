"""Files of rejected rows: CSV, one per source, in the columns of the source, so that they can be mended and fed back.

What is written belongs to a chunk that is not committed yet. So the run notes, in the chunk's own transaction, how long
each file is then; going on after a crash cuts off whatever is beyond that.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from crmkit.core.errors import BadInput
from crmkit.core.messages import msg
from crmkit.services.importing.report import RowError
from crmkit.services.importing.templates import as_text

LINE, ERROR, TEXT = "crmkit_line", "crmkit_error", "crmkit_text"
"""Columns added: where the row stood, what is wrong with it, and its text where it could not be split into cells."""

ADDED = (LINE, ERROR, TEXT)
SHOWN = 100
"""How many rejected rows a report holds; the files hold all."""


class ErrorFiles:
    """Collects the rejected rows of a run. Without a folder they are only counted, and the first of them kept."""

    def __init__(self, folder: Path | None, sources: Iterable[str] = (), source_path: Path | None = None) -> None:
        if folder is not None and source_path is not None:
            place = source_path if source_path.is_dir() else source_path.parent
            if folder.resolve() == place.resolve():
                raise BadInput(
                    msg(
                        "rejected rows go to {folder}, which is where the import reads from; name another folder",
                        folder=str(folder),
                    )
                )
        self._folder, self._sources = folder, tuple(sources)
        self._files: dict[str, BinaryIO] = {}
        self._marks: dict[str, int] = {}
        self.count = 0
        self.shown: list[RowError] = []

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that hold rejected rows."""
        return tuple(self._path(source) for source in self._marks) if self._folder is not None else ()

    @property
    def marks(self) -> dict[str, int]:
        """How many bytes of each file are written, by source; to be kept with the run."""
        return dict(self._marks)

    def begin(self) -> None:
        """Put aside (as ``name.csv~``) what an earlier import left in the folder: its rows are not this import's."""
        if self._folder is None:
            return
        for source in self._sources:
            path = self._path(source)
            if path.is_file() and is_error_file(path):
                os.replace(path, f"{path}~")

    def resume(self, marks: Mapping[str, int], count: int) -> None:
        """Go on where an interrupted run was; what it wrote beyond its last commit is cut off."""
        self.count = count
        for source, size in marks.items():
            path = None if self._folder is None else self._path(source)
            if path is not None and path.is_file() and path.stat().st_size >= size:
                os.truncate(path, size)
                self._marks[source] = size

    def write(self, error: RowError, columns: Sequence[str], cells: Sequence[Any], text: str) -> None:
        """Add a rejected row with its reasons."""
        self.count += 1
        if len(self.shown) < SHOWN:
            self.shown.append(error)
        if self._folder is None:
            return
        file = self._files.get(error.source) or self._open(error.source, columns)
        kept = [as_text(cell) for column, cell in zip(columns, cells, strict=False) if column not in ADDED]
        file.write(_line([*kept, error.number, error.render(), text]))

    def flush(self) -> None:
        """Bring what was written to the files, before the chunk it belongs to is committed."""
        for source, file in self._files.items():
            file.flush()
            self._marks[source] = file.tell()

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _open(self, source: str, columns: Sequence[str]) -> BinaryIO:
        path = self._path(source)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if source in self._marks:
                stream = path.open("ab")
            else:
                stream = path.open("wb")
                stream.write("\ufeff".encode() + _line([*(name for name in columns if name not in ADDED), *ADDED]))
        except OSError as error:
            raise BadInput(
                msg("{path} cannot be written: {reason}", path=str(path), reason=error.strerror or "")
            ) from None
        self._files[source] = stream
        return stream

    def _path(self, source: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{source.replace('/', '_')}.csv"


def _line(cells: Sequence[Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode("utf-8", "replace")


def is_error_file(path: Path) -> bool:
    """Whether a file holds rejected rows, mended or not, rather than a source's own."""
    if path.suffix.lower() != ".csv":
        return False
    with path.open("rb") as file:
        header = file.readline(1 << 20)
    return LINE.encode() in header


def holds_error_files(path: Path) -> bool:
    """Whether ``path``, a file or folder, is what an earlier import rejected."""
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    return any(file.is_file() and is_error_file(file) for file in files)
