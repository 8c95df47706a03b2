"""Why somebody may see or do something: every way is told, and it is told by what decides."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit.core.access import ACTIONS, Actor
from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.identity import ExternalIdentity
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import Role, RoleAssignment, Team, User
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.ids import new_id
from crmkit.services.access import Explanation, delegate, share, why
from tests.store.staff import PEOPLE, Staff


def explained(staff: Staff, actor: Actor, record: object, action: str = "read") -> Explanation:
    with staff.crm.session(reads=True) as s:
        return why(s, record, action, actor)  # type: ignore[arg-type]


def told(explanation: Explanation) -> list[tuple[str, str, str, str]]:
    return [(one.kind, one.role, one.scope, str(one.text)) for one in explanation.reasons]


def roles(staff: Staff, login: str, **grants: tuple[str, str, str]) -> Actor:
    made = [
        Role(name=name, grants=({"entity": entity, "action": action, "scope": scope},))
        for name, (entity, action, scope) in grants.items()
    ]
    with staff.crm.session() as s:
        s.add(*made, *[RoleAssignment(user_id=staff.users[login].id, role_id=role.id) for role in made])
    return staff.crm.actor(login)


@pytest.fixture
def acme(staff: Staff) -> Customer:
    cleo = staff.users["cleo"]
    made = Customer(name="Acme", kind="organization", owner_id=cleo.id, team_id=cleo.team_id)
    with staff.crm.session() as s:
        s.add(made)
    return made


def test_it_names_the_role_the_scope_and_the_way(staff: Staff, acme: Customer) -> None:
    cleo = roles(staff, "cleo", seller=("customer", "read", "own"))
    assert told(explained(staff, cleo, acme)) == [("owner", "seller", "own", "cleo owns the record")]
    anna = roles(staff, "anna", manager=("*", "read", "subtree"), other=("customer", "*", "own"))
    assert told(explained(staff, anna, acme)) == [
        ("subtree", "manager", "subtree", "the record belongs to North > North East, which is below the team of anna")
    ]
    dora = roles(staff, "dora", chief=("*", "*", "all"))
    assert told(explained(staff, dora, acme)) == [("all", "chief", "all", "the right reaches every customer")]
    mate = Team(name="West")
    with staff.crm.session() as s:
        s.add(mate)
        s.update(change(s.get(User, staff.users["ben"].id), team_id=mate.id))
        s.update(change(s.get(Customer, acme.id), team_id=mate.id))
    ben = roles(staff, "ben", team=("customer", "read", "team"))
    assert told(explained(staff, ben, acme)) == [
        ("team", "team", "team", "the record belongs to the team of ben, West")
    ]
    assert told(explained(staff, staff.crm.system, acme)) == [("system", "", "", "the system may do everything")]


def test_it_tells_of_every_way(staff: Staff, acme: Customer, clock: FixedClock) -> None:
    cleo = roles(staff, "cleo", seller=("customer", "read", "own"), reader=("customer", "read", "team"))
    with staff.crm.session() as s:
        share(s, acme, staff.users["cleo"], reason="as well", expires_at=clock.now() + timedelta(days=1))
    kinds = [(one.kind, one.role) for one in explained(staff, cleo, acme).reasons]
    assert kinds == [("owner", "reader"), ("team", "reader"), ("owner", "seller"), ("share", "")]


def test_it_says_what_does_not_reach(staff: Staff, acme: Customer) -> None:
    ben = roles(staff, "ben", seller=("customer", "read", "own"))
    found = explained(staff, ben, acme)
    assert (found.allowed, found.reasons) == (False, ())
    assert [str(one) for one in found.against] == [
        "role seller gives read on customer within own, which does not reach the record",
        "cleo owns the record",
    ]
    assert [str(one) for one in explained(staff, ben, acme, "delete").against] == [
        "no role gives delete on customer",
        "cleo owns the record",
    ]


def test_it_tells_of_shares_and_of_those_that_ended(staff: Staff, acme: Customer, clock: FixedClock) -> None:
    ben = roles(staff, "ben", seller=("customer", "read", "own"))
    with staff.crm.session(staff.actor("cleo", ("*", "*", "all"))) as s:
        share(s, acme, staff.users["ben"], reason="holiday", expires_at=clock.now() + timedelta(days=1))
    until = (clock.now() + timedelta(days=1)).isoformat()
    assert told(explained(staff, ben, acme)) == [
        ("share", "", "", f"cleo shared it with ben (read), until {until}: holiday")
    ]
    assert not explained(staff, ben, acme, "update").allowed
    clock.advance(days=1)
    assert f"what was shared ended on {until}" in [str(one) for one in explained(staff, ben, acme).against]
    with staff.crm.session() as s:
        share(s, acme, staff.teams["North"], action="update", reason="together")
    assert told(explained(staff, ben, acme, "update")) == [
        ("share", "", "", "the system shared it with North (update), until further notice: together")
    ]


def test_it_follows_what_parts_belong_to(staff: Staff, acme: Customer, clock: FixedClock) -> None:
    cleo = roles(staff, "cleo", seller=("*", "read", "own"))
    call = Interaction(kind="call", occurred_at=clock.now())
    point = ContactPoint(customer_id=acme.id, kind="url", value="https://acme.example")
    number = ExternalIdentity(system="erp", external_id="1", entity="customer", record_id=acme.id)
    part = InteractionParticipant(interaction_id=call.id, customer_id=acme.id)
    with staff.crm.session() as s:
        s.add(call, point, number, part)
    ways = {"contact_point": point, "external_identity": number, "interaction": call}
    kinds = {"contact_point": "whole", "external_identity": "record", "interaction": "link"}
    for name, record in ways.items():
        (reason,) = explained(staff, cleo, record).reasons
        assert (reason.kind, str(reason.text)) == (kinds[name], "it belongs to a record of customer that cleo reaches")
        assert reason.through is not None
        assert (reason.through.record_id, reason.through.reasons[0].kind) == (acme.id, "owner")
    (reason,) = explained(staff, cleo, part).reasons
    assert reason.through is not None
    assert reason.through.entity == "interaction"
    assert reason.through.reasons[0].through is not None
    assert reason.through.reasons[0].through.record_id == acme.id


def test_it_tells_of_privacy_organizations_and_delegation(staff: Staff, acme: Customer, clock: FixedClock) -> None:
    crm = staff.crm
    note = Interaction(kind="note", occurred_at=clock.now(), owner_id=staff.users["dora"].id, visibility="private")
    firm = Customer(name="Dealer", kind="organization")
    ada = User(login="ada", name="Ada", customer_id=firm.id)
    with crm.session() as s:
        s.add(note, firm, ada, CustomerRelation(from_id=firm.id, to_id=acme.id, type="dealer_of"))
        delegate(s, staff.users["cleo"], staff.users["ben"], until=clock.now() + timedelta(days=1))
    staff.users["ada"] = ada
    chief = roles(staff, "anna", chief=("*", "*", "all"))
    assert "it is private to its owner, its author and those who took part" in map(
        str, explained(staff, chief, note).against
    )
    dealer = roles(staff, "ada", seller=("customer", "*", "all"))
    assert told(explained(staff, dealer, acme)) == [
        ("dealer", "seller", "all", "the organization that ada belongs to is the dealer of the customer")
    ]
    assert "users of an organization have delete only by a right that names it" in map(
        str, explained(staff, dealer, acme, "delete").against
    )
    roles(staff, "cleo", owner=("customer", "read", "own"))
    found = explained(staff, crm.actor("ben", "cleo"), acme)
    assert (found.user, found.on_behalf_of, found.allowed) == ("ben", "cleo", True)
    assert told(found) == [("owner", "owner", "own", "cleo owns the record")]


def test_it_lists_hidden_fields(staff: Staff, acme: Customer) -> None:
    actor = staff.actor("ben", ("customer", "read", "all", "-description"))
    assert explained(staff, actor, acme).hidden == ("description", "marina_blood_group")


def test_whoever_asks_learns_nothing_of_what_he_does_not_see(staff: Staff, acme: Customer) -> None:
    ben = roles(staff, "ben", seller=("customer", "read", "own"))
    with staff.crm.session(ben, reads=True) as s:
        there, nowhere = why(s, acme), why(s, ("customer", new_id()))
        assert there.against == nowhere.against
        assert not there.allowed
        with pytest.raises(AccessDenied, match="ben may not ask about others"):
            why(s, acme, actor=staff.crm.actor("cleo"))
    chief = roles(staff, "anna", chief=("*", "*", "all"))
    with staff.crm.session(chief, reads=True) as s:
        assert why(s, acme, actor=staff.crm.actor("ben")).against[-1:] != there.against[-1:]
        with pytest.raises(BadInput, match="no action raed; did you mean read"):
            why(s, acme, "raed")


@pytest.mark.parametrize("scope", ["own", "team", "subtree", "all"])
def test_reasons_are_given_exactly_where_there_is_a_right(staff: Staff, scope: str) -> None:
    crm = staff.crm
    made = {
        login: Customer(name=login, kind="organization", owner_id=user.id, team_id=user.team_id)
        for login, user in staff.users.items()
    }
    points = {login: ContactPoint(customer_id=c.id, kind="url", value="https://x.example") for login, c in made.items()}
    with crm.session() as s:
        s.add(*made.values(), *points.values())
        share(s, made["dora"], staff.users["anna"], action="update")
    anna = staff.actor("anna", ("*", "read", scope), ("customer", "update", "own"), ("contact_point", "*", scope))
    for login in PEOPLE:
        for record in (made[login], points[login]):
            for action in ACTIONS:
                found = explained(staff, anna, record, action)
                assert bool(found.reasons) == found.allowed, (login, action)
                assert bool(found.against) != found.allowed, (login, action)
                if action == "read":
                    with crm.session(anna, reads=True) as s:
                        assert found.allowed == bool(s.count(type(record), id=record.id))
