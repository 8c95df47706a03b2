"""PostgreSQL's planner learns of tables that grow faster than the server measures them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crmkit.core.customer import ContactPoint, Customer
from crmkit.runtime.crm import Crm
from crmkit.store.growth import FACTOR, LEAST

MEASURED = sa.text("SELECT reltuples::bigint FROM pg_class WHERE relname = :name")


def fill(crm: Crm, rows: int) -> None:
    with crm.session() as s:
        customers = [Customer(name=f"customer {number}") for number in range(rows)]
        s.add(
            *customers, *[ContactPoint(customer_id=c.id, kind="email", value=f"{c.id}@example.com") for c in customers]
        )


def measured(crm: Crm, table: str) -> int:
    with crm.session(reads=True) as s:
        rows: Any = s.connection.execute(MEASURED, {"name": table})
        return int(rows.scalar_one())


def test_a_table_is_measured_whenever_it_has_outgrown_its_statistics(postgres_url: str) -> None:
    with Crm.open(postgres_url, plugins=[]) as crm:
        fill(crm, LEAST - 1)
        assert measured(crm, "customers") < LEAST - 1
        fill(crm, LEAST)
        first = measured(crm, "customers")
        assert first == measured(crm, "contact_points") == 2 * LEAST - 1
        assert measured(crm, "audit_entries") == measured(crm, "events") == 2 * (LEAST - 1)
        fill(crm, LEAST)
        assert measured(crm, "customers") == first
        fill(crm, FACTOR * first)
        assert measured(crm, "customers") > FACTOR * first


def test_nobody_waits_for_a_table_that_another_measures(postgres_url: str) -> None:
    with Crm.open(postgres_url, plugins=[]) as crm, crm.session() as measuring:
        measuring.add(*[Customer(name=f"customer {number}") for number in range(2 * LEAST)])
        measuring.flush()
        with crm.session() as other:
            other.connection.execute(sa.text("SET LOCAL lock_timeout = '1s'"))
            other.add(*[Customer(name=f"other {number}") for number in range(20 * LEAST)])
        measuring.commit()
        assert measuring.count(Customer) == 22 * LEAST


def test_a_look_up_by_mail_address_takes_the_key_in_a_table_just_filled(postgres_url: str) -> None:
    with Crm.open(postgres_url, plugins=[]) as crm:
        fill(crm, 4 * LEAST)
        with crm.session(reads=True) as s:
            points = s.table(ContactPoint)
            wanted = [f"nobody{number}@example.com" for number in range(LEAST)]
            statement = sa.select(points.c.customer_id).where(points.c.kind == "email", points.c.normalized.in_(wanted))
            compiled = statement.compile(s.connection.engine, compile_kwargs={"literal_binds": True})
            plan = "\n".join(row[0] for row in s.connection.exec_driver_sql(f"EXPLAIN {compiled}".replace("%", "%%")))
    assert "uq_contact_points_kind_normalized_customer_id" in plan, plan
