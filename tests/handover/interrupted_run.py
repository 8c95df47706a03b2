"""A process that hands over, or takes a hand-over back, and is killed at a chosen commit; see test_interrupted.py."""

from __future__ import annotations

import os
import signal

from crmkit.runtime.crm import Crm
from crmkit.services.handover import HandOverRules, batches, find_handover, run, undo
from crmkit.store.session import Session


def main(address: str, what: str, deadly: int) -> None:
    batches.SIZE = 5
    left = [deadly]
    commit = Session.commit

    def dying_commit(session: Session) -> None:
        if not session.read_only:
            left[0] -= 1
            if left[0] == 0:
                session.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        commit(session)

    with Crm.open(address, plugins=[]) as crm:
        Session.commit = dying_commit  # type: ignore[method-assign]
        if what == "run":
            run(crm, crm.system, "anna", HandOverRules().with_rest("ben", "cleo"))
        else:
            with crm.session(reads=True) as session:
                handover = find_handover(session, "anna")
            undo(crm, crm.system, handover.id)
