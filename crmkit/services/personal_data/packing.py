"""An export of personal data as files: a folder or a ZIP archive with the data, a page to read, and the attachments."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import attrs
import msgspec

from crmkit.core.errors import BadInput, CrmError
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, Translate, msg
from crmkit.services.personal_data.exporting import PersonalExport
from crmkit.services.personal_data.page import page
from crmkit.store.types import to_json

DATA, PAGE = "data.json", "index.html"

ReadFile = Callable[[str], bytes]
"""Returns the content of an attachment by its digest."""


class _Target(Protocol):
    def put(self, name: str, content: bytes) -> None: ...


def data_of(export: PersonalExport, translate: Translate | None = None) -> bytes:
    """Return an export as JSON in UTF-8: decimals and ids as text, times in UTC."""
    document = {**_plain(export, translate), "complete": export.complete, "missing": _plain(export.missing, translate)}
    return msgspec.json.format(to_json(document).encode(), indent=2) + b"\n"


def write_export(
    export: PersonalExport, target: Path, read_file: ReadFile | None = None, translate: Translate | None = None
) -> tuple[Message, ...]:
    """Write an export to ``target`` and return what could not be written, such as an attachment that is gone.

    One ending in ``.json`` is the data alone, one in ``.zip`` an archive, any other a folder, which must not exist. It
    appears as a whole or not at all. Raises BadInput when it cannot be written.
    """
    part = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
    try:
        if target.exists() and (target.is_dir() or target.suffix.lower() not in (".json", ".zip")):
            raise BadInput(msg("{path} exists already; name a new folder", path=str(target)))
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix.lower() == ".json":
            part.write_bytes(data_of(export, translate))
            os.chmod(part, 0o600)
            os.replace(part, target)
            return ()
        with _archive(part) if target.suffix.lower() == ".zip" else _folder(part) as kept:
            missing = tuple(_write(export, kept, read_file, translate))
        os.replace(part, target)
    except OSError as error:
        raise BadInput(
            msg("{path} cannot be written: {reason}", path=str(target), reason=error.strerror or "")
        ) from None
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)
    return missing


def _write(
    export: PersonalExport, kept: _Target, read_file: ReadFile | None, translate: Translate | None
) -> Iterator[Message]:
    kept.put(DATA, data_of(export, translate))
    kept.put(PAGE, page(export, translate).encode("utf-8", "replace"))
    for file in export.files:
        if read_file is None:
            yield msg("{file}: there is no store of attachments", file=file.name)
            continue
        try:
            content = read_file(file.sha256)
        except CrmError as error:
            yield msg("{file}: {error}", file=file.name, error=error.message)
            continue
        kept.put(file.path, content)


@frozen
class _Folder:
    path: Path

    def put(self, name: str, content: bytes) -> None:
        file = self.path / name
        file.parent.mkdir(exist_ok=True, mode=0o700)
        file.write_bytes(content)


@frozen
class _Archive:
    file: zipfile.ZipFile

    def put(self, name: str, content: bytes) -> None:
        self.file.writestr(name, content)


@contextmanager
def _folder(path: Path) -> Iterator[_Folder]:
    path.mkdir(mode=0o700)
    yield _Folder(path)


@contextmanager
def _archive(path: Path) -> Iterator[_Archive]:
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as file:
        os.chmod(path, 0o600)
        yield _Archive(file)


def _plain(value: Any, translate: Translate | None) -> Any:
    """Return a value with records of ours as mappings and messages as text; the encoder knows the rest."""
    if isinstance(value, Message):
        return value.render(translate)
    if isinstance(value, tuple | list):
        return [_plain(item, translate) for item in value]
    if hasattr(value, "items"):
        return {str(key): _plain(item, translate) for key, item in value.items()}
    if type(value).__module__.startswith("crmkit.services.personal_data"):
        return {a.name: _plain(getattr(value, a.name), translate) for a in attrs.fields(type(value))}
    return value
