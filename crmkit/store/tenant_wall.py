"""The second wall between tenants: on PostgreSQL, row-level security shows a transaction the rows of one tenant alone.

Sessions narrow every statement to their tenant themselves; this holds where a statement forgets it. Each transaction
says which tenant it works for. Nobody may leave it out, not even the owner of the tables (``FORCE``); superusers and
roles with BYPASSRLS are beyond it, so the application should connect as neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import sqlalchemy as sa

SETTING = "crmkit.tenant"
POLICY = "crmkit_tenant"
FOUND_POLICY = "crmkit_found"

EVERY_TENANT = "*"
"""What a transaction says that works across tenants: upgrades, and steps that ask how far the whole log is."""

OPEN_READS = "crmkit_open_reads"
"""In ``Table.info``, marks an index table whose rows the policy keeps from others' writing alone.

PostgreSQL does not use an index below a policy unless the operator is known to leak nothing, which those of full-text
search are not. Such a table must hold nothing but what is joined to records before anybody sees it.
"""

TENANT = "crmkit_tenant"
"""In the ``info`` of a connection, the tenant of its transactions."""

RIGHTS_VERSION = "crmkit_rights_version"
"""In the ``info`` of a connection, asks for the version of its tenant's rights as the transaction begins, and holds it."""

ALONE = "crmkit_alone"
"""In the ``info`` of a connection, says that the next statement is a transaction by itself and names its tenant."""

LOCK_WAIT = "crmkit_lock_wait"
"""In the ``info`` of a connection, for how many milliseconds a transaction waits for each lock; 0: as the server says."""

_NOW = f"(SELECT current_setting('{SETTING}', true))"
_MINE = f"tenant_id = (SELECT nullif(nullif(current_setting('{SETTING}', true), ''), '*')::uuid) OR {_NOW} = '*'"


def walled(metadata: sa.MetaData) -> dict[str, bool]:
    """Return the names of the tables that the wall stands in, all that hold rows of tenants; True for ``OPEN_READS``."""
    return {t.name: bool(t.info.get(OPEN_READS)) for t in metadata.sorted_tables if "tenant_id" in t.c}


def raise_wall(connection: sa.Connection, tables: Mapping[str, bool]) -> None:
    """Put policies on tables that have none; does nothing on SQLite, where a tenant has a file of its own."""
    if connection.dialect.name != "postgresql":
        return
    known = standing(connection)
    for name, open_reads in tables.items():
        if name in known:
            continue
        for statement in (
            f'ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{name}" FORCE ROW LEVEL SECURITY',
            f'CREATE POLICY {POLICY} ON "{name}" USING ({_MINE}) WITH CHECK ({_MINE})',
        ):
            connection.exec_driver_sql(statement)
        if open_reads:
            connection.exec_driver_sql(f'CREATE POLICY {FOUND_POLICY} ON "{name}" FOR SELECT USING (true)')


def standing(connection: sa.Connection) -> set[str]:
    """Return the names of the tables that the wall stands in already."""
    if connection.dialect.name != "postgresql":
        return set()
    statement = sa.text(
        "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid "
        "WHERE c.relrowsecurity AND c.relforcerowsecurity AND p.polname = :policy "
        "AND c.relnamespace = current_schema()::regnamespace"
    )
    return set(connection.scalars(statement, {"policy": POLICY}))


def begin(connection: sa.Connection) -> None:
    """Begin a transaction of the tenant that the connection's ``info`` names: one message to the server.

    Without a tenant the transaction sees no rows.
    """
    driver: Any = connection.connection.driver_connection
    if not driver.autocommit:
        driver.autocommit = True
    if connection.info.get(ALONE):
        return
    tenant = connection.info.get(TENANT)
    start = "BEGIN" + _setting(tenant)
    if wait := connection.info.get(LOCK_WAIT):
        start += f"; SET LOCAL lock_timeout = {int(wait)}"
    if RIGHTS_VERSION in connection.info and isinstance(tenant, UUID):
        # In the same message: a look for changed rights then costs nothing.
        asked = f"; SELECT version FROM rights_versions WHERE tenant_id = '{tenant}'"
        found = _run(driver, start + asked)
        connection.info[RIGHTS_VERSION] = int(found.get_value(0, 0) or 0) if found.ntuples else 0
    else:
        _run(driver, start)


def enter(connection: sa.Connection, tenant: UUID | str) -> None:
    """Let the rest of the running transaction be that of another tenant; does nothing on SQLite."""
    if connection.dialect.name == "postgresql" and connection.info.get(TENANT) != tenant:
        connection.info[TENANT] = tenant
        _run(connection.connection.driver_connection, _setting(tenant)[2:])


@contextmanager
def across_tenants(connection: sa.Connection) -> Iterator[None]:
    """Within the block, show the running transaction the rows of all tenants; does nothing on SQLite."""
    tenant = connection.info.get(TENANT)
    if connection.dialect.name != "postgresql" or tenant is None:
        yield
        return
    enter(connection, EVERY_TENANT)
    try:
        yield
    except BaseException:
        # The server takes nothing more in this transaction; whatever it is rolled back to was the tenant's.
        connection.info[TENANT] = tenant
        raise
    enter(connection, tenant)


def tenant_mark() -> str:
    """Return what stands for a bound tenant in a statement that is a transaction by itself: it says the tenant as well."""
    return f"set_config('{SETTING}', %s::text, true)::uuid"


def _setting(tenant: UUID | str | None) -> str:
    # An id or the star: nothing that a person has typed.
    return (
        "" if tenant is None else f"; SET LOCAL {SETTING} = '{UUID(str(tenant)) if tenant != EVERY_TENANT else tenant}'"
    )


def _run(driver: Any, statement: str) -> Any:
    # By the library itself: several statements in one message, and none of them is ever prepared.
    from psycopg import OperationalError
    from psycopg.pq import ExecStatus, error_message

    result = driver.pgconn.exec_(statement.encode())
    if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        raise OperationalError(error_message(result))
    return result
