"""``crmkit survey``: questions, putting them to customers, and taking down the answers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.interaction import Interaction
    from crmkit.services.surveys import Answer
    from crmkit.store.session import Session

_SIDES = click.Choice(["idea", "conduct", "look_and_sound", "product", "service"])
_MEASURES = click.Choice(["satisfaction", "nps", "ces", "text"])


@group("survey", help=wording("Make questions, put them to customers, and take down the answers."))
def survey() -> None:
    pass


@survey.command("add", help=wording("Add a question."))
@argument("name", help=wording("Its short word, by which answers name it."))
@option("--text", default="", metavar="TEXT", help=wording("What customers read."))
@option("--survey", "questionnaire", default="", metavar="NAME", help=wording("The questionnaire that it stands in."))
@option("--side", type=_SIDES, help=wording("The side of the company that it is about."))
@option(
    "--measure",
    type=_MEASURES,
    default="satisfaction",
    show_default=True,
    help=wording("What an answer is: what was expected and experienced, a recommendation, an effort, or a text."),
)
@option("--weight", default="1", show_default=True, metavar="NUMBER", help=wording("Its part in the satisfaction."))
@option("--lowest", type=int, default=0, show_default=True, metavar="N", help=wording("The lowest number."))
@option("--highest", type=int, default=10, show_default=True, metavar="N", help=wording("The highest number."))
@json_option
def add(name: str, questionnaire: str, side: str | None, weight: str, as_json: bool, **given: Any) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.survey import SurveyQuestion

    values: dict[str, Any] = {**given, "survey": questionnaire, "side": side or "", "weight": _number(weight)}
    with working() as (_, session):
        made = SurveyQuestion(name=name, **values)
        session.add(made)
        session.commit()
        stored = session.get(SurveyQuestion, made.id)
    if as_json:
        print_json(stored)
    else:
        click.echo(str(stored.id))
        say(msg("added {name}", name=stored.name))


@survey.command("questions", help=wording("List the questions."))
@option("--survey", "questionnaire", default="", metavar="NAME", help=wording("Those of this questionnaire."))
@json_option
def questions_(questionnaire: str, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.services.surveys import questions

    with working(reads=True) as (_, session):
        found = questions(session, questionnaire)
    if as_json:
        print_json(found)
        return
    headings = (wording("Question"), wording("Survey"), wording("Side"), wording("Measure"), wording("Scale"))
    rows = [
        (
            one.name,
            one.survey,
            translated(one.side.replace("_", " ")) if one.side else "",
            translated(one.measure),
            "" if one.measure == "text" else f"{one.lowest} - {one.highest}",
            one.text,
            one.active,
        )
        for one in found
    ]
    print_block(table([translated(heading) for heading in (*headings, wording("Text"), wording("Active"))], rows))


@survey.command("ask", help=wording("Put questions to a customer: those of a questionnaire, or single ones."))
@argument("customer", help=wording("Its name, id, number in another system or mail address."))
@option("--survey", "questionnaire", default="", metavar="NAME", help=wording("The questionnaire."))
@option("--question", "names", multiple=True, metavar="NAME", help=wording("This question; may be given again."))
@option("--at", metavar="TIME", help=wording("When they are asked, such as 2026-03-15T10:00; else now."))
@option("--channel", default="", metavar="WORD", help=wording("By what, such as email or phone."))
@option("--subject", default="", metavar="TEXT", help=wording("What it is about; else the name of the questionnaire."))
@json_option
def ask_(
    customer: str, questionnaire: str, names: tuple[str, ...], at: str | None, as_json: bool, **given: Any
) -> None:
    from crmkit.cli.history import zone_of
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.clock import parse_instant
    from crmkit.services.customer_view import find_customer
    from crmkit.services.surveys import ask

    if not questionnaire and not names:
        raise click.UsageError(translated(wording("Name a questionnaire with --survey or questions with --question.")))
    with working() as (_, session):
        found = find_customer(session, customer)
        moment = parse_instant(at, zone_of(session)) if at else None
        made = ask(session, found, survey=questionnaire, names=names, at=moment, **given)
        session.commit()
        document = _document(session, made)
    if _told(document, as_json):
        say(msg("asked {name} {count} questions", name=found.name, count=len(document["answers"])))


@survey.command(
    "answer",
    help=wording(
        "Take down the answers to a survey, which is complete then.\n\n"
        "An answer is the question's name and, of satisfaction, what was expected and experienced as in "
        "'on time=8:6'; of a recommendation or effort its number; of a text the text."
    ),
)
@argument("survey", metavar="SURVEY", help=wording("The id that asking has given."))
@argument("answers", nargs=-1, required=True, metavar="NAME=VALUE...", help=wording("The answers."))
@option(
    "--comment",
    "comments",
    multiple=True,
    metavar="NAME=TEXT",
    help=wording("What was said to a question, beside the numbers; may be given again."),
)
@json_option
def answer_(survey: str, answers: tuple[str, ...], comments: tuple[str, ...], as_json: bool) -> None:
    from crmkit.cli.running import say, working
    from crmkit.core.messages import msg
    from crmkit.core.values.ids import parse_id
    from crmkit.services.surveys import answer

    with working() as (_, session):
        done = answer(session, parse_id(survey), _answers(session, answers, comments))
        session.commit()
        document = _document(session, done)
    if _told(document, as_json):
        answered = sum(one["answered"] for one in document["answers"])
        say(msg("{answered} of {count} questions are answered", answered=answered, count=len(document["answers"])))


@survey.command("show", help=wording("Show a survey: what was asked, and what was answered."))
@argument("survey", metavar="SURVEY", help=wording("The id that asking has given."))
@json_option
def show(survey: str, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, shown_value, table
    from crmkit.cli.running import working
    from crmkit.core.interaction import Interaction

    with working(reads=True) as (_, session):
        document = _document(session, session.get(Interaction, survey))
    if as_json:
        print_json(document)
        return
    headings = (wording("Question"), wording("Expected"), wording("Experienced"), wording("Score"), wording("Comment"))
    names = ("expected", "experienced", "score")
    rows = [
        (one["question"], *["" if one[name] is None else shown_value(one[name]) for name in names], one["comment"])
        for one in document["answers"]
    ]
    title = f"{document['subject']} · {translated(document['status'])}"
    print_block(table([translated(heading) for heading in headings], rows, title=title, right=(1, 2, 3)))


def _told(document: dict[str, Any], as_json: bool) -> bool:
    """Print a survey for a program, or its id for a person, who is to be told more then."""
    from crmkit.cli.output import print_json

    if as_json:
        print_json(document)
        return False
    click.echo(str(document["id"]))
    return True


def _document(session: Session, interaction: Interaction) -> dict[str, Any]:
    from crmkit.core.survey import SurveyAnswer
    from crmkit.services.surveys import questions

    known = {question.id: question for question in questions(session)}
    found = session.get(type(interaction), interaction.id)
    items = session.list(SurveyAnswer, interaction_id=found.id)
    answers = [
        {
            "question": known[item.question_id].name if item.question_id in known else str(item.question_id),
            "expected": item.expected,
            "experienced": item.experienced,
            "score": item.score,
            "comment": item.comment,
            "answered": item.answered,
        }
        for item in items
    ]
    return {
        "id": found.id,
        "subject": found.subject,
        "status": found.status,
        "occurred_at": found.occurred_at,
        "answers": sorted(answers, key=lambda one: str(one["question"])),
    }


def _answers(session: Session, answers: tuple[str, ...], comments: tuple[str, ...]) -> dict[str, Answer]:
    """Return the answers by the names of their questions; raises BadInput."""
    from crmkit.services.surveys import Answer, questions

    measures = {question.name: question.measure for question in questions(session)}
    found: dict[str, dict[str, Any]] = {}
    for text in answers:
        name, value = _pair(text)
        found[name] = _value(name, value, measures.get(name, ""))
    for text in comments:
        name, value = _pair(text)
        found.setdefault(name, {})["comment"] = value
    return {name: Answer(**values) for name, values in found.items()}


def _pair(text: str) -> tuple[str, str]:
    from crmkit.core.errors import BadInput
    from crmkit.core.messages import msg, shown

    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise BadInput(msg("{value}: expected NAME=VALUE", value=shown(text)))
    return name.strip(), value.strip()


def _value(name: str, value: str, measure: str) -> dict[str, Any]:
    from crmkit.core.errors import BadInput
    from crmkit.core.messages import msg, shown

    if measure == "text":
        return {"comment": value}
    expected, colon, experienced = value.partition(":")
    if measure in ("nps", "ces") and not colon:
        return {"score": _number(value)}
    if measure == "satisfaction" and colon:
        return {"expected": _number(expected), "experienced": _number(experienced)}
    if not measure:
        return {}  # The service says that there is no such question, with the closest name.
    wanted = "expected:experienced" if measure == "satisfaction" else msg("a number")
    raise BadInput(msg("{name}={value}: expected {wanted}", name=shown(name), value=shown(value), wanted=wanted))


def _number(text: str) -> Decimal:
    from decimal import InvalidOperation

    from crmkit.core.errors import BadInput
    from crmkit.core.messages import msg, shown

    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise BadInput(msg("{value}: expected a number", value=shown(text)))
    return found
