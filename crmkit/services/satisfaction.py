"""Reports of satisfaction from the answers to surveys: by question, by side, by customer, of any customers and period.

Each report takes two statements whatever the number of answers; the arithmetic is that of ``crmkit.core.satisfaction``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.filter import parse
from crmkit.core.frozen import frozen
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.satisfaction import (
    NetPromoter,
    Tally,
    mean_score,
    net_promoter,
    rounded,
    satisfaction,
    share,
    weighted_satisfaction,
)
from crmkit.core.survey import SIDES, Side, SurveyAnswer, SurveyQuestion
from crmkit.services.surveys import SURVEY, questions
from crmkit.store.session import Session

By = Literal["question", "side", "customer"]
_SIDES: tuple[Side, ...] = ("", *SIDES)


@frozen
class SatisfactionRow:
    """One group. What there are no answers for is None.

    ``key`` is the name of a question or side or the id of a customer. ``asked`` and ``answered`` count surveys. ``c``
    is experienced over expected, by the questions' weights; ``rated`` counts the answers it rests on, ``below`` is the
    share of them that fell short of what was expected. ``effort`` is the mean of ``effort_scored`` effort scores.
    """

    key: str
    label: str
    asked: int
    answered: int
    response_rate: Decimal | None
    c: Decimal | None
    rated: int
    below: Decimal | None
    nps: NetPromoter | None
    effort: Decimal | None
    effort_scored: int


@frozen
class SatisfactionReport:
    """The groups in the order of their names, and all of them together."""

    by: By
    rows: tuple[SatisfactionRow, ...]
    total: SatisfactionRow


def satisfaction_report(
    session: Session,
    by: By = "question",
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    customer: Customer | UUID | None = None,
    filter: str = "",
    survey: str = "",
) -> SatisfactionReport:
    """Return the satisfaction of customers in the surveys from ``since`` until before ``until`` (UTC).

    ``customer`` or ``filter``, a filter on customers, narrows whose answers count, ``survey`` to one questionnaire.
    Cancelled surveys and those that another one supersedes do not count. Raises BadInput for a wrong filter.
    """
    asked = {question.id: question for question in questions(session, survey)}
    scope = _Scope(session, asked, since, until, customer, filter)
    tallies = scope.tallies(by == "customer")
    surveys = scope.surveys(by)
    groups: dict[str, tuple[str, list[tuple[SurveyQuestion, Tally]]]] = {}
    for key, label in _expected(by, asked.values()):
        groups[key] = (label, [])
    for (customer_id, name, question_id), tally in tallies.items():
        question = asked[question_id]
        key, label = _group(by, question, customer_id, name)
        groups.setdefault(key, (label, []))[1].append((question, tally))
    rows = [_row(key, label, parts, surveys.get(key, (0, 0))) for key, (label, parts) in groups.items()]
    if by == "customer":
        rows.sort(key=lambda row: (row.label, row.key))
        whole = scope.tallies(False)
    else:
        whole = tallies
    everything = [(asked[question_id], tally) for (_, _, question_id), tally in whole.items()]
    return SatisfactionReport(by, tuple(rows), _row("", "", everything, scope.surveys("").get("", (0, 0))))


class _Scope:
    """The answers that a report is about."""

    def __init__(
        self,
        session: Session,
        asked: Mapping[UUID, SurveyQuestion],
        since: datetime | None,
        until: datetime | None,
        customer: Customer | UUID | None,
        filter: str,
    ) -> None:
        self._session, self._asked = session, asked
        self._answer, self._people = session.table(SurveyAnswer), session.table(Customer)
        self._part = session.table(InteractionParticipant)
        answer, interaction = self._answer, session.table(Interaction)
        superseded = sa.select(interaction.c.supersedes_id).where(interaction.c.supersedes_id.is_not(None))
        counting = sa.select(interaction.c.id).where(
            interaction.c.kind == SURVEY, interaction.c.status != "cancelled", interaction.c.id.not_in(superseded)
        )
        if since is not None:
            counting = counting.where(interaction.c.occurred_at >= since)
        if until is not None:
            counting = counting.where(interaction.c.occurred_at < until)
        self._where = [answer.c.interaction_id.in_(counting), answer.c.question_id.in_(list(asked))]
        self._whose: list[Any] = []
        if customer is not None:
            self._whose.append(self._part.c.customer_id == (customer if isinstance(customer, UUID) else customer.id))
        if filter:
            info = session.database.registry.get(Customer)
            predicate = parse(filter, session.database.registry, info.name)
            matching = session.reader.predicate(predicate, info, self._people, session.connection)
            self._whose.append(self._part.c.customer_id.in_(sa.select(self._people.c.id).where(matching)))
        values = [answer.c[name].is_not(None) for name in ("expected", "experienced", "score")]
        self._answered = sa.or_(answer.c.comment != "", *values)

    def tallies(self, by_customer: bool) -> dict[tuple[UUID | None, str, UUID], Tally]:
        """Return the tally of every question, for each customer or for all."""
        answer = self._answer
        rated = sa.and_(answer.c.expected.is_not(None), answer.c.experienced.is_not(None))
        who = [self._people.c.id, self._people.c.name] if by_customer else [sa.null(), sa.null()]
        statement: sa.Select[Any] = sa.select(
            *who,
            answer.c.question_id,
            sa.func.count(),
            _count(self._answered),
            _count(rated),
            _sum(rated, answer.c.expected),
            _sum(rated, answer.c.experienced),
            _count(sa.and_(rated, answer.c.experienced < answer.c.expected)),
            _count(answer.c.score.is_not(None)),
            _sum(answer.c.score.is_not(None), answer.c.score),
            _count(answer.c.score >= Decimal(9)),
            _count(answer.c.score <= Decimal(6)),
        )
        statement = self._narrowed(statement, by_customer)
        statement = statement.group_by(answer.c.question_id, *(who if by_customer else ()))
        rows: Iterable[Any] = self._session.execute(statement)
        return {(row[0], row[1] or "", row[2]): _tally(row[3:]) for row in rows}

    def surveys(self, by: str) -> dict[str, tuple[int, int]]:
        """Return how many surveys were sent, and how many of them answered, in each group; all together under ""."""
        if not self._asked:
            return {}
        answer = self._answer
        key: Any = {
            "question": answer.c.question_id,
            "customer": self._people.c.id,
            "side": self._side(),
            "": sa.literal(""),
        }[by]
        statement: sa.Select[Any] = sa.select(
            key,
            sa.func.count(sa.distinct(answer.c.interaction_id)),
            sa.func.count(sa.distinct(sa.case((self._answered, answer.c.interaction_id)))),
        )
        statement = self._narrowed(statement, by == "customer")
        rows: Iterable[Any] = self._session.execute(statement.group_by(key) if by else statement)
        return {self._key(by, row[0]): (int(row[1]), int(row[2])) for row in rows}

    def _key(self, by: str, value: Any) -> str:
        if by == "question":
            return self._asked[value].name
        return _SIDES[value] if by == "side" else str(value)

    def _side(self) -> Any:
        """Return the number of an answer's side; as a literal, which is the same in SELECT and GROUP BY."""
        ids: dict[int, list[UUID]] = {}
        for question in self._asked.values():
            ids.setdefault(_SIDES.index(question.side), []).append(question.id)
        whens: list[Any] = [
            (self._answer.c.question_id.in_(some), sa.literal_column(str(side))) for side, some in ids.items()
        ]
        return sa.case(*whens, else_=sa.literal_column("0"))

    def _narrowed(self, statement: sa.Select[Any], by_customer: bool) -> sa.Select[Any]:
        statement = statement.where(*self._where)
        mine = [self._part.c.role == "customer", *self._whose]
        if by_customer:
            joined = self._answer.join(self._part, self._part.c.interaction_id == self._answer.c.interaction_id)
            joined = joined.join(self._people, self._people.c.id == self._part.c.customer_id)
            return statement.select_from(joined).where(*mine)
        if self._whose:
            theirs = sa.select(self._part.c.interaction_id).where(*mine)
            statement = statement.where(self._answer.c.interaction_id.in_(theirs))
        return statement.select_from(self._answer)


