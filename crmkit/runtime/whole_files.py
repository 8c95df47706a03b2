"""Work on whole files for hosts: reading one in, taking an import back, writing one out.

What it takes is imported when it is used, so that a server starts without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.runtime.crm import Crm
    from crmkit.services.importing.mapping import ImportMapping
    from crmkit.services.importing.report import ImportReport
    from crmkit.services.importing.reverting import RevertReport
    from crmkit.services.importing.running import Progress
    from crmkit.store.session import Session


def import_mapping(crm: Crm, *, text: str = "", entity: str = "", path: Path | None = None) -> ImportMapping:
    """Return the mapping of a TOML ``text``, else that of a plain file at ``path`` whose columns are fields of ``entity``.

    Raises BadInput that names everything wrong with it.
    """
    from crmkit.services.importing.mapping import read_mapping
    from crmkit.services.importing.plain import plain_mapping

    if text or path is None:
        return read_mapping(text)
    return plain_mapping(crm.registry.get(entity), path)


def check_import(crm: Crm, actor: Actor, entities: Sequence[str]) -> None:
    """Raise AccessDenied unless ``actor`` may import records of these entities, ConfigError for an entity that is not."""
    from crmkit.services.importing.running import check_rights

    names = [crm.registry.get(name).name for name in entities]
    actor.require("import_run", "create")
    check_rights(actor, dict.fromkeys(names))


def import_file(
    crm: Crm,
    actor: Actor,
    path: Path,
    mapping: ImportMapping,
    *,
    dry_run: bool = False,
    error_folder: Path | None = None,
    confirmed: Sequence[str] = (),
    on_progress: Callable[[Progress], None] | None = None,
    origin: str = "",
) -> ImportReport:
    """Import a file; see :func:`crmkit.services.importing.running.run_import`.

    ``confirmed`` says what values mean that no record has, as in ``product.sku: GTXPro = GTX Pro``.
    """
    from crmkit.services.importing.aliases import read_proposal
    from crmkit.services.importing.running import run_import

    meant = [read_proposal(one, mapping.system or mapping.name, crm.registry) for one in confirmed]
    return run_import(
        crm,
        actor,
        path,
        mapping,
        dry_run=dry_run,
        error_folder=error_folder,
        confirmed=meant,
        on_progress=on_progress,
        origin=origin,
    )


def revert_import(
    crm: Crm, actor: Actor, run: UUID, *, dry_run: bool = False, on_progress: Callable[[int], None] | None = None
) -> RevertReport:
    """Take an import back; see :func:`crmkit.services.importing.reverting.revert_import`."""
    from crmkit.services.importing.reverting import revert_import as revert

    return revert(crm, actor, str(run), dry_run=dry_run, on_progress=on_progress)


def export_records(
    session: Session,
    entity: str,
    target: Path | BinaryIO,
    *,
    format: str = "csv",
    filter: str | None = None,
    fields: Sequence[str] = (),
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Write records to a file and return how many; see :func:`crmkit.services.exporting.running.export`."""
    from crmkit.services.exporting.running import export

    info = session.database.registry.get(entity)
    return export(session, info, target, format=format, filter=filter, fields=fields, on_progress=on_progress)


def check_export(session: Session, entity: str, fields: Sequence[str] = (), format: str = "csv") -> None:
    """Raise AccessDenied and BadInput for what ``export_records`` would refuse, whatever the records are."""
    from crmkit.services.exporting.running import check

    check(session, session.database.registry.get(entity), fields, format)
