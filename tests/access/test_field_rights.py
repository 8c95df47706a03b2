"""Fields that a user may not read: he neither sees, filters, sorts nor counts by them, and does not change them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.access import Actor, added_up, read_grant
from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.entity import change, entity_info
from crmkit.core.errors import AccessDenied, ConfigError, NotFound, ValidationFailed
from crmkit.core.field_rights import MASKED, ORDINARY, FieldSet, read_field_words
from crmkit.core.identity import ExternalIdentity
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.journal import AuditEntry
from crmkit.core.staff import Role
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate
from crmkit.services.auditing.log import entries
from crmkit.services.customer_view import customer_view
from crmkit.services.exporting.running import export
from crmkit.services.history import as_of, changes, diff
from crmkit.services.identify import Evidence, identify
from crmkit.services.value import customer_worths
from crmkit.store.session import Session
from tests.access.conftest import Yacht
from tests.store.staff import Staff

SECRET = "Rosenquist"
"""Planted in whatever a user may not read."""

READ_WRITE = ("customer", "read", "all"), ("customer", "update", "all"), ("customer", "create", "all")


@pytest.fixture
def anna() -> Customer:
    return Customer(
        name="Anna Berg",
        given_name="Anna",
        family_name="Berg",
        birth_date=PartialDate(1980, 5, 17),
        description=SECRET,
        industry="Ships",
        custom={"marina_blood_group": SECRET, "marina_shoe": 38},
    )


@pytest.fixture
def seller(staff: Staff, anna: Customer) -> Actor:
    """Sees customers but not what is described of them, nor their birthdays; and nothing under special protection."""
    with staff.crm.session() as s:
        s.add(anna, Customer(name="Other", kind="organization"))
    return staff.actor(
        "anna",
        ("customer", "*", "all", "-description", "-birth_date"),
        ("contact_point", "*", "all"),
        ("customer_relation", "*", "all"),
    )


# -- reading ----------------------------------------------------------------------------------------------------------


REFUSED: dict[str, Callable[[Session], Any]] = {
    "filter": lambda s: s.list(Customer, 'description contains "Rosen"'),
    "filter of a custom field": lambda s: s.list(Customer, f"marina_blood_group = {SECRET}"),
    "filter by its path": lambda s: s.list(Customer, f"custom.marina_blood_group = {SECRET}"),
    "filter of parts": lambda s: s.list(ContactPoint, 'customer.description contains "Rosen"'),
    "negated filter": lambda s: s.count(Customer, 'not (country = DE or description contains "Rosen")'),
    "filter for emptiness": lambda s: s.count(Customer, "birth_date is empty"),
    "filter of children": lambda s: s.count(Customer, 'has contact_points where customer.description = "x"'),
    "equal": lambda s: s.find(Customer, description=SECRET),
    "equal in a list": lambda s: s.list(Customer, birth_date=PartialDate(1980, 5, 17)),
    "equal in a count": lambda s: s.count(Customer, description=SECRET),
    "order": lambda s: s.list(Customer, order="birth_date"),
    "order down": lambda s: s.list(Customer, order="name,-description"),
    "select": lambda s: s.execute(sa.select(s.table(Customer).c.description)),
    "where": lambda s: s.execute(
        sa.select(s.table(Customer).c.id).where(s.table(Customer).c.description.contains("x"))
    ),
    "order by": lambda s: s.execute(sa.select(s.table(Customer).c.id).order_by(s.table(Customer).c.birth_date)),
    "group by": lambda s: s.execute(
        sa.select(sa.func.count(s.table(Customer).c.id)).group_by(s.table(Customer).c.description)
    ),
    "aggregate": lambda s: s.execute(sa.select(sa.func.max(s.table(Customer).c.description))),
    "alias": lambda s: s.execute(sa.select(s.table(Customer).alias().c.description)),
    "subquery": lambda s: s.execute(sa.select(sa.select(s.table(Customer).c.description.label("x")).subquery().c.x)),
    "join": lambda s: s.execute(
        sa.select(s.table(ContactPoint).c.id).join(
            s.table(Customer), s.table(Customer).c.description == s.table(ContactPoint).c.label
        )
    ),
    "export": lambda s: export(s, s.database.registry.get(Customer), io.BytesIO(), fields=("name", "description")),
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_hidden_field_is_not_asked_for(staff: Staff, seller: Actor, how: str) -> None:
    with (
        staff.crm.session(seller, reads=True) as s,
        pytest.raises(AccessDenied, match=r"(description|birth_date|marina_blood_group)"),
    ):
        REFUSED[how](s)
    with staff.crm.session(reads=True) as s:
        REFUSED[how](s)


def test_selects_of_whole_tables_hold_nothing_hidden(staff: Staff, seller: Actor, anna: Customer) -> None:
    with staff.crm.session(seller, reads=True) as s:
        table = s.table(Customer)
        for statement in (sa.select(table), sa.select(sa.select(table).subquery()), sa.select(table.alias())):
            row = next(row for row in s.execute(statement).mappings() if row["name"] == "Anna Berg")
            assert (row["description"], row["birth_date"], row["industry"]) == (None, None, "Ships")
            assert dict(row["custom"]) == {"marina_shoe": 38}


def test_records_are_whole_where_they_may_be_saved_and_masked_where_they_go_out(
    staff: Staff, seller: Actor, anna: Customer
) -> None:
    with staff.crm.session(seller) as s:
        whole = s.get(Customer, anna.id)
        assert whole.description == SECRET
        out = s.masked(whole)
        assert (out.name, out.description, out.birth_date) == ("Anna Berg", "", None)
        assert dict(out.custom) == {"marina_shoe": 38}
        shown = s.shown(whole, ("name", "description", "marina_blood_group", "marina_shoe"))
        assert shown == {"name": "Anna Berg", "description": MASKED, "marina_blood_group": MASKED, "marina_shoe": 38}
        with pytest.raises(AccessDenied, match="was read without all of its fields and is not saved"):
            s.update(change(out, industry="Boats"))
        with pytest.raises(AccessDenied):
            s.add(out)
        with pytest.raises(AccessDenied):
            s.delete(out)
        s.update(change(whole, industry="Boats"))
    with staff.crm.session(reads=True) as s:
        saved = s.get(Customer, anna.id)
        assert (saved.industry, saved.description, saved.custom["marina_blood_group"]) == ("Boats", SECRET, SECRET)


def test_the_system_sees_every_field(staff: Staff, seller: Actor, anna: Customer) -> None:
    with staff.crm.session(reads=True) as s:
        whole = s.get(Customer, anna.id)
        assert s.masked(whole) is whole
        assert s.hidden(Customer) == frozenset()


def test_what_goes_out_holds_nothing_hidden(staff: Staff, seller: Actor, anna: Customer, clock: FixedClock) -> None:
    crm, before = staff.crm, clock.now()
    clock.advance(hours=1)
    with crm.session() as s:
        s.update(change(s.get(Customer, anna.id), description=f"{SECRET} again", industry="Boats"))
    info = crm.registry.get(Customer)
    with crm.session(seller, reads=True) as s:
        files = {}
        for kind in ("csv", "jsonl", "vcard"):
            out = io.BytesIO()
            export(s, info, out, format=kind)
            files[kind] = out.getvalue().decode()
        told = [
            customer_view(s, str(anna.id), crm.kinds),
            as_of(s, Customer, anna.id, clock.now()),
            changes(s, Customer, anna.id),
            diff(s, Customer, anna.id, before, clock.now()),
            files,
        ]
        for one in told:
            assert SECRET not in repr(one)
            assert "Anna" in repr(one) or "Boats" in repr(one)
        assert "description" not in files["csv"].splitlines()[0]
        (update, _) = changes(s, Customer, anna.id)
        assert {c.name: (c.before, c.after) for c in update.fields} == {
            "description": (MASKED, MASKED),
            "industry": ("Ships", "Boats"),
        }
        view = customer_view(s, str(anna.id), crm.kinds)
        assert view.hidden == {"customer": ("birth_date", "description", "marina_blood_group")}


def test_audit_entries_are_shown_without_hidden_values(staff: Staff, seller: Actor, anna: Customer) -> None:
    auditor = staff.actor("ben", ("*", "read", "all", "-description"))
    with staff.crm.session(auditor, reads=True) as s:
        (entry,) = entries(s, Customer, anna.id)
        assert entry.entry.delta["description"] == "***"
        assert entry.entry.delta["industry"] == "Ships"
        assert SECRET not in repr(entry)
        assert "delta" in s.hidden(AuditEntry)
        with pytest.raises(AccessDenied, match=r"audit_entry\.delta"):
            s.execute(sa.select(s.table(AuditEntry).c.delta))
        assert all(SECRET not in repr(s.shown(record)) for record in s.list(AuditEntry))
    whole = staff.actor("ben", ("*", "read", "all", "*"))
    with staff.crm.session(whole, reads=True) as s:
        assert SECRET in repr(entries(s, Customer, anna.id))
        assert s.hidden(AuditEntry) == frozenset()


def test_recognition_weighs_nothing_hidden(staff: Staff, seller: Actor, anna: Customer) -> None:
    evidence = Evidence(name="Anna Berg", birth_date=PartialDate(1980, 5, 17))
    with staff.crm.session(seller) as s:
        found = identify(s, evidence)
        assert [candidate.customer_id for candidate in found.candidates] == [anna.id]
        assert not any("birth" in reason.code for reason in found.candidates[0].reasons)
    with staff.crm.session() as s:
        found = identify(s, evidence)
        reasons = found.reasons or found.candidates[0].reasons
        assert any("birth" in reason.code for reason in reasons)


def test_keys_that_are_hidden_recognise_nobody(staff: Staff, anna: Customer) -> None:
    crm = staff.crm
    with crm.session() as s:
        s.add(anna, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
        s.add(ExternalIdentity(system="erp", external_id="4711", entity="customer", record_id=anna.id))
    rights = [("customer", "read", "all"), ("contact_point", "read", "all", "-value", "-normalized")]
    actor = staff.actor("ben", *rights, ("external_identity", "read", "all", "-external_id"))
    with crm.session(actor) as s:
        for evidence in (Evidence(emails="anna@example.com"), Evidence(external=("erp", "4711"))):
            assert identify(s, evidence).customer_id is None
        for needle in ("anna@example.com", "4711"):
            with pytest.raises(NotFound):
                customer_view(s, needle, crm.kinds)
        assert customer_view(s, "Anna Berg", crm.kinds).points[0].value == ""


def test_a_report_on_hidden_money_is_refused(staff: Staff, anna: Customer) -> None:
    crm = staff.crm
    bought = Interaction(kind="purchase", occurred_at=crm.clock.now(), money=Money.of("10", "EUR"))
    with crm.session() as s:
        s.add(anna, bought, InteractionParticipant(interaction_id=bought.id, customer_id=anna.id))
    actor = staff.actor(
        "ben",
        *((info.name, "read", "all") for info in crm.registry if info.name != "interaction"),
        ("interaction", "read", "all", "-money"),
    )
    with crm.session(actor, reads=True) as s:
        with pytest.raises(AccessDenied, match=r"interaction\.money"):
            customer_worths(s, crm.kinds, "EUR")
        view = customer_view(s, str(anna.id), crm.kinds)
        assert (view.value, view.timeline[0].money) == ((), None)


# -- writing ----------------------------------------------------------------------------------------------------------


def test_a_hidden_field_is_not_written(staff: Staff, seller: Actor, anna: Customer) -> None:
    for values in (
        {"description": "x"},
        {"birth_date": None},
        {"custom": {"marina_shoe": 38}},
        {"custom": {"marina_blood_group": "0", "marina_shoe": 38}},
    ):
        with staff.crm.session(seller) as s:
            s.update(change(s.get(Customer, anna.id), **values))
            with pytest.raises(
                AccessDenied, match=r"may not write (description|birth_date|marina_blood_group) of customer"
            ):
                s.flush()
            s.rollback()
    with staff.crm.session(seller) as s:
        s.add(Customer(name="New", description="x"))
        with pytest.raises(AccessDenied, match="may not write description of customer"):
            s.flush()
        s.rollback()
        whole = s.get(Customer, anna.id)
        s.update(change(whole, custom={**whole.custom, "marina_shoe": 39}), change(whole, industry="x"))
        s.add(Customer(name="New"))


def test_a_field_may_be_read_only(staff: Staff, anna: Customer) -> None:
    with staff.crm.session() as s:
        s.add(anna)
    actor = staff.actor("ben", ("customer", "read", "all"), ("customer", "update", "all", "industry", "owner_id"))
    with staff.crm.session(actor) as s:
        assert s.list(Customer, "description = Rosenquist")
        s.update(change(s.get(Customer, anna.id), industry="Boats"))
        s.flush()
        s.update(change(s.get(Customer, anna.id), description="x"))
        with pytest.raises(AccessDenied, match="may not write description of customer"):
            s.flush()
        s.rollback()


def test_what_rules_derive_is_not_the_users_writing(staff: Staff) -> None:
    rights = [("customer", "create", "all", "-name"), ("customer", "read", "all")]
    actor = staff.actor("ben", *rights)
    with staff.crm.session(actor) as s:
        made = Customer(given_name="Ann", family_name="Lee")
        s.add(made)
        s.flush()
        assert s.get(Customer, made.id).name == "Ann Lee"


def test_upserts_and_merge_choices_write_no_hidden_field(staff: Staff, seller: Actor, anna: Customer) -> None:
    with staff.crm.session(seller) as s:
        s.bulk_upsert(Customer, [Customer(name="Anna Berg", description="x")], key=("name",))
        with pytest.raises(AccessDenied, match="may not write description"):
            s.flush()
        s.rollback()


# -- words ------------------------------------------------------------------------------------------------------------


def test_special_fields_take_an_explicit_right(staff: Staff) -> None:
    yacht = Yacht(name="Ariel", insured=Money.of("1000", "EUR"))
    with staff.crm.session() as s:
        s.add(yacht)
    hidden = {}
    for words in ((), ("*",), ("name", "insured"), ("@special",), ("@internal", "@personal"), ("-name",)):
        actor = staff.actor("ben", ("marina_yacht", "read", "all", *words))
        with staff.crm.session(actor, reads=True) as s:
            hidden[words] = set(s.hidden(Yacht))
    assert hidden == {
        (): {"insured"},
        ("*",): set(),
        ("name", "insured"): {"length", "keeper_id"},
        ("@special",): {"name", "length", "keeper_id"},
        ("@internal", "@personal"): {"insured"},
        ("-name",): {"insured", "name"},
    }


def test_fields_add_up_over_roles_and_scopes(staff: Staff) -> None:
    actor = staff.actor("ben", ("customer", "read", "own", "name", "kind"), ("*", "read", "all", "industry"))
    info = staff.crm.registry.get(Customer)
    assert {"name", "kind", "industry"} & actor.hidden(info) == set()
    assert {"description", "marina_shoe"} <= actor.hidden(info)


def test_what_access_follows_from_is_never_hidden(staff: Staff) -> None:
    actor = staff.actor("ben", ("*", "*", "all", "-customer_id", "-id", "-record_id", "-version"))
    for cls in (ContactPoint, ExternalIdentity, Customer):
        assert not actor.hidden(staff.crm.registry.get(cls)) & {"customer_id", "id", "record_id", "version", "entity"}
    assert "customer_id" in actor.hidden(staff.crm.registry.get(InteractionParticipant))
    assert "from_id" not in actor.hidden(staff.crm.registry.get(CustomerRelation))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["@secret"], "fields: .*@secret"),
        (["shoe size"], "fields: "),
        (["nme"], r"“nme” - a field of customer; did you mean name"),
    ],
    ids=["class", "word", "field"],
)
def test_a_role_names_fields_that_there_are(staff: Staff, words: list[str], problem: str) -> None:
    row = {"entity": "customer", "action": "read", "scope": "own", "fields": words}
    with staff.crm.session() as s:
        s.add(Role(name="x", grants=(row,)))
        with pytest.raises(ValidationFailed, match=problem):
            s.flush()
        s.rollback()


FIELD = entity_info(Customer).by_name["description"]


@given(
    st.lists(st.sampled_from(["*", "@public", "@internal", "@personal", "@special", "description", "name"])),
    st.booleans(),
)
def test_taking_a_field_away_always_counts(words: list[str], taken: bool) -> None:
    made = read_field_words([*words, "-description"] if taken else words)
    expected = not taken and bool({"*", "@personal", "description"} & set(words))
    assert made.includes(FIELD) == expected


@given(st.data())
def test_more_grants_never_hide_more(data: st.DataObject) -> None:
    words = st.lists(st.sampled_from(["*", "@special", "@personal", "-name", "name", "industry"]), max_size=3)
    grant = st.builds(
        lambda entity, action, scope, fields: {"entity": entity, "action": action, "scope": scope, "fields": fields},
        st.sampled_from(["customer", "*"]),
        st.sampled_from(["read", "*"]),
        st.sampled_from(["own", "all"]),
        words,
    )
    rows = data.draw(st.lists(grant, min_size=1, max_size=4))

    def hidden(some: list[Any]) -> frozenset[str]:
        scopes, fields = added_up(map(read_grant, some))
        return Actor("x", tenant_id=ANY, grants=scopes, fields=fields).hidden(entity_info(Customer))

    for place in range(1, len(rows)):
        assert hidden(rows[: place + 1]) <= hidden(rows[:place])


ANY: Any = None


def test_words_that_are_no_fields_are_refused() -> None:
    for word in ("@nothing", "-", "a b", 7, None):
        with pytest.raises(ConfigError, match="names no field"):
            read_field_words([word])
    assert read_field_words(["-name"]) == FieldSet(classes=ORDINARY.classes, without=frozenset({"name"}))
