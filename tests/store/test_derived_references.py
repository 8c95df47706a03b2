"""What a plugin makes in answer to a change may refer to what the actor does not see; what the actor writes may not."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.plugin import ConfigError, Record, ValidationFailed, entity, entity_info, field, hookimpl
from crmkit.testing.making import AsUser, MakeCrm


@entity("shop_basket", label="Basket", plugin="shop", title="note")
class Basket(Record):
    """What somebody has put together."""

    note: str = field(default="")
    product_id: UUID | None = field(default=None, reference="product")


class Shop:
    """Gives every new customer a basket with the only product that there is."""

    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Basket]

    @hookimpl(entities=("customer",))
    def derive_records(self, ctx: Any, call: Any) -> list[Basket]:
        with ctx.elevated("the catalogue is everybody's"):
            products = ctx.session.peek_all(Product)
        return [
            Basket(product_id=product.id, owner_id=item.after.owner_id, note="first")
            for item in call.changes
            if item.created
            for product in products
        ]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def test_a_plugin_refers_to_what_the_actor_does_not_see(make_crm: MakeCrm, url: str | None) -> None:
    crm = make_crm(plugins=[Shop()], url=url)
    pump = Product(sku="P-1", name="Pump")
    with crm.session() as session:
        session.add(pump)
    clerk = AsUser(crm)("customer * own", "shop_basket * own")
    with crm.session(clerk) as session:
        session.add(Customer(name="Kestrel", kind="organization"))
        session.flush()
        assert (session.list(Basket)[0].product_id, session.count(Product)) == (pump.id, 0)
        session.add(Basket(note="guessed", product_id=pump.id))
        with pytest.raises(ValidationFailed):
            session.flush()
        session.rollback()


def test_a_plugin_refers_to_nothing_that_there_is_not(make_crm: MakeCrm) -> None:
    class Wrong(Shop):
        @hookimpl(entities=("customer",))
        def derive_records(self, ctx: Any, call: Any) -> list[Basket]:
            return [Basket(product_id=item.after.id) for item in call.changes]

    crm = make_crm(plugins=[Wrong()])
    with pytest.raises(ValidationFailed), crm.session(AsUser(crm)("customer * own", "shop_basket * own")) as session:
        session.add(Customer(name="Kestrel", kind="organization"))


def test_a_session_tells_what_is_declared_of_an_entity(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[Shop()])
    with crm.session(reads=True) as session:
        assert session.entity("shop_basket") is session.entity(Basket)
        assert session.entity("shop_basket").label == entity_info(Basket).label
        with pytest.raises(ConfigError):
            session.entity("shop_baskets")
