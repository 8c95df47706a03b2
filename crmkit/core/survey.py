"""Surveys: the questions a company asks its customers, and the answers, each in an interaction of kind ``survey``."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal
from uuid import UUID

from crmkit.core.entity import Part, Record, Via, entity, field
from crmkit.core.errors import FieldError
from crmkit.core.messages import Message, msg

Measure = Literal["satisfaction", "nps", "ces", "text"]
Side = Literal["", "idea", "conduct", "look_and_sound", "product", "service"]

SIDES: tuple[Side, ...] = ("idea", "conduct", "look_and_sound", "product", "service")
"""The five sides of a company that satisfaction is about."""

NPS_SCALE = (0, 10)
"""Would you recommend us, from 0 (not at all) to 10 (surely)? Reichheld 2003."""


@entity("survey_question", unique=(("name",),))
class SurveyQuestion(Record):
    """A question. ``name`` is its short word, ``text`` what customers read, ``survey`` the questionnaire it stands in.

    ``measure`` says what an answer is: what was expected and experienced (satisfaction), whether one would recommend us
    (nps), how easy we made it (ces), or a text. Numbers lie between ``lowest`` and ``highest``. ``weight`` is the
    question's part in the satisfaction of its side and of the whole.
    """

    name: str = field(max_length=100)
    text: str = field(default="", max_length=2_000)
    survey: str = field(default="", max_length=100, indexed=True)
    side: Side = field(default="")
    measure: Measure = field(default="satisfaction")
    weight: Decimal = field(default=Decimal(1), minimum=0)
    lowest: int = field(default=0)
    highest: int = field(default=10)
    active: bool = field(default=True)


@entity(
    "survey_answer",
    access=Via("interaction_id"),
    title="comment",
    unique=(("interaction_id", "question_id"),),
)
class SurveyAnswer(Part):
    """One question put to a customer, and the answer. One without any value was asked and is not answered.

    Of a satisfaction question it holds ``expected`` and ``experienced``; of the others the ``score``.
    """

    interaction_id: UUID = field(reference="interaction")
    question_id: UUID = field(reference="survey_question")
    expected: Decimal | None = field(default=None)
    experienced: Decimal | None = field(default=None)
    score: Decimal | None = field(default=None)
    comment: str = field(default="", max_length=10_000, sensitivity="personal")

    @property
    def answered(self) -> bool:
        """Whether there is any answer."""
        return bool(self.comment) or any(value is not None for value in (self.expected, self.experienced, self.score))


def question_errors(question: SurveyQuestion) -> Iterator[FieldError]:
    """Yield what is wrong with the scale of a question."""
    if question.highest <= question.lowest:
        expected = msg("more than the lowest, {lowest}", lowest=question.lowest)
        yield FieldError("survey_question.highest", "scale", question.highest, expected, question.id)
    elif question.measure == "nps" and (question.lowest, question.highest) != NPS_SCALE:
        given = f"{question.lowest} - {question.highest}"
        yield FieldError("survey_question.highest", "scale", given, msg("0 to 10 for a question of NPS"), question.id)


def answer_errors(answer: SurveyAnswer, question: SurveyQuestion) -> Iterator[FieldError]:
    """Yield what is wrong with the values of an answer: off the scale, or of another measure."""
    fitting = _VALUES[question.measure]
    for name in ("expected", "experienced", "score"):
        value: Decimal | None = getattr(answer, name)
        if value is None:
            continue
        expected: Message
        if name not in fitting:
            expected = msg("nothing; {question} measures {measure}", question=question.name, measure=question.measure)
        elif value.is_finite() and question.lowest <= value <= question.highest:
            continue
        else:
            expected = msg("a number from {lowest} to {highest}", lowest=question.lowest, highest=question.highest)
        yield FieldError(f"survey_answer.{name}", "answer", value, expected, answer.id)


_VALUES: dict[str, tuple[str, ...]] = {
    "satisfaction": ("expected", "experienced"),
    "nps": ("score",),
    "ces": ("score",),
    "text": (),
}
