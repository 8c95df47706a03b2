"""Merging two records into one: which value survives in each field, and what a merge will do. Pure.

The record that stays is the *kept* one; the other is *lost*: put away, its id leads to the kept one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

import attrs

from crmkit.core.entity import STAMPED, EntityInfo, FieldInfo, MergePolicy, Record, change
from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.field_rights import MASKED, masked
from crmkit.core.fieldtypes import Kind
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg

Taken = Literal["kept", "lost", "given"]

MERGEABLE = ("customer", "product", "asset", "tag")
"""The core's entities whose records can be merged."""

_UNTOUCHED = frozenset({*STAMPED, "id", "deleted_at", "custom"})


@frozen
class Given:
    """A value of the user's own for a field; needed only where it would read as the word ``kept`` or ``lost``."""

    value: Any


@frozen
class MergedField:
    """One field of both records, the ``result``, and where that is taken from."""

    name: str
    label: str
    kept: Any
    lost: Any
    result: Any
    taken: Taken
    custom: bool = False

    @property
    def differs(self) -> bool:
        """Whether the two records disagree, or the result is neither's."""
        return bool(self.kept != self.lost or self.result != self.kept)


@frozen
class ReferenceUse:
    """What becomes of the records that refer to a lost one by ``field``.

    ``count`` records follow it; ``united`` of them become one with a record that the kept one has already, ``dropped``
    would tie the record to itself.
    """

    entity: str
    field: str
    policy: MergePolicy
    count: int
    united: int = 0
    dropped: int = 0


@frozen
class MergePlan:
    """What merging ``lost`` into ``kept`` would do. ``blocked`` says why it cannot be done; empty: it can.

    ``result`` is the kept record as it would be; ``choices`` are what the user asked for. ``versions`` are those of
    ``kept`` and ``lost``, which a plan was made from. ``hidden`` are the fields that the reader may not see: the records
    hold nothing in them, and ``fields`` hold ``MASKED``.
    """

    entity: str
    kept: Any
    lost: Any
    result: Any
    fields: tuple[MergedField, ...]
    references: tuple[ReferenceUse, ...]
    blocked: tuple[Message, ...]
    choices: Mapping[str, Any]
    versions: tuple[int, int]
    hidden: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.blocked


def masked_plan(info: EntityInfo, plan: MergePlan, hidden: frozenset[str]) -> MergePlan:
    """Return a plan as it may be shown: nothing of hidden fields, not even whether the two records differ in them."""
    if not hidden:
        return plan
    return attrs.evolve(
        plan,
        kept=masked(info, plan.kept, hidden),
        lost=masked(info, plan.lost, hidden),
        result=masked(info, plan.result, hidden),
        fields=tuple(
            attrs.evolve(field, kept=MASKED, lost=MASKED, result=MASKED, taken="kept")
            if field.name in hidden
            else field
            for field in plan.fields
        ),
        hidden=tuple(sorted(hidden)),
    )


def mergeable(info: EntityInfo) -> bool:
    """Whether records of an entity can be merged: some of the core's, and those of plugins that have an owner."""
    return info.name in MERGEABLE or (info.plugin != "crmkit" and info.editable and issubclass(info.cls, Record))


def policy_of(field: FieldInfo) -> MergePolicy:
    """Return what becomes of a reference when its target is merged: as declared, else it follows.

    References of any kind of record (``record_id``) are united where that makes duplicates.
    """
    return field.merge or ("repoint" if field.reference else "union")


def generic_reference(info: EntityInfo) -> FieldInfo | None:
    """Return the field of ``info`` that points to records of any entity, such as that of a tagging: ``record_id``."""
    field = info.by_name.get("record_id") if info.editable else None
    return field if field is not None and field.kind is Kind.ID and not field.reference else None


