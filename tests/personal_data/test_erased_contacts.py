"""What an erased person took part in does not come back with the next mail fetched or the next import."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import Conflict, Refused
from crmkit.core.identity import ExternalIdentity, IdentityClaim
from crmkit.core.interaction import Interaction
from crmkit.runtime.crm import Crm
from crmkit.services.identify import Evidence, claim, dismiss, recognise
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.report import ImportReport
from crmkit.services.importing.running import run_import
from crmkit.services.interactions import log
from crmkit.services.mail.importing import MailReport
from crmkit.services.mail.incoming import take_in
from crmkit.services.mail.message import Mail, Person
from crmkit.services.mail.own import OwnAddresses
from crmkit.services.personal_data import erase, preview, readmit
from tests.personal_data.conftest import OpenCrm

AT = datetime(2026, 1, 2, tzinfo=UTC)
TOLD = "was erased on 2026-03-15 with the person it was about; it is not taken in again"


def person(crm: Crm, name: str, *emails: str) -> UUID:
    made = Customer(name=name, kind="person")
    with crm.session() as s:
        s.add(made, *[ContactPoint(customer_id=made.id, kind="email", value=email) for email in emails])
    return made.id


def mail(key: str, sender: str, *to: str) -> Mail:
    return Mail(
        key=key,
        sender=Person(sender),
        to=tuple(Person(address) for address in ("shop@example.org", *to)),
        subject="Hello",
        body="about my knee",
        at=AT,
    )


OWN = OwnAddresses(addresses=frozenset({"shop@example.org"}))


# -- mails and other contacts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["refuse", "ask", "new"])
def test_a_mail_of_an_erased_person_is_not_logged_again(open_crm: OpenCrm, policy: str) -> None:
    crm = open_crm(returning=policy)
    anna = person(crm, "Anna Berg", "anna@example.com")
    with crm.session() as s:
        assert take_in(s, mail("<1@x>", "anna@example.com"), OWN).created
    with crm.session() as s:
        done = erase(s, anna, "request")
    with crm.session() as s:
        taken = take_in(s, mail("<1@x>", "anna@example.com"), OWN)
        assert (taken.interaction, taken.why, taken.created) == (None, "erased", False)
        # Another mail is another contact, whoever it is from.
        assert take_in(s, mail("<2@x>", "other@example.com"), OWN).created
    with crm.session() as s:
        assert [one.external_key for one in s.list(Interaction, kind="email") if one.body] == ["<2@x>"]
        readmit(s, done.id)
    # Who is taken in again, comes without history.
    with crm.session() as s:
        assert take_in(s, mail("<1@x>", "anna@example.com"), OWN).why == "erased"


def test_a_mail_to_several_stays_stored_until_the_last_is_erased(crm: Crm) -> None:
    anna, carl = person(crm, "Anna Berg", "anna@example.com"), person(crm, "Carl Ohm", "carl@example.com")
    sent = mail("<1@x>", "anna@example.com", "carl@example.com")
    with crm.session() as s:
        take_in(s, sent, OWN)
    with crm.session() as s:
        erase(s, anna, "request")
    with crm.session() as s:
        assert take_in(s, sent, OWN).why == "stored"
    with crm.session() as s:
        erase(s, carl, "request")
    with crm.session() as s:
        assert take_in(s, sent, OWN).why == "erased"


def test_logging_and_adding_it_again_say_that_it_was_erased(crm: Crm) -> None:
    anna = person(crm, "Anna Berg")
    with crm.session() as s:
        log(s, "call", participants=[anna], channel="phone", key="pbx-1")
    with crm.session() as s:
        erase(s, anna, "request")
    with crm.session() as s, pytest.raises(Conflict, match=f"phone pbx-1 {TOLD}"):
        log(s, "call", channel="phone", key="pbx-1")
    for again in (True, False):
        with crm.session() as s:
            made = Interaction(kind="call", occurred_at=AT, channel="phone", external_key="pbx-1")
            if again:
                s.bulk_upsert(Interaction, [made], key=("channel", "external_key"))
            else:
                s.add(made)
            with pytest.raises(Refused, match=TOLD):
                s.flush()
            s.rollback()
    with crm.session() as s:
        assert log(s, "call", channel="phone", key="pbx-2").created
        assert log(s, "call", channel="chat", key="pbx-1").created


def test_another_tenant_takes_the_same_mail_in(open_crm: OpenCrm) -> None:
    crm, other = open_crm(), open_crm(tenant="other of erased contacts")
    anna = person(crm, "Anna Berg", "anna@example.com")
    for one in (crm, other):
        with one.session() as s:
            take_in(s, mail(f"<{anna}@x>", "anna@example.com"), OWN)
    with crm.session() as s:
        erase(s, anna, "request")
    with other.session() as s:
        assert take_in(s, mail(f"<{anna}@x>", "anna@example.com"), OWN).why == "stored"
        assert take_in(s, mail(f"<{anna}@y>", "anna@example.com"), OWN).created


def test_the_key_itself_is_kept_nowhere(crm: Crm) -> None:
    anna = person(crm, "Anna Berg")
    with crm.session() as s:
        log(s, "call", participants=[anna], channel="phone", key="zqkey-1")
    with crm.session() as s:
        erase(s, anna, "request")
    with crm.session() as s:
        kept = s.connection.execute(sa.select(s.database.table("erased_keys"))).all()
        assert kept
        assert b"zqkey-1" not in repr(kept).encode()


def test_a_run_of_mails_counts_what_was_erased(crm: Crm) -> None:
    anna = person(crm, "Anna Berg", "anna@example.com")
    with crm.session() as s:
        take_in(s, mail("<1@x>", "anna@example.com"), OWN)
    with crm.session() as s:
        erase(s, anna, "request")
    report = MailReport()
    with crm.session() as s:
        report.add("INBOX 1", take_in(s, mail("<1@x>", "anna@example.com"), OWN))
    assert dict(report.figures) == {"erased": 1}


# -- imports ----------------------------------------------------------------------------------------------------------

MAPPING = """
name = "shop"

