"""Whichever way the lists of the index are read, the same records are found in the same order."""

from __future__ import annotations

import pytest

from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.runtime.crm import Crm
from crmkit.services.search import search
from crmkit.store.search import candidates, few, sizes
from crmkit.store.search.few import sees_few
from crmkit.testing.making import AsUser
from tests.search.conftest import Add


def titles(crm: Crm, text: str) -> list[str]:
    with crm.session() as session:
        return [hit.title for hit in search(session, text).hits]


@pytest.mark.parametrize("front", [5, 600])
@pytest.mark.parametrize("asked", ["kestrel orchard", "orchards kestrel", "kestrel orchards ltd", "estrel orchards"])
def test_words_with_the_same_first_letters_do_not_crowd_out_what_is_asked_for(
    crm: Crm, monkeypatch: pytest.MonkeyPatch, asked: str, front: int
) -> None:
    monkeypatch.setattr(candidates, "FRONT", {True: front, False: front})
    with crm.session() as session:
        session.add(Customer(name="Kestrel Orchards Ltd"), Customer(name="Kestrel Orchards South Ltd"))
        session.add(*[Customer(name=f"Kestroff Orchester {number} Ltd") for number in range(70)])
    found = ["Kestrel Orchards South Ltd", "Kestrel Orchards Ltd"]
    assert titles(crm, asked) == (found[::-1] if asked == "kestrel orchards ltd" else found)


@pytest.mark.parametrize(
    "estimated",
    [(10, 90_000, 5), (90_000, 10, 5), (90_000, 90_000, 5), (90_000, 90_000, 50_000), (10, 10, 10)],
    ids=["second compared", "first compared", "both looked up", "the newest first", "all looked up"],
)
def test_what_the_planner_estimates_changes_no_answer(
    crm: Crm, add: Add, monkeypatch: pytest.MonkeyPatch, estimated: tuple[int, int, int]
) -> None:
    """Such estimates as PostgreSQL makes; SQLite asks for none."""
    asked = []

    def sizes_of(session: object, groups: tuple[object, ...]) -> list[int]:
        asked.append(groups)
        return [*estimated[: len(groups)], estimated[-1]]

    monkeypatch.setattr(sizes, "_sizes", sizes_of)
    add("Kestrel One", email="heron@ex.org")
    add("Kestrel Two", email="other@ex.org")
    add("Heron Two", email="k@ex.org")
    add("Kestrel Three", description="knows the heron")
    assert titles(crm, "kestrel heron") == ["Kestrel Three", "Kestrel One"]
    assert titles(crm, "heron kestrel") == ["Kestrel Three", "Kestrel One"]
    assert titles(crm, "kestrel eron") == ["Kestrel One", "Kestrel Three"]
    assert titles(crm, "kestrel heorn") == ["Kestrel Three"]
    assert titles(crm, "kestrle two") == ["Kestrel Two"]
    assert bool(asked) == (crm.database.dialect == "postgresql")


@pytest.mark.parametrize("core_url", ["postgresql"], indirect=True)
def test_the_planner_is_asked_for_each_word_and_for_all_together(crm: Crm, add: Add) -> None:
    add("Kestrel One")
    with crm.session() as session:
        from crmkit.core.search.query import read_query

        (query,) = read_query("kestrel one")
        found = sizes._sizes(session, query.tokens(False))
    assert len(found) == 3
    assert all(size >= 0 for size in found)


def test_that_an_actor_sees_many_is_remembered(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few, "FEW", 3)
    mine = AsUser(crm)("customer read own")
    with crm.session() as session:
        session.add(*[Customer(name=f"Kestrel {number}", owner_id=mine.user_id) for number in range(5)])
        session.add(Product(sku="K-1", name="Kestrel"))
    assert len(titles(crm, "kestrel")) == 6
    with crm.session(mine) as session:
        assert sees_few(session, "customer") is None
        assert sees_few(session, "product") is not None
        monkeypatch.setattr(few, "reachable", lambda *_: pytest.fail("it counts again"))
        assert sees_few(session, "customer") is None
