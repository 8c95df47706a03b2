"""What authors of plugins test their migrations with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from crmkit.runtime.crm import Crm
from crmkit.store.engine import read_address
from crmkit.store.migration import run_revisions, upgrade_schema
from crmkit.store.migration.reflection import described

_APART = "crmkit_created"
"""The schema of PostgreSQL in which fresh tables are made."""

Schema = Mapping[str, Mapping[str, Any]]


def created_and_migrated(url: str, plugins: Sequence[Any], **options: Any) -> tuple[Schema, Schema]:
    """Return the schema of a fresh database and that of one that was upgraded from the first migrations on.

    ``url`` is the address of an empty database, which holds the upgraded tables afterwards; the fresh ones are made in
    another file, or in a schema of PostgreSQL that is dropped again. ``options`` are those of ``Crm.open``.
    """
    with _beside(url) as other, Crm.open(other, plugins, check=False, **options) as crm:
        crm.create_schema()
        created = described(crm.database)
    with Crm.open(url, plugins, check=False, **options) as crm:
        run_revisions(crm.database, crm.schema_owners)
        upgrade_schema(crm.database, crm.schema_owners)
        return created, described(crm.database)


@contextmanager
def _beside(url: str) -> Iterator[str]:
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        yield address.set(database=f"{address.database}.created").render_as_string(hide_password=False)
        return
    engine = create_engine(read_address(url), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE SCHEMA "{_APART}"')
            options = f"{address.query.get('options', '')} -csearch_path={_APART}".strip()
            yield address.update_query_dict({"options": options}).render_as_string(hide_password=False)
            connection.exec_driver_sql(f'DROP SCHEMA "{_APART}" CASCADE')
    finally:
        engine.dispose()
