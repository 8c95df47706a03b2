"""The second wall: on PostgreSQL a statement that forgets its tenant sees one tenant all the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from crmkit.core.access import tenant_id
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import DatabaseUnavailable, StaleVersion, ValidationFailed
from crmkit.core.product import Product
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.services.personal_data import erase
from crmkit.store.migration import schema_state, upgrade_schema
from crmkit.store.tenant_wall import EVERY_TENANT, SETTING, across_tenants, standing, walled
from crmkit.testing.postgres import PostgresServer
from tests.access.conftest import CONFIG, Marina
from tests.access.test_every_read_path import make_world, open_bare
from tests.store.staff import make_staff

ALL = sa.text("SELECT count(*) FROM customers")
NAMES = sa.text("SELECT name FROM customers ORDER BY name")


def opened(url: str, tenant: str, *plugins: Any) -> Crm:
    return Crm.open(url, plugins=[Marina(), *plugins], config=CONFIG, tenant=tenant)


@pytest.fixture
def twins(marina_postgres_url: str) -> Iterator[tuple[Crm, Crm]]:
    """Two tenants in one database, with two customers and one."""
    with opened(marina_postgres_url, uuid4().hex) as one, opened(marina_postgres_url, uuid4().hex) as other:
        for crm, names in ((one, ("Acme", "Bolt")), (other, ("Cord",))):
            with crm.session() as s:
                s.add(*[Customer(name=name, kind="organization") for name in names])
        yield one, other


def names(session: Any) -> list[str]:
    return list(session.connection.scalars(NAMES))


def test_the_role_of_these_tests_is_bound_by_it(twins: tuple[Crm, Crm]) -> None:
    with twins[0].session(reads=True) as s:
        beyond = sa.text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert s.connection.scalar(beyond) is False
        owner = sa.text("SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'customers'")
        assert s.connection.scalar(owner) is True


def test_a_statement_without_a_tenant_sees_the_sessions_tenant(twins: tuple[Crm, Crm]) -> None:
    one, other = twins
    for crm, expected in ((one, ["Acme", "Bolt"]), (other, ["Cord"])):
        for reads in (True, False):
            with crm.session(reads=reads) as s:
                assert names(s) == expected
                assert s.count(Customer) == len(expected)


def test_without_saying_a_tenant_nothing_is_seen_or_written(twins: tuple[Crm, Crm]) -> None:
    one, _ = twins
    with one.database.connection(reads=True) as connection:
        assert connection.scalar(ALL) == 0
    with one.database.engine.connect() as connection:
        assert connection.scalar(ALL) == 0
        assert connection.execute(sa.text("UPDATE customers SET name = 'x'")).rowcount == 0
        assert connection.execute(sa.text("DELETE FROM contact_points")).rowcount == 0
    with one.database.connection() as connection:
        row = {"tenant": one.system.tenant_id, "key": "k"}
        statement = sa.text("INSERT INTO event_cursors VALUES (:tenant, :key, 1)")
        with pytest.raises(sa.exc.ProgrammingError, match="row-level security"):
            connection.execute(statement, row)


def test_rows_of_others_are_neither_written_nor_changed(twins: tuple[Crm, Crm]) -> None:
    one, other = twins
    with one.session() as s:
        assert s.connection.execute(sa.text("UPDATE customers SET industry = 'x'")).rowcount == 2
        statement = sa.text("UPDATE customers SET tenant_id = :other")
        with pytest.raises(sa.exc.ProgrammingError, match="row-level security"):
            s.connection.execute(statement, {"other": other.system.tenant_id})
        s.rollback()
    with other.session(reads=True) as s:
        assert names(s) == ["Cord"]


def test_every_table_of_tenants_has_it(twins: tuple[Crm, Crm]) -> None:
    database = twins[0].database
    with database.connection(reads=True) as connection:
        assert standing(connection) >= walled(database.metadata).keys()
    tables = {table.name for table in database.metadata.tables.values()}
    assert {"customers", "events", "audit_links", "marina_yachts", "machines", "rights_versions"} <= walled(
        database.metadata
    ).keys()
    # Tenants themselves, and what the schema knows of itself.
    assert tables - walled(database.metadata).keys() == {"tenants", "owned_tables", "filled_columns"}


def test_bare_connections_see_no_rows_of_others_in_any_table(twins: tuple[Crm, Crm], clock: FixedClock) -> None:
    """Each table that holds rows of tenants is asked below the session: without a tenant, and as another one."""
    one, other = twins
    with open_bare(one) as bare:
        make_world(make_staff(bare), clock)
    with one.session() as s:
        acme = s.list(Customer, name="Acme")[0]
        s.add(ContactPoint(customer_id=acme.id, kind="email", value="acme@example.com"))
    with one.session() as s:
        erase(s, acme, "request")
    closed = [name for name, open_reads in walled(one.database.metadata).items() if not open_reads]

    def rows(tenant: Any, where: str) -> dict[str, int]:
        with one.database.engine.connect() as connection:
            if tenant is not None:
                connection.execute(sa.text(f"SET LOCAL {SETTING} = '{tenant}'"))
            return {
                name: connection.scalar(sa.text(f'SELECT count(*) FROM "{name}" WHERE {where}')) or 0 for name in closed
            }

    foreign = f"tenant_id <> '{other.system.tenant_id}'"
    filled = {name for name, count in rows(EVERY_TENANT, foreign).items() if count}
    assert filled >= {info.plural for info in one.registry if info.name in ("customer", "consent", "marina_yacht")}
    assert filled >= {
        "events",
        "audit_entries",
        "search_headwords",
        "erased_keys",
        "erasure_secrets",
        "rights_versions",
    }
    assert len(filled) > len(closed) / 2
    assert set(rows(None, "true").values()) == {0}
    assert set(rows(other.system.tenant_id, foreign).values()) == {0}


def test_few_tables_are_read_past_it_and_none_written(twins: tuple[Crm, Crm]) -> None:
    database = twins[0].database
    assert [name for name, open_reads in walled(database.metadata).items() if open_reads] == ["search_documents"]
    with twins[1].session() as s:
        assert s.connection.execute(sa.text("DELETE FROM search_documents")).rowcount in (0, 1)
        s.rollback()


def test_connections_that_are_used_again_forget_their_tenant(twins: tuple[Crm, Crm]) -> None:
    one, other = twins
    tenant = other.system.tenant_id
    for _ in range(3):
        with one.session(reads=True) as s:
            assert names(s) == ["Acme", "Bolt"]
        # The same connection, for another tenant, and for none.
        with one.database.connection(reads=True, tenant=tenant) as connection:
            assert connection.scalar(ALL) == 1
        with one.database.connection(reads=True) as connection:
            assert connection.scalar(ALL) == 0
        with one.session() as s:
            s.add(Product(sku=uuid4().hex, name="Pump"))
        with one.session() as s:
            assert names(s) == ["Acme", "Bolt"]
            s.rollback()
            assert names(s) == ["Acme", "Bolt"]
            s.commit()
            assert names(s) == ["Acme", "Bolt"]


def test_many_threads_of_two_tenants_never_meet(twins: tuple[Crm, Crm]) -> None:
    one, other = twins
    wrong: list[Any] = []

    def work(tenant: UUID, expected: int) -> None:
        for _ in range(30):
            with one.database.connection(reads=True, tenant=tenant) as connection:
                found = connection.scalar(ALL)
            if found != expected:
                wrong.append(found)

    pairs = [(one.system.tenant_id, 2), (other.system.tenant_id, 1)] * 4
    threads = [threading.Thread(target=work, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_it_stands_after_errors_too(twins: tuple[Crm, Crm]) -> None:
    one, other = twins
    taken = Product(sku="taken", name="Pump")
    for crm in twins:
        with crm.session() as s:
            s.add(Product(sku="taken", name="Pump"))
    # A lone record is one statement, a transaction by itself; what is in its way is looked up in another.
    for crm in twins:
        with crm.session() as s:
            s.add(taken)
            with pytest.raises(ValidationFailed) as caught:
                s.flush()
            s.rollback()
        assert [(error.path, error.value) for error in caught.value.errors] == [("product.sku", "taken")]
    with one.session(reads=True) as s:
        (known,) = s.list(Product, sku="taken")
    with one.session() as s:
        s.update(change(s.get(Product, known.id), name="New"))
    with one.session() as s:
        s.work.current[known.id] = known
        s.update(change(known, name="Newer"))
        with pytest.raises(StaleVersion):
            s.flush()
        s.rollback()
    with other.session(reads=True) as s:
        assert names(s) == ["Cord"]


def test_lone_records_go_to_their_tenant(twins: tuple[Crm, Crm]) -> None:
    one, other = twins
    for crm, name in ((one, "Dorn"), (other, "Eden"), (one, "Fern")):
        with crm.session() as s:
            s.add(Customer(name=name, kind="organization"))
    with one.session(reads=True) as s:
        assert names(s) == ["Acme", "Bolt", "Dorn", "Fern"]
    with other.session(reads=True) as s:
        assert names(s) == ["Cord", "Eden"]


def test_steps_across_tenants_say_so(twins: tuple[Crm, Crm]) -> None:
    one, _ = twins
    with one.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        assert connection.scalar(ALL) >= 3
    with one.session() as s:
        with across_tenants(s.connection):
            assert s.connection.scalar(ALL) >= 3
        assert names(s) == ["Acme", "Bolt"]
        savepoint = s.connection.begin_nested()
        with pytest.raises(sa.exc.ProgrammingError), across_tenants(s.connection):
            s.connection.execute(sa.text("SELECT nothing"))
        savepoint.rollback()
        assert names(s) == ["Acme", "Bolt"]


class Hears:
    manifest = Manifest(name="hears")

    def __init__(self) -> None:
        self.heard: list[str] = []

    @hookimpl
    def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
        self.heard += [item.after.name for item in call.changes if isinstance(item.after, Customer)]


def test_events_are_delivered_among_those_of_others(marina_postgres_url: str) -> None:
    ears = Hears(), Hears()
    with (
        opened(marina_postgres_url, uuid4().hex, ears[0]) as one,
        opened(marina_postgres_url, uuid4().hex, ears[1]) as other,
    ):
        for number in range(4):
            for crm, name in ((one, "one"), (other, "other")):
                with crm.session() as s:
                    s.add(Customer(name=f"{name} {number}", kind="organization"))
        one.drain()
        other.drain()
    assert [ear.heard for ear in ears] == [[f"{name} {n}" for n in range(4)] for name in ("one", "other")]


class _Counts:
    def __init__(self, idempotency_key: str = "") -> None:
        self.idempotency_key = idempotency_key

    def execute(self, ctx: Any) -> int:
        return int(ctx.session.connection.scalar(ALL))


def test_commands_of_several_tenants_share_a_transaction_and_no_rows(twins: tuple[Crm, Crm]) -> None:
    one, other = twins
    futures = [one.submit(_Counts(), actor) for actor in (one.system, other.system) * 10]
    assert [future.result(30) for future in futures] == [2, 1] * 10


# -- roles and upgrades -----------------------------------------------------------------------------------------------


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database() as address:
        yield address


def test_a_role_that_owns_nothing_works_within_it(database: str, postgres_server: PostgresServer) -> None:
    with opened(database, "one") as crm, crm.session() as s:
        s.add(Customer(name="Acme", kind="organization"))
    role = f"app_{uuid4().hex[:12]}"
    admin = make_url(postgres_server.address).set(database=make_url(database).database)
    engine = sa.create_engine(admin.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    try:
        with engine.begin() as connection:
            for statement in (
                f"CREATE ROLE {role} LOGIN PASSWORD '{role}'",
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
                f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
            ):
                connection.exec_driver_sql(statement)
        address = make_url(database).set(username=role, password=role, query={**admin.query})
        for tenant, expected in (("one", 1), ("two", 0)):
            with opened(address.render_as_string(hide_password=False), tenant) as crm:
                with crm.session(reads=True) as s:
                    assert s.connection.scalar(ALL) == s.count(Customer) == expected
                with crm.session() as s:
                    s.add(Customer(name="New", kind="organization"))
                with crm.session() as s:
                    assert s.count(Customer) == expected + 1
                    s.update(change(s.list(Customer)[0], industry="Ships"))
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")


def test_an_upgrade_raises_it_where_it_is_missing(database: str) -> None:
    with opened(database, "one") as crm:
        with crm.database.connection() as connection:
            connection.exec_driver_sql('DROP POLICY crmkit_tenant ON "customers"')
            connection.exec_driver_sql('ALTER TABLE "marina_yachts" NO FORCE ROW LEVEL SECURITY')
            connection.exec_driver_sql('DROP POLICY crmkit_tenant ON "marina_yachts"')
            connection.commit()
        found = schema_state(crm.database)
        assert (found.state, found.steps) == ("outdated", ("secure table customers", "secure table marina_yachts"))
        upgrade_schema(crm.database)
        assert schema_state(crm.database).state == "current"
        with crm.session() as s:
            s.add(Customer(name="Acme", kind="organization"))
        with crm.database.connection(reads=True, tenant=tenant_id("two")) as connection:
            assert connection.scalar(ALL) == 0


def test_a_server_that_hangs_up_is_told_of(database: str, postgres_server: PostgresServer) -> None:
    with opened(database, "one") as crm:
        admin = sa.create_engine(
            make_url(postgres_server.address).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool
        )
        with crm.session() as s:
            pid = s.connection.scalar(sa.text("SELECT pg_backend_pid()"))
            with admin.begin() as connection:
                connection.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
                s.count(Customer)
            with pytest.raises(DatabaseUnavailable, match="was lost"):
                s.count(Customer)
            with pytest.raises(DatabaseUnavailable, match="was lost"):
                s.commit()
            s.rollback()
            assert s.count(Customer) == 0
        with crm.session() as s:
            assert s.count(Customer) == 0


def test_sqlite_has_no_such_wall(marina_sqlite_url: str) -> None:
    with opened(marina_sqlite_url, uuid4().hex) as crm, crm.session() as s:
        assert standing(s.connection) == set()
        with across_tenants(s.connection):
            assert s.count(Customer) == 0
