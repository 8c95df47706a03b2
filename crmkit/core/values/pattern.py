"""Patterns that are compiled when they are first used: a class of Unicode characters takes a millisecond or two."""

from __future__ import annotations

import re
from typing import Any, cast


def pattern(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """Return what ``re.compile`` does, as good as at once."""
    return cast(re.Pattern[str], _Pattern(text, flags))


class _Pattern:
    def __init__(self, text: str, flags: re.RegexFlag) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        # Asked for what the pattern has: each once, since it is found here from then on.
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found
