"""The reads of timelines: a customer's interactions, the newest first, narrowed as every read of a session is.

Statements are built once for each shape, and for each actor whose rights are limited, and only bound; with a filter, anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.access import Scope
from crmkit.core.errors import AccessDenied
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.timeline import TimelineEntry
from crmkit.core.values.money import Money
from crmkit.store.chunks import in_chunks
from crmkit.store.faults import faults_translated
from crmkit.store.plain_queries import PlainQuery, plain_query
from crmkit.store.types import Exact, Id, Instant

if TYPE_CHECKING:
    from crmkit.store.session import Session

EXCERPT = 240
"""Characters of a body that a timeline takes along."""

TOGETHER = 100
"""Customers whose interactions one statement reads; SQLite takes 500 parts of a compound statement."""

_INTERACTION = (
    "id",
    "occurred_at",
    "kind",
    "direction",
    "status",
    "channel",
    "subject",
    "outcome",
    "money_amount",
    "money_currency",
    "thread_id",
    "supersedes_id",
)
_PARTICIPANT = ("customer_id", "role", "address")
ID, AT, CUSTOMER = 0, 1, len(_INTERACTION)
"""Places in a row."""


@frozen(kw_only=True)
class InteractionRange:
    """Which interactions are wanted: from the newest that is not after ``until``, and comes after the place ``after``.

    ``after`` is the time and id of the last one read. ``former`` takes those too that were corrected. ``predicate`` is
    a condition of the filter language on interactions.
    """

    since: datetime | None = None
    until: datetime | None = None
    after: tuple[datetime, UUID] | None = None
    kinds: tuple[str, ...] = ()
    channel: str = ""
    direction: str = ""
    former: bool = False
    predicate: Any = None

    @property
    def shape(self) -> tuple[str, ...]:
        """What tells one statement from another; values are bound."""
        return (*[name for name in _RANGE if getattr(self, name)], str(len(self.kinds)))

    def values(self) -> dict[str, Any]:
        """The values to bind."""
        found: dict[str, Any] = {"since": self.since, "until": self.until}
        found |= {"channel": self.channel, "direction": self.direction}
        found |= {f"kind_{number}": kind for number, kind in enumerate(self.kinds)}
        if self.after is not None:
            found["after_at"], found["after_id"] = self.after
        return {name: value for name, value in found.items() if value}


_RANGE = tuple(a.name for a in attrs.fields(InteractionRange))


def interaction_rows(session: Session, customers: Sequence[UUID], wanted: InteractionRange, limit: int) -> list[Any]:
    """Return the newest ``limit`` rows of each customer that the actor sees, in no order where there are several.

    A row is a participation, so that an interaction may come twice. ``entry_reader`` reads it.
    """
    session.flush()
    session.heed_rights()
    asked = [name for name in ("channel", "direction") if getattr(wanted, name)] + (["kind"] if wanted.kinds else [])
    refuse_hidden(session, "interaction", ["occurred_at", *asked])
    refuse_hidden(session, "interaction_participant", ["customer_id", "occurred_at"])
    with faults_translated():
        rows: list[Any] = []
        for chunk in in_chunks(customers, TOGETHER):
            rows += _rows(session, chunk, wanted, limit)
        return rows


def _rows(session: Session, customers: Sequence[UUID], wanted: InteractionRange, limit: int) -> Sequence[Any]:
    whose = {f"customer_{number}": customer for number, customer in enumerate(customers)}
    values = {"tenant": session.actor.tenant_id, "most": limit, **whose, **wanted.values()}
    if wanted.predicate is not None:
        return session.connection.execute(_statement(session, len(customers), wanted), values).all()
    # What is narrowed to everything is the same for all; other rights are those of the actor alone.
    plain: dict[Any, PlainQuery] = (session.database.blueprint if session.actor.everything else session.reader).plain
    key = ("timeline", str(len(customers)), *wanted.shape)
    query = plain.get(key)
    if query is None:
        query = plain[key] = plain_query(_statement(session, len(customers), wanted), session.database.engine.dialect)
    return query.rows(session.connection, values)


def _statement(session: Session, customers: int, wanted: InteractionRange) -> sa.Select[Any]:
    parts = [_of_one(session, f"customer_{number}", wanted) for number in range(customers)]
    if len(parts) == 1:
        return parts[0]
    # Each customer's newest alone: sorting all that all of them ever did would take as long as they did it.
    return sa.select(sa.union_all(*[sa.select(part.subquery()) for part in parts]).subquery())


def _of_one(session: Session, customer: str, wanted: InteractionRange) -> sa.Select[Any]:
    """Return the statement that reads the newest interactions of the customer bound as ``customer``."""
    link, table = session.database.tables["interaction_participant"], session.database.tables["interaction"]
    customers = session.database.tables["customer"]
    links, interactions = visible_interactions(session, link, table)
    whom = sa.bindparam(customer, type_=Id())
    excerpt = sa.literal_column("''") if "body" in session.hidden("interaction") else table.c.body
    statement = (
        sa.select(
            # As the driver gives them: what a page needs of them is converted by ``entry_reader``, at half the cost.
            *readable(session, "interaction", table, _INTERACTION),
            *readable(session, "interaction_participant", link, _PARTICIPANT),
            sa.func.substr(excerpt, 1, EXCERPT).label("excerpt"),
        )
        .select_from(link)
        .join(table, table.c.id == link.c.interaction_id)
        .join(customers, customers.c.id == whom)
        .where(link.c.customer_id == whom, *links, *interactions, *_seen(session, customers))
        .order_by(link.c.occurred_at.desc(), link.c.interaction_id.desc())
        .limit(sa.bindparam("most", type_=sa.Integer()))
    )
    return statement.where(*_conditions(session, link, table, wanted))


def _seen(session: Session, customers: sa.Table) -> list[sa.ColumnElement[bool]]:
    tenant = sa.func.coalesce(customers.c.tenant_id, customers.c.tenant_id) == sa.bindparam("tenant", type_=Id())
    if session.actor.everything:
        return [tenant, customers.c.deleted_at.is_(None)]
    return [tenant, *session.narrowing.conditions("customer", customers)[1:]]


def entry_reader(dialect: str) -> Callable[[Any], TimelineEntry]:
    """Return the function that makes an entry of a row, for a dialect."""
    id_of, at_of, amount_of = (type_.from_driver(dialect) or _same for type_ in (Id(), Instant(), Exact()))
    known: dict[Any, UUID] = {}

    def read(row: Any) -> TimelineEntry:
        (
            id,
            at,
            kind,
            direction,
            status,
            channel,
            subject,
            outcome,
            amount,
            currency,
            thread,
            supersedes,
            customer,
            role,
            address,
            excerpt,
        ) = row
        whose = known.get(customer)
        if whose is None:
            whose = known[customer] = id_of(customer)
        # By place, in the order of the fields.
        return TimelineEntry(
            at_of(at),
            subject,
            "",
            kind,
            "",
            direction,
            status,
            channel,
            excerpt,
            outcome,
            None if amount is None else Money(amount_of(amount), currency),
            whose,
            role,
            address,
            "interaction",
            id_of(id),
            None if thread is None else id_of(thread),
            None if supersedes is None else id_of(supersedes),
        )

    return read


def _same(value: Any) -> Any:
    return value


def _conditions(
    session: Session, link: sa.Table, table: sa.Table, wanted: InteractionRange
) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.since:
        found.append(link.c.occurred_at >= sa.bindparam("since", type_=Instant()))
    if wanted.until:
        found.append(link.c.occurred_at <= sa.bindparam("until", type_=Instant()))
    if wanted.after:
        place = sa.tuple_(sa.bindparam("after_at", type_=Instant()), sa.bindparam("after_id", type_=Id()))
        found.append(sa.tuple_(link.c.occurred_at, link.c.interaction_id) < place)
    if wanted.kinds:
        found.append(table.c.kind.in_([sa.bindparam(f"kind_{number}") for number in range(len(wanted.kinds))]))
    if wanted.channel:
        found.append(table.c.channel == sa.bindparam("channel"))
    if wanted.direction:
        found.append(table.c.direction == sa.bindparam("direction"))
    if not wanted.former:
        found.append(table.c.status != "superseded")
    if wanted.predicate is not None:
        info = session.database.registry.get("interaction")
        found.append(session.reader.predicate(wanted.predicate, info, table, session.connection))
    return found


def visible_interactions(
    session: Session, link: sa.Table, table: sa.Table
) -> tuple[list[sa.ColumnElement[bool]], list[sa.ColumnElement[bool]]]:
    """Return what participations and interactions must meet, read together by the actor; ``tenant`` is bound."""
    tenant = sa.bindparam("tenant", type_=Id())
    links = [link.c.tenant_id == tenant, link.c.deleted_at.is_(None)]
    # Hidden in a function, the tenant does not tempt SQLite to walk a whole index of it instead of looking up ids.
    found = [sa.func.coalesce(table.c.tenant_id, table.c.tenant_id) == tenant]
    if session.actor.everything:
        return links, [*found, table.c.deleted_at.is_(None)]
    if session.actor.granted("interaction_participant", "read") is Scope.NONE:
        links += session.narrowing.conditions("interaction_participant", link)
    # Otherwise a participation may be seen with its interaction, which is asked for right here.
    return links, [*found, *session.narrowing.conditions("interaction", table)[1:]]


def readable(session: Session, entity: str, table: sa.Table, names: Sequence[str]) -> list[sa.ColumnElement[Any]]:
    """Return columns as the driver gives them; those of fields that the actor may not read are blank."""
    hidden = session.hidden(entity)
    return [
        (sa.literal_column("NULL") if table.c[name].nullable else sa.literal_column("''")).label(name)
        if name.removesuffix("_amount").removesuffix("_currency") in hidden
        else sa.type_coerce(table.c[name], sa.types.NULLTYPE).label(name)
        for name in names
    ]


def refuse_hidden(session: Session, entity: str, names: Collection[str]) -> None:
    """Raise AccessDenied when the actor may not read a field that decides on order, choice or figures."""
    for name in sorted(session.hidden(entity) & set(names)):
        raise AccessDenied(
            msg("{actor} may not read {entity}.{field}", actor=session.actor.name, entity=entity, field=name)
        )
