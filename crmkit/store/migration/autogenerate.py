"""Writes migrations from the difference between what entities need and what the migrations so far give.

The migrations so far are run in a database in memory, together with the tables of the core and of all others, to which
it is otherwise blind: a migration of a plugin never touches what is not the plugin's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, Literal

import sqlalchemy as sa

from crmkit.core.errors import BadInput, ConfigError
from crmkit.core.messages import msg, shown
from crmkit.core.registry import EntityRegistry
from crmkit.store.database import Database
from crmkit.store.engine import MEMORY
from crmkit.store.migration.defaults import Default, empty_value, written_default
from crmkit.store.migration.mending import fill_new_columns, restore_types
from crmkit.store.migration.original_types import types_noted
from crmkit.store.migration.owners import CORE_NAME, Owner, owner_of_tables
from crmkit.store.migration.running import changing, prepare_functions, run_revision
from crmkit.store.schema import Schema
from crmkit.store.search.tables import TOKENS
from crmkit.store.tenant_wall import walled
from crmkit.store.types import StoredType

_HEADER = '''"""{title}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

{types}

revision = "{revision}"
down_revision = {down!r}
branch_labels = None
depends_on = None
'''

_FOREIGN = re.compile(rf"crmkit_\w+_version|{TOKENS}\w*|dbos\w*|sqlite_\w+")
"""Names of tables that no migration is about: version tables, parts of the search index, those of DBOS."""


def write_revision(
    registry: EntityRegistry, owner: Owner, folder: Path, title: str, revision: str = "", *, empty: bool = False
) -> Path | None:
    """Write the next migration of ``owner`` into ``folder`` and return the file; None when there is nothing to do.

    ``revision`` is the next number by default; ``empty`` writes one that does nothing yet, for changes of data alone.
    Raises BadInput for a revision that is there already, and ConfigError for migrations that cannot be run.
    """
    revision = revision or _next(owner)
    if any(one.id == revision for one in owner.revisions):
        raise BadInput(msg("{owner} has a revision {revision} already", owner=owner.name, revision=shown(revision)))
    if not re.fullmatch(r"\w{1,32}", revision):
        raise BadInput(msg("revision {revision}: up to 32 letters, digits and underscores", revision=shown(revision)))
    title = " ".join(title.split()).replace('"', "'").rstrip("\\") or revision
    upgrade, downgrade = ("    pass", "    pass") if empty else _code(registry, owner)
    if not empty and upgrade == downgrade == "    pass":
        return None
    types = "from crmkit.store import types" if owner.name == CORE_NAME else "from crmkit import migrations as crm"
    text = _HEADER.format(title=title, revision=revision, down=owner.head or None, types=types)
    text += f"\n\ndef upgrade() -> None:\n{upgrade}\n\n\ndef downgrade() -> None:\n{downgrade}\n"
    slug = re.sub(r"\W+", "_", title.lower()).strip("_")[:60]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{revision}_{slug}.py"
    file.write_text(text, encoding="utf-8")
    return file


def _next(owner: Owner) -> str:
    numbers = [int(one.id) for one in owner.revisions if one.id.isdigit()]
    return f"{max(numbers, default=0) + 1:04d}"


def _code(registry: EntityRegistry, owner: Owner) -> tuple[str, str]:
    from alembic.autogenerate import produce_migrations
    from alembic.migration import MigrationContext

    # Without custom fields: their columns are the installation's affair.
    database = Database(MEMORY, EntityRegistry([info.cls for info in registry], owners=_owners(registry)))
    try:
        mine = _mine(database, owner)
        with types_noted() as types:
            _build(database, owner, mine)
        with database.connection() as connection:
            # What is written must be right for any database.
            metadata = Schema(database.registry, ("sqlite", "postgresql")).metadata
            others = metadata.tables.keys() - mine

            def ours(name: str | None, kind: str, _: Any) -> bool:
                return kind != "table" or (name not in others and not _FOREIGN.fullmatch(str(name)))

            context = MigrationContext.configure(
                connection,
                opts={
                    "target_metadata": metadata,
                    "version_table": owner.version_table,
                    "compare_type": owner.name != CORE_NAME,
                    "compare_server_default": False,
                    "render_as_batch": owner.name != CORE_NAME,
                    "include_name": ours,
                    "include_object": lambda thing, name, kind, reflected, other: ours(name, kind, None),
                },
            )
            script = produce_migrations(context, metadata)
            if owner.name != CORE_NAME:
                fill_new_columns(script.upgrade_ops, _defaults(database))
                restore_types(script.downgrade_ops, types)
                fill_new_columns(script.downgrade_ops, _nothing)
            upgrade = _rendered(script.upgrade_ops, context) + _late_references(script.upgrade_ops, metadata)
            upgrade = _framed(owner, upgrade) + _wall(owner, script.upgrade_ops, metadata)
            downgrade = _unframed(owner) + _early_references(script.upgrade_ops, metadata)
            return upgrade, downgrade + _rendered(script.downgrade_ops, context)
    finally:
        database.close()


def _owners(registry: EntityRegistry) -> dict[type[Any], str]:
    return {info.cls: info.plugin for info in registry}


def _mine(database: Database, owner: Owner) -> set[str]:
    return {
        name for name, whose in owner_of_tables(database.registry, database.table_names).items() if whose == owner.name
    }


def _build(database: Database, owner: Owner, mine: set[str]) -> None:
    """Make what the migrations so far give, beside the tables of everybody else."""
    with changing(database) as connection:
        if owner.name != CORE_NAME:
            prepare_functions(connection)
            others = [table for name, table in database.metadata.tables.items() if name not in mine]
            database.metadata.create_all(connection, tables=others)
        for revision in owner.revisions:
            run_revision(connection, owner, revision.id)


def _rendered(ops: Any, context: Any) -> str:
    from alembic.autogenerate import render_python_code

    plugin = bool(context.opts["render_as_batch"])
    prefix = "crm." if plugin else "types."
    code = render_python_code(
        ops,
        migration_context=context,
        render_item=_renderer(prefix),
        user_module_prefix=prefix,
        render_as_batch=plugin,
    )
    lines = [line for line in code.splitlines() if not line.strip().startswith("#")]
    return indent(dedent("\n".join(lines)), "    ").rstrip()


def _renderer(prefix: str) -> Callable[[str, Any, Any], str | Literal[False]]:
    """Return what writes our types and defaults as code, below the name ``prefix``."""

    def render(kind: str, item: Any, _: Any) -> str | Literal[False]:
        if kind == "server_default" and isinstance(getattr(item, "arg", item), Default):
            default = getattr(item, "arg", item)
            return (
                f"{prefix}default_of({render('type', default.type, None) or f'sa.{default.type!r}'}, {default.value!r})"
            )
        if kind != "type":
            return False
        if isinstance(item, StoredType):
            words = "words=True" if getattr(item, "words", False) else ""
            return f"{prefix}{type(item).__name__}({words})"
        if isinstance(item, sa.Text | sa.String) and item._variant_mapping:
            return f"{prefix}text_type({item.length or 20_000})"
        return False

    return render


def _framed(owner: Owner, code: str) -> str:
    """The first migration of the core also makes what no table metadata says."""
    if owner.name != CORE_NAME or owner.revisions:
        return code
    first = "    from crmkit.store.migration import prepare_functions\n\n    prepare_functions(op.get_bind())\n"
    last = "\n\n    from crmkit.store.search.tables import prepare_search\n\n    prepare_search(op.get_bind())"
    return f"{first}{code}{last}"


def _unframed(owner: Owner) -> str:
    if owner.name != CORE_NAME or owner.revisions:
        return ""
    return "    from crmkit.store.search.tables import forget_search\n\n    forget_search(op.get_bind())\n"


def _wall(owner: Owner, ops: Any, metadata: sa.MetaData) -> str:
    """Return what keeps the rows of tenants apart in new tables, on PostgreSQL."""
    made = set(_made(ops))
    wanted = {name: open_reads for name, open_reads in sorted(walled(metadata).items()) if name in made}
    if not wanted:
        return ""
    if owner.name != CORE_NAME:
        names = ", ".join(f'"{name}"' for name in wanted)
        return f"\n    crm.keep_tenants_apart(op.get_bind(), {names})"
    lines = [f"            {name!r}: {open_reads}," for name, open_reads in wanted.items()]
    head = "\n\n    from crmkit.store.tenant_wall import raise_wall\n\n    raise_wall(\n        op.get_bind(),\n        {\n"
    return head + "\n".join(lines).replace("'", '"') + "\n        },\n    )"


def _late_references(ops: Any, metadata: sa.MetaData) -> str:
    """Return what adds the references of circles between tables: PostgreSQL wants both tables first, SQLite takes all."""
    lines = [
        f"        op.create_foreign_key({key.name!r}, {table!r}, {key.referred_table.name!r}, "
        f"{key.column_keys!r}, {[element.column.name for element in key.elements]!r}, "
        f"deferrable={key.deferrable!r}, initially={key.initially!r})"
        for table, key in _circular(ops, metadata)
    ]
    if not lines:
        return ""
    return "\n".join(["", '    if op.get_bind().dialect.name != "sqlite":', *lines])


def _early_references(ops: Any, metadata: sa.MetaData) -> str:
    """Return what takes those references away again, before any of the tables goes."""
    lines = [
        f'        op.drop_constraint({key.name!r}, {table!r}, type_="foreignkey")'
        for table, key in _circular(ops, metadata)
    ]
    if not lines:
        return ""
    return "\n".join(['    if op.get_bind().dialect.name != "sqlite":', *lines, ""])


def _circular(ops: Any, metadata: sa.MetaData) -> Iterator[tuple[str, Any]]:
    """Yield the references of circles in tables that are made, each with its table."""
    for table in _made(ops):
        for key in sorted(metadata.tables[table].foreign_key_constraints, key=lambda key: str(key.name)):
            if key.use_alter:
                yield table, key


def _made(ops: Any) -> Sequence[str]:
    from alembic.operations.ops import CreateTableOp

    return [op.table_name for op in ops.ops if isinstance(op, CreateTableOp)]


def _defaults(database: Database) -> Callable[[str, Any], Any]:
    """Return what gives the default of a field to existing records, for a column that may not be empty.

    That raises ConfigError for a required field: what existing records get is for its author to say.
    """
    infos = {info.plural: info for info in database.registry}

    def default(table: str, column: Any) -> Any:
        field = infos[table].by_name[column.name]
        if field.required:
            raise ConfigError(
                msg(
                    "{entity}.{field} is required and new: give it a default, so that records that are there already get "
                    "a value",
                    entity=infos[table].name,
                    field=field.name,
                )
            )
        return written_default(field)

    return default


def _nothing(_: str, column: Any) -> Any:
    return empty_value(column.type)