def merged_fields(info: EntityInfo, kept: Any, lost: Any, choices: Mapping[str, Any]) -> tuple[MergedField, ...]:
    """Return each field of two records with the value that survives.

    By default the kept record's, or the lost one's where the kept one has none; owner and team go together.
    ``choices`` maps fields to ``"kept"``, ``"lost"`` or another value. Custom fields are merged one by one, by their
    name or as ``custom.NAME``. Raises BadInput for a field that there is not.
    """
    wanted = {name.removeprefix("custom."): choice for name, choice in choices.items()}
    sides = {name: sides for name, _, sides in _sides(info, kept, lost)}
    for name in wanted:
        if name not in sides:
            raise BadInput(
                msg(
                    "{entity} has no field {field} to choose; {hint}",
                    entity=info.name,
                    field=name,
                    hint=did_you_mean(name, sides),
                )
            )
    handed = not (getattr(kept, "owner_id", None) or getattr(kept, "team_id", None))
    found: list[MergedField] = []
    for name, custom, (mine, other) in _sides(info, kept, lost):
        choice = wanted.get(name)
        taken: Taken = "lost" if empty(mine) and not empty(other) else "kept"
        if name in ("owner_id", "team_id") and not handed:
            taken = "kept"
        result = other if taken == "lost" else mine
        if isinstance(choice, str) and choice in ("kept", "lost"):
            taken, result = choice, other if choice == "lost" else mine  # type: ignore[assignment]
        elif name in wanted:
            taken, result = "given", choice.value if isinstance(choice, Given) else choice
        label = info.by_name[name].label if name in info.by_name else name
        found.append(MergedField(name, label, mine, other, result, taken, custom))
    return tuple(found)


def merged_record(kept: Any, fields: Iterable[MergedField]) -> Any:
    """Return the kept record with the values that survive; the record itself when none is new."""
    values: dict[str, Any] = {}
    custom = dict(kept.custom)
    for field in fields:
        if field.result == field.kept:
            continue
        if not field.custom:
            values[field.name] = field.result
        elif field.result is None:
            custom.pop(field.name, None)
        else:
            custom[field.name] = field.result
    if custom != kept.custom:
        values["custom"] = custom
    return change(kept, **values) if values else kept


def united(info: EntityInfo, kept: Any, lost: Any) -> Any:
    """Return one record of two that say the same: ``kept``, with what only ``lost`` knows.

    A value that is empty or the field's default gives way to another one; a validity covers both.
    """
    values: dict[str, Any] = {}
    for field in info.stored:
        name = field.name
        if name in _UNTOUCHED or field.common:
            continue
        mine, other = getattr(kept, name), getattr(lost, name)
        if name in ("valid_from", "valid_until"):
            values[name] = _wider(name, mine, other)
        elif (empty(mine) or (not field.required and mine == field.default)) and not empty(other):
            values[name] = other
    custom = {**{name: value for name, value in lost.custom.items() if not empty(value)}, **_filled(kept.custom)}
    if custom != kept.custom:
        values["custom"] = {**kept.custom, **custom}
    changed = {name: value for name, value in values.items() if getattr(kept, name) != value}
    return change(kept, **changed) if changed else kept


def empty(value: Any) -> bool:
    """Whether a field holds nothing. No, zero and no money are something."""
    return value is None or (isinstance(value, str | tuple | list | Mapping) and not value)


def pairs_of(groups: Iterable[Sequence[Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield pairs to merge from groups of records that are one: the first of each is kept."""
    for group in groups:
        for lost in group[1:]:
            yield group[0], lost


def different_kinds(entity: str, kept: Any, lost: Any, hidden: frozenset[str] = frozenset()) -> Message | None:
    """Return why two records cannot be one for being of different kinds, such as a person and an organization.

    What is in ``hidden`` fields is not told.
    """
    if entity != "customer" or kept.kind == lost.kind:
        return None
    if "kind" in hidden:
        return msg("{kept} and {lost} are of different kinds", kept=called(kept, hidden), lost=called(lost, hidden))
    return msg(
        "{kept} is of kind {kept_kind}, {lost} of kind {lost_kind}; correct one of them first",
        kept=called(kept, hidden),
        kept_kind=kept.kind,
        lost=called(lost, hidden),
        lost_kind=lost.kind,
    )


def called(customer: Any, hidden: frozenset[str]) -> str:
    """Return a customer's name, or the id where the name is hidden."""
    return str(customer.id if "name" in hidden else customer.name)


def _sides(info: EntityInfo, kept: Any, lost: Any) -> Iterator[tuple[str, bool, tuple[Any, Any]]]:
    for field in info.stored:
        if field.name not in _UNTOUCHED:
            yield field.name, False, (getattr(kept, field.name), getattr(lost, field.name))
    names = {f.name: None for f in info.fields if f.custom} | dict.fromkeys((*kept.custom, *lost.custom))
    for name in names:
        yield name, True, (kept.custom.get(name), lost.custom.get(name))


def _filled(custom: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in custom.items() if not empty(value)}


def _wider(name: str, mine: date | datetime | None, other: date | datetime | None) -> Any:
    if mine is None or other is None:
        return None
    return min(mine, other) if name == "valid_from" else max(mine, other)
