"""Implementations that ask for changes of some fields alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import ConfigError
from crmkit.hooks.errors import BadHook
from crmkit.hooks.records import RecordBatch
from crmkit.plugin import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.plugin_faults import PluginsBroken
from tests.hooks.specimens import plugin, specimens


@attrs.define(eq=False)
class Listener:
    """Writes down what it is called with."""

    derived: list[list[str]] = attrs.field(factory=list)
    guarded: list[list[str]] = attrs.field(factory=list)

    @hookimpl(entities=("customer",), fields=("country", "industry"))
    def derive_records(self, ctx: Any, call: RecordBatch) -> list[Any]:
        self.derived.append([c.record.name for c in call.changes])
        return [change(c.record, description=c.record.country) for c in call.changes]

    @hookimpl(entities=("customer",), fields=("country",))
    def guard_records(self, ctx: Any, call: RecordBatch) -> None:
        self.guarded.append([c.record.name for c in call.changes])


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def crm(database_url: str, listener: Listener) -> Iterator[Crm]:
    with Crm.open(database_url, plugins=[listener]) as crm:
        yield crm


def test_it_sees_new_deleted_and_restored_records_and_changes_of_its_fields(crm: Crm, listener: Listener) -> None:
    a, b, c = (Customer(name=name, country="DE") for name in "abc")
    with crm.session() as session:
        session.add(a, b, c)
    assert listener.guarded == [["a", "b", "c"]]
    assert listener.derived[0] == ["a", "b", "c"]
    listener.derived.clear()
    listener.guarded.clear()
    with crm.session() as session:
        session.update(
            change(session.get(Customer, a.id), nickname="A"),
            change(session.get(Customer, b.id), country="FR"),
            change(session.get(Customer, c.id), industry="Trade"),
        )
    assert listener.derived[0] == ["b", "c"]
    assert listener.guarded == [["b"]]
    with crm.session(reads=True) as session:
        assert [session.get(Customer, one.id).description for one in (a, b, c)] == ["DE", "FR", "DE"]
    listener.guarded.clear()
    with crm.session() as session:
        session.delete(session.get(Customer, a.id))
    with crm.session() as session:
        session.restore(Customer, a.id)
    assert listener.guarded == [["a"], ["a"]]


def test_it_is_not_called_when_nothing_concerns_it(crm: Crm, listener: Listener) -> None:
    a = Customer(name="a")
    with crm.session() as session:
        session.add(a)
    listener.derived.clear()
    listener.guarded.clear()
    with crm.session() as session:
        session.update(change(session.get(Customer, a.id), nickname="A"))
        session.add(ContactPoint(customer_id=a.id, kind="email", value="a@example.com"))
    assert (listener.derived, listener.guarded) == ([], [])


def test_a_caller_knows_which_fields_are_heeded(crm: Crm) -> None:
    guard = crm.hooks.caller("guard_records", "interaction_participant")
    derive = crm.hooks.caller("derive_records", "interaction_participant")
    assert not guard.heeds("customer_id")
    assert [derive.heeds(field) for field in ("customer_id", "interaction_id")] == [False, True]
    # Here the core's own rules ask for changes of every field.
    assert crm.hooks.caller("derive_records", "customer").heeds("nickname")


def test_fields_given_as_one_word_are_refused() -> None:
    with pytest.raises(ConfigError, match=r'write fields=\("country",\)'):
        hookimpl(fields="country")


@pytest.mark.parametrize("entities", [("customer",), None], ids=["of an entity", "of any"])
def test_a_misspelt_field_stops_the_start_with_a_hint(entities: tuple[str, ...] | None) -> None:
    class Wrong:
        @hookimpl(entities=entities, fields=("contry",))
        def guard_records(self, ctx: Any, call: Any) -> None: ...

    with pytest.raises(BadHook, match="there is no field contry; did you mean country"):
        Crm.open(plugins=[Wrong()])


def test_fields_are_for_calls_with_changes() -> None:
    asked = hookimpl(fields=("country",))(lambda call: None)
    with pytest.raises(BadHook, match="is for hooks that are called with changes of records"):
        specimens().register(plugin(guard_things=asked), "sales", "dist")


def test_a_wrapper_sees_everything() -> None:
    class Wrong:
        @hookimpl(wrapper=True, fields=("country",))
        def derive_records(self, ctx: Any, call: Any) -> Iterator[None]:
            yield

    with pytest.raises(PluginsBroken, match="is not for wrappers"):
        Crm.open(plugins=[Wrong()])
