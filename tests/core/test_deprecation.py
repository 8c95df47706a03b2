"""What is deprecated warns once, names who uses it, and is due when its version has come."""

from __future__ import annotations

import types
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core import deprecation
from crmkit.core.deprecation import (
    CrmkitDeprecationWarning,
    Deprecation,
    belongs_to,
    declare,
    deprecated,
    deprecations,
    version_key,
)


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecation, "_said", set())
    monkeypatch.setattr(deprecation, "_known", {})
    monkeypatch.setattr(deprecation, "_plugins", {})


def test_a_function_warns_its_caller_once_and_works() -> None:
    @deprecated("crmkit.plugin.old", since="0.1", removed_in="0.3", instead="crmkit.plugin.new")
    def old(number: int) -> int:
        """Add one."""
        return number + 1

    with pytest.warns(CrmkitDeprecationWarning, match="since 0.1 and removed in 0.3; use crmkit.plugin.new") as told:
        assert old(1) == 2
    assert told[0].filename == __file__
    assert old.__doc__ == "Add one."
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert old(2) == 3
    assert [one.name for one in deprecations()] == ["crmkit.plugin.old"]


def test_the_plugin_whose_code_calls_is_named() -> None:
    @deprecated("x", since="0.1", removed_in="0.3", instead="y")
    def old() -> None:
        return None

    belongs_to("crmkit_loyalty", "loyalty")
    module = types.ModuleType("crmkit_loyalty.rules")
    names: dict[str, Any] = module.__dict__
    names["old"] = old
    exec("def use():\n    old()", names)
    with pytest.warns(CrmkitDeprecationWarning, match="plugin loyalty: x is deprecated"):
        names["use"]()
    with pytest.warns(CrmkitDeprecationWarning, match="^x is deprecated"):
        old()


def test_a_property_and_an_argument_can_be_deprecated() -> None:
    argument = declare("make(size)", since="0.1", removed_in="0.3", instead="make(count)")

    class Call:
        @property
        @deprecated("Call.rows", since="0.1", removed_in="0.3", instead="Call.changes")
        def rows(self) -> int:
            return 7

    def make(size: int | None = None) -> None:
        if size is not None:
            argument.warn()

    with pytest.warns(CrmkitDeprecationWarning, match=r"Call\.rows"):
        assert Call().rows == 7
    with pytest.warns(CrmkitDeprecationWarning, match=r"make\(count\)") as told:
        make(size=1)
    assert told[0].filename == __file__


def test_it_is_due_when_its_version_has_come() -> None:
    one = Deprecation("x", since="0.1", removed_in="0.10", instead="y")
    assert [one.due(version) for version in ("0.9.9", "0.10rc1", "0.10", "1")] == [False, True, True, True]
    with pytest.raises(ValueError, match=r"it cannot be removed in 0\.1"):
        Deprecation("x", since="0.1.0", removed_in="0.1", instead="y")


@given(st.lists(st.integers(0, 99), min_size=1, max_size=4), st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_versions_compare_as_their_numbers(one: list[int], other: list[int]) -> None:
    length = max(len(one), len(other))
    padded = [numbers + [0] * (length - len(numbers)) for numbers in (one, other)]
    keys = [version_key(".".join(map(str, numbers))) for numbers in (one, other)]
    assert (keys[0] < keys[1]) == (padded[0] < padded[1])
    assert (keys[0] == keys[1]) == (padded[0] == padded[1])


def test_texts_that_are_no_versions_come_first() -> None:
    assert version_key("") == version_key("unknown") == ()
