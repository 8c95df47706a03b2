"""Everything beside single records by the Python client: search, merging, actions, files, jobs, changes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmkit import Crm
from crmkit.client import Client, NotFound, Refused, ValidationFailed
from crmkit.core.customer import Customer
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import MakeCustomer
from plugins.web.tests.mcp.conftest import ON_BOTH


def test_search_and_identify(client: Client, make_customer: MakeCustomer) -> None:
    customer = make_customer(name="Kestrel Optics", email="info@kestrel.example")
    make_customer(name="Merlin")
    hits = client.search("kestrel", ["customer"])["items"]
    assert [(hit["entity"], hit["id"]) for hit in hits] == [("customer", str(customer.id))]
    known = client.identify(emails=["info@kestrel.example"])
    assert (known["kind"], known["customer_id"]) == ("known", str(customer.id))
    assert client.identify(emails=["who@else.example"])["kind"] == "unknown"


def test_the_timeline_of_a_customer(crm: Crm, client: Client, make_customer: MakeCustomer) -> None:
    customer = make_customer()
    with crm.session() as session:
        services = crm.context(session, "web").services
        for number in range(7):
            services.log("call", participants=[customer], direction="inbound", subject=f"call {number}")
    entries = list(client.timeline(customer, limit=3))
    assert {entry["title"] for entry in entries} == {f"call {number}" for number in range(7)}
    assert list(client.records(Customer).timeline(customer.id, kinds=["email"])) == []


def test_merging_and_taking_it_back(client: Client, make_customer: MakeCustomer) -> None:
    kept, lost = make_customer(name="Kestrel"), make_customer(name="Kestrell", industry="Optics")
    preview = client.preview_merge("customer", kept, lost)
    assert preview["allowed"]
    merged = client.merge("customer", kept, lost, {"name": "lost"}, versions=preview["versions"])
    customers = client.records(Customer)
    assert (customers.get(kept.id).name, customers.get(lost.id).id) == ("Kestrell", kept.id)
    client.undo_merge(merged)
    assert (customers.get(kept.id).name, customers.get(lost.id).name) == ("Kestrel", "Kestrell")


def test_actions_are_done_refused_and_read_strictly(client: Client, make_customer: MakeCustomer) -> None:
    customer = make_customer(name="Kestrel")
    client.action("shop.rename", customer, name="ab", times=2, price=Decimal("1.20"))
    assert client.records(Customer).get(customer.id).name == "abab"
    with pytest.raises(Refused) as refused:
        client.action("shop.close", customer.id)
    assert (refused.value.plugin, str(refused.value.reason)) == ("shop", "abab has open orders")
    with pytest.raises(ValidationFailed) as wrong:
        client.action("shop.rename", customer, times="two")
    assert {(one.path, one.code) for one in wrong.value.errors} == {
        ("/input/name", "required"),
        ("/input/times", "type"),
    }
    with pytest.raises(NotFound, match=r"shop\.rename"):
        client.action("shop.renam", customer)


@ON_BOTH
def test_upsert_by_the_key_of_another_system(client: Client) -> None:
    customers = client.records(Customer)
    made = customers.upsert("erp", "4711 ä?#%", name="Kestrel", kind="organization")
    again = customers.upsert("erp", "4711 ä?#%", name="Merlin", kind="organization")
    assert (again.id, again.name) == (made.id, "Merlin")
    whole = customers.upsert("erp", "4711 ä?#%", Customer(name="Merlin", kind="organization", industry="Optics"))
    assert (whole.id, whole.industry) == (made.id, "Optics")
    assert customers.by_key("erp", "4711 ä?#%").name == "Merlin"
    with pytest.raises(NotFound):
        customers.by_key("erp", "4711")


@ON_BOTH
def test_a_batch_tells_of_each_operation(client: Client, make_customer: MakeCustomer) -> None:
    customers = client.records(Customer)
    old, gone = customers.get(make_customer(name="Old").id), customers.get(make_customer(name="Gone").id)
    batch = customers.batch(atomic=False)
    batch.create(name="Kestrel", kind="organization").create(nam="x").update(old, name="New").delete(gone)
    batch.upsert("erp", "1", name="Merlin", kind="organization")
    outcomes = batch.send()
    assert [(one.status, one.done) for one in outcomes] == [
        (201, True),
        (422, False),
        (200, True),
        (204, True),
        (201, True),
    ]
    assert [error.code for error in outcomes[1].errors] == ["unknown_field"]
    assert sorted(one.name for one in customers.list()) == ["Kestrel", "Merlin", "New"]
    whole = customers.batch().create(name="Good", kind="organization").create(nam="x")
    with pytest.raises(ValidationFailed) as failed:
        whole.send()
    assert failed.value.code == "batch_failed"
    assert customers.count() == 3
    assert customers.batch().send() == []


def test_batches_that_are_not_atomic_have_no_end(client: Client) -> None:
    batch = client.records("customer").batch(atomic=False)
    for number in range(1_050):
        batch.create(name=f"C{number}", kind="organization")
    outcomes = batch.send()
    assert len(outcomes) == 1_050
    assert all(one.done for one in outcomes)


@ON_BOTH
def test_changes_are_followed_from_any_place_on(client: Client, pauses: Any, address: str, root_token: str) -> None:
    customers = client.records(Customer)
    made = customers.create(name="Kestrel", kind="organization")
    feed = client.changes(entities=["customer"])
    assert [change["record_id"] for change in feed] == [str(made.id)]
    place = feed.place
    customers.update(made, name="Merlin")
    later = list(client.changes(place, entities=["customer"]))
    assert [change["changes"]["name"] for change in later] == [{"before": "Kestrel", "after": "Merlin"}]
    assert list(client.changes("now")) == []
    follower = Client(address, token=root_token, sleep=lambda seconds: pauses(seconds) or changed())

    def changed() -> None:
        customers.update(made.id, industry="Optics")

    first = next(iter(follower.changes("now", follow=2.0)))
    assert (first["changes"]["industry"]["after"], pauses) == ("Optics", [2.0])
    follower.close()


def test_files_of_interactions(crm: Crm, client: Client, make_customer: MakeCustomer, tmp_path: Path) -> None:
    customer = make_customer()
    with crm.session() as session:
        logged = crm.context(session, "web").services.log("note", participants=[customer], body="see file")
    note = tmp_path / "Übersicht 1.txt"
    note.write_text("what was agreed", encoding="utf-8")
    made = client.attach(logged.interaction, note)
    with note.open("rb") as file:
        again = client.attach(str(logged.interaction.id), file)
    assert (made["filename"], again["id"]) == ("Übersicht 1.txt", made["id"])
    assert [one["id"] for one in client.attachments(logged.interaction)] == [made["id"]]
    assert client.save_attachment(made, tmp_path / "down.txt").read_text(encoding="utf-8") == "what was agreed"
    with pytest.raises(TypeError, match="name"):
        client.attach(logged.interaction, b"content")


def test_history_and_the_record_as_it_was(client: Client, clock: FixedClock) -> None:
    customers = client.records(Customer)
    made = customers.create(name="Kestrel", kind="organization")
    clock.advance(hours=1)
    customers.update(made, name="Merlin")
    assert len(list(customers.history(made.id))) == 2
    assert customers.as_of(made.id, made.created_at)["name"] == "Kestrel"


def test_what_there_is_and_plain_requests(client: Client) -> None:
    names = [one["name"] for one in client.metadata()["entities"]]
    assert "customer" in names
    assert "name" in {field["name"] for field in client.metadata("customer")["fields"]}
    assert client.request("GET", "/customers", query={"count": "exact"})["count"] == 0
