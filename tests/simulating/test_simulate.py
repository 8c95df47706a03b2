"""A change tried out on recorded history: rules of lifecycles, hooks, configuration; on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import BadInput
from crmkit.core.interaction import Interaction
from crmkit.core.journal import AuditEntry
from crmkit.core.lifecycle import Relationship
from crmkit.core.lifecycle_reading import lifecycle_from_data, lifecycle_to_data
from crmkit.core.messages import msg
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.money import Money
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import Change, Refuse
from crmkit.runtime.manifest import Manifest
from crmkit.runtime.simulating import RecordDifference, simulate
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.running import run_import
from crmkit.services.interactions import log
from crmkit.services.lifecycle.defining import default_lifecycle
from crmkit.services.lifecycle.evaluating import evaluate_rules
from tests.conftest import OpenCrm


class Grades:
    """Grades customers by their number of employees, and makes a note of the large ones."""

    manifest = Manifest(name="grades")

    def __init__(self, large: int) -> None:
        self.large = large

    @hookimpl(entities=("customer",))
    def derive_records(self, ctx: Any, call: Any) -> Iterable[Any]:
        for one in call.changes:
            if one.after.employees is not None:
                wanted = "large" if one.after.employees >= self.large else "small"
                if one.after.industry != wanted:
                    yield Change(one.before, change(one.after, industry=wanted))
                if wanted == "large" and one.created:
                    yield Interaction(kind="note", subject=f"Greet {one.after.name}", occurred_at=ctx.clock.now())


MAPPING = """
name = "people"

[[record]]
source = "people"
entity = "customer"
external_id = "{name}"
[record.fields]
name = "{name}"
kind = "organization"
country = "{country}"

