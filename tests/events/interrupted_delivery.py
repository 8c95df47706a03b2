"""Delivers events to a ledger and to a file, in a process of its own, until it is killed or nothing waits."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from tests.events.subscribers import Ledger

START = datetime(2026, 3, 15, 12, tzinfo=UTC)


class Filing:
    """Writes the position of each event into a file: that is the other side."""

    def __init__(self, file: str) -> None:
        self.manifest = Manifest(name="filing")
        self._file = file

    @hookimpl
    def after_events_committed(self, ctx: Any, call: Any) -> None:
        for event in call.events:
            with open(self._file, "a", encoding="utf-8") as other_side:
                other_side.write(f"{event.position}\n")
            time.sleep(0.002)
            call.done(event)


class SlowLedger(Ledger):
    """Takes its time within the transaction."""

    @hookimpl
    def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
        super().after_records_saved_committed(ctx, call)
        time.sleep(0.05)


def main(address: str, tenant: str, file: str, minutes: str) -> None:
    """Deliver; the clock stands ``minutes`` after a common start, so that leases of killed ones are over."""
    clock = FixedClock(START + timedelta(minutes=int(minutes)))
    plugins = [SlowLedger(), Filing(file)]
    with Crm.open(address, plugins=plugins, tenant=tenant, clock=clock, check=minutes == "0") as crm:
        print("ready", flush=True)
        if minutes != "0":
            while crm.drain():
                pass
