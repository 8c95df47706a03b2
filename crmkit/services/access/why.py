"""Why somebody may do something with a record, or may not: every way that leads there, and what stands against it.

The answer is given by the very conditions that narrow reads; the reasons are these conditions, asked one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.access import ACTIONS, NAMED_FOR_DEALERS, Actor, Scope, read_grant
from crmkit.core.entity import EntityInfo, Part, Via, ViaLink, ViaRecord
from crmkit.core.errors import AccessDenied, BadInput, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.core.staff import RecordShare, Role, Team, User
from crmkit.core.values.ids import parse_id
from crmkit.services.access.actors import roles_of
from crmkit.store.reading import reader_of
from crmkit.store.references import existing_ids
from crmkit.store.session import Session
from crmkit.store.ways import Way, part_of

ReasonKind = Literal[
    "system", "all", "owner", "team", "subtree", "organization", "dealer", "share", "whole", "link", "record"
]
DEEPEST = 3
"""How far an answer follows records that lead to one another."""


@frozen
class AccessReason:
    """One way that leads to the record. ``role`` gives the right, within ``scope``; a share needs none.

    ``through`` explains the record that this one belongs to, where the way leads over it.
    """

    kind: ReasonKind
    text: Message
    role: str = ""
    scope: str = ""
    through: Explanation | None = None


@frozen
class Explanation:
    """Whether ``user`` may do ``action`` with a record, and why. ``on_behalf_of`` names whose rights count for a deputy.

    ``reasons`` lists every way that leads there, ``against`` what keeps the user from it. ``hidden`` are the fields that
    the user may not read.
    """

    user: str
    on_behalf_of: str
    entity: str
    record_id: UUID
    action: str
    allowed: bool
    reasons: tuple[AccessReason, ...]
    against: tuple[Message, ...]
    hidden: tuple[str, ...] = ()


def why(
    session: Session,
    record: Part | tuple[str | type[Any], UUID | str],
    action: str = "read",
    actor: Actor | None = None,
) -> Explanation:
    """Return why ``actor``, by default the session's, may do ``action`` with a record or may not.

    ``record`` may be given as entity and id. Whoever asks about others needs to read every user and role, and whoever
    asks about a record that he does not see learns no more than that his rights do not reach it. Raises AccessDenied
    and, for an unknown action, BadInput.
    """
    if action not in ACTIONS:
        raise BadInput(msg("no action {action}; {hint}", action=action, hint=did_you_mean(action, ACTIONS)))
    if session.actor.rights_version is not None:
        session.heed_rights()
    asking, whose = session.actor, actor or session.actor
    if whose.acting_id != asking.acting_id or whose.user_id != asking.user_id:
        for entity in ("user", "role"):
            if asking.scope(entity, "read") is not Scope.ALL:
                needed = msg(
                    "{actor} may not ask about others: it takes read on user and role, for all", actor=asking.name
                )
                raise AccessDenied(needed)
    session.flush()
    info, id = _meant(session, record)
    sees = asking.everything or id in _reached(session, asking, info, [id], "read")
    with session.acting_as(asking.elevated()):
        return _Answer(session, whose, action, sees).explain(info, id, DEEPEST)


class _Answer:
    """Looks, with every right, at what the rights of ``actor`` lead to. ``sees``: whoever asks may know the record."""

    def __init__(self, session: Session, actor: Actor, action: str, sees: bool) -> None:
        self._session, self._actor, self._action, self._sees = session, actor, action, sees
        self._roles = roles_of(session, actor.user_id) if actor.user_id is not None else []
        self._user = None if actor.user_id is None else session.find(User, id=actor.user_id)
        self._logins = {user.id: user.login for user in session.list(User)}
        self._teams = {team.id: team for team in session.list(Team)}

    def explain(self, info: EntityInfo, id: UUID, depth: int, action: str = "") -> Explanation:
        actor, action = self._actor, action or self._action
        allowed = id in _reached(self._session, actor, info, [id], action)
        reasons: list[AccessReason] = []
        if actor.everything:
            reasons.append(AccessReason("system", msg("the system may do everything")))
        elif allowed:
            reasons += self._ways(info, id, action, depth)
        against = () if allowed else tuple(self._against(info, id, action))
        return Explanation(
            user=actor.name,
            on_behalf_of=self._user.login if actor.deputy_id is not None and self._user is not None else "",
            entity=info.name,
            record_id=id,
            action=action,
            allowed=allowed,
            reasons=tuple(reasons),
            against=against,
            hidden=tuple(sorted(actor.hidden(info))) if allowed else (),
        )

    # -- what leads there ------------------------------------------------------------------------------------------

    def _ways(self, info: EntityInfo, id: UUID, action: str, depth: int) -> Iterator[AccessReason]:
        narrowing = reader_of(self._session.database, self._actor, self._session.clock).narrowing
        table = self._session.database.tables[info.name]
        found: list[tuple[Role | None, Scope, Way]] = []
        for role, scope in self._grants(info.name, action):
            ways = narrowing.ways(info.name, table, action, scope)
            found += [(role, scope, way) for way in ways if way.kind != "share"]
        shared = narrowing.ways(info.name, table, action, Scope.NONE)
        found += [(None, Scope.NONE, way) for way in shared if way.kind == "share"]
        answers = self._asked(table, id, [way for _, _, way in found])
        for (giving, reach, way), leads in zip(found, answers, strict=True):
            if leads:
                yield self._reason(info, id, action, giving, reach, way, depth)

    def _grants(self, entity: str, action: str) -> Iterator[tuple[Role, Scope]]:
        """Yield the roles with a right that counts here, each with its widest scope."""
        for role in self._roles:
            scopes = [Scope.NONE]
            for row in role.grants:
                grant = read_grant(row)
                named = grant.action == action or (grant.action == "*" and not self._needs_naming(action))
                if named and grant.entity in (entity, "*"):
                    scopes.append(grant.scope)
            if max(scopes) is not Scope.NONE:
                yield role, max(scopes)

    def _needs_naming(self, action: str) -> bool:
        return self._actor.organization_id is not None and action in NAMED_FOR_DEALERS

    def _asked(self, table: sa.Table, id: UUID, ways: Sequence[Way]) -> Sequence[bool]:
        """Return for each way whether it leads to the record, in one statement."""
        if not ways:
            return []
        answers = [
            sa.case((sa.true() if way.condition is None else way.condition, 1), else_=0).label(f"way_{place}")
            for place, way in enumerate(ways)
        ]
        row = self._session.connection.execute(sa.select(*answers).where(table.c.id == id)).first()
        return [bool(answer) for answer in row] if row is not None else [False] * len(ways)

    def _reason(
        self, info: EntityInfo, id: UUID, action: str, role: Role | None, scope: Scope, way: Way, depth: int
    ) -> AccessReason:
        through = None
        if way.via and depth > 1:
            target = self._session.database.registry.get(way.via)
            reached = self._whole(info, id, target, action)
            through = None if reached is None else self.explain(target, reached, depth - 1, part_of(action))
        return AccessReason(
            way.kind,
            self._told(info, id, way),
            "" if role is None else role.name,
            "" if role is None else scope.name.lower(),
            through,
        )

    def _told(self, info: EntityInfo, id: UUID, way: Way) -> Message:
        actor = self._actor
        login = self._logins.get(actor.user_id, "") if actor.user_id is not None else actor.name
        if way.kind == "all":
            return msg("the right reaches every {entity}", entity=info.name)
        if way.kind == "owner":
            return msg("{login} owns the record", login=login)
        if way.kind == "team":
            return msg("the record belongs to the team of {login}, {team}", login=login, team=self._path(actor.team_id))
        if way.kind == "subtree":
            team = self._value(info, id, "team_id")
            return msg(
                "the record belongs to {team}, which is below the team of {login}", login=login, team=self._path(team)
            )
        if way.kind == "organization":
            return msg("the record is the own of the organization that {login} belongs to", login=login)
        if way.kind == "dealer":
            return msg("the organization that {login} belongs to is the dealer of the customer", login=login)
        if way.kind == "share":
            return self._shared(info, id, login)
        return msg("it belongs to a record of {entity} that {login} reaches", entity=way.via, login=login)

    def _shared(self, info: EntityInfo, id: UUID, login: str) -> Message:
        now = self._session.clock.now()
        for share in self._session.list(RecordShare, entity=info.name, record_id=id):
            mine = {share.user_id, share.to_team_id} & {self._actor.user_id, self._actor.team_id} - {None}
            if mine and (share.expires_at is None or share.expires_at > now):
                return msg(
                    "{sharer} shared it with {whom} ({action}), until {end}: {reason}",
                    sharer=self._logins.get(share.created_by, "-") if share.created_by else msg("the system"),
                    whom=login if share.user_id is not None else self._path(share.to_team_id),
                    action=share.action,
                    end=share.expires_at.isoformat() if share.expires_at is not None else msg("further notice"),
                    reason=share.reason or "-",
                )
        return msg("it is shared with {login}", login=login)

    def _path(self, team_id: UUID | None) -> str:
        """Return a team with those above it, as in ``Sales > North``."""
        names: list[str] = []
        while team_id is not None and team_id in self._teams and len(names) < len(self._teams):
            names.append(self._teams[team_id].name)
            team_id = self._teams[team_id].parent_id
        return " > ".join(reversed(names)) or "-"

    def _whole(self, info: EntityInfo, id: UUID, target: EntityInfo, action: str) -> UUID | None:
        """Return a record of ``target`` that this one belongs to and that the actor reaches."""
        candidates = list(self._wholes(info, id, target.name))
        reached = _reached(self._session, self._actor, target, candidates, part_of(action))
        return next((one for one in candidates if one in reached), None)

    def _wholes(self, info: EntityInfo, id: UUID, target: str) -> Iterator[UUID]:
        tables = self._session.database.tables
        for rule in info.access:
            if isinstance(rule, Via) and info.field(rule.reference).reference == target:
                yield from self._ids(self._value(info, id, rule.reference))
            elif isinstance(rule, ViaRecord) and self._value(info, id, rule.entity) == target:
                yield from self._ids(self._value(info, id, rule.record))
            elif isinstance(rule, ViaLink):
                link = tables[rule.link]
                statement = sa.select(link.c[rule.there]).where(link.c[rule.here] == id, link.c.deleted_at.is_(None))
                for row in self._session.connection.execute(statement):
                    yield from self._ids(row[0])

    def _ids(self, id: UUID | None) -> Iterable[UUID]:
        return () if id is None else (id,)

    def _value(self, info: EntityInfo, id: UUID, column: str) -> Any:
        table = self._session.database.tables[info.name]
        return self._session.connection.scalar(sa.select(table.c[column]).where(table.c.id == id))

    # -- what stands against it ------------------------------------------------------------------------------------

    def _against(self, info: EntityInfo, id: UUID, action: str) -> Iterator[Message]:
        actor = self._actor
        granted = [(role.name, scope) for role, scope in self._grants(info.name, action)]
        if not granted:
            yield msg("no role gives {action} on {entity}", action=action, entity=info.name)
            if self._needs_naming(action):
                yield msg("users of an organization have {action} only by a right that names it", action=action)
        for role, scope in granted:
            yield msg(
                "role {role} gives {action} on {entity} within {scope}, which does not reach the record",
                role=role,
                action=action,
                entity=info.name,
                scope=scope.name.lower(),
            )
        if actor.organization_id is not None and granted:
            yield msg("no right reaches beyond what is the own of the organization that the user belongs to")
        if actor.limits:
            yield msg("the delegation is about other records, or about this one only as part of them")
        if self._sees:
            yield from self._known(info, id)

    def _known(self, info: EntityInfo, id: UUID) -> Iterator[Message]:
        """Yield what only those may know who see the record."""
        narrowing = reader_of(self._session.database, self._actor, self._session.clock).narrowing
        table = self._session.database.tables[info.name]
        private = narrowing.not_private(info.name, table)
        if private is not None and not self._asked(table, id, [Way("all", private)])[0]:
            yield msg("it is private to its owner, its author and those who took part")
        now = self._session.clock.now()
        for share in self._session.list(RecordShare, entity=info.name, record_id=id, user_id=self._actor.user_id):
            if share.expires_at is not None and share.expires_at <= now:
                yield msg("what was shared ended on {end}", end=share.expires_at.isoformat())
        if info.owned and (owner := self._value(info, id, "owner_id")) is not None:
            yield msg("{login} owns the record", login=self._logins.get(owner, str(owner)))


def _meant(session: Session, record: Part | tuple[str | type[Any], UUID | str]) -> tuple[EntityInfo, UUID]:
    if isinstance(record, tuple):
        return session.database.registry.get(record[0]), parse_id(record[1])
    return session.database.registry.of(record), record.id


def _reached(session: Session, actor: Actor, info: EntityInfo, ids: Sequence[UUID], action: str) -> set[UUID]:
    narrowing = reader_of(session.database, actor, session.clock).narrowing
    return existing_ids(session.connection, session.database, narrowing, info.name, ids, action, deleted=True)
