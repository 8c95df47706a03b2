"""The installation around the database: configuration, plugins, files and the clock."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.errors import ConfigError, CrmError
from crmkit.core.messages import msg
from crmkit.runtime.health.finding import Finding, fault, fine, warning

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

SKEW = 5.0
"""Seconds by which two clocks may differ without any harm."""

TOO_FAR = 60.0
"""Seconds from which on deadlines, schedules and sessions go wrong."""


def settings_make_sense(crm: Crm) -> Iterator[Finding]:
    """Is anything configured that will not work?"""
    config = crm.config
    found: list[Finding] = []
    if crm.database.in_memory:
        problem = msg("the database is in memory: everything is gone when the process ends")
        found.append(warning("configuration", "in_memory", problem, msg("set db in the configuration")))
    if config.mail.smtp is not None and not (config.mail.own_addresses or config.mail.own_domains):
        problem = msg("mail can be sent, but no address is known as our own")
        found.append(
            warning("configuration", "no_own_address", problem, msg("set mail.own_domains or mail.own_addresses"))
        )
    if not found:
        found.append(fine("configuration", "settings", msg("{where} is in order", where=config.where)))
    yield from found


def plugins_work(crm: Crm) -> Iterator[Finding]:
    """Could all plugins be used, and are they written for this crmkit?"""
    plugins = crm.plugins
    for broken in plugins.broken:
        advice = msg("crmkit plugin check {name} tells more; update it, or disable it", name=broken.name)
        yield fault("plugins", "broken", broken.message, advice)
    for plugin in plugins.plugins:
        for remark in plugin.remarks:
            problem = msg("plugin {name}: {problem}", name=plugin.name, problem=remark)
            yield warning("plugins", "old", problem, msg("update the plugin"))
    try:
        _ = crm.extensions
    except CrmError as error:
        advice = msg("crmkit serve does not start with it; crmkit plugin check tells more")
        yield fault("plugins", "web", error.message, advice)
    if not plugins.broken:
        yield fine("plugins", "active", msg("{count} plugins are active", count=len(plugins.plugins)))


def files_are_safe(crm: Crm) -> Iterator[Finding]:
    """Can the folders be written to that must be, and by nobody else?"""
    found: list[Finding] = []
    database = crm.database
    file = database.engine.url.database
    if database.dialect == "sqlite" and file and not database.in_memory and Path(file).exists():
        found += _sqlite_file(Path(file))
    try:
        folder = getattr(crm.attachments.contents, "folder", None)
    except ConfigError as error:
        found.append(warning("files", "no_attachments", error.message, msg("set attachments.folder")))
    else:
        if folder is not None:
            found += _attachments(Path(folder))
    path = crm.config.plugin_path
    if path is not None and path.is_dir():
        for item in (path, *sorted(path.glob("*.py"))):
            if _mode(item) & stat.S_IWOTH:
                problem = msg("{path} can be changed by everybody, and crmkit runs what is in it", path=item)
                found.append(fault("files", "plugin_folder_open", problem, msg("chmod o-w {path}", path=item)))
    yield from found or [fine("files", "safe", msg("files and folders have sensible permissions"))]


def clock_is_plausible(crm: Crm) -> Iterator[Finding]:
    """Do the clocks of this machine and of the database's agree, and is the log not ahead of both?"""
    with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
        before = datetime.now(UTC)
        if crm.database.dialect == "postgresql":
            theirs = connection.scalar(sa.text("SELECT clock_timestamp()"))
            ours = before + (datetime.now(UTC) - before) / 2
            if (apart := abs((theirs - ours).total_seconds())) > SKEW:
                problem = msg("the database's clock and ours are {seconds} seconds apart", seconds=round(apart))
                tell = fault if apart > TOO_FAR else warning
                yield tell("clock", "skewed", problem, msg("synchronise both machines' clocks (NTP)"))
        log = crm.database.tables["event"]
        newest = connection.scalar(
            sa.select(log.c.occurred_at)
            .where(log.c.tenant_id == crm.system.tenant_id)
            .order_by(log.c.position.desc())
            .limit(1)
        )
    now = crm.clock.now()
    if newest is not None and (newest - now).total_seconds() > TOO_FAR:
        problem = msg("the newest event is of {instant}, which is yet to come", instant=newest.isoformat())
        yield fault("clock", "behind_log", problem, msg("set this machine's clock right (NTP)"))
    else:
        yield fine("clock", "plausible", msg("the clock is plausible"))


def _sqlite_file(file: Path) -> Iterator[Finding]:
    if _mode(file) & (stat.S_IROTH | stat.S_IWOTH):
        problem = msg("{file} can be read by everybody on this machine", file=file)
        if _mode(file) & stat.S_IWOTH:
            problem = msg("{file} can be changed by everybody on this machine", file=file)
        yield warning("files", "database_open", problem, msg("chmod o-rwx {path}", path=file))
    if not os.access(file.parent, os.W_OK):
        problem = msg("{folder} cannot be written to, which SQLite needs beside its file", folder=file.parent)
        yield fault("files", "folder_closed", problem, msg("give the user that runs crmkit the right to write there"))


def _attachments(folder: Path) -> Iterator[Finding]:
    if not folder.exists():
        # It is made with the first attachment.
        existing = next(parent for parent in folder.absolute().parents if parent.exists())
        if os.access(existing, os.W_OK):
            return
        folder = existing
    if not os.access(folder, os.W_OK | os.X_OK):
        problem = msg("{folder} cannot be written to, so nothing can be attached", folder=folder)
        yield fault(
            "files", "attachments_closed", problem, msg("give the user that runs crmkit the right to write there")
        )
    elif _mode(folder) & stat.S_IROTH:
        problem = msg("{folder} can be read by everybody on this machine", folder=folder)
        yield warning("files", "attachments_open", problem, msg("chmod o-rwx {path}", path=folder))


def _mode(path: Path) -> int:
    # Windows has other permissions, of which these bits tell nothing.
    return 0 if os.name == "nt" else path.stat().st_mode
