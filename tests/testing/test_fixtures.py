"""The fixtures that give a CRM and fill it. Here ``crm`` is that of ``tests/conftest.py``, on SQLite and PostgreSQL."""

from __future__ import annotations

import ast
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import AccessDenied, ConfigError, CrmError, ValidationFailed
from crmkit.core.staff import Team
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.testing import plugin as kit
from crmkit.testing.hook_calls import HookCalls
from crmkit.testing.making import AsUser, MakeCrm, MakeCustomer


class Shout:
    """Writes names in capitals."""

    @hookimpl(entities=("customer",))
    def derive_records(self, call: Any) -> list[Any]:
        from crmkit.core.entity import change

        return [change(c.record, name=c.record.name.upper()) for c in call.changes if not c.record.name.isupper()]


def test_the_plugin_imports_nothing_but_pytest_and_what_python_brings() -> None:
    tree = ast.parse(Path(kit.__file__).read_text(encoding="utf-8"))
    names = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} - sys.stdlib_module_names == {"pytest"}


# -- make_crm ---------------------------------------------------------------------------------------------------------


def test_a_crm_is_in_memory_without_plugins_and_on_the_clock_of_the_test(make_crm: MakeCrm, clock: FixedClock) -> None:
    crm = make_crm()
    assert crm.database.in_memory
    assert [plugin.name for plugin in crm.hooks.plugins] == ["crmkit"]
    assert crm.clock is clock
    assert make_crm(clock=(other := FixedClock(datetime(2020, 1, 1, tzinfo=UTC)))).clock is other


def test_crms_share_nothing(make_crm: MakeCrm) -> None:
    first, second = make_crm(), make_crm()
    MakeCustomer(first)()
    with first.session() as session:
        assert session.count(Customer) == 1
    with second.session() as session:
        assert session.count(Customer) == 0


def test_a_crm_has_the_plugins_and_the_configuration_it_is_given(make_crm: MakeCrm, tmp_path: Path) -> None:
    file = tmp_path / "crmkit.toml"
    file.write_text('timezone = "Asia/Shanghai"\n', encoding="utf-8")
    crm = make_crm(plugins=[Shout()], config={"currency": "CNY"})
    assert crm.config.currency == "CNY"
    assert MakeCustomer(crm)(name="Acme").name == "ACME"
    assert [make_crm(config=given).config.timezone for given in (file, str(file))] == ["Asia/Shanghai"] * 2