[[record]]
source = "orders"
entity = "interaction"
MATCH
[record.fields]
channel = "shop"
KEY
kind = "purchase"
subject = "{subject}"
occurred_at = "2026-01-02"

[[record]]
source = "orders"
entity = "interaction_participant"
match = ["interaction_id", "customer_id", "role"]
[record.fields]
interaction_id = { record = "interaction" }
customer_id = { entity = "customer", match = { name = "{buyer}" }, optional = true }
role = "customer"
"""

BY_KEY = MAPPING.replace("MATCH", 'match = ["channel", "external_key"]').replace("KEY", 'external_key = "{id}"')
BY_NUMBER = MAPPING.replace("MATCH", 'external_id = "{id}"').replace("KEY\n", "")


def imported(crm: Crm, folder: Path, mapping: str, *rows: str) -> ImportReport:
    file = folder / "orders.csv"
    file.write_text("id,buyer,subject\n" + "".join(f"{row}\n" for row in rows), "utf-8")
    return run_import(crm, crm.system, file, read_mapping(mapping, "shop"), error_folder=folder / "rejected")


@pytest.mark.parametrize("mapping", [BY_KEY, BY_NUMBER], ids=["by key", "by number"])
def test_an_import_does_not_bring_it_back(crm: Crm, tmp_path: Path, mapping: str) -> None:
    anna = person(crm, "Anna Berg")
    person(crm, "Carl Ohm")
    rows = ("1,Anna Berg,Pumps", "2,Carl Ohm,Pipes")
    assert imported(crm, tmp_path, mapping, *rows).rejected == 0
    with crm.session() as s:
        erase(s, anna, "request")
    again = imported(crm, tmp_path, mapping, *rows, "3,Carl Ohm,Taps")
    assert (again.rejected, again.counts["interaction"]["created"]) == (1, 1)
    assert TOLD in again.errors[0].render()
    with crm.session() as s:
        assert sorted(one.subject for one in s.list(Interaction) if one.subject) == ["Pipes", "Taps"]
        assert s.count(ExternalIdentity, entity="interaction") == (2 if mapping == BY_NUMBER else 0)


# -- claims -----------------------------------------------------------------------------------------------------------


def test_undecided_claims_of_an_erased_person_are_emptied(crm: Crm) -> None:
    anna, bert = person(crm, "Anna Berg"), person(crm, "Bert Ohm")
    mine = [{"customer_id": str(anna), "score": 0.6}]
    theirs = [{"customer_id": str(bert), "score": 0.9}]
    with crm.session() as s:
        alone = IdentityClaim(channel="web", raw={"text": "a"}, candidates=tuple(mine), fingerprint="1")
        best = IdentityClaim(channel="web", raw={"text": "b"}, candidates=(*mine, {**theirs[0], "score": 0.3}))
        told = IdentityClaim(channel="web", raw={"mail": ["Yours,\nAnna Berg"]}, candidates=(*theirs, *mine))
        other = IdentityClaim(channel="web", raw={"text": "c"}, candidates=(*theirs, *mine), fingerprint="4")
        s.add(alone, best, told, other)
    with crm.session() as s:
        assert set(preview(s, anna).claims) == {alone.id, best.id, told.id}
        done = erase(s, anna, "request")
    with crm.session(reads=True) as s:
        for one in (alone, best, told):
            now = s.get(IdentityClaim, one.id)
            assert (now.state, dict(now.raw), now.candidates, now.fingerprint) == (
                "dismissed",
                {"erased": str(done.id)},
                (),
                "",
            )
        kept = s.get(IdentityClaim, other.id)
        assert (kept.state, dict(kept.raw), len(kept.candidates)) == ("open", {"text": "c"}, 1)


def test_claims_of_an_own_address_are_emptied_and_those_of_a_shared_one_stay(crm: Crm) -> None:
    with crm.session() as s:
        own = claim(s, Evidence(emails="anna@example.com"), "email", {"text": "mine"})
        shared = claim(s, Evidence(phones="+49 30 123456"), "phone", {"text": "whose"})
        foreign, _ = recognise(s, Evidence(emails="x@example.com"), "email", {"text": "other"})
    assert foreign.kind != "known"
    # Both have the telephone from the same moment on, so nothing decides who called; nor is a dismissed claim decided.
    anna, bert = Customer(name="Anna Berg"), Customer(name="Bert Berg")
    with crm.session() as s:
        dismiss(s, own.id)
        s.flush()
        s.add(anna, bert, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
        s.add(*[ContactPoint(customer_id=one.id, kind="phone", value="+49 30 123456") for one in (anna, bert)])
    with crm.session() as s:
        erase(s, anna.id, "request")
    with crm.session(reads=True) as s:
        found = {one.channel + one.state: dict(one.raw) for one in s.list(IdentityClaim)}
    assert "erased" in found["emaildismissed"]
    assert found["phoneopen"]["received"] == {"text": "whose"}
    assert found["emailopen"]["received"] == {"text": "other"}
    assert shared.id
