"""A deputy acts on behalf of a user: for a time, with no more than that user's rights, and on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput, NotFound, Refused
from crmkit.core.interaction import Interaction
from crmkit.core.journal import AuditEntry
from crmkit.core.product import Product
from crmkit.core.staff import Delegation, User
from crmkit.core.values.clock import FixedClock
from crmkit.services.access import delegate, delegations, end
from crmkit.services.history import changes
from tests.store.staff import Staff

DAY = timedelta(days=1)


@attrs.frozen
class Office:
    """Anna goes on holiday; Ben, who may do nothing himself, is to act for her."""

    staff: Staff
    acme: Customer
    bolt: Customer

    def user(self, login: str) -> User:
        return self.staff.users[login]

    def delegates(self, user: str, deputy: str, *, days: int = 1, **details: Any) -> Delegation:
        clock = self.staff.crm.clock
        with self.staff.crm.session() as s:
            return delegate(s, self.user(user), self.user(deputy), until=clock.now() + days * DAY, **details)

    def names(self, login: str, on_behalf_of: str) -> set[str]:
        with self.staff.crm.session(self.staff.crm.actor(login, on_behalf_of), reads=True) as s:
            return {customer.name for customer in s.list(Customer)}


@pytest.fixture
def office(staff: Staff) -> Office:
    anna, dora = staff.users["anna"], staff.users["dora"]
    acme = Customer(name="Acme", kind="organization", owner_id=anna.id, team_id=anna.team_id)
    bolt = Customer(name="Bolt", kind="organization", owner_id=anna.id)
    hers = Customer(name="Hers", kind="organization", owner_id=dora.id)
    with staff.crm.session() as s:
        s.add(acme, bolt, hers, Product(sku="1", name="Pump", owner_id=anna.id))
        s.add(ContactPoint(customer_id=acme.id, kind="url", value="https://acme.example"))
    staff.actor("anna", ("*", "read", "own"), ("customer", "update", "own"), ("customer", "create", "own"))
    staff.actor("ben")
    staff.actor("cleo", ("*", "*", "all"))
    return Office(staff, acme, bolt)


def test_a_deputy_has_the_rights_of_the_user_and_no_others(office: Office) -> None:
    office.delegates("anna", "cleo")
    crm = office.staff.crm
    with crm.session(crm.actor("cleo", "anna")) as s:
        assert {customer.name for customer in s.list(Customer)} == {"Acme", "Bolt"}
        s.delete(s.get(Customer, office.acme.id))
        # Cleo's own right to delete does not count.
        with pytest.raises(AccessDenied, match="cleo may not delete customer"):
            s.flush()
        s.rollback()
    with crm.session(crm.actor("cleo"), reads=True) as s:
        assert s.count(Customer) == 3


def test_nobody_acts_for_others_without_a_delegation(office: Office) -> None:
    crm = office.staff.crm
    with pytest.raises(AccessDenied, match="ben does not act for anna at present"):
        crm.actor("ben", "anna")
    office.delegates("anna", "ben")
    with pytest.raises(AccessDenied, match="anna does not act for ben at present"):
        crm.actor("anna", "ben")
    with pytest.raises(NotFound, match="no active user nobody"):
        crm.actor("ben", "nobody")
    assert crm.actor("anna", "anna").deputy_id is None


def test_what_a_deputy_does_is_on_record_as_done_on_behalf(office: Office) -> None:
    office.delegates("anna", "ben")
    crm = office.staff.crm
    made = Customer(name="New", kind="organization")
    with crm.session(crm.actor("ben", "anna")) as s:
        s.update(change(s.get(Customer, office.acme.id), industry="Ships"))
        s.add(made)
    anna, ben = office.user("anna").id, office.user("ben").id
    with crm.session(reads=True) as s:
        newest = changes(s, Customer, office.acme.id)[0]
        assert (newest.who, newest.on_behalf) == ("ben", "anna")
        (entry,) = s.list(AuditEntry, record_id=made.id)
        assert (entry.actor_id, entry.on_behalf_id) == (ben, anna)
        stored = s.get(Customer, made.id)
        assert (stored.owner_id, stored.created_by) == (anna, ben)


def test_it_begins_and_ends_by_itself(office: Office, clock: FixedClock) -> None:
    crm = office.staff.crm
    office.delegates("anna", "ben", since=clock.now() + DAY, days=2)
    with pytest.raises(AccessDenied, match="does not act for anna at present"):
        crm.actor("ben", "anna")
    clock.advance(days=1)
    with crm.session(crm.actor("ben", "anna"), reads=True) as s:
        assert s.count(Customer) == 2
        clock.advance(days=1)
        for _ in range(2):
            with pytest.raises(AccessDenied, match="ben does not act for anna at present"):
                s.count(Customer)
    with pytest.raises(AccessDenied):
        crm.actor("ben", "anna")


def test_ending_it_counts_at_once(office: Office) -> None:
    made = office.delegates("anna", "ben")
    crm = office.staff.crm
    with crm.session(crm.actor("ben", "anna"), reads=True) as open_:
        assert open_.count(Customer) == 2
        with crm.session() as s:
            end(s, s.get(Delegation, made.id))
        with pytest.raises(AccessDenied, match="does not act"):
            open_.count(Customer)


def test_what_the_user_loses_the_deputy_loses(office: Office) -> None:
    office.delegates("anna", "ben")
    crm = office.staff.crm
    with crm.session(crm.actor("ben", "anna"), reads=True) as open_:
        assert open_.count(Customer) == 2
        office.staff.actor("anna", ("product", "read", "own"))
        assert (open_.count(Customer), open_.count(Product)) == (0, 1)
        for login in ("ben", "anna"):
            with crm.session() as s:
                s.update(change(s.get(User, office.user(login).id), state="frozen"))
            with pytest.raises(AccessDenied, match=f"{login} is not active any more"):
                open_.count(Product)
            with crm.session() as s:
                s.update(change(s.get(User, office.user(login).id), state="active"))
        assert open_.count(Product) == 1


def test_it_may_be_about_one_entity_or_record(office: Office) -> None:
    crm = office.staff.crm
    office.delegates("anna", "ben", record=office.acme)
    with crm.session(crm.actor("ben", "anna")) as s:
        assert [customer.name for customer in s.list(Customer)] == ["Acme"]
        assert (s.count(ContactPoint), s.count(Product)) == (1, 0)
        s.update(change(s.get(Customer, office.acme.id), industry="Ships"))
        s.flush()
        s.add(Customer(name="New", kind="organization"))
        with pytest.raises(AccessDenied, match="ben may not create customer"):
            s.flush()
        s.rollback()
    office.delegates("anna", "ben", entity="product")
    with crm.session(crm.actor("ben", "anna"), reads=True) as s:
        assert (s.count(Customer), s.count(Product)) == (1, 1)
    office.delegates("anna", "ben", entity="customer")
    with crm.session(crm.actor("ben", "anna")) as s:
        assert (s.count(Customer), s.count(Product)) == (2, 1)
        s.add(Customer(name="New", kind="organization"))


def test_a_limit_holds_for_whoever_may_see_everything(office: Office) -> None:
    crm = office.staff.crm
    office.delegates("cleo", "ben", record=office.acme)
    with crm.session(crm.actor("ben", "cleo"), reads=True) as s:
        assert [customer.name for customer in s.list(Customer)] == ["Acme"]
        assert (s.count(ContactPoint), s.count(Product), s.count(User), s.count(AuditEntry)) == (1, 0, 0, 0)


def test_it_is_passed_on_only_where_it_says_so(office: Office) -> None:
    crm = office.staff.crm
    first = office.delegates("anna", "ben", days=3)
    office.delegates("ben", "dora", days=2)
    with pytest.raises(AccessDenied, match="dora does not act for anna"):
        crm.actor("dora", "anna")
    with crm.session() as s:
        s.update(change(s.get(Delegation, first.id), passes_on=True))
    actor = crm.actor("dora", "anna")
    assert actor.until == crm.clock.now() + 2 * DAY
    assert office.names("dora", "anna") == {"Acme", "Bolt"}
    with crm.session() as s:
        s.update(change(s.get(User, office.user("ben").id), state="departed"))
    with pytest.raises(AccessDenied, match="dora does not act for anna"):
        crm.actor("dora", "anna")


def test_a_chain_passes_on_what_all_its_links_have(office: Office) -> None:
    office.delegates("anna", "ben", entity="customer", passes_on=True)
    office.delegates("ben", "dora", record=office.bolt)
    assert office.names("dora", "anna") == {"Bolt"}
    office.delegates("anna", "cleo", entity="product", passes_on=True)
    office.delegates("cleo", "dora", entity="customer")
    assert office.names("dora", "anna") == {"Bolt"}


def test_a_circle_of_delegations_ends(office: Office) -> None:
    for user, deputy in (("anna", "ben"), ("ben", "anna"), ("ben", "ben2")):
        if deputy in office.staff.users:
            office.delegates(user, deputy, passes_on=True)
    with pytest.raises(AccessDenied, match="dora does not act for anna"):
        office.staff.crm.actor("dora", "anna")


def test_users_delegate_their_own_rights_alone_and_deputies_none(office: Office, clock: FixedClock) -> None:
    crm, staff = office.staff.crm, office.staff
    rights = (("delegation", "create", "own"), ("delegation", "read", "own"), ("user", "read", "all"))
    until = clock.now() + DAY
    with crm.session(staff.actor("anna", *rights, ("delegation", "update", "own"))) as s:
        made = delegate(s, office.user("anna"), office.user("ben"), until=until)
        s.flush()
        s.update(change(s.get(Delegation, made.id), ends_at=until + DAY))
        s.flush()
        s.update(change(s.get(Delegation, made.id), user_id=office.user("cleo").id))
        with pytest.raises(AccessDenied, match="anna may not delegate user"):
            s.flush()
        s.rollback()
        delegate(s, office.user("cleo"), office.user("anna"), until=until)
        with pytest.raises(AccessDenied):
            s.flush()
        s.rollback()
        delegate(s, office.user("anna"), office.user("ben"), until=until)
    with crm.session(crm.actor("ben", "anna")) as s:
        delegate(s, office.user("anna"), office.user("dora"), until=until)
        with pytest.raises(AccessDenied, match="ben may not delegate user"):
            s.flush()
        s.rollback()


def test_a_delegation_that_makes_no_sense_is_refused(office: Office, clock: FixedClock) -> None:
    crm, anna, ben = office.staff.crm, office.user("anna"), office.user("ben")
    now = clock.now()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"deputy_id": anna.id}, "nobody is his own deputy"),
        ({"starts_at": now + 2 * DAY}, "ends after it starts"),
        ({"entity": "custmer"}, "no entity custmer; did you mean customer"),
        ({"record_id": office.acme.id}, "name the entity"),
    ]
    for values, problem in wrong:
        given = {"user_id": anna.id, "deputy_id": ben.id, "starts_at": now, "ends_at": now + DAY, **values}
        with crm.session() as s:
            s.add(Delegation(**given))
            with pytest.raises(Refused, match=problem):
                s.flush()
            s.rollback()
    with crm.session() as s, pytest.raises(BadInput, match="expected a moment to come"):
        delegate(s, anna, ben, until=now)


def test_private_interactions_are_not_for_deputies(office: Office, clock: FixedClock) -> None:
    crm, anna = office.staff.crm, office.user("anna")
    with crm.session() as s:
        s.add(Interaction(kind="note", occurred_at=clock.now(), owner_id=anna.id, visibility="private"))
    office.delegates("anna", "ben")
    for login, expected in (("anna", 1), ("ben", 0)):
        with crm.session(crm.actor(login, "anna"), reads=True) as s:
            assert s.count(Interaction) == expected


def test_delegations_are_listed(office: Office, clock: FixedClock) -> None:
    office.delegates("anna", "ben", days=1)
    office.delegates("cleo", "anna", days=2)
    office.delegates("cleo", "dora", days=2)
    with office.staff.crm.session(reads=True) as s:
        assert len(delegations(s)) == 3
        assert len(delegations(s, office.user("anna"))) == 2
        clock.advance(days=1)
        assert [one.user_id for one in delegations(s, office.user("anna"))] == [office.user("cleo").id]
        assert len(delegations(s, office.user("anna"), ended=True)) == 2