def _expected(by: By, asked: Iterable[SurveyQuestion]) -> Iterable[tuple[str, str]]:
    """Yield the groups that a report has in any case, with or without answers."""
    if by == "side":
        yield from ((side, side) for side in SIDES)
    elif by == "question":
        yield from ((question.name, question.text or question.name) for question in asked if question.active)


def _group(by: By, question: SurveyQuestion, customer: UUID | None, name: str) -> tuple[str, str]:
    if by == "question":
        return question.name, question.text or question.name
    return (question.side, question.side) if by == "side" else (str(customer), name)


def _row(key: str, label: str, parts: list[tuple[SurveyQuestion, Tally]], surveys: tuple[int, int]) -> SatisfactionRow:
    of: dict[str, Tally] = {}
    for question, tally in parts:
        of[question.measure] = of.get(question.measure, Tally()) + tally
    rated, effort = of.get("satisfaction", Tally()), of.get("ces", Tally())
    c = weighted_satisfaction((q.weight, tally) for q, tally in parts if q.measure == "satisfaction")
    if len(parts) == 1:
        c = satisfaction(rated)
    return SatisfactionRow(
        key=key,
        label=label,
        asked=surveys[0],
        answered=surveys[1],
        response_rate=rounded(share(surveys[1], surveys[0])),
        c=rounded(c),
        rated=rated.rated,
        below=rounded(share(rated.below, rated.rated)),
        nps=net_promoter(of.get("nps", Tally())),
        effort=rounded(mean_score(effort), 2),
        effort_scored=effort.scored,
    )


def _tally(values: Iterable[Any]) -> Tally:
    filled: list[Any] = [Decimal(0) if value is None else value for value in values]
    return Tally(*filled)


def _count(condition: Any) -> Any:
    return sa.func.count(sa.case((condition, 1)))


def _sum(condition: Any, column: Any) -> Any:
    return sa.func.sum(sa.type_coerce(sa.case((condition, column)), column.type))
