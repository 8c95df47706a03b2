"""A process that imports and dies at a chosen point; started by test_import_interrupted.py."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crmkit.runtime.crm import Crm
from crmkit.services.importing.error_files import ErrorFiles
from crmkit.services.importing.mapping import load_mapping
from crmkit.services.importing.running import Progress, run_import


def main(address: str, path: str, mapping: str, errors: str, point: str, count: int) -> None:
    left = [count]

    def die(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGINT if point == "interrupt" else signal.SIGKILL)

    def progress(_: Progress) -> None:
        if point in ("boundary", "interrupt"):
            die()

    with Crm.open(address, plugins=[]) as crm:
        if point == "commit":
            commit = sa.Connection.commit

            def dying_commit(connection: sa.Connection) -> None:
                die()
                commit(connection)

            sa.Connection.commit = dying_commit  # type: ignore[method-assign]
        elif point == "errors":
            flush = ErrorFiles.flush

            def torn_flush(files: ErrorFiles) -> None:
                flush(files)
                if left[0] == 1:
                    # What a crash in the middle of writing leaves: half a line, which nobody has committed.
                    for file in files._files.values():
                        file.write(b'1,"half a li')
                        file.flush()
                die()

            ErrorFiles.flush = torn_flush  # type: ignore[method-assign]
        run_import(
            crm,
            crm.system,
            Path(path),
            load_mapping(Path(mapping)),
            error_folder=Path(errors),
            chunk=10,
            on_progress=progress,
        )
