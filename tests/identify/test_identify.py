"""Recognition on both databases: exact keys, shared ones, look-alikes, and what it costs."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import PluginError
from crmkit.core.matching import match_keys
from crmkit.core.values.partial_date import PartialDate
from crmkit.hooks.identity import AmbiguousCustomer, CustomerChoice
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.protocols import Context
from crmkit.runtime.crm import Crm
from crmkit.services.identify import Evidence, Recognition, identify, index, lookalikes, not_the_same
from crmkit.store.recognition import parties, sharers
from tests.conftest import OpenCrm
from tests.identify.conftest import Add


def who(crm: Crm, **evidence: object) -> Recognition:
    with crm.session() as session:
        return identify(session, Evidence(**evidence))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "evidence",
    [
        {"external": ("erp", "4711")},
        {"external": {"erp": "4711"}},
        {"emails": "Anna Berg <Anna@Acme.COM>"},
        {"emails": ["anna@acme.com", "anna@acme.com"]},
        {"phones": "030 / 1234567", "country": "DE"},
        {"name": "Berg, Anna", "address": "Obere Str. 57, 12209  Berlin"},
        {"name": "Anna Berg", "street": "Obere Str. 57", "postal_code": "12209", "city": "Berlin"},
        {"emails": "anna@acme.com", "name": "A. Berg"},
        {"emails": "anna@acme.com", "phones": "nonsense"},
    ],
)
def test_exact_keys_recognise(crm: Crm, add: Add, evidence: dict[str, object]) -> None:
    anna = add(
        "Anna Berg",
        external=("erp", "4711"),
        email="anna@acme.com",
        phone="+49 30 1234567",
        address="Obere Str. 57, 12209 Berlin",
    )
    add("Horst Kloss", external=("erp", "4712"), email="horst@acme.com")
    found = who(crm, **evidence)
    assert (found.kind, found.customer_id) == ("known", anna)
    assert found.score > 0.8
    assert found.reasons


def test_a_number_of_another_system_goes_before_everything_else(crm: Crm, add: Add) -> None:
    anna, _ = add("Anna Berg", external=("erp", "1")), add("Horst Kloss", email="horst@acme.com")
    found = who(crm, external=("erp", "1"), emails="horst@acme.com", name="Horst Kloss")
    assert (found.customer_id, [reason.code for reason in found.reasons]) == (anna, ["external.same"])


def test_numbers_that_name_several_customers_decide_nothing(crm: Crm, add: Add) -> None:
    first, second = add("Anna Berg", external=("erp", "1")), add("Horst Kloss", external=("shop", "1"))
    found = who(crm, external=[("erp", "1"), ("shop", "1")])
    assert found.kind == "candidates"
    assert {candidate.customer_id for candidate in found.candidates} == {first, second}


def test_past_points_still_recognise_and_deleted_ones_do_not(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", email=["old@acme.com", "gone@acme.com"])
    with crm.session() as session:
        old, gone = session.list(ContactPoint, customer_id=anna, order="-normalized")
        session.update(change(old, valid_until=date(2001, 1, 1)))
        session.delete(gone)
    assert who(crm, emails="old@acme.com").customer_id == anna
    assert who(crm, emails="gone@acme.com").kind == "unknown"


def test_deleted_customers_are_nobody(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", email="anna@acme.com", external=("erp", "1"))
    assert who(crm, name="Anna Berg").candidates[0].customer_id == anna
    with crm.session() as session:
        session.delete(session.get(Customer, anna))
    for evidence in ({"emails": "anna@acme.com"}, {"name": "Anna Berg"}, {"external": ("erp", "1")}):
        assert who(crm, **evidence).kind == "unknown"


def test_a_shared_mailbox_narrows_and_a_name_decides(crm: Crm, add: Add) -> None:
    anna, bernd = add("Anna Berg", email="bergs@gmail.com"), add("Bernd Berg", email="bergs@gmail.com")
    alone = who(crm, emails="bergs@gmail.com")
    assert alone.kind == "candidates"
    assert {c.customer_id for c in alone.candidates} == {anna, bernd}
    assert alone.candidates[0].score == alone.candidates[1].score
    assert who(crm, emails="bergs@gmail.com", name="Bernd Berg").customer_id == bernd
    assert who(crm, emails="bergs@gmail.com", name="B. Berg").customer_id == bernd
    assert who(crm, emails="bergs@gmail.com", name="Carla Berg").kind == "candidates"


def test_a_mail_address_does_not_decide_against_the_name(crm: Crm, add: Add) -> None:
    add("Anna Berg", email="anna@acme.com")
    found = who(crm, emails="anna@acme.com", name="Horst Kloss")
    assert found.kind == "candidates"
    assert found.candidates[0].score < 0.5


def test_keys_of_different_customers_decide_nothing(crm: Crm, add: Add) -> None:
    anna, horst = add("Anna Berg", email="anna@acme.com"), add("Horst Kloss", phone="+49 30 1234567")
    found = who(crm, emails="anna@acme.com", phones="+49301234567")
    assert found.kind == "candidates"
    assert [c.customer_id for c in found.candidates] == [anna, horst]


def test_a_switchboard_is_understood(crm: Crm, add: Add) -> None:
    acme = add("Acme GmbH", kind="organization", phone="+49 30 1234567", domain="acme.com")
    assert who(crm, phones="+49301234567").customer_id == acme
    assert who(crm, phones="+49301234567", name="Horst Kloss").kind == "candidates"
    assert who(crm, phones="+49301234567", emails="new@acme.com").kind == "candidates"
    assert who(crm, phones="+49301234567", name="ACME").customer_id == acme


def test_a_phone_shared_by_200_people(crm: Crm) -> None:
    people = [Customer(name=f"Person{number:03} Surname{number:03}") for number in range(250)]
    with crm.session() as session:
        session.add(*people)
        session.add(*[ContactPoint(customer_id=p.id, kind="phone", value="+49 30 1234567") for p in people])
    alone = who(crm, phones="+49301234567")
    assert (alone.kind, len(alone.candidates)) == ("candidates", 50)
    assert max(candidate.score for candidate in alone.candidates) < 0.1
    named = who(crm, phones="+49301234567", name="Surname249, Person249")
    assert (named.kind, named.customer_id) == ("known", people[249].id)


def test_company_domains_and_free_mail_domains(crm: Crm, add: Add) -> None:
    acme = add("Acme GmbH", kind="organization", domain="acme.com")
    add("Mail Provider", kind="organization", domain="gmail.com")
    assert who(crm, domain="https://www.acme.com/imprint").customer_id == acme
    unknown = who(crm, emails="new@acme.com", name="Somebody New")
    assert (unknown.kind, unknown.company_id) == ("unknown", acme)
    assert who(crm, domain="gmail.com").kind == "unknown"
    assert who(crm, emails="new@gmail.com").company_id is None
    second = add("Acme Services", kind="organization", domain="acme.com")
    assert {c.customer_id for c in who(crm, domain="acme.com").candidates} == {acme, second}


def test_look_alikes_are_candidates_with_reasons(crm: Crm, add: Add) -> None:
    anna = add("Anna Maria Schmidt", birth_date=PartialDate(1980, 5, 7), email="anna.schmidt@acme.com")
    add("Horst Kloss", birth_date=PartialDate(1970, 1, 2))
    typo = who(crm, name="Schmitd, Anna", birth_date=PartialDate(1980, 7, 5))
    assert (typo.kind, typo.candidates[0].customer_id) == ("candidates", anna)
    assert {reason.code for reason in typo.candidates[0].reasons} == {"name.similar", "birth.similar"}
    for email, code in (("anna.schmidt@acne.com", "email.similar"), ("anna.schmidt@example.org", "email.local")):
        mistyped = who(crm, emails=email)
        assert [reason.code for reason in mistyped.candidates[0].reasons] == [code]
    assert who(crm, name="Zoe Nobody").kind == "unknown"


@pytest.mark.parametrize(
    "name", ["王小明", "محمد علي", "\u202bמשה כהן\u202c", "Ångström", "O", "王", "👩‍👩‍👧", "\u202e"]
)
def test_names_of_any_script_and_length(crm: Crm, add: Add, name: str) -> None:
    known = add(name, phone="+49 30 1234567")
    add(name, phone="+49 30 7654321")
    by_name = who(crm, name=name)
    assert by_name.kind in ("candidates", "unknown")
    assert by_name.customer_id is None
    assert who(crm, name=name, phones="+49301234567").customer_id == known


def test_the_same_name_many_times_gives_fifty_candidates_in_a_stable_order(crm: Crm) -> None:
    with crm.session() as session:
        session.add(*[Customer(name="Li Wei") for _ in range(80)])
    first, second = who(crm, name="Wei Li"), who(crm, name="Wei Li")
    assert (first.kind, len(first.candidates)) == ("candidates", 50)
    assert first == second


def test_nothing_known_is_nobody(crm: Crm, add: Add) -> None:
    add("Anna Berg")
    for evidence in ({}, {"name": "  "}, {"name": "..."}, {"phones": "12"}, {"country": "DE"}):
        assert who(crm, **evidence).kind == "unknown"
    assert [str(m) for m in who(crm, phones="12").ignored] != []


def test_the_unit_of_work_recognises_what_it_just_added(crm: Crm) -> None:
    with crm.session() as session:
        anna = Customer(name="Anna Berg")
        session.add(anna, ContactPoint(customer_id=anna.id, kind="email", value="anna@acme.com"))
        assert identify(session, Evidence(emails="anna@acme.com")).customer_id == anna.id
        assert identify(session, Evidence(name="Berg Anna")).candidates[0].customer_id == anna.id
        session.rollback()
    assert who(crm, name="Berg Anna").kind == "unknown"


def test_changes_reach_the_index(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    assert who(crm, name="Anna Berg").candidates
    with crm.session() as session:
        session.update(change(session.get(Customer, anna), name="Carla Sommer"))
        session.add(ContactPoint(customer_id=anna, kind="phone", value="+49 30 1234567"))
    assert who(crm, name="Anna Berg").kind == "unknown"
    assert who(crm, name="Sommer, Carla").candidates[0].customer_id == anna
    assert who(crm, phones="+39 06 1234567").candidates[0].customer_id == anna


def test_a_session_that_only_reads_says_that_the_index_is_behind(crm: Crm, add: Add) -> None:
    add("Anna Berg", email="anna@acme.com")
    with crm.session(reads=True) as session:
        assert identify(session, Evidence(name="Anna Berg")).behind
        assert identify(session, Evidence(emails="anna@acme.com")).kind == "known"
    with crm.session() as session:
        assert index(session)[1]
    with crm.session(reads=True) as session:
        found = identify(session, Evidence(name="Anna Berg"))
    assert (found.kind, found.behind) == ("candidates", False)


def test_indexing_goes_on_where_it_stopped_and_can_start_over(crm: Crm) -> None:
    with crm.session() as session:
        session.add(*[Customer(name=f"Anna Berg{number:02}") for number in range(40)])
    steps = []
    while not steps or not steps[-1][1]:
        with crm.session() as session:
            steps.append(index(session, most=15))
    assert len(steps) == 3
    keys = crm.database.table("customer_match_keys")
    count = sa.select(sa.func.count()).select_from(keys).where(keys.c.tenant_id == crm.system.tenant_id)
    with crm.session() as session:
        before = session.connection.scalar(count)
        assert before >= 40
        assert index(session) == (0, True)
        index(session, most=15, rebuild=True)
        assert 0 < session.connection.scalar(count) < before
        index(session)
        assert session.connection.scalar(count) == before


def test_one_tenant_does_not_recognise_the_customers_of_another(crm: Crm, add: Add, open_crm: OpenCrm) -> None:
    add("Anna Berg", email="anna@acme.com", external=("erp", "1"))
    other = open_crm(tenant=f"{crm.tenant}-other")
    for evidence in ({"name": "Anna Berg"}, {"emails": "anna@acme.com"}, {"external": ("erp", "1")}):
        assert who(other, **evidence).kind == "unknown"


class Chooser:
    """Decides for the candidate that it is told to."""

    def __init__(self) -> None:
        self.wanted: object = None
        self.seen: list[AmbiguousCustomer] = []

    @hookimpl
    def choose_customer(self, ctx: Context, call: AmbiguousCustomer) -> CustomerChoice | None:
        self.seen.append(call)
        return CustomerChoice(self.wanted) if self.wanted else None  # type: ignore[arg-type]


def test_a_rule_decides_ambiguous_cases_alone(open_crm: OpenCrm) -> None:
    rule = Chooser()
    crm = open_crm(rule)
    anna, bernd = Customer(name="Anna Berg"), Customer(name="Bernd Berg")
    with crm.session() as session:
        session.add(anna, bernd)
        for person in (anna, bernd):
            session.add(ContactPoint(customer_id=person.id, kind="email", value="bergs@gmail.com"))
        session.add(ContactPoint(customer_id=anna.id, kind="phone", value="+49 30 1234567"))
    assert who(crm, emails="bergs@gmail.com").kind == "candidates"
    rule.wanted = bernd.id
    found = who(crm, emails="bergs@gmail.com")
    assert (found.kind, found.customer_id, found.reasons[0].code) == ("known", bernd.id, "chosen")
    assert found.decided_by
    assert who(crm, phones="+49301234567").customer_id == anna.id
    assert [call.size for call in rule.seen] == [2, 2]
    rule.wanted = crm.system.tenant_id
    with pytest.raises(PluginError, match="none of the candidates"):
        who(crm, emails="bergs@gmail.com")


def test_customers_that_are_not_the_same_stop_looking_alike(crm: Crm, add: Add) -> None:
    anna, anne = add("Anna Berg", phone="+49 30 1234567"), add("Anne Berg", phone="+49 30 1234567")
    with crm.session() as session:
        record = session.get(Customer, anna)
        assert [candidate.customer_id for candidate in lookalikes(session, record)] == [anne]
        first = not_the_same(session, anne, anna, "sisters")
        session.flush()
        assert not_the_same(session, anna, anne) == first
        assert lookalikes(session, record) == ()
        assert lookalikes(session, session.get(Customer, anne)) == ()


def test_customers_of_a_transaction_that_ends_late_are_not_passed_over(crm: Crm, add: Add) -> None:
    if crm.database.dialect == "sqlite":
        add("Late Comer")  # one writer at a time: nobody can be late
    else:
        late = crm.session()
        late.add(Customer(name="Late Comer"))
        late.flush()
        add("Early Bird")
        assert who(crm, name="Early Bird").candidates
        assert not who(crm, name="Late Comer").candidates
        late.commit()
    assert who(crm, name="Late Comer").candidates


def test_deleted_customers_do_not_crowd_out_those_that_live(crm: Crm, add: Add) -> None:
    ids = [add("Ada Kestrel", birth_date=PartialDate(1980, 5, 17)) for _ in range(12)]
    with crm.session() as session:
        assert index(session)[1]
        keys = match_keys(parties(session, ids[:1])[ids[0]])
        assert sharers(session, keys, 2) == ids[:2]
        # The index follows later: more are gone than are looked at beyond those that are wanted.
        for customer in session.list(Customer, id=ids[:9]):
            session.delete(customer)
        session.flush()
        assert sharers(session, keys, 2) == ids[9:11]
        assert sharers(session, keys, 50) == ids[9:]
