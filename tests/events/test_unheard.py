"""A commit that nobody waits for is not followed by a delivery; what is waited for is told at once, as ever."""

from __future__ import annotations

from typing import Any

from crmkit.core.customer import Customer
from crmkit.core.grouping import Tag
from crmkit.plugin import Context, Manifest, RecordBatch, hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.delivery import AT_ONCE
from crmkit.runtime.log_reading import LogReader
from crmkit.testing.making import MakeCrm


class Follower:
    manifest = Manifest(name="follower")

    def __init__(self) -> None:
        self.heard: list[str] = []

    @hookimpl(entities=("tag",))
    def after_records_saved_committed(self, ctx: Context, call: RecordBatch) -> None:
        self.heard += [c.after.name for c in call.changes]


def commit(crm: Crm, record: Any) -> None:
    with crm.session() as session:
        session.add(record)


def test_places_move_with_what_is_waited_for(make_crm: MakeCrm) -> None:
    follower = Follower()
    crm = make_crm(plugins=[follower])
    for number in range(3):
        commit(crm, Customer(name=f"C{number}"))
    commit(crm, Tag(name="first"))
    assert follower.heard == ["first"]
    assert not LogReader(crm).waiting("follower").any


def test_places_never_fall_far_behind(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[Follower()])
    reader = LogReader(crm)
    for number in range(AT_ONCE):
        commit(crm, Customer(name=f"C{number}"))
    assert len(reader.waiting("follower").events) == AT_ONCE
    commit(crm, Customer(name="One more"))
    assert not reader.waiting("follower").any


def test_what_waits_is_heard_by_a_drain(make_crm: MakeCrm) -> None:
    follower = Follower()
    crm = make_crm(plugins=[follower])
    commit(crm, Customer(name="C"))
    crm.drain()
    assert not LogReader(crm).waiting("follower").any
    assert follower.heard == []
