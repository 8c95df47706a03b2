"""References and unique keys: checked in batches, and explained field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.errors import CrmError, FieldError, ValidationFailed
from crmkit.core.merging import generic_reference, mergeable
from crmkit.core.messages import msg
from crmkit.core.registry import EntityRegistry
from crmkit.store.chunks import in_chunks
from crmkit.store.database import Database
from crmkit.store.faults import ReferenceViolation, UniqueViolation
from crmkit.store.names import short_name
from crmkit.store.narrowing import Narrowing
from crmkit.store.schema import optional_text
from crmkit.store.unit_of_work import Pair, UnitOfWork

Reach = Literal["actor", "tenant", "plugin"]
"""Among which records a reference is looked up: those the actor may see; all, for owners; all, for what a plugin made."""


class ReferencePlan:
    """The reference fields of each entity, read once from the registry."""

    def __init__(self, registry: EntityRegistry) -> None:
        self.fields: Mapping[str, tuple[FieldInfo, ...]] = {
            info.name: tuple(field for field in info.stored if field.reference) for info in registry
        }
        self.classes: Mapping[str, type[Any]] = {info.name: info.cls for info in registry}
        self.merged = frozenset(info.name for info in registry if mergeable(info))
        self.open: Mapping[str, FieldInfo] = {
            info.name: field
            for info in registry
            if (field := generic_reference(info)) is not None and "entity" in info.by_name
        }
        """The fields that refer to records of the entity that the record names, such as that of a tagging."""


def check_references(
    plan: ReferencePlan,
    connect: Callable[[], sa.Connection],
    database: Database,
    narrowing: Narrowing,
    work: UnitOfWork,
    batches: Mapping[str, list[Pair]],
) -> None:
    """Raise ValidationFailed naming every new reference that points to no living record the actor may see.

    ``connect`` gives the connection, asked for only when there is something to look up.
    """
    # Where others write at the same time, what a merge may take away is looked up again and held: else what is written
    # here would refer to a record that is gone by then.
    shared = database.dialect == "postgresql"
    wanted: dict[tuple[str, Reach], dict[UUID, list[tuple[str, UUID]]]] = {}
    for entity, pairs in batches.items():
        for field in plan.fields[entity]:
            name = field.name
            for before, after in pairs:
                target = getattr(after, name)
                if target is None or (field.reference, target) in work.verified:
                    continue
                if _in_hand(plan, work, field.reference, target, shared):
                    continue
                if before is None or getattr(before, name) != target:
                    # What a plugin has made is the plugin's, which may name what the actor does not see.
                    reach: Reach = "plugin" if after.id in work.derived else "tenant" if field.common else "actor"
                    asked = wanted.setdefault((field.reference, reach), {})
                    asked.setdefault(target, []).append((f"{entity}.{name}", after.id))
        if entity in plan.open:
            name = plan.open[entity].name
            for before, after in pairs:
                target, kind = getattr(after, name), after.entity
                if kind not in plan.merged or after.deleted_at is not None or target is None:
                    continue
                if before is not None and getattr(before, name) == target:
                    continue
                if (kind, target) not in work.verified and not _in_hand(plan, work, kind, target, shared):
                    # Who may write such a record is the business of its access rule; here it must not lead nowhere.
                    wanted.setdefault((kind, "tenant"), {}).setdefault(target, []).append(
                        (f"{entity}.{name}", after.id)
                    )
    errors: list[FieldError] = []
    for (entity, reach), ids in wanted.items():
        # Who owns a record may be somebody whose own record the actor cannot read.
        seen = narrowing if reach == "actor" else narrowing.whole_tenant()
        # Whoever writes may name himself, also where users' records are not his to read; that he is there is known.
        found = {id for id in ids if entity == "user" and id == narrowing.user_id}
        if others := ids.keys() - found:
            found |= existing_ids(connect(), database, seen, entity, others, hold=shared and entity in plan.merged)
        # What this session is about to delete is gone already.
        found -= {id for id in found if getattr(work.current.get(id), "deleted_at", None) is not None}
        if reach != "plugin":
            work.verified.update((entity, id) for id in found)
        for target in ids.keys() - found:
            expected = msg("the id of a record of {entity} that exists", entity=entity)
            errors += [FieldError(path, "reference", target, expected, record) for path, record in ids[target]]
    if errors:
        raise ValidationFailed(errors)


def _in_hand(plan: ReferencePlan, work: UnitOfWork, entity: str, target: UUID, shared: bool) -> bool:
    """Whether the session has ``target`` as a living record of ``entity``, and nobody can merge it meanwhile.

    In a ``shared`` database others can, unless this flush writes it itself.
    """
    known = work.current.get(target)
    if known is None or type(known) is not plan.classes[entity] or known.deleted_at is not None:
        return False
    return not (shared and entity in plan.merged and work.original(entity, target) is None)


def existing_ids(
    connection: sa.Connection,
    database: Database,
    narrowing: Narrowing,
    entity: str,
    ids: Iterable[UUID],
    action: str = "read",
    deleted: bool = False,
    hold: bool = False,
) -> set[UUID]:
    """Return those of ``ids`` that are records of ``entity`` within the actor's right for ``action``.

    ``deleted`` takes deleted ones too. ``hold``: nobody merges them before the end of the transaction.
    """
    table = database.tables[entity]
    wanted = list(ids)
    if len(wanted) == 1 and not (deleted or hold) and narrowing.allowed(entity, table, action) is None:
        return _one_existing(connection, database, narrowing.tenant_id, entity, wanted[0])
    found: set[UUID] = set()
    for part in in_chunks(wanted):
        where = narrowing.conditions(entity, table, action, deleted)
        statement = sa.select(table.c.id).where(table.c.id.in_(part), *where)
        if hold:
            # In the order of ids, as merging does, so that the two do not wait for one another.
            statement = statement.order_by(table.c.id).with_for_update(read=True, key_share=True, of=table)
        found.update(connection.scalars(statement))
    return found


def _one_existing(connection: sa.Connection, database: Database, tenant: UUID, entity: str, id: UUID) -> set[UUID]:
    """Return the id when it is that of a living record of the tenant, by a statement that is made once."""
    name = (database.registry.get(entity).cls, ("references.one",))
    statement = database.statements.get(name)
    if statement is None:
        table = database.tables[entity]
        mine = (table.c.tenant_id == sa.bindparam("tenant"), table.c.id == sa.bindparam("id"))
        living = (table.c.deleted_at.is_(None),) if "deleted_at" in table.c else ()
        statement = database.statements[name] = sa.select(table.c.id).where(*mine, *living)
    return set(connection.scalars(statement, {"tenant": tenant, "id": id}))


def explain_unique(
    violation: UniqueViolation, info: EntityInfo, pairs: Iterable[Pair], taken: Iterable[tuple[Any, ...]] = ()
) -> CrmError:
    """Return a ValidationFailed for a refused unique index: every record of the batch whose key is taken or repeated.

    ``taken`` holds the keys, as tuples of values, that the database has already.
    """
    key = unique_key_of(violation, info)
    if key is None:
        expected = msg("a value that no other {entity} has", entity=info.name)
        return ValidationFailed([FieldError(info.name, "duplicate", None, expected)])
    known = set(taken)
    errors: list[FieldError] = []
    moved: list[FieldError] = []
    expected = msg("a value that no other {entity} has", entity=info.name)
    for before, after in pairs:
        values = key_values(after, key)
        if after.deleted_at is not None or not key_counts(info, key, values):
            continue
        shown = values[0] if len(values) == 1 else ", ".join(str(value) for value in values)
        error = FieldError(f"{info.name}.{'+'.join(key)}", "duplicate", shown, expected, after.id)
        if values in known:
            errors.append(error)
        elif before is None or key_values(before, key) != values:
            moved.append(error)
        known.add(values)
    # None is taken and none repeated: records of this batch exchange their values, or another session was quicker.
    return ValidationFailed(
        errors or moved or [FieldError(f"{info.name}.{'+'.join(key)}", "duplicate", None, expected)]
    )


def key_counts(info: EntityInfo, key: tuple[str, ...], values: tuple[Any, ...]) -> bool:
    """Whether the unique index holds a record with these values: not when a part is missing."""
    return not any(
        value is None or (value == "" and optional_text(info.by_name[name]))
        for name, value in zip(key, values, strict=True)
    )


def identifies(values: tuple[Any, ...]) -> bool:
    """Whether the values of a key tell a record from others: not when all of them are missing."""
    for value in values:  # noqa: SIM110 - asked of each row of an import; a generator takes three times as long
        if value is not None and value != "":
            return True
    return False


def unique_key_of(violation: UniqueViolation, info: EntityInfo) -> tuple[str, ...] | None:
    """Return the fields of the unique index that a violation names, or None when it is none of the entity's."""
    for key in info.unique:
        if violation.index == short_name("uq", info.plural, *key) or set(violation.columns) - {"tenant_id"} == set(key):
            return key
    return None


def key_values(record: Any, key: tuple[str, ...]) -> tuple[Any, ...]:
    """Return a record's values of a unique key."""
    return tuple(getattr(record, name) for name in key)


def missing_reference(_: ReferenceViolation) -> CrmError:
    """Return the error for a reference whose target went away while we wrote."""
    expected = msg("a record that exists; the one referred to was removed meanwhile")
    return ValidationFailed([FieldError("reference", "reference", None, expected)])
