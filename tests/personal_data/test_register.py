"""The register of processing: from sensitivity, consents, rules and what plugins declare."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from crmkit.core.errors import AccessDenied, ConfigError
from crmkit.core.personal_data import KeepRule, PersonalDataSettings, ProcessingActivity, RetentionRule
from crmkit.plugin import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.services.personal_data import processing_register, register_page
from tests.personal_data.conftest import OpenCrm
from tests.personal_data.world import World
from tests.store.staff import make_staff

NEWSLETTER = ProcessingActivity(
    id="newsletter",
    name="Newsletter | weekly",
    purpose="newsletter",
    legal_basis="consent",
    entities=("contact_point", "consent"),
    recipients=("Mailer Ltd",),
    transfers=("US (SCC)",),
)
NOTHING_SAID = PersonalDataSettings()


def register(crm: Crm, settings: PersonalDataSettings = NOTHING_SAID) -> Any:
    with crm.session(reads=True) as s:
        return processing_register(s, settings, crm.processing_activities)


def test_it_is_made_from_what_fields_say(crm: Crm, world: World) -> None:
    found = register(crm)
    core, staff = found.activities
    by_name = {data.entity: data for data in core.data}
    assert "Birth date" in by_name["customer"].personal
    assert (by_name["contact_point"].erase, by_name["interaction"].erase) == ("delete", "tombstone")
    assert [data.entity for data in staff.data] == ["user"]
    # The plugin has told nobody what it does with its data.
    unnamed = {data.entity: data for data in found.without_purpose}
    assert unnamed["club_card"].special == ("Pin",)
    assert "club_account" in unnamed
    (consent,) = found.consents
    assert (consent.purpose, consent.channel, consent.legal_basis) == ("newsletter", "email", "consent")
    assert consent.statements == {"granted": 2}


def test_the_installation_says_it_in_its_own_words(crm: Crm) -> None:
    rules = RetentionRule(name="old", entity="contact_point", filter="valid_until < today", action="delete")
    keeps = KeepRule(name="proof", entity="consent", period="3 years")
    settings = PersonalDataSettings(
        controller="Acme, Bonn", officer="dpo@acme.example", activities=(NEWSLETTER,), retention=(rules,), keep=(keeps,)
    )
    found = register(crm, settings)
    (one,) = found.activities
    assert ([rule.name for rule in one.retention], [rule.name for rule in one.keeps]) == (["old"], ["proof"])
    assert "customer" in {data.entity for data in found.without_purpose}
    assert "contact_point" not in found.without_end
    assert "customer" in found.without_end
    page = register_page(found)
    assert "- **Controller:** Acme, Bonn" in page
    assert "## Newsletter \\| weekly" in page
    assert "| old | contact\\_point | valid\\_until \\< today | delete |" in page


class Mailing:
    @hookimpl
    def register_processing_activities(self, ctx: Any, call: Any) -> list[ProcessingActivity]:
        return [ProcessingActivity(id="mailing.send", name="Mailings", purpose="send mail", entities=("club_card",))]


def test_plugins_declare_what_they_do(open_crm: OpenCrm) -> None:
    crm = open_crm(Mailing())
    found = register(crm)
    last = found.activities[-1]
    assert (last.activity.id, last.plugin != "") == ("mailing.send", True)
    assert "club_card" not in {data.entity for data in found.without_purpose}
    assert "## Mailings" in register_page(found)
    assert json.loads(msgspec.json.encode({"n": len(found.activities)})) == {"n": 3}


def test_an_activity_about_nothing_is_an_error(crm: Crm) -> None:
    wrong = ProcessingActivity(id="x", name="X", purpose="x", entities=("custommer",))
    with pytest.raises(ConfigError, match=r"activity x: .*did you mean customer"):
        register(crm, PersonalDataSettings(activities=(wrong,)))


def test_it_takes_the_right_to_read_consents(crm: Crm) -> None:
    actor = make_staff(crm).actor("anna", ("customer", "read", "all"))
    with crm.session(actor, reads=True) as s, pytest.raises(AccessDenied, match="may not read consent"):
        processing_register(s, PersonalDataSettings())


def test_without_any_rule_nothing_ends(crm: Crm) -> None:
    found = register(crm, PersonalDataSettings())
    assert {"customer", "external_identity", "record_share", "value_confirmation"} <= set(found.without_end)
