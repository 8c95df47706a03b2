"""What filters mean, case by case; each case holds in Python, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from crmkit.core.filter import Compare, FilterContext, FilterError, evaluate, parse
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate
from crmkit.store.filters import to_sql
from tests.filter.stores import Store
from tests.filter.world import ME, NOW, REGISTRY, Deal, Label, Labelling, Meeting, Party, Seat, User, WorldResolver

Ask = Callable[..., bool]
TENANT = UUID(int=99)
BERLIN = FilterContext(NOW, "Europe/Berlin", user=ME)


@pytest.fixture
def ask(sqlite_store: Store, postgres_store: Store) -> Iterator[Ask]:
    """A function that stores a party and others, asks everywhere whether the party matches, and wants one answer."""
    stores = (sqlite_store, postgres_store)

    def asked(filter: str, party: Party, *others: Any, context: FilterContext = BERLIN) -> bool:
        predicate = parse(filter, REGISTRY, "party")
        expected = evaluate(predicate, party, REGISTRY, context, WorldResolver([*others, party]))
        for store in stores:
            store.add([*others, party], TENANT)
            found = party.id in store.matching(predicate, "party", context, TENANT)
            store.remove(TENANT)
            assert found is expected, store.connection.dialect.name
        return expected

    yield asked
    for store in stores:
        store.remove(TENANT)


@pytest.mark.parametrize(
    ("filter", "matches"),
    [
        ("size = 3", False),
        ("size != 3", True),
        ("size < 3", False),
        ("not size < 3", True),
        ("size >= 3", False),
        ("size in (3)", False),
        ("size not in (3)", True),
        ("size is empty", True),
        ("owner.name = x", False),
        ("owner.name != x", True),
        ("owner.name contains x", False),
        ("owner.name not contains x", True),
        ("owner.name is empty", True),
        ("note is empty", True),
        ("note contains ''", False),
        ("name is empty", True),
        ("name contains ''", True),
        ("name = ''", True),
        ("c_text = ''", True),
        ("c_text is empty", True),
        ("c_integer != 3", True),
        ("c_integer = 3", False),
        ("words is empty", True),
        ("worth is empty", True),
        ("worth.amount != 3", True),
        ("owner = me", False),
        ("vip = false", False),
        ("vip != true", True),
        ("active = false", True),
        ("everything", True),
        ("not nothing", True),
    ],
)
def test_null_is_equal_to_nothing_and_negation_is_exact(ask: Ask, filter: str, matches: bool) -> None:
    assert ask(filter, Party()) is matches


@pytest.mark.parametrize(
    ("filter", "matches"),
    [
        ("name = 'ÉMILE o_100%'", True),
        ("name == 'ÉMILE o_100%'", False),
        ("name == 'Émile O_100%'", True),
        ("name !== 'émile o_100%'", True),
        ("name contains EMILE", False),
        ("name contains 'e o'", True),
        ("name contains '%e'", False),
        ("name contains 'o-1'", False),
        ("name starts with émi", True),
        ("name starts with '_'", False),
        ("name ends with 'O_100%'", True),
        ("name ends with '00'", False),
        ("name ends with 'a very much longer text than the name'", False),
        ("name > z", True),
        ("name > Z", True),
        ("name in (x, 'émile O_100%')", True),
        ("words contains KEY", True),
        ("words contains ke", False),
        ("words contains 'zürich'", True),
        ("words is empty", False),
    ],
)
def test_text_is_compared_folded_and_ordered_by_code_point(ask: Ask, filter: str, matches: bool) -> None:
    assert ask(filter, Party(name="Émile O_100%", words=("Key", "ZÜRICH"))) is matches


@pytest.mark.parametrize(
    ("filter", "matches"),
    [
        ("seen = 2026-03-29", True),
        ("seen = 2026-03-28", False),
        ("seen < 2026-03-29", False),
        ("seen <= 2026-03-28", False),
        ("seen <= 2026-03-29", True),
        ("seen > 2026-03-28", True),
        ("seen > 2026-03-29", False),
        ("seen in (2026-03-28, 2026-03-29)", True),
        ("seen = 2026-03", True),
        ("seen > 2026-02", True),
        ("seen = 2025", False),
        ("seen = today", True),
        ("seen >= 2026-03-29T00:00", True),
        ("seen > 2026-03-29T00:00", False),
        ("seen = 2026-03-28T23:00:00Z", True),
        ("seen > now - 16 hours", True),
        ("seen > now - 15 hours", False),
    ],
)
def test_a_date_is_a_day_in_the_zone_of_whoever_asks(ask: Ask, filter: str, matches: bool) -> None:
    """The instant is midnight in Berlin, and still the day before in UTC."""
    party = Party(seen=datetime(2026, 3, 28, 23, tzinfo=UTC))
    assert ask(filter, party) is matches
    assert ask("seen = 2026-03-28", party, context=FilterContext(NOW)) is True


@pytest.mark.parametrize(
    ("seen", "zone", "local"),
    [
        # The clocks of Berlin go from 2 to 3 on 29 March 2026 at 1:00 UTC, and from 3 to 2 on 25 October at 1:00 UTC.
        ("2026-03-29T00:59:59.999999Z", "Europe/Berlin", (1, "sunday", 3)),
        ("2026-03-29T01:00:00Z", "Europe/Berlin", (3, "sunday", 3)),
        ("2026-10-25T00:30:00Z", "Europe/Berlin", (2, "sunday", 10)),
        ("2026-10-25T01:30:00Z", "Europe/Berlin", (2, "sunday", 10)),
        ("2026-10-25T02:30:00Z", "Europe/Berlin", (3, "sunday", 10)),
        ("2026-11-01T05:59:59Z", "America/New_York", (1, "sunday", 11)),
        ("2026-11-01T06:00:00Z", "America/New_York", (1, "sunday", 11)),
        ("2026-12-31T16:00:00Z", "Asia/Shanghai", (0, "friday", 1)),
        ("2026-12-31T16:00:00Z", "UTC", (16, "thursday", 12)),
        ("2026-03-15T18:14:59Z", "Asia/Kathmandu", (23, "sunday", 3)),
        ("2026-03-15T18:15:00Z", "Asia/Kathmandu", (0, "monday", 3)),
        ("2026-04-04T15:15:00Z", "Australia/Lord_Howe", (1, "sunday", 4)),
        ("0001-01-01T00:00:00Z", "America/New_York", (19, "sunday", 12)),
        ("9999-12-31T23:59:59Z", "Asia/Shanghai", (7, "saturday", 1)),
    ],
)
def test_hours_weekdays_and_months_are_local(ask: Ask, seen: str, zone: str, local: tuple[int, str, int]) -> None:
    """For a field of its own and for a custom one, which the databases hold in another form."""
    instant = datetime.fromisoformat(seen)
    party = Party(seen=instant, custom={"c_instant": instant.isoformat()})
    for field in ("seen", "c_instant"):
        says = f"{field}.hour = {local[0]} and {field}.weekday = {local[1]} and {field}.month = {local[2]}"
        assert ask(says, party, context=FilterContext(NOW, zone)) is True
        assert ask(f"not ({says})", party, context=FilterContext(NOW, zone)) is False


@pytest.mark.parametrize(
    ("filter", "matches"),
    [
        ("seen.hour = 1", False),
        ("seen.hour != 1", True),
        ("seen.hour between 22 and 2", False),
        ("seen.hour is empty", True),
        ("c_instant.weekday in (monday)", False),
        ("c_instant.weekday is not empty", False),
        ("owner.created_at.month >= 1", False),
    ],
)
def test_no_time_has_no_hour(ask: Ask, filter: str, matches: bool) -> None:
    assert ask(filter, Party()) is matches


@pytest.mark.parametrize(("hour", "matches"), [(21, False), (22, True), (23, True), (0, True), (2, True), (3, False)])
def test_between_goes_round_the_clock(ask: Ask, hour: int, matches: bool) -> None:
    party = Party(seen=datetime(2026, 1, 15, hour, 30, tzinfo=UTC))
    assert ask("seen.hour between 22 and 2", party, context=FilterContext(NOW)) is matches


@pytest.mark.parametrize(
    ("born", "true", "false"),
    [
        (PartialDate(1980, 5, 17), ["= 1980", "= 1980-05", "= 1980-05-17", "= --05-17", "= --05", "<= 1980", "> 1979"],
         ["= 1980-06", "< 1980-05", "> 1980", "= --05-18", "< 1980-05-17"]),
        (PartialDate(1980), ["= 1980", "< 1980-05", "!= 1980-05", ">= 1980", "< 1981"],
         ["= 1980-05", ">= 1980-05", "= --05"]),
        (PartialDate(None, 5, 17), ["= --05-17", "= --05", "!= 1980"],
         ["< 9999", "> 1900", ">= 1900", "<= 9999", "= --12"]),
        (PartialDate(None, 12, 5), ["= --12"], ["= --05"]),
    ],
)  # fmt: skip
def test_partial_dates_are_compared_as_far_as_they_go(
    ask: Ask, born: PartialDate, true: list[str], false: list[str]
) -> None:
    for condition in true + false:
        assert ask(f"born {condition}", Party(born=born)) is (condition in true), condition


@pytest.mark.parametrize(
    ("filter", "matches"),
    [
        ("weight = 12.5", True),
        ("weight = 12.500000001", False),
        ("weight < 12.500000001", True),
        ("weight >= 12.500000001", False),
        ("weight > 12.499999999", True),
        ("weight < 1000000000000000000000000000000", True),
        ("weight > -1000000000000000000000000000000", True),
        ("size > 2.5", True),
        ("size < 3.5", True),
        ("size = 3.5", False),
        ("size <= 3.5", True),
        ("size >= 3.5", False),
        ("size < 99999999999999999999", True),
        ("size > 99999999999999999999", False),
        ("size in (1, 99999999999999999999, 3)", True),
        ("c_decimal = 0.1", True),
        ("c_decimal < 0.1000000000000000000000000001", True),
        ("c_decimal > 0.09999999999999999999999999", True),
        ("worth.amount = 12.34 and worth.currency = eur", True),
    ],
)
def test_numbers_are_exact(ask: Ask, filter: str, matches: bool) -> None:
    party = Party(size=3, weight=Decimal("12.5"), worth=Money(Decimal("12.34"), "EUR"), custom={"c_decimal": "0.10"})
    assert ask(filter, party) is matches


@pytest.mark.parametrize(
    ("filter", "matches"),
    [
        ("has 2 deals", True),
        ("has 3 deals", False),
        ("has exactly 2 deals", True),
        ("has at most 1 deal", False),
        ("has no deals", False),
        ("has no deals where name = none", True),
        ("has a deal where name = one and price.amount > 5", True),
        ("has a deal where name = one and price.amount > 50", False),
        ("has exactly 1 deal where closed >= today - 7 days", True),
        ("has exactly 1 meeting where name = Fair", True),
        ("has 2 meetings", False),
        ("has labels where name = VIP", True),
        ("has no labels where name = other", True),
        ("has 2 deals where party.owner.name = nancy", True),
        ("owner.name = nancy and parent.name = above", True),
        ("parent.owner.name is empty", True),
        ("has no parties", True),
    ],
)
def test_relations_and_children_are_followed(ask: Ask, filter: str, matches: bool) -> None:
    nancy = User(name="Nancy")
    above = Party(name="Above")
    party = Party(name="Below", owner_id=nancy.id, parent_id=above.id)
    meeting = Meeting(name="Fair")
    labels = [Label(name="vip"), Label(name="other")]
    others = [
        nancy,
        above,
        Deal(party_id=party.id, name="one", price=Money(Decimal(10), "EUR"), closed=NOW - timedelta(days=3)),
        Deal(party_id=party.id, name="two", closed=NOW - timedelta(days=30)),
        Deal(party_id=above.id, name="three"),
        meeting,
        Seat(meeting_id=meeting.id, party_id=party.id, role="guest"),
        Seat(meeting_id=meeting.id, party_id=party.id, role="host"),
        *labels,
        Labelling(label_id=labels[0].id, entity="party", record_id=party.id),
        Labelling(label_id=labels[1].id, entity="deal", record_id=party.id),
    ]
    assert ask(filter, party, *others) is matches


def test_me_is_whoever_asks(ask: Ask) -> None:
    party = Party(owner_id=ME)
    owner = User(id=ME)
    assert ask("owner = me", party, owner) is True
    assert ask("owner != me", party, owner) is False
    assert ask("owner = me", party, owner, context=FilterContext(NOW)) is False


@pytest.mark.parametrize("values", [{"c_date": "2026-03-29"}, {"c_date": date(2026, 3, 29)}])
def test_custom_values_count_as_their_type_or_as_stored(values: dict[str, Any]) -> None:
    assert evaluate(parse("c_date = today", REGISTRY, "party"), Party(custom=values), REGISTRY, BERLIN)


def test_a_record_alone_has_no_relations() -> None:
    party = Party(owner_id=ME)
    assert not evaluate(parse("owner.name = x or has deals", REGISTRY, "party"), party, REGISTRY, BERLIN)


def test_rows_are_not_multiplied_and_values_are_bound(sqlite_store: Store) -> None:
    predicate = parse("has deals where name = secret", REGISTRY, "party")
    table = sqlite_store.tables["party"]
    clause = to_sql(predicate, "party", REGISTRY, lambda name: sqlite_store.tables[name], BERLIN, "sqlite")
    compiled = sa.select(table.c.id).where(clause).compile(dialect=sqlite_store.connection.dialect)
    assert "secret" not in str(compiled)
    assert "secret" in compiled.params.values()
    assert "JOIN" not in str(compiled)
    assert str(compiled).count("FROM parties") == 1


def test_the_largest_filter_runs(sqlite_store: Store, postgres_store: Store) -> None:
    deep = "not " * 30 + "(" + " or ".join(f"name = x{n}" for n in range(499)) + ")"
    for store in (sqlite_store, postgres_store):
        assert store.matching(parse(deep, REGISTRY, "party"), "party", BERLIN, UUID(int=1)) == set()


def test_a_predicate_for_another_entity_is_refused() -> None:
    for predicate in (Compare("price.amount", "=", Decimal(1)), Compare("size", "=", "x")):
        with pytest.raises(FilterError):
            evaluate(predicate, Party(), REGISTRY, BERLIN)
