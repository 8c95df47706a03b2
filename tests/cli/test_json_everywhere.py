"""Every command can answer a program."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from crmkit.cli.program import COMMANDS
from crmkit.cli.running import loaded_command

WITHOUT = {
    "completion": "what it prints is a script that a shell reads",
}
"""Commands without ``--json``, and why."""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something by its words."""

    def below(words: str, found: click.Command) -> Iterator[tuple[str, click.Command]]:
        if isinstance(found, click.Group):
            for name, one in found.commands.items():
                yield from below(f"{words} {name}", one)
            if not (found.invoke_without_command and found.params):
                return
        yield words, found

    for name, (place, _) in COMMANDS.items():
        yield from below(name, loaded_command(name, place))


EVERY = dict(commands())


def test_there_are_commands_and_each_exception_is_one() -> None:
    assert len(EVERY) > 100
    assert WITHOUT.keys() <= EVERY.keys()


@pytest.mark.parametrize("words", EVERY)
def test_it_takes_json_unless_there_is_a_reason(words: str) -> None:
    takes = any("--json" in parameter.opts for parameter in EVERY[words].params)
    assert takes != (words in WITHOUT)
