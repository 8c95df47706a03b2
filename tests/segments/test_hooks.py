"""News of who joins and who leaves, for plugins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.journal import Event
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.services.segments import (
    add_members,
    create_segment,
    find_segment,
    freeze,
    refresh,
    refresh_changed,
    remove_members,
    watch,
)

OpenCrm = Callable[..., Crm]


class Listens:
    """Notes who joined and left, by name, and greets who joins."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, list[str], list[str]]] = []

    @hookimpl(entities=("customer",))
    def after_segment_membership_changed_committed(self, ctx: Any, call: Any) -> None:
        assert call.entity == call.segment.entity == "customer"
        names = {record.id: record.name for record in ctx.session.list(Customer, deleted=True)}
        self.heard.append(
            (call.segment.name, sorted(names[id] for id in call.joined), sorted(names[id] for id in call.left))
        )
        for id in call.joined:
            joined = ctx.session.get(Customer, id)
            if not joined.description:
                ctx.session.update(change(joined, description="welcome"))


def filled(crm: Crm) -> dict[str, Customer]:
    made = {name: Customer(name=name, country=country) for name, country in (("Anna", "DE"), ("Bo", "FR"))}
    with crm.session() as session:
        session.add(*made.values())
    return made


def test_a_plugin_hears_who_joins_and_who_leaves_a_watched_segment(open_crm: OpenCrm) -> None:
    listens = Listens()
    crm = open_crm(listens)
    people = filled(crm)
    with crm.session() as session:
        create_segment(session, "German", "country = DE", watched=True)
        session.flush()
        refresh(session, "German")
        assert listens.heard == [], "only after the commit"
    assert listens.heard == [("German", ["Anna"], [])]
    with crm.session(reads=True) as session:
        assert session.get(Customer, people["Anna"].id).description == "welcome"
        assert [event.type for event in session.list(Event, entity="segment_member")] == ["segment_member.created"]
    with crm.session() as session:
        session.update(change(session.get(Customer, people["Anna"].id), country="FR"))
        session.update(change(people["Bo"], country="DE"))
    assert len(listens.heard) == 1, "a watched segment changes when it is refreshed"
    refresh_changed(crm, crm.system)
    assert listens.heard[1:] == [("German", ["Bo"], ["Anna"])]


def test_a_plugin_hears_of_frozen_lists(open_crm: OpenCrm) -> None:
    listens = Listens()
    crm = open_crm(listens)
    people = filled(crm)
    with crm.session() as session:
        create_segment(session, "German", "country = DE")
        session.flush()
        freeze(session, "German", "picked")
    with crm.session() as session:
        add_members(session, "picked", [people["Bo"]])
        remove_members(session, "picked", [people["Anna"]])
    with crm.session() as session:
        remove_members(session, "picked", [people["Bo"]])
        add_members(session, "picked", [people["Bo"]])
        session.flush()
    assert listens.heard == [("picked", ["Anna"], []), ("picked", ["Bo"], ["Anna"])]


def test_nobody_leaves_a_segment_that_is_watched_no_more(open_crm: OpenCrm) -> None:
    listens = Listens()
    crm = open_crm(listens)
    filled(crm)
    with crm.session() as session:
        create_segment(session, "German", "country = DE", watched=True)
    refresh_changed(crm, crm.system)
    with crm.session() as session:
        watch(session, "German", False)
    refresh_changed(crm, crm.system)
    with crm.session() as session:
        session.delete(find_segment(session, "German"))
    assert listens.heard == [("German", ["Anna"], [])]


def test_plugins_reach_segments_as_services(open_crm: OpenCrm) -> None:
    crm = open_crm()
    people = filled(crm)
    with crm.session() as session:
        services = crm.services_for(session)
        services.create_segment("German", "country = DE")
        services.create_segment("list", frozen=True)
        session.flush()
        assert services.count_segment("German") == 1
        assert services.in_segment(people["Anna"], "German")
        assert services.add_to_segment("list", [people["Anna"], people["Bo"]]) == 2
        assert services.remove_from_segment("list", [people["Bo"]]) == 1
        assert services.freeze_segment("list", "copy").kind == "frozen"
        assert [record.name for record in services.segment_members("copy").records] == ["Anna"]
        assert len(services.preview_segment("copy").rows) == 1
        services.watch_segment("German")
        session.flush()
        assert services.refresh_segment("German").joined == 1
        assert services.add_tags([people["Anna"]], ["vip"]) == 1
        assert [tag.name for tag in services.tags_of(people["Anna"])] == ["vip"]
        assert services.remove_tags([people["Anna"]], ["vip"]) == 1
        pump = services.add_asset(people["Anna"], "Pump")
        session.flush()
        assert services.transfer_asset(pump, people["Bo"]).customer_id == people["Bo"].id
        session.flush()
        assert [asset.name for asset in services.assets_of(people["Bo"])] == ["Pump"]
