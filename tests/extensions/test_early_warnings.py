"""Authors hear of what is wrong with their extensions before anybody serves them: plugin check, doctor, the contract."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.core.messages import msg
from crmkit.hooks.kinds import hookimpl
from crmkit.hosting import health
from crmkit.plugin import Manifest, Panel
from crmkit.runtime.plugin_check import check_plugin
from crmkit.runtime.sources import given_plugin
from crmkit.testing.contract.declaration import check_web
from crmkit.testing.contract.faults import ContractBroken
from crmkit.testing.making import MakeCrm

TOLD = "plugin maps, register_panels, 'maps.map': no point 'customer.sde'; did you mean customer.side?"


class Maps:
    manifest = Manifest(name="maps", version="1.0", label="Maps", summary="Maps.")

    @hookimpl
    def register_panels(self, ctx: Any, call: Any) -> list[Panel]:
        return [Panel("maps.map", msg("Map"), "customer.sde", lambda ctx, call: [])]


def test_examining_a_plugin_tells() -> None:
    report = check_plugin(given_plugin(Maps()))
    assert not report.right
    assert [(one.area, str(one.message)) for one in report.findings if one.area == "web"] == [("web", TOLD)]


def test_the_doctor_tells(make_crm: MakeCrm) -> None:
    found = [one for one in health(make_crm(plugins=[Maps()])).findings if one.area == "plugins"]
    assert [str(one.message) for one in found if one.code == "web"] == [TOLD]


def test_the_contract_tells(make_crm: MakeCrm) -> None:
    with pytest.raises(ContractBroken, match=r"did you mean customer\.side\?"):
        check_web(make_crm(plugins=[Maps()]))
    check_web(make_crm())
