"""Patterns that are compiled on first use find what compiled ones find."""

from __future__ import annotations

import re

import pytest

from crmkit.core.values.pattern import pattern


def test_it_finds_what_re_finds() -> None:
    lazy, eager = pattern(r"(?P<word>[a-zé]+)\d", re.IGNORECASE), re.compile(r"(?P<word>[a-zé]+)\d", re.IGNORECASE)
    for text in ("É1 b2", "", "12"):
        assert lazy.findall(text) == eager.findall(text)
        assert bool(lazy.search(text)) == bool(eager.search(text))
    assert (lazy.groupindex, lazy.flags, lazy.pattern) == (eager.groupindex, eager.flags, eager.pattern)


def test_it_is_compiled_when_it_is_used() -> None:
    wrong = pattern("(")
    with pytest.raises(re.error):
        wrong.match("")
