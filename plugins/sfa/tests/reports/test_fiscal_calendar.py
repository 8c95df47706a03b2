from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugin import BadInput
from crmkit_sfa.reporting.distribution import mean, median, survival_median
from crmkit_sfa.reporting.fiscal import MONTHS, next_period, period_named, period_of, periods_between

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
KINDS = st.sampled_from(sorted(MONTHS))
STARTS = st.integers(1, 12)


@pytest.mark.parametrize(
    ("day", "kind", "starts", "name", "start", "end"),
    [
        (date(2026, 3, 15), "quarter", 1, "FY2026-Q1", date(2026, 1, 1), date(2026, 4, 1)),
        (date(2026, 3, 15), "quarter", 4, "FY2026-Q4", date(2026, 1, 1), date(2026, 4, 1)),
        (date(2026, 4, 1), "quarter", 4, "FY2027-Q1", date(2026, 4, 1), date(2026, 7, 1)),
        (date(2026, 1, 31), "quarter", 2, "FY2026-Q4", date(2025, 11, 1), date(2026, 2, 1)),
        (date(2025, 9, 30), "year", 10, "FY2025", date(2024, 10, 1), date(2025, 10, 1)),
        (date(2024, 2, 29), "month", 7, "2024-02", date(2024, 2, 1), date(2024, 3, 1)),
    ],
    ids=["calendar quarter", "April", "first of April", "February", "October", "month"],
)
def test_a_period_has_its_days_and_its_name(
    day: date, kind: str, starts: int, name: str, start: date, end: date
) -> None:
    period = period_of(day, kind, starts)  # type: ignore[arg-type]
    assert (period.name, period.start, period.end) == (name, start, end)


@given(DAYS, KINDS, STARTS)
def test_every_day_is_in_one_period_that_its_name_leads_back_to(day: date, kind: str, starts: int) -> None:
    period = period_of(day, kind, starts)  # type: ignore[arg-type]
    assert day in period
    assert period_of(period.start, period.kind, starts) == period == period_of(period.last_day, period.kind, starts)
    assert period_named(period.name, starts) == period
    following = next_period(period, starts)
    assert following.start == period.end
    assert following.name != period.name


@given(DAYS, STARTS)
def test_periods_nest(day: date, starts: int) -> None:
    year = period_of(day, "year", starts)
    for kind, number in (("month", 12), ("quarter", 4)):
        parts = list(periods_between(year.start, year.last_day, kind, starts))  # type: ignore[arg-type]
        assert len(parts) == number
        assert (parts[0].start, parts[-1].end) == (year.start, year.end)
        assert sum(part.days for part in parts) == year.days
    assert year.start.month == starts


@pytest.mark.parametrize("name", ["", "2026-Q5", "2026-13", "Q1", "FY26", "2026-Q1-1"])
def test_what_names_no_period_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="expected one such as"):
        period_named(name)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40))
def test_mean_and_median_of_counts_are_those_of_the_values(values: list[int]) -> None:
    counts, ordered = Counter(values), sorted(values)
    assert mean(counts) == Decimal(sum(values)) / len(values)
    middle = len(ordered) // 2
    expected = ordered[middle] if len(ordered) % 2 else Decimal(ordered[middle - 1] + ordered[middle]) / 2
    assert median(counts) == expected


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=30))
def test_survival_is_the_product_limit_estimate(seen: list[tuple[int, bool]]) -> None:
    survive, expected = Decimal(1), None
    for time in sorted({time for time, over in seen if over}):
        at_risk = sum(1 for other, _ in seen if other >= time)
        ended = sum(1 for other, over in seen if over and other == time)
        survive *= 1 - Decimal(ended) / at_risk
        if survive <= Decimal("0.5000000001"):
            expected = time
            break
    ended_, going_on = Counter(t for t, over in seen if over), Counter(t for t, over in seen if not over)
    assert survival_median(ended_, going_on) == expected


def test_without_censoring_survival_gives_the_lower_median() -> None:
    assert survival_median({3: 1, 5: 1, 9: 1, 11: 1}, {}) == 5
    assert survival_median({3: 1}, {9: 3}) is None
    assert survival_median({}, {}) is None


def test_a_day_past_the_calendar_is_refused() -> None:
    with pytest.raises(BadInput):
        period_of(date.max - timedelta(days=1), "year")
