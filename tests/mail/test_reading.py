"""Reading mails: whatever is broken, lies or is missing, what can be read is read."""

from __future__ import annotations

import base64
import mailbox
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.errors import BadInput
from crmkit.services.mail.decoding import decoded, header_text, storable
from crmkit.services.mail.html_text import text_of_html
from crmkit.services.mail.message import Bounce, Person
from crmkit.services.mail.reading import read_mail
from crmkit.services.mail.sources import mails_of

HEAD = (
    b"From: Anna Berg <Anna@Acme.com>\r\nTo: info@us.example\r\nMessage-ID: <m1@acme.com>\r\n"
    b"Date: Mon, 2 Mar 2026 10:00:00 +0100\r\n"
)


def mail(body: bytes = b"Hello", *headers: bytes) -> bytes:
    return HEAD + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


def test_an_ordinary_mail() -> None:
    message = EmailMessage()
    message["From"] = "Anna Bérg <anna@acme.com>"
    message["To"] = '"Service, Acme" <info@us.example>, bob@us.example'
    message["Cc"] = "Carl <carl@acme.com>, anna@acme.com"
    message["Subject"] = "Grüße aus 北京, with a subject that is long enough to be folded over several lines of a head"
    message["Date"] = "Mon, 02 Mar 2026 10:00:00 +0100"
    message["Message-ID"] = "<m1@acme.com>"
    message["References"] = "<r1@x> <r2@x>"
    message["In-Reply-To"] = "<r2@x>"
    message.set_content("Plain: zwölf 报价\n")
    message.add_alternative("<p>Page</p>", subtype="html")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="报价单 für Sie.pdf")
    read = read_mail(message.as_bytes())
    assert read.key == "m1@acme.com"
    assert read.sender == Person("anna@acme.com", "Anna Bérg")
    assert read.to == (Person("info@us.example", "Service, Acme"), Person("bob@us.example"))
    assert read.cc == (Person("carl@acme.com", "Carl"), Person("anna@acme.com"))
    assert read.subject == str(message["Subject"])
    assert read.body == "Plain: zwölf 报价"
    assert read.at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert read.references == ("r1@x", "r2@x")
    assert [(file.name, file.content) for file in read.files] == [("报价单 für Sie.pdf", b"%PDF-1.4")]
    assert (read.automatic, read.bulk, read.bounces, read.notes) == (False, False, (), ())


CHINESE = "您好，请问这款水泵的价格是多少？"
CHARSETS = {
    "gb2312 as gbk": (CHINESE.encode("gbk"), "gb2312", CHINESE),
    "gb18030": ("𠮷你好客户".encode("gb18030"), "gbk", "𠮷你好客户"),
    "big5": ("您好客戶".encode("big5"), "big5", "您好客戶"),
    "utf-8": (CHINESE.encode(), "utf-8", CHINESE),
    "utf-8 called latin-1": ("Grüße".encode(), "iso-8859-1", "Grüße"),
    "utf-8 called ascii": ("Grüße".encode(), "us-ascii", "Grüße"),
    "utf-8 without a name": ("Grüße".encode(), "", "Grüße"),
    "gbk called utf-8": (CHINESE.encode("gbk"), "utf-8", CHINESE),
    "gbk without a name": (CHINESE.encode("gbk"), "", CHINESE),
    "windows called latin-1": ("“Quote” – 5 €".encode("cp1252"), "iso-8859-1", "“Quote” – 5 €"),
    "a charset that is none": ("Grüße".encode(), "x-nonsense", "Grüße"),
    "a codec that is no charset": ("Grüße".encode(), "rot13", "Grüße"),
    "iso-2022-jp": ("こんにちは".encode("iso-2022-jp"), "iso-2022-jp", "こんにちは"),
    "utf-16": ("Grüße".encode("utf-16"), "utf-16", "Grüße"),
    "koi8-r": ("Здравствуйте".encode("koi8-r"), "koi8-r", "Здравствуйте"),
    "bom": (b"\xef\xbb\xbfHi", "utf-8", "Hi"),
}


@pytest.mark.parametrize("name", CHARSETS, ids=str)
def test_charsets_are_checked_not_believed(name: str) -> None:
    data, charset, expected = CHARSETS[name]
    assert decoded(data, charset) == expected
    kind = b"Content-Type: text/plain; charset=" + charset.encode() if charset else b"X-None: yes"
    packed = base64.b64encode(data)
    assert read_mail(mail(packed, kind, b"Content-Transfer-Encoding: base64")).body == expected


@given(
    st.binary(), st.sampled_from(["", "utf-8", "gb2312", "us-ascii", "utf-16", "utf-7", "hz", "idna", "base64", "zip"])
)
def test_any_bytes_become_text(data: bytes, charset: str) -> None:
    text = storable(decoded(data, charset))
    assert "\x00" not in text
    assert text.encode().decode() == text


