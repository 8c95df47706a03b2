"""The recorded public surface: what changes must be told, and what is due must be gone."""

from __future__ import annotations

from pathlib import Path

import pytest

import tools.surface
from crmkit.core.deprecation import Deprecation
from tools.surface import RECORD, differences, main, read, surface, untold, words_of, write


@pytest.fixture(scope="module")
def now() -> dict[str, str]:
    return surface()


def test_it_covers_names_members_calls_and_hooks(now: dict[str, str]) -> None:
    assert now["crmkit.plugin.change"].startswith("def (")
    assert now["crmkit.plugin.Manifest.requires"] == "tuple[str, ...] = ..."
    assert now["crmkit.hooks.records.RecordBatch.changes"] == "tuple[Change, ...]"
    assert now["crmkit.core.access.Actor.acting_id"] == "property"
    assert now["hook guard_records"].startswith("guard, call: RecordBatch, since 0.1, ")
    assert "crmkit.testing.plugin.make_customer" in now
    assert not [name for name in now if name.startswith("crmkit.hooks.dispatch")]
    assert not [what for what in now.values() if " at 0x" in what]


def test_the_record_is_read_as_it_is_written(now: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "surface.txt"
    write(path, now)
    assert read(path) == now
    assert differences(now, read(path)) == ([], [])
    assert len(read(RECORD)) > 500
    assert read(tmp_path / "none.txt") == {}


def test_new_gone_and_different_are_told_apart() -> None:
    assert differences({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}) == (["d"], ["b", "c"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("New: `Actor.scope`.", True),
        ("New: ``crmkit.core.access.Actor.scope(entity)``.", True),
        ("`Actor` has more.", True),
        ("All of `crmkit.core.access` is new.", True),
        ("`scope` is new", False),
        ("Actor.scope without ticks", False),
        ("`access` is a module", False),
    ],
)
def test_a_fragment_tells_of_a_name_in_backticks(text: str, told: bool) -> None:
    assert (untold(["crmkit.core.access.Actor.scope"], words_of([text])) == []) is told


def test_functions_and_hooks_are_told_by_their_last_name() -> None:
    words = words_of(["`change` and `guard_records` are new"])
    assert untold(["crmkit.plugin.change", "hook guard_records", "crmkit.plugin.field"], words) == [
        "crmkit.plugin.field"
    ]


def test_the_check_wants_fragments(
    now: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record, fragments = tmp_path / "surface.txt", tmp_path / "changelog.d"
    fragments.mkdir()
    before = {name: what for name, what in now.items() if name != "crmkit.plugin.change"}
    before |= {"crmkit.plugin.gone": "def ()", "crmkit.plugin.msg": "def (other)"}
    write(record, before)
    monkeypatch.setattr(tools.surface, "due", lambda version: [])
    monkeypatch.setattr(tools.surface, "surface", lambda: now)

    def check() -> list[str]:
        code = main(["--check"], record, fragments)
        lines = capsys.readouterr().out.splitlines()
        assert code == (1 if lines else 0)
        return [line.rpartition(": ")[2] for line in lines[:-1]]

    assert check() == ["crmkit.plugin.change", "crmkit.plugin.gone", "crmkit.plugin.msg"]
    (fragments / "+new.added.md").write_text("`change`, `gone` and `msg`.", "utf-8")
    assert check() == ["crmkit.plugin.gone", "crmkit.plugin.msg"]
    (fragments / "+old.breaking.md").write_text("`gone` is gone, `msg` is another.", "utf-8")
    assert check() == []
    monkeypatch.setattr(tools.surface, "due", lambda version: [Deprecation("x", "0.1", "0.2", "y")])
    assert check() == ["x (in 0.2)"]


def test_nothing_is_deprecated_beyond_its_time() -> None:
    import crmkit

    assert tools.surface.due(crmkit.__version__) == []


def test_unknown_words_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--chekc"]) == 2
    assert "tools.surface" in capsys.readouterr().out
