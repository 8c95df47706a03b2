"""The mappings that an installation offers for imports: TOML files in a folder, known by their names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crmkit.core.errors import FieldError, ValidationFailed, did_you_mean

if TYPE_CHECKING:
    from crmkit import Crm


def offered(crm: Crm) -> dict[str, Path]:
    """Return the mappings that there are, by name."""
    named = crm.plugin_config("web").mapping_folder
    if not named:
        return {}
    return {path.stem: path for path in sorted((crm.config.around.folder / named).glob("*.toml")) if path.is_file()}


def mapping_text(crm: Crm, name: str) -> str:
    """Return the mapping with this name; raises ValidationFailed with the closest one."""
    found = offered(crm)
    if name not in found:
        raise ValidationFailed([FieldError("/mapping_name", "unknown_mapping", name, did_you_mean(name[:100], found))])
    return found[name].read_text("utf-8-sig")
