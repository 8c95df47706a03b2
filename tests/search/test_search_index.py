"""The index follows the log, can be made again, and forgets without a trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import Part, Record, Via, change, entity, field
from crmkit.core.errors import AccessDenied, PluginError
from crmkit.core.fields import CustomField
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.search import SearchText
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.services.search import forget, index, search, searching, unindexed
from crmkit.store.search.tables import TOKENS
from tests.search.conftest import Add

TABLES = ("search_documents", "search_headwords", "search_near_words")


def titles(crm: Crm, text: str, **options: Any) -> list[str]:
    with crm.session(**options) as session:
        return [hit.title for hit in search(session, text).hits]


def content(crm: Crm) -> dict[str, set[Any]]:
    """Return what the index of the tenant holds, numbers of documents left out."""
    with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
        found: dict[str, set[Any]] = {}
        for name in TABLES:
            table = crm.database.table(name)
            columns = [c for c in table.columns if c.name not in ("document", "place", "tenant_id")]
            rows = connection.execute(sa.select(*columns).where(table.c.tenant_id == crm.system.tenant_id))
            found[name] = {tuple(map(str, row)) for row in rows}
        return found


# -- following the log ------------------------------------------------------------------------------------------------


def test_a_session_that_only_reads_finds_what_is_not_indexed_yet(crm: Crm, add: Add) -> None:
    add("Kestrel", email="windhover@ex.org")
    assert titles(crm, "kest", reads=True) == titles(crm, "windh", reads=True) == ["Kestrel"]
    assert not content(crm)["search_documents"]
    assert titles(crm, "kest") == ["Kestrel"]
    assert content(crm)["search_documents"]


def test_the_latest_counts_even_where_the_index_holds_something_older(crm: Crm, add: Add) -> None:
    id = add("Kestrel")
    gone = add("Kestrel Gone")
    with crm.session() as session:
        assert index(session)[1]
    with crm.session() as session:
        session.update(change(session.get(Customer, id), name="Merlin"))
        session.delete(session.get(Customer, gone))
    assert titles(crm, "kestrel", reads=True) == []
    assert titles(crm, "merlin", reads=True) == ["Merlin"]


def test_a_search_says_when_it_does_not_know_the_latest(crm: Crm, add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "FRESH_EVENTS", 5)
    monkeypatch.setattr(searching, "LOOKED_THROUGH", 3)
    for number in range(4):
        add(f"Kestrel {number}")
    with crm.session(reads=True) as session:
        assert (search(session, "kestrel").hits, search(session, "kestrel").behind) == ((), True)
    with crm.session() as session:
        found = search(session, "kestrel")
        assert (len(found.hits), found.behind) == (4, False)
    for number in range(8):
        add(f"Kestrel {number}")
    with crm.session() as session:
        found = search(session, "kestrel")
        assert (len(found.hits), found.behind) == (4, True)
        assert unindexed(session) == 8
        assert index(session)[1]
    with crm.session(reads=True) as session:
        assert unindexed(session) == 0
        assert (len(search(session, "kestrel").hits), search(session, "x").behind) == (12, False)


def test_indexing_goes_on_where_it_stopped_and_can_start_over(crm: Crm, add: Add) -> None:
    for number in range(20):
        add(f"Kestrel {number}", email=f"k{number}@ex.org")
    steps = []
    complete = False
    while not complete:
        with crm.session() as session:
            moved, complete = index(session, most=15)
            steps.append(moved)
    assert len(steps) >= 3
    made = content(crm)
    assert len(made["search_documents"]) == 20
    with crm.session() as session:
        assert index(session) == (0, True)
        index(session, most=10, rebuild=True)
        assert 0 < len(content_of(session)) < 20
        index(session)
    assert content(crm) == made
    with crm.session() as session:
        index(session, most=5, rebuild=True)
        session.rollback()
    assert content(crm) == made


def content_of(session: Any) -> list[UUID]:
    table = session.database.table("search_documents")
    statement = sa.select(table.c.record_id).where(table.c.tenant_id == session.actor.tenant_id)
    return list(session.connection.scalars(statement))


def test_nothing_is_left_of_what_is_no_more(crm: Crm, add: Add) -> None:
    ids = [add("Anna Müller", email="a@ex.org"), add("曾国藩", phone="+49 30 5550123"), add("Anna Berg")]
    with crm.session() as session:
        assert index(session)[1]
    with crm.session() as session:
        for id in ids[:2]:
            session.update(change(session.get(Customer, id), name="Otto"))
            session.delete(*session.list(ContactPoint, customer_id=id))
        session.flush()
        assert index(session)[1]
        words = [row[1] for row in content_now(session, "search_near_words")]
        assert "muller" not in words
        assert {"anna", "berg", "otto"} <= set(words)
        session.delete(*session.list(Customer))
        session.flush()
        assert index(session)[1]
    assert content(crm) == {name: set() for name in TABLES}
    if crm.database.dialect == "sqlite":
        with crm.database.connection() as connection:
            connection.exec_driver_sql(f"INSERT INTO {TOKENS} ({TOKENS}) VALUES ('integrity-check')")


def content_now(session: Any, name: str) -> list[Any]:
    table = session.database.table(name)
    columns = [table.c[c] for c in ("near", "word")]
    return list(session.connection.execute(sa.select(*columns).where(table.c.tenant_id == session.actor.tenant_id)))


def test_a_save_does_not_write_to_the_index(crm: Crm, add: Add) -> None:
    add("Kestrel")
    assert content(crm) == {name: set() for name in TABLES}


# -- forgetting -------------------------------------------------------------------------------------------------------


def test_forgotten_records_leave_no_trace(crm: Crm, add: Add) -> None:
    names = ("Xylophania Quastenflosser", "Wolfhard Zwirbelbart")
    ids = [add(name, email=f"planted{place}@quux.example") for place, name in enumerate(names)]
    add("Anna Berg")
    with crm.session() as session:
        assert index(session)[1]
    with crm.session() as session:
        assert forget(session, "customer", ids) == 2
        assert forget(session, "customer", ids) == 0
        assert [hit.title for hit in search(session, "anna").hits] == ["Anna Berg"]
        assert search(session, "xylo").hits == search(session, "Xylofania").hits == ()
    left = content(crm)
    assert {row[1] for row in left["search_near_words"]} == {"anna", "berg"}
    assert len(left["search_documents"]) == 1
    with crm.session(reads=True) as session, pytest.raises(AccessDenied):
        forget(session, "customer", ids)


def test_a_sqlite_file_holds_nothing_of_what_was_forgotten(tmp_path: Path) -> None:
    planted = "Quastenflosser"
    file = tmp_path / "crm.db"
    with Crm.open(f"sqlite:///{file}", plugins=[]) as crm:
        with crm.session() as session:
            session.add(*[Customer(name=f"Customer {number}") for number in range(50)])
            victim = Customer(name=planted)
            session.add(victim)
        with crm.session() as session:
            assert index(session)[1]
        with crm.session() as session:
            forget(session, "customer", [victim.id])
        with crm.database.connection() as connection:
            pages = connection.exec_driver_sql(f"SELECT block FROM {TOKENS}_data").scalars().all()
        # FTS5 leaves out what a term shares with the one before it.
        assert not any(b"uastenflosser" in page for page in pages)


# -- what plugins and installations bring -----------------------------------------------------------------------------


@entity("ship", plural="ships", plugin="harbour")
class Ship(Record):
    """A ship."""

    name: str = field(searchable=True)
    tonnage: int = field(default=0, searchable=True)
    ports: tuple[str, ...] = field(default=(), searchable=True)
    secret: str = field(default="")


@entity("cabin", plural="cabins", plugin="harbour", access=Via("ship_id"), title="label")
class Cabin(Part):
    """A cabin of a ship."""

    ship_id: UUID = field(reference="ship")
    label: str = field(searchable=True)


class Harbour:
    manifest = Manifest(name="harbour")

    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Ship, Cabin]

    @hookimpl
    def register_custom_fields(self, ctx: Any, call: Any) -> list[CustomField]:
        return [
            CustomField(entity="customer", name="berth", searchable=True),
            CustomField(entity="customer", name="note"),
        ]


@pytest.mark.parametrize("reads", [False, True], ids=["indexed", "looked through"])
def test_fields_of_plugins_and_their_parts_are_found(
    make_crm: Callable[..., Crm], database_url: str, reads: bool
) -> None:
    crm = make_crm([Harbour()], url=database_url)
    with crm.session() as session:
        ship = Ship(name="Ariel", tonnage=47110, ports=("Oslo", "Bergen"), secret="treasure")
        session.add(ship, Cabin(ship_id=ship.id, label="Captain's suite"))
        session.add(Customer(name="Anna", custom={"berth": "Quay 7", "note": "hush"}))
    found = {
        asked: titles(crm, asked, reads=reads)
        for asked in ("ari", "4711", "berg", "captains suite", "treasure", "quay", "hush")
    }
    one, none = ["Ariel"], []  # type: ignore[var-annotated]
    assert found == {
        "ari": one,
        "4711": one,
        "berg": one,
        "captains suite": one,
        "treasure": none,
        "quay": ["Anna"],
        "hush": none,
    }


def test_entities_of_the_configuration_are_found(make_crm: Callable[..., Crm], database_url: str) -> None:
    fields = [{"name": "name", "searchable": True}, {"name": "code"}]
    crm = make_crm(config={"entities": [{"name": "vessel", "label": "Vessel", "fields": fields}]}, url=database_url)
    with crm.session() as session:
        session.add(crm.registry.get("vessel").cls(name="Ariel", code="hush"))
    assert titles(crm, "ari") == ["Ariel"]
    assert titles(crm, "hush") == []


def test_an_index_of_other_fields_is_made_again(make_crm: Callable[..., Crm], database_url: str) -> None:
    crm = make_crm([], url=database_url)
    with crm.session() as session:
        session.add(Customer(name="Kestrel", custom={}))
    assert titles(crm, "kest") == ["Kestrel"]
    before = content(crm)
    crm.close()
    other = make_crm([Naming()], url=database_url)
    assert titles(other, "nick of kes") == ["Kestrel"]
    after = content(other)
    assert len(after["search_documents"]) == len(before["search_documents"]) == 1
    other.close()
    again = make_crm([], url=database_url)
    assert titles(again, "nick of kes") == []
    assert titles(again, "kest") == ["Kestrel"]
    assert content(again) == before


class Naming:
    manifest = Manifest(name="naming")

    @hookimpl(entities=("customer",))
    def collect_search_texts(self, ctx: Any, call: Any) -> list[Any]:
        assert call.size == len(call.records)
        names = [SearchText(r.id, f"nick of {r.name}", "naming.nick", "name") for r in call.records]
        prose = [
            SearchText(r.id, "fond of falconry" if ctx.actor.user_id is None else "", "naming.habit")
            for r in call.records
        ]
        return names + prose


def test_a_plugin_adds_texts(make_crm: Callable[..., Crm], database_url: str) -> None:
    crm = make_crm([Naming()], url=database_url)
    with crm.session() as session:
        session.add(Customer(name="Kestrel"))
    for reads in (True, False):
        with crm.session(reads=reads) as session:
            (hit,) = search(session, "nick").hits
            assert (hit.title, hit.field, hit.match) == ("Kestrel", "naming.nick", "first_word")
            assert [h.field for h in search(session, "falconr").hits] == ["naming.habit"]


def test_a_plugin_that_fails_is_named(make_crm: Callable[..., Crm]) -> None:
    class Broken:
        manifest = Manifest(name="broken")

        @hookimpl
        def collect_search_texts(self, ctx: Any, call: Any) -> list[Any]:
            return ["Kestrel"]

    crm = make_crm([Broken()])
    with crm.session() as session:
        session.add(Customer(name="Kestrel"))
    with pytest.raises(PluginError, match="broken"):
        titles(crm, "kest")


def test_plugins_search_through_their_context(make_crm: Callable[..., Crm]) -> None:
    heard: list[list[str]] = []

    class Asking:
        manifest = Manifest(name="asking")

        @hookimpl(entities=("customer",))
        def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
            heard.append([hit.title for hit in ctx.services.search("kest", limit=5).hits])

    crm = make_crm([Asking()])
    with crm.session() as session:
        session.add(Customer(name="Kestrel"))
    assert heard == [["Kestrel"]]


@pytest.mark.parametrize("core_url", ["postgresql"], indirect=True)
def test_a_gap_that_somebody_rolled_back_holds_the_index_up_only_until_those_have_ended_who_wrote_then(
    crm: Crm, add: Add
) -> None:
    def writer() -> Any:
        session = crm.session()
        session.add(Customer(name="Writer"))
        session.flush()
        return session

    add("First")
    with crm.session() as session:
        index(session)
    gone = writer()
    gone.rollback()
    add("Behind the gap")
    first = writer()
    with crm.session() as session:
        moved, _ = index(session)
    assert moved == 0, "the first writer may be the one that fills the gap"
    second = writer()
    first.commit()
    with crm.session() as session:
        index(session)
    with crm.session(reads=True) as session:
        # Both of "Behind the gap" and of the first writer are in; what the second one holds may be missing still.
        assert unindexed(session) == 0
    second.commit()
    with crm.session() as session:
        assert index(session) == (1, True)
    for session in (gone, first, second):
        session.close()
