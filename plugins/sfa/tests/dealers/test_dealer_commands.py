"""Lists of ``crmkit sfa dealer`` and ``crmkit sfa deal`` refuse what they cannot show."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from crmkit.cli.program import program
from crmkit_sfa.dealers.deal_commands import STATES
from crmkit_sfa.dealers.entities import RegistrationState


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("deal list --state nosuch", "submitted"),
        ("deal list --limit -3", "x>=1"),
        ("dealer offers --limit 0", "x>=1"),
    ],
)
def test_what_no_list_has_is_refused(words: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMKIT_DB", f"sqlite:///{tmp_path / 'crm.db'}")
    monkeypatch.setenv("CRMKIT_LANGUAGE", "en")
    result = CliRunner().invoke(program, ["sfa", *words.split()])
    assert result.exit_code == 2
    assert said in result.output


def test_the_states_of_the_option_are_those_of_registrations() -> None:
    assert set(STATES) == set(get_args(RegistrationState))
