"""The application object: opening, closing, acting, and two of them side by side."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.core.errors import ConfigError, CrmError, NotFound, SchemaOutdated
from crmkit.core.interaction import InteractionKind
from crmkit.core.messages import msg
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.setup import CommandDeclaration, Permission
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from tests.conftest import OpenCrm


class Shop:
    manifest = Manifest(name="shop")

    @hookimpl
    def register_interaction_kinds(self, ctx: Any, call: Any) -> list[InteractionKind]:
        return [InteractionKind("auction", "Auction", money="revenue", plugin="shop")]

    @hookimpl
    def register_permissions(self, ctx: Any, call: Any) -> list[Permission]:
        return [Permission("shop.refund", msg("Refund"))]

    @hookimpl
    def register_cli_commands(self, ctx: Any, call: Any) -> list[CommandDeclaration]:
        return [CommandDeclaration("shop", "shop.cli:shop", msg("Run the shop"))]


def test_a_crm_in_memory_is_ready_at_once_and_gone_when_closed() -> None:
    with Crm.open(plugins=[]) as crm:
        with crm.session() as s:
            s.add(Customer(name="Anna"))
        assert crm.database.in_memory
        assert crm.schema_state().state == "current"
    with Crm.open(plugins=[]) as crm, crm.session(reads=True) as s:
        assert s.count(Customer) == 0


def test_two_in_memory_are_two_databases(clock: FixedClock) -> None:
    with Crm.open(plugins=[], clock=clock) as one, Crm.open(plugins=[]) as two:
        with one.session() as s, two.session() as t:
            s.add(Customer(name="one"))
            t.add(Customer(name="two"))
        for crm, name in ((one, "one"), (two, "two")):
            with crm.session(reads=True) as s:
                assert [c.name for c in s.list(Customer)] == [name]
        assert one.clock is clock
        assert two.clock is not clock


def test_the_configuration_names_database_and_tenant(sqlite_url: str) -> None:
    config = {"db": sqlite_url, "tenant": "acme"}
    with Crm.open(plugins=[], config=config) as crm, crm.session() as s:
        assert crm.tenant == "acme"
        s.add(Customer(name="x"))
    with Crm.open(plugins=[], config=config) as crm, crm.session(reads=True) as s:
        assert s.count(Customer) == 1
    with Crm.open(plugins=[], config=config, tenant="other") as crm, crm.session(reads=True) as s:
        assert s.count(Customer) == 0


def test_what_plugins_register_is_known() -> None:
    with Crm.open(plugins=[Shop()]) as crm:
        assert crm.kinds["auction"].money == "revenue"
        assert crm.kinds["purchase"].money == "revenue"
        assert [permission.id for permission in crm.permissions] == ["shop.refund"]
        assert [command.name for command in crm.commands if command.name == "shop"] == ["shop"]
    with Crm.open(plugins=[]) as crm:
        assert "auction" not in crm.kinds


def test_kinds_of_two_plugins_with_one_name_name_both() -> None:
    class Other:
        manifest = Manifest(name="other")

        @hookimpl
        def register_interaction_kinds(self, ctx: Any, call: Any) -> list[InteractionKind]:
            return [InteractionKind("auction", "Auction")]

    with pytest.raises(ConfigError, match=r"'auction' is registered twice .* by other .* and by shop"):
        Crm.open(plugins=[Shop(), Other()])


def test_a_user_acts_under_its_login(crm: Crm) -> None:
    with crm.session() as s:
        s.add(User(login="anna", name="Anna", language="de"))
    actor = crm.actor("anna")
    assert (actor.name, actor.language, actor.timezone, actor.everything) == ("anna", "de", "UTC", False)
    with pytest.raises(NotFound, match="no active user ben"):
        crm.actor("ben")


def test_closing_twice_is_closing_once_and_nothing_works_after_it(open_crm: OpenCrm) -> None:
    crm = open_crm()
    crm.close()
    crm.close()
    with pytest.raises(CrmError, match="closed"), crm.session() as s:
        s.list(Customer)


def test_a_failed_opening_leaves_nothing_open(sqlite_url: str) -> None:
    with pytest.raises(SchemaOutdated):
        Crm.open(sqlite_url, plugins=[], create=False)
    with Crm.open(sqlite_url, plugins=[]) as crm, crm.session() as s:
        s.add(Customer(name="x"))
