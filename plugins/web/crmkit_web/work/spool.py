"""The spool: the files of long work, in a folder for each piece of work, which goes when it is not needed any more."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID

import msgspec

from crmkit.core.errors import ConfigError, CrmError, NotFound
from crmkit.core.messages import msg
from crmkit_web.documents.plain import encoded

if TYPE_CHECKING:
    from crmkit import Crm

UPLOAD, ERRORS, RESULT = "in", "errors", "out"
"""Folders of one piece of work: what was sent, the files of rejected rows, what it made."""

_DRAFT = "draft-"


class WorkFiles:
    """The files of one piece of work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, part: str, name: str, content: bytes | BinaryIO) -> Path:
        """Write a file whose name is safe, from bytes or from the rest of a file, and return its path."""
        path = self.place(part) / name
        with path.open("wb") as file:
            shutil.copyfileobj(BytesIO(content) if isinstance(content, bytes) else content, file, 1 << 20)
        return path

    def place(self, part: str) -> Path:
        """Return a folder, which is made if need be."""
        path = self.folder / part
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def files(self, part: str) -> list[Path]:
        """Return the files of a folder that are complete, by name."""
        return sorted(one for one in (self.folder / part).glob("*") if one.is_file() and one.name[0] not in ".~")

    def write(self, name: str, document: Any) -> None:
        """Keep a document."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / f".{name}"
        draft.write_bytes(encoded(document))
        os.replace(draft, self.folder / f"{name}.json")

    def read(self, name: str) -> Mapping[str, Any]:
        """Return a document; an empty one when it is not there."""
        try:
            found: Mapping[str, Any] = msgspec.json.decode((self.folder / f"{name}.json").read_bytes())
        except FileNotFoundError:
            return {}
        return found

    def drop(self, *parts: str) -> None:
        """Delete folders and documents."""
        for part in parts:
            shutil.rmtree(self.folder / part, ignore_errors=True)
            (self.folder / f"{part}.json").unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete everything."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Spool:
    """The files of all long work of a tenant. Nothing that people sent becomes part of a folder's name."""

    def __init__(self, folder: Path, tenant: UUID) -> None:
        self.folder = folder / tenant.hex

    def of(self, id: UUID) -> WorkFiles:
        """Return the files of a piece of work."""
        return WorkFiles(self.folder / id.hex)

    def draft(self) -> WorkFiles:
        """Return a new folder for files whose work there is not yet."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return WorkFiles(Path(tempfile.mkdtemp(prefix=_DRAFT, dir=self.folder)))

    @contextmanager
    def drafted(self) -> Iterator[WorkFiles]:
        """Within, a draft for work that is being asked for; it goes when that fails."""
        draft = self.draft()
        try:
            yield draft
        except BaseException:
            draft.remove()
            raise

    def take(self, draft: WorkFiles, id: UUID) -> WorkFiles:
        """Give a draft to the piece of work that it is for."""
        made = self.of(id)
        os.replace(draft.folder, made.folder)
        return made

    def kept(self) -> Iterator[tuple[UUID | None, WorkFiles, datetime]]:
        """Yield every folder with whose it is (None: a draft) and when it was last changed."""
        for path in sorted(self.folder.glob("*")):
            try:
                at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                id = None if path.name.startswith(_DRAFT) else UUID(path.name)
            except (FileNotFoundError, ValueError):
                continue
            yield id, WorkFiles(path), at


def spool_of(crm: Crm) -> Spool:
    """Return the spool of an application: the folder that the settings name, else one beside the attachments.

    Where neither is, it is a folder of this machine's temporary files, which only this user can open.
    """
    named = crm.plugin_config("web").work_folder
    if named:
        return Spool(crm.config.around.folder / named, crm.system.tenant_id)
    try:
        beside: Path | None = getattr(crm.attachments.contents, "folder", None)
    except ConfigError:
        beside = None
    if beside is not None:
        return Spool(beside.with_name(f"{beside.name}-work"), crm.system.tenant_id)
    return Spool(_temporary(), crm.system.tenant_id)


def _temporary() -> Path:
    folder = Path(tempfile.gettempdir()) / f"crmkit-work-{os.getuid() if hasattr(os, 'getuid') else 'files'}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if hasattr(os, "getuid") and (folder.is_symlink() or state.st_uid != os.getuid() or state.st_mode & 0o077):
        raise CrmError(msg("{folder} belongs to somebody else; set work_folder in [plugins.web]", folder=str(folder)))
    return folder


def missing(name: str) -> NotFound:
    """Return the error of a file that is not there, or not any more."""
    return NotFound(msg("the file {name} is not there any more, or not yet", name=name))
