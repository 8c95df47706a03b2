"""Lifecycles as derive hooks see them: stored ones, else those that plugins bring, to be written by who begins."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit.core.lifecycle import Lifecycle, StageTrack
from crmkit.core.product import Product
from crmkit.plugin import Context, Manifest, NotFound, RecordBatch, Refused, Setup, hookimpl, lifecycle_from_toml
from crmkit.testing.making import MakeCrm

SHELF = """
name = "shelf"
entity = "product"
stages = [
    { name = "new", category = "open", settings = { hint = "look at it" } },
    { name = "sold", category = "won" },
]
"""


class Shelf:
    """Has each new product begin its way."""

    manifest = Manifest(name="shelf")

    @hookimpl
    def register_lifecycles(self, ctx: Context, call: Setup) -> list[object]:
        return [lifecycle_from_toml(SHELF)]

    @hookimpl(entities=("product",))
    def derive_records(self, ctx: Context, call: RecordBatch) -> list[object]:
        lifecycles = ctx.services.lifecycles_in_force()
        made: list[object] = []
        for item in call.changes:
            if item.created and item.after.description == "":
                made += lifecycles.first_step("shelf", item.after, ctx.clock.now())
        return [*lifecycles.made, *made]


def test_the_first_record_writes_the_lifecycle_along(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[Shelf()])
    first, second = Product(sku="1", name="One"), Product(sku="2", name="Two")
    for product in (first, second):
        with crm.session() as session:
            session.add(product)
    with crm.session() as session:
        assert session.count(Lifecycle, "name = shelf") == 1
        services = crm.services_for(session)
        assert [one.stage for one in services.stage_history(first)] == ["new"]
        assert services.move(second, "sold").category == "won"
        definition = services.lifecycles_in_force().definition("shelf")
        assert definition.stage("new").settings == {"hint": "look at it"}
        with pytest.raises(NotFound, match="did you mean shelf"):
            services.lifecycles_in_force().lifecycle("shelve")


class Labels:
    """Asks for the same lifecycle in the same save, and writes it along as well."""

    manifest = Manifest(name="labels")

    @hookimpl(entities=("product",))
    def derive_records(self, ctx: Context, call: RecordBatch) -> list[object]:
        lifecycles = ctx.services.lifecycles_in_force()
        lifecycles.lifecycle("shelf")
        return list(lifecycles.made)


def test_who_asks_in_the_same_save_is_given_the_same_lifecycle(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[Shelf(), Labels()])
    with crm.session() as session:
        session.add(Product(sku="1", name="One"))
    with crm.session() as session:
        assert session.count(Lifecycle, "name = shelf") == 1


def test_the_next_save_of_a_session_sees_a_revision_made_in_between(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[Shelf()])
    with crm.session() as session:
        services = crm.services_for(session)
        session.add(Product(sku="1", name="One"))
        session.flush()
        services.define(lifecycle_from_toml(SHELF.replace('"new"', '"fresh"')), remap={"new": "fresh"})
        later = Product(sku="2", name="Two")
        session.add(later)
        session.flush()
        assert [one.stage for one in services.stage_history(later)] == ["fresh"]


class Travelled:
    """Has each new product come to its second stage already; ``kept`` says how many of its steps are returned."""

    manifest = Manifest(name="travelled")

    def __init__(self, kept: int = 2, back: timedelta = timedelta()) -> None:
        self._kept, self._back = kept, back

    @hookimpl
    def register_lifecycles(self, ctx: Context, call: Setup) -> list[object]:
        return [lifecycle_from_toml(SHELF)]

    @hookimpl(entities=("product",))
    def derive_records(self, ctx: Context, call: RecordBatch) -> list[object]:
        lifecycles, now = ctx.services.lifecycles_in_force(), ctx.clock.now()
        made: list[object] = []
        for item in call.changes:
            if item.created:
                steps = [(now - timedelta(days=2), "new"), (now - self._back, "sold")]
                track, transitions = lifecycles.first_steps("shelf", item.after, steps, reason="paid")
                made += [track, *transitions[: self._kept]]
        return [*lifecycles.made, *made]


def test_a_record_begins_with_several_steps(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[Travelled()])
    one = Product(sku="1", name="One")
    with crm.session() as session:
        session.add(one)
    with crm.session() as session:
        history = crm.services_for(session).stage_history(one)
        assert [(step.stage, step.transition.from_stage, step.transition.reason) for step in history] == [
            ("new", "", ""),
            ("sold", "new", "paid"),
        ]
        track = session.list(StageTrack, record_id=one.id)[0]
        assert (track.stage, track.category, track.entered_at) == ("sold", "won", crm.clock.now())


def test_a_track_is_refused_without_a_step_that_it_tells_of(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[Travelled(kept=0)])
    with pytest.raises(Refused, match="begins with its first transition"), crm.session() as session:
        session.add(Product(sku="1", name="One"))


def test_steps_in_another_order_count_by_their_instants(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[Travelled(back=timedelta(days=9))])
    one = Product(sku="1", name="One")
    with crm.session() as session:
        session.add(one)
    with crm.session() as session:
        assert [step.stage for step in crm.services_for(session).stage_history(one)] == ["sold", "new"]
        assert session.list(StageTrack, record_id=one.id)[0].stage == "new"
