"""Plugins that cannot be put together with the others: named, and left out where that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from crmkit.core.entity import Part, entity, field
from crmkit.core.errors import CrmError
from crmkit.core.interaction import InteractionKind
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest


class Kinds:
    """Brings an interaction kind."""

    def __init__(self, name: str, kind: str = "", requires: tuple[str, ...] = ()) -> None:
        self.manifest = Manifest(name=name, version="1", requires=requires)
        self._kind = kind or name

    @hookimpl
    def register_interaction_kinds(self) -> list[InteractionKind]:
        return [InteractionKind(self._kind, self._kind)]


class Raising(Kinds):
    @hookimpl
    def register_interaction_kinds(self) -> list[InteractionKind]:
        raise ValueError("no kinds today")


class Typeless(Kinds):
    @hookimpl
    def register_permissions(self) -> list[Any]:
        return ["loyalty.adjust"]


class Misnamed(Kinds):
    @hookimpl(entities=("custmer",))
    def guard_records(self, call: Any) -> None: ...


class Careless(Kinds):
    @hookimpl
    def register_entities(self) -> list[type]:
        @entity("careless_note", plural="careless_notes")
        class Note(Part):
            customer_id: UUID = field(label="Customer", reference="customer")

        return [Note]


class Deciding(Kinds):
    @hookimpl
    def choose_customer(self, call: Any) -> None: ...


CASES: list[tuple[str, Callable[[], list[Any]], str]] = [
    ("a duplicate id", lambda: [Kinds("a", "demo"), Kinds("b", "demo")], "registered twice"),
    ("a hook that raises", lambda: [Kinds("a"), Raising("b")], "no kinds today"),
    ("a wrong record", lambda: [Kinds("a"), Typeless("b")], "expected Permission"),
    ("an unknown entity", lambda: [Kinds("a"), Misnamed("b")], "did you mean customer"),
    ("no merge policy", lambda: [Kinds("a"), Careless("b")], "must say what becomes of it when customers are merged"),
    ("no order", lambda: [Deciding("a"), Deciding("b")], "set their order in the configuration"),
]


@pytest.mark.parametrize(("made", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_one_at_fault_is_named_or_left_out(made: Callable[[], list[Any]], said: str) -> None:
    with pytest.raises(CrmError, match=said):
        Crm.open(plugins=made())
    with Crm.open(plugins=made(), config={"quarantine": True}) as crm:
        (broken,) = crm.plugins.broken
        assert said in str(broken.reason)
        assert len(crm.plugins.plugins) == 1
        assert broken.name not in [plugin.name for plugin in crm.plugins.plugins]
        assert crm.hooks.plugins[-1].name != broken.name


def test_whoever_requires_it_is_left_out_too() -> None:
    given = [Raising("a"), Kinds("b", requires=("a",)), Kinds("c", requires=("b",)), Kinds("d")]
    with Crm.open(plugins=given, config={"quarantine": True}) as crm:
        assert {one.name: str(one.reason) for one in crm.plugins.broken} == {
            "a": "plugin a failed in hook register_interaction_kinds: ValueError: no kinds today",
            "b": "it requires plugin a, which is broken",
            "c": "it requires plugin b, which is broken",
        }
        assert [plugin.name for plugin in crm.plugins.plugins] == ["d"]
        assert {"d"} <= set(crm.kinds)


def test_all_that_are_broken_are_left_out() -> None:
    given = [Raising("a"), Careless("b"), Misnamed("c"), Misnamed("d"), Kinds("e")]
    with Crm.open(plugins=given, config={"quarantine": True}) as crm:
        assert [one.name for one in crm.plugins.broken] == ["a", "b", "c", "d"]
        assert [plugin.name for plugin in crm.plugins.plugins] == ["e"]


def test_what_is_no_plugins_fault_is_raised_all_the_same() -> None:
    config = {"quarantine": True, "custom_fields": [{"entity": "customr", "name": "size"}]}
    with pytest.raises(CrmError, match="no entity customr"):
        Crm.open(plugins=[Kinds("a")], config=config)
