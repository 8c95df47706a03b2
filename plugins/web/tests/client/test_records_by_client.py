"""Records by the Python client, over a real connection."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import attrs
import pytest

from crmkit import Crm
from crmkit.client import Client, NotFound, NotLoggedIn, StaleVersion, ValidationFailed
from crmkit.core import errors
from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.plugin import Money, PartialDate
from crmkit.testing.making import AsUser, MakeCustomer
from plugins.web.tests.mcp.conftest import ON_BOTH


@ON_BOTH
def test_the_life_of_a_record_as_a_mapping(client: Client) -> None:
    customers = client.records("customer")
    made = customers.create(name="Kestrel", kind="organization")
    assert (made["name"], made["version"]) == ("Kestrel", 1)
    changed = customers.update(made, industry="Optics")
    assert (changed["industry"], changed["version"]) == ("Optics", 2)
    assert customers.update(made["id"], {"industry": None})["industry"] in (None, "")
    assert customers.get(made["id"])["version"] == 3
    customers.delete(made["id"])
    with pytest.raises(NotFound):
        customers.get(made["id"])
    assert customers.restore(made)["name"] == "Kestrel"


def test_lists_go_through_all_pages(client: Client, crm: Crm) -> None:
    with crm.session() as session:
        session.add(*(Customer(name=f"C{at:03}", kind="organization") for at in range(450)))
    customers = client.records("customer")
    names = [one["name"] for one in customers.list(sort="name", fields=["name"])]
    assert names == [f"C{at:03}" for at in range(450)]
    assert [one["name"] for one in customers.list(sort="-name", limit=3)] == ["C449", "C448", "C447"]
    assert len(list(customers.list(limit=201, fields=["name"]))) == 201
    assert customers.count() == 450
    assert customers.count("name = C003") == 1
    found = customers.first("name > C100", sort="name")
    assert found is not None
    assert found["name"] == "C101"
    assert customers.first("name = nobody") is None


def test_records_of_a_class_have_their_types(client: Client) -> None:
    people = client.records(Customer)
    sent = Customer(kind="person", given_name="Ana", family_name="Sá", birth_date=PartialDate(1980, 5))
    made = people.create(sent)
    assert isinstance(made, Customer)
    assert (made.id, made.birth_date, type(made.created_at), made.version) == (
        sent.id,
        PartialDate(1980, 5),
        datetime,
        1,
    )
    assert people.update(made, {"birth_date": None}).birth_date is None
    products = client.records(Product)
    product = products.create(name="Lens", sku="L-1", price=Money(Decimal("12.50"), "EUR"))
    assert product.price == Money(Decimal("12.50"), "EUR")
    assert products.update(product, price=Money(Decimal("13"), "EUR")).price == Money(Decimal("13"), "EUR")
    assert [one.sku for one in products.list("sku = L-1")] == ["L-1"]


def test_records_in_a_class_of_ones_own_ask_for_its_fields_alone(client: Client, make_customer: MakeCustomer) -> None:
    customer = make_customer(name="Kestrel", industry="Optics")

    @attrs.frozen
    class Named:
        id: UUID
        name: str
        created_at: datetime

    found = client.records("customer", Named).get(customer.id)
    assert found == Named(customer.id, "Kestrel", found.created_at)
    assert found.created_at.tzinfo is UTC
    assert client.records("customer", Named).update(found, name="Merlin").name == "Merlin"


@ON_BOTH
def test_who_comes_second_is_told_and_may_repeat_the_change(client: Client, make_customer: MakeCustomer) -> None:
    id = make_customer(name="Kestrel", industry="Optics").id
    customers = client.records(Customer)
    seen = customers.get(id)
    customers.update(id, industry="Glass")
    with pytest.raises(StaleVersion) as failed:
        customers.update(seen, industry="Lenses")
    assert isinstance(failed.value, errors.StaleVersion)
    assert (failed.value.status, failed.value.code) == (412, "stale_version")
    with pytest.raises(StaleVersion):
        customers.delete(seen)
    merged = customers.update(seen, industry="Lenses", repeat=lambda fresh: {"industry": f"{fresh.industry}, Lenses"})
    assert merged.industry == "Glass, Lenses"
    assert customers.update(seen, industry="x", repeat=lambda fresh: None).industry == "Glass, Lenses"


def test_what_was_not_asked_for_has_its_default(client: Client, make_customer: MakeCustomer) -> None:
    make_customer(name="Kestrel", industry="Optics")
    found = client.records(Customer).first(fields=["name"])
    assert found is not None
    assert (found.name, found.industry, found.version) == ("Kestrel", "", 1)
    assert client.records(Customer).update(found, name="Merlin").industry == "Optics"


def test_every_error_comes_with_its_place(client: Client) -> None:
    with pytest.raises(ValidationFailed) as failed:
        client.records("customer").create(nam="x", version=3)
    error = failed.value
    assert isinstance(error, errors.ValidationFailed)
    assert (error.status, error.code) == (422, "validation")
    assert [(one.path, one.code) for one in error.errors] == [("/nam", "unknown_field"), ("/version", "read_only")]
    assert "did you mean name?" in str(error)
    with pytest.raises(errors.BadInput) as bad:
        list(client.records("customer").list("nam = x"))
    assert bad.value.code == "bad_filter"


def test_errors_speak_the_language_asked_for(address: str, root_token: str) -> None:
    with Client(address, token=root_token, language="zh") as client, pytest.raises(ValidationFailed) as failed:
        client.records("customer").create(nam="x")
    assert "您是不是指 name" in str(failed.value)


def test_without_a_good_token_nothing_is_told(address: str) -> None:
    for token in ("", "nobody"):
        with Client(address, token=token) as client, pytest.raises(NotLoggedIn):
            client.records("customer").first()


@ON_BOTH
def test_what_is_another_teams_is_not_there(
    address: str, as_user: AsUser, token_of: Callable[[str], str], crm: Crm
) -> None:
    north = as_user("customer * team", login="north", team="North")
    as_user("customer * team", login="south", team="South")
    with crm.session() as session:
        theirs = Customer(name="Kestrel", kind="organization", owner_id=north.user_id, team_id=north.team_id)
        session.add(theirs)
    with Client(address, token=token_of("south")) as south:
        customers = south.records(Customer)
        assert customers.first() is None
        with pytest.raises(NotFound):
            customers.update(theirs, name="Mine", version=1)


def test_an_unknown_entity_is_told_with_the_closest(client: Client) -> None:
    with pytest.raises(NotFound, match="customer"):
        client.records("custmer").first()
