"""Writes a migration of the core from the difference between the metadata and what the migrations so far give.

    python -m tools.migration REVISION "what it does"

Run it with the revision of the file to write; review what it wrote before committing it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateTableOp

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.registry import EntityRegistry
from crmkit.store.database import Database
from crmkit.store.migration import FOLDER, VERSION_TABLE, run_revisions
from crmkit.store.search.tables import TOKENS
from crmkit.store.tenant_wall import walled
from crmkit.store.types import StoredType

HEADER = '''"""{title}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crmkit.store import types

revision = "{revision}"
down_revision = {down!r}
branch_labels = None
depends_on = None
'''


def main(revision: str, title: str) -> None:
    """Write ``versions/REVISION_title.py``."""
    registry = EntityRegistry(CORE_ENTITIES)
    database = Database("sqlite://", registry)
    down = run_revisions(database)
    with database.connection() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "target_metadata": database.metadata,
                "version_table": VERSION_TABLE,
                "compare_type": False,
                "include_name": lambda name, kind, _: name != VERSION_TABLE and not str(name).startswith(TOKENS),
            },
        )
        script = produce_migrations(context, database.metadata)
        upgrade = _render_ops(script.upgrade_ops, context)
        upgrade += _late_references(script.upgrade_ops, database.metadata)
        downgrade = _render_ops(script.downgrade_ops, context)
    extra = (
        "    from crmkit.store.migration import prepare_functions\n\n    prepare_functions(op.get_bind())\n"
        if down is None
        else ""
    )
    text = HEADER.format(title=title, revision=revision, down=down)
    last = (
        "\n\n    from crmkit.store.search.tables import prepare_search\n\n    prepare_search(op.get_bind())"
        if down is None
        else ""
    )
    last += _wall(script.upgrade_ops, database.metadata)
    text += f"\n\ndef upgrade() -> None:\n{extra}{upgrade}{last}\n\n\ndef downgrade() -> None:\n{downgrade}\n"
    slug = re.sub(r"\W+", "_", title.lower()).strip("_")
    path = Path(FOLDER) / "versions" / f"{revision}_{slug}.py"
    path.write_text(text)
    print(path)


def _render_ops(ops: Any, context: MigrationContext) -> str:
    code = render_python_code(ops, migration_context=context, render_item=_render, user_module_prefix="types.")
    lines = [line for line in code.splitlines() if not line.strip().startswith("#")]
    return indent(dedent("\n".join(lines)), "    ").rstrip()


def _wall(ops: Any, metadata: sa.MetaData) -> str:
    """Return what keeps the rows of tenants apart in new tables, on PostgreSQL."""
    made = {op.table_name for op in ops.ops if isinstance(op, CreateTableOp)}
    wanted = {name: open_reads for name, open_reads in sorted(walled(metadata).items()) if name in made}
    if not wanted:
        return ""
    lines = [f"            {name!r}: {open_reads}," for name, open_reads in wanted.items()]
    head = "\n\n    from crmkit.store.tenant_wall import raise_wall\n\n    raise_wall(\n        op.get_bind(),\n        {\n"
    return head + "\n".join(lines).replace("'", '"') + "\n        },\n    )"


def _late_references(ops: Any, metadata: sa.MetaData) -> str:
    """Return what adds the references of circles between tables: PostgreSQL wants both tables first, SQLite takes all."""
    made = [op.table_name for op in ops.ops if isinstance(op, CreateTableOp)]
    lines = [
        f"        op.create_foreign_key({key.name!r}, {table!r}, {key.referred_table.name!r}, "
        f"{key.column_keys!r}, {[element.column.name for element in key.elements]!r}, "
        f"deferrable={key.deferrable!r}, initially={key.initially!r})"
        for table in made
        for key in sorted(metadata.tables[table].foreign_key_constraints, key=lambda key: str(key.name))
        if key.use_alter
    ]
    if not lines:
        return ""
    return "\n".join(["", '    if op.get_bind().dialect.name != "sqlite":', *lines])


def _render(kind: str, item: Any, _: Any) -> str | Literal[False]:
    if kind != "type":
        return False
    if isinstance(item, StoredType):
        words = "words=True" if getattr(item, "words", False) else ""
        return f"types.{type(item).__name__}({words})"
    if isinstance(item, sa.Text | sa.String) and item._variant_mapping:
        return f"types.text_type({item.length or 20_000})"
    return False


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
