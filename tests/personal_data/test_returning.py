"""An erased customer arrives again: by import, by mail, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import AccessDenied, Conflict, Refused
from crmkit.core.identity import ExternalIdentity, IdentityClaim
from crmkit.core.personal_data import Erasure
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.partial_date import PartialDate
from crmkit.runtime.crm import Crm
from crmkit.services.identify import Evidence, recognise
from crmkit.services.personal_data import erase, readmit
from tests.personal_data.conftest import OpenCrm
from tests.personal_data.world import imported
from tests.store.staff import make_staff

ANNA, BERT = "1,Anna Berg,anna@example.com,x", "2,Bert Ohm,bert@example.com,y"


def gone(crm: Crm, **values: Any) -> Erasure:
    """Erase Anna, who has a mail address, a telephone, a birthday and a number in another system."""
    anna = Customer(name="Anna Berg", birth_date=PartialDate(1980, 5, 17))
    with crm.session() as s:
        s.add(anna, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
        s.add(ContactPoint(customer_id=anna.id, kind="phone", value="+49 30 123456"))
        s.add(ExternalIdentity(system="people", external_id="1", entity="customer", record_id=anna.id))
    with crm.session() as s:
        return erase(s, anna.id, "request")


def names(crm: Crm) -> list[str]:
    with crm.session(reads=True) as s:
        return sorted(customer.name for customer in s.list(Customer))


@pytest.mark.parametrize("policy", ["refuse", "ask"])
def test_an_import_refuses_the_row_alone_and_says_why(open_crm: OpenCrm, tmp_path: Path, policy: str) -> None:
    crm = open_crm(returning=policy)
    done = gone(crm)
    report = imported(crm, tmp_path, ANNA, BERT)
    assert (report.rejected, names(crm)) == (1, ["Bert Ohm"])
    (error,) = report.errors
    text = error.render()
    assert "this is somebody who was erased on 2026-03-15" in text
    assert str(done.id) in text
    assert ("crmkit personal-data readmit" in text) == (policy == "ask")
    assert "Anna Berg" in report.error_files[0].read_text("utf-8")


def test_an_import_takes_a_new_customer_without_history(open_crm: OpenCrm, tmp_path: Path) -> None:
    crm = open_crm(returning="new")
    done = gone(crm)
    assert imported(crm, tmp_path, ANNA, BERT).rejected == 0
    assert names(crm) == ["Anna Berg", "Bert Ohm"]
    with crm.session(reads=True) as s:
        assert s.find(Customer, name="Anna Berg").id != done.customer_id


def test_who_is_readmitted_is_taken_in_by_the_mended_file(open_crm: OpenCrm, tmp_path: Path) -> None:
    crm = open_crm(returning="ask")
    done = gone(crm)
    imported(crm, tmp_path, ANNA, BERT)
    reader = make_staff(crm).actor("anna", ("*", "read", "all"))
    with crm.session(reader) as s, pytest.raises(AccessDenied, match="may not erase"):
        readmit(s, done.id)
    with crm.session() as s:
        assert readmit(s, done.id).readmitted_at is not None
    with crm.session() as s, pytest.raises(Conflict, match="readmitted before"):
        readmit(s, done.id)
    assert imported(crm, tmp_path, ANNA, "3,Carl,carl@example.com,z").rejected == 0
    assert names(crm) == ["Anna Berg", "Bert Ohm", "Carl"]


@pytest.mark.parametrize(
    ("values", "point"),
    [
        ({"name": "Somebody"}, ("email", "ANNA@example.com")),
        ({"name": "Berg, Anna"}, ("phone", "+49 (30) 123-456")),
        ({"name": "ANNA BERG", "birth_date": PartialDate(1980, 5, 17)}, None),
    ],
    ids=["mail", "phone and name", "birthday and name"],
)
def test_by_what_a_person_is_known_again(crm: Crm, values: dict[str, Any], point: tuple[Any, str] | None) -> None:
    gone(crm)
    made = Customer(**values)
    points = [ContactPoint(customer_id=made.id, kind=point[0], value=point[1])] if point else []
    with pytest.raises(Refused, match="was erased"), crm.session() as s:
        s.add(made, *points)
    assert names(crm) == []


@pytest.mark.parametrize(
    ("values", "point"),
    [
        ({"name": "Anna Berg"}, None),
        ({"name": "Bert Ohm"}, ("phone", "+49 30 123456")),
        ({"name": "Bert Ohm", "birth_date": PartialDate(1980, 5, 17)}, None),
        ({"name": "Anna Berg", "birth_date": PartialDate(1980)}, None),
    ],
    ids=["name", "phone of another", "birthday of another", "year of birth"],
)
def test_what_many_have_in_common_tells_nobody(crm: Crm, values: dict[str, Any], point: tuple[Any, str] | None) -> None:
    gone(crm)
    made = Customer(**values)
    with crm.session() as s:
        s.add(made)
        if point is not None:
            s.add(ContactPoint(customer_id=made.id, kind=point[0], value=point[1]))
    assert names(crm) == [values["name"]]


def test_an_address_that_others_had_as_well_tells_nobody(crm: Crm) -> None:
    spouse = Customer(name="Carl Berg")
    with crm.session() as s:
        s.add(spouse, ContactPoint(customer_id=spouse.id, kind="email", value="anna@example.com"))
    gone(crm)
    child = Customer(name="Dora Berg")
    with crm.session() as s:
        s.add(child, ContactPoint(customer_id=child.id, kind="email", value="anna@example.com"))
    assert names(crm) == ["Carl Berg", "Dora Berg"]


def test_who_was_there_before_may_take_over_an_address(crm: Crm, clock: FixedClock) -> None:
    early = Customer(name="Early")
    with crm.session() as s:
        s.add(early)
    clock.advance(days=1)
    gone(crm)
    clock.advance(days=1)
    late = Customer(name="Late")
    with crm.session() as s:
        s.add(late, ContactPoint(customer_id=early.id, kind="email", value="anna@example.com"))
    with pytest.raises(Refused, match="was erased"), crm.session() as s:
        s.add(ContactPoint(customer_id=late.id, kind="email", value="anna@example.com"))


def test_an_erasure_concerns_its_own_tenant(crm: Crm, open_crm: OpenCrm) -> None:
    gone(crm)
    made = Customer(name="Anna Berg")
    elsewhere = open_crm(tenant="elsewhere")
    with elsewhere.session() as s:
        s.add(made, ContactPoint(customer_id=made.id, kind="email", value="anna@example.com"))
    assert names(elsewhere) == ["Anna Berg"]


@pytest.mark.parametrize(("policy", "state"), [("refuse", "dismissed"), ("ask", "open"), ("new", "open")])
def test_a_claim_of_an_erased_person(open_crm: OpenCrm, policy: str, state: str) -> None:
    crm = open_crm(returning=policy)
    done = gone(crm)
    with crm.session() as s:
        _, claim = recognise(s, Evidence(name="Anna", emails="anna@example.com"), "mail", {"subject": "Hi"})
        assert claim is not None
    with crm.session(reads=True) as s:
        kept = s.get(IdentityClaim, claim.id)
    assert kept.state == state
    assert kept.raw.get("erased") == (None if policy == "new" else str(done.id))
    assert ("received" in kept.raw) == (policy != "refuse")
