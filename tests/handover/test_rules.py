"""Who gets what: filters, several heirs, teams, values, what is closed, and what belongs together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crmkit.core.customer import Customer, CustomerRelation
from crmkit.core.entity import Record, change, entity, field
from crmkit.core.errors import BadInput
from crmkit.core.grouping import Segment
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.product import Asset
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.services.handover import HandOverPlan, HandOverRule, HandOverRules, preview, rules_from_toml, run, undo
from crmkit.services.handover.rules import plain_rules, read_rules
from tests.conftest import OpenCrm
from tests.handover.conftest import add_customers, owners
from tests.store.staff import Staff, make_staff

AT = datetime(2024, 1, 1, tzinfo=UTC)


def planned(staff: Staff, *rules: HandOverRule, rest: tuple[str, ...] = (), **more: Any) -> HandOverPlan:
    with staff.crm.session(reads=True) as session:
        user = session.get(User, staff.users["anna"].id)
        return preview(session, user, HandOverRules(rules=rules, **more).with_rest(*rest), values_of_names)


def values_of_names(session: Any) -> dict[UUID, Decimal]:
    """Customers are worth the number behind their name."""
    return {c.id: Decimal(c.name.split()[-1]) for c in session.list(Customer)}


def heirs(plan: HandOverPlan) -> dict[str, set[str]]:
    """Return the names of the customers that each heir gets."""
    with_names = {user.id: user.login for user in {share.heir for share in plan.shares}}
    found: dict[str, set[str]] = {}
    for item in plan.items.customers.values():
        if item.heir_id is not None:
            found.setdefault(with_names[item.heir_id], set()).add(str(item.id))
    return found


def counts(plan: HandOverPlan) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for share in plan.shares:
        found.setdefault(share.heir.login, {})[share.entity] = share.count
    return found


def test_the_first_rule_that_takes_a_customer_decides(staff: Staff) -> None:
    german, retail = add_customers(staff, "anna", 1, country="DE", industry="Retail")[0], None
    (retail,) = add_customers(staff, "anna", 1, industry="Retail")
    (other,) = add_customers(staff, "anna", 1)
    plan = planned(
        staff,
        HandOverRule(to=("ben",), filter="country = DE"),
        HandOverRule(to=("cleo",), filter="industry = Retail"),
        rest=("dora",),
    )
    assert heirs(plan) == {"ben": {str(german.id)}, "cleo": {str(retail.id)}, "dora": {str(other.id)}}
    assert plan.allowed


def test_several_heirs_share_evenly_by_count(staff: Staff) -> None:
    add_customers(staff, "anna", 7)
    plan = planned(staff, rest=("ben", "cleo", "dora"))
    assert sorted(len(of_heir) for of_heir in heirs(plan).values()) == [2, 2, 3]


def test_several_heirs_share_evenly_by_value(staff: Staff) -> None:
    # Named anna 0 to anna 9, so worth 0 to 9: 45 together.
    add_customers(staff, "anna", 10)
    plan = planned(staff, HandOverRule(to=("ben", "cleo", "dora"), split="value"))
    assert sorted(plan.values.values()) == [14, 15, 16]
    assert sum(len(of_heir) for of_heir in heirs(plan).values()) == 10


def test_the_users_of_a_team_are_heirs_but_not_those_who_are_frozen(staff: Staff) -> None:
    add_customers(staff, "anna", 4)
    frozen = User(login="zoe", name="Zoe", team_id=staff.teams["North"].id, state="frozen")
    with staff.crm.session() as session:
        session.add(frozen, User(login="yan", name="Yan", team_id=staff.teams["North"].id))
    plan = planned(staff, rest=("team:North",))
    assert {login: len(some) for login, some in heirs(plan).items()} == {"ben": 2, "yan": 2}


def test_customers_go_by_the_team_that_they_belong_to(staff: Staff) -> None:
    (north,) = add_customers(staff, "anna", 1)
    (south,) = add_customers(staff, "anna", 1, team_id=staff.teams["South"].id)
    plan = planned(
        staff,
        HandOverRule(to=("team:South",), filter="team.name = South"),
        HandOverRule(to=("team:North",), filter="team.name = North"),
    )
    assert heirs(plan) == {"dora": {str(south.id)}, "ben": {str(north.id)}}


def test_a_customer_keeps_together_with_everything_of_it(staff: Staff) -> None:
    anna = staff.users["anna"]
    customers = add_customers(staff, "anna", 4)
    with staff.crm.session() as session:
        for customer in customers:
            for status in ("planned", "completed"):
                call = Interaction(kind="call", status=status, occurred_at=AT, owner_id=anna.id)
                session.add(call, InteractionParticipant(interaction_id=call.id, customer_id=customer.id))
            session.add(Asset(customer_id=customer.id, name="Pump", owner_id=anna.id))
    plan = planned(staff, rest=("ben", "cleo"))
    of_key: dict[UUID, set[Any]] = {}
    for item in plan.items:
        of_key.setdefault(item.key, set()).add(item.heir_id)
    assert of_key.keys() == {customer.id for customer in customers}
    assert all(len(found) == 1 for found in of_key.values())
    assert counts(plan) == {login: {"customer": 2, "asset": 2, "interaction": 4} for login in ("ben", "cleo")}


def test_people_go_with_the_organization_that_they_belong_to(staff: Staff, clock: FixedClock) -> None:
    anna = staff.users["anna"]
    firms = add_customers(staff, "anna", 2)
    foreign = add_customers(staff, "cleo", 1)
    people = {}
    with staff.crm.session() as session:
        for number, firm in enumerate([*firms, *firms, *foreign, firms[0]]):
            person = Customer(name=f"Person {number}", owner_id=anna.id)
            until = clock.now().date().replace(year=2025) if number == 5 else None
            employed = CustomerRelation(from_id=person.id, to_id=firm.id, type="employed_by", valid_until=until)
            session.add(person, employed, Asset(customer_id=person.id, name="Badge", owner_id=anna.id))
            people[person.id] = firm.id
    plan = planned(staff, HandOverRule(to=("dora",), filter="kind = person"), rest=("ben", "cleo"))
    given = {item.id: item.heir_id for item in plan.items.customers.values()}
    assert {given[firm.id] for firm in firms} == {staff.users["ben"].id, staff.users["cleo"].id}
    ids = list(people)
    assert all(given[person] == given[people[person]] for person in ids[:4])
    # Who works for a customer of somebody else, or no longer for one of these, goes by the rules for persons.
    assert {given[person] for person in ids[4:]} == {staff.users["dora"].id}
    assert all(item.heir_id is not None for item in plan.items)


def test_what_is_closed_may_go_elsewhere(staff: Staff) -> None:
    anna = staff.users["anna"]
    (customer,) = add_customers(staff, "anna", 1)
    with staff.crm.session() as session:
        for status in ("planned", "completed", "cancelled"):
            call = Interaction(kind="call", status=status, occurred_at=AT, owner_id=anna.id)
            session.add(call, InteractionParticipant(interaction_id=call.id, customer_id=customer.id))
    closed = HandOverRule(to=("dora",), entity="interaction", progress="closed")
    plan = planned(staff, closed, rest=("ben",))
    assert counts(plan) == {"ben": {"customer": 1, "interaction": 1}, "dora": {"interaction": 2}}
    assert {(share.heir.login, share.open, share.closed) for share in plan.shares if share.entity == "interaction"} == {
        ("ben", 1, 0),
        ("dora", 0, 2),
    }


def test_records_of_customers_of_others_go_to_their_owners(staff: Staff) -> None:
    anna, users = staff.users["anna"], staff.users
    (of_cleo,) = add_customers(staff, "cleo", 1)
    (of_nobody,) = add_customers(staff, "anna", 1, owner_id=None)
    with staff.crm.session() as session:
        for customer in (of_cleo, of_nobody):
            session.add(Asset(customer_id=customer.id, name="Pump", owner_id=anna.id))
    plan = planned(staff, HandOverRule(to=("@owner",), entity="asset"), rest=("ben",))
    assert counts(plan) == {"ben": {"asset": 1}, "cleo": {"asset": 1}}
    report = run(staff.crm, staff.crm.system, "anna", plan.rules)
    assert report.moved == {users["ben"].id: {"asset": 1}, users["cleo"].id: {"asset": 1}}


def test_rules_for_an_entity_take_what_belongs_to_no_customer(staff: Staff) -> None:
    anna = staff.users["anna"]
    with staff.crm.session() as session:
        session.add(*[Segment(name=name, owner_id=anna.id) for name in ("Fairs", "Dealers")])
    plan = planned(staff, HandOverRule(to=("cleo",), entity="segment", filter="name = Fairs"), rest=("ben",))
    assert counts(plan) == {"ben": {"segment": 1}, "cleo": {"segment": 1}}


@entity("ship_order", plugin="ship", unique=(("number",),), title="number")
class Order(Record):
    """A plugin's record of a customer; somebody else answers for its delivery."""

    number: str = field(max_length=20)
    customer_id: UUID = field(reference="customer", merge="repoint", erase="tombstone")
    driver_id: UUID | None = field(default=None, reference="user", handed_over=True)
    author_id: UUID | None = field(default=None, reference="user")


