"""The statuses of a lead: what they mean and where each leads. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from crmkit_sfa.leads.entities import Status

OPEN: tuple[Status, ...] = ("new", "working", "qualified")
"""Somebody has to do something about it."""
RESTING: tuple[Status, ...] = ("recycled",)
"""It is taken up again on a day, or when they come forward again."""

NEXT: Mapping[Status, frozenset[Status]] = {
    "new": frozenset({"working", "qualified", "converted", "recycled", "disqualified"}),
    "working": frozenset({"new", "qualified", "converted", "recycled", "disqualified"}),
    "qualified": frozenset({"working", "converted", "recycled", "disqualified"}),
    "converted": frozenset({"new", "working", "qualified", "recycled"}),
    "recycled": frozenset({"new", "working", "qualified", "converted", "disqualified"}),
    "disqualified": frozenset({"new", "working"}),
}


def may_become(before: Status, after: Status) -> bool:
    """Tell whether a lead of one status may become one of another; staying the same always may."""
    return before == after or after in NEXT[before]
