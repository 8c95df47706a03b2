"""Sending mail through a server, by SMTP with encryption."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from typing import Any

from crmkit.core.errors import ConfigError
from crmkit.core.mail_settings import SmtpSettings
from crmkit.core.messages import msg, shown
from crmkit.hooks.channels import Channel, NotSent, OutgoingMessage, Sent
from crmkit.services.mail.composing import POLICY, compose, sender_address

CHANNEL = "email"


def smtp_channel(settings: SmtpSettings | None) -> Channel:
    """Return the channel that sends mail through the server of the configuration; without one it refuses."""

    def send(ctx: Any, message: OutgoingMessage) -> Sent:
        if settings is None:
            raise ConfigError(msg("there is no server to send mail by: set mail.smtp in the configuration"))
        return send_mail(settings, message)

    return Channel(CHANNEL, send)


def send_mail(settings: SmtpSettings, message: OutgoingMessage) -> Sent:
    """Hand a mail to the server. Raises NotSent with what the server said, and BadInput for what is no mail.

    Errors 5xx are permanent (RFC 5321, 4.2.1): the same mail is not tried again. A server that cannot be reached, or
    that refuses to let us in, may be tried again.
    """
    mail = compose(message, settings.sender)
    from_ = sender_address(message.sender or settings.sender).addr_spec
    to = [one.address for one in message.recipients]
    with _faults(settings), _connected(settings) as server:
        try:
            refused = _handed_over(server, mail, from_, to)
        except smtplib.SMTPRecipientsRefused as error:
            raise _nobody_taken(error) from None
    return Sent(tuple((address, _words(code, text)) for address, (code, text) in sorted(refused.items())))


def _handed_over(server: smtplib.SMTP, mail: EmailMessage, from_: str, to: list[str]) -> dict[str, tuple[int, bytes]]:
    # Not by smtplib's send_message: it puts marks before lines that begin with "From ".
    if from_.isascii() and "".join(to).isascii():
        return server.sendmail(from_, to, mail.as_bytes(policy=POLICY))
    server.ehlo_or_helo_if_needed()
    if not server.has_extn("smtputf8"):
        raise smtplib.SMTPNotSupportedError("the server takes no addresses with letters beyond ASCII (SMTPUTF8)")
    options = ("SMTPUTF8", "BODY=8BITMIME")
    return server.sendmail(from_, to, mail.as_bytes(policy=POLICY.clone(utf8=True)), mail_options=options)


@contextmanager
def _connected(settings: SmtpSettings) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if settings.security == "tls":
        server = smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout, context=context)
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)
    try:
        if settings.security == "starttls":
            server.starttls(context=context)
        if settings.user:
            server.login(settings.user, settings.password.reveal())
        yield server
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()


@contextmanager
def _faults(settings: SmtpSettings) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise _not_sent(settings, _words(error.smtp_code, error.smtp_error)) from None
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        permanent = 500 <= error.smtp_code < 600
        raise _not_sent(settings, _words(error.smtp_code, error.smtp_error), permanent) from None
    except smtplib.SMTPNotSupportedError as error:
        raise _not_sent(settings, shown(error, 200), True) from None
    except (smtplib.SMTPException, OSError) as error:
        raise _not_sent(settings, shown(error, 200) or type(error).__name__) from None


def _nobody_taken(error: smtplib.SMTPRecipientsRefused) -> NotSent:
    said = {address: (code, _words(code, text)) for address, (code, text) in error.recipients.items()}
    words = "; ".join(f"{address}: {text}" for address, (_, text) in sorted(said.items()))
    gone = tuple(sorted(address for address, (code, _) in said.items() if 500 <= code < 600))
    return NotSent(msg("nobody was reached: {words}", words=words), permanent=len(gone) == len(said), addresses=gone)


def _not_sent(settings: SmtpSettings, words: str, permanent: bool = False) -> NotSent:
    if secret := settings.password.reveal():
        words = words.replace(secret, "***")
    return NotSent(msg("mail server {host}: {words}", host=settings.host, words=words), permanent=permanent)


def _words(code: int, text: bytes | str) -> str:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return shown(f"{code} {' '.join(said.split())}", 200)
