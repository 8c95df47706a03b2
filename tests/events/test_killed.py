"""A process that delivers is killed again and again: nothing is lost, nothing takes effect twice in the database."""

from __future__ import annotations

import random
import time
from pathlib import Path
from uuid import uuid4

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from tests.conftest import OpenCrm
from tests.events.interrupted_delivery import main as interrupted_delivery
from tests.events.subscribers import people, positions, save, taken
from tests.forked import Forked
from tests.jobs.processes import wait_until


def delivering(address: str, tenant: str, file: Path, minutes: int) -> Forked:
    told = file.with_name(f"told {minutes}")
    return Forked(interrupted_delivery, address, tenant, str(file), str(minutes), told=told)


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_killing_it_loses_and_doubles_nothing(open_crm: OpenCrm, core_url: str, tmp_path: Path, kills: int) -> None:
    file, tenant, chance = tmp_path / "other side", uuid4().hex, random.Random(kills)
    file.touch()
    assert delivering(core_url, tenant, file, 0).wait(120) == 0
    crm = open_crm(tenant=tenant)
    everybody = people(20)
    save(crm, *everybody)
    for number in range(12 * kills):
        with crm.session() as s:
            s.update(*(change(s.get(Customer, one.id), nickname=str(number)) for one in everybody))
    for kill in range(1, kills + 1):
        process = delivering(core_url, tenant, file, 3 * kill)
        wait_until(lambda process=process: process.told.read_text("utf-8") == "ready\n")
        time.sleep(chance.uniform(0.02, 0.6))
        process.kill()
    last = delivering(core_url, tenant, file, 3 * (kills + 1))
    assert last.wait(600) == 0
    # Each event took effect once in the database, and happened at least once elsewhere, in the order of the log.
    assert taken(crm) == positions(crm)
    elsewhere = [int(line) for line in file.read_text("utf-8").split()]
    first_times = list(dict.fromkeys(elsewhere))
    assert first_times == sorted(first_times)
    assert set(positions(crm)) <= set(elsewhere)
    assert crm.events.parked() == ()
