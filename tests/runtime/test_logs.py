"""Logs: for people and for programs, without anything that records hold, and set up by the program alone."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.core.log_settings import LogSettings
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import RecordBatch
from crmkit.runtime.bad_config import BadConfig
from crmkit.runtime.config import load_config
from crmkit.runtime.logs import LOGGER, log_to
from crmkit.runtime.manifest import Manifest
from crmkit.testing.making import MakeCrm


class Teller:
    """Logs what it is told of, with one failure that quotes a value."""

    manifest = Manifest(name="teller")

    @hookimpl(entities=("customer",))
    def guard_records(self, ctx: Any, call: RecordBatch) -> None:
        ctx.log.info("sees %s", call.changes[0].after.id)
        try:
            raise ValueError(call.changes[0].after.name)
        except ValueError:
            ctx.log.exception("stumbles")


def logged(make_crm: MakeCrm, settings: LogSettings, **options: Any) -> tuple[str, Customer]:
    stream = io.StringIO()
    crm = make_crm(plugins=[Teller()])
    kite = Customer(name="Anna Secret", kind="person")
    with log_to(stream, settings, **options), crm.session() as session:
        session.add(kite)
        session.flush()
    return stream.getvalue(), kite


def test_json_lines_tell_for_whom_and_nothing_personal(make_crm: MakeCrm) -> None:
    text, kite = logged(make_crm, LogSettings(level="info", format="json"))
    first, second = (json.loads(line) for line in text.splitlines())
    assert first["message"] == f"sees {kite.id}"
    assert (first["level"], first["logger"], first["plugin"]) == ("info", "crmkit.plugins.teller", "teller")
    assert set(first) >= {"time", "tenant"}
    assert (second["level"], second["error"]["type"]) == ("error", "ValueError")
    assert second["error"]["places"][-1].endswith(" guard_records")
    assert "Secret" not in text


def test_text_lines_are_one_line_each(make_crm: MakeCrm) -> None:
    text, kite = logged(make_crm, LogSettings(level="info"))
    first, second = text.splitlines()
    assert f"info crmkit.plugins.teller: sees {kite.id} " in first
    assert "plugin=teller" in first
    assert "error=ValueError at=test_logs.py:" in second
    assert "Secret" not in text


def test_the_level_counts_and_verbose_asks_for_all(make_crm: MakeCrm) -> None:
    assert len(logged(make_crm, LogSettings())[0].splitlines()) == 1
    assert len(logged(make_crm, LogSettings(), verbose=True)[0].splitlines()) == 2


def test_the_innermost_counts_and_all_is_as_before(make_crm: MakeCrm) -> None:
    logger = logging.getLogger(LOGGER)
    before = logger.handlers[:], logger.level
    outer = io.StringIO()
    with log_to(outer, LogSettings()):
        text, _ = logged(make_crm, LogSettings(level="info"))
        logger.warning("outside")
    assert len(text.splitlines()) == 2
    assert outer.getvalue().endswith("warning crmkit: outside\n")
    assert (logger.handlers, logger.level) == before


def test_the_configuration_is_checked() -> None:
    config = load_config({"logging": {"level": "debug", "format": "json"}}, {})
    assert config.logging == LogSettings(level="debug", format="json")
    with pytest.raises(BadConfig, match=r"logging\.format"):
        load_config({"logging": {"format": "xml"}}, {})


def test_the_library_sets_up_no_logs() -> None:
    code = (
        "import logging, crmkit\n"
        "crm = crmkit.Crm.open(plugins=[])\n"
        "names = [n for n in logging.root.manager.loggerDict if n.startswith('crmkit')]\n"
        "found = [logging.getLogger(n) for n in names]\n"
        "print([l.name for l in found if l.handlers or l.level or not l.propagate], logging.root.handlers)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"