@entity("ship_parcel", plugin="ship", title="label")
class Parcel(Record):
    """It belongs to a customer by way of its order alone."""

    label: str = field(max_length=20)
    order_id: UUID = field(reference="ship_order")


class Ship:
    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Order, Parcel]


@pytest.fixture
def shipping(database_url: str, clock: FixedClock) -> Iterator[Staff]:
    with Crm.open(database_url, plugins=[Ship()], clock=clock) as crm:
        yield make_staff(crm)


def test_records_of_plugins_enrol_themselves(shipping: Staff) -> None:
    staff, crm = shipping, shipping.crm
    anna = staff.users["anna"]
    first, second = add_customers(staff, "anna", 2)
    made = []
    with crm.session() as session:
        for number, customer in enumerate((first, second)):
            order = Order(
                number=f"N{number}",
                customer_id=customer.id,
                owner_id=staff.users["dora"].id,
                driver_id=anna.id,
                author_id=anna.id,
            )
            parcel = Parcel(label=f"P{number}", order_id=order.id, owner_id=anna.id)
            session.add(order, parcel)
            made.append((customer, order, parcel))
    report = run(crm, crm.system, "anna", HandOverRules().with_rest("ben", "cleo"))
    with crm.session(reads=True) as session:
        for customer, order, parcel in made:
            heir = session.get(Customer, customer.id).owner_id
            assert session.get(Parcel, parcel.id).owner_id == heir
            stored = session.get(Order, order.id)
            assert (stored.driver_id, stored.owner_id, stored.author_id) == (heir, staff.users["dora"].id, anna.id)
        assert len({session.get(Customer, customer.id).owner_id for customer, _, _ in made}) == 2
    undo(crm, crm.system, report.handover.id)
    with crm.session(reads=True) as session:
        assert {order.driver_id for order in session.list(Order)} == {anna.id}
        assert {parcel.owner_id for parcel in session.list(Parcel)} == {anna.id}


