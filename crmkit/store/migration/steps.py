"""The steps of an upgrade or downgrade, each with what it does in words and whether it destroys anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs
import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.store.migration.facts import FilledColumn, OwnedTable

State = Literal["empty", "current", "outdated", "newer", "foreign"]


@frozen
class Step:
    """One step. ``owner`` is whose tables it is about; ``details`` are the single things that a migration does."""

    owner: str
    text: str
    details: tuple[str, ...] = ()
    destructive: bool = False
    required: bool = True
    """Whether the application cannot work before it is done."""
    run: Callable[[sa.Connection], Any] | None = attrs.field(default=None, repr=False, eq=False)


@frozen
class OwnerState:
    """How the tables of one owner stand. ``revision`` is empty for an owner without migrations, or before the first."""

    owner: str
    state: State
    revision: str
    head: str
    version: str = ""


@frozen
class KeptTables:
    """What is left of a plugin that takes part no more: nothing of it is ever dropped but by a purge."""

    owner: str
    revision: str
    version: str
    tables: tuple[OwnedTable, ...]


@frozen
class SchemaState:
    """How a database stands to this installation, and what an upgrade would do, in its order.

    ``revision`` and ``head`` are those of the core, ``owners`` tells the same of everybody with tables. For a state of
    ``foreign``, ``occupied`` names the tables of other origin; for ``newer``, ``behind`` names who is too old here.
    """

    state: State
    revision: str | None
    head: str
    plan: tuple[Step, ...] = ()
    owners: tuple[OwnerState, ...] = ()
    kept: tuple[KeptTables, ...] = ()
    occupied: tuple[str, ...] = ()
    behind: str = ""
    filled: Mapping[tuple[str, str], FilledColumn] = attrs.field(factory=dict, repr=False)
    """The columns of custom fields, by table and column."""

    @property
    def steps(self) -> tuple[str, ...]:
        """What an upgrade would do, in words."""
        return tuple(step.text for step in self.plan)

    @property
    def destructive(self) -> tuple[Step, ...]:
        """The steps that destroy something."""
        return tuple(step for step in self.plan if step.destructive)
