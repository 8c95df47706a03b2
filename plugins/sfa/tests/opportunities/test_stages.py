"""An opportunity and its stages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest
from sqlalchemy import event

import crmkit_sfa
from crmkit import Crm
from crmkit.core.lifecycle import StageTrack
from crmkit.core.staff import Team, User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import (
    Context,
    Manifest,
    Money,
    NotFound,
    Refused,
    StaleVersion,
    ValidationFailed,
    change,
    hookimpl,
    lifecycle_from_toml,
)
from crmkit.testing.making import MakeCrm, MakeCustomer
from crmkit_sfa.opportunities.board import board
from crmkit_sfa.opportunities.entities import BigDealAlert, Opportunity, OpportunityHistory, OpportunityLine
from crmkit_sfa.opportunities.listing import Wanted, listed
from crmkit_sfa.opportunities.pipeline import standard_pipeline


def stored(crm: Crm, one: Opportunity) -> Opportunity:
    with crm.session(reads=True) as session:
        return session.get(Opportunity, one.id)


def told(crm: Crm, one: Opportunity) -> list[OpportunityHistory]:
    with crm.session(reads=True) as session:
        return session.list(OpportunityHistory, opportunity_id=one.id, order="valid_from")


def test_a_new_one_begins_in_the_first_stage(crm: Crm) -> None:
    made = Opportunity(name="A")
    with crm.session() as session:
        session.add(made)
    one = stored(crm, made)
    assert (one.pipeline, one.stage, one.category, one.opened_on) == ("sales", "prospecting", "open", date(2026, 3, 15))
    assert (one.probability, one.probability_source, one.forecast_category) == (Decimal(10), "stage", "pipeline")
    (row,) = told(crm, made)
    assert (row.stage, row.valid_from, row.valid_to, row.probability) == ("prospecting", crm.clock.now(), None, 10)


def test_writing_another_stage_moves_it(crm: Crm, clock: FixedClock) -> None:
    made = Opportunity(name="A")
    with crm.session() as session:
        session.add(made)
    clock.advance(days=2)
    with crm.session() as session:
        session.update(change(session.get(Opportunity, made.id), stage="engaging"))
    clock.advance(days=3)
    with crm.session() as session:
        session.update(change(session.get(Opportunity, made.id), stage="won", amount=Money.of("100", "EUR")))
    one = stored(crm, made)
    assert (one.stage, one.category, one.closed_on, one.probability) == ("won", "won", date(2026, 3, 20), 100)
    rows = told(crm, made)
    assert [(row.stage, row.amount) for row in rows] == [
        ("prospecting", None), ("engaging", None), ("won", Money.of("100", "EUR"))
    ]  # fmt: skip
    assert [row.valid_to for row in rows[:-1]] == [row.valid_from for row in rows[1:]]
    with crm.session() as session:
        history = crm.services_for(session).stage_history(one)
    assert [interval.stage for interval in history] == ["prospecting", "engaging", "won"]


def test_one_that_is_over_comes_with_its_history(crm: Crm) -> None:
    made = Opportunity(
        name="A",
        stage="won",
        opening_stage="engaging",
        opened_on=date(2025, 1, 10),
        closed_on=date(2025, 2, 20),
        amount=Money.of("7", "EUR"),
    )
    with crm.session() as session:
        session.add(made)
    rows = told(crm, made)
    assert [(row.stage, row.valid_from, row.probability) for row in rows] == [
        ("engaging", datetime(2025, 1, 10, tzinfo=UTC), 25),
        ("won", datetime(2025, 2, 20, tzinfo=UTC), 100),
    ]


def test_two_users_who_move_one_deal_do_not_overwrite_each_other(crm: Crm) -> None:
    made = entered(crm)
    with crm.session(reads=True) as session:
        seen = session.get(Opportunity, made.id)
    update(crm, made, stage="engaging")
    with pytest.raises(StaleVersion), crm.session() as session:
        session.update(change(seen, stage="lost"))
    assert stored(crm, made).stage == "engaging"
    assert [row.stage for row in told(crm, made)] == ["engaging"]


def test_a_stage_asks_for_what_it_needs(crm: Crm) -> None:
    made = entered(crm)
    with pytest.raises(Refused, match="an opportunity in stage negotiation needs amount, close_on"), crm.session() as s:
        s.update(change(s.get(Opportunity, made.id), stage="negotiation"))
    assert stored(crm, made).stage == "prospecting"


def test_an_unknown_stage_names_the_closest(crm: Crm) -> None:
    with pytest.raises(NotFound, match="did you mean engaging"), crm.session() as session:
        session.add(Opportunity(name="A", stage="engagin"))


def test_a_day_of_closing_in_the_future_is_refused(crm: Crm) -> None:
    with pytest.raises(Refused, match="a day that is not in the future"), crm.session() as session:
        session.add(Opportunity(name="A", stage="won", closed_on=date(2026, 3, 16)))


def test_an_expected_close_in_the_past_is_overdue_not_wrong(crm: Crm) -> None:
    made = entered(crm, close_on=date(2026, 3, 1))
    with crm.session(reads=True) as session:
        ctx = crm.context(session, "sfa")
        assert [one.id for one in listed(ctx, Wanted(overdue=True))] == [made.id]


def test_reopening_takes_the_day_of_closing_away(crm: Crm, clock: FixedClock) -> None:
    made = entered(crm, stage="lost", reason="price")
    clock.advance(days=1)
    with crm.session() as session:
        session.update(change(session.get(Opportunity, made.id), stage="engaging"))
    one = stored(crm, made)
    assert (one.category, one.closed_on, one.probability) == ("open", None, 25)
    assert [row.stage for row in told(crm, made)] == ["lost", "engaging"]


# -- probability ------------------------------------------------------------------------------------------------------


def test_a_probability_written_by_hand_survives_moves(crm: Crm, clock: FixedClock) -> None:
    made = entered(crm)
    update(crm, made, probability=Decimal(40))
    update(crm, made, stage="engaging")
    one = stored(crm, made)
    assert (one.probability, one.probability_source) == (40, "manual")
    update(crm, made, probability=None)
    one = stored(crm, made)
    assert (one.probability, one.probability_source) == (25, "stage")


def test_a_plugin_may_say_how_likely_a_deal_is(make_crm: MakeCrm) -> None:
    class Oracle:
        manifest = Manifest(name="oracle")

        @hookimpl
        def choose_sfa_probability(self, ctx: Context, call: Any) -> Decimal | None:
            return Decimal(33) if call.stage == "engaging" else None

    crm = make_crm(plugins=[crmkit_sfa, Oracle()])
    made = entered(crm)
    assert stored(crm, made).probability == 10
    update(crm, made, stage="engaging")
    one = stored(crm, made)
    assert (one.probability, one.probability_source) == (33, "plugin")


# -- history ----------------------------------------------------------------------------------------------------------


def test_what_changes_in_a_forecast_makes_an_interval(crm: Crm, clock: FixedClock) -> None:
    made = entered(crm, amount=Money.of("100", "EUR"))
    clock.advance(days=1)
    update(crm, made, amount=Money.of("150", "EUR"))
    clock.advance(days=1)
    update(crm, made, next_step="Call")
    rows = told(crm, made)
    assert [(row.amount, row.valid_to) for row in rows] == [
        (Money.of("100", "EUR"), rows[1].valid_from),
        (Money.of("150", "EUR"), None),
    ]


def test_a_back_dated_step_takes_its_place_in_the_history(crm: Crm, clock: FixedClock) -> None:
    made = entered(crm)
    clock.advance(days=10)
    update(crm, made, stage="won", amount=Money.of("9", "EUR"))
    with crm.session() as session:
        crm.services_for(session).move(stored(crm, made), "engaging", at=clock.now() - timedelta(days=4))
    rows = told(crm, made)
    assert [row.stage for row in rows] == ["prospecting", "engaging", "won"]
    assert [row.probability for row in rows] == [10, 25, 100]
    assert [row.valid_to for row in rows[:-1]] == [row.valid_from for row in rows[1:]]
    assert stored(crm, made).stage == "won"


def test_a_stage_that_goes_takes_its_deals_elsewhere(crm: Crm, clock: FixedClock) -> None:
    made = entered(crm, stage="engaging")
    pipeline = standard_pipeline()
    kept = tuple(stage for stage in pipeline.stages if stage.name != "engaging")
    clock.advance(days=1)
    with (
        pytest.raises(ValidationFailed, match="the stage for 1 records that stand in engaging"),
        crm.session() as session,
    ):
        crm.services_for(session).define(attrs.evolve(pipeline, stages=kept))
    with crm.session() as session:
        crm.services_for(session).define(attrs.evolve(pipeline, stages=kept), remap={"engaging": "prospecting"})
    one = stored(crm, made)
    assert (one.stage, one.probability) == ("prospecting", 10)
    assert [row.stage for row in told(crm, made)] == ["engaging", "prospecting"]


def test_an_opportunity_goes_over_to_another_pipeline(crm: Crm, clock: FixedClock) -> None:
    made = entered(crm, stage="engaging")
    clock.advance(days=3)
    with crm.session() as session:
        crm.services_for(session).define(lifecycle_from_toml(RENEWALS))
    update(crm, made, pipeline="renewals", stage="")
    one = stored(crm, made)
    assert (one.pipeline, one.stage, one.probability) == ("renewals", "due", 80)
    update(crm, made, stage="renewed")
    assert [(row.pipeline, row.stage) for row in told(crm, made)][-1] == ("renewals", "renewed")
    assert stored(crm, made).category == "won"


def test_settings_of_stages_are_checked(crm: Crm) -> None:
    wrong = RENEWALS.replace("probability = 80", "probability = 180, likely = 1")
    with pytest.raises(Refused) as refused, crm.session() as session:
        crm.services_for(session).define(lifecycle_from_toml(wrong))
    assert [str(reason).partition(",")[0] for _, reason, _ in refused.value.refusals] == [
        "stage due: likely is 1", "stage due: probability is 180"
    ]  # fmt: skip


RENEWALS = """
name = "renewals"
entity = "sfa_opportunity"
stages = [
    { name = "due", category = "open", settings = { probability = 80 } },
    { name = "renewed", category = "won" },
    { name = "left", category = "lost" },
]
"""


def test_the_way_of_a_deal_is_its_owners(crm: Crm) -> None:
    ada, bo = User(login="ada", name="Ada"), User(login="bo", name="Bo")
    with crm.session() as session:
        session.add(ada, bo)
    made = entered(crm, owner_id=ada.id)
    update(crm, made, owner_id=bo.id)
    with crm.session(reads=True) as session:
        (track,) = session.list(StageTrack, record_id=made.id)
    assert track.owner_id == bo.id
    assert told(crm, made)[-1].salesperson_id == bo.id


# -- worth ------------------------------------------------------------------------------------------------------------


def test_a_deal_is_worth_the_sum_of_its_lines(crm: Crm) -> None:
    made = Opportunity(name="A")
    with crm.session() as session:
        session.add(made, line(made, "3", "9.99"), line(made, "1", "100", discount="12.5"))
    assert stored(crm, made).amount == Money.of("117.47", "EUR")
    with pytest.raises(Refused, match="have one currency, these have EUR, USD"), crm.session() as session:
        session.add(OpportunityLine(opportunity_id=made.id, unit_price=Money.of("1", "USD")))


def test_a_big_deal_alerts_once_at_each_crossing(make_crm: MakeCrm) -> None:
    thresholds = [{"amount": "1000", "currency": "EUR"}]
    crm = make_crm(plugins=[crmkit_sfa], config={"plugins": {"sfa": {"opportunities": {"big_deals": thresholds}}}})
    made = entered(crm, amount=Money.of("999", "EUR"))
    for amount, currency in (("1000", "EUR"), ("5000", "EUR"), ("5000", "USD"), ("1200", "EUR"), ("10", "EUR")):
        update(crm, made, amount=Money.of(amount, currency))
    update(crm, made, amount=Money.of("2000", "EUR"))
    update(crm, made, stage="won")
    with crm.session(reads=True) as session:
        alerts = session.list(BigDealAlert, order="created_at,id")
    assert sorted((alert.direction, str(alert.amount)) for alert in alerts) == [
        ("down", "10 EUR"), ("down", "5000 USD"), ("up", "1000 EUR"), ("up", "1200 EUR"), ("up", "2000 EUR")
    ]  # fmt: skip


def test_a_threshold_of_a_team_takes_the_place_of_the_general_one(make_crm: MakeCrm) -> None:
    thresholds = [{"amount": "1000", "currency": "EUR"}, {"amount": "50", "currency": "EUR", "team": "Small"}]
    crm = make_crm(plugins=[crmkit_sfa], config={"plugins": {"sfa": {"opportunities": {"big_deals": thresholds}}}})
    team = Team(name="Small")
    with crm.session() as session:
        session.add(team)
    entered(crm, amount=Money.of("60", "EUR"), team_id=team.id)
    entered(crm, amount=Money.of("60", "EUR"))
    with crm.session(reads=True) as session:
        assert [alert.team for alert in session.list(BigDealAlert)] == ["Small"]


def test_a_board_takes_three_queries(crm: Crm, make_customer: MakeCustomer) -> None:
    customers = [make_customer() for _ in range(3)]
    with crm.session() as session:
        for number in range(240):
            stage = ("prospecting", "engaging", "won")[number % 3]
            one = Opportunity(
                name=f"D{number}", stage=stage, amount=Money.of("2", "EUR"), customer_id=customers[number % 3].id
            )
            session.add(one)
    statements: list[str] = []
    with crm.session(reads=True) as session:
        event.listen(crm.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        columns = board(crm.context(session, "sfa"))
    selects = [statement for statement in statements if statement.lstrip().startswith("SELECT") and "FROM" in statement]
    assert len(selects) <= 3, selects
    assert [(column.stage, column.count, len(column.cards)) for column in columns] == [
        ("prospecting", 80, 80), ("engaging", 80, 80), ("proposal", 0, 0), ("negotiation", 0, 0)
    ]  # fmt: skip
    assert columns[0].amounts == {"EUR": 160}
    assert {card.customer for card in columns[0].cards} == {customers[0].name}


# -- making them ------------------------------------------------------------------------------------------------------


def entered(crm: Crm, **given: Any) -> Opportunity:
    made = Opportunity(**{"name": "A", **given})
    with crm.session() as session:
        session.add(made)
    return made


def update(crm: Crm, one: Opportunity, **given: Any) -> None:
    with crm.session() as session:
        session.update(change(session.get(Opportunity, one.id), **given))


def line(one: Opportunity, quantity: str, price: str, discount: str = "0") -> OpportunityLine:
    return OpportunityLine(
        opportunity_id=one.id,
        quantity=Decimal(quantity),
        unit_price=Money.of(price, "EUR"),
        discount=Decimal(discount),
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"stage": "won", "closed_on": date(2000, 1, 1)}, "a day not before 2026-03-15, when it was opened"),
        ({"closed_on": date(2026, 3, 1)}, "nothing while it is open"),
        ({"opened_on": date(2031, 1, 1)}, "opened_on is 2031-01-01, expected a day that is not in the future"),
        ({"amount": Money.of("-1", "EUR")}, "amount is -1 EUR, expected money to its minor unit"),
        ({"amount": Money.of("1.005", "EUR")}, "amount is 1.005 EUR, expected money to its minor unit"),
    ],
    ids=["before it was opened", "while open", "opened in the future", "negative", "too precise"],
)
def test_days_and_amounts_that_cannot_be_are_refused(make_crm: MakeCrm, values: dict[str, Any], expected: str) -> None:
    crm = make_crm(plugins=[crmkit_sfa])
    made = entered(crm)
    with pytest.raises(Refused, match=expected):
        update(crm, made, **values)


def test_a_decided_one_keeps_a_day_of_closing(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[crmkit_sfa])
    made = entered(crm, stage="lost")
    with pytest.raises(Refused, match="closed_on is -, expected the day it was won or lost"):
        update(crm, made, closed_on=None)
    with pytest.raises(Refused, match="a day that is not in the future"):
        update(crm, made, closed_on=date(2031, 1, 1))


def test_a_field_that_a_stage_needs_is_not_emptied_there(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[crmkit_sfa])
    made = entered(crm, stage="proposal", amount=Money.of("5", "EUR"))
    with pytest.raises(Refused, match="an opportunity in stage proposal needs amount"):
        update(crm, made, amount=None)


class Valued:
    """A plugin that gives each new opportunity an amount, ``rounds`` of the rules after others have seen it."""

    manifest = Manifest(name="valued")

    def __init__(self, after: int) -> None:
        self._left = after

    @hookimpl(specname="derive_records", entities=("sfa_opportunity",))
    def derive_amounts(self, ctx: Context, call: Any) -> list[Any]:
        self._left -= 1
        new = [c.after for c in call.changes if c.created and c.after.amount is None]
        if self._left > 0:
            return [change(one, description=f"{one.description}.") for one in new]
        return [change(one, amount=Money.of(70, "EUR")) for one in new]


@pytest.mark.parametrize("after", [1, 2, 3])
def test_the_history_tells_what_other_rules_made_of_a_new_one(make_crm: MakeCrm, after: int) -> None:
    crm = make_crm(plugins=[crmkit_sfa, Valued(after)])
    made = Opportunity(name="A", opening_stage="engaging", stage="won", opened_on=date(2026, 1, 1), source="files")
    with crm.session() as session:
        session.add(made)
    assert [(row.stage, row.amount) for row in told(crm, made)] == [
        ("engaging", Money.of(70, "EUR")),
        ("won", Money.of(70, "EUR")),
    ]
