"""Writes a migration of the core from the difference between the metadata and what the migrations so far give.

    python -m tools.migration REVISION "what it does"

Run it with the revision of the file to write; review what it wrote before committing it. Authors of plugins use
``crmkit db revision``.
"""

from __future__ import annotations

import sys

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.registry import EntityRegistry
from crmkit.store.migration import CORE, FOLDER
from crmkit.store.migration.autogenerate import write_revision


def main(revision: str, title: str) -> None:
    """Write ``versions/REVISION_title.py``."""
    print(write_revision(EntityRegistry(CORE_ENTITIES), CORE, FOLDER / "versions", title, revision))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
