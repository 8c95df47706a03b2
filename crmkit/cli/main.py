"""The entry point of ``crmkit``. It imports next to nothing: the version costs what starting Python costs."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code (``crmkit.cli.running`` lists the codes)."""
    words = sys.argv[1:] if args is None else list(args)
    if words == ["--version"]:
        from crmkit import __version__

        print(f"crmkit {__version__}")
        sys.exit(0)
    try:
        from crmkit.cli.program import program

        program.main(words, prog_name="crmkit")
    except KeyboardInterrupt:
        # Only while the program is still being imported; after that it reports interruptions itself.
        sys.exit(130)
