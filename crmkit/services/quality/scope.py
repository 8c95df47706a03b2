"""Which records are judged, and by which expectations: those that the actor may ask about."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from crmkit.core.access import Scope
from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput
from crmkit.core.filter import InSegment, parse
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.quality_rules import Expected, QualityRules
from crmkit.store.session import Session
from crmkit.store.timelines import refuse_hidden


@frozen(kw_only=True)
class Whose:
    """Which records: those that meet everything that is said. An owner or team of None: that nobody has."""

    filter: str = ""
    """A filter on them."""
    segment: str = ""
    """The name or id of a segment that they are in."""
    owner: UUID | str | None = ""
    """The id of who answers for them; the empty text: anybody."""
    team: UUID | str | None = ""
    """The id of their team; the empty text: any."""
    source: str | None = None
    """Where they came from; the empty text: entered by hand; None: from anywhere."""


def readable(session: Session, rules: QualityRules, entity: str) -> tuple[Expected, ...]:
    """Return what is expected of an entity as far as the actor may read all that it rests on.

    What belongs to entities that the actor has no right on would seem to be missing, so it is left out as well.
    """
    expected, actor = rules.of(entity), session.actor
    hidden = {name: session.hidden(name) for one in expected for name, _ in one.reads}
    unseen = {name for name in hidden if not actor.everything and actor.granted(name, "read") is Scope.NONE}
    return tuple(
        one
        for one in expected
        if not any(field in hidden[name] or (name in unseen and name != entity) for name, field in one.reads)
    )


def conditions(session: Session, info: EntityInfo, whose: Whose) -> list[sa.ColumnElement[bool]]:
    """Return which records are meant, as conditions on ``session.table(info)``.

    Raises BadInput, FilterError, and AccessDenied for fields that the actor may not read.
    """
    records = session.table(info.name)
    found: list[sa.ColumnElement[bool]] = []
    for name, id in (("owner_id", whose.owner), ("team_id", whose.team)):
        if id == "":
            continue
        if not info.owned:
            raise BadInput(msg("{entity} has no owner and no team", entity=info.name))
        refuse_hidden(session, info.name, [name])
        found.append(records.c[name].is_(None) if id is None else records.c[name] == id)
    if whose.source is not None:
        refuse_hidden(session, info.name, ["source"])
        found.append(records.c.source == whose.source)
    if whose.filter.strip():
        predicate = parse(whose.filter, session.database.registry, info.name)
        found.append(session.reader.predicate(predicate, info, records, session.connection, whole=True))
    if whose.segment:
        found.append(session.reader.predicate(InSegment(whose.segment), info, records, session.connection, whole=True))
    return found
