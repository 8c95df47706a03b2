"""Where plugins come from, and in which order they are there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import attrs
import pytest

from crmkit.core.errors import ConfigError
from crmkit.hooks.contexts import Contexts
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.run import run_register
from crmkit.hooks.setup import Permission, Setup
from crmkit.plugin import HookKind, Manifest, hookimpl, hookspec
from crmkit.plugin import Permission as Right
from crmkit.runtime.config import load_config
from crmkit.runtime.plugins import LoadedPlugin, LoadedPlugins, load_plugins, register_all
from crmkit.runtime.sources import installed_plugin_names
from tests.runtime.packages import Site

GREETER = """
    from crmkit.plugin import Manifest, Permission, hookimpl, msg

    manifest = Manifest(name="{name}", requires={requires})

    @hookimpl
    def register_permissions():
        return [Permission("{name}.use", msg("Use it"))]
"""


def greeter(name: str, *requires: str) -> str:
    return GREETER.format(name=name, requires=requires)


def loaded(given: Any = (), **settings: Any) -> LoadedPlugins:
    return load_plugins(load_config(settings, {}), given)


def names(plugins: LoadedPlugins) -> list[str]:
    return [plugin.name for plugin in plugins.plugins]


def with_manifest(name: str, **options: Any) -> SimpleNamespace:
    return SimpleNamespace(manifest=Manifest(name=name, **options))


# -- installed distributions -----------------------------------------------------------------------------------------


def test_installed_plugins_are_found_without_importing_them(site: Site) -> None:
    site.install("crmkit-zoo", {"zoo": "zoo_plugin"}, zoo_plugin="raise RuntimeError('imported')")
    site.install("crmkit-ark", {"ark": "ark_plugin"}, ark_plugin="raise RuntimeError('imported')")
    found = [name for name in installed_plugin_names() if name in ("zoo", "ark")]
    assert found == ["ark", "zoo"]
    assert "zoo_plugin" not in sys.modules


def test_installed_plugins_are_loaded_when_nothing_is_asked_for(site: Site) -> None:
    site.install("crmkit-zoo", {"zoo": "zoo_plugin"}, "2.5", zoo_plugin=greeter("zoo"))
    plugins = loaded(None)
    zoo = plugins.get("zoo")
    assert (zoo.distribution, zoo.version, zoo.source) == ("crmkit-zoo", "2.5", "entry point")
    assert zoo.plugin is sys.modules["zoo_plugin"]
    assert zoo.config is None


def test_one_distribution_may_offer_several_plugins_and_objects(site: Site) -> None:
    source = """
        from crmkit.plugin import Manifest

        class Part:
            def __init__(self, name):
                self.crmkit_manifest = Manifest(name=name, version="9")

        one, two = Part("one"), Part("two")
    """
    site.install("crmkit-twins", {"two": "twins:two", "one": "twins:one"}, twins=source)
    plugins = loaded(["two", "one"])
    assert names(plugins) == ["one", "two"]
    assert {plugin.version for plugin in plugins.plugins} == {"9"}


def test_a_disabled_plugin_is_not_even_imported(site: Site) -> None:
    site.install("crmkit-zoo", {"zoo": "zoo_plugin"}, zoo_plugin="raise RuntimeError('imported')")
    plugins = loaded(None, disable=["zoo"], plugins={"zoo": {"cages": 3}})
    assert "zoo" not in names(plugins)
    assert "zoo_plugin" not in sys.modules
    assert plugins.disabled == ("zoo",)
    assert plugins.active(["ark", "zoo"]) == ("ark",)


def test_two_distributions_with_one_plugin_name_are_both_named(site: Site) -> None:
    site.install("crmkit-zoo", {"zoo": "zoo_plugin"}, zoo_plugin=greeter("zoo"))
    site.install("other-zoo", {"zoo": "other_plugin"}, other_plugin=greeter("zoo"))
    for given in (None, ["zoo"]):
        with pytest.raises(
            ConfigError, match=r"two plugins are called zoo: from (crmkit|other)-zoo .* and from (crmkit|other)-zoo"
        ):
            loaded(given)


def test_a_real_program_finds_installed_plugins(site: Site) -> None:
    site.install("crmkit-zoo", {"zoo": "zoo_plugin"}, zoo_plugin=greeter("zoo"))
    program = (
        f"import sys; sys.path.insert(0, {str(site.folder)!r})\n"
        "from crmkit.runtime.config import load_config\n"
        "from crmkit.runtime.plugins import load_plugins\n"
        "print([p.name for p in load_plugins(load_config(None, {})).plugins if p.name == 'zoo'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['zoo']"


# -- what a program gives --------------------------------------------------------------------------------------------


class LoyaltyPoints:
    pass


def test_modules_objects_and_names_can_be_given(site: Site) -> None:
    site.install(
        "crmkit-zoo",
        {"zoo": "zoo_plugin"},
        zoo_plugin=greeter("zoo"),
        acme__crm="plain = 1",
        acme__other=greeter("sea"),
    )
    module = ModuleType("somewhere.my_module")
    plugins = loaded([module, LoyaltyPoints(), with_manifest("named"), "zoo", "acme.crm", "acme.other"])
    assert names(plugins) == ["crm", "loyalty_points", "my_module", "named", "sea", "zoo"]
    assert [plugin.source for plugin in plugins.plugins] == ["given"] * 5 + ["entry point"]
    assert plugins.get("crm").distribution == "acme.crm"
    assert plugins.get("my_module").manifest == Manifest(name="my_module")
    assert plugins.get("loyalty_points").distribution == __name__


def test_an_empty_list_means_no_plugin(site: Site) -> None:
    site.install("crmkit-zoo", {"zoo": "zoo_plugin"}, zoo_plugin=greeter("zoo"))
    assert loaded([]) == LoadedPlugins()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("zo", r"there is no plugin or module zo; did you mean zoo\?"),
        ("no_such_package.plugin", r"there is no plugin or module no_such_package\.plugin; "),
        ("acme.nothing", r"there is no plugin or module acme\.nothing; "),
        ("", "there is no plugin or module ; "),
        (".relative", r"there is no plugin or module \.relative; "),
    ],
)
def test_an_unknown_name_gets_a_hint(site: Site, name: str, message: str) -> None:
    site.install("crmkit-zoo", {"zoo": "zoo_plugin"}, zoo_plugin=greeter("zoo"), acme__crm="")
    with pytest.raises(ConfigError, match=message):
        loaded([name])


def test_a_class_is_refused_with_the_way_out() -> None:
    with pytest.raises(
        ConfigError, match=r"plugin LoyaltyPoints is a class; give an instance of it: LoyaltyPoints\(\)"
    ):
        loaded([LoyaltyPoints])


def test_two_objects_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two plugins are called loyalty_points"):
        loaded([LoyaltyPoints(), LoyaltyPoints()])


# -- files -----------------------------------------------------------------------------------------------------------


def test_a_file_in_the_folder_is_a_plugin(tmp_path: Path) -> None:
    folder = tmp_path / "extras"
    folder.mkdir()
    (folder / "sea.py").write_text("from crmkit.plugin import Manifest\nmanifest = Manifest(name='sea', version='3')\n")
    (folder / "bare.py").write_text("# -*- coding: latin-1 -*-\nname = '\xe9'\n", "latin-1")
    (folder / "_shared.py").write_text("raise RuntimeError('not a plugin')\n")
    (folder / "notes.txt").write_text("nothing\n")
    (tmp_path / "crmkit.toml").write_text("plugin_folder = 'extras'\n")
    plugins = load_plugins(load_config(tmp_path / "crmkit.toml", {}), ())
    assert names(plugins) == ["bare", "sea"]
    sea = plugins.get("sea")
    assert (sea.source, sea.version, sea.distribution) == ("file", "3", str(folder / "sea.py"))
    assert plugins.get("bare").plugin.name == "\xe9"  # type: ignore[attr-defined]
    assert sorted(path.name for path in folder.iterdir()) == ["_shared.py", "bare.py", "notes.txt", "sea.py"]


def test_two_applications_run_a_file_each_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "counter.py"
    path.write_text(
        "from __future__ import annotations\n"
        "import attrs\n"
        "from crmkit.plugin import Manifest, Record, entity, field\n"
        "@attrs.frozen\nclass Settings:\n    step: int = 1\n"
        "manifest = Manifest(name='counter', config=Settings)\n"
        "@entity('counter_entry')\nclass Entry(Record):\n    name: str = field()\n"
        "seen: list[int] = []\n"
    )
    first = loaded(plugin_folder=str(tmp_path), plugins={"counter": {"step": 2}})
    second = loaded(plugin_folder=str(tmp_path), plugins={"counter": {"step": 3}})
    one: Any = first.get("counter").plugin
    two: Any = second.get("counter").plugin
    one.seen.append(1)
    assert two.seen == []
    assert one.Entry is not two.Entry
    assert (first.get("counter").config.step, second.get("counter").config.step) == (2, 3)
    path.write_text(path.read_text().replace("step: int = 1", "step: int = 5"))
    assert loaded(plugin_folder=str(tmp_path)).get("counter").config.step == 5
    first.close()
    assert one.__name__ not in sys.modules
    assert sys.modules[two.__name__] is two
    second.close()
    first.close()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"plugin_folder .*nowhere: there is no such folder"):
        loaded(plugin_folder=str(tmp_path / "nowhere"))


def test_a_file_cannot_take_the_name_of_another_plugin(tmp_path: Path) -> None:
    (tmp_path / "sea.py").write_text("")
    with pytest.raises(ConfigError, match=r"two plugins are called sea: from .* \(given\) and from .*sea\.py \(file\)"):
        loaded([with_manifest("sea")], plugin_folder=str(tmp_path))


# -- names in the configuration --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"plugins": {"loyalti": {}}}, r"plugins: there is no plugin loyalti; did you mean loyalty\?"),
        ({"disable": ["loyalti"]}, r"disable: there is no plugin loyalti; did you mean loyalty\?"),
    ],
)
def test_names_of_the_configuration_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loaded([with_manifest("loyalty")], **settings)


def test_a_section_for_an_installed_plugin_that_is_not_used_is_fine(site: Site) -> None:
    site.install("crmkit-zoo", {"zoo": "zoo_plugin"}, zoo_plugin=greeter("zoo"))
    assert names(loaded([with_manifest("sea")], plugins={"zoo": {"cages": 1}}, disable=["zoo"])) == ["sea"]


# -- order and registration ------------------------------------------------------------------------------------------


def test_the_order_does_not_depend_on_that_of_the_list() -> None:
    given = [with_manifest("c"), with_manifest("a", requires=("d",)), with_manifest("d"), with_manifest("b")]
    assert names(loaded(given)) == names(loaded(given[::-1])) == ["b", "c", "d", "a"]
    assert names(loaded(given, order=["c", "b"])) == ["c", "b", "d", "a"]


def test_registered_plugins_are_called(site: Site) -> None:
    site.install("crmkit-zoo", {"zoo": "zoo_plugin"}, zoo_plugin=greeter("zoo", "ark"), ark_plugin=greeter("ark"))
    plugins = loaded(["zoo", "ark_plugin"])
    hooks = Hooks()
    register_all(hooks, plugins)
    hooks.check()
    found = run_register(
        hooks.caller("register_permissions"),
        Contexts(lambda name: SimpleNamespace(plugin=name)),
        Setup(),
        of=Permission,
        key=lambda permission: permission.id,
        distribution=hooks.distribution,
    )
    assert [(plugin, permission.id) for plugin, permission in found] == [("ark", "ark.use"), ("zoo", "zoo.use")]
    assert [(plugin.name, plugin.distribution) for plugin in hooks.plugins] == [
        ("ark", "ark_plugin"),
        ("zoo", "crmkit-zoo"),
    ]


class PageSpecs:
    @hookspec(kind=HookKind.REGISTER, since="1.0")
    def register_boards(self, ctx: Any, call: Any) -> list[Any]:
        """Return pages."""
        raise NotImplementedError


class Pages:
    manifest = Manifest(name="a_user_of_pages", requires=("web",))

    @hookimpl
    def register_boards(self) -> list[Right]:
        return []


def test_a_plugin_may_offer_hooks_to_others() -> None:
    plugins = loaded([Pages(), with_manifest("web", specs=(PageSpecs,))])
    hooks = Hooks()
    register_all(hooks, plugins)
    hooks.check()
    assert hooks.order("register_boards") == ["a_user_of_pages"]


def test_an_unknown_plugin_is_asked_for_in_vain() -> None:
    plugins = loaded([with_manifest("loyalty")])
    assert isinstance(plugins.get("loyalty"), LoadedPlugin)
    with pytest.raises(ConfigError, match=r"no plugin loyalti is active; did you mean loyalty\?"):
        plugins.get("loyalti")


# -- configuration of plugins ----------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Programme:
    name: str
    rate: int = attrs.field(default=1, validator=attrs.validators.ge(0))


@attrs.frozen(kw_only=True)
class Settings:
    programmes: tuple[Programme, ...] = ()
    rates: dict[str, float] = attrs.field(factory=dict)
    limit: int | None = None


LOYALTY = with_manifest("loyalty", config=Settings)


def test_a_plugin_gets_its_own_section_as_its_own_class() -> None:
    section = {"programmes": [{"name": "gold", "rate": 3}], "rates": {"EUR": 1, "JPY": 0.5}, "limit": 7}
    config = loaded([LOYALTY], plugins={"loyalty": section}).get("loyalty").config
    assert config == Settings(programmes=(Programme(name="gold", rate=3),), rates={"EUR": 1.0, "JPY": 0.5}, limit=7)
    assert loaded([LOYALTY]).get("loyalty").config == Settings()
    assert loaded([LOYALTY], plugins={"loyalty": Settings(limit=2)}).get("loyalty").config == Settings(limit=2)


def test_the_environment_reaches_into_sections() -> None:
    environ = {"CRMKIT__PLUGINS__LOYALTY__LIMIT": "12", "CRMKIT__plugins__loyalty__rates": "{EUR = 2.5}"}
    plugins = load_plugins(load_config(None, environ), [LOYALTY])
    assert plugins.get("loyalty").config == Settings(limit=12, rates={"EUR": 2.5})


def test_every_wrong_setting_of_a_plugin_is_named() -> None:
    section = {"programmes": [{"rate": -1, "nmae": 1}, {"name": "x", "rate": -1}], "rates": {"EUR": "x"}, "limit": 1.5}
    with pytest.raises(ConfigError) as caught:
        loaded([LOYALTY], plugins={"loyalty": section})
    text = str(caught.value)
    for part in (
        "plugin loyalty (types): ",
        "plugins.loyalty.programmes[0].name: (empty) - a value; this setting is required",
        "plugins.loyalty.programmes[0].nmae: “nmae” - no such setting; did you mean name?",
        "plugins.loyalty.programmes[1].rate: “-1” - 'rate' must be >= 0: -1",
        "plugins.loyalty.rates.EUR: “x” - a number such as 0.05",
        "plugins.loyalty.limit: “1.5” - a whole number",
    ):
        assert part in text


def test_a_section_that_is_no_table_or_not_wanted_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"plugins\.loyalty: “3” - a table of settings"):
        loaded([LOYALTY], plugins={"loyalty": 3})
    with pytest.raises(ConfigError, match=r"it has no settings, but configuration has a section plugins\.sea"):
        loaded([with_manifest("sea")], plugins={"sea": {"depth": 3}})
    assert names(loaded([with_manifest("sea")], plugins={"sea": {}})) == ["sea"]
