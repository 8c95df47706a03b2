"""Assets: what customers own."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from crmkit.core.customer import Customer
from crmkit.core.errors import BadInput, ConfigError, NotFound, ValidationFailed
from crmkit.core.product import Asset, Product
from crmkit.runtime.crm import Crm
from crmkit.services.assets import add_asset, assets_of, find_asset, retire_asset, transfer_asset, under_warranty
from crmkit.services.history import changes
from crmkit.services.merging import merge, preview
from crmkit.store.session import Session
from crmkit.testing.making import AsUser

People = dict[str, Customer]


def test_an_asset_is_called_as_its_product(crm: Crm, people: People) -> None:
    pump = Product(sku="P", name="Pump")
    with crm.session() as session:
        session.add(pump)
        add_asset(session, people["Anna"], product=pump, serial_number="1", status="ordered")
        add_asset(session, people["Anna"].id, "Van", location="Berlin")
        session.flush()
        assert [(one.name, one.product_id) for one in assets_of(session, people["Anna"])] == [
            ("Pump", pump.id),
            ("Van", None),
        ]
        assert [one.name for one in assets_of(session, people["Anna"], status="ordered")] == ["Pump"]
        assert find_asset(session, "1").name == find_asset(session, str(find_asset(session, "1").id)).name == "Pump"


def test_a_number_is_given_once_for_a_product(crm: Crm, people: People) -> None:
    pump, fan = Product(sku="P", name="Pump"), Product(sku="F", name="Fan")
    with crm.session() as session:
        session.add(pump, fan)
        add_asset(session, people["Anna"], product=pump, serial_number="1")
        add_asset(session, people["Bo"], product=fan, serial_number="1")
        session.flush()
        with pytest.raises(BadInput, match="several assets have the number 1"):
            find_asset(session, "1")
    with crm.session() as session:
        session.add(Asset(customer_id=people["Bo"].id, product_id=pump.id, name="Pump", serial_number="1"))
        with pytest.raises(ValidationFailed, match=r"asset\.(product_id|serial_number)"):
            session.flush()
        session.rollback()


def _added(session: Session, owner: Customer, **details: Any) -> None:
    add_asset(session, owner, **details)
    session.flush()


@pytest.mark.parametrize(
    ("details", "error", "problem"),
    [
        ({"name": ""}, BadInput, "a name or a product"),
        (
            {"purchased": date(2026, 3, 1), "warranty_until": date(2026, 2, 1)},
            ValidationFailed,
            "a day after 2026-03-01",
        ),
        ({"colour": "red"}, ConfigError, "no field colour"),
    ],
    ids=["nameless", "warranty", "field"],
)
def test_what_cannot_be_is_refused(
    crm: Crm, people: People, details: dict[str, Any], error: type[Exception], problem: str
) -> None:
    with crm.session() as session:
        with pytest.raises(error, match=problem):
            _added(session, people["Anna"], **{"name": "Van", **details})
        session.rollback()
        with pytest.raises(NotFound):
            add_asset(session, uuid4(), "Van")
        with pytest.raises(NotFound):
            find_asset(session, "")
        assert session.count(Asset) == 0


def test_an_asset_changes_hands_and_is_retired(crm: Crm, people: People) -> None:
    with crm.session() as session:
        van = add_asset(session, people["Anna"], "Van")
    with crm.session() as session:
        transfer_asset(session, van.id, people["Bo"])
        session.flush()
        retire_asset(session, van.id)
    with crm.session(reads=True) as session:
        assert assets_of(session, people["Anna"]) == []
        assert [one.status for one in assets_of(session, people["Bo"])] == ["retired"]
        assert len(changes(session, Asset, van.id)) >= 2
    with crm.session() as session:
        merge(session, preview(session, people["Di"].id, people["Bo"].id))
        assert [one.name for one in assets_of(session, people["Bo"].id)] == ["Van"]


def test_the_warranty_covers_its_days(crm: Crm, people: People, as_user: AsUser) -> None:
    """The clock stands at noon UTC of 15 March: in Auckland it is the 16th."""
    with crm.session() as session:
        van = add_asset(session, people["Anna"], "Van", installed=date(2026, 1, 1), warranty_until=date(2026, 3, 15))
        bare = add_asset(session, people["Anna"], "Cart")
        assert [under_warranty(session, van, date(*day)) for day in ((2025, 12, 31), (2026, 1, 1), (2026, 3, 16))] == [
            False,
            True,
            False,
        ]
        assert under_warranty(session, van)
        assert not under_warranty(session, bare)
    with crm.session(as_user("* * all", timezone="Pacific/Auckland"), reads=True) as session:
        assert not under_warranty(session, van)
