"""Versions of the hook API, and hooks that are to be used no more."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from crmkit.core import deprecation
from crmkit.core.deprecation import CrmkitDeprecationWarning, Deprecation
from crmkit.core.errors import ConfigError
from crmkit.hooks.api import API_VERSIONS, ApiChange, ApiVersion, check_api, current_api
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.kinds import Kind, hookimpl, hookspec
from crmkit.runtime.manifest import HOOK_API
from tests.hooks.specimens import plugin

VERSIONS = (
    ApiVersion(1, "0.1", "the first"),
    ApiVersion(
        2, "0.4", "shorter", (ApiChange("removed", "guard_old", "guard_records"), ApiChange("changed", "Call.x"))
    ),
    ApiVersion(3, "0.9", "shorter still", (ApiChange("removed", "derive_old"),)),
)


def test_the_versions_rise_by_one_and_the_manifest_knows_the_newest() -> None:
    assert [version.number for version in API_VERSIONS] == list(range(1, len(API_VERSIONS) + 1))
    assert current_api() == HOOK_API


@pytest.mark.parametrize(
    ("wanted", "uses", "said"),
    [
        (3, ["guard_old"], []),
        ((1, 3), ["guard_old"], []),
        ((2, 9), ["derive_old"], []),
        (2, ["guard_records"], ["it is written for hook API 2, this crmkit has 3; nothing that it is known to use"]),
        (1, ["guard_records", "Call.x"], ["it is written for hook API 1, this crmkit has 3; changed since: Call.x"]),
        (
            (1, 2),
            ["guard_old"],
            ["it is written for hook API 1 - 2, this crmkit has 3; nothing that it is known to use"],
        ),
    ],
)
def test_older_plugins_are_warned_about_and_run(wanted: Any, uses: list[str], said: list[str]) -> None:
    told = [str(message) for message in check_api(wanted, uses, VERSIONS)]
    assert len(told) == len(said)
    assert all(text.startswith(start) for text, start in zip(told, said, strict=True))


@pytest.mark.parametrize(
    ("wanted", "uses", "message"),
    [
        (4, [], "it is written for hook API 4, this crmkit has 3; update crmkit"),
        (1, ["guard_old"], "hook API 1 and uses guard_old, which this crmkit .3. does not have; use guard_records"),
        (2, ["derive_old"], "hook API 2 and uses derive_old, which this crmkit .3. does not have; update the plugin"),
    ],
)
def test_what_is_gone_is_refused(wanted: Any, uses: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_api(wanted, uses, VERSIONS)


OLD = Deprecation("guard_old", since="0.2", removed_in="0.9", instead="guard_records")


class Specs:
    """One hook that is to be used no more."""

    @hookspec(kind=Kind.GUARD, since="0.1", deprecated=OLD)
    def guard_old(self, ctx: Any, call: Any) -> Any:
        """Refuse or not."""


def test_whoever_implements_a_deprecated_hook_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecation, "_said", set())
    with pytest.warns(CrmkitDeprecationWarning) as told:
        Hooks([Specs]).register(plugin(guard_old=hookimpl(lambda: None)), "loyalty", "dist")
    assert [str(warning.message) for warning in told] == [
        "plugin loyalty: guard_old is deprecated since 0.2 and removed in 0.9; use guard_records"
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Hooks([Specs]).register(plugin(guard_old=hookimpl(lambda: None)), "loyalty", "dist")
