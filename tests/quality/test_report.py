"""Reports on both databases: what counts as missing, wrong and old, and that SQL agrees with counting in Python."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.entity import CustomField, change
from crmkit.core.errors import BadInput
from crmkit.core.product import Product
from crmkit.core.quality import QualityExpectation, QualitySettings
from crmkit.core.quality_rules import QualityRules
from crmkit.core.quality_score import STATES, State, Tally, record_points
from crmkit.core.staff import Team, User
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm
from crmkit.services.quality import QualityReport, QualityRow, Whose, confirm, problems_of, quality_report, work_list
from tests.conftest import OpenCrm
from tests.tenants import in_a_new_tenant


def rules(crm: Crm, *expect: QualityExpectation, **given: Any) -> QualityRules:
    """Return the rules of customers with nothing but ``expect``; without it, those of crmkit."""
    everything = QualityRules(crm.registry, (), QualitySettings()).of("customer") if expect else ()
    none = [QualityExpectation(entity="customer", name=one.name, weight=0) for one in everything]
    kept = {one.word for one in expect}
    return QualityRules(
        crm.registry, (), QualitySettings(expect=(*[one for one in none if one.word not in kept], *expect), **given)
    )


def expects(**said: Any) -> QualityExpectation:
    return QualityExpectation(entity="customer", **said)


def report(crm: Crm, found: QualityRules | None = None, **details: Any) -> QualityReport:
    with crm.session(reads=True) as session:
        return quality_report(session, found or crm.quality, **details)


def rows(found: QualityReport) -> dict[str, QualityRow]:
    return {row.key: row for row in found.rows}


@pytest.fixture
def shop(crm: Crm) -> Crm:
    """Two organizations, one well described, and a person who works there."""
    acme = Customer(
        name="Acme", kind="organization", legal_name="Acme GmbH", industry="Tools", country="DE", source="erp"
    )
    bare = Customer(name="Bare", kind="organization", source="fair list")
    anna = Customer(name="Anna Berg", family_name="Berg", kind="person")
    with crm.session() as session:
        session.add(
            acme,
            bare,
            anna,
            ContactPoint(customer_id=acme.id, kind="email", value="info@acme.example"),
            ContactPoint(customer_id=acme.id, kind="email", value="old@acme.example", deliverability="bounced"),
            ContactPoint(customer_id=bare.id, kind="email", value="info@bare.example", deliverability="bounced"),
            ContactPoint(customer_id=anna.id, kind="phone", value="+49 30 1234567"),
            CustomerRelation(from_id=anna.id, to_id=acme.id, type="employed_by", title="Buyer"),
        )
    return crm


def test_without_any_record_there_is_no_data(crm: Crm) -> None:
    found = report(crm)
    assert (found.total.records, found.total.score, found.total.completeness) == (0, None, None)
    assert {row.score for row in found.rows} == {None}
    assert report(crm, by="owner").rows == ()


def test_by_field(shop: Crm) -> None:
    found = rows(report(shop))
    assert found["email"].tally == Tally(expected=3, present=2, valid=1, current=1)
    assert (found["email"].completeness, found["email"].validity) == (Decimal("66.7"), Decimal("50.0"))
    assert found["industry"].tally == Tally(2, 1, 1, 1)
    assert found["family_name"].tally == Tally(1, 1, 1, 1)
    assert found["contact"].tally == Tally(2, 1, 1, 1)
    assert found["job"].tally == Tally(1, 1, 1, 1)
    assert found["owner"].tally == Tally(3, 0, 0, 0)
    assert found["phone"].tally == Tally(3, 1, 1, 1)
    assert (found["unique"].uniqueness, found["unique"].completeness) == (Decimal(100), None)


def test_the_whole_is_the_weighted_mean(shop: Crm) -> None:
    found = report(shop, rules(shop, expects(name="email", weight=3), expects(name="industry", weight=1)))
    assert [row.key for row in found.rows] == ["industry", "email"]
    assert found.total.score == Decimal("36.4")  # (3 x 1 + 1 x 1) / (3 x 3 + 1 x 2)
    assert found.total.completeness == Decimal("63.6")  # (3 x 2 + 1 x 1) / 11
    assert found.total.validity == Decimal("57.1")  # 4 / 7
    assert (found.total.timeliness, found.total.uniqueness) == (Decimal(100), None)


def test_values_grow_old_and_are_new_again_when_they_change(shop: Crm, clock: FixedClock) -> None:
    wanted = rules(shop, expects(name="industry", max_age=100), expects(name="email", max_age=200))
    clock.advance(days=100)
    assert rows(report(shop, wanted))["industry"].tally == Tally(2, 1, 1, 1)
    clock.advance(seconds=1)
    found = rows(report(shop, wanted))
    assert (found["industry"].tally, found["industry"].age) == (Tally(2, 1, 1, 0), Decimal("100.0"))
    assert found["email"].tally.current == 1
    with shop.session() as session:
        acme = session.find(Customer, name="Acme")
        assert acme is not None
        # Another field of the record, which says nothing of this one.
        session.update(change(acme, description="important"))
    assert rows(report(shop, wanted))["industry"].tally.current == 0
    with shop.session() as session:
        acme = session.find(Customer, name="Acme")
        assert acme is not None
        session.update(change(acme, industry="Tools and more"))
    assert rows(report(shop, wanted))["industry"].tally.current == 1
    clock.advance(days=100)
    assert rows(report(shop, wanted))["email"].tally == Tally(3, 2, 1, 0)


def test_fixed_values_and_those_of_age_nought_never_grow_old(shop: Crm, clock: FixedClock) -> None:
    clock.advance(days=20_000)
    found = rows(report(shop, rules(shop, expects(name="legal_name"), expects(name="industry", max_age=0))))
    assert (found["legal_name"].tally.current, found["industry"].tally.current) == (1, 1)
    assert (found["legal_name"].fixed, found["legal_name"].timeliness, found["legal_name"].age) == (True, None, None)


def test_parts_that_are_over_do_not_count(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        point = session.find(ContactPoint, value="info@acme.example")
        assert point is not None
        session.update(change(point, valid_until=clock.now().date() - timedelta(days=1)))
    assert rows(report(shop))["email"].tally == Tally(3, 2, 0, 0)


def test_custom_fields_have_ages_of_their_own(open_crm: OpenCrm, clock: FixedClock) -> None:
    custom = [CustomField(entity="customer", name=name) for name in ("vat", "colour")]
    crm = open_crm(config={"custom_fields": [attrs.asdict(one) for one in custom]})
    wanted = rules(crm, expects(field="vat", max_age=10), expects(field="colour", max_age=10))
    one, other = Customer(name="A", custom={"vat": "1", "colour": "red"}), Customer(name="B")
    with crm.session() as session:
        session.add(one, other)
    clock.advance(days=20)
    with crm.session() as session:
        session.update(change(session.get(Customer, one.id), custom={"vat": "1", "colour": "blue"}))
        session.update(change(session.get(Customer, other.id), custom={"vat": "2"}))
    found = rows(report(crm, wanted))
    assert found["vat"].tally == Tally(2, 2, 2, 1)
    assert found["colour"].tally == Tally(2, 1, 1, 1)


def test_a_right_value_meets_its_condition(shop: Crm) -> None:
    with shop.session() as session:
        for customer, staff in zip(session.list(Customer, kind="organization"), (5, 0), strict=True):
            session.update(change(customer, employees=staff))
    found = rows(report(shop, rules(shop, expects(name="employees", valid="employees > 0"))))
    assert found["employees"].tally == Tally(2, 2, 1, 1)


def test_products_and_what_is_there_twice(crm: Crm) -> None:
    with crm.session() as session:
        session.add(
            Product(sku="1", name="Filter", price=Money.of("5", "EUR")),
            Product(sku="2", name="FILTER", unit="piece"),
            Product(sku="3", name="Pump"),
        )
    found = rows(report(crm, entity="product"))
    assert found["price"].tally == Tally(3, 1, 1, 1)
    assert found["unique"].tally == Tally(3, 3, 1, 1)
    assert found["unique"].uniqueness == Decimal("33.3")


def test_groups(shop: Crm) -> None:
    north, anke = Team(name="North"), User(login="anke", name="Anke")
    with shop.session() as session:
        session.add(north, anke)
        session.flush()
        acme = session.find(Customer, name="Acme")
        assert acme is not None
        session.update(change(acme, owner_id=anke.id, team_id=north.id))
    wanted = rules(shop, expects(name="email"), expects(name="owner"), internal_sources=("erp",))
    by_owner = report(shop, wanted, by="owner")
    assert [(row.key, row.label, row.records, row.score) for row in by_owner.rows] == [
        (str(anke.id), "Anke", 1, Decimal(100)),
        ("", "", 2, Decimal(0)),
    ]
    assert by_owner.total.score == Decimal("33.3")
    assert {row.label: row.records for row in report(shop, wanted, by="team").rows} == {"North": 1, "": 2}
    sources = {row.key: row.records for row in report(shop, wanted, by="source").rows}
    assert sources == {"erp": 1, "fair list": 1, "": 1}
    origins = {row.key: (row.records, row.score) for row in report(shop, wanted, by="origin").rows}
    assert origins == {"internal": (2, Decimal("50.0")), "external": (1, Decimal(0))}
    kinds = {row.key: row.records for row in report(shop, wanted, by="kind").rows}
    assert kinds == {"organization": 2, "person": 1}
    natures = {row.key: row.weight for row in report(shop, wanted, by="nature").rows}
    assert natures == {"fixed": 2, "variable": 3}
    assert {row.key: row.records for row in report(shop, wanted, by="import").rows} == {"": 3}
    totals = {report(shop, wanted, by=by).total for by in ("field", "nature", "owner", "team", "source", "origin")}  # type: ignore[arg-type]
    assert len(totals) == 1


def test_records_can_be_chosen(shop: Crm) -> None:
    def records(**whose: Any) -> int:
        return report(shop, whose=Whose(**whose)).total.records

    assert records(filter="kind = organization") == 2
    assert records(source="erp") == 1
    assert records(source="") == 1
    assert records(owner=None) == 3
    assert records(owner=uuid4()) == 0
    assert records(team=None, filter="country = DE") == 1
    with shop.session() as session:
        shop.services_for(session).create_segment("Companies", "kind = organization")
    assert records(segment="Companies", source="erp") == 1


def test_what_cannot_be_asked_is_said(shop: Crm) -> None:
    for by in ("feild", "colour"):
        with pytest.raises(BadInput, match="no report by"):
            report(shop, by=by)
    with pytest.raises(BadInput, match="has no owner to report by"):
        report(shop, entity="contact_point", by="owner")
    with pytest.raises(BadInput, match="has no owner and no team"):
        report(shop, entity="contact_point", whose=Whose(owner=None))
    with pytest.raises(BadInput):
        report(shop, whose=Whose(filter="country >"))
    with pytest.raises(BadInput, match="nobody edits"):
        report(shop, entity="event")


@pytest.mark.parametrize("core_url", ["postgresql"], indirect=True)
def test_the_planner_is_left_as_it_was(shop: Crm) -> None:
    """PostgreSQL is told to join at once while it reports, and nothing else is."""
    with shop.session(reads=True) as session:
        quality_report(session, shop.quality)
        work_list(session, shop.quality)
        assert session.connection.exec_driver_sql("SHOW enable_nestloop").scalar() == "on"


def test_as_many_statements_for_a_thousand_records_as_for_ten(crm: Crm) -> None:
    asked: list[str] = []
    sa.event.listen(crm.database.engine, "before_cursor_execute", listener := lambda *call: asked.append(call[2]))

    def statements(number: int) -> list[int]:
        with crm.session() as session:
            have = session.count(Customer)
            people = [Customer(name=f"P{n}", source=f"s{n % 7}") for n in range(have, number)]
            points = [ContactPoint(customer_id=one.id, kind="email", value=f"{one.name}@x.example") for one in people]
            session.add(*people, *points)
        counts = []
        for ask in _ASKED:
            asked.clear()
            with crm.session(reads=True) as session:
                ask(session, crm.quality)
            counts.append(len(asked))
        return counts

    try:
        few, many = statements(10), statements(1_000)
    finally:
        sa.event.remove(crm.database.engine, "before_cursor_execute", listener)
    assert few == many
    assert max(many) <= 4


_ASKED: list[Callable[[Any, QualityRules], Any]] = [
    lambda session, found: quality_report(session, found),
    lambda session, found: quality_report(session, found, by="source"),
    lambda session, found: work_list(session, found, limit=1_000),
]


# -- counting in Python -----------------------------------------------------------------------------------------------

FIELDS = ("industry", "country", "domain")
START = datetime(2026, 1, 1, tzinfo=UTC)
MAX_AGE = 30


@attrs.define
class Known:
    """What a customer is in the model: its values with the day they came, mail addresses, and days of confirmations."""

    kind: str
    values: dict[str, tuple[str, int]] = attrs.field(factory=dict)
    mails: dict[UUID, tuple[str, int]] = attrs.field(factory=dict)
    confirmed: dict[str, int] = attrs.field(factory=dict)


def state_in_model(known: Known, name: str, today: int) -> State:
    if name == "email":
        if not known.mails:
            return "missing"
        good = [day for how, day in known.mails.values() if how != "bounced"]
        if not good:
            return "wrong"
        day = max(good)
    else:
        if name in ("industry", "domain") and known.kind != "organization":
            return ""
        value, day = known.values.get(name, ("", 0))
        if not value:
            return "missing"
        if name == "country" and value == "XX":
            return "wrong"
    return "good" if today - max(day, known.confirmed.get(name, day)) <= MAX_AGE else "old"


actions = st.lists(
    st.tuples(
        st.sampled_from(["new", "set", "mail", "bounce", "confirm", "wait", "delete"]),
        st.integers(0, 5),
        st.sampled_from([*FIELDS, "email"]),
        st.sampled_from(["", "A", "B"]),
        st.integers(1, 25),
    ),
    min_size=4,
    max_size=14,
)


@settings(
    max_examples=settings.default.max_examples // 10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(actions)
def test_the_database_counts_as_python_does(crm: Crm, clock: FixedClock, found: list[Any]) -> None:
    in_a_new_tenant(crm)
    clock.set(START)
    wanted = rules(
        crm,
        expects(name="industry", weight=2, max_age=MAX_AGE),
        expects(name="country", weight=5, max_age=MAX_AGE, valid="country != FR"),
        expects(name="domain", weight=1, max_age=MAX_AGE),
        expects(name="email", weight=3, max_age=MAX_AGE, applies="kind in (person, organization)"),
    )
    model = _played(crm, clock, wanted, found)
    today = (clock.now() - START).days
    order = [one.name for one in wanted.of("customer")]
    weights = {one.name: one.weight for one in wanted.of("customer")}
    told = {id: {name: state_in_model(known, name, today) for name in order} for id, known in model.items()}
    with crm.session(reads=True) as session:
        made = rows(quality_report(session, wanted))
        kinds = rows(quality_report(session, wanted, by="kind"))
        listed = work_list(session, wanted, limit=100).items
        each = {id: problems_of(session, wanted, session.get(Customer, id)) for id in model}
    for name in order:
        of_one = [states[name] for states in told.values() if states[name]]
        ranks = [STATES.index(state) for state in of_one]
        assert made[name].tally == Tally(len(ranks), *[sum(rank >= least for rank in ranks) for least in (2, 3, 4)]), (
            name
        )
    for kind, row in kinds.items():
        assert row.records == sum(known.kind == kind for known in model.values())
    for id, states in told.items():
        points = record_points((weights[name], state) for name, state in states.items())
        assert points is not None
        item = each[id]
        assert item is not None
        assert item.score == Decimal(points // 10) / 10
        assert {one.name: one.state for one in item.problems} == {
            name: state for name, state in states.items() if state in ("missing", "wrong", "old")
        }
    assert {item.id for item in listed} == {id for id, states in told.items() if set(states.values()) - {"", "good"}}
    assert [item.score for item in listed] == sorted(item.score for item in listed)


def _played(crm: Crm, clock: FixedClock, wanted: QualityRules, found: list[Any]) -> dict[UUID, Known]:
    """Do what the actions say, in the database and in the model."""
    model: dict[UUID, Known] = {}
    for action, which, name, value, days in found:
        today = (clock.now() - START).days
        if action == "wait":
            clock.advance(days=days)
            continue
        with crm.session() as session:
            if action == "new" or not model:
                made = Customer(name="C", kind="organization" if which % 2 else "person")
                session.add(made)
                model[made.id] = Known(made.kind)
                continue
            id = sorted(model)[which % len(model)]
            known, customer = model[id], session.get(Customer, id)
            if action == "set" and name != "email":
                written = {
                    "country": {"": "", "A": "DE", "B": "FR"},
                    "domain": {"": "", "A": "a.example", "B": "b.example"},
                }
                text = written.get(name, {}).get(value, value)
                if getattr(customer, name) != text:
                    session.update(change(customer, **{name: text}))
                    known.values[name] = ("XX" if text == "FR" else text, today)
            elif action == "mail":
                point = ContactPoint(customer_id=id, kind="email", value=f"{uuid4().hex}@x.example")
                session.add(point)
                known.mails[point.id] = ("unknown", today)
            elif action == "bounce" and known.mails:
                point_id = sorted(known.mails)[which % len(known.mails)]
                if known.mails[point_id][0] != "bounced":
                    session.update(change(session.get(ContactPoint, point_id), deliverability="bounced"))
                    known.mails[point_id] = ("bounced", today)
            elif action == "confirm" and state_in_model(known, name, today) in ("old", "good"):
                confirm(session, wanted, customer, [name])
                known.confirmed[name] = today
            elif action == "delete":
                session.delete(customer)
                del model[id]
    return model
