"""Hooks of search: what records are found by beside their own fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.core.search.texts import TextKind
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context


@frozen
class SearchedRecords:
    """Records of ``entity`` that go into the index, or that a search has found and looks at again."""

    entity: str
    records: tuple[Any, ...]

    @property
    def size(self) -> int:
        """How many records there are."""
        return len(self.records)


@frozen
class SearchText:
    """A text that a record is found by. ``kind`` says how: ``name`` by beginnings, readings and fragments, ``text`` by words.

    ``field`` is named with the hit; for prose it begins with the name of the plugin.
    """

    record_id: UUID
    value: str
    field: str
    kind: TextKind = "text"


class SearchSpecs:
    """Called when records are indexed, and again for those that a search is about to return."""

    @hookspec(kind=Kind.COLLECT, since="0.1", per_entity=True)
    def collect_search_texts(self, ctx: Context, call: SearchedRecords) -> Iterable[SearchText]:
        """Return further texts by which records are found.

        Only for what no field tells: fields marked ``searchable``, also those of parts of the record, are found without.
        A record is indexed again when it or one of its parts changes, not when anything else does. The hook is called for
        the system when records are indexed, and for the one who searches when they are found: return what that one may see.
        """
