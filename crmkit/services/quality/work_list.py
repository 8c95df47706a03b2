"""Work lists: the records most worth mending first, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.quality_rules import Expected, QualityRules
from crmkit.core.quality_score import POINTS, STATES, State, as_score
from crmkit.services.quality.scope import Whose, conditions, readable
from crmkit.store.contacts import last_contacts_table
from crmkit.store.faults import faults_translated
from crmkit.store.lookalikes import suspected_pairs
from crmkit.store.quality import Judged, judged
from crmkit.store.quality_sums import EPOCH, all_at_once
from crmkit.store.session import Session

ProblemState = Literal["missing", "wrong", "old"]
Order = Literal["score", "contact"]

MOST = 10_000
"""The largest page."""


@frozen
class Problem:
    """What is wrong with one thing: ``missing``, ``wrong`` (of what is to be unique: there twice) or ``old``.

    ``since`` is when an old value was changed or confirmed last.
    """

    name: str
    label: str
    state: State
    since: datetime | None = None


@frozen
class WorkItem:
    """A record to be mended. ``score`` is 0 to 100; ``twins`` are the ids and names of customers it may be the same as."""

    id: UUID
    title: str
    owner_id: UUID | None
    score: Decimal
    last_contact: datetime | None
    problems: tuple[Problem, ...]
    twins: tuple[tuple[UUID, str], ...] = ()


@frozen
class WorkPage:
    """Records, the worst first; ``next`` is where the page behind this one starts, None on the last one."""

    items: tuple[WorkItem, ...]
    next: str | None = None


def work_list(
    session: Session,
    rules: QualityRules,
    entity: str = "customer",
    whose: Whose | None = None,
    *,
    field: str = "",
    state: ProblemState | None = None,
    order: Order = "score",
    after: str = "",
    limit: int = 50,
) -> WorkPage:
    """Return the records that something is wrong with: the lowest score first, of equals those in contact last.

    The other way round with ``order="contact"``. ``field`` and ``state`` choose those where that expectation, or any, is
    in that state. ``after`` is the ``next`` of the page before. Raises BadInput, FilterError and AccessDenied.
    """
    if not 1 <= limit <= MOST:
        raise BadInput(msg("limit {limit}: a number from 1 to {most}", limit=limit, most=MOST))
    if state is not None and state not in get_args(ProblemState):
        hint = did_you_mean(state, get_args(ProblemState))
        raise BadInput(msg("no state {state}; {hint}", state=state, hint=hint))
    if order not in get_args(Order):
        raise BadInput(msg("no order {order}; {hint}", order=order, hint=did_you_mean(order, get_args(Order))))
    session.flush()
    session.heed_rights()
    info = session.database.registry.get(entity)
    expected = readable(session, rules, info.name)
    if field:
        rules.named(info.name, field)
        if field not in {one.name for one in expected}:
            return WorkPage(())
    where = conditions(session, info, whose or Whose())
    found = judged(session, info, expected, where, shared_by=rules.settings.shared_by)
    statement = _ordered(session, info, found, _troubled(found, expected, field, state), order, after, limit + 1)
    with faults_translated(), all_at_once(session):
        rows = session.connection.execute(statement, {"tenant": session.actor.tenant_id}).all()
    page = rows[:limit]
    twins = _twins(session, rules, info, expected, [row.id for row in page])
    items = tuple(_item(session, info, row, expected, twins.get(row.id, ())) for row in page)
    return WorkPage(items, _place(page[-1]) if len(rows) > limit else None)


def problems_of(session: Session, rules: QualityRules, record: Any) -> WorkItem | None:
    """Return what is wrong with one record, and its score; None where nothing is expected of it."""
    session.flush()
    session.heed_rights()
    info = session.database.registry.of(record)
    expected = readable(session, rules, info.name)
    mine = session.table(info.name).c.id == record.id
    found = judged(session, info, expected, [mine], shared_by=rules.settings.shared_by, few=True)
    statement = _ordered(session, info, found, found.rows.c.total > 0, "score", "", 1)
    with faults_translated():
        row = session.connection.execute(statement, {"tenant": session.actor.tenant_id}).first()
    if row is None:
        return None
    return _item(session, info, row, expected, _twins(session, rules, info, expected, [record.id]).get(record.id, ()))


def states_of(
    session: Session, rules: QualityRules, info: EntityInfo, ids: Sequence[UUID]
) -> Mapping[UUID, Mapping[str, State]]:
    """Return how each thing stands in these records, as far as the actor may see them and read it."""
    expected = readable(session, rules, info.name)
    mine = session.table(info.name).c.id.in_(ids)
    found = judged(session, info, expected, [mine], shared_by=rules.settings.shared_by, few=True)
    with faults_translated():
        rows = session.connection.execute(sa.select(found.rows.c.id, *found.states.values())).all()
    return {row[0]: dict(zip(found.states, (STATES[state] for state in row[1:]), strict=True)) for row in rows}


def _troubled(found: Judged, expected: Sequence[Expected], field: str, state: str | None) -> sa.ColumnElement[bool]:
    if not field and state is None:
        return found.rows.c.good < found.rows.c.total
    bad = [STATES.index("missing"), STATES.index("wrong"), STATES.index("old")]
    wanted = bad if state is None else [STATES.index(state)]
    names = [field] if field else [one.name for one in expected]
    return sa.or_(sa.false(), *[found.states[name].in_(wanted) for name in names])


def _ordered(
    session: Session,
    info: EntityInfo,
    found: Judged,
    troubled: sa.ColumnElement[bool],
    order: Order,
    after: str,
    limit: int,
) -> sa.Select[Any]:
    rows, never = found.rows, sa.literal(EPOCH, session.database.tables[info.name].c.created_at.type)
    source: sa.FromClause = rows
    contact: sa.ColumnElement[Any] = never
    last = last_contacts_table(session) if info.name == "customer" else None
    if last is not None:
        source = rows.outerjoin(last, last.c.customer_id == rows.c.id)
        contact = sa.func.coalesce(last.c.last_contact, never)
    ranked = (
        sa.select(*rows.c, found.points.label("points"), contact.label("contact"))
        .select_from(source)
        .where(rows.c.total > 0, troubled)
        .subquery("ranked")
    )
    keys = [ranked.c.points, ranked.c.contact.desc()]
    statement = sa.select(ranked).order_by(*(keys if order == "score" else reversed(keys)), ranked.c.id).limit(limit)
    return statement.where(_behind(ranked, order, after)) if after else statement


def _behind(ranked: sa.Subquery, order: Order, after: str) -> sa.ColumnElement[bool]:
    points, contact, id = _read_place(after)
    c = ranked.c
    keys = [(c.points > points, c.points == points), (c.contact < contact, c.contact == contact)]
    (first, same), (second, same_again) = keys if order == "score" else reversed(keys)
    return sa.or_(first, sa.and_(same, second), sa.and_(same, same_again, c.id > id))


def _place(row: Any) -> str:
    return f"{row.points}~{row.contact.isoformat()}~{row.id}"


def _read_place(text: str) -> tuple[int, datetime, UUID]:
    try:
        points, contact, id = text.split("~")
        at = datetime.fromisoformat(contact)
        if not 0 <= int(points) <= POINTS or at.tzinfo is None:
            raise ValueError(text)
        return int(points), at, UUID(id)
    except ValueError:
        raise BadInput(msg("{place}: expected the place that a page named as the next one", place=text)) from None


def _item(
    session: Session, info: EntityInfo, row: Any, expected: Sequence[Expected], twins: Iterable[tuple[UUID, str]]
) -> WorkItem:
    return WorkItem(
        id=row.id,
        title="" if info.title in session.hidden(info.name) or row.title is None else str(row.title),
        owner_id=row.owner_id if info.owned and "owner_id" not in session.hidden(info.name) else None,
        score=as_score(int(row.points)),
        last_contact=None if row.contact == EPOCH else row.contact,
        problems=tuple(_problems(row, expected)),
        twins=tuple(twins),
    )


def _problems(row: Any, expected: Sequence[Expected]) -> Iterator[Problem]:
    """Yield what is wrong, the weightiest first."""
    found = []
    for place, one in enumerate(expected):
        state = STATES[row._mapping[f"s{place}"]]
        if state in ("missing", "wrong", "old"):
            since = row._mapping[f"t{place}"] if state == "old" else None
            found.append((one.weight, Problem(one.name, one.label, state, since)))
    yield from (problem for _, problem in sorted(found, key=lambda pair: -pair[0]))


def _twins(
    session: Session, rules: QualityRules, info: EntityInfo, expected: Sequence[Expected], ids: Sequence[UUID]
) -> dict[UUID, list[tuple[UUID, str]]]:
    """Return, in one statement, which customers those on a page may be the same as."""
    if not ids or not any(one.subject == "unique" and one.field is None for one in expected):
        return {}
    customers = session.table("customer")
    among = sa.select(customers.c.id).where(customers.c.id.in_(ids))
    pairs = suspected_pairs(session, rules.settings.shared_by, among).subquery("pairs")
    statement: sa.Select[Any] = (
        sa.select(pairs.c.first_id, customers.c.id, customers.c.name)
        .join(customers, customers.c.id == pairs.c.second_id)
        .where(pairs.c.first_id.in_(ids))
        .distinct()
        .order_by(pairs.c.first_id, customers.c.id)
    )
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    rows: Iterable[Any] = session.execute(statement)
    for first, second, name in rows:
        found.setdefault(first, []).append((second, name))
    return found
