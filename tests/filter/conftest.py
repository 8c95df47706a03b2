"""A database of each kind to ask, and the check that they agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from crmkit.core.filter import FilterContext, Predicate
from crmkit.store.engine import make_engine
from crmkit.testing.postgres import PostgresServer
from tests.filter.stores import Store, fill, in_python


@pytest.fixture(scope="session")
def sqlite_store() -> Iterator[Store]:
    engine = make_engine("sqlite://")
    store = fill(engine)
    yield store
    store.connection.close()
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_store(postgres_server: PostgresServer) -> Iterator[Store]:
    with postgres_server.database() as address:
        engine = make_engine(address)
        store = fill(engine)
        yield store
        store.connection.close()
        engine.dispose()


@pytest.fixture(scope="session")
def agree(sqlite_store: Store, postgres_store: Store) -> Callable[[Predicate, str, FilterContext, UUID], set[UUID]]:
    """A function that asks Python and both databases, checks that they agree and returns the ids."""

    def asked(predicate: Predicate, entity: str, context: FilterContext, world: UUID) -> set[UUID]:
        expected = in_python(predicate, entity, context, world)
        assert sqlite_store.matching(predicate, entity, context, world) == expected
        assert postgres_store.matching(predicate, entity, context, world) == expected
        return expected

    return asked
