"""A database of each kind to ask, beside Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import attrs
import pytest

from crmkit.core.filter import FilterContext, Predicate
from crmkit.store.engine import make_engine
from crmkit.testing.postgres import PostgresServer
from tests.filter.stores import Store, fill, in_python


@attrs.frozen
class Answers:
    """The records that each finds."""

    python: set[UUID]
    sqlite: set[UUID]
    postgresql: set[UUID]


Ask = Callable[[Predicate, str, FilterContext, UUID], Answers]


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
def answers(sqlite_store: Store, postgres_store: Store) -> Ask:
    """A function that asks Python and both databases, and returns the ids that each of them finds."""

    def asked(predicate: Predicate, entity: str, context: FilterContext, world: UUID) -> Answers:
        return Answers(
            python=in_python(predicate, entity, context, world),
            sqlite=sqlite_store.matching(predicate, entity, context, world),
            postgresql=postgres_store.matching(predicate, entity, context, world),
        )

    return asked
