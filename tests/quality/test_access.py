"""Data quality within rights: everybody is told of what they may see, and of the fields that they may read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crmkit.core.access import Actor
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import AccessDenied
from crmkit.core.quality import QualitySettings
from crmkit.core.quality_rules import QualityRules
from crmkit.runtime.crm import Crm
from crmkit.services.quality import QualityReport, Whose, confirm, quality_report, readable, work_list
from tests.conftest import OpenCrm
from tests.store.staff import REACH, Staff, make_staff


@pytest.fixture
def staff(crm: Crm) -> Staff:
    """Each has a customer of the same mail address as the others' and one with a mail address of its own."""
    staff = make_staff(crm)
    with crm.session() as session:
        for login, user in staff.users.items():
            mine = {"owner_id": user.id, "team_id": user.team_id}
            shared, own = Customer(name=f"shared {login}", **mine), Customer(name=f"own {login}", country="DE", **mine)
            session.add(
                shared,
                own,
                ContactPoint(customer_id=shared.id, kind="email", value="one@x.example"),
                ContactPoint(customer_id=own.id, kind="email", value=f"{login}@x.example"),
            )
    return staff


def report(staff: Staff, actor: Actor, **details: Any) -> QualityReport:
    rules = QualityRules(staff.crm.registry, (), QualitySettings(shared_by=4))
    with staff.crm.session(actor, reads=True) as session:
        return quality_report(session, rules, **details)


@pytest.mark.parametrize("scope", REACH)
def test_a_report_adds_up_what_one_may_see(staff: Staff, scope: str) -> None:
    people = REACH[scope]
    actor = staff.actor("anna", *([("*", "read", scope)] if scope != "none" else []))
    found = report(staff, actor)
    assert found.total.records == 2 * len(people)
    of = {row.key: row.tally for row in found.rows}
    if not people:
        assert set(of) <= {
            "owner",
            "country",
            "family_name",
            "language",
            "legal_name",
            "industry",
            "employees",
            "domain",
        }
        return
    assert (of["email"].expected, of["email"].present) == (2 * len(people), 2 * len(people))
    assert of["country"].present == len(people)
    # Who is there twice, is so among those that one may see.
    twice = len(people) if len(people) > 1 else 0
    assert of["unique"].expected - of["unique"].valid == twice
    with staff.crm.session(actor, reads=True) as session:
        items = work_list(session, QualityRules(staff.crm.registry, (), QualitySettings(shared_by=4))).items
    names = {item.title for item in items} | {name for item in items for _, name in item.twins}
    assert {name.split()[1] for name in names} == people


def test_parts_that_one_has_no_right_on_are_left_out_and_not_called_missing(staff: Staff) -> None:
    found = report(staff, staff.actor("anna", ("customer", "read", "own")))
    assert {"email", "phone", "address", "contact", "job", "unique"} & {row.key for row in found.rows} == set()
    assert found.left_out == 6


def test_groups_are_within_rights_too(staff: Staff) -> None:
    actor = staff.actor("anna", ("customer", "read", "team"), ("contact_point", "read", "team"))
    found = report(staff, actor, by="owner")
    assert [row.records for row in found.rows] == [2, 2]
    # Who the owners are is told by their ids, for the actor may not read users.
    assert {row.label for row in found.rows} == {str(staff.users[login].id) for login in ("anna", "ben")}


def test_what_one_may_not_read_is_not_counted_for_one(staff: Staff) -> None:
    everything = report(staff, staff.actor("anna", ("*", "read", "all")))
    actor = staff.actor("ben", ("contact_point", "read", "all"), ("customer", "read", "all", "-country", "-domain"))
    found = report(staff, actor)
    left = {row.key for row in everything.rows} - {row.key for row in found.rows}
    # Suspicion of duplicates rests on domains, among others; relations are another right.
    assert {"country", "domain", "unique"} == left - {"contact", "job"}
    assert found.left_out == len(left)
    with staff.crm.session(actor, reads=True) as session:
        told = {one.name for item in work_list(session, staff.crm.quality).items for one in item.problems}
    assert told
    assert not left & told


def hiding(open_crm: OpenCrm) -> tuple[Crm, Actor, Customer]:
    """A CRM with a field under special protection that is expected, and somebody who may not read it."""
    custom = {"entity": "customer", "name": "blood_group", "sensitivity": "special"}
    expect = [
        {"entity": "customer", "field": "blood_group", "weight": 50},
        {"entity": "customer", "name": "donor", "field": "industry", "applies": "blood_group = O", "weight": 50},
    ]
    crm = open_crm(config={"custom_fields": [custom], "quality": {"expect": expect}})
    staff = make_staff(crm)
    customer = Customer(name="Anna", owner_id=staff.users["anna"].id, custom={"blood_group": "O"})
    with crm.session() as session:
        session.add(customer)
    return crm, staff.actor("anna", ("*", "*", "all")), customer


def test_special_fields_are_left_out_with_all_that_rests_on_them(open_crm: OpenCrm) -> None:
    crm, actor, customer = hiding(open_crm)
    with crm.session(reads=True) as session:
        assert {"blood_group", "donor"} <= {one.name for one in readable(session, crm.quality, "customer")}
        assert {"blood_group", "donor"} <= {row.key for row in quality_report(session, crm.quality).rows}
    with crm.session(actor) as session:
        found = quality_report(session, crm.quality)
        assert not {"blood_group", "donor"} & {row.key for row in found.rows}
        assert found.left_out == 2
        assert work_list(session, crm.quality, field="donor").items == ()
        with pytest.raises(AccessDenied):
            confirm(session, crm.quality, session.get(Customer, customer.id), ["blood_group"])
        with pytest.raises(AccessDenied):
            quality_report(session, crm.quality, whose=Whose(filter="blood_group = O"))


def test_one_cannot_group_or_choose_by_what_one_may_not_read(open_crm: OpenCrm) -> None:
    crm = open_crm()
    staff = make_staff(crm)
    with crm.session() as session:
        session.add(Customer(name="A", source="secret list"))
    actor = staff.actor("anna", ("customer", "read", "all", "name", "country"))
    with crm.session(actor, reads=True) as session:
        with pytest.raises(AccessDenied):
            quality_report(session, crm.quality, by="kind")
        with pytest.raises(AccessDenied):
            quality_report(session, crm.quality, whose=Whose(filter="kind = person"))
        # The bookkeeping of a record is open to whoever may see it.
        assert [row.key for row in quality_report(session, crm.quality, by="source").rows] == ["secret list"]
        assert [row.key for row in quality_report(session, crm.quality).rows] == ["owner", "country"]
        [item] = work_list(session, crm.quality).items
        assert (item.title, item.score, item.owner_id) == ("A", Decimal(0), None)
    blind = staff.actor("ben", ("customer", "read", "all", "country"))
    with crm.session(blind, reads=True) as session:
        assert [item.title for item in work_list(session, crm.quality).items] == [""]


def test_tenants_are_apart(open_crm: OpenCrm) -> None:
    one, other = open_crm(), open_crm(tenant="another")
    with one.session() as session:
        session.add(Customer(name="A"))
    with other.session(reads=True) as session:
        assert quality_report(session, other.quality).total.records == 0
        assert work_list(session, other.quality).items == ()
