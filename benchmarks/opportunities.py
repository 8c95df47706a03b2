"""Importing deals with their history, beside importing as many contacts.

8,800 deals as the sample pipeline has them: about half won, a quarter lost, the others open; a deal that is over comes
with the stage it began in. A row makes an opportunity, its number in the other system, its way through the pipeline and
its history; a contact makes a customer and a mail address. CPU time of the process, the best of several turns.
"""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import crmkit_sfa
from benchmarks import contacts
from benchmarks.databases import postgres_address
from benchmarks.figures import Figure
from crmkit import Crm
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.running import run_import

FULL, SMALL = 8_800, 400
MAPPING = """
name = "deals"
currency = "USD"

[[record]]
source = "deals"
entity = "sfa_opportunity"
external_id = "{number}"
[record.fields]
name = "{name}"
opening_stage = "{opening}"
stage = "{stage}"
opened_on = "{opened}"
closed_on = "{closed}"
amount = { amount = "{value}", currency = "USD" }
"""


def measure(small: bool) -> list[Figure]:
    """Return one figure per database: seconds per deal beside seconds per contact."""
    rows = SMALL if small else FULL
    found = []
    with tempfile.TemporaryDirectory() as folder:
        deals, people = Path(folder) / "deals.csv", Path(folder) / "contacts.csv"
        write_deals(deals, rows)
        contacts.write_contacts(people, rows)
        for database in ("SQLite", "PostgreSQL"):
            ours: list[float] = []
            theirs: list[float] = []
            for turn in range(1 if small else 3):
                ours.append(_in_new(database, folder, f"ours{turn}", lambda crm: _seconds(crm, deals, MAPPING)))
                theirs.append(
                    _in_new(database, folder, f"theirs{turn}", lambda crm: _seconds(crm, people, contacts.MAPPING))
                )
            found.append(
                Figure(
                    name=f"R5 import of {rows:,} deals with history, {database}",
                    ours=min(ours) / rows * 1e6,
                    beside="import of as many contacts",
                    limit=min(theirs) / rows * 1e6,
                    unit="us per row",
                    at_most=2,
                )
            )
    return found


def write_deals(path: Path, rows: int) -> None:
    """Write a file of deals, the same each time."""
    chance = random.Random(8_800)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "name", "opening", "stage", "opened", "closed", "value"])
        for number in range(rows):
            stage = chance.choices(["won", "lost", "engaging", "prospecting"], [48, 28, 18, 6])[0]
            opened = date(2016, 10, 20) + timedelta(days=chance.randrange(400))
            closed = opened + timedelta(days=chance.randrange(1, 140)) if stage in ("won", "lost") else ""
            value = chance.randrange(30, 6_000) if stage == "won" else ""
            opening = stage if not closed else "engaging"
            writer.writerow([f"D{number:06}", f"Deal {number}", opening, stage, opened, closed, value])


def _in_new(database: str, folder: str, name: str, work: Callable[[Crm], float]) -> float:
    if database == "SQLite":
        with Crm.open(f"sqlite:///{folder}/{name}.db", plugins=[crmkit_sfa]) as crm:
            return work(crm)
    with postgres_address() as address, Crm.open(address, plugins=[crmkit_sfa]) as crm:
        return work(crm)


def _seconds(crm: Crm, path: Path, mapping: str) -> float:
    read: Any = read_mapping(mapping)
    begun = process_time()
    report = run_import(crm, crm.system, path, read)
    seconds = process_time() - begun
    made = sum(counts.get("created", 0) for counts in report.counts.values())
    assert made >= report.rows - report.rejected, report
    return seconds
