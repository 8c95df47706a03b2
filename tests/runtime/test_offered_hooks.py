"""Hooks that a plugin offers to others are called through its context, each with the policy of its kind."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from crmkit.hooks.kinds import Kind
from crmkit.plugin import Context, Manifest, PluginError, Refuse, Refused, hookimpl, hookspec, msg
from crmkit.runtime.crm import Crm


@attrs.frozen
class Ripe:
    fruit: str


class OrchardSpecs:
    @hookspec(kind=Kind.COLLECT, since="0.1")
    def collect_orchard_notes(self, ctx: Context, call: Ripe) -> list[str]:
        """Return what is to be said of the fruit."""
        return []

    @hookspec(kind=Kind.CHOOSE, since="0.1")
    def choose_orchard_picker(self, ctx: Context, call: Ripe) -> str | None:
        """Return who picks it."""
        return None

    @hookspec(kind=Kind.GUARD, since="0.1")
    def guard_orchard_picking(self, ctx: Context, call: Ripe) -> Refuse | None:
        """Refuse to have it picked."""
        return None


class Orchard:
    manifest = Manifest(name="orchard", specs=(OrchardSpecs,))


class Picker:
    manifest = Manifest(name="picker")

    @hookimpl
    def collect_orchard_notes(self, call: Ripe) -> list[str]:
        return [f"a {call.fruit}", "ripe"]

    @hookimpl
    def choose_orchard_picker(self, call: Ripe) -> str | None:
        return "Ada" if call.fruit == "plum" else None

    @hookimpl
    def guard_orchard_picking(self, call: Ripe) -> Refuse | None:
        return Refuse(msg("no {fruit} today", fruit=call.fruit)) if call.fruit == "fig" else None


class Broken:
    manifest = Manifest(name="broken")

    @hookimpl
    def collect_orchard_notes(self) -> list[str]:
        raise KeyError("wasp")


def offered(*plugins: Any) -> Any:
    crm = Crm.open(plugins=[Orchard(), *plugins])
    return crm.context(crm.session(), "orchard").hooks


def test_without_implementations_nothing_is_said() -> None:
    hooks = offered()
    assert hooks.collect("collect_orchard_notes", Ripe("plum")) == []
    assert hooks.choose("choose_orchard_picker", Ripe("plum")) is None
    hooks.guard("guard_orchard_picking", Ripe("fig"))


def test_each_kind_answers_in_its_way() -> None:
    hooks = offered(Picker())
    assert hooks.collect("collect_orchard_notes", Ripe("plum")) == ["a plum", "ripe"]
    assert hooks.choose("choose_orchard_picker", Ripe("plum")) == "Ada"
    assert hooks.choose("choose_orchard_picker", Ripe("pear")) is None
    hooks.guard("guard_orchard_picking", Ripe("plum"))
    with pytest.raises(Refused, match="no fig today"):
        hooks.guard("guard_orchard_picking", Ripe("fig"))


def test_one_that_fails_is_named() -> None:
    with pytest.raises(PluginError, match="plugin broken failed in hook collect_orchard_notes: KeyError: 'wasp'"):
        offered(Broken()).collect("collect_orchard_notes", Ripe("plum"))
