"""A plugin changes, in answer to what somebody may do, records that this somebody cannot see."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.plugin import change, hookimpl
from crmkit.testing.making import AsUser, MakeCrm


class Counting:
    """Notes with every product which customer was saved last."""

    @hookimpl(entities=("customer",))
    def derive_records(self, ctx: Any, call: Any) -> list[Product]:
        with ctx.elevated("products tell of customers whoever sees them"):
            products = ctx.session.peek_all(Product)
        return [change(product, description=call.changes[-1].after.name) for product in products]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def test_what_a_plugin_derives_reaches_records_that_the_actor_cannot_see(make_crm: MakeCrm, url: str | None) -> None:
    crm = make_crm(plugins=[Counting()], url=url)
    with crm.session() as session:
        session.add(*[Product(sku=f"P-{number}", name="Pump") for number in range(3)])
    clerk = AsUser(crm)("customer * own")
    with crm.session(clerk) as session:
        session.add(Customer(name="Kestrel", kind="organization"))
        session.flush()
        assert session.list(Product) == []
        session.update(change(session.list(Customer)[0], name="Kite"))
    with crm.session(reads=True) as session:
        assert [(one.description, one.version) for one in session.list(Product)] == [("Kite", 3)] * 3
