"""Every check of the contract passes for a plugin that keeps to it, and notices one that does not."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from crmkit.core.values.clock import FixedClock
from crmkit.testing.contract import PluginContract
from crmkit.testing.contract.faults import ContractBroken
from crmkit.testing.contract.subject import Subject
from tests.testing.contract import specimens

CHECKS = sorted(name for name in vars(PluginContract) if name.startswith("test_"))

BAD: dict[str, tuple[type, str]] = {
    "test_it_says_what_it_is": (specimens.Misnamed, "entity card does not begin with club_"),
    "test_it_is_installed_removed_and_migrated": (specimens.Picky, "a record of club_card cannot be stored"),
    "test_a_database_is_created_with_it": (specimens.Picky, "a record of club_card cannot be stored"),
    "test_among_others_it_is_installed_and_removed": (specimens.Shy, "too many of us"),
    "test_every_id_says_what_it_refers_to": (specimens.Undeclared, "club_guest.seen_with holds an id"),
    "test_its_records_are_made_and_changed": (specimens.Fixed, "club_card: every change that people make is refused"),
    "test_its_records_follow_merged_customers": (specimens.Listing, "club_list.guests still leads to the customer"),
    "test_its_records_follow_merged_customers_in_a_database": (specimens.Blocking, "cannot be merged: .*never"),
    "test_nothing_of_an_erased_customer_is_left": (specimens.Copying, "still has what was in customer.given_name"),
    "test_nothing_of_an_erased_customer_is_left_in_a_database": (specimens.Unerasable, "cannot be erased: .*never"),
    "test_nobody_sees_records_without_a_right": (specimens.Elevated, "timeline tells a user without a right"),
    "test_hidden_fields_stay_hidden": (specimens.Unmasked, "timeline tells club_card.text to a user"),
    "test_events_may_come_again": (specimens.Counting, "club_total: .*number=2"),
    "test_events_may_come_in_another_order": (specimens.LastComer, "club_total: .*number=5"),
    "test_a_neighbour_that_fails_after_commits_does_no_harm": (specimens.Fragile, "its entries in a timeline: "),
    "test_a_neighbour_that_fails_in_a_transaction_aborts_it": (specimens.Swallowing, "the save goes on"),
    "test_many_records_take_no_more_statements_than_few": (specimens.OneByOne, "saving club_cards: .* for 100"),
}
"""Of each check a plugin that it notices, and what it says of it."""

MODULES: dict[str, tuple[str, str]] = {
    "test_it_imports_what_is_kept_stable": (
        "from crmkit.store.session import Session",
        "imports crmkit.store.session",
    ),
    "test_all_texts_are_translated": ("TEXT = msg('nobody has translated this')", "no translation of 'nobody has"),
    "test_importing_it_is_quick": ("sum(number * number for number in range(8_000_000))", "times as long as crmkit"),
}
"""Of the checks of modules a line that they notice."""

MODULE = """
    from crmkit.plugin import Manifest, msg

    manifest = Manifest(name="quiet", label="Quiet", summary="Does nothing.")
"""


RunCheck = Callable[..., None]


@pytest.fixture
def run_check(clock: FixedClock, sqlite_url: str) -> Iterator[RunCheck]:
    """Run one test of the contract on a plugin."""
    made: list[Subject] = []

    def run(plugin: object, check: str, url: str = sqlite_url) -> None:
        contract = PluginContract()
        contract.plugin = plugin

        def make(arrangement: Any = "alone") -> Subject:
            made.append(Subject(plugin, clock, arrangement))
            return made[-1]

        test = getattr(contract, check)
        given = {
            "alone": make,
            "arranged": make,
            "either_way": make,
            "among_others": make,
            "make_subject": lambda: make,
        }
        given |= {"database_url": lambda: url, "sqlite_url": lambda: url}
        test(**{name: given[name]() for name in inspect.signature(test).parameters})

    yield run
    for subject in made:
        subject.close()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], object]]:
    """Import a plugin of one module, with a line of the test's own in it."""

    def make(line: str = "") -> object:
        Path(tmp_path, "quiet_plugin.py").write_text(f"{dedent(MODULE)}{line}\n", encoding="utf-8")
        importlib.invalidate_caches()
        return importlib.import_module("quiet_plugin")

    monkeypatch.syspath_prepend(tmp_path)
    yield make
    sys.modules.pop("quiet_plugin", None)


def test_each_check_is_tried_on_a_plugin_that_fails_it() -> None:
    # On a server the same checks run as in memory, and with a thousand records the same as with many.
    again = [name for name in CHECKS if name.endswith("_on_a_server") or "_a_thousand_" in name]
    assert sorted([*BAD, *MODULES]) == [name for name in CHECKS if name not in again]


@pytest.mark.parametrize("check", BAD)
def test_a_check_passes_and_notices(run_check: RunCheck, check: str, tmp_path: Path) -> None:
    bad, said = BAD[check]
    with pytest.raises(ContractBroken) as caught:
        run_check(bad(), check, f"sqlite:///{tmp_path / 'bad.db'}")
    assert re.search(said, str(caught.value)), str(caught.value)
    assert "What to do: " in str(caught.value)
    run_check(specimens.Club(), check)


@pytest.mark.parametrize("check", MODULES)
def test_a_check_of_modules_passes_and_notices(
    run_check: RunCheck, module: Callable[[str], object], check: str
) -> None:
    line, said = MODULES[check]
    with pytest.raises(ContractBroken, match=said):
        run_check(module(line), check)
    sys.modules.pop("quiet_plugin")
    run_check(module(""), check)


@pytest.mark.parametrize("check", [name for name, (bad, _) in BAD.items() if bad is not specimens.Misnamed])
def test_a_plugin_that_keeps_to_it_does_so_on_postgresql(run_check: RunCheck, check: str, postgres_url: str) -> None:
    if "database_url" in inspect.signature(getattr(PluginContract, check)).parameters:
        run_check(specimens.Club(), check, postgres_url)


@pytest.mark.parametrize(
    ("bad", "check", "said"),
    [
        (specimens.Irreversible, "test_its_records_follow_merged_customers", "level was 'silver', is 'gold'"),
        (specimens.Generous, "test_nobody_sees_records_without_a_right", "a user without any right"),
        (specimens.Endless, "test_events_may_come_again", "goes on and on"),
        (specimens.Enqueueing, "test_events_may_come_again", "club_total: .* more of name=greeted"),
    ],
)
def test_other_ways_to_fail_are_noticed(run_check: RunCheck, bad: type, check: str, said: str) -> None:
    with pytest.raises(ContractBroken, match=said):
        run_check(bad(), check)


def test_work_with_a_key_is_done_once(run_check: RunCheck) -> None:
    run_check(specimens.EnqueueingOnce(), "test_events_may_come_again")
