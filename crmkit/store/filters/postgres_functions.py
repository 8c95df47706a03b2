"""The function that filters call inside PostgreSQL: ``crm_fold``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crmkit.core.filter.fold import FOLDINGS

_COMMON = (range(0xB5, 0x100), range(0x370, 0x3D0), range(0x400, 0x460))
"""The letters of Western Europe, Greek and Cyrillic."""


def _postgres_fold() -> str:
    # translate() searches its whole table for every character, so few texts should get to the large one (35 us for a
    # name, the small table 6, the rest 0.5): ASCII is told by its length in bytes, the others by character classes.
    common = {code: to for code, to in FOLDINGS.items() if any(code in block for block in _COMMON)}
    others = [code for code in FOLDINGS if code not in common]
    lowered = 'lower(value COLLATE "C")'
    return (
        "CREATE OR REPLACE FUNCTION crm_fold(value text) RETURNS text\n"
        "LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$\n"
        "SELECT CASE\n"
        f"  WHEN octet_length(value) = char_length(value) THEN {lowered}\n"
        f"  WHEN value COLLATE \"C\" !~ U&'[{_ranges(FOLDINGS)}]' THEN {lowered}\n"
        f"  WHEN value COLLATE \"C\" !~ U&'[{_ranges(others)}]' THEN {_translated(lowered, common)}\n"
        f"  ELSE {_translated(lowered, FOLDINGS)}\n"
        "END $$"
    )


def _translated(value: str, table: Mapping[int, int]) -> str:
    source, result = "".join(map(_escaped, table)), "".join(map(_escaped, table.values()))
    return f"translate({value}, U&'{source}', U&'{result}')"


def _ranges(codes: Iterable[int]) -> str:
    spans: list[list[int]] = []
    for code in sorted(codes):
        if spans and code <= spans[-1][1] + 2:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"{_escaped(first)}-{_escaped(last)}" for first, last in spans)


def _escaped(code: int) -> str:
    """A character inside U&'...'. All are escaped, so that no driver or client takes one for a sign of its own."""
    return f"\\{code:04X}"


POSTGRES_FUNCTIONS: tuple[str, ...] = (_postgres_fold(),)
"""Statements that create what filters need in a PostgreSQL database (15 or later, UTF-8); they can be repeated."""
