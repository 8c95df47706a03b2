"""What plugins take part in: lifecycles of their own, guards, and news of stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.core.errors import PluginError, Refused, ValidationFailed
from crmkit.core.lifecycle import Lifecycle, StageTransition
from crmkit.core.messages import msg
from crmkit.hooks.errors import BadHook
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import Refuse
from crmkit.runtime.crm import Crm
from crmkit.services.lifecycle.defining import define, ensure_lifecycles
from crmkit.services.lifecycle.moving import move, start
from tests.lifecycle.conftest import DAY, add_customer, lifecycle, stage_of

OpenCrm = Callable[..., Crm]


class Brings:
    def __init__(self, *definitions: Any) -> None:
        self.definitions = list(definitions)

    @hookimpl
    def register_lifecycles(self, call: Any) -> list[Any]:
        return self.definitions


class Listens:
    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str, str]] = []

    @hookimpl(entities=("customer",))
    def after_stage_changed_committed(self, ctx: Any, call: Any) -> None:
        self.heard += [(call.entity, move.lifecycle, move.from_stage, move.to_stage) for move in call.moves]


class Guards:
    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    @hookimpl(entities=("customer",))
    def guard_stage_transition(self, ctx: Any, call: Any) -> list[Refuse]:
        self.batches.append([f"{move.from_stage}>{move.to_stage}" for move in call.moves])
        return [Refuse(msg("b is closed"), move.record_id) for move in call.moves if move.to_stage == "b"]


def test_a_plugins_lifecycle_comes_into_force_and_a_changed_one_is_a_revision(open_crm: OpenCrm) -> None:
    crm = open_crm(Brings(lifecycle("a", "b")))
    assert [one.name for one in crm.lifecycles()] == ["customer", "deal"]
    with crm.session() as session:
        ensure_lifecycles(session, crm.lifecycles())
        zed = add_customer(session)
        start(session, zed)
    newer = open_crm(Brings(lifecycle("b", "c", remap={"a": "c"})))
    with newer.session() as session:
        ensure_lifecycles(session, newer.lifecycles())
        assert session.find(Lifecycle, name="deal", active=True).revision == 2
    assert stage_of(newer, zed) == "c"


def test_a_plugins_own_customer_lifecycle_takes_the_place_of_the_shipped_one(open_crm: OpenCrm) -> None:
    own = lifecycle("a", name="customer")
    assert open_crm(Brings(own)).lifecycles() == (own,)


def test_a_wrong_lifecycle_stops_the_start_and_names_the_plugin(open_crm: OpenCrm) -> None:
    rules = [{"name": "r", "from": "a", "to": "b", "when": "colour = red"}]
    with pytest.raises(ValidationFailed, match=r"deal\.rules\[0\]\.when"):
        open_crm(Brings(lifecycle("a", "b", rules=rules)))
    with pytest.raises(BadHook, match="registered twice"):
        open_crm(Brings(lifecycle("a"), lifecycle("a")))


def test_a_guard_sees_a_batch_and_what_it_refuses_is_not_written(open_crm: OpenCrm) -> None:
    guards = Guards()
    crm = open_crm(guards)
    with crm.session() as session:
        define(session, lifecycle("a", "b", "c"))
        one, two = add_customer(session), add_customer(session)
        tracks = [start(session, record) for record in (one, two)]
    guards.batches.clear()
    with crm.session() as session:
        for track in tracks:
            session.add(StageTransition(track_id=track.id, to_stage="c", occurred_at=crm.clock.now()))
    assert guards.batches == [["a>c", "a>c"]]
    with pytest.raises(Refused, match="b is closed") as caught, crm.session() as session:
        move(session, one, "b")
    assert caught.value.plugin != "crmkit"
    assert (stage_of(crm, one), stage_of(crm, two)) == ("c", "c")


class Breaks:
    @hookimpl
    def guard_stage_transition(self, call: Any) -> None:
        raise RuntimeError("oops")


def test_a_guard_that_fails_is_named(open_crm: OpenCrm) -> None:
    with open_crm(Breaks()).session() as session:
        define(session, lifecycle("a"))
        zed = add_customer(session)
        with pytest.raises(PluginError, match="guard_stage_transition"):
            start(session, zed)
        session.rollback()


def test_news_of_stages_come_after_the_commit_and_only_then(open_crm: OpenCrm) -> None:
    listens = Listens()
    crm = open_crm(listens)
    with crm.session() as session:
        define(session, lifecycle("a", "b"))
        zed = add_customer(session)
        start(session, zed)
        assert listens.heard == []
    assert listens.heard == [("customer", "deal", "", "a")]
    with crm.session() as session:
        move(session, zed, "b")
        session.rollback()
    assert len(listens.heard) == 1
    with crm.session() as session:
        move(session, zed, "b", at=crm.clock.now() - DAY)
    assert listens.heard[1:] == [("customer", "deal", "", "b")]


class Welcomes:
    """Answers to a purchase by a step of its own."""

    @hookimpl
    def after_interactions_logged_committed(self, ctx: Any, call: Any) -> None:
        zed = ctx.session.find(Customer, name="Zed")
        ctx.services.start(zed, lifecycle="deal")
        ctx.services.move(zed, "b", reason="bought")
        assert [one.stage for one in ctx.services.stage_history(zed)][-1] == "b"


def test_plugins_move_records_through_their_services(open_crm: OpenCrm) -> None:
    crm = open_crm(Brings(lifecycle("a", "b")), Welcomes())
    with crm.session() as session:
        zed = add_customer(session, crm.clock.now())
    assert stage_of(crm, zed) == "b"
    with crm.session(reads=True) as session:
        assert {step.cause for step in session.list(StageTransition)} == {"plugin"}
