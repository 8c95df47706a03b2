"""What a user holds: every record of every entity that the user owns, and whatever else ends or passes when the user leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.frozen import frozen
from crmkit.core.registry import EntityRegistry
from crmkit.core.staff import Delegation, RecordShare, User
from crmkit.services.handover.asking import table_of
from crmkit.services.handover.progress import CLOSED, OPEN, passing, progress_of
from crmkit.store.faults import faults_translated
from crmkit.store.session import Session

OWNER_FIELD = "owner_id"


@frozen
class Holding:
    """Living records of one entity that name the user in one field: how many, and how many of them are open or closed.

    Records without lifecycle and status are neither. ``private`` are those whose visibility is private.
    """

    entity: str
    label: str
    field: str
    total: int
    open: int
    closed: int
    private: int = 0


@frozen
class Holdings:
    """Everything that depends on a user.

    ``owned`` are the records that the user owns, ``assigned`` those that name the user otherwise and pass to heirs.
    ``shares`` counts what others have shared with the user, ``delegations`` those of and to the user that are not over,
    ``reports`` are the users who report to this one.
    """

    user: User
    owned: tuple[Holding, ...]
    assigned: tuple[Holding, ...]
    shares: int
    delegations: int
    reports: tuple[User, ...]

    @property
    def total(self) -> int:
        """How many records the user owns."""
        return sum(holding.total for holding in self.owned)


def holdings_of(session: Session, user: User) -> Holdings:
    """Return what depends on a user. ``session`` is one that may read everything."""
    registry = session.database.registry
    owned = [_holding(session, info, user) for info in owned_entities(registry)]
    assigned = [_assigned(session, info, field, user) for info, field in assignments(registry)]
    return other_holdings(session, user, [h for h in owned if h.total], [h for h in assigned if h.total])


def anything_left(session: Session, user: User) -> bool:
    """Return whether any record still passes on: that the user owns, or that names the user otherwise."""
    registry = session.database.registry
    questions = [_exists(session, info, *owned_by(session, info, user.id)) for info in owned_entities(registry)]
    for info, field in assignments(registry):
        questions.append(_exists(session, info, *assigned_to(session, info, field, user.id)))
    statement = sa.select(sa.or_(*questions))
    with faults_translated():
        return bool(session.connection.scalar(statement))


def owned_entities(registry: EntityRegistry) -> list[EntityInfo]:
    """Return the entities whose records have an owner, those of plugins too."""
    return [info for info in registry if info.owned and info.editable]


def assignments(registry: EntityRegistry) -> list[tuple[EntityInfo, FieldInfo]]:
    """Return the references to users, other than that to the owner, that pass to heirs."""
    return [
        (info, field)
        for info, field in registry.references_to("user")
        if field.handed_over and not field.common and not field.custom and info.editable
    ]


def open_delegations(session: Session, user: User) -> list[Delegation]:
    """Return the delegations of and to a user that are in force or to come."""
    now = session.clock.now()
    found = [*session.list(Delegation, user_id=user.id), *session.list(Delegation, deputy_id=user.id)]
    return [delegation for delegation in found if delegation.ends_at > now]


def other_holdings(session: Session, user: User, owned: Sequence[Holding], assigned: Sequence[Holding]) -> Holdings:
    """Return what depends on a user, where the records that pass are counted already."""
    return Holdings(
        user=user,
        owned=tuple(owned),
        assigned=tuple(assigned),
        shares=session.count(RecordShare, user_id=user.id),
        delegations=len(open_delegations(session, user)),
        reports=tuple(session.list(User, order="login", reports_to_id=user.id)),
    )


def owned_by(session: Session, info: EntityInfo, user_id: UUID) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on records that a user owns and that pass to heirs."""
    table = table_of(session, info)
    return [table.c.owner_id == user_id, *passing(session, info, table)]


def assigned_to(session: Session, info: EntityInfo, field: FieldInfo, user_id: UUID) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on records that name a user in ``field`` and are not over: what is over stays, as history."""
    table = table_of(session, info)
    return [table.c[field.name] == user_id, progress_of(session, info, table) != CLOSED]


def is_private(info: EntityInfo, table: sa.FromClause) -> sa.ColumnElement[int]:
    """Return the expression that says of a row whether its visibility is private: 1 or 0."""
    one, none = sa.literal_column("1", sa.Integer()), sa.literal_column("0", sa.Integer())
    if "visibility" not in info.by_name:
        return none
    return sa.case((table.c.visibility == "private", one), else_=none)


def _holding(session: Session, info: EntityInfo, user: User) -> Holding:
    return _counted(session, info, OWNER_FIELD, owned_by(session, info, user.id))


def _assigned(session: Session, info: EntityInfo, field: FieldInfo, user: User) -> Holding:
    return _counted(session, info, field.name, assigned_to(session, info, field, user.id))


def _counted(session: Session, info: EntityInfo, field: str, where: Iterable[sa.ColumnElement[bool]]) -> Holding:
    table = table_of(session, info)
    progress = progress_of(session, info, table).label("progress")
    living = session.narrowing.conditions(info.name, table)
    each = sa.select(progress, is_private(info, table).label("private")).where(*living, *where).subquery()
    statement = sa.select(each.c.progress, each.c.private, sa.func.count()).group_by(each.c.progress, each.c.private)
    with faults_translated():
        rows: list[Any] = list(session.connection.execute(statement))
    return Holding(
        entity=info.name,
        label=info.plural_label,
        field=field,
        total=sum(count for _, _, count in rows),
        open=sum(count for kind, _, count in rows if kind == OPEN),
        closed=sum(count for kind, _, count in rows if kind == CLOSED),
        private=sum(count for _, private, count in rows if private),
    )


def _exists(session: Session, info: EntityInfo, *where: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    table = table_of(session, info)
    living = session.narrowing.conditions(info.name, table)
    return sa.exists(sa.select(sa.literal_column("1")).select_from(table).where(*living, *where))
