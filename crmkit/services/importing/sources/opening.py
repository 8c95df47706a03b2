"""From a path to the tables in it: one file, or every known file of a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from crmkit.core.errors import BadInput
from crmkit.core.messages import msg, shown
from crmkit.services.importing.sources.records import Source, SourceOptions

_DELIMITED = "delimited:open_delimited"
_READERS = {
    ".csv": _DELIMITED,
    ".tsv": _DELIMITED,
    ".tab": _DELIMITED,
    ".xlsx": "sheets:open_sheets",
    ".xlsm": "sheets:open_sheets",
    ".jsonl": "json_lines:open_json",
    ".ndjson": "json_lines:open_json",
    ".json": "json_lines:open_json",
    ".vcf": "vcard:open_vcards",
    ".vcard": "vcard:open_vcards",
    ".sql": "sql_dump:open_dump",
}
_ALONE = {".txt": _DELIMITED}
"""Read when named, not when found in a folder, where such a file is most often a note."""

_EXTRAS = {"sheets": "excel", "vcard": "vcard"}
"""Readers whose libraries are an option of the installation."""

_PIECE = 1 << 20


def open_sources(path: Path, options: Mapping[str, SourceOptions] | None = None) -> dict[str, Source]:
    """Return the tables of a file or of a folder's known files, by name in the order of file names.

    ``options`` are looked up by the file's name or its stem, for a workbook first by the sheet's name. Subfolders are
    not entered. Raises BadInput for a path that does not exist or cannot be read, an unknown kind of file, and two
    tables of one name.
    """
    found: dict[str, Source] = {}
    files: dict[str, Path] = {}
    for file in _files(path):
        for source in _open(file, options or {}):
            if source.name in found:
                raise BadInput(
                    msg(
                        "{first} and {second} both hold a table “{name}”; rename one or import one after the other",
                        first=files[source.name],
                        second=file,
                        name=source.name,
                    )
                )
            found[source.name], files[source.name] = source, file
    return found


def fingerprint(path: Path) -> str:
    """Return the SHA-256 over names and bytes of the files that ``open_sources`` would read, in hexadecimal."""
    digest = hashlib.sha256()
    for file in _files(path):
        try:
            with file.open("rb") as content:
                digest.update(f"{file.name}\0{file.stat().st_size}\0".encode("utf-8", "surrogateescape"))
                while piece := content.read(_PIECE):
                    digest.update(piece)
        except OSError as error:
            raise _unreadable(file, error) from error
    return digest.hexdigest()


def _files(path: Path) -> list[Path]:
    try:
        if path.is_dir():
            known = sorted(
                file
                for file in path.iterdir()
                if file.suffix.lower() in _READERS and file.is_file() and not file.name.startswith((".", "~$"))
            )
            if not known:
                raise BadInput(msg("{path} holds no file that can be read: {kinds}", path=path, kinds=_kinds()))
            return known
        path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    if path.suffix.lower() not in _READERS | _ALONE:
        raise BadInput(msg("{path}: this kind of file is not understood; known are {kinds}", path=path, kinds=_kinds()))
    return [path]


def _open(file: Path, options: Mapping[str, SourceOptions]) -> Sequence[Source]:
    module, function = (_READERS | _ALONE)[file.suffix.lower()].split(":")
    open_file: Callable[..., Source | Sequence[Source]]
    open_file = getattr(import_module(f"crmkit.services.importing.sources.{module}"), function)
    own = options.get(file.name) or options.get(file.stem) or SourceOptions()
    try:
        # Each sheet of a workbook may have options of its own.
        opened = open_file(file, own, options) if module == "sheets" else open_file(file, own)
    except OSError as error:
        raise _unreadable(file, error) from error
    except ImportError as error:
        raise BadInput(
            msg(
                "{path} cannot be read without the package {package}; install crmkit[{extra}]",
                path=file,
                package=error.name or shown(error),
                extra=_EXTRAS.get(module, "all"),
            )
        ) from error
    return opened if isinstance(opened, Sequence) else [opened]


def _kinds() -> str:
    return ", ".join(_READERS)


def _unreadable(path: Path, error: OSError) -> BadInput:
    return BadInput(msg("{path} cannot be read: {reason}", path=path, reason=error.strerror or str(error)))
