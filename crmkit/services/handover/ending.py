"""What ends when a hand-over ends: shares with the user, delegations, reports to the user, and the user's own state."""

from __future__ import annotations

from typing import Any

from crmkit.core.entity import change
from crmkit.core.handover import HandOver
from crmkit.core.staff import RecordShare, User
from crmkit.services.handover.holdings import open_delegations
from crmkit.services.handover.rules import HandOverRules
from crmkit.services.handover.superiors import new_superiors
from crmkit.services.merging.images import images_of
from crmkit.store.session import Session


def end_all(session: Session, handover: HandOver, user: User, rules: HandOverRules, *, departed: bool) -> None:
    """End what ends, note the before-images, and finish the hand-over; the user becomes ``departed`` or stays frozen.

    ``session`` is one that may change everything.
    """
    now = session.clock.now()
    pairs: list[tuple[Any, Any]] = []
    for share in session.list(RecordShare, user_id=user.id):
        pairs.append((share, change(share, deleted_at=now)))
    for one in open_delegations(session, user):
        pairs.append((one, change(one, deleted_at=now) if one.starts_at >= now else change(one, ends_at=now)))
    reports = session.list(User, reports_to_id=user.id)
    users = {other.id: other for other in session.list(User)}
    superior = next((u for u in users.values() if u.login == rules.reports_to), None) if rules.reports_to else None
    if superior is None and user.reports_to_id is not None:
        superior = users.get(user.reports_to_id)
    for report, above in new_superiors(users, user, reports, superior).items():
        pairs.append((users[report], change(users[report], reports_to_id=above)))
    if departed:
        pairs.append((user, change(user, state="departed")))
    session.update(*[after for _, after in pairs])
    ended = images_of(session.database.registry, pairs)
    session.update(change(handover, state="finished", ended=ended, finished_at=now))
    session.flush()