HEADERS = {
    "=?utf-8?q?Gr=C3=BC=C3=9Fe?=": "Grüße",
    "=?UTF-8?B?5L2g5aW9?= =?UTF-8?B?5a6i5oi3?=": "你好客户",
    # A character cut in two, as some programs do.
    "=?utf-8?B?5L2g5Q==?=\r\n =?utf-8?B?pb0=?=": "你好",
    "=?gb2312?B?xOO6w6Osv827pw==?=": "你好，客户",
    "Re: =?iso-8859-1?q?F=FCr_Sie?= (2)": "Re: Für Sie (2)",
    "=?utf-8*de?q?mit=20Sprache?=": "mit Sprache",
    "=?utf-8?b?broken base64!!?=": "n\u00b8\u0096H\u0099\u00de\u009a\u00b1\u00ac",
    "=?nonsense?q?still_readable?=": "still readable",
    "=?utf-8?x?no such way?=": "=?utf-8?x?no such way?=",
    "plain": "plain",
    "": "",
}


@pytest.mark.parametrize("raw", HEADERS, ids=ascii)
def test_headers(raw: str) -> None:
    if "broken" in raw:
        assert header_text(raw)
    else:
        assert header_text(raw) == HEADERS[raw]


def test_eight_bit_headers_are_decoded_by_what_they_look_like() -> None:
    read = read_mail(
        mail(b"x", b"Subject: \xc4\xfa\xba\xc3\xa3\xac\xc7\xeb\xce\xca\xbc\xdb\xb8\xf1", b"Cc: J\xc3\xbcrgen <j@x.de>")
    )
    assert read.subject == "您好，请问价格"
    assert read.cc == (Person("j@x.de", "Jürgen"),)


PAGES = {
    "<p>One</p><p>Two<br>lines</p>": "One\n\nTwo\nlines",
    "<html><head><title>No</title><style>p{}</style></head><body><script>x()</script>Yes": "Yes",
    "<ul><li>a<li>b</ul>": "- a\n- b",
    "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>": "1\t2\n\n3",
    '<a href="https://acme.com/x">the page</a>': "the page <https://acme.com/x>",
    '<a href="https://acme.com">https://acme.com</a>': "https://acme.com",
    '<a href="javascript:x()">click</a>': "click",
    '<img src="x" alt="Logo"><img src="y">': "[Logo]",
    "caf&eacute; &amp; &#20320;&nbsp;x": "café & 你 x",
    "a\n  b\tc": "a b c",
    "<div>a<div>b</div></div>": "a\n\nb",
    "<style>never closed": "",
    "<p>broken <b>mark<i>up": "broken markup",
    "<![if !mso]>shown<![endif]>": "shown",
    "": "",
}


@pytest.mark.parametrize("page", PAGES, ids=ascii)
def test_pages_become_text(page: str) -> None:
    assert text_of_html(page).replace("\t", " ").split() == PAGES[page].replace("\t", " ").split()
    if "<p>One" in page or "<li>" in page:
        assert text_of_html(page) == PAGES[page]


@given(st.text(alphabet="<>/!-[]&;\"'= abpstyle\n", max_size=300))
def test_any_markup_is_read(page: str) -> None:
    text = text_of_html(page)
    assert text == text.strip()


def test_a_mail_that_is_a_page_alone_is_read_as_text() -> None:
    page = b"<html><body><p>Dear Sir,</p><p>please send <b>two</b> pumps.</p></body></html>"
    assert (
        read_mail(mail(page, b"Content-Type: text/html; charset=utf-8")).body == "Dear Sir,\n\nplease send two pumps."
    )


def test_attached_mails_are_files_and_not_part_of_the_text() -> None:
    inner = EmailMessage()
    inner["Subject"], inner["From"] = "Inner / subject", "x@y.de"
    inner.set_content("inner words")
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "a@b.de", "Fwd"
    outer.set_content("see below")
    outer.add_attachment(inner)
    read = read_mail(outer.as_bytes())
    assert read.body == "see below"
    assert [file.name for file in read.files] == ["Inner / subject.eml"]
    assert b"inner words" in read.files[0].content


def test_a_mail_without_a_message_id_has_the_same_key_whatever_way_it_came() -> None:
    plain = b"From: a@b.de\nTo: us@us.example\nSubject: Hi\nDate: Mon, 2 Mar 2026 10:00:00 +0000\n\nHello\n"
    keys = {
        read_mail(raw).key
        for raw in (plain, plain.replace(b"\n", b"\r\n"), b"Received: from x; Mon, 2 Mar 2026 10:00:05 +0000\n" + plain)
    }
    assert len(keys) == 1
    assert keys.pop().startswith("sha256:")
    assert read_mail(plain).key != read_mail(plain.replace(b"Hello", b"Other")).key
    assert read_mail(b"Message-ID: no brackets@x\n\nx").key == "nobrackets@x"
    assert read_mail(b"Message-ID: <" + b"x" * 900 + b">\n\nx").key.startswith("sha256:")


