"""A user bound to an organization sees what is the organization's own and nothing else, whatever roles say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs
import pytest

from crmkit.core.access import Actor, Scope
from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, NotFound
from crmkit.core.identity import ExternalIdentity
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.journal import MergeJournal
from crmkit.core.product import Product
from crmkit.core.staff import RecordShare, User
from crmkit.core.values.clock import FixedClock
from crmkit.services.auditing.log import require_auditor
from crmkit.store.session import Session
from tests.store.staff import Staff

ALL = ("*", "*", "all")


@attrs.frozen
class Dealing:
    """Dealer A with two users and some records, dealer B with one, and head office."""

    staff: Staff
    dealer: Customer
    users: dict[str, User]
    customers: dict[str, Customer]

    def actor(self, login: str, *grants: tuple[str, ...]) -> Actor:
        return attrs.evolve(self.staff, users={**self.staff.users, **self.users}).actor(login, *grants)


@pytest.fixture
def dealing(staff: Staff, clock: FixedClock) -> Dealing:
    crm = staff.crm
    a, b = (Customer(name=f"Dealer {name}", kind="organization") for name in "AB")
    users = {
        login: User(login=login, name=login, customer_id=firm.id, team_id=staff.teams["North"].id)
        for login, firm in (("ada", a), ("abe", a), ("bob", b))
    }
    owners = {"of ada": users["ada"], "of abe": users["abe"], "of bob": users["bob"], "of anna": staff.users["anna"]}
    made = {
        name: Customer(name=name, kind="organization", owner_id=user.id, team_id=user.team_id)
        for name, user in owners.items()
    }
    names = ("served", "served before", "served later", "supplied by", "nobody's")
    made |= {name: Customer(name=name, kind="organization") for name in names}
    day = clock.now().date()

    def serves(name: str, **dates: Any) -> CustomerRelation:
        return CustomerRelation(from_id=a.id, to_id=made[name].id, type="dealer_of", **dates)

    with crm.session() as s:
        s.add(a, b, *users.values(), *made.values())
        s.add(
            serves("served", valid_from=day, valid_until=day),
            serves("served before", valid_until=day - timedelta(days=1)),
            serves("served later", valid_from=day + timedelta(days=1)),
            CustomerRelation(from_id=a.id, to_id=made["supplied by"].id, type="supplier_of"),
        )
        s.add(*[ContactPoint(customer_id=c.id, kind="url", value="https://x.example") for c in made.values()])
        s.add(
            *[ExternalIdentity(system="erp", external_id=n, entity="customer", record_id=c.id) for n, c in made.items()]
        )
        s.add(Product(sku="1", name="Pump"))
    return Dealing(staff, a, users, made)


def names(session: Session) -> set[str]:
    return {customer.name for customer in session.list(Customer)}


@pytest.mark.parametrize("scope", ["team", "subtree", "all"])
def test_every_wider_scope_ends_at_the_organization(dealing: Dealing, scope: str) -> None:
    with dealing.staff.crm.session(dealing.actor("ada", ("*", "read", scope)), reads=True) as s:
        assert names(s) == {"Dealer A", "of ada", "of abe", "served"}
        assert s.count(ContactPoint) == 3
        assert {one.external_id for one in s.list(ExternalIdentity)} == {"of ada", "of abe", "served"}
        assert s.count(Product) == 0


def test_own_is_what_the_user_owns(dealing: Dealing) -> None:
    with dealing.staff.crm.session(dealing.actor("ada", ("*", "read", "own")), reads=True) as s:
        assert names(s) == {"of ada"}


def test_whoever_is_bound_to_no_organization_is_not_concerned(dealing: Dealing) -> None:
    with dealing.staff.crm.session(dealing.actor("anna", ALL), reads=True) as s:
        assert len(names(s)) == len(dealing.customers) + 2


def test_interactions_are_those_with_its_customers(dealing: Dealing, clock: FixedClock) -> None:
    crm = dealing.staff.crm
    calls = {name: Interaction(kind="call", subject=name, occurred_at=clock.now()) for name in ("served", "of bob")}
    with crm.session() as s:
        s.add(*calls.values())
        s.add(
            *[
                InteractionParticipant(interaction_id=calls[name].id, customer_id=dealing.customers[name].id)
                for name in calls
            ]
        )
    with crm.session(dealing.actor("ada", ALL), reads=True) as s:
        assert [call.subject for call in s.list(Interaction)] == ["served"]


def test_what_is_shared_with_it_is_seen_beside(dealing: Dealing) -> None:
    pump = dealing.staff.crm
    with pump.session() as s:
        (product,) = s.list(Product)
        s.add(RecordShare(entity="product", record_id=product.id, user_id=dealing.users["ada"].id, reason="catalogue"))
    with pump.session(dealing.actor("ada", ("customer", "read", "all")), reads=True) as s:
        assert s.count(Product) == 1


def test_the_tie_counts_as_of_today(dealing: Dealing, clock: FixedClock) -> None:
    with dealing.staff.crm.session(dealing.actor("ada", ALL), reads=True) as s:
        assert "served later" not in names(s)
        clock.advance(days=1)
        assert {"served", "served later"} & names(s) == {"served later"}


def test_leaving_the_organization_counts_at_once(dealing: Dealing) -> None:
    crm = dealing.staff.crm
    with crm.session(dealing.actor("ada", ALL), reads=True) as open_:
        assert "of anna" not in names(open_)
        with crm.session() as s:
            s.update(change(s.get(User, dealing.users["ada"].id), customer_id=None))
        assert "of anna" in names(open_)


Deed = Callable[[Session, Customer], Any]


def may(dealing: Dealing, actor: Actor, deed: Deed, name: str) -> bool:
    with dealing.staff.crm.session(actor) as s:
        try:
            deed(s, dealing.customers[name])
            s.flush()
        except (AccessDenied, NotFound):
            return False
        finally:
            s.rollback()
    return True


def test_it_deletes_by_a_right_alone_that_names_it(dealing: Dealing) -> None:
    def delete(s: Session, customer: Customer) -> None:
        s.delete(s.get(Customer, customer.id))

    assert not may(dealing, dealing.actor("ada", ALL), delete, "of ada")
    assert not may(dealing, dealing.actor("ada", ALL, ("customer", "*", "own")), delete, "of ada")
    assert may(dealing, dealing.actor("ada", ALL, ("customer", "delete", "own")), delete, "of ada")
    assert not may(dealing, dealing.actor("ada", ALL, ("customer", "delete", "own")), delete, "of abe")
    assert may(dealing, dealing.actor("ada", ALL, ("*", "delete", "all")), delete, "of abe")
    assert may(dealing, dealing.actor("anna", ALL), delete, "of abe")


def test_it_exports_and_works_in_bulk_by_rights_alone_that_name_them(dealing: Dealing) -> None:
    actor = dealing.actor
    for right in ("export", "bulk"):
        granted = [
            actor("ada", *grants).granted("customer", right) is not Scope.NONE
            for grants in ((ALL,), (ALL, ("customer", right, "own")), (ALL, ("*", right, "all")))
        ]
        assert granted == [False, True, True]
        assert actor("anna", ALL).granted("customer", right) is Scope.ALL


def test_nobody_makes_records_of_the_whole_house_with_less_than_every_right(dealing: Dealing) -> None:
    mapping = {"kept_id": dealing.customers["of ada"].id, "lost_id": dealing.customers["of abe"].id}
    for login in ("ada", "anna"):
        actor = dealing.actor(login, ("*", "*", "subtree"))
        with pytest.raises(AccessDenied), dealing.staff.crm.session(actor) as s:
            s.add(MergeJournal(entity="customer", **mapping))


def test_it_writes_within_the_organization(dealing: Dealing) -> None:
    actor = dealing.actor("ada", ALL)

    def renames(s: Session, customer: Customer) -> None:
        s.update(change(customer, name="renamed"))

    def makes(owner: User) -> Deed:
        return lambda s, _: s.add(Customer(name="new", kind="organization", owner_id=owner.id))

    assert [may(dealing, actor, renames, name) for name in ("of ada", "of abe", "served", "of bob", "of anna")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    people = {**dealing.users, "anna": dealing.staff.users["anna"]}
    made = {login: may(dealing, actor, makes(user), "served") for login, user in people.items()}
    assert made == {"ada": True, "abe": True, "bob": False, "anna": False}


def test_it_is_no_auditor(dealing: Dealing) -> None:
    with pytest.raises(AccessDenied):
        require_auditor(dealing.actor("ada", ALL))
    require_auditor(dealing.actor("anna", ALL))
