"""What starting the program costs: ``crmkit --version`` beside an empty Python, ``--help`` beside a bare click program.

And what opening an installation costs, with all plugins that are installed, beside importing SQLAlchemy alone.

CPU time of child processes, in milliseconds. Interleaved minimums: the contenders take turns and each keeps its best
time, so that a busy moment of the machine hits all of them and the ratios stay true. Not for Windows, which does not
tell the CPU time of children.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = "from crmkit.cli.main import main; main()"
BOOT = "from crmkit import Crm; Crm.open({address!r}).close()"
HELLO = """
import click

@click.command()
@click.option("--name", default="world", help="Whom to greet.")
def hello(name):
    '''Say hello.'''
    click.echo(f"Hello {name}")

hello()
"""


def measure(small: bool) -> list[Figure]:
    """Return the figures of W9: ``--version``, ``--help`` and opening a database, in milliseconds of CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        boot = BOOT.format(address=f"sqlite:///{Path(folder, 'crm.db').as_posix()}")
        empty, version, hello, help_, sqlalchemy, opened = _interleaved(
            [
                ["pass"],
                [PROGRAM, "--version"],
                [HELLO, "--help"],
                [PROGRAM, "--help"],
                ["import sqlalchemy"],
                [boot],
            ],
            rounds=10 if small else 40,
        )
    return [
        Figure(name="W9 crmkit --version", ours=version, beside="python -c pass", limit=empty, unit="ms", at_most=1.5),
        Figure(
            name="W9 crmkit --help",
            ours=help_,
            beside="a bare click program --help",
            limit=hello,
            unit="ms",
            at_most=1.5,
            goal=1.1,
        ),
        Figure(
            name="W9 opening an existing SQLite file, all plugins",
            ours=opened,
            beside="import sqlalchemy",
            limit=sqlalchemy,
            unit="ms",
            at_most=2.0,
        ),
    ]


def _interleaved(contenders: list[list[str]], rounds: int) -> list[float]:
    best = [float("inf")] * len(contenders)
    with tempfile.TemporaryDirectory() as cache:
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": cache}
        # Where no bytecode is kept, each start would compile all over again.
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        # Bytecode and the memory of the plugins' commands are there before the clock runs.
        for words in contenders:
            _cpu(words, environ)
        for _ in range(rounds):
            for place, words in enumerate(contenders):
                best[place] = min(best[place], _cpu(words, environ))
    return best


def _cpu(words: list[str], environ: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", *words], env=environ, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


if __name__ == "__main__":
    for row in measure(small=False):
        print(row)
