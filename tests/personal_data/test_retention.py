"""Retention rules: what is too old goes, in batches, again and again the same; what must stay stays and is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput, ConfigError
from crmkit.core.interaction import Attachment, Interaction
from crmkit.core.personal_data import Erasure, KeepRule, PersonalDataSettings, RetentionRule, kept_until
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.personal_data import Erasing
from crmkit.plugin import Refuse, hookimpl, msg
from crmkit.runtime.bad_config import BadConfig
from crmkit.runtime.config import load_config
from crmkit.runtime.crm import Crm
from crmkit.services.auditing.log import seal
from crmkit.services.auditing.verifying import verify
from crmkit.services.merging import merge
from crmkit.services.merging import preview as preview_merge
from crmkit.services.personal_data import RetentionReport, erase, hold, run_retention
from tests.personal_data.conftest import OpenCrm
from tests.store.staff import make_staff

OLD_MAILS = RetentionRule(
    name="old mails", entity="interaction", filter="kind = email and occurred_at < today - 3 years", action="anonymise"
)
OLD_NOTES = RetentionRule(
    name="old notes", entity="interaction", filter="kind = note and occurred_at < today - 3 years", action="delete"
)
PROSPECTS = RetentionRule(
    name="prospects",
    purpose="sales",
    entity="customer",
    filter="created_at < today - 24 months and has no interactions where occurred_at > today - 24 months",
    action="erase",
)


def settings(*rules: RetentionRule, keep: tuple[KeepRule, ...] = ()) -> PersonalDataSettings:
    return PersonalDataSettings(retention=rules, keep=keep)


def run(crm: Crm, given: PersonalDataSettings, **options: Any) -> RetentionReport:
    return run_retention(crm, crm.system, given, attachments=lambda: crm.attachments, **options)


def told(report: RetentionReport) -> dict[str, tuple[int, int, int]]:
    return {one.rule: (one.found, one.gone, len(one.stays)) for one in report.rules}


def logged(crm: Crm, kind: str, *customers: UUID, count: int = 1, years: int = 0) -> list[UUID]:
    at = crm.clock.now() - timedelta(days=366 * years)
    with crm.session() as s:
        services = crm.services_for(s)
        made = [services.log(kind, participants=customers, subject=f"s{n}", at=at).interaction for n in range(count)]
    return [one.id for one in made]


@pytest.fixture
def anna(crm: Crm) -> UUID:
    made = Customer(name="Anna")
    with crm.session() as s:
        s.add(made)
    return made.id


def subjects(crm: Crm, **equal: Any) -> list[str]:
    with crm.session(reads=True) as s:
        return sorted(one.subject for one in s.list(Interaction, deleted=True, **equal))


def test_old_records_go_in_batches_and_a_second_run_finds_none(crm: Crm, anna: UUID) -> None:
    mails = logged(crm, "email", anna, count=5, years=4)
    logged(crm, "email", anna, years=1)
    notes = logged(crm, "note", anna, count=3, years=4)
    rules = settings(OLD_MAILS, OLD_NOTES)
    assert told(run(crm, rules, dry_run=True)) == {
        "kept until now": (0, 0, 0),
        "old mails": (5, 5, 0),
        "old notes": (3, 3, 0),
    }
    assert subjects(crm, id=mails) == [f"s{n}" for n in range(5)]
    seen: list[tuple[str, int]] = []
    report = run(crm, rules, size=2, on_progress=lambda rule, gone: seen.append((rule, gone)))
    assert (report.gone, seen[:3]) == (8, [("old mails", 2), ("old mails", 4), ("old mails", 5)])
    assert subjects(crm, id=mails) == [""] * 5
    with crm.session(reads=True) as s:
        assert s.count(Interaction, kind="email") == 6
        assert s.list(Interaction, id=notes) == []
    assert run(crm, rules).gone == 0
    seal(crm, crm.system)
    with crm.session(reads=True) as s:
        assert verify(s).valid


def test_a_run_that_was_stopped_goes_on(crm: Crm, anna: UUID) -> None:
    logged(crm, "email", anna, count=5, years=4)

    def stop(rule: str, gone: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(crm, settings(OLD_MAILS), size=2, on_progress=stop)
    assert subjects(crm).count("") == 2
    assert told(run(crm, settings(OLD_MAILS), size=2))["old mails"] == (3, 3, 0)


def test_what_was_written_again_goes_again(crm: Crm, anna: UUID) -> None:
    (mail,) = logged(crm, "email", anna, years=4)
    run(crm, settings(OLD_MAILS))
    with crm.session() as s:
        s.update(change(s.get(Interaction, mail), outcome="again"))
    assert run(crm, settings(OLD_MAILS)).gone == 1
    with crm.session(reads=True) as s:
        assert s.get(Interaction, mail).outcome == ""


def test_files_go_with_their_records(crm: Crm, anna: UUID) -> None:
    (mail,) = logged(crm, "email", anna, years=4)
    with crm.session() as s:
        crm.services_for(s).attach(s.get(Interaction, mail), "a.txt", b"content")
    run(crm, settings(OLD_MAILS))
    assert list(crm.attachments.contents.kept(crm.system.tenant_id)) == []
    with crm.session(reads=True) as s:
        assert s.list(Attachment) == []


def test_customers_are_erased_one_by_one(crm: Crm, anna: UUID, clock: FixedClock) -> None:
    clock.advance(days=800)
    berg, firm = Customer(name="Berg"), Customer(name="Firm", kind="organization")
    with crm.session() as s:
        s.add(berg, firm)
    with crm.session() as s:
        merge(s, preview_merge(s, berg.id, anna))
    # Anna is old, but she is Berg by now, who is not.
    assert told(run(crm, settings(PROSPECTS)))["prospects"] == (0, 0, 0)
    clock.advance(days=800)
    logged(crm, "call", firm.id)
    assert told(run(crm, settings(PROSPECTS)))["prospects"] == (1, 1, 0)
    with crm.session(reads=True) as s:
        assert [customer.name for customer in s.list(Customer)] == ["Firm"]
        (tombstone,) = s.list(Erasure)
    assert (tombstone.reason, tombstone.predecessors) == ("retention: prospects", (str(anna),))
    assert run(crm, settings(PROSPECTS)).gone == 0


class Contracts:
    @hookimpl
    def guard_erasure(self, ctx: Any, call: Erasing) -> list[Refuse]:
        return [Refuse(msg("an open contract"))] if call.customer.name == "Anna" else []


@pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "run"])
def test_what_a_hold_a_rule_or_a_plugin_keeps_stays_and_is_told(
    open_crm: OpenCrm, clock: FixedClock, dry_run: bool
) -> None:
    crm = open_crm(Contracts())
    anna, berg = Customer(name="Anna"), Customer(name="Berg")
    with crm.session() as s:
        s.add(anna, berg)
    mails = [*logged(crm, "email", berg.id, years=4), *logged(crm, "email", anna.id, count=2, years=4)]
    with crm.session() as s:
        hold(s, s.get(Customer, berg.id), "lawsuit")
        s.update(change(s.get(Interaction, mails[1]), outcome="contract"))
    clock.advance(days=900)
    contracts = KeepRule(name="contracts", entity="interaction", filter="outcome = contract", period="10 years")
    report = run(crm, settings(PROSPECTS, OLD_MAILS, keep=(contracts,)), dry_run=dry_run)
    assert told(report) == {"kept until now": (0, 0, 0), "prospects": (2, 0, 2), "old mails": (3, 1, 2)}
    reasons = {str(kept.reason) for one in report.rules for kept in one.stays}
    assert "legal hold: lawsuit" in reasons
    assert any("an open contract" in reason for reason in reasons)
    assert "contracts: legal_obligation" in reasons
    assert subjects(crm).count("") == (0 if dry_run else 1)


def test_what_had_to_be_kept_goes_when_its_time_is_over(crm: Crm, anna: UUID, clock: FixedClock) -> None:
    logged(crm, "purchase", anna)
    invoices = KeepRule(name="invoices", entity="interaction", filter="kind = purchase", period="10 years")
    given = settings(keep=(invoices,))
    with crm.session() as s:
        erase(s, anna, "request", settings=given)
    assert subjects(crm) == ["s0"]
    assert told(run(crm, given)) == {"kept until now": (0, 0, 0)}
    clock.advance(days=3653)
    assert told(run(crm, given)) == {"kept until now": (1, 1, 0)}
    assert subjects(crm) == [""]
    assert told(run(crm, given)) == {"kept until now": (0, 0, 0)}


def test_retention_takes_the_right_to_erase(crm: Crm, anna: UUID) -> None:
    logged(crm, "email", anna, years=4)
    staff = make_staff(crm)
    for grants in ([("*", "read", "all")], [("*", "read", "all"), ("customer", "erase", "all")]):
        actor = staff.actor("anna", *grants)
        with pytest.raises(AccessDenied, match="may not erase"):
            run_retention(crm, actor, settings(OLD_MAILS))
    assert subjects(crm) == ["s0"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (RetentionRule(name="r", entity="interactoin", filter="", action="delete"), "did you mean interaction"),
        (RetentionRule(name="r", entity="interaction", filter="kid = email", action="delete"), "did you mean kind"),
        (RetentionRule(name="r", entity="audit_entry", filter="", action="delete"), "written by the store alone"),
    ],
    ids=["entity", "field", "log"],
)
def test_a_rule_that_means_nothing_is_an_error(crm: Crm, rule: RetentionRule, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        run(crm, settings(rule))
    with pytest.raises(BadInput, match="no retention rule mail; did you mean mails"):
        run(crm, settings(RetentionRule(name="mails", entity="customer", filter="", action="erase")), names=["mail"])


def test_the_configuration_is_checked_with_everything_wrong_in_it() -> None:
    wrong = {
        "keep": [{"name": "a", "entity": "interaction", "period": "long"}],
        "retention": [
            {"name": "b", "entity": "interaction", "filter": "", "action": "erase"},
            {"name": "b", "entity": "customer", "filter": "", "action": "delete"},
        ],
    }
    with pytest.raises(BadConfig) as caught:
        load_config({"personal_data": wrong}, {})
    assert [error.path for error in caught.value.errors] == [
        "personal_data.keep[0].period",
        "personal_data.retention[1]",
        "personal_data.retention[0].action",
        "personal_data.retention[1].action",
    ]


@pytest.mark.parametrize(
    ("period", "year_end", "end"),
    [
        ("10 years", False, datetime(2034, 2, 28, 9, tzinfo=UTC)),
        ("10 years", True, datetime(2035, 1, 1, tzinfo=UTC)),
        ("18 months", False, datetime(2025, 8, 29, 9, tzinfo=UTC)),
        ("90 days", False, datetime(2024, 5, 29, 9, tzinfo=UTC)),
    ],
    ids=["years", "from the end of the year", "months", "days"],
)
def test_how_long_something_is_kept(period: str, year_end: bool, end: datetime) -> None:
    record = Interaction(kind="purchase", occurred_at=datetime(2024, 2, 29, 9, tzinfo=UTC))
    rule = KeepRule(name="r", entity="interaction", period=period, since="occurred_at", from_year_end=year_end)
    assert kept_until(rule, record) == end
