"""Examining a plugin: all that is wrong is found, and nothing is said of what is right."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from crmkit.core.errors import BadInput
from crmkit.runtime.plugin_check import PluginReport, check_plugin
from crmkit.runtime.plugin_sources import plugins_at
from crmkit.runtime.sources import installed_plugins
from tests.runtime.packages import Site

GOOD = """
    from uuid import UUID
    from crmkit.plugin import Manifest, Own, Record, entity, field, hookimpl, msg, Permission

    manifest = Manifest(name="loyalty", version="1.2", summary="Points")

    @entity("loyalty_account", plural="loyalty_accounts", access=(Own(),))
    class Account(Record):
        name: str = field()

    @hookimpl
    def register_entities():
        return [Account]

    @hookimpl
    def guard_records(call):
        return None
"""


def file(folder: Path, source: str, name: str = "loyalty") -> Path:
    path = folder / f"{name}.py"
    path.write_text(dedent(source), "utf-8")
    return path


def report(path: Path) -> PluginReport:
    with plugins_at(path) as found:
        (candidate,) = found
        return check_plugin(candidate, [*installed_plugins(), *found])


def codes(found: PluginReport, level: str = "") -> list[str]:
    return [one.code for one in found.findings if level in ("", one.level.word)]


def test_a_good_plugin_is_right(tmp_path: Path) -> None:
    found = report(file(tmp_path, GOOD))
    assert (found.name, found.version, found.right) == ("loyalty", "1.2", True)
    assert codes(found) == ["right"]


def test_every_wrong_hook_is_found(tmp_path: Path) -> None:
    found = report(
        file(
            tmp_path,
            """
            from crmkit.plugin import Manifest, hookimpl

            manifest = Manifest(name="loyalty", version="1", summary="Points")

            @hookimpl
            def guard_records(ctx, batch): ...

            @hookimpl
            async def derive_records(ctx, call): ...

            @hookimpl
            def after_record_saved_committed(ctx, call): ...
            """,
        )
    )
    assert not found.right
    texts = [str(one.message) for one in found.findings if one.code == "bad_hook"]
    assert len(texts) == 3
    assert any("unknown argument batch; did you mean" in text or "unknown argument batch" in text for text in texts)
    assert any("hooks are synchronous" in text for text in texts)
    assert any("did you mean after_records_saved_committed?" in text for text in texts)


@pytest.mark.parametrize(
    ("source", "code", "text"),
    [
        ("import nothing_like_it", "import", "cannot be imported: ModuleNotFoundError"),
        ("manifest = 3", "manifest", "its manifest is int"),
        (
            'from crmkit.plugin import Manifest\nmanifest = Manifest(name="loyalty", hook_api=99)',
            "api",
            "it is written for hook API 99",
        ),
        (
            'from crmkit.plugin import Manifest\nmanifest = Manifest(name="loyalty", requires=("points",))',
            "missing",
            "it requires plugin points, which is not installed",
        ),
        (
            "from crmkit.plugin import *\n"
            '@entity("loyalty_account", plural="loyalty_accounts")\n'
            "class Account(Record):\n"
            '    customer_id: "UUID" = field(reference="customer")\n'
            "@hookimpl\n"
            "def register_entities(): return [Account]",
            "",
            "",
        ),
        (
            "from crmkit.plugin import CommandDeclaration, hookimpl, msg\n"
            "@hookimpl\n"
            "def register_cli_commands():\n"
            '    return [CommandDeclaration("points", f"{__name__}:points", msg("Points"))]',
            "command",
            "command points: cannot be imported: AttributeError",
        ),
    ],
    ids=["import", "manifest", "api", "requires", "policy", "command"],
)
def test_what_stops_a_plugin_is_an_error(tmp_path: Path, source: str, code: str, text: str) -> None:
    found = report(file(tmp_path, source))
    assert not found.right
    errors = [one for one in found.findings if one.level.word == "error"]
    if code:
        assert code in [one.code for one in errors]
    assert any(text in str(one.message) for one in errors)


def test_what_could_be_better_is_a_warning(tmp_path: Path) -> None:
    found = report(
        file(
            tmp_path,
            """
            from crmkit.plugin import Record, entity, field, hookimpl
            from crmkit.store.session import Session

            @entity("loyalty_account", plural="loyalty_accounts", access=())
            class Account(Record):
                email: str = field()

            @hookimpl
            def register_entities():
                return [Account]
            """,
        )
    )
    assert found.right
    warned = codes(found, "warning")
    assert {"no_version", "no_summary", "private", "no_access", "sensitivity"} <= set(warned)
    private = next(one for one in found.findings if one.code == "private")
    assert "loyalty.py, line 3: crmkit.store.session is no public part" in str(private.message)


def test_an_installed_one_is_examined_with_what_it_requires(site: Site) -> None:
    manifest = (
        'from crmkit.plugin import Manifest, hookimpl\nmanifest = Manifest(name="{}", version="1", summary="x"{})'
    )
    hook = "\n@hookimpl\ndef guard_records(call): ..."
    site.install("crmkit-a", {"a": "crmkit_a"}, crmkit_a=manifest.format("a", ', requires=("b",)') + hook)
    site.install("crmkit-b", {"b": "crmkit_b"}, crmkit_b=manifest.format("b", "") + hook)
    known = installed_plugins()
    a = next(candidate for candidate in known if candidate.name == "a")
    found = check_plugin(a, known)
    assert found.right
    assert codes(found) in (["quick", "right"], ["slow"])


def test_plugins_that_require_each_other_are_both_told(site: Site) -> None:
    source = 'from crmkit.plugin import Manifest\nmanifest = Manifest(name="{}", version="1", requires=("{}",))'
    site.install("crmkit-a", {"a": "crmkit_a"}, crmkit_a=source.format("a", "b"))
    site.install("crmkit-b", {"b": "crmkit_b"}, crmkit_b=source.format("b", "a"))
    known = [one for one in installed_plugins() if one.name in "ab"]
    for candidate in known:
        found = check_plugin(candidate, known)
        texts = [str(one.message) for one in found.findings if one.level.word == "error"]
        assert any("plugins require each other: " in text for text in texts)


def test_importing_another_plugin_is_an_error(site: Site) -> None:
    site.install("crmkit-a", {"a": "crmkit_a"}, crmkit_a="import crmkit_b")
    site.install("crmkit-b", {"b": "crmkit_b"}, crmkit_b="")
    known = installed_plugins()
    a = next(candidate for candidate in known if candidate.name == "a")
    texts = [str(one.message) for one in check_plugin(a, known).findings]
    assert "crmkit_a.py, line 1: it imports crmkit_b, another plugin" in texts


def test_a_folder_of_a_distribution_is_examined_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "crmkit-moored"\nversion = "3.1"\n'
        '[project.entry-points."crmkit.plugins"]\nmoored = "crmkit_moored"\n',
        "utf-8",
    )
    (tmp_path / "crmkit_moored").mkdir()
    source = 'from crmkit.plugin import Manifest, hookimpl\nmanifest = Manifest(name="moored", summary="x")\n'
    (tmp_path / "crmkit_moored" / "__init__.py").write_text(source, "utf-8")
    found = report(tmp_path)
    assert (found.name, found.version, found.distribution) == ("moored", "3.1", "crmkit-moored")
    assert codes(found, "warning") == ["none"]


@pytest.mark.parametrize("content", [None, "", "[project]\nname = 'x'\n"], ids=["nothing", "empty", "no plugin"])
def test_a_folder_without_plugins_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "pyproject.toml").write_text(content, "utf-8")
    with pytest.raises(BadInput), plugins_at(tmp_path):
        pass
