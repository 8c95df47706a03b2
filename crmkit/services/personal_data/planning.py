"""What becomes of each record that was reached: it goes, stays as a statistic, loses a name, or must be kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from crmkit.core.entity import FieldInfo, change
from crmkit.core.erasure import anonymised, emptied, redacted
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.core.personal_data import KeepRule, LegalHold, Shared
from crmkit.services.personal_data.holding import Kept, holds_on, kept_by_rules
from crmkit.services.personal_data.reach import Edge, Key, Reach, Reached
from crmkit.store.session import Session

Fate = Literal["keep", "redact", "anonymise", "delete"]
"""What becomes of a record, the weakest first."""

_STRENGTH: Mapping[Fate, int] = {"keep": 0, "redact": 1, "anonymise": 2, "delete": 3}
_BY_POLICY: Mapping[str, Fate] = {"tombstone": "anonymise", "delete": "delete", "keep": "keep"}


@frozen
class Going:
    """How many records of an entity are deleted, anonymised or redacted."""

    entity: str
    fate: Fate
    count: int


@frozen
class Staying:
    """How many records of an entity stay as they are, or nearly, why, and until when at the latest."""

    entity: str
    count: int
    reason: Message
    until: datetime | None = None


class Planning:
    """Works out what becomes of all that was reached. The session must have every right."""

    def __init__(
        self, session: Session, reach: Reach, rules: Sequence[KeepRule], shared: Shared, root: Fate = "delete"
    ) -> None:
        self._session, self._shared, self._root = session, shared, root
        self.reach = reach
        self.kept: dict[Key, Kept] = dict(kept_by_rules(session, rules, reach))
        for entity, records in reach.items.items():
            for id, one in holds_on(session, entity, records).items():
                self.kept[entity, id] = _held(one)
        self._fixed = frozenset(self.kept)
        self.fates: dict[Key, Fate] = {}
        self._settle()

    @property
    def blocked(self) -> tuple[Message, ...]:
        """Why nothing may go: what keeps the records that it began with."""
        held = [self.kept[item.key] for item in self.reach if self.reach.is_root(item) and item.key in self._fixed]
        return tuple({str(kept.reason): kept.reason for kept in held}.values())

    def fate(self, item: Reached) -> Fate:
        """Return what becomes of a record."""
        return self.fates[item.key]

    def ids(self, *fates: Fate) -> dict[str, list[UUID]]:
        """Return the ids of the records that meet one of these fates, by entity."""
        found: dict[str, list[UUID]] = {}
        for item in self.reach:
            if self.fate(item) in fates:
                found.setdefault(item.info.name, []).append(item.record.id)
        return found

    def going(self) -> tuple[Going, ...]:
        """Return how many records go, by entity and fate."""
        counts = Counter((item.info.name, self.fate(item)) for item in self.reach if self.fate(item) != "keep")
        counts += Counter((one.info.name, "redact") for one in self.reach.referring)
        return tuple(Going(entity, fate, count) for (entity, fate), count in sorted(counts.items()))

    def staying(self) -> tuple[Staying, ...]:
        """Return how many records stay, by entity and reason."""
        others = Kept(msg("other customers took part; names and addresses are taken out"))
        found: dict[tuple[str, str], list[Kept]] = {}
        for item in self.reach:
            fate = self.fate(item)
            if fate in ("keep", "redact"):
                kept = self.kept[item.key] if fate == "keep" else others
                found.setdefault((item.info.name, str(kept.reason)), []).append(kept)
        return tuple(
            Staying(entity, len(some), some[0].reason, max((one.until for one in some if one.until), default=None))
            for (entity, _), some in sorted(found.items())
        )

    def changes(self, names: re.Pattern[str] | None) -> Iterator[tuple[Reached, Any]]:
        """Yield every record that changes, with what it will be; ``names`` finds what is taken out of texts."""
        now, loose = self._session.clock.now(), self._loose()
        for item in self.reach:
            before, fate = item.record, self.fate(item)
            after = before
            if fate == "delete":
                after = emptied(item.info, before)
                if after.deleted_at is None:
                    after = change(after, deleted_at=now)
            elif fate == "anonymise":
                after = anonymised(item.info, before)
            elif fate == "redact":
                after = redacted(item.info, before, names)
            if fate != "keep":
                after = _loosened(after, loose.get(item.key, ()))
            if after is not before:
                yield item, after

    def released(self) -> Iterator[tuple[Any, Any]]:
        """Yield every record that only loses its reference, before and after."""
        records = {(one.info.name, one.record.id): one.record for one in self.reach.referring}
        for key, fields in self._loose().items():
            item = self.reach.get(key)
            if item is None or self.fate(item) == "keep":
                after = _loosened(records[key], fields)
                if after is not records[key]:
                    yield records[key], after

    def _loose(self) -> dict[Key, list[FieldInfo]]:
        """Return which references records lose: one record may lose several, and meet a fate beside."""
        found: dict[Key, list[FieldInfo]] = {}
        for one in self.reach.referring:
            found.setdefault((one.info.name, one.record.id), []).append(one.field)
        return found

    # -- working it out ------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Go over all records until nothing changes any more: what becomes of one follows from what led to it."""
        restless = True
        while restless:
            restless = False
            for item in self.reach:
                fate = self._worked_out(item)
                if fate is not None and fate != self.fates.get(item.key):
                    self.fates[item.key] = fate
                    restless = True

    def _worked_out(self, item: Reached) -> Fate | None:
        if self.reach.is_root(item):
            return self._root
        if item.key in self._fixed:
            return "keep"
        worst: Fate | None = None
        for edge in item.edges:
            fate = self._effect(item, edge)
            if fate is None:
                continue
            if fate == "keep":
                self.kept[item.key] = self.kept.get(edge.source) or Kept(msg("kept as it is, as its field demands"))
                if edge.policy == "follow":
                    # Part of something that is kept: it belongs to it, whatever else leads here.
                    return "keep"
            if worst is None or _STRENGTH[fate] > _STRENGTH[worst]:
                worst = fate
        return worst

    def _effect(self, item: Reached, edge: Edge) -> Fate | None:
        if edge.policy == "joined":
            return "redact" if item.shared and self._shared == "redact" else "anonymise"
        source = self.fates.get(edge.source)
        if edge.policy == "follow" or source in (None, "keep", "redact"):
            return source
        return _BY_POLICY[edge.policy]


def _loosened(record: Any, fields: Iterable[FieldInfo]) -> Any:
    """Return a record without some references; itself where it cannot be without."""
    for field in fields:
        if field.custom:
            record = change(record, custom={key: value for key, value in record.custom.items() if key != field.name})
        elif field.nullable:
            record = change(record, **{field.name: None})
    return record


def _held(hold: LegalHold) -> Kept:
    return Kept(msg("legal hold: {reason}", reason=hold.reason), hold.until)
