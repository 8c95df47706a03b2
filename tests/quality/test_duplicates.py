"""Who is suspected of being there twice, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.quality import QualitySettings
from crmkit.core.quality_rules import QualityRules
from crmkit.runtime.crm import Crm
from crmkit.services.identify import not_the_same
from crmkit.services.identify.duplicates import find_duplicates
from crmkit.services.quality import quality_report, work_list


def add(crm: Crm, *people: dict[str, Any]) -> list[Customer]:
    """Add customers; what is neither a field of theirs is a contact point."""
    made = []
    with crm.session() as session:
        for one in people:
            points = {kind: one.pop(kind) for kind in ("email", "phone", "url", "social") if kind in one}
            customer = Customer(**one)
            session.add(
                customer,
                *[ContactPoint(customer_id=customer.id, kind=kind, value=value) for kind, value in points.items()],  # type: ignore[arg-type]
            )
            made.append(customer)
    return made


def suspected(crm: Crm, shared_by: int = 3) -> dict[str, set[str]]:
    """Return who is suspected, by name, with the names of those it may be the same as."""
    rules = QualityRules(crm.registry, (), QualitySettings(shared_by=shared_by))
    with crm.session(reads=True) as session:
        found = work_list(session, rules, field="unique", limit=1_000).items
        report = quality_report(session, rules)
    [row] = [row for row in report.rows if row.key == "unique"]
    assert row.tally.present - row.tally.valid == len(found)
    return {item.title: {name for _, name in item.twins} for item in found}


def test_a_mail_address_is_enough(crm: Crm) -> None:
    add(crm, {"name": "Anna Berg", "email": "anna@x.example"}, {"name": "Anna Maier", "email": "Anna@X.example"})
    assert suspected(crm) == {"Anna Berg": {"Anna Maier"}, "Anna Maier": {"Anna Berg"}}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"name": "Jon Berg"}, {"name": "JON BERG"}, True),
        ({"name": "Jon Berg"}, {"name": "Dr. Jon Berg"}, False),
        (
            {"name": "Jon", "family_name": "Berg", "given_name": "Jon"},
            {"name": "J. Berg", "family_name": "berg", "given_name": "J."},
            True,
        ),
        ({"name": "Jon Berg"}, {"name": "Ida Berg"}, False),
        (
            {"name": "Jon Berg", "family_name": "Berg", "given_name": "Jon"},
            {"name": "Ida", "family_name": "Berg", "given_name": "Ida"},
            False,
        ),
    ],
)
def test_a_telephone_is_not_enough_unless_the_names_agree(
    crm: Crm, one: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    add(crm, {**one, "phone": "+49 30 1234567"}, {**other, "phone": "+49 (30) 1234-567"})
    assert bool(suspected(crm)) == same


def test_companies_of_one_domain_whose_names_agree(crm: Crm) -> None:
    company = {"kind": "organization", "domain": "acme.example"}
    add(crm, {**company, "name": "Acme"}, {**company, "name": "Acme GmbH"}, {**company, "name": "Beta"})
    assert suspected(crm) == {"Acme": {"Acme GmbH"}, "Acme GmbH": {"Acme"}}


def test_a_domain_of_free_mail_says_nothing(crm: Crm) -> None:
    company = {"kind": "organization", "domain": "gmail.com"}
    add(crm, {**company, "name": "Acme"}, {**company, "name": "Acme GmbH"})
    assert suspected(crm) == {}


def test_a_person_is_not_the_company(crm: Crm) -> None:
    add(
        crm,
        {"name": "Acme", "kind": "organization", "email": "i@acme.example"},
        {"name": "Acme", "email": "i@acme.example"},
    )
    assert suspected(crm) == {}


def test_what_many_share_says_nothing(crm: Crm) -> None:
    add(crm, *[{"name": f"P{n}", "email": "office@x.example"} for n in range(4)])
    assert suspected(crm) == {}
    assert len(suspected(crm, shared_by=4)) == 4


def test_those_told_apart_are_not_suspected_again(crm: Crm) -> None:
    one, two, three = add(crm, *[{"name": f"P{n}", "email": "pair@x.example"} for n in range(3)])
    with crm.session() as session:
        not_the_same(session, three, one)
    assert suspected(crm) == {"P0": {"P1"}, "P1": {"P0", "P2"}, "P2": {"P1"}}
    with crm.session() as session:
        not_the_same(session, one, two)
        not_the_same(session, two, three)
    assert suspected(crm) == {}


def test_deleted_and_alone_are_not_suspected(crm: Crm) -> None:
    one, _ = add(crm, {"name": "A", "email": "a@x.example"}, {"name": "B", "email": "a@x.example"})
    with crm.session() as session:
        session.delete(session.get(Customer, one.id))
    assert suspected(crm) == {}


def test_pairs_that_recognition_is_sure_of_are_suspected(crm: Crm) -> None:
    add(
        crm,
        {"name": "Frauke Gerdes", "given_name": "Frauke", "family_name": "Gerdes", "phone": "+49 30 23125118"},
        {"name": "Dr. Frauke Gerdes", "given_name": "Frauke", "family_name": "Gerdes", "phone": "+49 30 23125118"},
        {"name": "刘雪梅", "email": "liu@x.example"},
        {"name": "刘雪梅", "email": "liu@x.example"},
        {"name": "Thames Ltd", "kind": "organization", "domain": "thames.example"},
        {"name": "Thames", "kind": "organization", "domain": "thames.example"},
        {"name": "Somebody Else", "email": "else@x.example"},
    )
    with crm.session(reads=True) as session:
        pairs = find_duplicates(session)
        sure = {name for pair in pairs for name in (pair.first_name, pair.second_name)}
    assert len(pairs) == 3
    assert suspected(crm).keys() == sure
