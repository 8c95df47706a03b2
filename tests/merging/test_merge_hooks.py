"""What plugins take part in: their own records follow, they refuse, adapt and hear of merges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import attrs
import pytest

from crmkit.core.customer import Customer
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.errors import ConfigError, PluginError, Refused
from crmkit.core.merging import policy_of
from crmkit.core.registry import EntityRegistry
from crmkit.hooks.merging import Merging, RecordsMerged
from crmkit.plugin import CustomField, Part, Refuse, Via, change, entity, field, hookimpl, msg
from crmkit.runtime.crm import Crm
from crmkit.services.merging import merge, preview, undo


@entity("club_account", access=Via("customer_id"), title="customer_id", unique=(("customer_id",),))
class Account(Part):
    """Points of a customer; there is one account for each."""

    customer_id: UUID = field(reference="customer", merge="union", erase="delete")
    points: int = field(default=0)


@entity("club_entry", access=Via("account_id"), title="points")
class Entry(Part):
    """One booking."""

    account_id: UUID = field(reference="club_account")
    points: int = field(default=0)


@entity("club_card", access=Via("customer_id"), title="number", unique=(("customer_id",),))
class Card(Part):
    """A card; two cards of one customer are never made one."""

    customer_id: UUID = field(reference="customer", merge="keep_both", erase="delete")
    number: str = field(default="")


@attrs.define
class Club:
    """Adds up points, refuses members called Mallory, writes a diary."""

    heard: list[RecordsMerged] = attrs.field(factory=list)
    asked: list[Merging] = attrs.field(factory=list)

    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Account, Entry, Card]

    @hookimpl
    def register_custom_fields(self, ctx: Any, call: Any) -> list[CustomField]:
        return [CustomField(entity="product", name="maker_id", type="id", reference="customer")]

    @hookimpl(entities=("customer",))
    def guard_merge(self, ctx: Any, call: Merging) -> Iterator[Refuse]:
        self.asked.append(call)
        if call.lost.name == "Mallory":
            yield Refuse(msg("Mallory is under investigation"))

    @hookimpl(entities=("customer",))
    def derive_merge(self, ctx: Any, call: Merging) -> Iterator[Any]:
        if call.lost.name == "Broken":
            raise RuntimeError("no idea")
        for pair in call.united:
            if pair.entity == "club_account":
                yield change(pair.kept, points=pair.kept.points + pair.lost.points)
                yield Entry(account_id=pair.kept.id, points=pair.lost.points)

    @hookimpl(entities=("customer",))
    def after_records_merged_committed(self, ctx: Any, call: RecordsMerged) -> None:
        self.heard.append(call)


@pytest.fixture
def club() -> Club:
    return Club()


@pytest.fixture
def crm(database_url: str, club: Club) -> Iterator[Crm]:
    with Crm.open(database_url, plugins=[club]) as crm:
        yield crm


def two(crm: Crm, name: str = "Berg") -> tuple[Customer, Customer]:
    a, b = Customer(name="Anna"), Customer(name=name)
    with crm.session() as session:
        session.add(a, b)
        session.flush()
        for customer, points in ((a, 5), (b, 7)):
            account = Account(customer_id=customer.id, points=points)
            session.add(account, Entry(account_id=account.id, points=points))
    return a, b


def test_plugins_unite_their_own_records_and_an_undo_takes_it_back(crm: Crm, club: Club) -> None:
    a, b = two(crm)
    with crm.session() as session:
        plan = preview(session, a.id, b.id)
        assert {(u.entity, u.field): (u.count, u.united) for u in plan.references} == {
            ("club_account", "customer_id"): (1, 1),
            ("club_entry", "account_id"): (1, 0),
        }
        journal = merge(session, plan)
    with crm.session(reads=True) as session:
        [account] = session.list(Account)
        assert (account.customer_id, account.points) == (a.id, 12)
        assert [(e.account_id, e.points) for e in session.list(Entry)] == [(account.id, points) for points in (5, 7, 7)]
    with crm.session() as session:
        assert undo(session, journal.id).left == ()
    with crm.session(reads=True) as session:
        assert {(x.customer_id, x.points) for x in session.list(Account)} == {(a.id, 5), (b.id, 7)}
        assert sorted(e.points for e in session.list(Entry)) == [5, 7]
    assert [(call.entity, call.undone, [(m.kept_id, m.lost_id) for m in call.merges]) for call in club.heard] == [
        ("customer", False, [(a.id, b.id)]),
        ("customer", True, [(a.id, b.id)]),
    ]
    assert club.heard[0].merges[0].journal_id == journal.id
    assert (club.asked[0].size, club.heard[0].size) == (3, 1)


def test_a_plugin_refuses_with_its_reason(crm: Crm) -> None:
    a, b = two(crm, "Mallory")
    with crm.session() as session:
        plan = preview(session, a.id, b.id)
        assert [str(reason) for reason in plan.blocked] == ["refused by club: Mallory is under investigation"]
        with pytest.raises(Refused, match="under investigation"):
            merge(session, plan)


def test_a_plugin_that_fails_stops_the_merge(crm: Crm) -> None:
    a, b = two(crm, "Broken")
    with (
        pytest.raises(PluginError, match="club failed in hook derive_merge: RuntimeError: no idea"),
        crm.session() as session,
    ):
        merge(session, preview(session, a.id, b.id))
    with crm.session(reads=True) as session:
        assert session.count(Customer) == 2
        assert session.count(Account) == 2


def test_what_must_be_kept_twice_and_cannot_blocks(crm: Crm) -> None:
    a, b = two(crm)
    with crm.session() as session:
        session.add(Card(customer_id=a.id), Card(customer_id=b.id))
    with crm.session(reads=True) as session:
        assert [str(reason) for reason in preview(session, a.id, b.id).blocked] == [
            "both have one of Club cards with the same customer_id, and both must be kept"
        ]


def test_references_in_custom_fields_follow(crm: Crm) -> None:
    from crmkit.core.product import Product

    a, b = two(crm)
    with crm.session() as session:
        made = Product(sku="P-1", name="Pump", custom={"maker_id": b.id})
        session.add(made, Product(sku="P-2", name="Hose", custom={"maker_id": a.id}))
    with crm.session() as session:
        journal = merge(session, preview(session, a.id, b.id))
    with crm.session() as session:
        assert session.get(Product, made.id).custom["maker_id"] == a.id
        undo(session, journal.id)
    with crm.session(reads=True) as session:
        assert session.get(Product, made.id).custom["maker_id"] == b.id


# -- every reference says what becomes of it ------------------------------------------------------------------------


def test_every_reference_to_a_customer_has_policies() -> None:
    registry = EntityRegistry(CORE_ENTITIES)
    assert [
        f"{info.name}.{field.name}"
        for info, field in registry.references_to("customer")
        if not (field.merge and field.erase)
    ] == []


@pytest.mark.parametrize(
    "options", [{}, {"merge": "repoint"}, {"erase": "delete"}, {"merge": "vanish", "erase": "delete"}]
)
def test_a_reference_without_policies_is_refused_at_start_up(options: dict[str, Any]) -> None:
    @entity("club_ticket", access=Via("customer_id"), title="customer_id")
    class Ticket(Part):
        """Lacks a policy."""

        customer_id: UUID = field(reference="customer", **options)

    with pytest.raises(
        ConfigError, match=r"club_ticket\.customer_id refers to a customer, so it must say what becomes"
    ):
        EntityRegistry((*CORE_ENTITIES, Ticket))


def test_custom_fields_and_configured_entities_follow_unless_they_say_otherwise() -> None:
    plain = CustomField(entity="product", name="maker_id", type="id", reference="customer")
    told = CustomField(
        entity="product", name="buyer_id", type="id", reference="customer", merge="block", erase="tombstone"
    )
    registry = EntityRegistry(CORE_ENTITIES, (plain, told))
    product = registry.get("product")
    assert (policy_of(product.field("maker_id")), product.field("maker_id").erase) == ("repoint", "clear")
    assert (policy_of(product.field("buyer_id")), product.field("buyer_id").erase) == ("block", "tombstone")
