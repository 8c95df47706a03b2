"""``ctx.services``: holding records and taking turns until the transaction ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from crmkit.core.entity import change
from crmkit.core.errors import NotFound
from crmkit.core.product import Product
from crmkit.runtime.crm import Crm
from crmkit.testing.making import AsUser


def test_held_records_are_read_as_they_are_now(postgres: Crm) -> None:
    pump = Product(sku="P-1", name="0")
    with postgres.session() as session:
        session.add(pump)
    start = Barrier(4)

    def count_up(_: int) -> None:
        with postgres.session() as session:
            session.get(Product, pump.id)
            start.wait()
            now = postgres.services_for(session).hold_records(Product, [pump.id, pump.id])[pump.id]
            session.update(change(now, name=str(int(now.name) + 1)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, range(4)))
    with postgres.session(reads=True) as session:
        assert session.get(Product, pump.id).name == "4"


def test_who_names_the_same_words_takes_turns(postgres: Crm) -> None:
    start = Barrier(4)

    def add_next(_: int) -> None:
        with postgres.session() as session:
            start.wait()
            postgres.services_for(session).take_turns("product", "sku")
            session.add(Product(sku=f"P-{session.count(Product)}", name="Pump"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_next, range(4)))
    with postgres.session(reads=True) as session:
        assert sorted(one.sku for one in session.list(Product)) == ["P-0", "P-1", "P-2", "P-3"]


def test_what_one_may_not_see_is_not_held(crm: Crm) -> None:
    pump = Product(sku="P-1", name="Pump")
    with crm.session() as session:
        session.add(pump)
        assert crm.services_for(session).hold_records(Product, []) == {}
    clerk = AsUser(crm)("customer read all")
    with crm.session(clerk) as session, pytest.raises(NotFound, match="no product with id"):
        crm.services_for(session).hold_records(Product, [pump.id])


def test_only_merges_erasures_and_reverts_rewrite_history(crm: Crm) -> None:
    with crm.session() as session:
        assert not crm.services_for(session).rewrites_history()