[[record]]
source = "people"
entity = "contact_point"
match = ["customer_id", "kind", "value"]
[record.fields]
customer_id = { record = "customer" }
kind = "email"
value = "{email}"
"""


class NoNorway:
    manifest = Manifest(name="no_norway")

    @hookimpl(entities=("customer",))
    def guard_records(self, ctx: Any, call: Any) -> list[Refuse]:
        return [Refuse(msg("we do not sell to Norway"), c.after.id) for c in call.changes if c.after.country == "NO"]


def named(found: Iterable[RecordDifference], entity: str) -> dict[str, tuple[str, dict[str, tuple[Any, Any]]]]:
    return {
        one.title: (one.course, {field.name: (field.as_is, field.changed) for field in one.fields})
        for one in found
        if one.entity == entity
    }


def test_a_changed_derive_hook_shows_in_the_records_it_writes(open_crm: OpenCrm, clock: FixedClock) -> None:
    crm = open_crm(Grades(100))
    with crm.session() as session:
        session.add(Customer(name="Ten", employees=10), Customer(name="Fifty", employees=50))
    clock.advance(days=1)
    with crm.session() as session:
        session.add(Customer(name="Many", employees=1_000))
        ten = session.find(Customer, name="Ten")
        session.update(change(ten, employees=60, nickname="T"))
    found = simulate(crm, plugins=[Grades(50)])
    assert named(found.differences, "customer") == {
        "Ten": ("both", {"industry": ("small", "large")}),
        "Fifty": ("both", {"industry": ("small", "large")}),
    }
    notes = named(found.differences, "interaction")
    assert notes["Greet Fifty"][0] == "changed"
    assert set(notes) == {"Greet Fifty"}
    with crm.session(reads=True) as session:
        assert found.changes == session.count(AuditEntry)
    assert (found.refused, found.allowed) == ((), ())
    with crm.session(reads=True) as session:
        assert session.find(Customer, name="Fifty").industry == "small"


def test_nothing_differs_without_a_change(open_crm: OpenCrm, clock: FixedClock) -> None:
    crm = open_crm(Grades(100))
    with crm.session() as session:
        session.add(Customer(name="Many", employees=1_000))
    clock.advance(days=10)
    evaluate_rules(crm, crm.system)
    found = simulate(crm, plugins=[Grades(100)])
    assert found.same
    assert found.changes > 0


def test_a_guard_refuses_what_was_done(open_crm: OpenCrm, clock: FixedClock) -> None:
    crm = open_crm()
    oslo, bern = Customer(name="Oslo AS", country="NO"), Customer(name="Bern AG", country="CH")
    with crm.session() as session:
        session.add(oslo)
    clock.advance(hours=1)
    with crm.session() as session:
        session.add(bern)
    clock.advance(hours=1)
    with crm.session() as session:
        session.update(change(session.get(Customer, oslo.id), nickname="O"))
    found = simulate(crm, plugins=[NoNorway()])
    (refused,) = found.refused
    assert [(one.entity, one.record_id, one.title) for one in refused.records] == [("customer", oslo.id, "Oslo AS")]
    assert "we do not sell to Norway" in refused.reason
    assert named(found.differences, "customer")["Oslo AS"][0] == "as_is"
    assert found.left_out == (0, 1)


def test_a_guard_that_goes_lets_in_what_it_would_refuse(open_crm: OpenCrm) -> None:
    crm = open_crm()
    with crm.session() as session:
        session.add(Customer(name="Oslo AS", country="NO"))
    guarded = open_crm(NoNorway(), tenant=crm.tenant)
    found = simulate(guarded, plugins=[])
    assert [one.records[0].entity for one in found.allowed] == ["customer"]
    assert named(found.differences, "customer")["Oslo AS"][0] == "changed"


# Eighty nights, in each of which rules are evaluated; how they are on PostgreSQL is tested with lifecycles.
@pytest.mark.parametrize("core_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
def test_a_changed_rule_of_a_lifecycle_moves_other_records(open_crm: OpenCrm, clock: FixedClock) -> None:
    crm = open_crm()
    with crm.session() as session:
        anna, bert = Customer(name="Anna"), Customer(name="Bert")
        session.add(anna, bert)
        session.flush()
        session.add(Relationship(customer_id=anna.id), Relationship(customer_id=bert.id))
    for who in (anna, bert):
        with crm.session() as session:
            log(session, "purchase", participants=[who], money=Money.of(10, "EUR"))
    evaluate_rules(crm, crm.system)
    clock.advance(days=40)
    with crm.session() as session:
        log(session, "purchase", participants=[bert], money=Money.of(10, "EUR"))
    clock.advance(days=40)
    evaluate_rules(crm, crm.system)
    data = lifecycle_to_data(default_lifecycle())
    rules = [
        {**rule, "after": "60 days"} if rule["name"] == "no_purchase_for_90_days" else rule for rule in data["rules"]
    ]
    found = simulate(crm, lifecycles=[lifecycle_from_data({**data, "rules": rules})])
    counts = {one.stage: (one.as_is, one.changed) for one in found.stages}
    assert counts == {"customer": (2, 1), "at_risk": (0, 1)}
    steps = [one for one in found.differences if one.entity == "stage_transition"]
    assert [{field.name: field.changed for field in one.fields}["rule"] for one in steps] == ["no_purchase_for_90_days"]


def test_it_begins_in_the_middle(open_crm: OpenCrm, clock: FixedClock) -> None:
    crm = open_crm(Grades(100))
    with crm.session() as session:
        session.add(Customer(name="Old", employees=60))
        session.add(Customer(name="Touched", employees=70))
    clock.advance(days=10)
    since = clock.now()
    clock.advance(days=1)
    with crm.session() as session:
        session.update(change(session.find(Customer, name="Touched"), nickname="T"))
        session.add(Customer(name="New", employees=80))
    found = simulate(crm, plugins=[Grades(50)], since=since)
    assert set(named(found.differences, "customer")) == {"Touched", "New"}
    assert found.changes == 2
    with pytest.raises(BadInput, match="the end comes first"):
        simulate(crm, since=since, until=since - timedelta(days=1))


def test_what_people_did_with_derived_records_takes_place_with_those_of_the_copy(
    open_crm: OpenCrm, clock: FixedClock
) -> None:
    crm = open_crm(Grades(100))
    with crm.session() as session:
        session.add(Customer(name="Many", employees=1_000))
    clock.advance(days=1)
    with crm.session() as session:
        session.update(change(session.find(Interaction), outcome="greeted"))
    assert simulate(crm, plugins=[Grades(200)]).same
    found = simulate(crm, plugins=[Grades(2_000)])
    assert named(found.differences, "interaction")["Greet Many"][0] == "as_is"
    assert found.left_out == (0, 1)


def test_a_folder_of_hooks_is_taken_in_by_its_configuration(open_crm: OpenCrm, tmp_path: Path) -> None:
    from crmkit.runtime.config import load_config

    crm = open_crm()
    with crm.session() as session:
        session.add(Customer(name="Oslo AS", country="NO"))
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "borders.py").write_text(
        "from crmkit.plugin import Refuse, hookimpl, msg\n\n"
        "@hookimpl\n"
        "def guard_records(ctx, call):\n"
        "    return [Refuse(msg('closed'), c.after.id) for c in call.changes if call.entity == 'customer']\n"
    )
    (tmp_path / "crmkit.toml").write_text('plugin_folder = "hooks"\n')
    found = simulate(crm, config=load_config(tmp_path / "crmkit.toml", {}), plugins=[])
    assert [one.reason for one in found.refused] == ["refused by borders: closed"]


def test_of_an_import_only_the_rows_that_are_refused_stay_away(open_crm: OpenCrm, tmp_path: Path) -> None:
    crm = open_crm()
    file = tmp_path / "people.csv"
    file.write_text(
        "name,country,email\nOslo AS,NO,a@oslo.example\nBern AG,CH,b@bern.example\nWien AG,AT,c@wien.example\n"
    )
    mapping = read_mapping(MAPPING, "people.toml")
    report = run_import(crm, crm.system, file, mapping)
    assert report.rejected == 0
    found = simulate(crm, plugins=[NoNorway()])
    assert [[record.title for record in one.records] for one in found.refused] == [["Oslo AS"]]
    assert set(named(found.differences, "customer")) == {"Oslo AS"}
    assert len([one for one in found.differences if one.entity == "contact_point"]) == 1
