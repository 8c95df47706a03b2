"""Putting questions to customers and taking down their answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import BadInput, FieldError, NotFound, ValidationFailed, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.messages import msg, shown
from crmkit.core.survey import SurveyAnswer, SurveyQuestion, answer_errors, question_errors
from crmkit.hooks.records import RecordBatch, Refuse
from crmkit.store.session import Session

SURVEY = "survey"
"""The kind of interaction that answers belong to."""


@frozen
class Answer:
    """What a customer answers to one question; see ``SurveyAnswer``."""

    expected: Decimal | None = None
    experienced: Decimal | None = None
    score: Decimal | None = None
    comment: str = ""


def questions(session: Session, survey: str = "") -> list[SurveyQuestion]:
    """Return the questions, by name; with ``survey`` those of this questionnaire. They are the same for everybody."""
    with session.acting_as(session.actor.elevated()):
        found = session.peek_all(SurveyQuestion, "survey", [survey]) if survey else session.peek_all(SurveyQuestion)
    return sorted((question for question in found if question.deleted_at is None), key=lambda question: question.name)


def ask(
    session: Session,
    customer: Customer | UUID,
    *,
    survey: str = "",
    names: Iterable[str] = (),
    at: datetime | None = None,
    channel: str = "",
    subject: str = "",
) -> Interaction:
    """Put questions to a customer: the active ones of ``survey``, or those called ``names``; return the interaction.

    What is never answered counts in the response rate. Raises NotFound for questions that do not exist.
    """
    by_name = {question.name: question for question in questions(session)}
    chosen = [_named(by_name, name) for name in names]
    chosen = chosen or [question for question in questions(session, survey) if question.active and survey]
    if not chosen:
        known = {question.survey for question in questions(session) if question.survey}
        hint = did_you_mean(survey, known)
        raise NotFound(msg("survey {survey} has no active questions; {hint}", survey=shown(survey), hint=hint))
    made = Interaction(
        kind=SURVEY,
        direction="outbound",
        status="in_progress",
        subject=subject or survey,
        occurred_at=session.clock.now() if at is None else at,
        channel=channel,
    )
    who = customer if isinstance(customer, UUID) else customer.id
    session.add(made, InteractionParticipant(interaction_id=made.id, customer_id=who))
    session.add(*[SurveyAnswer(interaction_id=made.id, question_id=question.id) for question in chosen])
    return made


def answer(session: Session, interaction: Interaction | UUID, answers: Mapping[str, Answer]) -> Interaction:
    """Take down answers by the names of their questions and complete the survey; return it.

    A question that was not put is added. Raises NotFound for one that does not exist, BadInput for another kind of
    interaction; values off the scale raise ValidationFailed when the session is written.
    """
    known = session.get(Interaction, interaction if isinstance(interaction, UUID) else interaction.id)
    if known.kind != SURVEY:
        raise BadInput(msg("{id} is an interaction of kind {kind}, not a survey", id=str(known.id), kind=known.kind))
    asked = {item.question_id: item for item in session.list(SurveyAnswer, interaction_id=known.id)}
    by_name = {question.name: question for question in questions(session)}
    for name, given in answers.items():
        question = _named(by_name, name)
        item = asked.get(question.id)
        values = attrs.asdict(given)
        if item is None:
            session.add(SurveyAnswer(interaction_id=known.id, question_id=question.id, **values))
        else:
            session.update(change(item, **values))
    if known.status != "completed":
        known = change(known, status="completed", ended_at=session.clock.now())
        session.update(known)
    return known


def _named(known: Mapping[str, SurveyQuestion], name: str) -> SurveyQuestion:
    if name not in known:
        raise NotFound(msg("no survey question {name}; {hint}", name=shown(name), hint=did_you_mean(name, known)))
    return known[name]


# -- the core's rules -------------------------------------------------------------------------------------------------


def check_surveys(session: Any, call: RecordBatch) -> None:
    """Raise ValidationFailed for questions without a scale and for answers that are off it."""
    errors: list[FieldError] = []
    living = [c.after for c in call.changes if c.after.deleted_at is None]
    if call.entity == "survey_question":
        for question in living:
            errors += question_errors(question)
    else:
        with session.acting_as(session.actor.elevated()):
            ids = list({item.question_id for item in living})
            known = {question.id: question for question in session.peek_all(SurveyQuestion, "id", ids)}
        for item in living:
            if item.question_id in known:
                errors += answer_errors(item, known[item.question_id])
    if errors:
        raise ValidationFailed(errors)


def survey_refusals(session: Any, call: RecordBatch) -> Iterator[Refuse]:
    """Yield refusals for answers in an interaction that is no survey: no report would ever find them."""
    ids = list({c.after.interaction_id for c in call.changes if c.changed("interaction_id")})
    kinds = {record.id: record.kind for record in session.peek_all(Interaction, "id", ids)}
    for c in call.changes:
        kind = kinds.get(c.after.interaction_id, SURVEY)
        if kind != SURVEY:
            yield Refuse(msg("answers belong to a survey, not to an interaction of kind {kind}", kind=kind), c.after.id)
