"""The addresses of surveys: asking a customer, taking down what it answers, and the report of satisfaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput, FieldError, NotFound, ValidationFailed
from crmkit.core.frozen import frozen
from crmkit.core.interaction import Interaction
from crmkit.core.messages import msg
from crmkit.hosting import SurveyAnswered, read_input
from crmkit_web.customers.consent import of_customers
from crmkit_web.documents.records import form_of
from crmkit_web.records.idempotency import IDEMPOTENCY_KEY
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem
from crmkit_web.surveys.shapes import NetPromoterShown, Satisfaction, SatisfactionLine

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@frozen
class SurveyAsked:
    """Which questions are put: the active ones of ``survey``, or those called ``questions``."""

    survey: str = attrs.field(default="", metadata={"schema": {"maxLength": 100}})
    questions: tuple[str, ...] = ()
    channel: str = attrs.field(default="", metadata={"schema": {"maxLength": 50}})
    subject: str = attrs.field(default="", metadata={"schema": {"maxLength": 500}})
    at: datetime | None = None


@frozen
class OneAnswer:
    """An answer: ``expected`` and ``experienced``, or a ``score``, within the question's scale."""

    question: str
    expected: Decimal | None = None
    experienced: Decimal | None = None
    score: Decimal | None = None
    comment: str = attrs.field(default="", metadata={"schema": {"maxLength": 10_000}})


@frozen
class AnswersGiven:
    """Answers, one to each question at most."""

    answers: tuple[OneAnswer, ...] = attrs.field(metadata={"schema": {"minItems": 1}})


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    more: dict[str, Any] = {"tag": "surveys"}
    yield Endpoint(
        "ask_customer",
        "POST",
        "/{entity}/{id}/surveys",
        ask,
        msg("Put questions to a customer: a survey that waits for answers."),
        headers=(IDEMPOTENCY_KEY,),
        body=SurveyAsked,
        returns=Interaction,
        status=201,
        entities=of_customers,
        **more,
    )
    yield Endpoint(
        "answer_survey",
        "POST",
        "/{entity}/{id}/answers",
        answer,
        msg("Take down what a customer answers to a survey, which is completed by it."),
        headers=(IDEMPOTENCY_KEY,),
        body=AnswersGiven,
        returns=Interaction,
        entities=_interactions,
        **more,
    )
    yield Endpoint(
        "get_satisfaction",
        "GET",
        "/satisfaction",
        report,
        msg("Return the satisfaction of customers, as they answer surveys; what is not known is null."),
        query=(
            Parameter("by", msg("What the rows are."), choices=("question", "side", "customer"), default="question"),
            Parameter("since", msg("Surveys from this instant on."), kind="instant"),
            Parameter("until", msg("Surveys before this instant."), kind="instant"),
            Parameter("customer", msg("The answers of this customer alone: its id."), kind="id"),
            Parameter("filter", msg("Customers, in the filter language."), default=""),
            Parameter("survey", msg("The questions of this questionnaire alone."), default=""),
        ),
        returns=Satisfaction,
        refuses=(404,),
        reads=True,
        **more,
    )


def _interactions(info: EntityInfo) -> bool:
    return info.name == "interaction"


def ask(call: Call) -> Reply:
    """Put questions to a customer."""
    asked = read_input(SurveyAsked, call.mapping())
    customer = call.session.get(call.entity.cls, call.path["id"])
    try:
        made = call.ctx.services.ask(
            customer,
            survey=asked.survey,
            names=asked.questions,
            at=asked.at,
            channel=asked.channel,
            subject=asked.subject,
        )
    except NotFound as error:
        pointer = "/questions" if asked.questions else "/survey"
        raise ValidationFailed([FieldError(pointer, "unknown_survey", None, error.message)]) from None
    return _told(call, made, 201)


def answer(call: Call) -> Reply:
    """Take down answers."""
    given = read_input(AnswersGiven, call.mapping())
    survey = call.session.get(call.entity.cls, call.path["id"])
    names = [one.question for one in given.answers]
    wrong = [
        FieldError(f"/answers/{at}/question", "duplicate", name[:200], msg("each question once"))
        for at, name in enumerate(names)
        if name in names[:at]
    ]
    if not names:
        wrong.append(FieldError("/answers", "required", None, msg("at least one answer")))
    if wrong:
        raise ValidationFailed(wrong)
    values: Mapping[str, Any] = {
        one.question: SurveyAnswered(one.expected, one.experienced, one.score, one.comment) for one in given.answers
    }
    try:
        done = call.ctx.services.answer(survey, values)
    except NotFound as error:
        raise ValidationFailed([FieldError("/answers", "unknown_question", None, error.message)]) from None
    except BadInput as error:
        raise Problem(409, "no_survey", error.message) from None
    return _told(call, done, 200)


def _told(call: Call, survey: Any, status: int) -> Reply:
    call.session.flush()
    info = call.session.entity(Interaction)
    stored = call.session.get(Interaction, survey.id)
    headers = {"etag": f'"{stored.version}"', "location": f"/api/v1/{info.plural}/{stored.id}"}
    return Reply(form_of(call.session, info)(stored), status, headers)


def report(call: Call) -> Satisfaction:
    """Answer the report."""
    query = dict(call.query)
    if query["customer"] is not None:
        # What one does not see is not there, and not merely without answers.
        query["customer"] = call.session.get(call.session.entity("customer").cls, query["customer"]).id
    try:
        found = call.ctx.services.satisfaction_report(**query)
    except BadInput as error:
        wrong = [FieldError("/query/filter", "bad_filter", query["filter"], error.message)]
        raise Problem(400, "bad_query", msg("the query of the address is wrong"), errors=wrong) from None
    return Satisfaction(found.by, tuple(_line(row) for row in found.rows), _line(found.total))


def _line(row: Any) -> SatisfactionLine:
    names = [one.name for one in attrs.fields(SatisfactionLine) if one.name != "nps"]
    nps = None if row.nps is None else NetPromoterShown(row.nps.score, row.nps.low, row.nps.high)
    return SatisfactionLine(**{name: getattr(row, name) for name in names}, nps=nps)
