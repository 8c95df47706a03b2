"""From an outgoing message to a mail: RFC 5322 with MIME, in UTF-8."""

from __future__ import annotations

from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from crmkit.core.errors import BadInput
from crmkit.core.messages import msg, shown
from crmkit.core.values.mail import normalise_mail
from crmkit.hooks.channels import OutgoingMessage, Recipient

POLICY = policy.SMTP.clone(max_line_length=76)


def compose(message: OutgoingMessage, sender: str) -> EmailMessage:
    """Return the mail that ``message`` is, from ``sender`` (``Name <address>``).

    Names, subjects and texts of any script are encoded (RFC 2047, 2231), file names too. Raises BadInput for line breaks
    and control characters in headers, and for addresses that are none.
    """
    mail = EmailMessage(policy=POLICY)
    mail["From"] = sender_address(message.sender or sender)
    for role, header in (("customer", "To"), ("cc", "Cc")):
        people = [_address(one) for one in message.recipients if one.role == role]
        if people:
            mail[header] = people
    mail["Subject"] = one_line("subject", message.subject)
    if message.written_at is not None:
        mail["Date"] = format_datetime(message.written_at)
    mail["Message-ID"] = f"<{_id(message.key)}>"
    if message.references:
        mail["In-Reply-To"] = f"<{_id(message.references[-1])}>"
        mail["References"] = " ".join(f"<{_id(reference)}>" for reference in message.references)
    mail.set_content(
        message.body.replace("\r\n", "\n").rstrip("\n") + "\n", charset="utf-8", cte=_encoding(message.body)
    )
    for file in message.files:
        main, _, sub = file.media_type.partition("/")
        if main in ("message", "multipart"):
            # A mail inside a mail is sent as a file; its own headers must not be taken for ours.
            main, sub = "application", "octet-stream"
        mail.add_attachment(
            file.content, maintype=main, subtype=sub or "octet-stream", filename=one_line("file", file.name)
        )
    return mail


def sender_address(text: str) -> Address:
    """Return ``Name <address>`` as an address; raises BadInput."""
    name, address = parseaddr(one_line("sender", text))
    return _addressed(name, address or text)


def one_line(what: str, text: str) -> str:
    """Return a text for a header; raises BadInput for line breaks and control characters, which would start another."""
    if not text.isprintable():
        raise BadInput(
            msg("{what} {value}: expected one line without control characters", what=what, value=shown(text))
        )
    return text


def _address(recipient: Recipient) -> Address:
    return _addressed(recipient.name, recipient.address)


def _addressed(name: str, address: str) -> Address:
    plain = normalise_mail(one_line("address", address))
    local, _, domain = plain.rpartition("@")
    return Address(display_name=one_line("name", name), username=local, domain=domain)


def _id(key: str) -> str:
    if not key or any(c in "<>" or not c.isprintable() or c.isspace() for c in key):
        raise BadInput(msg("message key {value}: expected one word", value=shown(key)))
    return key


def _encoding(body: str) -> str:
    """Long lines and letters beyond ASCII travel encoded; plain text stays readable as it is."""
    plain = body.isascii() and all(len(line) <= 76 for line in body.splitlines())
    return "7bit" if plain else "quoted-printable" if sum(c > "\x7f" for c in body) * 6 < len(body) else "base64"
