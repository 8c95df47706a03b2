"""The database: does it answer, may it be written to, does its schema fit, is it set up as crmkit needs it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.errors import CrmError, DatabaseUnavailable, StorageFull
from crmkit.core.messages import msg, shown
from crmkit.runtime.health.finding import Finding, fault, fine, warning
from crmkit.store.faults import faults_translated
from crmkit.store.tenant_wall import EVERY_TENANT, standing, walled

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

AREA = "database"


def answers(crm: Crm) -> Iterator[Finding]:
    """Does the database answer?"""
    address = crm.database.engine.url.render_as_string(hide_password=True)
    try:
        with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
            connection.exec_driver_sql("SELECT 1")
    except DatabaseUnavailable as error:
        problem = msg("{database} does not answer: {error}", database=address, error=error.message)
        yield fault(AREA, "unreachable", problem, msg("start the server, or name the right database with --db"))
    else:
        yield fine(AREA, "reachable", msg("{database} answers", database=address))


def schema_fits(crm: Crm) -> Iterator[Finding]:
    """Are the tables as this installation needs them?"""
    state = crm.schema_state()
    match state.state:
        case "current":
            yield fine(AREA, "schema_current", msg("the schema is current"))
        case "empty":
            advice = msg("make the tables: crmkit db create")
            yield fault(AREA, "schema_empty", msg("the database has no tables yet"), advice)
        case "outdated":
            problem = msg("the schema needs an upgrade of {count} steps", count=len(state.steps))
            advice = msg("look at it with crmkit plan, then run crmkit db upgrade")
            yield fault(AREA, "schema_outdated", problem, advice)
        case "newer":
            advice = msg("update crmkit and its plugins to what made it")
            yield fault(AREA, "schema_newer", msg("the schema was made by a newer version"), advice)
        case _:
            problem = msg("the database has tables of other origin with our names")
            yield fault(AREA, "schema_foreign", problem, msg("use a database of its own"))


def writable(crm: Crm) -> Iterator[Finding]:
    """May a transaction write? It writes one row and undoes it."""
    try:
        with crm.database.connection(tenant=crm.system.tenant_id) as connection, faults_translated():
            table = crm.database.table("command_results")
            key = {"tenant_id": crm.system.tenant_id, "key": "crmkit doctor"}
            kept = {"fingerprint": "", "result": "", "created_at": crm.clock.now()}
            connection.execute(table.delete().where(table.c.key == key["key"]))
            connection.execute(table.insert().values(**key, **kept))
            connection.rollback()
    except StorageFull as error:
        yield fault(AREA, "full", error.message, msg("make room on the disk; nothing is lost"))
    except Exception as error:
        # Whatever it is, such as a role that lacks a right: it keeps us from writing.
        reason = error.message if isinstance(error, CrmError) else shown(" ".join(str(error).split()), 200)
        problem = msg("the test of writing failed: {error}", error=reason)
        advice = msg("check permissions of file and folder, the rights of the role, and that it is no read replica")
        yield fault(AREA, "not_writable", problem, advice)
    else:
        yield fine(AREA, "writable", msg("the database can be written to"))


def settings_are_right(crm: Crm) -> Iterator[Finding]:
    """Is the database set up as crmkit needs it, and is the file whole?"""
    with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
        looks = _sqlite(connection, crm) if crm.database.dialect == "sqlite" else _postgresql(connection)
        yield from looks


def _sqlite(connection: sa.Connection, crm: Crm) -> Iterator[Finding]:
    def pragma(name: str) -> Any:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    if pragma("foreign_keys") != 1:
        yield fault(AREA, "foreign_keys_off", msg("foreign keys are not enforced"), msg("use an SQLite that has them"))
    mode = str(pragma("journal_mode")).lower()
    if mode != "wal" and not crm.database.in_memory:
        problem = msg("the journal mode is {mode}, not WAL: readers and writers wait for each other", mode=mode)
        yield warning(
            AREA, "no_wal", problem, msg("keep the file on a local disk: WAL does not work on network drives")
        )
    try:
        damage = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check(5)") if row[0] != "ok"]
    except sa.exc.DatabaseError as error:
        damage = [str(error.orig)]
    broken = [] if damage else list(connection.exec_driver_sql("PRAGMA foreign_key_check"))
    if damage:
        problem = msg("the database file is damaged: {damage}", damage="; ".join(damage)[:300])
        yield fault(AREA, "damaged", problem, msg("stop all processes and restore the newest backup"))
    elif broken:
        problem = msg("{count} references lead nowhere, the first in {table}", count=len(broken), table=broken[0][0])
        yield fault(AREA, "dangling", problem, msg("something other than crmkit wrote to the file; restore a backup"))
    else:
        yield fine(AREA, "whole", msg("the database file is whole"))


def _postgresql(connection: sa.Connection) -> Iterator[Finding]:
    if connection.scalar(sa.text("SELECT pg_is_in_recovery()")):
        yield warning(
            AREA, "replica", msg("the server is a standby: it can only be read"), msg("name the primary server")
        )
    encoding = connection.scalar(sa.text("SELECT current_setting('server_encoding')"))
    if encoding != "UTF8":
        problem = msg("the database's encoding is {encoding}, not UTF8", encoding=encoding)
        yield fault(AREA, "encoding", problem, msg("create the database anew with ENCODING 'UTF8'"))
    else:
        yield fine(AREA, "encoding", msg("the database's encoding is UTF8"))


def tenants_are_apart(crm: Crm) -> Iterator[Finding]:
    """On PostgreSQL: does row-level security stand in all tables, and does it bind this role?"""
    if crm.database.dialect != "postgresql":
        return
    with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        role, superuser, bypasses = connection.execute(
            sa.text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).one()
        missing = sorted(set(walled(crm.database.metadata)) - standing(connection))
    if missing:
        problem = msg("no row-level security in {tables}", tables=", ".join(missing[:5]))
        yield fault(AREA, "wall_missing", problem, msg("run crmkit db upgrade"))
    if superuser or bypasses:
        problem = msg("the role {role} is beyond row-level security: nothing but crmkit keeps tenants apart", role=role)
        advice = msg("connect as a role that is neither superuser nor has BYPASSRLS")
        yield warning(AREA, "role_unbound", problem, advice)
    elif not missing:
        yield fine(AREA, "tenants_apart", msg("row-level security keeps tenants apart"))
