"""The plugin under test: what it is, what it brings, and CRMs in which it works alone or among others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import Any, Literal
from uuid import UUID

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import EntityInfo
from crmkit.core.errors import CrmError
from crmkit.core.fields import EMPTY
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import Kind
from crmkit.runtime.config import load_config
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest, manifest_of
from crmkit.runtime.sources import given_plugin, installed_plugin_names, installed_plugins
from crmkit.testing.contract.bystander import Bystander
from crmkit.testing.contract.faults import fail
from crmkit.testing.contract.records import Records, Values

Arrangement = Literal["alone", "among others", "reversed"]
ARRANGEMENTS: tuple[Arrangement, ...] = ("alone", "among others", "reversed")
"""By itself with what it requires; with all installed plugins; and with those, called in the opposite order."""


class QuietCrm(Crm):
    """An application that tells plugins of what was committed when it is asked to, or a check hands the events over itself."""

    _waiting: tuple[tuple[UUID, Collection[str]], ...] = ()

    def committed(self, first: UUID, entities: Collection[str]) -> None:
        """Let the events wait."""
        self._waiting = (*self._waiting, (first, entities))

    def tell(self) -> None:
        """Deliver what waits, as after one commit that wrote all of it."""
        waiting, self._waiting = self._waiting, ()
        if waiting:
            super().committed(waiting[0][0], {entity for _, entities in waiting for entity in entities})


class Subject:
    """One plugin in one arrangement. Every CRM that it opens is closed by ``close``.

    ``new_database`` returns the address of a database with the plugin's tables, for each CRM another; None: in memory.
    """

    def __init__(
        self,
        plugin: object,
        clock: FixedClock,
        arrangement: Arrangement = "alone",
        config: Mapping[str, Any] | None = None,
        values: Values | None = None,
        left_out: Sequence[str] = (),
        unchanging: Sequence[str] = (),
        filled_in: Mapping[str, Sequence[str]] = EMPTY,
        referring: Mapping[str, Sequence[str]] = EMPTY,
        single: Sequence[str] = (),
        repeated: Mapping[str, Sequence[str]] = EMPTY,
        new_database: Callable[[], str] | None = None,
    ) -> None:
        self._given, self._clock, self.arrangement = plugin, clock, arrangement
        self._numbers = count(1)
        self._config, self._values, self.left_out = dict(config or {}), values, frozenset(left_out)
        self.referring, self.single, self.repeated = referring, frozenset(single), repeated
        self.unchanging, self.filled_in = frozenset(unchanging), filled_in
        self._opened: list[Crm] = []
        self._new_database = new_database

    # -- what it is ----------------------------------------------------------------------------------------------

    @cached_property
    def name(self) -> str:
        """The plugin's name."""
        return given_plugin(self._given).name

    @cached_property
    def plugin(self) -> object:
        """The module or object that has the hooks."""
        try:
            return given_plugin(self._given).load()
        except Exception as error:
            fail(
                f"the plugin cannot be imported: {type(error).__name__}: {error}",
                "make it importable in the environment of the tests, as by pip install --editable .",
            )

    @cached_property
    def manifest(self) -> Manifest:
        """What it says of itself."""
        return manifest_of(self.plugin, self.name)

    # -- applications --------------------------------------------------------------------------------------------

    def open(self, *more: object, url: str | None = None, quiet: bool = False, check: bool = True) -> Crm:
        """Open a CRM with the plugin in its arrangement, and ``more`` plugins; ``quiet``: nobody is told of commits."""
        return self.open_with([*self.cast, *more], url=url, quiet=quiet, check=check)

    def open_with(
        self, plugins: Sequence[object], url: str | None = None, quiet: bool = False, check: bool = True
    ) -> Crm:
        """Open a CRM with these plugins and no others, configured for those of them that are in the arrangement."""
        names = {given_plugin(plugin).name for plugin in plugins}
        sections = {name: given for name, given in self._config.get("plugins", {}).items() if name in names}
        settings = {**self._config, "plugins": sections}
        if self.arrangement == "reversed":
            settings["order"] = [name for name in self._reversed if name in names]
        cls = QuietCrm if quiet else Crm
        if url is None and self._new_database is not None:
            url = self._new_database()
        try:
            crm = cls.open(url, plugins, load_config(settings, {}), clock=self._clock, check=check)
        except CrmError as error:
            fail(
                ["an application with it does not start:", *error.lines()],
                "mend what is named; class attribute `config` of the test gives the configuration that a plugin needs",
            )
        self._opened.append(crm)
        return crm

    def close(self) -> None:
        """Close everything that was opened."""
        while self._opened:
            self._opened.pop().close()

    @cached_property
    def others(self) -> list[object]:
        """The plugins beside it: those that it requires, and among others every one that is installed."""
        if self.arrangement == "alone":
            return list(self._required)
        installed = [name for name in installed_plugin_names() if name != self.name]
        return [*installed, Bystander()]

    @property
    def cast(self) -> list[object]:
        """All plugins of the arrangement."""
        return [self.plugin, *self.others]

    @property
    def clock(self) -> FixedClock:
        """The time in every CRM."""
        return self._clock

    @cached_property
    def _required(self) -> list[str]:
        """The names of what it requires, and of what that requires in turn."""
        known = {candidate.name: candidate for candidate in installed_plugins()}
        found: list[str] = []
        waiting = list(self.manifest.requires)
        while waiting:
            name = waiting.pop(0)
            if name in found:
                continue
            if name not in known:
                fail(f"it requires the plugin {name}, which is not installed", "install what it requires for the tests")
            found.append(name)
            waiting += manifest_of(known[name].load(), name).requires
        return found

    @cached_property
    def _reversed(self) -> list[str]:
        """The names of all plugins from the last to the first, each still behind what it requires."""
        with Crm.open(plugins=self.cast, config=load_config(self._config, {}), clock=self._clock) as crm:
            requires = {plugin.name: plugin.manifest.requires for plugin in crm.plugins.plugins}
        waiting = list(reversed(requires))
        order: list[str] = []
        while waiting:
            ready = next(name for name in waiting if not set(requires[name]).intersection(waiting))
            waiting.remove(ready)
            order.append(ready)
        return order

    # -- what it brings ------------------------------------------------------------------------------------------

    def entities(self, crm: Crm) -> list[EntityInfo]:
        """Return the entities of the plugin, as ``crm`` knows them."""
        return [crm.registry.get(cls) for cls in self.classes(crm)]

    def written(self, crm: Crm) -> list[EntityInfo]:
        """Return those of its entities that records are made of for the checks."""
        return [info for info in self.entities(crm) if info.editable and info.name not in self.left_out]

    def classes(self, crm: Crm) -> list[type[Any]]:
        """Return the classes of the plugin's entities."""
        cores = set(CORE_ENTITIES)
        return [info.cls for info in crm.registry if info.plugin == self.name and info.cls not in cores]

    def hooks(self, crm: Crm, kind: Kind) -> list[str]:
        """Return the hooks of one kind that the plugin implements."""
        found = [name for name, info in crm.hooks.infos.items() if info.kind is kind]
        return [name for name in found if self.name in crm.hooks.order(name)]

    def records(self, crm: Crm) -> Records:
        """Return what makes records of entities for ``crm``."""
        return Records(crm, self._values, self.referring, self.single, self._numbers)
