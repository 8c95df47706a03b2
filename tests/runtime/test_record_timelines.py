"""The timeline of any record, and one search over everything, as services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmkit.core.errors import BadInput, NotFound
from crmkit.core.interaction import Interaction, InteractionLink
from crmkit.core.product import Product
from crmkit.core.timeline import TimelineEntry
from crmkit.core.values.ids import new_id
from crmkit.hooks.web.questions import TimelineAsked, TimelineSource
from crmkit.plugin import Context, Manifest, Setup, hookimpl, msg
from crmkit.runtime.crm import Crm
from crmkit.testing.making import MakeCrm

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Shop:
    """A plugin that knows what happened with products."""

    manifest = Manifest(name="shop")
    asked: list[TimelineAsked]

    def __init__(self) -> None:
        self.asked = []

    @hookimpl
    def register_timeline_sources(self, ctx: Context, call: Setup) -> list[TimelineSource]:
        return [
            TimelineSource("shop.wrong", msg("Wrong"), "product", lambda ctx, asked: ["no entry"]),
            TimelineSource("shop.stock", msg("Stock"), "product", self.stock),
        ]

    def stock(self, ctx: Context, asked: TimelineAsked) -> Sequence[TimelineEntry]:
        self.asked.append(asked)
        every = [TimelineEntry(at=NOON - timedelta(minutes=n), title=f"Stock {n}", key=f"{n:03}") for n in range(40)]
        return [entry for entry in every if asked.before is None or entry.at < asked.before][: asked.limit]


@pytest.fixture
def shop() -> Shop:
    """The plugin."""
    return Shop()


@pytest.fixture
def crm(make_crm: MakeCrm, shop: Shop) -> Crm:
    """A CRM in memory with the plugin."""
    return make_crm(plugins=[shop])


@pytest.fixture
def product(crm: Crm) -> Any:
    """A product with two interactions that are linked to it, one of them twice."""
    made = Product(name="Lens", sku="L1")
    with crm.session() as session:
        session.add(made)
        for n, kind in enumerate(("call", "note")):
            one = Interaction(kind=kind, subject=f"{kind} on lens", occurred_at=NOON - timedelta(seconds=90 * n))
            session.add(one, InteractionLink(interaction_id=one.id, entity="product", record_id=made.id))
            if n:
                again = InteractionLink(interaction_id=one.id, entity="product", record_id=made.id, role="cause")
                session.add(again)
    return made


def titles(crm: Crm, product: Any, **details: Any) -> list[str]:
    """Return the titles of a whole timeline, read page by page."""
    found: list[str] = []
    cursor = ""
    while True:
        with crm.session(reads=True) as session:
            page = crm.services_for(session).record_timeline(Product, product.id, cursor=cursor, **details)
        found += [entry.title for entry in page.entries]
        assert [error.plugin for error in page.errors] == ["shop"]
        cursor = page.cursor
        if not cursor:
            return found


def test_interactions_and_sources_are_one_timeline(crm: Crm, product: Any) -> None:
    whole = titles(crm, product, limit=100)
    assert whole[:4] == ["Stock 0", "call on lens", "Stock 1", "note on lens"]
    assert len(whole) == 42
    for limit in (1, 7):
        assert titles(crm, product, limit=limit) == whole
    assert titles(crm, product, kinds=["note"]) == ["note on lens"]
    assert titles(crm, product, since=NOON - timedelta(minutes=1), until=NOON - timedelta(seconds=30)) == ["Stock 1"]


def test_a_source_is_asked_for_more_where_too_little_fits(crm: Crm, product: Any, shop: Shop) -> None:
    since = NOON - timedelta(minutes=30)
    assert len(titles(crm, product, since=since, limit=5)) == 33
    assert max(asked.limit for asked in shop.asked) > 6


def test_what_cannot_be_asked_is_refused(crm: Crm, product: Any) -> None:
    with crm.session(reads=True) as session:
        timeline = crm.services_for(session).record_timeline
        with pytest.raises(NotFound):
            timeline(Product, new_id())
        for wrong in ({"limit": 0}, {"cursor": "x"}, {"where": "kind = call"}, {"people": True}):
            with pytest.raises(BadInput):
                timeline(Product, product.id, **wrong)


def test_lifecycles_that_nobody_needed_yet_are_known(crm: Crm) -> None:
    with crm.session() as session:
        services = crm.services_for(session)
        [(stored, definition)] = services.lifecycles_known()
        assert (stored.name, definition.first) == ("customer", "prospect")
        assert services.lifecycles_known("product") == []
        services.define(definition)
        [(known, _)] = services.lifecycles_known("relationship")
        assert known.version == 1
