"""Many records in one flush: whatever their columns share, each comes back as it was written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.interaction import Interaction
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
