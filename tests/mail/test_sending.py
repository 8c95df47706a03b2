"""Sending through a real SMTP server: to whom one may write, once, as it was written."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from crmkit.core.attachment_rules import AttachmentRules
from crmkit.core.customer import ContactPoint
from crmkit.core.entity import change
from crmkit.core.errors import BadInput, ConfigError, Conflict, NotFound, PluginError, Refused, ValidationFailed
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.mail_settings import MailSettings
from crmkit.core.staff import User
from crmkit.core.values.ids import new_id
from crmkit.hooks.channels import Channel, NotSent, OutgoingMessage, Recipient, Sent
from crmkit.hooks.errors import BadHook
from crmkit.plugin import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.messages import written
from crmkit.services.consent import grant, withdraw
from crmkit.services.interactions import Participant, log, timeline
from crmkit.services.mail.composing import compose
from crmkit.services.mail.reading import read_mail
from crmkit.services.messaging import waiting
from tests.conftest import OpenCrm
from tests.mail.conftest import Add, Certificates, Post, add_to, serving

# That a password goes without encryption is what these servers warn of; here it goes to this machine.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")

PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture
def office(crm: Crm, post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    """The CRM with a mail server and a place for attachments."""
    files = AttachmentRules(folder=str(tmp_path / "files"))
    config = attrs.evolve(crm.config, mail=MailSettings(smtp=post.settings), attachments=files)
    monkeypatch.setattr(crm, "config", config)
    for name in ("channels", "attachments"):
        monkeypatch.delitem(crm.__dict__, name, raising=False)
    yield crm
    for name in ("channels", "attachments"):
        crm.__dict__.pop(name, None)


def consenting(crm: Crm, name: str, address: str) -> UUID:
    customer = add_to(crm, name, address)
    with crm.session() as session:
        grant(session, customer, "newsletter", channel="email")
    return customer


def write(crm: Crm, *to: Any, **details: Any) -> Interaction:
    with crm.session() as session:
        return written(crm, session, "email", to, **{"purpose": "newsletter", **details})


def parsed(post: Post, place: int = -1) -> EmailMessage:
    content = post.taken[place].content
    assert isinstance(content, bytes)
    found = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def state(crm: Crm, message: Interaction) -> tuple[str, str]:
    with crm.session(reads=True) as session:
        found = session.get(Interaction, message.id)
    return found.status, found.outcome


# -- the mail -------------------------------------------------------------------------------------------------------


def test_a_mail_goes_out_as_it_was_written_and_is_logged(office: Crm, post: Post) -> None:
    anna, bernd = consenting(office, "安娜 Bérg", "anna@acme.com"), consenting(office, "Bernd", "bernd@acme.com")
    user = User(login="eva", name="Eva")
    with office.session() as session:
        session.add(user)
    subject, body = (
        "您的订单 – Ihre Bestellung für März",
        "尊敬的客户：\n\nGrüße & <tags>\n.\nFrom here\n" + "x" * 1_200,
    )
    made = write(office, anna, cc=[bernd], subject=subject, body=body, files=[("报价单 März.pdf", PDF)])
    assert (made.status, made.direction, made.kind, made.channel) == ("planned", "outbound", "email", "email")
    assert post.taken == []
    done = office.deliver(made.id)
    assert done.interaction.status == "completed"
    envelope = post.taken[0]
    assert (envelope.mail_from, sorted(envelope.rcpt_tos)) == (
        "service@acme.example",
        ["anna@acme.com", "bernd@acme.com"],
    )
    assert isinstance(envelope.content, bytes)
    assert envelope.content.isascii()
    assert max(map(len, envelope.content.split(b"\r\n"))) <= 998
    mail = parsed(post)
    assert str(mail["From"]) == "Acme Service <service@acme.example>"
    assert [str(address) for address in mail["To"].addresses] == ["安娜 Bérg <anna@acme.com>"]
    assert [address.addr_spec for address in mail["Cc"].addresses] == ["bernd@acme.com"]
    assert (mail["Subject"], mail["Message-ID"]) == (subject, f"<{made.external_key}>")
    text = mail.get_body()
    assert text is not None
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == body
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content_type(), file.get_content()) == (
        "报价单 März.pdf",
        "application/pdf",
        PDF,
    )
    read = read_mail(envelope.content)
    assert (read.subject, read.body, read.key) == (subject, body.strip(), made.external_key)
    with office.session(reads=True) as session:
        for who, role in ((anna, "customer"), (bernd, "cc")):
            (entry,) = timeline(session, who).entries
            assert (entry.title, entry.direction, entry.role, entry.status) == (subject, "outbound", role, "completed")


def test_a_mail_is_sent_once_however_often_it_is_asked_for(office: Crm, post: Post) -> None:
    anna = consenting(office, "Anna", "anna@acme.com")
    first = write(office, anna, subject="Hi", key="campaign-7/anna")
    again = write(office, anna, subject="Other", key="campaign-7/anna")
    assert first.id == again.id
    for _ in range(3):
        assert office.deliver(first.id).interaction.status == "completed"
    assert len(post.taken) == 1
    assert write(office, anna, subject="Hi", key="campaign-7/anna").id == first.id
    assert write(office, anna, subject="Hi", key="campaign-8/anna").id != first.id
    assert write(office, anna, subject="Hi").id != write(office, anna, subject="Hi").id


def test_answers_belong_to_the_thread_and_need_no_consent(office: Crm, post: Post, add: Add) -> None:
    anna = add("Anna", "anna@acme.com")
    with office.session() as session:
        asked = [
            log(
                session, "email", participants=[Participant(address=address)], direction="inbound", channel="email",
                key=f"{number}@acme.com", subject="Price?", thread="t",
            ).interaction
            for number, address in enumerate(["anna@acme.com", "Stranger@acme.com"])
        ]  # fmt: skip
    made = write(office, reply_to=asked[0], body="12 EUR", purpose="")
    office.deliver(made.id)
    mail = parsed(post)
    assert (mail["Subject"], mail["In-Reply-To"]) == ("Re: Price?", "<0@acme.com>")
    assert str(mail["References"]).split() == ["<1@acme.com>", "<0@acme.com>"]
    assert post.taken[0].rcpt_tos == ["anna@acme.com"]
    with office.session(reads=True) as session:
        assert {entry.thread_id for entry in timeline(session, anna).entries} == {asked[0].thread_id}
    office.deliver(write(office, reply_to=asked[1].id, purpose="").id)
    assert post.taken[1].rcpt_tos == ["stranger@acme.com"]
    # An answer to one customer is no leave to write to another.
    other = add("Other", "other@acme.com")
    with pytest.raises(Refused, match="Other may not be contacted"):
        write(office, anna, other, reply_to=asked[0])
    with office.session() as session:
        ours = log(session, "email", participants=[other], direction="outbound", channel="email").interaction
    with pytest.raises(Refused, match="Other may not be contacted: no statement"):
        write(office, other, reply_to=ours)


# -- to whom --------------------------------------------------------------------------------------------------------


def test_nobody_is_written_to_without_a_reason(office: Crm, add: Add) -> None:
    anna, silent = consenting(office, "Anna", "anna@acme.com"), add("Silent", "silent@acme.com")
    with pytest.raises(Refused, match="Silent may not be contacted: no statement on newsletter by email is on record"):
        write(office, anna, silent, subject="Hi")
    with pytest.raises(BadInput, match="name the purpose that Anna consented to"):
        write(office, anna, purpose="")
    with pytest.raises(BadInput, match=r"nobody is known by stranger@acme\.com"):
        write(office, "stranger@acme.com")
    with pytest.raises(BadInput, match="needs somebody that it goes to"):
        write(office)
    with pytest.raises(BadInput, match="Lena has no mail address to write to"):
        write(office, add("Lena"))
    with office.session() as session:
        withdraw(session, anna)
    with pytest.raises(Refused, match="Anna may not be contacted: withdrawn for all purposes by every channel"):
        write(office, "Anna@Acme.com")
    with office.session(reads=True) as session:
        assert session.count(Interaction) == 0


def test_the_preferred_address_that_works_is_used(office: Crm, post: Post) -> None:
    anna = consenting(office, "Anna", "old@acme.com")
    today = office.clock.now().date()
    with office.session() as session:
        session.add(
            ContactPoint(customer_id=anna, kind="email", value="best@acme.com", preferred=True, deliverability="bounced"),
            ContactPoint(customer_id=anna, kind="email", value="past@acme.com", preferred=True, valid_until=today.replace(day=1)),
            ContactPoint(customer_id=anna, kind="email", value="good@acme.com", verified=True),
        )  # fmt: skip
    office.deliver(write(office, anna).id)
    assert post.taken[0].rcpt_tos == ["good@acme.com"]
    office.deliver(write(office, "old@acme.com").id)
    assert post.taken[1].rcpt_tos == ["old@acme.com"]
    with pytest.raises(Refused, match=r"best@acme\.com cannot be reached: bounced"):
        write(office, "best@acme.com")


@pytest.mark.parametrize("knows", [True, False], ids=["SMTPUTF8", "ASCII alone"])
def test_addresses_of_any_script(office: Crm, knows: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from crmkit.services.mail.smtp import smtp_channel

    anna = consenting(office, "安娜", "安娜@例子.中国")
    made = write(office, anna, subject="你好")
    with serving("none", utf8=knows) as post:
        monkeypatch.setitem(office.__dict__, "channels", {"email": smtp_channel(post.settings)})
        if knows:
            office.deliver(made.id)
            assert post.taken[0].rcpt_tos == ["安娜@xn--fsqu00a.xn--fiqs8s"]
            assert parsed(post)["Subject"] == "你好"
        else:
            with pytest.raises(NotSent, match="SMTPUTF8"):
                office.deliver(made.id)
            assert state(office, made)[0] == "cancelled"


INJECTED = ["Hi\r\nBcc: everybody@x.de", "Hi\nX: y", "Hi\x00", "Hi\u2028there", "\rx"]


@pytest.mark.parametrize("subject", INJECTED, ids=ascii)
def test_nothing_slips_into_the_head_of_a_mail(office: Crm, subject: str) -> None:
    anna = consenting(office, "Anna", "anna@acme.com")
    with pytest.raises(BadInput, match="expected one line without control characters"):
        write(office, anna, subject=subject)
    message = OutgoingMessage(
        interaction_id=anna, channel="email", key="k@x", recipients=(Recipient("anna@acme.com"),), subject="Hi"
    )
    recipients = (Recipient("anna@acme.com", subject),)
    for wrong in (
        attrs.evolve(message, subject=subject),
        attrs.evolve(message, recipients=recipients),
        attrs.evolve(message, recipients=(Recipient(f"anna@acme.com{subject}"),)),
        attrs.evolve(message, key=f"k{subject}@x"),
        attrs.evolve(message, references=(subject,)),
        attrs.evolve(message, sender=f"{subject} <a@b.de>"),
    ):
        with pytest.raises(BadInput):
            compose(wrong, "Acme <service@acme.example>")


def test_names_of_customers_do_not_break_the_head(office: Crm, post: Post) -> None:
    anna = consenting(office, 'Berg, "Anna" <a@b> (x); 客户', "anna@acme.com")
    office.deliver(write(office, anna, subject='"quoted", <tag>').id)
    (address,) = parsed(post)["To"].addresses
    assert (address.addr_spec, address.display_name) == ("anna@acme.com", 'Berg, "Anna" <a@b> (x); 客户')


# -- when it fails --------------------------------------------------------------------------------------------------


def test_a_server_that_fails_for_a_while_is_tried_again(office: Crm, post: Post) -> None:
    made = write(office, consenting(office, "Anna", "anna@acme.com"))
    post.data_answer = "451 come back later"
    with pytest.raises(NotSent, match="451 come back later") as failed:
        office.deliver(made.id)
    assert not failed.value.permanent
    assert state(office, made) == ("planned", "mail server 127.0.0.1: 451 come back later")
    with office.session(reads=True) as session:
        assert waiting(session, ["email"]) == [made.id]
    post.data_answer = ""
    assert office.deliver(made.id).interaction.outcome == ""
    assert len(post.taken) == 1
    with office.session(reads=True) as session:
        assert waiting(session, ["email"]) == []


def test_a_mail_that_will_never_be_taken_is_given_up(office: Crm, post: Post) -> None:
    made = write(office, consenting(office, "Anna", "anna@acme.com"))
    post.data_answer = "554 no thanks"
    with pytest.raises(NotSent, match="554 no thanks"):
        office.deliver(made.id)
    assert state(office, made)[0] == "cancelled"
    with pytest.raises(Conflict, match="was given up: mail server"):
        office.deliver(made.id)


def test_addresses_that_the_server_refuses_are_marked(office: Crm, post: Post) -> None:
    anna, bernd = consenting(office, "Anna", "anna@acme.com"), consenting(office, "Bernd", "bernd@acme.com")
    post.refuse = {"bernd@acme.com": "550 5.1.1 no such user"}
    done = office.deliver(write(office, anna, bernd).id)
    assert done.refused == (("bernd@acme.com", "550 5.1.1 no such user"),)
    assert post.taken[0].rcpt_tos == ["anna@acme.com"]
    with office.session() as session:
        points = {point.normalized: point for point in session.list(ContactPoint)}
        assert {name: point.deliverability for name, point in points.items()} == {
            "anna@acme.com": "unknown",
            "bernd@acme.com": "bounced",
        }
        session.update(change(points["bernd@acme.com"], deliverability="good"))
    alone = write(office, bernd)
    with pytest.raises(NotSent, match=r"nobody was reached: bernd@acme\.com: 550") as failed:
        office.deliver(alone.id)
    assert (failed.value.permanent, failed.value.addresses) == (True, ("bernd@acme.com",))
    assert state(office, alone)[0] == "cancelled"
    post.refuse = {"anna@acme.com": "450 busy"}
    busy = write(office, anna)
    with pytest.raises(NotSent):
        office.deliver(busy.id)
    assert state(office, busy)[0] == "planned"


def test_a_server_that_is_not_there_or_does_not_let_us_in(
    office: Crm, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crmkit.core.secret import Secret
    from crmkit.services.mail.smtp import smtp_channel

    made = write(office, consenting(office, "Anna", "anna@acme.com"))
    for values, words in (
        ({"port": 1}, "refused"),
        ({"password": Secret("wrong-99")}, "535"),
        ({"security": "starttls"}, "STARTTLS"),
    ):
        settings = attrs.evolve(post.settings, **values)  # type: ignore[arg-type]
        monkeypatch.setitem(office.__dict__, "channels", {"email": smtp_channel(settings)})
        with pytest.raises(NotSent, match=words) as failed:
            office.deliver(made.id)
        assert "wrong-99" not in str(failed.value)
        assert "geheim" not in str(failed.value)
        if state(office, made)[0] == "cancelled":
            assert values == {"security": "starttls"}
    assert post.taken == []


def test_a_try_that_was_broken_off_is_not_repeated_unasked(office: Crm, post: Post) -> None:
    made = write(office, consenting(office, "Anna", "anna@acme.com"))
    with office.session() as session:
        session.update(change(session.get(Interaction, made.id), status="in_progress"))
    with pytest.raises(Conflict, match="it may be out already"):
        office.deliver(made.id)
    assert office.deliver(made.id, again=True).interaction.status == "completed"
    assert len(post.taken) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_connections_are_encrypted_and_certificates_checked(
    crm: Crm, certificates: Certificates, security: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crmkit.services.mail.smtp import send_mail

    message = OutgoingMessage(
        interaction_id=crm.system.tenant_id, channel="email", key="k@x", recipients=(Recipient("anna@acme.com"),)
    )
    with serving(security, certificates) as post:
        with pytest.raises(NotSent, match=r"(?i)certificate verify failed"):
            send_mail(post.settings, message)
        assert post.taken == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
        assert send_mail(post.settings, message) == Sent()
        assert len(post.taken) == 1


def test_without_a_server_mail_waits(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(crm.__dict__, "channels", raising=False)
    made = write(crm, consenting(crm, "Anna", "anna@acme.com"))
    with pytest.raises(ConfigError, match=r"set mail\.smtp"):
        crm.deliver(made.id)
    assert state(crm, made)[0] == "planned"
    with crm.session() as session:
        call = log(session, "call").interaction
    with pytest.raises(BadInput, match="no message of ours"):
        crm.deliver(call.id)
    with pytest.raises(NotFound):
        crm.deliver(crm.system.tenant_id)


# -- other channels -------------------------------------------------------------------------------------------------


class Texts:
    """A plugin that sends text messages."""

    def __init__(self, name: str = "sms") -> None:
        self.sent: list[tuple[str, OutgoingMessage]] = []
        self.name, self.broken = name, False

    @hookimpl
    def register_channels(self, ctx: Any, call: Any) -> list[Channel]:
        return [Channel(self.name, self.send, point="phone" if self.name == "sms" else "email")]

    def send(self, ctx: Any, message: OutgoingMessage) -> Sent:
        if self.broken:
            raise ValueError("no signal")
        assert ctx.session.get(Interaction, message.interaction_id).status == "in_progress"
        self.sent.append((ctx.plugin, message))
        return Sent()


def reached_by_phone(crm: Crm) -> UUID:
    """Add somebody who consented to texts about deliveries, and return the id."""
    anna = add_to(crm, "Anna")
    with crm.session() as session:
        session.add(ContactPoint(customer_id=anna, kind="phone", value="+49 30 1234567"))
        grant(session, anna, "delivery", channel="sms")
    return anna


def test_plugins_bring_channels_of_their_own(open_crm: OpenCrm) -> None:
    texts = Texts()
    crm = open_crm(texts)
    anna = reached_by_phone(crm)
    with crm.session() as session:
        made = written(crm, session, "sms", [anna], purpose="delivery", body="Coming today", key="d-1")
        with pytest.raises(NotFound, match="no channel smss; did you mean sms"):
            written(crm, session, "smss", [anna])
    texts.broken = True
    with pytest.raises(PluginError, match="plugin texts failed in hook register_channels: ValueError: no signal"):
        crm.deliver(made.id)
    texts.broken = False
    with pytest.raises(Conflict):
        crm.deliver(made.id)
    crm.deliver(made.id, again=True)
    ((plugin, message),) = texts.sent
    assert (plugin, message.body, message.recipients) == (
        "texts",
        "Coming today",
        (Recipient("+49301234567", "Anna"),),
    )
    with crm.session(reads=True) as session:
        (entry,) = timeline(session, anna).entries
        assert (entry.kind, entry.channel, entry.direction) == ("sms", "sms", "outbound")


def test_a_plugin_may_take_over_mail_but_not_two(open_crm: OpenCrm) -> None:
    mine = Texts("email")
    assert open_crm(mine).channels["email"].plugin == "texts"

    class Others(Texts):
        """Another plugin with the same channel."""

    with pytest.raises(BadHook, match="'email' is registered twice in register_channels"):
        open_crm(Texts("email"), Others("email"))


class Greeter:
    """A plugin that writes to new customers."""

    @hookimpl(entities=("customer",))
    def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
        for one in call.changes:
            if one.before is None:
                ctx.services.grant(one.after, "welcome")
                point = ContactPoint(customer_id=one.after.id, kind="email", value="new@acme.com")
                ctx.session.add(point)
                ctx.services.send_message(
                    "mine", [one.after], purpose="welcome", subject="Welcome", key=str(one.after.id)
                )


def test_plugins_send_once_their_transaction_is_committed(open_crm: OpenCrm) -> None:
    texts = Texts("mine")
    crm = open_crm(texts, Greeter())
    add_to(crm, "Anna")
    assert [message.subject for _, message in texts.sent] == ["Welcome"]
    texts.broken = True
    add_to(crm, "Bernd")
    with crm.session(reads=True) as session:
        states = sorted(one.status for one in session.list(Interaction))
        assert states == ["completed", "in_progress"]
        assert session.count(InteractionParticipant) == 2


class Numbering(Texts):
    """A channel that takes the message and then cannot write down what it knows of it."""

    def send(self, ctx: Any, message: OutgoingMessage) -> Sent:
        found = super().send(ctx, message)
        ctx.session.add(ContactPoint(customer_id=new_id(), kind="email", value="no mail address"))
        return found


def test_what_a_channel_took_is_not_sent_again_when_its_own_records_fail(open_crm: OpenCrm) -> None:
    texts = Numbering()
    crm = open_crm(texts)
    anna = reached_by_phone(crm)
    with crm.session() as session:
        made = written(crm, session, "sms", [anna], purpose="delivery", body="Coming today", key="d-1")
    with pytest.raises(ValidationFailed):
        crm.deliver(made.id)
    with pytest.raises(Conflict, match="may be out already"):
        crm.deliver(made.id)
    assert len(texts.sent) == 1
