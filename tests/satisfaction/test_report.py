"""Asking, answering and reporting, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import BadInput, NotFound, Refused, ValidationFailed
from crmkit.core.interaction import Interaction
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.core.survey import SIDES, SurveyAnswer, SurveyQuestion, answer_errors, question_errors
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.ids import new_id
from crmkit.runtime.crm import Crm
from crmkit.services.satisfaction import SatisfactionReport, SatisfactionRow, satisfaction_report
from crmkit.services.surveys import Answer, answer, ask


def questions() -> list[SurveyQuestion]:
    return [
        SurveyQuestion(name="delivery", text="Was it on time?", survey="after sale", side="service", weight=Decimal(3)),
        SurveyQuestion(name="manual", survey="after sale", side="service"),
        SurveyQuestion(name="quality", survey="after sale", side="product"),
        SurveyQuestion(name="recommend", survey="after sale", measure="nps"),
        SurveyQuestion(name="effort", survey="after sale", measure="ces", lowest=1, highest=7),
        SurveyQuestion(name="wish", survey="after sale", measure="text"),
        SurveyQuestion(name="stand", survey="fair", side="look_and_sound"),
    ]


def rating(expected: int, experienced: int) -> Answer:
    return Answer(expected=Decimal(expected), experienced=Decimal(experienced))


def score(value: int) -> Answer:
    return Answer(score=Decimal(value))


@pytest.fixture
def anna() -> Customer:
    return Customer(name="Anna Berg", country="DE")


@pytest.fixture
def wang() -> Customer:
    return Customer(name="王思雨", country="CN")


@pytest.fixture
def shop(crm: Crm, anna: Customer, wang: Customer, clock: FixedClock) -> Crm:
    """Two customers asked after a sale, one of them twice, and one survey that nobody answered."""
    with crm.session() as session:
        session.add(anna, wang, *questions())
        session.flush()
        first = ask(session, anna, survey="after sale", at=clock.now() - timedelta(days=40))
        answer(session, first, {"delivery": rating(8, 6), "quality": rating(10, 10), "recommend": score(9)})
        second = ask(session, wang, survey="after sale", at=clock.now() - timedelta(days=10))
        answer(
            session,
            second,
            {
                "delivery": rating(8, 10),
                "manual": rating(10, 4),
                "recommend": score(3),
                "effort": score(6),
                "wish": Answer(comment="A manual in Chinese"),
            },
        )
        ask(session, anna, survey="after sale", at=clock.now() - timedelta(days=1))
    return crm


def report(crm: Crm, *given: Any, **details: Any) -> SatisfactionReport:
    with crm.session(reads=True) as session:
        return satisfaction_report(session, *given, **details)


def rows(found: SatisfactionReport) -> dict[str, SatisfactionRow]:
    return {row.key: row for row in found.rows}


def test_by_question(shop: Crm) -> None:
    found = rows(report(shop))
    assert list(found) == ["delivery", "effort", "manual", "quality", "recommend", "stand", "wish"]
    delivery = found["delivery"]
    assert (delivery.label, delivery.asked, delivery.answered) == ("Was it on time?", 3, 2)
    assert (delivery.c, delivery.rated, delivery.below) == (Decimal(1), 2, Decimal("0.5"))
    assert delivery.response_rate == Decimal("0.667")
    assert found["manual"].c == Decimal("0.4")
    nps = found["recommend"].nps
    assert nps is not None
    assert (nps.score, nps.scored) == (Decimal(0), 2)
    assert (found["effort"].effort, found["effort"].effort_scored) == (Decimal(6), 1)
    assert (found["wish"].asked, found["wish"].answered) == (3, 1)


def test_where_nobody_answered_there_is_no_data(shop: Crm) -> None:
    stand = rows(report(shop))["stand"]
    assert stand == SatisfactionRow("stand", "stand", 0, 0, None, None, 0, None, None, None, 0)
    sides = rows(report(shop, "side"))
    assert [sides[side].c for side in ("idea", "conduct", "look_and_sound")] == [None, None, None]


@pytest.mark.parametrize("by", ["question", "side", "customer"])
def test_without_any_question_there_is_no_data_at_all(crm: Crm, by: Any) -> None:
    found = report(crm, by)
    assert (found.total.asked, found.total.c, found.total.response_rate) == (0, None, None)
    assert [row.key for row in found.rows] == ([*SIDES] if by == "side" else [])


def test_by_side_and_all_together_with_weights(shop: Crm) -> None:
    found = report(shop, "side")
    sides = rows(found)
    assert list(sides) == ["idea", "conduct", "look_and_sound", "product", "service", ""]
    assert sides["service"].c == Decimal("0.85")  # (3 x 16/16 + 1 x 4/10) / 4
    assert sides["product"].c == Decimal(1)
    assert (sides["service"].asked, sides["service"].answered) == (3, 2)
    assert (sides["product"].asked, sides["product"].answered) == (3, 1)
    assert found.total.c == Decimal("0.88")  # (3 x 1 + 1 x 0.4 + 1 x 1) / 5
    assert (found.total.asked, found.total.answered) == (3, 2)
    assert found.total == report(shop).total == report(shop, "customer").total


def test_by_customer(shop: Crm, anna: Customer, wang: Customer) -> None:
    found = rows(report(shop, "customer"))
    assert [row.label for row in found.values()] == ["Anna Berg", "王思雨"]
    assert found[str(anna.id)].c == Decimal("0.813")  # (3 x 0.75 + 1) / 4
    assert found[str(wang.id)].c == Decimal("1.038")  # (3 x 1.25 + 0.4) / 4
    assert (found[str(anna.id)].asked, found[str(anna.id)].answered) == (2, 1)
    assert found[str(wang.id)].effort == Decimal(6)


def test_narrowed_to_customers_and_periods(shop: Crm, anna: Customer, clock: FixedClock) -> None:
    one = report(shop, customer=anna).total
    assert one == report(shop, filter="country = DE").total == report(shop, customer=anna.id).total
    assert (one.asked, one.c) == (2, Decimal("0.813"))
    assert report(shop, "customer", filter="country = CN").total.asked == 1
    assert report(shop, filter="country = FR").total.asked == 0
    recent = clock.now() - timedelta(days=30)
    assert report(shop, since=recent).total.asked == 2
    assert report(shop, until=recent).total.asked == 1
    assert report(shop, since=clock.now() - timedelta(days=10)).total.asked == 2  # the beginning is included
    assert report(shop, until=clock.now() - timedelta(days=10)).total.asked == 1  # the end is not
    assert report(shop, survey="fair").total.asked == 0
    assert list(rows(report(shop, survey="fair"))) == ["stand"]
    with pytest.raises(BadInput):
        report(shop, filter="country >")


def test_cancelled_and_superseded_surveys_do_not_count(shop: Crm, anna: Customer, clock: FixedClock) -> None:
    with shop.session() as session:
        answered = session.list(Interaction, status="completed", kind="survey", order="occurred_at")[0]
        corrected = ask(session, anna, names=["quality"], at=answered.occurred_at)
        session.flush()
        session.update(change(session.get(Interaction, corrected.id), supersedes_id=answered.id))
        answer(session, corrected, {"quality": rating(10, 5)})
        cancelled = ask(session, anna, names=["quality"])
        session.flush()
        (given,) = session.list(SurveyAnswer, interaction_id=cancelled.id)
        session.update(
            change(given, expected=Decimal(10), experienced=Decimal(0)), change(cancelled, status="cancelled")
        )
    found = rows(report(shop))
    assert (found["quality"].c, found["quality"].rated) == (Decimal("0.5"), 1)
    assert found["delivery"].c == Decimal("1.25")


def test_as_many_statements_for_many_answers_as_for_few(shop: Crm) -> None:
    asked: list[str] = []
    sa.event.listen(shop.database.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    report(shop, "customer")
    few = len(asked)
    with shop.session() as session:
        for number in range(30):
            person = Customer(name=f"P{number}")
            session.add(person)
            answer(session, ask(session, person, names=["quality"]), {"quality": rating(10, 7)})
    asked.clear()
    assert len(report(shop, "customer").rows) == 32
    assert len(asked) == few <= 6


def test_users_see_the_answers_of_their_own_customers(shop: Crm, anna: Customer) -> None:
    user = User(login="seller", name="Seller")
    own = ({"entity": name, "action": "read", "scope": "own"} for name in _READABLE)
    role = Role(name="seller", grants=tuple(own))
    with shop.session() as session:
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
        session.flush()
        session.update(change(session.get(Customer, anna.id), owner_id=user.id))
    with shop.session(shop.actor("seller")) as session:
        found = satisfaction_report(session, "customer")
    assert [row.label for row in found.rows] == ["Anna Berg"]
    assert found.total.asked == 2


_READABLE = ("customer", "interaction", "interaction_participant", "survey_answer")


def test_an_unanswered_survey_is_completed_by_its_answers(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        [open_] = session.list(Interaction, status="in_progress")
        done = answer(session, open_, {"quality": rating(8, 8), "stand": rating(5, 5)})
        assert (done.status, done.ended_at) == ("completed", clock.now())
        answers = session.list(SurveyAnswer, interaction_id=open_.id)
        assert sum(item.answered for item in answers) == 2
        assert len(answers) == 7


def test_what_cannot_be_asked_or_answered(shop: Crm, anna: Customer) -> None:
    with shop.session() as session:
        with pytest.raises(NotFound, match="did you mean after sale"):
            ask(session, anna, survey="after sales")
        with pytest.raises(NotFound, match="did you mean quality"):
            ask(session, anna, names=["qualty"])
        [open_] = session.list(Interaction, status="in_progress")
        with pytest.raises(NotFound, match="did you mean delivery"):
            answer(session, open_, {"delivry": rating(5, 5)})
        call = Interaction(kind="call", occurred_at=datetime(2026, 3, 1, tzinfo=UTC))
        session.add(call)
        session.flush()
        with pytest.raises(BadInput, match="kind call, not a survey"):
            answer(session, call, {})
        [quality] = [question for question in session.list(SurveyQuestion) if question.name == "quality"]
    with pytest.raises(Refused, match="not to an interaction of kind call"), shop.session() as session:
        session.add(SurveyAnswer(interaction_id=call.id, question_id=quality.id))


def test_answers_off_the_scale_are_refused(shop: Crm) -> None:
    with shop.session() as session:
        [open_] = session.list(Interaction, status="in_progress")
        answer(session, open_, {"quality": rating(11, -1), "recommend": score(11)})
        with pytest.raises(ValidationFailed) as caught:
            session.flush()
        session.rollback()
    assert sorted(error.path for error in caught.value.errors) == [
        "survey_answer.expected",
        "survey_answer.experienced",
        "survey_answer.score",
    ]


@pytest.mark.parametrize(
    ("name", "given", "paths"),
    [
        ("quality", rating(10, 0), []),
        ("quality", Answer(score=Decimal(5)), ["survey_answer.score"]),
        ("recommend", rating(5, 5), ["survey_answer.expected", "survey_answer.experienced"]),
        ("effort", score(7), []),
        ("effort", score(0), ["survey_answer.score"]),
        ("wish", score(1), ["survey_answer.score"]),
        ("wish", Answer(comment="More"), []),
        ("quality", Answer(expected=Decimal("NaN")), ["survey_answer.expected"]),
    ],
)
def test_what_suits_which_question(name: str, given: Answer, paths: list[str]) -> None:
    [question] = [question for question in questions() if question.name == name]
    made = SurveyAnswer(interaction_id=new_id(), question_id=question.id, **attrs.asdict(given))
    assert [error.path for error in answer_errors(made, question)] == paths


@pytest.mark.parametrize(("lowest", "highest", "measure"), [(5, 5, "ces"), (1, 10, "nps")])
def test_questions_have_a_scale(lowest: int, highest: int, measure: Any) -> None:
    wrong = SurveyQuestion(name="x", lowest=lowest, highest=highest, measure=measure)
    errors = question_errors(wrong)
    assert [(error.path, error.code) for error in errors] == [("survey_question.highest", "scale")]


def test_a_question_without_a_scale_is_not_saved(crm: Crm) -> None:
    with pytest.raises(ValidationFailed, match=r"survey_question\.highest"), crm.session() as session:
        session.add(SurveyQuestion(name="x", lowest=5, highest=5))
