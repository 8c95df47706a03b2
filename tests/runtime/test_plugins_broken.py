"""Broken plugins: each is named with the reason, and stops start-up or is left out."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.errors import ConfigError
from crmkit.hooks.dispatch import Hooks
from crmkit.plugin import HOOK_API, HookKind, Manifest, hookimpl, hookspec
from crmkit.runtime.config import load_config
from crmkit.runtime.plugin_faults import PluginsBroken
from crmkit.runtime.plugins import LoadedPlugins, load_plugins, register_all
from crmkit.runtime.requirements import unmet
from tests.runtime.packages import Site


def loaded(given: Any = (), **settings: Any) -> LoadedPlugins:
    return load_plugins(load_config(settings, {}), given)


def plugin(name: str, **options: Any) -> SimpleNamespace:
    return SimpleNamespace(manifest=Manifest(name=name, **options))


def reasons(given: Any = (), **settings: Any) -> dict[str, str]:
    """Return why each plugin is broken; the same must be said with and without quarantine."""
    with pytest.raises(PluginsBroken) as caught:
        loaded(given, **settings)
    quarantined = loaded(given, quarantine=True, **settings)
    assert [fault.message for fault in quarantined.broken] == [fault.message for fault in caught.value.broken]
    assert caught.value.lines() == [str(fault.message) for fault in quarantined.broken]
    assert not {fault.name for fault in quarantined.broken} & {kept.name for kept in quarantined.plugins}
    return {fault.name: str(fault.reason) for fault in quarantined.broken}


def test_each_broken_import_is_named_and_the_others_stay(site: Site) -> None:
    site.install(
        "crmkit-bad",
        {
            "bad": "bad_plugin",
            "worse": "worse_plugin",
            "gone": "gone_plugin",
            "lost": "good_plugin:lost",
            "quits": "quits_plugin",
        },
        bad_plugin="import math\n\nmath.sqrt(-1)\n",
        worse_plugin="def f(:\n",
        quits_plugin="raise SystemExit(3)",
        good_plugin="",
    )
    found = reasons(["bad", "worse", "gone", "lost", "quits", plugin("fine")])
    assert sorted(found) == ["bad", "gone", "lost", "quits", "worse"]
    assert (
        found["bad"] == f"cannot be imported: ValueError: math domain error ({site.folder / 'bad_plugin.py'}, line 3)"
    )
    assert found["worse"].startswith("cannot be imported: SyntaxError: ")
    assert "worse_plugin.py, line 1" in found["worse"]
    assert "ModuleNotFoundError: No module named 'gone_plugin'" in found["gone"]
    assert "AttributeError" in found["lost"]
    assert "SystemExit: 3" in found["quits"]
    plugins = loaded(["bad", plugin("fine")], quarantine=True)
    assert [kept.name for kept in plugins.plugins] == ["fine"]
    (fault,) = plugins.broken
    assert (fault.distribution, fault.source) == ("crmkit-bad", "entry point")
    assert isinstance(fault.error, ValueError)


def test_the_error_names_plugin_and_distribution_and_keeps_the_cause(site: Site) -> None:
    site.install("crmkit-bad", {"bad": "bad_plugin"}, bad_plugin="1 / 0")
    with pytest.raises(
        PluginsBroken, match=r"plugin bad \(crmkit-bad\): cannot be imported: ZeroDivisionError"
    ) as caught:
        loaded(None)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_module_that_misses_something_itself_is_broken_not_unknown(site: Site) -> None:
    site.install("x", {}, acme__crm="import no_such_library\n", broken_parent__inner="")
    (site.folder / "broken_parent" / "__init__.py").write_text("1 / 0")
    assert "No module named 'no_such_library'" in reasons(["acme.crm"])["crm"]
    assert "ZeroDivisionError" in reasons(["broken_parent.inner"])["inner"]


def test_a_broken_file_is_named_with_its_line_and_forgotten(tmp_path: Path) -> None:
    (tmp_path / "sea.py").write_text("x = 1\ny = x.nothing\n")
    (tmp_path / "Bad-Name.py").write_text("")
    (tmp_path / "old.py").write_text("manifest = 'no manifest'\n")
    (tmp_path / "fit.py").write_text("")
    (tmp_path / "async_hook.py").write_text(
        "from crmkit.plugin import hookimpl\n@hookimpl\nasync def register_permissions():\n    return []\n"
    )
    before = set(sys.modules)
    found = reasons(plugin_folder=str(tmp_path))
    assert f"({tmp_path / 'sea.py'}, line 2)" in found["sea"]
    assert found["Bad-Name"] == "plugin name 'Bad-Name': expected lower-case letters, digits and underscores"
    left = {sys.modules[name].__file__ for name in set(sys.modules) - before}
    assert left == {str(tmp_path / "fit.py")}
    assert len(set(sys.modules) - before) == 1


def test_ctrl_c_during_an_import_is_not_a_broken_plugin(tmp_path: Path) -> None:
    (tmp_path / "sea.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        loaded(plugin_folder=str(tmp_path), quarantine=True)


# -- manifests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "Loyalty"}, "plugin name 'Loyalty': expected lower-case letters"),
        ({"name": "crmkit"}, "plugin name crmkit is reserved"),
        ({"name": 3}, "plugin name 3: expected"),
        ({"name": "a", "hook_api": "1"}, "manifest of a: hook_api is '1', expected a number"),
        ({"name": "a", "hook_api": True}, "hook_api is True"),
        ({"name": "a", "hook_api": (2, 1)}, r"hook_api is \(2, 1\)"),
        ({"name": "a", "hook_api": (1,)}, "hook_api is"),
        ({"name": "a", "requires": "loyalty"}, "requires is 'loyalty', expected a tuple"),
        ({"name": "a", "requires": ("a",)}, "it requires itself"),
        ({"name": "a", "config": dict}, "expected an attrs class"),
        ({"name": "a", "config": 3}, "expected an attrs class"),
        ({"name": "a", "specs": (3,)}, "expected a tuple of classes"),
    ],
)
def test_a_wrong_manifest_is_refused_where_it_is_written(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Manifest(**options)


def test_a_manifest_of_another_kind_is_refused() -> None:
    found = reasons([SimpleNamespace(manifest={"name": "loyalty"})])
    assert found == {"simple_namespace": "its manifest is dict, expected crmkit.plugin.Manifest"}


def test_the_manifest_must_agree_with_the_entry_point_and_the_file(site: Site, tmp_path: Path) -> None:
    source = "from crmkit.plugin import Manifest\nmanifest = Manifest(name='loyalty')\n"
    site.install("crmkit-loyalty", {"points": "points_plugin"}, points_plugin=source)
    assert reasons(["points"])["points"] == "its manifest says loyalty, its entry point points; they must be the same"
    folder = tmp_path / "extras"
    folder.mkdir()
    (folder / "bonus.py").write_text(source)
    assert (
        reasons(plugin_folder=str(folder))["bonus"]
        == "its manifest says loyalty, its file bonus; they must be the same"
    )


def test_an_entry_point_to_a_class_is_refused(site: Site) -> None:
    site.install("crmkit-loyalty", {"loyalty": "loyalty_plugin:Loyalty"}, loyalty_plugin="class Loyalty: pass")
    assert reasons(["loyalty"])["loyalty"] == "it is a class; offer an instance of it: Loyalty()"


@pytest.mark.parametrize(
    ("hook_api", "message"),
    [
        (HOOK_API + 1, f"it is written for hook API {HOOK_API + 1}, this crmkit has {HOOK_API}; update crmkit"),
        ((HOOK_API + 1, HOOK_API + 3), f"it is written for hook API {HOOK_API + 1} - {HOOK_API + 3}, "),
    ],
)
def test_a_newer_hook_api_is_refused(hook_api: Any, message: str) -> None:
    assert reasons([plugin("old", hook_api=hook_api)])["old"].startswith(message)
    assert loaded([plugin("a", hook_api=(HOOK_API - 1, HOOK_API + 5))]).broken == ()


# -- hooks -----------------------------------------------------------------------------------------------------------


class Coroutine:
    @hookimpl
    async def register_permissions(self) -> list[Any]:
        return []


class Misspelt:
    @hookimpl
    def register_permisions(self) -> list[Any]:
        return []


class WrongArgument:
    @hookimpl
    def register_permissions(self, context: Any) -> list[Any]:
        return []


class Tolerant:
    @hookimpl(optionalhook=True)
    def register_from_the_future(self) -> list[Any]:
        return []


class Renamed:
    @hookimpl(specname="register_permissions")
    def rights(self) -> list[Any]:
        return []


class SomeSpecs:
    @hookspec(kind=HookKind.REGISTER, since="1.0")
    def register_permissions(self, ctx: Any, call: Any) -> list[Any]:
        """Return rights again."""
        raise NotImplementedError


def test_unfit_hooks_are_found_before_anything_is_registered() -> None:
    found = reasons([Coroutine(), Misspelt(), WrongArgument(), Tolerant(), Renamed()])
    assert sorted(found) == ["coroutine", "misspelt", "wrong_argument"]
    assert "hooks are synchronous" in found["coroutine"]
    assert found["misspelt"] == "there is no hook register_permisions; did you mean register_permissions?"
    assert "unknown argument context" in found["wrong_argument"]
    hooks = Hooks()
    register_all(hooks, loaded([Coroutine(), Misspelt(), Tolerant(), Renamed()], quarantine=True))
    hooks.check()
    assert hooks.order("register_permissions") == ["renamed"]


def test_a_hook_can_be_declared_only_once() -> None:
    found = reasons([plugin("web", specs=(SomeSpecs,))])
    assert found["web"] == "it declares hook register_permissions, which crmkit declares already"


# -- settings --------------------------------------------------------------------------------------------------------


@attrs.frozen
class Picky:
    rate: int = 1

    def __attrs_post_init__(self) -> None:
        if self.rate == 13:
            raise RuntimeError("unlucky")


@attrs.frozen
class Unfillable:
    thing: "NoSuchType" = None  # type: ignore[name-defined]  # noqa: F821, UP037


def test_wrong_settings_break_only_their_plugin() -> None:
    given = [plugin("one", config=Picky), plugin("two", config=Picky), plugin("three", config=Unfillable)]
    found = reasons(given, plugins={"one": {"rate": "x"}, "two": {"rate": 13}})
    assert found["one"] == "configuration: plugins.one.rate: “x” - a whole number"
    assert "unlucky" in found["two"]
    assert found["three"].startswith("its settings class Unfillable cannot be filled: NameError")


# -- requirements ----------------------------------------------------------------------------------------------------


def test_what_is_required_must_be_there(site: Site) -> None:
    site.install("crmkit-zoo", {"zoo": "zoo_plugin"}, zoo_plugin="")
    given = [plugin("a", requires=("loyalti",)), plugin("loyalty"), plugin("b", requires=("zoo",))]
    found = reasons(given)
    assert found["a"] == "it requires plugin loyalti, which is missing; did you mean loyalty?"
    assert found["b"] == "it requires plugin zoo, which is installed but was not asked for"
    assert reasons([plugin("c", requires=("zoo",))], disable=["zoo"]) == {
        "c": "it requires plugin zoo, which the configuration disables"
    }


def test_what_requires_a_broken_plugin_is_broken_too() -> None:
    given = [plugin("a", hook_api=99), plugin("b", requires=("a",)), plugin("c", requires=("b",)), plugin("d")]
    found = reasons(given)
    assert found["b"] == "it requires plugin a, which is broken"
    assert found["c"] == "it requires plugin b, which is broken"
    assert "d" not in found


def test_a_circle_is_shown() -> None:
    given = [plugin("a", requires=("b",)), plugin("b", requires=("c",)), plugin("c", requires=("a",)), plugin("d")]
    found = reasons(given)
    assert sorted(found) == ["a", "b", "c"]
    circle = found["a"].removeprefix("plugins require each other: ").split(" -> ")
    assert circle[0] == circle[-1]
    requires = {"a": "b", "b": "c", "c": "a"}
    assert [requires[name] for name in circle[:-1]] == circle[1:]


NAMES = "abcdefg"


@given(
    st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES + "x"), max_size=3)),
    st.sets(st.sampled_from(NAMES + "x"), max_size=2),
)
def test_what_is_left_is_closed_acyclic_and_as_much_as_possible(
    requires: dict[str, set[str]], broken: set[str]
) -> None:
    requires = {name: wanted - {name} for name, wanted in requires.items() if name not in broken}
    wrong = unmet(requires, NAMES, (), broken)
    assert set(wrong) <= set(requires)
    left = set(requires) - set(wrong)
    # Grown from nothing, one satisfied plugin at a time: what can be used at all is used, and nothing else.
    usable: set[str] = set()
    while more := {name for name in set(requires) - usable if requires[name] <= usable}:
        usable |= more
    assert left == usable