def test_variables_of_the_machine_do_not_count_but_those_that_the_configuration_names_do(
    make_crm: MakeCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRMKIT_DB", "sqlite:////nowhere/at/all.db")
    monkeypatch.setenv("CRMKIT__plugins__shout__volume", "11")
    monkeypatch.setenv("VOLUME", "12")
    crm = make_crm(plugins=[Shout()])
    assert crm.database.in_memory
    assert not crm.config.plugins
    assert make_crm().config.around.environ["VOLUME"] == "12"


def test_a_crm_may_be_on_a_database_of_its_own(make_crm: MakeCrm, database_url: str) -> None:
    MakeCustomer(make_crm(url=database_url))(name="Acme")
    with make_crm(config={"db": database_url}).session() as session:
        assert [customer.name for customer in session.list(Customer)] == ["Acme"]


def test_crms_are_closed_after_the_test(clock: FixedClock, sqlite_url: str) -> None:
    make = MakeCrm(clock)
    crms = [make(), make(url=sqlite_url)]
    make.close()
    for crm in crms:
        with pytest.raises(CrmError, match="this CRM is closed"):
            crm.submit(object())


# -- make_customer ----------------------------------------------------------------------------------------------------


def test_customers_need_no_words_and_differ(crm: Crm, make_customer: MakeCustomer) -> None:
    first, second = make_customer(), make_customer()
    assert (first.kind, first.version) == ("organization", 1)
    assert first.name != second.name
    with crm.session() as session:
        assert session.get(Customer, first.id) == first


def test_customers_are_as_they_are_described(make_customer: MakeCustomer) -> None:
    acme = make_customer(name="Acme", country="DE", employees=12)
    assert (acme.name, acme.country, acme.employees) == ("Acme", "DE", 12)
    ada = make_customer(given_name="Ada", family_name="Lovelace")
    assert (ada.kind, ada.name) == ("person", "Ada Lovelace")


def test_customers_can_be_reached(crm: Crm, make_customer: MakeCustomer) -> None:
    made = make_customer(email="Office@Acme.example", phone="+49 30 901820")
    with crm.session() as session:
        points = session.list(ContactPoint, customer_id=made.id)
    assert sorted((p.kind, p.normalized) for p in points) == [
        ("email", "office@acme.example"),
        ("phone", "+4930901820"),
    ]


def test_customers_of_a_session_go_with_it(crm: Crm, make_customer: MakeCustomer) -> None:
    with crm.session() as session:
        made = make_customer(session=session)
        assert session.get(Customer, made.id) == made
        session.rollback()
    with crm.session() as session:
        assert session.count(Customer) == 0


def test_a_field_that_does_not_exist_is_named(make_customer: MakeCustomer) -> None:
    with pytest.raises(ConfigError, match=r"customer has no field contry; did you mean country\?"):
        make_customer(contry="DE")


# -- postgres ---------------------------------------------------------------------------------------------------------


def test_a_crm_on_postgresql_is_empty_and_on_the_clock_of_the_test(postgres: Crm, clock: FixedClock) -> None:
    assert (postgres.database.dialect, postgres.clock) == ("postgresql", clock)
    assert MakeCustomer(postgres)().created_at == clock.now()
    with postgres.session() as session:
        assert session.count(Customer) == 1


# -- as_user ----------------------------------------------------------------------------------------------------------


def test_a_user_without_rights_sees_and_does_nothing(crm: Crm, make_customer: MakeCustomer, as_user: AsUser) -> None:
    made, nobody = make_customer(), as_user()
    with crm.session(nobody) as session:
        assert session.list(Customer) == []
    with pytest.raises(AccessDenied), crm.session(nobody) as session:
        session.add(Customer(kind="organization", name="Other"))
    with crm.session() as session:
        assert [customer.id for customer in session.list(Customer)] == [made.id]


@pytest.mark.parametrize("right", ["customer read own", {"entity": "customer", "action": "read", "scope": "own"}])
def test_a_user_sees_as_far_as_the_rights_reach(
    crm: Crm, make_customer: MakeCustomer, as_user: AsUser, right: Any
) -> None:
    anna = as_user(right, login="anna")
    mine, _ = make_customer(owner_id=anna.user_id), make_customer()
    with crm.session(anna) as session:
        assert [customer.id for customer in session.list(Customer)] == [mine.id]
    assert anna.name == "anna"


def test_users_of_one_team_share_it(crm: Crm, make_customer: MakeCustomer, as_user: AsUser) -> None:
    anna, bert = (as_user("customer read team", team="Sales") for _ in range(2))
    assert anna.team_id == bert.team_id is not None
    assert anna.user_id != bert.user_id
    make_customer(owner_id=bert.user_id, team_id=bert.team_id)
    with crm.session(anna) as session:
        assert session.count(Customer) == 1
    with crm.session() as session:
        (sales,) = session.list(Team)
    assert as_user(team=sales).team_id == sales.id


def test_a_user_has_the_fields_it_is_given(as_user: AsUser) -> None:
    actor = as_user("* * all", language="zh", timezone="Asia/Shanghai")
    assert (actor.language, actor.timezone) == ("zh", "Asia/Shanghai")


@pytest.mark.parametrize(
    ("right", "said"),
    [
        ("customer read", "right customer read: expected entity, action and scope, as in: customer read own"),
        ("customer read own please", "right customer read own please: expected"),
        ({"entity": "customer"}, "expected entity, action and scope"),
        ("custmer read own", "no entity custmer; did you mean customer?"),
        ("customer raed own", "“raed” - a known word; did you mean read?"),
        ("customer read mine", "“mine” - a known word"),
    ],
)
def test_a_right_that_does_not_exist_is_named(make_crm: MakeCrm, right: Any, said: str) -> None:
    with pytest.raises((ConfigError, ValidationFailed)) as caught:
        AsUser(make_crm())(right)
    assert said in str(caught.value)


# -- hook_trace -------------------------------------------------------------------------------------------------------


def test_calls_of_hooks_are_recorded(crm: Crm, make_customer: MakeCustomer, hook_trace: HookCalls) -> None:
    assert len(hook_trace) == 0
    with crm.session() as session:
        for _ in range(3):
            session.add(Customer(kind="organization", name="Acme"))
    assert [(call.plugin, call.size) for call in hook_trace.of("derive_records")] == [("crmkit", 3)]
    assert set(hook_trace) >= set(hook_trace.of(plugin="crmkit"))
    hook_trace.clear()
    assert hook_trace.calls == []
    make_customer()
    assert hook_trace.of("derive_records", plugin="crmkit") != []
    assert hook_trace.of("derive_records", plugin="shout") == []


def test_another_crm_is_watched_on_request_and_all_are_let_go(make_crm: MakeCrm) -> None:
    first, second = make_crm(), make_crm(plugins=[Shout()])
    calls = HookCalls(first)
    MakeCustomer(second)()
    assert calls.calls == []
    calls.watch(second)
    MakeCustomer(second)(name="Acme")
    assert [call.size for call in calls.of(plugin="shout")] == [1, 1]
    calls.stop()
    seen = len(calls)
    MakeCustomer(first)()
    MakeCustomer(second)()
    assert len(calls) == seen


def test_a_hook_that_does_not_exist_is_named(hook_trace: HookCalls) -> None:
    with pytest.raises(ConfigError, match=r"unknown hook derive_record: did you mean derive_records\?"):
        hook_trace.of("derive_record")
