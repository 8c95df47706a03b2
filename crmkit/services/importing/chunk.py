"""One chunk of rows through all blocks of a step: read, resolve, match, check; then stage what is right.

A row counts as a whole: when one block refuses it, none of its records is written, and rows that refer to those records
are refused too. Nothing is written here: a chunk ends with changes staged in its session.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.completion import complete_values
from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput, FieldError, Refused, StaleVersion, ValidationFailed
from crmkit.core.identity import ExternalIdentity
from crmkit.core.messages import Message, msg
from crmkit.hooks.imports import ImportRows
from crmkit.hooks.run import run_derive
from crmkit.services.completed_interactions import telling_all, told_values
from crmkit.services.importing.aliases import meanings, proposed
from crmkit.services.importing.blocks import Block, Reference, missing
from crmkit.services.importing.lookups import Keyed, Lookups
from crmkit.services.importing.templates import as_text
from crmkit.store.references import identifies
from crmkit.store.session import Session
from crmkit.store.upsert import overlay

Problems = list[FieldError | Message]


@attrs.define(eq=False)
class Row:
    """A row on its way: its cells, the records that its blocks made or found, and what is wrong with it."""

    number: int
    cells: Sequence[Any]
    made: dict[str, UUID] = attrs.field(factory=dict)
    left_out: bool = False
    problems: Problems = attrs.field(factory=list)


@attrs.define(eq=False)
class Draft:
    """A row in one block: its values so far, and by what its record may be found."""

    row: Row
    values: dict[str, Any]
    external: str = ""
    points: Sequence[tuple[str, str]] = ()


class Chunk:
    """Takes rows through the blocks of a step, within one session."""

    def __init__(self, session: Session, lookups: Lookups, name: str, source: str) -> None:
        self._session, self._lookups = session, lookups
        self._name, self._source = name, source
        telling_all(session)
        self.counts: dict[str, Counter[str]] = {}
        self._reset()

    def _reset(self) -> None:
        self._lookups.begin()
        # Each record as the chunk leaves it, with its entity and its state before (None: new), in order of appearance.
        self._states: dict[UUID, tuple[str, Any, Any]] = {}
        self._rows: dict[UUID, list[Row]] = {}
        self._identities: list[ExternalIdentity] = []

    def run(self, blocks: Sequence[Block], rows: Sequence[Row]) -> None:
        """Prepare all rows and stage what is right in the session; what is wrong stays in ``row.problems``."""
        while True:
            self._reset()
            good = [row for row in rows if not row.problems]
            for row in good:
                row.made = {}
            for block, drafts in [(block, self._read(block, good)) for block in blocks]:
                wanted = [draft for draft in drafts if not (draft.row.problems or draft.row.left_out)]
                self._block(block, wanted)
            if not any(row.problems and row.made for row in good):
                break
            # Other rows may have built on what the rows refused so late had made: again, without those.
        self._stage()

    def states(self) -> Iterable[tuple[str, Any, Any]]:
        """Return what becomes of each record: its entity, its state before (None: new) and after."""
        return self._states.values()

    def rows_of(self, error: ValidationFailed | Refused) -> list[tuple[Row, FieldError | Message]]:
        """Return the rows that the write path's error can be traced to, each with what is wrong."""
        if isinstance(error, Refused):
            found: list[tuple[object, FieldError | Message]] = [
                (id, Refused(plugin, reason).message) for plugin, reason, id in error.refusals
            ]
        else:
            found = [(field_error.record_id, field_error) for field_error in error.errors]
        if not all(id in self._rows for id, _ in found):
            return []
        return [(row, problem) for id, problem in found for row in self._rows[id]]  # type: ignore[index]

    # -- one block -----------------------------------------------------------------------------------------------

    def _read(self, block: Block, rows: Iterable[Row]) -> list[Draft]:
        """Read the block's values of all rows, so that everything wrong with a row is found at once."""
        drafts: list[Draft] = []
        when, external, identify = block.when, block.external, block.identify
        asked = self._session.hooks.caller("derive_import_rows", block.info.name).has_impls
        complete = block.completed and not asked
        for row in rows:
            cells = row.cells
            if when is not None and as_text(when(cells)) == "":
                continue
            errors: list[FieldError] = []
            draft = Draft(row, block.values(cells, errors))
            if external is not None:
                draft.external = as_text(external(cells))
                if not draft.external:
                    errors.append(FieldError(f"{block.info.name}.external_id", "required", "", msg("a value")))
            if identify:
                draft.points = block.points(cells)
            if complete and not errors:
                self._complete(block, draft)
            if errors:
                row.problems.extend(errors)
            elif block.where is not None and not row.problems:
                row.left_out = row.left_out or not block.where(block.outline(draft.values))
            drafts.append(draft)
        return drafts

    def _complete(self, block: Block, draft: Draft) -> None:
        try:
            complete_values(block.info.name, draft.values)
        except ValidationFailed as error:
            draft.row.problems += error.errors

    def _block(self, block: Block, drafts: Sequence[Draft]) -> None:
        for reference in block.references:
            self._resolve(block, reference, drafts)
        drafts = [draft for draft in drafts if not draft.row.problems]
        self._ask_plugins(block, drafts)
        self._match(block, [draft for draft in drafts if not draft.row.problems])

    def _ask_plugins(self, block: Block, drafts: Sequence[Draft]) -> None:
        caller = self._session.hooks.caller("derive_import_rows", block.info.name)
        if not caller.has_impls or not drafts:
            return
        call = ImportRows(self._name, self._source, block.info.name, tuple(dict(draft.values) for draft in drafts))
        for _, answer in run_derive(caller, self._session.contexts, call):
            drafts[answer.row].values.update(answer.values)
        for draft in drafts:
            self._complete(block, draft)

    # -- references ----------------------------------------------------------------------------------------------

    def _resolve(self, block: Block, reference: Reference, drafts: Sequence[Draft]) -> None:
        if reference.record:
            for draft in drafts:
                self._set(block, reference, draft, draft.row.made.get(reference.record), reference.record)
        elif reference.external is not None:
            wanted = [
                (reference.system, reference.entity, as_text(reference.external(draft.row.cells))) for draft in drafts
            ]
            known = self._lookups.external(self._session, dict.fromkeys(key for key in wanted if key[2]))
            for draft, external in zip(drafts, wanted, strict=True):
                self._set(block, reference, draft, known.get(external), external[2])
        else:
            info = self._session.database.registry.get(reference.entity)
            names = tuple(name for name, _, _ in reference.match)
            keys = [_reference_key(block, reference, draft) for draft in drafts]
            asked = dict.fromkeys(key for key in keys if key is not None)
            found = self._lookups.keys(self._session, info, names, asked, whole=False)
            if len(names) == 1 and not reference.optional:
                found |= self._meant(block, info, names[0], [key for key in asked if key not in found])
            for draft, key in zip(drafts, keys, strict=True):
                if key is not None:
                    self._set(block, reference, draft, found.get(key), ", ".join(map(str, key)))

    def _meant(self, block: Block, info: EntityInfo, name: str, unknown: Sequence[Any]) -> Keyed:
        """Return the records that somebody confirmed to be meant; note which may be meant by what is left."""
        values = [key[0] for key in unknown if isinstance(key[0], str) and key[0]]
        if not values:
            return {}
        session, lookups = self._session, self._lookups
        meaning = meanings(session, block.system, info, name, values)
        targets = lookups.keys(session, info, (name,), dict.fromkeys((one,) for one in meaning.values()), whole=False)
        fresh = [
            value for value in values if value not in meaning and (info.name, name, value) not in lookups.proposals
        ]
        for value, one in proposed(session, block.system, info, name, fresh).items():
            lookups.proposals[info.name, name, value] = one
        return {(value,): targets[(one,)] for value, one in meaning.items() if (one,) in targets}

    def _set(self, block: Block, reference: Reference, draft: Draft, target: UUID | None, wanted: str) -> None:
        if target is not None:
            draft.values[reference.field] = target
        elif wanted and not reference.optional:
            name = reference.match[0][0] if len(reference.match) == 1 else ""
            may_be = self._lookups.proposals.get((reference.entity, name, wanted))
            expected = missing(reference, wanted)
            if may_be is not None:
                expected = msg("{expected}; did you mean {meaning}?", expected=expected, meaning=repr(may_be.meaning))
            draft.row.problems.append(FieldError(f"{block.info.name}.{reference.field}", "reference", wanted, expected))

    # -- finding and making records ------------------------------------------------------------------------------

    def _match(self, block: Block, drafts: Sequence[Draft]) -> None:
        """Find each draft's existing record, those of this chunk included, and prepare what becomes of it."""
        info, rule, lookups = block.info, block.rule, self._lookups
        externals: dict[Any, UUID] = {}
        if block.external is not None:
            externals = lookups.external(
                self._session, dict.fromkeys((block.system, info.name, draft.external) for draft in drafts)
            )
        keys = [block.key(draft.values) for draft in drafts] if rule.match else [()] * len(drafts)
        by_key: dict[Any, UUID] = {}
        if rule.match:
            asked = dict.fromkeys(key for key in keys if identifies(key))
            by_key = lookups.keys(self._session, info, rule.match, asked, whole=True)
        owners: dict[Any, set[UUID]] = {}
        if rule.identify:
            owners = lookups.owners(self._session, dict.fromkeys(point for draft in drafts for point in draft.points))
        known = {*externals.values(), *by_key.values(), *(id for ids in owners.values() for id in ids)}
        existing = lookups.records(self._session, info, [id for id in known if id not in self._states])
        fresh_keys = lookups.fresh_keys(info.name, rule.match)
        for draft, key in zip(drafts, keys, strict=True):
            id = None
            if draft.external:
                external = (block.system, info.name, draft.external)
                id = externals.get(external) or lookups.fresh_external.get(external)
            linked = id is not None
            if id is None and rule.match:
                id = by_key.get(key) or fresh_keys.get(key)
            if id is None and draft.points:
                id = self._by_points(block, draft, owners)
            if id is None and rule.match and not (identifies(key) or draft.external or draft.points):
                # Taken as new, it would come in again with every import.
                draft.row.problems += [
                    FieldError(f"{info.name}.{name}", "required", "", msg("a value")) for name in rule.match
                ]
            if draft.row.problems:
                continue
            id = self._prepare(block, draft, id, existing)
            if id is None:
                continue
            if draft.external:
                lookups.fresh_external[external] = id
                if not linked:
                    self._identify(block, draft, id)
            if rule.match and identifies(key):
                fresh_keys[key] = id
            for point in draft.points:
                lookups.fresh_points.setdefault(point, id)

    def _by_points(self, block: Block, draft: Draft, owners: dict[Any, set[UUID]]) -> UUID | None:
        candidates: set[UUID] = set()
        for point in draft.points:
            candidates |= owners.get(point, set())
            fresh = self._lookups.fresh_points.get(point)
            if fresh is not None:
                candidates.add(fresh)
        if len(candidates) > 1:
            values = ", ".join(value for _, value in draft.points)
            expected = msg("contact points that one customer has, not {count}", count=len(candidates))
            draft.row.problems.append(FieldError(f"{block.info.name}.identify", "ambiguous", values, expected))
            return None
        return candidates.pop() if candidates else None

    def _prepare(self, block: Block, draft: Draft, found: UUID | None, existing: dict[UUID, Any]) -> UUID | None:
        """Note what becomes of a draft's record and return its id; None when the row is refused."""
        info, rule, row = block.info, block.rule, draft.row
        if found is None:
            before = None
            after = self._build(block, draft)
            if after is None:
                return None
        else:
            state = self._states.get(found)
            current = state[2] if state is not None else existing.get(found)
            if current is None:
                if self._lookups.aged:
                    # Merged or deleted since an earlier chunk; asked again, its number may lead elsewhere.
                    raise StaleVersion(info.name, found, 0)
                expected = msg("a record of {entity} that is not deleted and that you may see", entity=info.name)
                row.problems.append(FieldError(info.name, "deleted", found, expected))
                return None
            if rule.on_duplicate == "error":
                expected = msg("a new {entity}; this one exists already", entity=info.name)
                shown = draft.external or ", ".join(map(str, block.key(draft.values))) or str(draft.points)
                row.problems.append(FieldError(block.identity, "duplicate", shown, expected))
                return None
            before = state[1] if state is not None else current
            after = current
            if rule.on_duplicate != "skip":
                after = overlay(current, dict(told_values(current, block.changes(draft.values))))
        if after is not before:
            if not block.validator.quick(after):
                row.problems += block.validator.errors(after)
                return None
            # The write path need not look again.
            self._session.work.valid[id(after)] = after
        made: UUID = after.id
        if found is None:
            self._lookups.created.add(made)
            self._rows[made] = [row]
        else:
            self._rows.setdefault(made, []).append(row)
        self._states[made] = (info.name, before, after)
        row.made[block.label] = made
        return made

    def _build(self, block: Block, draft: Draft) -> Any:
        """Return a new record as the row describes it; None when something required is missing."""
        values = draft.values
        lacking = [name for name in block.required if name not in values]
        if lacking:
            draft.row.problems += [
                FieldError(f"{block.info.name}.{name}", "required", None, msg("a value")) for name in lacking
            ]
            return None
        if "source" not in values:
            values["source"] = block.system
        if block.custom:
            custom = {name: values.pop(name) for name in block.custom if name in values}
            if custom:
                values["custom"] = {**values.get("custom", {}), **custom}
        try:
            return block.info.cls(**values)
        except TypeError:
            # Only a plugin can have added a name that the mapping's own check did not see.
            for name in values:
                block.info.field(name)
            raise

    def _identify(self, block: Block, draft: Draft, id: UUID) -> None:
        identity = ExternalIdentity(
            system=block.system,
            external_id=draft.external,
            entity=block.info.name,
            record_id=id,
            source=block.system,
        )
        validator = self._session.database.validators["external_identity"]
        if not validator.quick(identity):
            draft.row.problems += validator.errors(identity)
            return
        self._identities.append(identity)
        self._rows[identity.id] = [draft.row]

    # -- staging -------------------------------------------------------------------------------------------------

    def _stage(self) -> None:
        session, new, changed = self._session, [], []
        created: Counter[str] = Counter()
        updated: Counter[str] = Counter()
        unchanged: Counter[str] = Counter()
        for entity, before, after in self._states.values():
            if before is None:
                new.append(after)
                created[entity] += 1
            elif after is not before and after != before:
                updated[entity] += 1
                changed.append(after)
            else:
                unchanged[entity] += 1
        for name, numbers in (("created", created), ("updated", updated), ("unchanged", unchanged)):
            for entity, number in numbers.items():
                self.counts.setdefault(entity, Counter())[name] = number
        session.add(*new, *self._identities)
        session.update(*changed)


def _reference_key(block: Block, reference: Reference, draft: Draft) -> tuple[Any, ...] | None:
    """Return the values by which a row names a record; None when they are empty or cannot be read."""
    raw = [cell(draft.row.cells) for _, cell, _ in reference.match]
    if all(value == "" or value is None for value in raw):
        return None
    try:
        return tuple(
            None if value == "" or value is None else convert(value)
            for value, (_, _, convert) in zip(raw, reference.match, strict=True)
        )
    except BadInput as error:
        expected = getattr(error, "expected", error.message)
        draft.row.problems.append(FieldError(f"{block.info.name}.{reference.field}", "value", raw[0], expected))
        return None
