"""``python -m tools.reference [--check]``: see ``tools.reference``."""

from __future__ import annotations

import sys
from difflib import SequenceMatcher
from pathlib import Path

import tools.reference
from tools.reference import FOLDER, pages


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """Write the pages to ``folder``, or with ``--check`` compare them; return the exit code."""
    if arguments not in ([], ["--check"]):
        print(tools.reference.__doc__)
        return 2
    made = pages()
    if not arguments:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            (folder / name).write_text(text, encoding="utf-8")
        return 0
    faults = [fault for name, text in made.items() if (fault := stale(folder / name, text))]
    if faults:
        print("\n".join([*faults, "run: make reference"]))
    return 1 if faults else 0


def stale(path: Path, wanted: str) -> str:
    """Return how the file at ``path`` differs from what is ``wanted``; nothing when it does not."""
    if not path.is_file():
        return f"{path.name}: is missing"
    found = path.read_text(encoding="utf-8")
    if found == wanted:
        return ""
    old, new = found.splitlines(), wanted.splitlines()
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changes = [step for step in steps if step[0] != "equal"]
    if not changes:
        return f"{path.name}: differs in its line ends"
    added, gone = sum(c[4] - c[3] for c in changes), sum(c[2] - c[1] for c in changes)
    _, start, end, new_start, new_end = changes[0]
    lines = [f"    -{line}" for line in old[start:end][:3]] + [f"    +{line}" for line in new[new_start:new_end][:3]]
    return "\n".join([f"{path.name}: {added} lines to add, {gone} to remove; the first at line {start + 1}:", *lines])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
