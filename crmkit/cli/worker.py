"""``crmkit worker``: do background work until asked to stop."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crmkit.cli.localized import command, json_option, option
from crmkit.cli.words import wording

if TYPE_CHECKING:
    from crmkit.core.messages import Message
    from crmkit.runtime.jobs.worker import Worker


@command(
    "worker",
    help=wording(
        "Do background work: jobs that were enqueued, and what is due by its schedule.\n\n"
        "Runs until it is told to stop (SIGTERM, SIGINT); then it finishes what runs, and hands back the rest. "
        "Several may work at the same time."
    ),
)
@option("--once", is_flag=True, help=wording("Stop when nothing is due any more."))
@option("--id", "name", default="", metavar="NAME", help=wording("The worker's name, which must last."))
@option("--grace", type=float, default=30.0, show_default=True, metavar="SECONDS", help=wording("How long to finish."))
@option("--quiet", is_flag=True, help=wording("Say nothing of single jobs."))
@json_option
def worker(once: bool, name: str, grace: float, quiet: bool, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting, opened, say
    from crmkit.core.messages import msg
    from crmkit.runtime.jobs.keeping import require_manager

    def tell(message: Message) -> None:
        if not quiet:
            say(message)
            sys.stderr.flush()

    with opened() as crm:
        require_manager(acting(crm))
        made = crm.jobs.worker(id=name, tell=tell)
        with _stopped_by_signals(made):
            made.start()
            try:
                made.run(once=once)
            finally:
                left = made.stop(grace)
        parked = crm.jobs.health().parked
    if as_json:
        print_json({"worker": made.id, "finished": made.finished, "handed_back": left, "parked": parked})
    elif parked:
        say(msg("{count} jobs are parked: crmkit jobs list --state parked", count=parked))
    if left:
        # Threads that do not end would keep the process; what they write is not kept.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


@contextmanager
def _stopped_by_signals(worker: Worker) -> Iterator[None]:
    """Within the block, SIGTERM and SIGINT ask the worker to stop."""

    def stop(number: int, _: object) -> None:
        worker.ask_to_stop()
        # Asked a second time, the process ends at once; its jobs are taken over as those of one that died.
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