DATES = {
    b"Date: Mon, 2 Mar 2026 10:00:00 +0100": datetime(2026, 3, 2, 9, tzinfo=UTC),
    b"Date: 2 Mar 2026 10:00:00 -0000": datetime(2026, 3, 2, 10, tzinfo=UTC),
    b"Date: Mon, 2 Mar 2026 10:00:00": datetime(2026, 3, 2, 9, tzinfo=UTC),
    b"Date: Mon, 2 Mar 2026 10:00:00 EST": datetime(2026, 3, 2, 15, tzinfo=UTC),
    b"Date: Mon, 2 Mar 2026 10:00:00 +0800 (CST)": datetime(2026, 3, 2, 2, tzinfo=UTC),
    b"Date: no date at all": datetime(2026, 3, 2, 12, tzinfo=UTC),
    b"Date: Mon, 99 Mar 2026 10:00:00 +0000": datetime(2026, 3, 2, 12, tzinfo=UTC),
    b"Date: Mon, 2 Mar 2099 10:00:00 +0000": datetime(2026, 3, 2, 12, tzinfo=UTC),
    b"X-No: date": datetime(2026, 3, 2, 12, tzinfo=UTC),
}


@pytest.mark.parametrize("header", DATES, ids=repr)
def test_dates(header: bytes) -> None:
    received = b"Received: from a by b with c; Mon, 2 Mar 2026 13:00:00 +0100"
    raw = b"From: a@b.de\n" + received + b"\n" + header + b"\n\nx"
    assert read_mail(raw, zone=ZoneInfo("Europe/Berlin")).at == DATES[header]
    assert read_mail(b"From: a@b.de\n\nx").at is None
    taken = datetime(2026, 3, 5, tzinfo=UTC)
    assert read_mail(b"From: a@b.de\n\nx", received=taken).at == taken


BROKEN = {
    "nothing": b"",
    "no head": b"just words\r\nand more",
    "bytes": bytes(range(256)) * 10,
    "no end of parts": mail(b"--b\r\nContent-Type: text/plain\r\n\r\nHello", b'Content-Type: multipart/mixed; boundary="b"'),
    "no boundary": mail(b"--x\r\n\r\nHello\r\n--x--", b"Content-Type: multipart/mixed"),
    "broken base64": mail(b"SGVsbG8*&^%", b"Content-Transfer-Encoding: base64"),
    "broken quoted": mail(b"Hello =ZZ =", b"Content-Transfer-Encoding: quoted-printable"),
    "strange encoding": mail(b"Hello", b"Content-Transfer-Encoding: x-uuencode"),
    "broken type": mail(b"Hello", b"Content-Type: ; ; =", b"Content-Disposition: ;;;"),
    "broken address": mail(b"Hello", b"Cc: <<>>, @, a@, \"", b"Reply-To: \xff\xfe"),
    "nul and controls": mail(b"a\x00b\x07c", b"Subject: x\x00y\x1b[31m"),
    "one long line": mail(b"x" * 3_000_000),
    "many headers": mail(b"x", *[b"X-%d: y" % number for number in range(5000)]),
    "rfc2231": mail(b"x", b"Content-Disposition: attachment; filename*=nonsense''%FF%ZZ"),
    "nested": b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number) for number in range(300)
    )
    + b"\r\nHello",
    "deep": b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number) for number in range(5_000)
    ),
    "mails in mails": b"Content-Type: message/rfc822\r\n\r\n" * 3_000 + b"Subject: x\r\n\r\nHello",
    "surrogates": mail("Hello \ud800".encode("utf-8", "surrogatepass"), b"Content-Type: text/plain; charset=utf-8"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN, ids=str)
def test_broken_mails_are_read_as_far_as_they_go(name: str) -> None:
    read = read_mail(BROKEN[name])
    assert read.key
    assert len(read.body) <= 1_000_000
    for text in (read.key, read.subject, read.body, *(file.name for file in read.files)):
        text.encode()
        assert "\0" not in text
    assert "\n" not in read.subject
    if name in ("no end of parts", "nul and controls", "broken quoted", "strange encoding"):
        assert read.body


