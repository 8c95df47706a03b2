"""Filters as SQL against the whole application: spelling, nesting, what is kept between two times of asking."""

from __future__ import annotations

import gc
import weakref
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import Own, Part, Record, Via, ViaLink, entity, field
from crmkit.core.errors import ConfigError
from crmkit.core.filter import FilterContext, fold, parse
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.store.filters import of_late
from crmkit.store.plain_queries import plain_query
from crmkit.store.reading import reader_of
from crmkit.testing.making import AsUser

WORDS = (
    "retail",
    "Retail",
    "RETAIL",
    "Ｒｅｔａｉｌ",
    "rEtail",
    "straße",
    "STRASSE",
    "Straße",
    "é",
    "É",
    "ĳ",
    "ǆ",
    "Σ",
    "ς",
    "",
)


@settings(max_examples=settings.default.max_examples // 8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stored=st.lists(st.sampled_from(WORDS), min_size=1, max_size=6),
    asked=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
)
def test_words_of_a_vocabulary_are_found_however_they_are_written(
    crm: Crm, stored: list[str], asked: list[str]
) -> None:
    with crm.session() as session:
        session.add(*[Customer(name="x", industry=word) for word in stored])
        listed = ", ".join(f'"{word}"' for word in asked)
        folds = {fold(word) for word in asked}
        expected = [word for word in stored if fold(word) in folds]
        assert session.count(Customer, f"industry in ({listed})") == len(expected)
        assert session.count(Customer, f"industry not in ({listed})") == len(stored) - len(expected)
        session.rollback()


def test_a_filter_may_ask_for_the_same_children_often(crm: Crm) -> None:
    """More often than names of an entity's selectable are kept."""
    cities = ("Bonn", "Köln", "Trier", "Ulm", "Jena", "Gera", "Hof")
    with crm.session() as session:
        traveller, other = Customer(name="Traveller"), Customer(name="Other")
        session.add(traveller, other)
        session.add(*[ContactPoint(customer_id=traveller.id, kind="address", city=city) for city in cities])
        session.add(*[ContactPoint(customer_id=other.id, kind="address", city=city) for city in cities[1:]])
    every = " and ".join(f"(has contact_points where city = {city} and customer.name != nobody)" for city in cities)
    with crm.session(reads=True) as session:
        for _ in range(2):
            assert [one.name for one in session.list(Customer, every)] == ["Traveller"]
            assert [one.name for one in session.page(Customer, every).records] == ["Traveller"]


def test_what_is_kept_means_the_same_later(crm: Crm, clock: FixedClock, as_user: AsUser) -> None:
    """A filter that speaks of now is asked as of then, and rights that changed are looked at."""
    reader = as_user("customer read own")
    with crm.session() as session:
        session.add(Customer(name="Anna", owner_id=reader.user_id), Customer(name="Bo"))
    for asked, later in (("created_at >= now - 1 hour", []), ("name in (Anna, Bo)", ["Anna"])):
        with crm.session(reader, reads=True) as session:
            assert [one.name for one in session.page(Customer, asked).records] == ["Anna"]
            assert [one.name for one in session.list(Customer, asked)] == ["Anna"]
        clock.advance(hours=2)
        with crm.session(reader, reads=True) as session:
            assert [one.name for one in session.page(Customer, asked).records] == later
            assert [one.name for one in session.list(Customer, asked)] == later
        clock.advance(hours=-2)
    with crm.session(reads=True) as session:
        assert len(session.page(Customer, "name in (Anna, Bo)").records) == 2


def test_an_actor_takes_what_was_kept_for_it_along(crm: Crm) -> None:
    actor = crm.system.elevated()
    reader = weakref.ref(reader_of(crm.database, actor, crm.clock))
    assert reader() is reader_of(crm.database, actor, crm.clock)
    del actor
    gc.collect()
    assert reader() is None


def test_a_plain_query_takes_lists_and_values(crm: Crm) -> None:
    table = crm.database.tables["customer"]
    with crm.session() as session:
        made = [Customer(name=name) for name in "abc"]
        session.add(*made)
        session.flush()
        ids, tenant = [one.id for one in made[:2]], session.actor.tenant_id
        asked = sa.select(table.c.name).where(
            table.c.id.in_([*ids, uuid4()]),
            table.c.tenant_id == tenant,
            table.c.name.in_(["b", "c"]),
            table.c.country.not_in([]),
            table.c.kind == sa.bindparam("kind"),
            table.c.id == sa.bindparam("one", callable_=lambda: ids[1], type_=table.c.id.type),
        )
        query = plain_query(asked, crm.database.engine.dialect)
        assert [tuple(row) for row in query.rows(session.connection, {"kind": made[0].kind})] == [("b",)]
        assert query.rows(session.connection, {"kind": "nothing"}) == []


@pytest.mark.parametrize(
    ("where", "late"),
    [
        ("occurred_at >= now - 90 days", True),
        ("kind = purchase and occurred_at > today - 1 month", True),
        ("occurred_at = today", True),
        ("occurred_at >= now - 5 years", False),
        ("occurred_at <= now - 90 days", False),
        ("occurred_at != today", False),
        ("occurred_at >= now - 90 days or kind = call", False),
        ("created_at >= now - 90 days", False),
        ("kind = purchase", False),
    ],
)
def test_links_tell_whether_only_children_of_late_count(crm: Crm, where: str, late: bool) -> None:
    registry, context = crm.database.registry, FilterContext(now=crm.clock.now())
    has: Any = parse(f"has at least 3 interactions where {where}", registry, "customer")
    assert of_late(has, "customer", registry, context) is late


def _walks(copied: str) -> list[type[Any]]:
    @entity("walk", access=(Own(), ViaLink("walker", "walk_id", "friend_id", copies=(copied,))))
    class Walk(Record):
        """A walk."""

        name: str = field(default="")
        length: int = field(default=0)

    @entity("friend")
    class Friend(Record):
        """Somebody to walk with."""

        name: str = field(default="")

    @entity("walker", access=Via("walk_id"), title="id")
    class Walker(Part):
        """Who went along."""

        walk_id: UUID = field(reference="walk")
        friend_id: UUID = field(reference="friend")
        length: int = field(default=0)

    return [*CORE_ENTITIES, Walk, Friend, Walker]


def test_a_link_repeats_fields_of_both() -> None:
    assert "walk" in EntityRegistry(_walks("length"))
    with pytest.raises(ConfigError, match="walker has no field name"):
        EntityRegistry(_walks("name"))
