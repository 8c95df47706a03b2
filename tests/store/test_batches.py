"""Many records in one flush: whatever their columns share, each comes back as it was written."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.entity import change
from crmkit.core.interaction import Interaction
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.product import Product
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm

START = datetime(2026, 1, 1, tzinfo=UTC)

# Few values, so that columns are often alike in all rows, and often in all but one.
INTERACTIONS = st.builds(
    Interaction,
    kind=st.sampled_from(["note", "call"]),
    subject=st.sampled_from(["", "a", 'quo"te', "back\\slash", "null", "鹤泉", "{}"]),
    occurred_at=st.sampled_from([START, START + timedelta(microseconds=1)]),
    money=st.sampled_from([None, Money(Decimal("1.50"), "EUR"), Money(Decimal("2"), "CNY")]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(INTERACTIONS, min_size=2, max_size=6))
def test_a_batch_comes_back_as_it_was_written(crm: Crm, batch: list[Interaction]) -> None:
    with crm.session() as s:
        s.add(*batch)
    names = ("kind", "subject", "occurred_at", "money")
    with crm.session(reads=True) as s:
        for one in batch:
            stored = s.get(Interaction, one.id)
            assert [getattr(stored, name) for name in names] == [getattr(one, name) for name in names]


@pytest.mark.parametrize(
    "shared",
    ["it's", "a' || 'b", "?", "line\nbreak", "鹤泉's", "x" * 1_500, "", "%s"],
    ids=lambda text: repr(text)[:12],
)
def test_a_long_batch_comes_back_as_it_was_written(crm: Crm, shared: str) -> None:
    """Long enough that what all rows share is written once for them all."""
    batch = [Product(sku=f"{number}", name="A", description=shared) for number in range(120)]
    with crm.session() as s:
        s.add(*batch)
    with crm.session(reads=True) as s:
        stored = {one.id: one for one in s.list(Product)}
        assert [stored[one.id].sku for one in batch] == [one.sku for one in batch]
        assert {one.description for one in stored.values()} == {shared}
        assert {(one.version, one.created_at, one.updated_at) for one in stored.values()} == {
            (1, crm.clock.now(), crm.clock.now())
        }


def test_each_change_of_a_long_batch_has_its_event_in_order(crm: Crm) -> None:
    batch = [Product(sku=f"{number}", name="A") for number in range(120)]
    with crm.session() as s:
        s.add(*batch)
    with crm.session() as s:
        s.update(*[change(s.get(Product, one.id), name="seen") for one in batch])
    with crm.session() as s:
        s.delete(*[s.get(Product, one.id) for one in batch[:60]])
        s.add(*[Product(sku=f"new {number}", name="B") for number in range(60)])
    with crm.session(reads=True) as s:
        log = s.list(Event, entity="product", order="position")
        entries = {one.id: one for one in s.list(AuditEntry, entity="product")}
    assert Counter(one.type for one in log) == {
        "product.created": 180,
        "product.updated": 120,
        "product.deleted": 60,
    }
    assert [one.record_id for one in log[:120]] == [one.id for one in batch]
    assert [one.id for one in log] == sorted(entries)
    for one in log:
        entry = entries[one.id]
        assert (one.type, one.record_id, one.occurred_at, one.actor_id, one.plugin, one.depth) == (
            *(f"product.{entry.action}", entry.record_id, entry.occurred_at, entry.actor_id, entry.plugin, 0),
        )


def test_what_a_session_has_seen_goes_with_it(crm: Crm) -> None:
    """It is not left to the garbage collector, which would walk over all of it time and again."""
    made = Interaction(kind="note", occurred_at=START)
    seen = weakref.ref(made)
    gc.disable()
    try:
        with crm.session() as s:
            s.add(made)
        del s, made
        assert seen() is None
    finally:
        gc.enable()
