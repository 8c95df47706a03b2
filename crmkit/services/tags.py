"""Tags: words that people put on records, each spelled in one way however it is typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import Part
from crmkit.core.errors import BadInput, NotFound, did_you_mean
from crmkit.core.filter import Compare, fold
from crmkit.core.frozen import frozen
from crmkit.core.grouping import Tag, Tagging
from crmkit.core.messages import msg, shown
from crmkit.store.chunks import in_chunks
from crmkit.store.references import existing_ids
from crmkit.store.session import Session


@frozen
class TagUse:
    """A tag, and on how many records that the actor may see it is, by entity."""

    tag: Tag
    counts: Mapping[str, int]

    @property
    def count(self) -> int:
        """On how many records it is."""
        return sum(self.counts.values())


def add_tags(
    session: Session, records: Iterable[Part | UUID], names: Iterable[str], *, entity: str = "customer"
) -> int:
    """Put tags on records, and return how many taggings are new.

    A tag that there is in another case is taken; one that there is not is made. Records may be given by id, then of
    ``entity``. Raises BadInput for an empty name and NotFound for records that the actor may not see.
    """
    by_entity = _by_entity(session, records, entity)
    tags = [_find(session, name) or _make(session, name) for name in dict.fromkeys(map(_clean, names))]
    added = 0
    for name, ids in by_entity.items():
        for tag in {tag.id: tag for tag in tags}.values():
            for chunk in in_chunks(ids):
                known = {tagging.record_id for tagging in _taggings(session, tag, name, chunk)}
                fresh = [Tagging(tag_id=tag.id, entity=name, record_id=id) for id in chunk if id not in known]
                session.add(*fresh)
                added += len(fresh)
    session.flush()
    return added


def remove_tags(
    session: Session, records: Iterable[Part | UUID], names: Iterable[str], *, entity: str = "customer"
) -> int:
    """Take tags off records, and return how many taggings there were. Raises NotFound for unknown tags and records."""
    by_entity = _by_entity(session, records, entity)
    tags = [find_tag(session, name) for name in names]
    removed = 0
    for name, ids in by_entity.items():
        for tag in {tag.id: tag for tag in tags}.values():
            for chunk in in_chunks(ids):
                found = _taggings(session, tag, name, chunk)
                session.delete(*found)
                removed += len(found)
    session.flush()
    return removed


def tags_of(session: Session, record: Part) -> tuple[Tag, ...]:
    """Return the tags on a record, by name."""
    entity = session.database.registry.of(record).name
    ids = [tagging.tag_id for tagging in session.list(Tagging, entity=entity, record_id=record.id)]
    return tuple(_by_name(session.list(Tag, id=ids))) if ids else ()


def list_tags(session: Session, entity: str = "") -> list[TagUse]:
    """Return the tags that the actor may see, by name, with how often they are used; with ``entity``, on its records.

    Tags that are on nothing the actor may see are included. Raises ConfigError for an unknown ``entity``.
    """
    session.flush()
    registry, taggings = session.database.registry, session.table(Tagging)
    if entity:
        names = [registry.get(entity).name]
    else:
        used: sa.Select[Any] = sa.select(taggings.c.entity).distinct()
        names = sorted(name for name in session.execute(used).scalars() if name in registry)
    counts: dict[UUID, dict[str, int]] = {}
    for name in names:
        record = session.table(name).alias("tagged")
        statement: sa.Select[Any] = (
            sa.select(taggings.c.tag_id, sa.func.count())
            .join_from(taggings, record, record.c.id == taggings.c.record_id)
            .where(taggings.c.entity == name)
            .group_by(taggings.c.tag_id)
        )
        rows: Iterable[Any] = session.execute(statement)
        for tag_id, count in rows:
            counts.setdefault(tag_id, {})[name] = int(count)
    return [TagUse(tag, counts.get(tag.id, {})) for tag in _by_name(session.list(Tag))]


def find_tag(session: Session, name: str) -> Tag:
    """Return the tag of this name, whatever its case; raises NotFound with the closest name."""
    found = _find(session, _clean(name))
    if found is None:
        hint = did_you_mean(name, [tag.name for tag in session.list(Tag)])
        raise NotFound(msg("no tag {name}; {hint}", name=shown(name), hint=hint))
    return found


def _find(session: Session, name: str) -> Tag | None:
    return session.find(Tag, name=name) or session.find(Tag, Compare("name", "=", name))


def _make(session: Session, name: str) -> Tag:
    made = Tag(name=name)
    session.add(made)
    session.flush()
    return made


def _clean(name: str) -> str:
    words = " ".join(name.split())
    if not words:
        raise BadInput(msg("tag {name}: a word or a few words", name=shown(name) or "-"))
    return words


def _taggings(session: Session, tag: Tag, entity: str, ids: list[UUID]) -> list[Tagging]:
    return session.list(Tagging, tag_id=tag.id, entity=entity, record_id=ids)


def _by_entity(session: Session, records: Iterable[Part | UUID], entity: str) -> dict[str, list[UUID]]:
    """Return the ids of records by entity; raises NotFound for those that the actor may not see."""
    session.flush()
    registry = session.database.registry
    found: dict[str, list[UUID]] = {}
    for record in records:
        name = registry.of(record).name if isinstance(record, Part) else registry.get(entity).name
        found.setdefault(name, []).append(record.id if isinstance(record, Part) else record)
    for name, ids in found.items():
        known = existing_ids(session.connection, session.database, session.narrowing, name, ids)
        for id in ids:
            if id not in known:
                raise NotFound(msg("no {entity} with id {id}", entity=name, id=str(id)))
        found[name] = list(dict.fromkeys(ids))
    return found


def _by_name(tags: Iterable[Tag]) -> list[Tag]:
    return sorted(tags, key=lambda tag: (fold(tag.name), tag.name))
