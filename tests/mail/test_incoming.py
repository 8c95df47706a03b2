"""Taking mail in: once, to the right customers, in its thread, with its files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crmkit.core.attachment_rules import AttachmentRules
from crmkit.core.customer import ContactPoint
from crmkit.core.errors import AccessDenied
from crmkit.core.identity import IdentityClaim
from crmkit.core.interaction import Attachment, Interaction, InteractionParticipant
from crmkit.core.mail_settings import MailSettings, SmtpSettings
from crmkit.core.staff import User
from crmkit.runtime.crm import Crm
from crmkit.services.attachments import Attachments, MemoryContents, read
from crmkit.services.identify import resolve
from crmkit.services.interactions import contact_figures, thread, timeline
from crmkit.services.mail.importing import MailReport, import_mails
from crmkit.services.mail.incoming import Taken, take_in
from crmkit.services.mail.mail_threads import base_subject
from crmkit.services.mail.message import Mail, Person
from crmkit.services.mail.own import OwnAddresses, own_addresses
from crmkit.services.mail.reading import read_mail
from crmkit.services.mail.sources import RawMail, mails_of
from crmkit.testing.making import AsUser
from tests.mail.conftest import Add
from tests.mail.test_reading import GONE, report

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OWN = OwnAddresses(domains=frozenset({"us.example"}))
US = Person("info@us.example")
PDF = b"%PDF-1.4\n%%EOF\n"


def letter(key: str, sender: str = "anna@acme.com", to: Sequence[str] = ("info@us.example",), **values: object) -> Mail:
    given = {"cc": (), "at": NOON, "subject": f"Mail {key}", **values}
    cc = tuple(Person(address) for address in given.pop("cc"))  # type: ignore[attr-defined]
    people = tuple(Person(address) for address in to)
    return Mail(key=key, sender=Person(sender) if sender else None, to=people, cc=cc, **given)  # type: ignore[arg-type]


def take(crm: Crm, *mails: Mail, own: OwnAddresses = OWN, **options: object) -> list[Taken]:
    found = []
    for one in mails:
        with crm.session() as session:
            found.append(take_in(session, one, own, **options))  # type: ignore[arg-type]
    return found


def parties(crm: Crm, taken: Taken) -> list[tuple[str, str]]:
    assert taken.interaction is not None
    with crm.session(reads=True) as session:
        found = session.list(InteractionParticipant, interaction_id=taken.interaction.id, order="id")
    return [(part.role, part.address) for part in found]


# -- whose ----------------------------------------------------------------------------------------------------------


def test_a_mail_comes_to_its_sender_and_is_stored_once(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", "anna@acme.com")
    (first, again) = take(crm, letter("m1", body="Hello"), letter("m1", body="Hello"))
    assert (first.created, again.created, again.why) == (True, False, "stored")
    with crm.session(reads=True) as session:
        (entry,) = timeline(session, anna).entries
        assert (entry.kind, entry.channel, entry.direction, entry.at) == ("email", "email", "inbound", NOON)
        assert (entry.title, entry.text, entry.role, entry.address) == ("Mail m1", "Hello", "customer", "anna@acme.com")


def test_direction_and_roles_follow_from_our_own_addresses(crm: Crm, add: Add) -> None:
    add("Anna Berg", "anna@acme.com")
    user = User(login="eva", name="Eva", email="Eva@Us.example")
    with crm.session() as session:
        session.add(user)
        settings = MailSettings(
            own_domains=("US.example",),
            own_addresses=("shop@gmail.com",),
            smtp=SmtpSettings(host="x", sender="Acme <noreply@mailer.example>"),
        )
        own = own_addresses(session, settings)
    assert all(address in own for address in ("x@us.example", "shop@gmail.com", "noreply@mailer.example"))
    assert "anna@acme.com" not in own
    mails = {
        "in": letter("1", to=["eva@us.example", "bob@acme.com"], cc=["carl@acme.com", "anna@acme.com"]),
        "out": letter(
            "2", "eva@us.example", ["anna@acme.com", "bob@acme.com"], cc=["carl@acme.com", "info@us.example"]
        ),
        "out by copy": letter("3", "shop@gmail.com", ["info@us.example"], cc=["anna@acme.com"]),
        "us": letter("4", "eva@us.example", ["info@us.example"]),
        "nobody": letter("5", "", ["info@us.example"]),
        "to nobody": letter("6", "eva@us.example", []),
        "no sender": letter("7", "", ["anna@acme.com", "info@us.example"]),
    }
    taken = dict(zip(mails, take(crm, *mails.values(), own=own), strict=True))
    assert {name: one.why for name, one in taken.items()} == {
        "in": "",
        "out": "",
        "out by copy": "",
        "us": "internal",
        "nobody": "nobody",
        "to nobody": "nobody",
        "no sender": "",
    }
    assert parties(crm, taken["in"]) == [
        ("customer", "anna@acme.com"),
        ("cc", "bob@acme.com"),
        ("cc", "carl@acme.com"),
        ("staff", "eva@us.example"),
    ]
    assert parties(crm, taken["out"]) == [
        ("customer", "anna@acme.com"),
        ("customer", "bob@acme.com"),
        ("cc", "carl@acme.com"),
        ("staff", "eva@us.example"),
    ]
    assert parties(crm, taken["out by copy"]) == [("customer", "anna@acme.com")]
    assert parties(crm, taken["no sender"]) == [("cc", "anna@acme.com")]
    directions = {name: one.interaction.direction for name, one in taken.items() if one.interaction}
    assert directions == {"in": "inbound", "out": "outbound", "out by copy": "outbound", "no sender": "inbound"}


def test_several_customers_of_one_mail_each_have_it_once(crm: Crm, add: Add) -> None:
    anna, bernd = add("Anna Berg", "anna@acme.com"), add("Bernd Berg", "bernd@acme.com")
    with crm.session() as session:
        session.add(ContactPoint(customer_id=anna, kind="email", value="berg@private.example"))
    (taken,) = take(crm, letter("m", cc=["bernd@acme.com", "berg@private.example"]))
    assert parties(crm, taken) == [
        ("customer", "anna@acme.com"),
        ("cc", "bernd@acme.com"),
        ("cc", "berg@private.example"),
    ]
    with crm.session(reads=True) as session:
        for who in (anna, bernd):
            assert len(timeline(session, who).entries) == 1
            assert contact_figures(session, [who])[who].contacts == 1


def test_who_is_unknown_waits_as_a_claim_and_is_attached_later(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg")
    sender = Person("new@acme.com", "Anna Berg")
    take(crm, *[Mail(key=f"{n}", sender=sender, to=(US,), at=NOON + timedelta(hours=n)) for n in range(3)])
    with crm.session() as session:
        (claim,) = session.list(IdentityClaim)
        assert [candidate["customer_id"] for candidate in claim.candidates] == [str(anna)]
        assert resolve(session, claim, anna) == 3
    take(crm, letter("later", "new@acme.com", at=NOON + timedelta(hours=9)))
    with crm.session(reads=True) as session:
        assert [entry.title for entry in timeline(session, anna).entries] == ["Mail later", "", "", ""]


def test_on_request_only_mail_of_known_customers_is_taken(crm: Crm, add: Add) -> None:
    add("Anna Berg", "anna@acme.com")
    mails = [letter("1", "spam@spam.example"), letter("2"), letter("3", "spam@spam.example", cc=["anna@acme.com"])]
    assert [one.why for one in take(crm, *mails, known_only=True)] == ["unknown", "", ""]
    with crm.session(reads=True) as session:
        assert session.count(IdentityClaim) == 1


def test_a_mail_to_very_many_does_not_make_a_claim_of_each(crm: Crm) -> None:
    (taken,) = take(crm, letter("m", to=[f"someone{number}@acme.com" for number in range(150)]))
    assert len(parties(crm, taken)) == 50


# -- threads --------------------------------------------------------------------------------------------------------


def threads(crm: Crm) -> list[set[str]]:
    found: dict[object, set[str]] = {}
    with crm.session(reads=True) as session:
        for one in session.list(Interaction):
            found.setdefault(one.thread_id, set()).add(one.external_key)
    return sorted(found.values(), key=sorted)


CONVERSATION = [
    letter("root"),
    letter("a", references=("root",)),
    letter("b", "info@us.example", ["anna@acme.com"], references=("root", "a")),
    letter("c", references=("root", "a", "b")),
    letter("other"),
    letter("only-parent", references=("c",)),
]


@pytest.mark.parametrize(
    "order", [(0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0), (3, 5, 0, 4, 2, 1), (5, 0, 3, 1, 4, 2)], ids=str
)
def test_mails_find_together_in_whatever_order_they_come(crm: Crm, order: Sequence[int]) -> None:
    take(crm, *[CONVERSATION[place] for place in order])
    assert threads(crm) == [{"a", "b", "c", "only-parent", "root"}, {"other"}]


def test_an_answer_without_references_joins_a_recent_mail_of_its_subject(crm: Crm, add: Add) -> None:
    add("Anna Berg", "anna@acme.com")
    hour = timedelta(hours=1)
    take(
        crm,
        letter("1", "info@us.example", ["anna@acme.com"], subject="Your order 4711"),
        letter("2", subject="Re: Your order  4711", at=NOON + hour),
        letter("3", subject="AW: Re: your order 4711", at=NOON + 2 * hour),
        letter("4", subject="回复：Your order 4711", at=NOON + 3 * hour),
        letter("5", "stranger@x.de", subject="Re: Your order 4711", at=NOON + 4 * hour),
        letter("6", subject="Your order 4711", at=NOON + 5 * hour),
        letter("7", subject="Fwd: Your order 4711", at=NOON + 6 * hour),
        letter("8", subject="Re: Your order 4711", at=NOON + timedelta(days=60)),
        letter("9", subject="Hello", at=NOON),
        letter("10", subject="Re: Hello", at=NOON + hour),
    )
    assert {"1", "2", "3", "4"} in threads(crm)
    assert all(len(one) == 1 for one in threads(crm) if "1" not in one)


SUBJECTS = {
    "Re: Order": "order",
    "RE[2]: Order": "order",
    "AW: WG: Order": "",
    "Re: Fwd: Order": "",
    "Fwd: Re: Order": "",
    "Order": "",
    "Reorder: pumps": "",
    "答复: 回复：订单": "订单",
    "": "",
}


@pytest.mark.parametrize("subject", SUBJECTS, ids=ascii)
def test_base_subjects(subject: str) -> None:
    assert base_subject(subject) == SUBJECTS[subject]


def test_strangers_with_the_same_subject_share_no_thread_but_their_own(crm: Crm) -> None:
    take(
        crm,
        letter("1", "x@x.de", subject="Question on pumps"),
        letter("2", "y@y.de", subject="Re: Question on pumps"),
        letter("3", "x@x.de", subject="Re: Question on pumps"),
    )
    assert threads(crm) == [{"1", "3"}, {"2"}]


# -- machines -------------------------------------------------------------------------------------------------------


def test_automatic_answers_are_logged_but_are_no_contact(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", "anna@acme.com")
    take(crm, letter("1", automatic=True), letter("2", "info@us.example", ["anna@acme.com"], automatic=True))
    with crm.session(reads=True) as session:
        assert sorted(entry.outcome for entry in timeline(session, anna).entries) == ["", "auto-reply"]
        figures = contact_figures(session, [anna])[anna]
        assert (figures.contacts, figures.last_inbound, figures.last_outbound) == (1, None, NOON)


def test_a_failed_delivery_belongs_to_whom_it_did_not_reach(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", "gone@acme.com")
    other = add("Other", "full@acme.com")
    take(crm, letter("sent-1@us.example", "info@us.example", ["gone@acme.com"], subject="Offer"))
    delayed = "Final-Recipient: rfc822; full@acme.com\r\nAction: delayed\r\nStatus: 4.2.2"
    policy = "Final-Recipient: rfc822; gone@acme.com\r\nAction: failed\r\nStatus: 5.7.1"
    (taken,) = take(crm, read_mail(report(GONE, delayed)))
    assert taken.bounced == ("gone@acme.com",)
    with crm.session(reads=True) as session:
        points = {point.normalized: point.deliverability for point in session.list(ContactPoint)}
        assert points == {"gone@acme.com": "bounced", "full@acme.com": "unknown"}
        offer, bounce = timeline(session, anna).entries
        assert (bounce.outcome, bounce.direction, bounce.thread_id) == ("bounce", "inbound", offer.thread_id)
        assert len(timeline(session, other).entries) == 1
        assert contact_figures(session, [anna])[anna].contacts == 1
        assert session.count(IdentityClaim) == 0  # the mailer-daemon is nobody to know
    (again,) = take(crm, read_mail(report(policy).replace(b"dsn-1@", b"dsn-2@")))
    assert again.bounced == ("gone@acme.com",)
    with crm.session(reads=True) as session:
        (point,) = session.list(ContactPoint, customer_id=anna)
        assert point.deliverability == "blocked"


# -- files and whole imports ------------------------------------------------------------------------------------------


def with_files(*files: tuple[str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = "anna@acme.com", "info@us.example", "<f1@acme.com>"
    message["Date"] = "Mon, 02 Mar 2026 12:00:00 +0000"
    message.set_content("see files")
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def test_files_are_kept_as_far_as_they_are_taken(crm: Crm, add: Add) -> None:
    add("Anna Berg", "anna@acme.com")
    store = Attachments(MemoryContents(), AttachmentRules(largest=1_000))
    raw = with_files(("../报价.pdf", PDF), ("virus.pdf", b"MZ" + b"\0" * 80), ("big.txt", b"x" * 2_000), ("b.pdf", PDF))
    (taken,) = take(crm, read_mail(raw), attachments=store)
    assert [str(reason).partition(":")[0] for reason in taken.left_out] == ["file virus.pdf", "file big.txt"]
    with crm.session(reads=True) as session:
        files = session.list(Attachment, order="filename")
        assert [(file.filename, file.media_type) for file in files] == [
            ("b.pdf", "application/pdf"),
            ("报价.pdf", "application/pdf"),
        ]
        assert {read(session, store, file) for file in files} == {PDF}
    assert len(list(store.contents.kept(crm.system.tenant_id))) == 1
    (without,) = take(crm, read_mail(raw.replace(b"f1@", b"f2@")))
    assert len(without.left_out) == 4


def test_an_import_goes_on_after_mails_that_fail_and_can_be_repeated(crm: Crm, add: Add, tmp_path: Path) -> None:
    add("Anna Berg", "anna@acme.com")
    for number in range(3):
        (tmp_path / f"{number}.eml").write_bytes(with_files().replace(b"f1@", b"f%d@" % number))
    (tmp_path / "huge.eml").write_bytes(b"From: a@b.de\r\n\r\n" + b"x" * 5_000)
    (tmp_path / "internal.eml").write_bytes(b"From: info@us.example\r\nTo: eva@us.example\r\n\r\nx")

    def run() -> MailReport:
        mails = mails_of(tmp_path, 2_000)
        settings = MailSettings(own_domains=("us.example",), largest=2_000)
        return import_mails(crm.session, mails, OWN, settings, zone=ZoneInfo("UTC"))

    first, second = run(), run()
    assert first.figures == {"failed": 1, "internal": 1, "logged": 3}
    assert second.figures == {"failed": 1, "internal": 1, "stored": 3}
    assert [one.place for one in first.failures] == [str(tmp_path / "huge.eml")]
    assert str(first.failures[0].error) == "a mail of 2,001 bytes; at most 2,000 are taken" or "5,0" in str(
        first.failures[0].error
    )
    with crm.session(reads=True) as session:
        assert session.count(Interaction) == 3


def test_who_may_not_log_is_told_at_once(crm: Crm, as_user: AsUser) -> None:
    actor = as_user("customer read all")
    mails = [RawMail("1", with_files()), RawMail("2", with_files())]
    with pytest.raises(AccessDenied):
        import_mails(lambda: crm.session(actor), mails, OWN, MailSettings(), zone=ZoneInfo("UTC"))
    with crm.session(reads=True) as session:
        assert session.count(Interaction) == 0


def test_a_thread_is_shown_in_order(crm: Crm) -> None:
    later = letter("root", at=NOON + timedelta(hours=1))
    taken = take(crm, later, letter("a", references=("root",), at=NOON + timedelta(hours=2)))
    with crm.session(reads=True) as session:
        assert [one.external_key for one in thread(session, taken[1].interaction)] == ["root", "a"]  # type: ignore[arg-type]