@given(st.lists(st.sampled_from([
    b"From: a@b.de\r\n", b"Subject: =?utf-8?b?", b"=?=", b"\r\n", b"Content-Type: multipart/mixed; boundary=x\r\n", b"--x\r\n",
    b"--x--\r\n", b"Content-Type: text/html\r\n", b"\xff\xfe", b"Content-Transfer-Encoding: base64\r\n", b"Date: 1\r\n",
    b"Content-Type: message/rfc822\r\n", b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n",
    b"Content-Type: message/delivery-status\r\n", b"Final-Recipient: rfc822; a@b.de\r\n", b"Message-ID: <a\r\n", b"\x00",
])))  # fmt: skip
def test_any_mail_is_read(parts: list[bytes]) -> None:
    read = read_mail(b"".join(parts))
    assert "\x00" not in read.subject + read.body
    assert read.key == read_mail(b"".join(parts)).key


# -- machines -----------------------------------------------------------------------------------------------------

AUTOMATIC = {
    b"Auto-Submitted: auto-replied": True,
    b"Auto-Submitted: auto-generated; owner=x": True,
    b"Auto-Submitted: no": False,
    b"X-Autoreply: yes": True,
    b"Precedence: auto_reply": True,
    b"Precedence: bulk": False,
    b"Subject: Automatic reply: Order": True,
    "Subject: 自动回复：您的订单".encode(): True,
    b"Subject: Abwesenheitsnotiz: Urlaub": True,
    b"Subject: Question about automatic doors": False,
}


@pytest.mark.parametrize("header", AUTOMATIC, ids=repr)
def test_automatic_answers_are_recognised(header: bytes) -> None:
    assert read_mail(mail(b"x", header)).automatic == AUTOMATIC[header]


def test_mail_to_many_is_recognised() -> None:
    assert read_mail(mail(b"x", b"List-Unsubscribe: <https://x>")).bulk
    assert read_mail(mail(b"x", b"Precedence: bulk")).bulk
    assert not read_mail(mail(b"x")).bulk


def report(*blocks: str, original: str = "Message-ID: <sent-1@us.example>\r\nSubject: Offer\r\n") -> bytes:
    status = "\r\n\r\n".join(["Reporting-MTA: dns; mx.acme.com", *blocks])
    return (
        "From: MAILER-DAEMON@mx.acme.com\r\nTo: service@us.example\r\nSubject: Undelivered Mail\r\n"
        "Message-ID: <dsn-1@mx.acme.com>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nYour mail could not be delivered.\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{original}\r\n--b--\r\n"
    ).encode()


GONE = "Final-Recipient: rfc822; Gone@Acme.com\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such user"
FULL = "Final-Recipient: rfc822; full@acme.com\r\nAction: delayed\r\nStatus: 4.2.2"


def test_reports_of_failed_delivery_are_read() -> None:
    read = read_mail(report(GONE, FULL))
    assert read.bounces == (
        Bounce("gone@acme.com", "5.1.1", True, "550 no such user", "sent-1@us.example"),
        Bounce("full@acme.com", "4.2.2", False, "", "sent-1@us.example"),
    )
    assert read.body == "Your mail could not be delivered."
    whole = read_mail(report(GONE).replace(b"text/rfc822-headers\r\n", b"message/rfc822\r\n"))
    assert whole.bounces[0].original == "sent-1@us.example"
    assert read_mail(report("Final-Recipient: rfc822; a@b.de\r\nAction: delivered\r\nStatus: 2.0.0")).bounces == ()
    assert read_mail(report("Action: failed")).bounces == ()
    exim = read_mail(mail(b"x", b"X-Failed-Recipients: gone@acme.com, other@acme.com"))
    assert [bounce.address for bounce in exim.bounces] == ["gone@acme.com", "other@acme.com"]


# -- files --------------------------------------------------------------------------------------------------------


def test_files_folders_and_mailboxes(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail(b"one"))
    (tmp_path / "notes.txt").write_bytes(b"no mail")
    box = mailbox.mbox(tmp_path / "box.mbox")
    for number in (1, 2):
        box.add(mail(b"From here on\n> quoted %d\n" % number))
    box.close()
    (tmp_path / "inner").mkdir()
    maildir = mailbox.Maildir(tmp_path / "inner" / "md")
    maildir.add(mail(b"in a maildir"))
    found = {raw.place: raw for raw in mails_of(tmp_path, 10_000)}
    texts = [read_mail(raw.raw).body for raw in found.values() if raw.raw is not None]
    assert texts == [
        "one",
        "From here on\n> quoted 1",
        "From here on\n> quoted 2",
        "in a maildir",
    ]
    assert [place.rpartition("/")[2].partition(",")[0] for place in found][:3] == ["a.eml", "box.mbox#1", "box.mbox#2"]
    (huge,) = mails_of(tmp_path / "a.eml", 10)
    assert (huge.raw, huge.size) == (None, len(mail(b"one")))
    assert all(raw.raw is None for raw in mails_of(tmp_path / "box.mbox", 10))
    with pytest.raises(BadInput, match="there is no file or folder"):
        list(mails_of(tmp_path / "absent", 10))
