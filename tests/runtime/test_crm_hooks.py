"""Derive and guard hooks within the write path of a real CRM; the notify hooks are in ``test_delivery``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.entity import change
from crmkit.core.errors import ConfigError, CrmError, HookLoop, PluginError, Refused, ValidationFailed
from crmkit.core.grouping import Tag
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.messages import msg
from crmkit.core.staff import User
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import Change, RecordBatch, Refuse
from crmkit.hooks.trace import HookTrace
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.runtime.plugin_faults import PluginsBroken
from tests.conftest import OpenCrm


class Plugin:
    """A plugin of a name, whose hooks call the functions that it was given."""

    def __init__(self, name: str, **functions: Callable[[Any, RecordBatch], Any]) -> None:
        self.manifest = Manifest(name=name)
        self.calls: list[tuple[str, RecordBatch]] = []
        for hook, function in functions.items():
            setattr(self, hook, hookimpl(self._noting(hook, function)))

    def _noting(self, hook: str, function: Callable[[Any, RecordBatch], Any]) -> Any:
        def call_hook(ctx: Any, call: RecordBatch) -> Any:
            self.calls.append((hook, call))
            return function(ctx, call)

        call_hook.__name__ = hook
        return call_hook

    def entities(self) -> list[str]:
        return [call.entity for _, call in self.calls]


def upper(ctx: Any, call: RecordBatch) -> list[Any]:
    return [change(c.after, name=c.after.name.upper()) for c in call.changes if call.entity == "customer"]


def written(crm: Crm) -> tuple[int, int, int]:
    with crm.session(reads=True) as s:
        return s.count(Customer), s.count(AuditEntry), s.count(Event)


def fails(crm: Crm, *records: Any) -> CrmError:
    with crm.session() as s:
        s.add(*records)
        with pytest.raises(CrmError) as caught:
            s.flush()
        s.rollback()
    assert written(crm) == (0, 0, 0)
    return caught.value


# -- derive -----------------------------------------------------------------------------------------------------------


def test_derived_changes_are_written_with_what_they_follow_from(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin("loud", derive_records=upper))
    with crm.session() as s:
        s.add(Customer(name="anna"))
    with crm.session() as s:
        assert [c.name for c in s.list(Customer)] == ["ANNA"]
    assert written(crm) == (1, 1, 1)


def test_derived_records_are_written_as_the_plugins(open_crm: OpenCrm) -> None:
    def tag(ctx: Any, call: RecordBatch) -> Iterator[Any]:
        for c in call.changes:
            if call.entity == "customer" and c.created:
                yield Tag(name=c.after.name)

    def rename(ctx: Any, call: RecordBatch) -> Iterator[Any]:
        if call.entity == "tag":
            for c in call.changes:
                yield Change(c.before, change(c.after, colour="red"))

    crm = open_crm(Plugin("tagger", derive_records=tag), Plugin("painter", derive_records=rename))
    with crm.session() as s:
        s.add(Customer(name="anna"))
    with crm.session() as s:
        assert [(t.name, t.colour) for t in s.list(Tag)] == [("anna", "red")]
        by = {entry.entity: entry.plugin for entry in s.list(AuditEntry)}
    # Who brought a record into the flush stands in its entry, whoever else had a hand in it.
    assert by == {"customer": "", "tag": "tagger"}


def test_rules_answer_one_another_until_nothing_follows(open_crm: OpenCrm) -> None:
    def grow(ctx: Any, call: RecordBatch) -> list[Any]:
        if call.entity != "customer":
            return []
        return [change(c.after, nickname=c.after.nickname + "x") for c in call.changes if len(c.after.nickname) < 4]

    plugin = Plugin("growing", derive_records=grow)
    crm = open_crm(plugin)
    anna = Customer(name="anna")
    with crm.session() as s:
        s.add(anna)
    with crm.session() as s:
        assert s.get(Customer, anna.id).nickname == "xxxx"
    assert plugin.entities() == ["customer"] * 5
    assert written(crm) == (1, 1, 1)


def test_rules_that_never_agree_are_named(open_crm: OpenCrm) -> None:
    def say(word: str) -> Any:
        def rule(ctx: Any, call: RecordBatch) -> list[Any]:
            others = [c.after for c in call.changes if c.after.nickname != word]
            return [change(record, nickname=word) for record in others]

        return rule

    crm = open_crm(Plugin("hot", derive_records=say("hot")), Plugin("cold", derive_records=say("cold")))
    error = fails(crm, Customer(name="anna"))
    assert isinstance(error, HookLoop)
    assert {"cold:customer.nickname", "hot:customer.nickname"} == set(error.cycle)


def test_rules_get_one_batch_for_each_flush_and_entity(open_crm: OpenCrm) -> None:
    plugin = Plugin("watching", derive_records=lambda ctx, call: [], guard_records=lambda ctx, call: None)
    crm = open_crm(plugin)
    people = [Customer(name=f"c{n}") for n in range(50)]
    with crm.session() as s:
        s.add(*people, *(Tag(name=str(n)) for n in range(3)))
    sizes = [(hook, call.entity, call.size) for hook, call in plugin.calls]
    assert sorted(sizes) == [
        ("derive_records", "customer", 50),
        ("derive_records", "tag", 3),
        ("guard_records", "customer", 50),
        ("guard_records", "tag", 3),
    ]
    assert all(c.created and c.changed("name") for _, call in plugin.calls for c in call.changes)


def test_rules_see_before_and_after(open_crm: OpenCrm) -> None:
    plugin = Plugin("watching", guard_records=lambda ctx, call: None)
    crm = open_crm(plugin)
    anna = Customer(name="anna")
    with crm.session() as s:
        s.add(anna)
    with crm.session() as s:
        s.update(change(s.get(Customer, anna.id), name="anne"))
    with crm.session() as s:
        s.delete(s.get(Customer, anna.id))
    created, updated, deleted = (call.changes[0] for _, call in plugin.calls)
    assert (created.before, created.created, created.deleted) == (None, True, False)
    assert (updated.before.name, updated.after.name, updated.changed("name")) == ("anna", "anne", True)
    assert (updated.changed("industry"), updated.created, updated.deleted) == (False, False, False)
    assert (deleted.deleted, deleted.changed("deleted_at"), deleted.changed("name")) == (True, True, False)


def test_rules_for_some_entities_are_asked_for_those_alone(open_crm: OpenCrm) -> None:
    class OnlyTags:
        manifest = Manifest(name="only_tags")
        asked: list[str] = []  # noqa: RUF012

        @hookimpl(entities=("tag",))
        def guard_records(self, ctx: Any, call: RecordBatch) -> None:
            self.asked.append(call.entity)

    crm = open_crm(OnlyTags())
    with crm.session() as s:
        s.add(Customer(name="x"), Tag(name="x"))
    assert OnlyTags.asked == ["tag"]


def test_what_rules_return_is_validated_too(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin("wrong", derive_records=lambda ctx, call: [change(call.changes[0].after, country="XX")]))
    error = fails(crm, Customer(name="anna"))
    assert isinstance(error, ValidationFailed)
    assert [e.path for e in error.errors] == ["customer.country"]


def test_rules_can_count_on_types(open_crm: OpenCrm) -> None:
    plugin = Plugin("loud", derive_records=upper)
    error = fails(open_crm(plugin), Customer(name=5))  # type: ignore[arg-type]
    assert isinstance(error, ValidationFailed)
    assert plugin.calls == []


def test_rules_read_and_see_pending_records_without_flushing(open_crm: OpenCrm) -> None:
    seen: list[Any] = []

    def look(ctx: Any, call: RecordBatch) -> list[Any]:
        if call.entity == "contact_point":
            seen.append([ctx.session.peek(Customer, c.after.customer_id).name for c in call.changes])
            seen.append(sorted(c.name for c in ctx.session.peek_all(Customer)))
        return []

    crm = open_crm(Plugin("looking", derive_records=look))
    with crm.session() as s:
        s.add(Customer(name="known"))
        s.flush()
        anna = Customer(name="anna")
        s.add(anna, ContactPoint(customer_id=anna.id, kind="url", value="https://example.com"))
    assert seen[:2] == [["anna"], ["anna", "known"]]


# -- guard ------------------------------------------------------------------------------------------------------------


def test_a_refusal_names_plugin_and_reason_and_nothing_is_written(open_crm: OpenCrm) -> None:
    def refuse(ctx: Any, call: RecordBatch) -> Refuse:
        return Refuse(msg("{name} is on the list", name=call.changes[0].after.name), call.changes[0].after.id)

    error = fails(open_crm(Plugin("bouncer", guard_records=refuse)), Customer(name="anna"))
    assert isinstance(error, Refused)
    assert (error.plugin, str(error.reason)) == ("bouncer", "anna is on the list")


def test_guards_see_the_final_and_valid_data(open_crm: OpenCrm) -> None:
    seen: list[str] = []

    def note(ctx: Any, call: RecordBatch) -> None:
        seen.extend(c.after.name for c in call.changes)

    crm = open_crm(Plugin("guarding", guard_records=note), Plugin("loud", derive_records=upper))
    with crm.session() as s:
        s.add(Customer(name="anna"))
        s.flush()
        s.add(Customer(name=""))
        with pytest.raises(ValidationFailed):
            s.flush()
        s.rollback()
    assert seen == ["ANNA"]


def test_the_core_guards_relations(crm: Crm) -> None:
    one, two = Customer(name="one"), Customer(name="two")
    firm = Customer(kind="organization", name="firm")
    with crm.session() as s:
        s.add(one, two, firm, CustomerRelation(from_id=one.id, to_id=two.id, type="referred_by"))
    cases = [
        (CustomerRelation(from_id=two.id, to_id=one.id, type="referred_by"), "in a circle over 2 customers"),
        (CustomerRelation(from_id=one.id, to_id=one.id, type="supplier_of"), "cannot be supplier_of itself"),
        (CustomerRelation(from_id=firm.id, to_id=one.id, type="employed_by"), "firm is of kind organization"),
        (CustomerRelation(from_id=one.id, to_id=firm.id, type="knows"), "no relation type knows; known: dealer_of"),
    ]
    for relation, reason in cases:
        with crm.session() as s:
            s.add(relation)
            with pytest.raises(Refused, match=reason):
                s.flush()
            s.rollback()


# -- plugins that raise -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["derive_records", "guard_records"])
def test_a_plugin_that_raises_is_named_and_nothing_is_written(open_crm: OpenCrm, hook: str) -> None:
    def broken(ctx: Any, call: RecordBatch) -> Any:
        raise KeyError("colour")

    error = fails(open_crm(Plugin("broken", **{hook: broken})), Customer(name="anna"))
    assert isinstance(error, PluginError)
    assert (error.plugin, error.hook) == ("broken", hook)
    assert isinstance(error.__cause__, KeyError)


@pytest.mark.parametrize(
    ("hook", "answer"),
    [
        ("derive_records", 5),
        ("derive_records", ["a text"]),
        ("derive_records", [None]),
        ("guard_records", ["no"]),
        ("guard_records", True),
    ],
)
def test_a_plugin_that_answers_nonsense_is_named(open_crm: OpenCrm, hook: str, answer: Any) -> None:
    error = fails(open_crm(Plugin("odd", **{hook: lambda ctx, call: answer})), Customer(name="anna"))
    assert isinstance(error, PluginError)
    assert (error.plugin, error.hook) == ("odd", hook)


def test_an_expected_error_of_a_plugin_stays_itself_with_a_note(open_crm: OpenCrm) -> None:
    def broken(ctx: Any, call: RecordBatch) -> Any:
        return ctx.session.peek(Customer, call.changes[0].after.id).nothing or ctx.session.get(User, "no id")

    def get(ctx: Any, call: RecordBatch) -> Any:
        return [ctx.session.get(User, call.changes[0].after.id)]

    assert isinstance(fails(open_crm(Plugin("a", derive_records=broken)), Customer(name="x")), PluginError)
    error = fails(open_crm(Plugin("b", derive_records=get)), Customer(name="x"))
    assert error.code == "not_found"
    assert error.__notes__ == ["raised by plugin b in hook derive_records"]


def test_what_the_core_finds_wrong_names_no_plugin(crm: Crm) -> None:
    customer = Customer(name="Anna")
    error = fails(crm, customer, ContactPoint(customer_id=customer.id, kind="phone", value="no number"))
    assert "contact_point.value" in str(error)
    assert getattr(error, "__notes__", []) == []


# -- start-up and order -----------------------------------------------------------------------------------------------


def test_a_misspelt_hook_stops_start_up(open_crm: OpenCrm) -> None:
    with pytest.raises((PluginsBroken, ConfigError), match=r"derive_record.*did you mean derive_records"):
        open_crm(Plugin("typo", derive_record=lambda ctx, call: []))


def test_a_hook_for_an_unknown_entity_stops_start_up(open_crm: OpenCrm) -> None:
    class Typo:
        manifest = Manifest(name="typo")

        @hookimpl(entities=("custmer",))
        def guard_records(self, ctx: Any, call: RecordBatch) -> None: ...

    with pytest.raises(ConfigError, match="there is no entity custmer; did you mean customer"):
        open_crm(Typo())


@pytest.mark.parametrize("given", [("zoo", "ant", "bee"), ("bee", "zoo", "ant")])
@pytest.mark.parametrize("configured", [(), ("zoo", "ant")])
def test_the_order_of_calls_does_not_depend_on_how_plugins_were_given(
    open_crm: OpenCrm, given: tuple[str, ...], configured: tuple[str, ...]
) -> None:
    called: list[str] = []

    def note(name: str) -> Any:
        return lambda ctx, call: called.append(ctx.plugin)

    crm = open_crm(*(Plugin(name, guard_records=note(name)) for name in given), config={"order": list(configured)})
    with crm.session() as s:
        s.add(Customer(name="x"))
    assert called == (["bee", "zoo", "ant"] if configured else ["ant", "bee", "zoo"])


def test_two_crms_in_one_process_share_nothing(open_crm: OpenCrm) -> None:
    loud = open_crm(Plugin("loud", derive_records=upper), tenant="loud", url="sqlite://")
    quiet = open_crm(tenant="quiet", url="sqlite://")
    for crm in (loud, quiet):
        with crm.session() as s:
            s.add(Customer(name="anna"))
    names = []
    for crm in (loud, quiet):
        with crm.session(reads=True) as s:
            names.append([c.name for c in s.list(Customer)])
    assert names == [["ANNA"], ["anna"]]


def test_tracing_is_off_until_asked_for_and_off_again(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin("loud", derive_records=upper))
    traces: list[HookTrace] = []

    def save() -> list[tuple[str, str, str, int]]:
        traces.clear()
        with crm.session() as s:
            s.add(Customer(name="anna"))
        return [(t.plugin, t.hook, t.outcome, t.size) for t in traces if t.plugin == "loud"]

    assert save() == []
    crm.hooks.trace(traces.append)
    assert save() == [("loud", "derive_records", "value", 1)] * 2
    crm.hooks.trace(None)
    assert save() == []


def test_each_plugin_has_its_own_context(open_crm: OpenCrm) -> None:
    seen: dict[str, Any] = {}

    def note(ctx: Any, call: RecordBatch) -> None:
        seen[ctx.plugin] = (ctx, ctx.actor.name, ctx.clock.now(), ctx.locale, ctx.config)

    crm = open_crm(Plugin("one", guard_records=note), Plugin("two", guard_records=note))
    with crm.session() as s:
        s.add(Customer(name="x"))
    assert sorted(seen) == ["one", "two"]
    assert seen["one"][0] is not seen["two"][0]
    assert seen["one"][1:] == ("system", crm.clock.now(), "en", None)


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_hook_of_a_save_does_not_end_the_transaction(open_crm: OpenCrm, ending: str) -> None:
    crm = open_crm(Plugin("hasty", guard_records=lambda ctx, call: getattr(ctx.session, ending)()))
    error = fails(crm, Customer(name="Anna"))
    assert "does not call add, update, delete, commit or rollback" in str(error)
    assert written(crm) == (0, 0, 0)