# -- whom they report to ----------------------------------------------------------------------------------------------


def test_who_reports_to_the_departing_needs_a_superior(staff: Staff) -> None:
    users = staff.users
    with staff.crm.session() as session:
        for login in ("ben", "cleo"):
            session.update(change(session.get(User, users[login].id), reports_to_id=users["anna"].id))
    assert [str(reason) for reason in planned(staff, rest=("ben",)).blocked] == [
        "2 users report to anna: say to whom from now on"
    ]
    # Ben takes over from Anna: Cleo reports to him, he to nobody.
    plan = planned(staff, rest=("ben",), reports_to="ben")
    assert plan.superiors == {users["ben"].id: None, users["cleo"].id: users["ben"].id}
    run(staff.crm, staff.crm.system, "anna", plan.rules)
    with staff.crm.session(reads=True) as session:
        assert session.get(User, users["cleo"].id).reports_to_id == users["ben"].id


def test_a_superior_from_further_below_leads_in_no_circle(staff: Staff) -> None:
    users = staff.users
    above = {"anna": "dora", "ben": "anna", "cleo": "ben"}
    with staff.crm.session() as session:
        for login, superior in above.items():
            session.update(change(session.get(User, users[login].id), reports_to_id=users[superior].id))
    plan = planned(staff, rest=("ben",), reports_to="cleo")
    assert plan.superiors == {users["ben"].id: users["dora"].id}
    assert run(staff.crm, staff.crm.system, "anna", plan.rules).user.state == "departed"


