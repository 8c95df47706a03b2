"""Where an application keeps the contents of attachments."""

from __future__ import annotations

from pathlib import Path

from crmkit.core.errors import ConfigError
from crmkit.core.messages import msg
from crmkit.runtime.config import Config
from crmkit.services.attachments import Attachments, FolderContents, MemoryContents
from crmkit.store.database import Database


def attachments_of(config: Config, database: Database) -> Attachments:
    """Return the store of attachments that the configuration names, else the one beside a SQLite file.

    Those of a database in memory are in memory. Raises ConfigError for a server without ``attachments.folder``.
    """
    rules = config.attachments
    if rules.folder:
        return Attachments(FolderContents(config.around.folder / rules.folder), rules)
    if database.in_memory:
        return Attachments(MemoryContents(), rules)
    file = database.engine.url.database
    if database.dialect == "sqlite" and file:
        path = Path(file)
        return Attachments(FolderContents(path.with_name(f"{path.stem}-attachments")), rules)
    raise ConfigError(msg("attachments need a folder: set attachments.folder in the configuration"))
