"""Whom those report to, from now on, who report to somebody that leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from crmkit.core.staff import User


def new_superiors(
    users: Mapping[UUID, User], leaving: User, reports: Sequence[User], superior: User | None
) -> dict[UUID, UUID | None]:
    """Return the new superior of each of ``reports``, who report to ``leaving``: ``superior``, without a circle.

    Where ``superior`` stands below one of them, that one reports to whomever the leaving user reports to.
    """
    above = None if leaving.reports_to_id is None else users.get(leaving.reports_to_id)
    higher = above.id if above is not None and above.state == "active" else None
    found: dict[UUID, UUID | None] = {user.id: None if superior is None else superior.id for user in reports}
    branch = superior
    seen: set[UUID] = set()
    while branch is not None and branch.id not in seen:
        seen.add(branch.id)
        if branch.id in found:
            found[branch.id] = higher
            break
        branch = None if branch.reports_to_id is None else users.get(branch.reports_to_id)
    return found