# -- rules that cannot be followed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (HandOverRule(to=("bne",)), "no user bne; did you mean ben"),
        (HandOverRule(to=("anna",)), "anna hands over and cannot be an heir"),
        (HandOverRule(to=("zoe",)), "zoe is departed; an heir is an active user"),
        (HandOverRule(to=("team:Nort",)), "no team Nort; did you mean North"),
        (HandOverRule(to=("team:Empty",)), "team Empty has no active user who could be an heir"),
        (HandOverRule(to=("ben",), entity="costumer"), "nobody owns records of costumer; did you mean customer"),
        (HandOverRule(to=("ben",), entity="*", filter="country = DE"), "a filter is about one entity"),
        (HandOverRule(to=("ben",), filter="county = DE"), "county"),
        (HandOverRule(to=("@owner",)), "@owner stands alone, in a rule for what belongs to customers"),
        (HandOverRule(to=("@owner", "ben"), entity="asset"), "@owner stands alone"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join((*value.to, value.entity)),
)
def test_rules_that_cannot_be_followed_are_refused(staff: Staff, rule: HandOverRule, said: str) -> None:
    from crmkit.core.staff import Team

    with staff.crm.session() as session:
        session.add(User(login="zoe", name="Zoe", state="departed"), Team(name="Empty"))
    add_customers(staff, "anna", 1)
    before = owners(staff.crm)
    with pytest.raises(BadInput, match=said):
        planned(staff, rule)
    with pytest.raises(BadInput, match=said):
        run(staff.crm, staff.crm.system, "anna", HandOverRules(rules=(rule,)))
    assert owners(staff.crm) == before


def test_users_of_another_tenant_are_no_heirs(staff: Staff, open_crm: OpenCrm) -> None:
    other = open_crm(tenant="neighbours")
    with other.session() as session:
        if session.find(User, login="nora") is None:
            session.add(User(login="nora", name="Nora"))
    with pytest.raises(BadInput, match="no user nora"):
        planned(staff, rest=("nora",))


# -- rules as text ----------------------------------------------------------------------------------------------------

WRITTEN = """
rest = ["ben", "team:South"]
reports_to = "dora"

[[rule]]
filter = "country = CN"
to = "cleo"

[[rule]]
entity = "interaction"
progress = "closed"
to = "@owner"

[[rule]]
filter = "employees > 100"
to = ["ben", "cleo"]
split = "value"
"""


def test_rules_are_read_from_toml_and_kept_as_plain_data() -> None:
    rules = rules_from_toml(WRITTEN)
    assert rules == HandOverRules(
        rules=(
            HandOverRule(to=("cleo",), filter="country = CN"),
            HandOverRule(to=("@owner",), entity="interaction", progress="closed"),
            HandOverRule(to=("ben", "cleo"), filter="employees > 100", split="value"),
            HandOverRule(to=("ben", "team:South"), entity="*"),
        ),
        reports_to="dora",
    )
    assert read_rules(plain_rules(rules)) == rules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rest = [", "not valid TOML"),
        ("ruel = 1", "ruel: unknown key; did you mean rule"),
        ("rule = 1", r"rule: 1 - expected tables, as in \[\[rule\]\]"),
        ("rule = [1]", r"rule\[0\]: 1 - expected a table"),
        ("[[rule]]\nfilter = 'x'", r"rule\[0\].to: .* - expected one login or a list of logins"),
        ("[[rule]]\nto = []", r"rule\[0\].to: \[\] - expected one login or a list of logins"),
        ("[[rule]]\nto = 'a'\nfiltre = 'x'", r"rule\[0\].filtre: unknown key; did you mean filter"),
        ("[[rule]]\nto = 'a'\nfilter = 5", r"rule\[0\].filter: 5 - expected text"),
        ("[[rule]]\nto = 'a'\nsplit = 'fair'", r"rule\[0\].split: fair - expected one of count, value"),
        ("[[rule]]\nto = 'a'\nprogress = 'shut'", r"rule\[0\].progress: shut - expected one of open, closed"),
        ("rest = 5", "rest: 5 - expected one login or a list of logins"),
        ("reports_to = 5", "reports_to: 5 - expected text"),
    ],
    ids=range(12),
)
def test_wrong_rules_say_where_and_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        rules_from_toml(text)
