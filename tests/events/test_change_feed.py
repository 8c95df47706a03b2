"""The event log as a feed of changes: complete before every place, and pages of merges and history beside it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import BadInput
from crmkit.runtime.crm import Crm
from crmkit.services.events import UnknownPlace, changes_behind, feed_place
from crmkit.store.settling import settled_behind
from tests.conftest import OpenCrm


def add(crm: Crm, *names: str) -> list[Customer]:
    made = [Customer(name=name) for name in names]
    with crm.session() as session:
        session.add(*made)
    return made


def test_pages_follow_one_another_without_gap(open_crm: OpenCrm) -> None:
    crm = open_crm()
    with crm.session(reads=True) as session:
        place = feed_place(session)
    made = add(crm, "Ada", "Bo", "Cy")
    found = []
    more = True
    while more:
        with crm.session(reads=True) as session:
            page = changes_behind(session, place, limit=2, entities=["customer"])
        found += page.changes
        place, more = page.place, page.more
    assert [one.event.record_id for one in found] == [customer.id for customer in made]
    assert {field.name: field.after for field in found[0].fields} == {"name": "Ada"}
    with crm.session(reads=True) as session:
        assert changes_behind(session, place).changes == ()


def test_wrong_questions_are_refused(open_crm: OpenCrm) -> None:
    crm = open_crm()
    add(crm, "Ada")
    with crm.session(reads=True) as session:
        for wrong in ({"limit": 0}, {"limit": 1_001}, {"entities": ["custmer"]}):
            with pytest.raises(BadInput):
                changes_behind(session, 0, **wrong)
        for place in (-1, 2**60):
            with pytest.raises(UnknownPlace):
                changes_behind(session, place)
        with pytest.raises(BadInput):
            changes_behind(session, 0, entities=["customer"], without=["customer"])


@pytest.mark.parametrize("core_url", ["postgresql"], indirect=True)
def test_reading_stops_before_a_position_that_may_be_filled_yet(open_crm: OpenCrm) -> None:
    crm = open_crm()
    with crm.session(reads=True) as session:
        start = feed_place(session)
    waits: list[float] = []
    with crm.session() as slow:
        slow.add(Customer(name="Slow"))
        slow.flush()
        position = slow.connection.scalar(sa.text("SELECT max(position) FROM events"))
        add(crm, "Quick")
        assert settled_behind(crm.database, start, waits.append, patience=3) < position
    assert len(waits) == 3
    # A position whose transaction was undone is passed over as soon as nobody can fill it.
    with crm.session() as undone:
        undone.add(Customer(name="Undone"))
        undone.flush()
        undone.rollback()
    add(crm, "Last")
    with crm.session(reads=True) as session:
        names = [
            field.after
            for one in changes_behind(session, start, entities=["customer"]).changes
            for field in one.fields
            if field.name == "name"
        ]
    assert names == ["Slow", "Quick", "Last"]


def test_history_goes_on_behind_an_entry(open_crm: OpenCrm) -> None:
    crm = open_crm()
    [customer] = add(crm, "Ada")
    with crm.session() as session:
        services = crm.services_for(session)
        for name in ("Ada B", "Ada C"):
            session.update(change(session.get(Customer, customer.id), name=name))
            session.flush()
        whole = services.changes(Customer, customer.id)
        first = services.changes(Customer, customer.id, limit=1)
        rest = services.changes(Customer, customer.id, before=(first[0].version, first[0].id))
        assert (*first, *rest) == whole
        assert [entry.version for entry in whole] == [3, 2, 1]
