"""What a merge changes: the two records, whatever refers to the lost one, and what refers to records united thereby.

Everything is worked out on copies. References follow the record that stays; where that makes two records with one
unique key, these become one themselves, and the references to the one that goes follow in turn. Records that do no more
than follow, and that no hook asks to see, are kept as sets of ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from operator import attrgetter
from typing import Any
from uuid import UUID

from crmkit.core.entity import EntityInfo, FieldInfo, change
from crmkit.core.identity import NotTheSame
from crmkit.core.merging import ReferenceUse, generic_reference, policy_of, united
from crmkit.core.messages import Message, msg
from crmkit.hooks.merging import United
from crmkit.services.merging.followers import Followers, follow_alone
from crmkit.store.chunks import distinct_chunks
from crmkit.store.references import key_counts, key_values
from crmkit.store.repointing import Use, colliding, in_use, referring, unseen
from crmkit.store.session import Session
from crmkit.store.upsert import find_by_key, overlay

Leads = Mapping[UUID, UUID]
"""Ids of records that go, each with the id of the one that takes its place."""


class Planning:
    """Works out one merge, with every right.

    ``changes`` holds records before and after, ``followers`` those that do no more than follow, by entity.
    """

    def __init__(self, session: Session, info: EntityInfo, kept: Any, lost: Any, result: Any) -> None:
        self._session, self._registry, self._merged = session, session.database.registry, info.name
        self.followers: dict[str, Followers] = {}
        self._now = session.clock.now()
        self._before: dict[str, dict[UUID, Any]] = {}
        self._after: dict[str, dict[UUID, Any]] = {}
        self._counts: dict[tuple[str, str], dict[str, int]] = {}
        self.blocked: list[Message] = []
        self.united: list[United] = []
        self._put(info, kept, _without_itself(info, kept, result))
        self._put(info, lost, change(lost, deleted_at=self._now))
        level: dict[str, dict[UUID, UUID]] = {info.name: {lost.id: kept.id}}
        while level:
            level = self._follow(level)

    @property
    def references(self) -> tuple[ReferenceUse, ...]:
        """What follows, by entity and field."""
        return tuple(
            ReferenceUse(entity, field, policy_of(self._registry.get(entity).field(field)), **counts)
            for (entity, field), counts in sorted(self._counts.items())
        )

    def changes(self) -> Iterator[tuple[Any, Any]]:
        """Yield every record that changes, before and after."""
        for entity, records in self._after.items():
            for id, after in records.items():
                before = self._before[entity][id]
                if after is not before and after != before:
                    yield before, after

    def record(self, entity: str, id: UUID) -> Any:
        """Return a record as it will be; None when the merge does not touch it."""
        return self._after.get(entity, {}).get(id)

    def add(self, before: Any, after: Any) -> None:
        """Put the changes between two states of a record on top of what is planned for it."""
        info = self._registry.of(after)
        planned = self.record(info.name, after.id)
        if planned is None and before is not None:
            planned = self._seen(info, before)
        if planned is before:
            self._put(info, before, after)
            return
        names = (f.name for f in info.stored if getattr(before, f.name) != getattr(after, f.name))
        self._after[info.name][after.id] = overlay(planned, {name: getattr(after, name) for name in names})

    # -- following references ------------------------------------------------------------------------------------

    def _follow(self, level: Mapping[str, Leads]) -> dict[str, dict[UUID, UUID]]:
        """Let references to what goes follow to what stays; return what becomes one thereby."""
        touched: dict[str, set[UUID]] = {}
        for entity, leads in level.items():
            uses = list(self._uses(entity))
            stored = self._in_use([use for use in uses if not use.field.custom], leads)
            for use in uses:
                moved = self._move(use, entity, leads, use.field.custom or use in stored)
                if moved:
                    touched.setdefault(use.info.name, set()).update(moved)
        following: dict[str, dict[UUID, UUID]] = {}
        for name, ids in touched.items():
            info = self._registry.get(name)
            self._settle(info, ids)
            gone = self._unite(info, ids)
            if gone:
                following[name] = gone
        return following

    def _uses(self, entity: str) -> Iterator[Use]:
        for info, field in self._registry.references_to(entity):
            if info.editable:
                yield Use(info, field)
        for info in self._registry:
            generic = generic_reference(info)
            if generic is not None:
                yield Use(info, generic, entity if "entity" in info.by_name else "")

    def _in_use(self, uses: list[Use], leads: Leads) -> set[Use]:
        """Return those by which something that is stored refers to what goes: most references are not used."""
        return {use for chunk in distinct_chunks(leads) for use in in_use(self._session, uses, chunk)}

    def _move(self, use: Use, entity: str, leads: Leads, stored: bool) -> list[UUID]:
        info, field, moved = use.info, use.field, list[UUID]()
        policy = policy_of(field)
        for record in self._referring(use, entity, leads, stored):
            if policy == "block":
                if record.deleted_at is None:
                    self._count(info, field, "count")
                continue
            target: UUID | None = leads[_value(record, field)]
            if target == record.id and field.nullable:
                # What stays would refer to itself.
                target = None
            self._put(info, record, _with_value(record, field, target))
            self._count(info, field, "count")
            moved.append(record.id)
        if policy == "block" and (info.name, field.name) in self._counts:
            self.blocked.append(
                msg(
                    "{field} of {count} {entity} refers to the record that would be lost; change that first",
                    field=f"{info.name}.{field.name}",
                    count=self._counts[info.name, field.name]["count"],
                    entity=info.plural_label,
                )
            )
        return moved

    def _referring(self, use: Use, entity: str, leads: Leads, stored: bool) -> Iterator[Any]:
        """Yield records, deleted ones too, that refer to something that goes, as they are planned so far."""
        planned = self._after.setdefault(use.info.name, {})
        for record in list(planned.values()):
            if _value(record, use.field) in leads:
                yield record
        if not stored:
            return
        if self._as_set(use, entity, leads):
            yield from self._more_than_following(use, leads)
            return
        for chunk in distinct_chunks(leads):
            for record in self._stored(use, chunk):
                if record.id not in planned:
                    yield self._seen(use.info, record)

    def _as_set(self, use: Use, entity: str, leads: Leads) -> bool:
        """Whether the records that refer to what goes need not be looked at one by one."""
        return (
            len(leads) == 1
            and use.info.name != entity
            and use.info.name not in self.followers
            and policy_of(use.field) != "block"
            and unseen(self._session, use.info, use.field)
            and follow_alone(self._registry, self._merged, use.info, use.field)
        )

    def _more_than_following(self, use: Use, leads: Leads) -> Iterator[Any]:
        """Note the records that do no more than follow; yield the others, which get the key of one that is there."""
        ((before, after),) = leads.items()
        session, info, field = self._session, use.info, use.field
        found = Followers(info, field, before, after, dict.fromkeys(referring(session, use, before)))
        for id in self._after[info.name]:
            found.take_out(session, id)
        # What collides without being among them follows as planned already.
        crowded = [id for id in colliding(session, info, field, before, after) if found.take_out(session, id)]
        if found.ids:
            self.followers[info.name] = found
            self._count(info, field, "count", len(found.ids))
        for chunk in distinct_chunks(sorted(crowded)):
            yield from session.list(info.cls, id=chunk, deleted=True)

    def _seen(self, info: EntityInfo, record: Any) -> Any:
        """Return a record just read as it is planned; more becomes of it than to follow, where it was to do no more."""
        found = self.followers.get(info.name)
        if found is None or not found.take_out(self._session, record.id):
            return record
        planned = _with_value(record, found.field, found.after)
        self._put(info, record, planned)
        return planned

    def _stored(self, use: Use, ids: list[UUID]) -> list[Any]:
        session, cls, field = self._session, use.info.cls, use.field
        if not field.custom:
            equal: dict[str, Any] = {field.name: ids, **({"entity": use.kind} if use.kind else {})}
            return session.list(cls, deleted=True, **equal)
        return [r for id in ids for r in session.list(cls, f"{field.name} = {id}", deleted=True)]

    # -- what references make of the records that have them ------------------------------------------------------

    def _settle(self, info: EntityInfo, ids: Iterable[UUID]) -> None:
        """Drop what would tie a record to itself; where two references have an order, keep it."""
        pairs = [f for f in info.stored if f.reference and policy_of(f) == "union"]
        records = self._after[info.name]
        for id in ids:
            record = records[id]
            if record.deleted_at is None and (field := _tied(record, self._before[info.name][id], pairs)) is not None:
                records[id] = record = change(record, deleted_at=self._now)
                self._count(info, field, "dropped")
            if isinstance(record, NotTheSame) and record.first_id > record.second_id:
                records[id] = change(record, first_id=record.second_id, second_id=record.first_id)

    def _unite(self, info: EntityInfo, ids: Iterable[UUID]) -> dict[UUID, UUID]:
        """Make one of records that have the same unique key by now; return which went, and what stays for each."""
        records, before, gone = self._after[info.name], self._before[info.name], dict[UUID, UUID]()
        touched = set(ids)
        for key in info.unique:
            values_of = attrgetter(*key) if len(key) > 1 else partial(key_values, key=key)
            groups: dict[tuple[Any, ...], dict[UUID, Any]] = {}
            for id in ids:
                record = records[id]
                values = values_of(record)
                moved = record.deleted_at is None and values != values_of(before[id])
                if moved and key_counts(info, key, values):
                    groups.setdefault(values, {})[id] = record
            known = find_by_key(self._session, info.cls, key, list(groups))
            # What got the key in following another reference, which the database does not know yet.
            earlier = {values_of(r): r for id, r in records.items() if id not in touched and r.deleted_at is None}
            for values, members in groups.items():
                stays = members[min(members)]
                if values in known:
                    # What the kept record has already stays, rather than what comes to it.
                    present = self.record(info.name, known[values].id) or self._seen(info, known[values])
                    if present.deleted_at is None and key_values(present, key) == values:
                        stays = present
                elif values in earlier:
                    stays = earlier[values]
                for id in sorted(members):
                    if id != stays.id:
                        stays = self._unite_two(info, key, stays, members[id])
                        gone[id] = stays.id
        return {id: _end(gone, id) for id in gone}

    def _unite_two(self, info: EntityInfo, key: tuple[str, ...], kept: Any, lost: Any) -> Any:
        moved = [info.by_name[name] for name in key if (info.name, name) in self._counts]
        if any(policy_of(field) == "keep_both" for field in moved):
            self.blocked.append(
                msg(
                    "both have one of {entity} with the same {key}, and both must be kept",
                    entity=info.plural_label,
                    key=", ".join(key),
                )
            )
        result = united(info, kept, lost)
        self._put(info, kept, result)
        self._put(info, lost, change(lost, deleted_at=self._now))
        before = self._before[info.name]
        self.united.append(United(info.name, before[kept.id], before[lost.id], result))
        if moved:
            self._count(info, moved[0], "united")
        return result

    # -- keeping books -------------------------------------------------------------------------------------------

    def _put(self, info: EntityInfo, before: Any, after: Any) -> None:
        self._before.setdefault(info.name, {}).setdefault(after.id, before)
        self._after.setdefault(info.name, {})[after.id] = after

    def _count(self, info: EntityInfo, field: FieldInfo, what: str, number: int = 1) -> None:
        counts = self._counts.setdefault((info.name, field.name), {"count": 0, "united": 0, "dropped": 0})
        counts[what] += number


def _value(record: Any, field: FieldInfo) -> Any:
    if not field.custom:
        return getattr(record, field.name)
    return record.custom.get(field.name)


def _with_value(record: Any, field: FieldInfo, value: UUID | None) -> Any:
    if not field.custom:
        return change(record, **{field.name: value})
    return change(record, custom={**record.custom, field.name: value})


def _tied(after: Any, before: Any, fields: list[FieldInfo]) -> FieldInfo | None:
    """Return the field that refers, unlike before, to what another field of the record refers to."""
    for place, one in enumerate(fields):
        for other in fields[place + 1 :]:
            same = one.reference == other.reference and getattr(after, one.name) == getattr(after, other.name)
            if (
                same
                and getattr(after, one.name) is not None
                and getattr(before, one.name) != getattr(before, other.name)
            ):
                return one if getattr(after, one.name) != getattr(before, one.name) else other
    return None


def _without_itself(info: EntityInfo, kept: Any, result: Any) -> Any:
    """Take references to itself away that a record would get from the lost one."""
    for field in info.fields:
        if field.reference == info.name and field.nullable and _value(result, field) == kept.id != _value(kept, field):
            result = _with_value(result, field, _value(kept, field))
    return result


def _end(leads: Leads, id: UUID) -> UUID:
    while id in leads:
        id = leads[id]
    return id
