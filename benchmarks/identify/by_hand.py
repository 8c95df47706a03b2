"""What somebody would write by hand who knows the schema: transactions by the driver alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from benchmarks.databases import driver_connection
from crmkit import Crm
from crmkit.services.identify.recognition import LOOKED_AT
from crmkit.store.recognition import LARGEST_BLOCK

BY_POINT = """
    SELECT c.id, c.name FROM contact_points AS p JOIN customers AS c ON c.id = p.customer_id
    WHERE p.tenant_id = %s AND p.kind = %s AND p.normalized = %s AND p.deleted_at IS NULL AND c.deleted_at IS NULL
    ORDER BY c.id LIMIT 2
"""
BY_NUMBER = """
    SELECT c.id, c.name FROM external_identities AS e JOIN customers AS c ON c.id = e.record_id
    WHERE e.tenant_id = %s AND e.system = %s AND e.external_id = %s AND e.entity = 'customer'
        AND e.deleted_at IS NULL AND c.deleted_at IS NULL
"""

# A condition on the tenant that is plain would tempt SQLite to walk a whole index of it.
OF_CUSTOMERS = """
    SELECT id, kind, name, legal_name, nickname, family_name, birth_date, domain FROM customers
    WHERE (tenant_id = %s) IS TRUE AND deleted_at IS NULL AND id = ANY(%s)
"""
OF_POINTS = """
    SELECT customer_id, kind, normalized, postal_code, city FROM contact_points
    WHERE tenant_id = %s AND deleted_at IS NULL AND normalized <> '' AND customer_id = ANY(%s)
"""


class ByHand:
    """A connection of its own, by the driver alone and beyond the policies of PostgreSQL."""

    def __init__(self, crm: Crm) -> None:
        self._connection = driver_connection(crm)
        self._sqlite = crm.database.dialect == "sqlite"
        # On PostgreSQL it is the driver's already.
        self._driver: Any = self._connection.driver_connection if self._sqlite else self._connection
        self.tenant = key_of(crm, crm.system.tenant_id)

    def ask(self, statement: str, *values: Any) -> list[Any]:
        """Look something up in a transaction of its own; the tenant is the first value."""
        cursor = self._begun()
        self._run(cursor, statement, (self.tenant, *values))
        rows: list[Any] = cursor.fetchall()
        cursor.close()
        self._driver.rollback()
        return rows

    def candidates(self, keys: Sequence[int]) -> list[Any]:
        """Return who shares most of the match keys, with all that is compared, in a transaction: three statements."""
        cursor = self._begun()
        self._run(cursor, _candidates(len(keys)), [value for key in keys for value in (self.tenant, key)])
        ids = [row[0] for row in cursor.fetchall()]
        found: list[Any] = []
        for statement in (OF_CUSTOMERS, OF_POINTS):
            if self._sqlite:
                statement = statement.replace("= ANY(%s)", f"IN ({','.join('?' * len(ids))})")
            self._run(cursor, statement, [self.tenant, *(ids if self._sqlite else [ids])])
            found.append(cursor.fetchall())
        cursor.close()
        self._driver.rollback()
        customers, points = found
        return [(row, [point for point in points if point[0] == row[0]]) for row in customers]

    def close(self) -> None:
        self._connection.close()

    def _begun(self) -> Any:
        cursor = self._driver.cursor()
        if self._sqlite:
            cursor.execute("BEGIN")
        return cursor

    def _run(self, cursor: Any, statement: str, values: Sequence[Any]) -> None:
        cursor.execute(statement.replace("%s", "?") if self._sqlite else statement, values)


def _candidates(count: int) -> str:
    """Return the statement that finds who shares most of so many keys; its values are tenant and key, for each."""
    block = "SELECT customer_id FROM customer_match_keys WHERE tenant_id = %s AND match_key = %s"
    blocks = " UNION ALL ".join(f"SELECT * FROM ({block} LIMIT {LARGEST_BLOCK}) AS b{place}" for place in range(count))
    counted = f"SELECT customer_id, count(*) AS shared FROM ({blocks}) AS shared GROUP BY customer_id"
    # Nobody is deleted here; in a real base, a few more than are wanted would do.
    first = f"SELECT * FROM ({counted}) AS counted ORDER BY shared DESC, customer_id LIMIT {LOOKED_AT}"
    return (
        f"SELECT c.id, c.name FROM ({first}) AS first JOIN customers AS c ON c.id = first.customer_id "
        "WHERE c.deleted_at IS NULL ORDER BY first.shared DESC, c.id"
    )


def key_of(crm: Crm, id: UUID) -> Any:
    """Return an id as the driver takes it."""
    return id.bytes if crm.database.dialect == "sqlite" else id
