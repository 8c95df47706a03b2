"""The part of a text that shows a hit, with the places of what was found."""

from __future__ import annotations

from collections.abc import Sequence

from crmkit.core.frozen import frozen
from crmkit.core.search.query import Unit
from crmkit.core.search.words import LONGEST_TEXT, folded, is_run, spans, spellings

AROUND = 40
"""Characters shown before what was found first; as much again, and the rest of the room, behind it."""

LONGEST = 120


@frozen
class Excerpt:
    """``text`` in one line; ``marks`` are the places in it, from and to, of what was looked for."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()


def excerpt(value: str, units: Sequence[Unit]) -> Excerpt:
    """Return the part of a text around the first thing found in it; its beginning when nothing can be pointed at."""
    found = _places(value, units)
    start = 0
    if found and found[0][0] > AROUND and len(value) > LONGEST:
        start = found[0][0] - AROUND
        # Cut between words where there is a gap nearby.
        gap = value.find(" ", start, found[0][0])
        start = gap + 1 if gap >= 0 else start
    end = min(len(value), start + LONGEST)
    if end < len(value):
        gap = value.rfind(" ", start + LONGEST // 2, end)
        end = gap if gap > max((last for _, last in found[:1]), default=0) else end
    shown = "".join(" " if mark.isspace() or not mark.isprintable() else mark for mark in value[start:end])
    before, behind = ("…" if start else ""), ("…" if end < len(value) else "")
    moved = start - len(before)
    marks = tuple((first - moved, min(last, end) - moved) for first, last in found if start <= first < end)
    return Excerpt(before + shown + behind, marks)


def _places(value: str, units: Sequence[Unit]) -> list[tuple[int, int]]:
    wanted = {spelling for unit in units for spelling in (*unit.spellings, *unit.near)}
    found: list[tuple[int, int]] = []
    for first, last in spans(value[:LONGEST_TEXT]):
        word = folded(value[first:last])
        if not word:
            continue
        place = _place_in(word, wanted)
        if place is None:
            continue
        offset, length = place
        # Folding may change lengths; then the whole word is shown.
        exact = len(word) == last - first
        found.append((first + offset, first + offset + length) if exact else (first, last))
    return found


def _place_in(word: str, wanted: set[str]) -> tuple[int, int] | None:
    spelled = [word] if is_run(word) else list(spellings(word))
    for one in spelled:
        for text in sorted(wanted, key=lambda text: (-len(text), text)):
            at = one.find(text) if len(text) > 2 or is_run(text) else (0 if one.startswith(text) else -1)
            if at >= 0:
                return (at, len(text)) if len(one) == len(word) else (0, len(word))
    return None
