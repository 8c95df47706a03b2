"""How a check says that a plugin does not hold: what was found, and what its author does about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

MOST_SHOWN = 12


class ContractBroken(AssertionError):
    """A plugin does not keep to what every plugin has to hold."""


def fail(found: str | Iterable[str], advice: str) -> NoReturn:
    """Raise ContractBroken with one finding or several, a line each, and what to do about them."""
    __tracebackhide__ = True
    lines = [found] if isinstance(found, str) else list(found)
    shown = lines[:MOST_SHOWN]
    if len(lines) > MOST_SHOWN:
        shown.append(f"... and {len(lines) - MOST_SHOWN} more")
    raise ContractBroken("\n".join([*shown, "", f"What to do: {advice}"]))
