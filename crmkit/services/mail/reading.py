"""Reading mails from their bytes: whatever is broken, lies or is missing, something that can be stored comes out."""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from email import policy
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime

from crmkit.core.errors import BadInput
from crmkit.core.values.mail import normalise_mail
from crmkit.services.mail.bounces import bounces_of
from crmkit.services.mail.decoding import decoded, header_text, storable
from crmkit.services.mail.html_text import text_of_html
from crmkit.services.mail.machines import is_automatic, is_bulk
from crmkit.services.mail.message import Mail, MailFile, Person

LONGEST_BODY = 1_000_000
LONGEST_SUBJECT = 500
LONGEST_KEY = 400
"""Characters of a Message-ID; a longer one, which no program makes, is named by its digest."""

MOST_PEOPLE = 200
MOST_FILES = 100
MOST_PARTS = 1_000
DEEPEST = 50
"""Parts of a mail that are looked at, and how deep they lie in one another."""

_ID = re.compile(r"<\s*([^<>\s]{1,400})\s*>")
_FUTURE = timedelta(days=1)


def read_mail(raw: bytes, *, zone: tzinfo = UTC, received: datetime | None = None) -> Mail:
    """Return the mail that ``raw`` is, as it came by SMTP or lies in a file.

    ``zone`` reads dates that name none; ``received`` (aware) is when the store took the mail in. Never raises: where a
    mail is broken, what is left of it is read, and ``notes`` say what is not.
    """
    notes: list[str] = []
    try:
        message: Message = email.message_from_bytes(raw, policy=policy.compat32)
        body, files = _content(message, notes)
    except (RecursionError, ValueError, LookupError, AttributeError, AssertionError, TypeError):
        # Nested too deep, or broken in a way that the parser does not expect: the head and the text as it stands.
        message = BytesHeaderParser(policy=policy.compat32).parsebytes(raw)
        _, _, rest = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        body, files = decoded(rest[: 4 * LONGEST_BODY]), []
        notes.append("broken")
    head = _Head(message)
    subject = storable(header_text(head.one("subject")), line=True)
    sender = next(iter(_people(head.all("from") or head.all("sender"))), None)
    body = storable(body).strip()
    if len(body) > LONGEST_BODY:
        body = body[:LONGEST_BODY]
        notes.append("text cut")
    to, cc = _people(head.all("to")), _people(head.all("cc"))
    at = _written(head, zone, received)
    return Mail(
        key=_key(head, subject, sender, to, body),
        sender=sender,
        to=tuple(to),
        cc=tuple(cc),
        subject=subject[:LONGEST_SUBJECT],
        body=body,
        at=at,
        references=_references(head),
        files=tuple(files[:MOST_FILES]),
        automatic=is_automatic(head.one, subject),
        bulk=is_bulk(head.one),
        bounces=bounces_of(message, head.one),
        notes=tuple(notes),
    )


class _Head:
    """The headers of a message as text, 8-bit ones included."""

    def __init__(self, message: Message) -> None:
        self._items = [(name.lower(), str(value)) for name, value in message.raw_items()]

    def all(self, name: str) -> list[str]:
        return [value for known, value in self._items if known == name]

    def one(self, name: str) -> str:
        return next((value for known, value in self._items if known == name), "")


# -- people and names ---------------------------------------------------------------------------------------------


def _people(values: Sequence[str]) -> list[Person]:
    found: dict[str, Person] = {}
    for name, address in getaddresses([re.sub(r"[\r\n]+[ \t]*", " ", value) for value in values]):
        if "@" not in address and "@" in name:
            # A name without quotes that holds an address, as some programs write it.
            name, address = "", name
        plain = storable(header_text(address), line=True).strip("<> ")
        if "@" not in plain:
            continue
        try:
            plain = normalise_mail(plain)
        except BadInput:
            plain = plain[:300]
        found.setdefault(plain, Person(plain, storable(header_text(name), line=True).strip("'\" ")[:200]))
        if len(found) == MOST_PEOPLE:
            break
    return list(found.values())


def _key(head: _Head, subject: str, sender: Person | None, to: Sequence[Person], body: str) -> str:
    raw = head.one("message-id")
    named = _ID.search(raw)
    text = named[1] if named else "".join(raw.split()).strip("<>")
    text = storable(text)
    if text and len(text) <= LONGEST_KEY:
        return text
    # The same whatever way it came: without what servers add, and whatever its lines end in.
    parts = [text, head.one("date").strip(), sender.address if sender else "", *(p.address for p in to), subject, body]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"sha256:{digest}"


def _references(head: _Head) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in ("references", "in-reply-to"):
        for value in head.all(name):
            found.update(dict.fromkeys(storable(id) for id in _ID.findall(value)))
    ids = list(found)
    # Of a thread without end: where it began, and the last ones.
    return tuple(ids if len(ids) <= 50 else [ids[0], *ids[-49:]])


# -- time -----------------------------------------------------------------------------------------------------------


def _written(head: _Head, zone: tzinfo, received: datetime | None) -> datetime | None:
    """Return when it was written; a date that is missing, broken or in the future gives way to when it was taken in."""
    arrived = [_instant(value.rpartition(";")[2], UTC) for value in head.all("received")]
    latest = max((at for at in [*arrived, received] if at is not None), default=None)
    written = next((at for value in head.all("date") if (at := _instant(value, zone)) is not None), None)
    if written is None or (latest is not None and written > latest + _FUTURE):
        return latest
    return written


def _instant(text: str, zone: tzinfo) -> datetime | None:
    try:
        found = parsedate_to_datetime(header_text(text).strip())
        if found.tzinfo is None:
            # "-0000" says that the time is in UTC and the place unknown (RFC 5322, 3.3); nothing at all says neither.
            found = found.replace(tzinfo=UTC if "-0000" in text else zone)
        return found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


# -- text and files ---------------------------------------------------------------------------------------------------


def _content(message: Message, notes: list[str]) -> tuple[str, list[MailFile]]:
    """Return the text of a message and its files."""
    texts: list[str] = []
    files: list[MailFile] = []
    for part in _parts(message, notes):
        kind, name = part.get_content_type(), _filename(part)
        attached = (part.get_content_disposition() or "") == "attachment" or bool(name)
        if kind == "message/rfc822":
            files.append(_enclosed(part, name))
        elif kind in ("text/plain", "text/html") and not attached:
            text = decoded(_bytes(part), part.get_content_charset() or "")
            texts.append(text_of_html(text) if kind == "text/html" else text)
        elif kind not in ("message/delivery-status", "text/rfc822-headers", "message/disposition-notification"):
            content = _bytes(part)
            if content:
                files.append(MailFile(name or _named(kind), content))
    return "\n\n".join(text.strip() for text in texts if text.strip()), files


def _parts(message: Message, notes: list[str]) -> Iterator[Message]:
    """Yield what is no container; of alternatives the plain text, else the page, else all."""
    todo: list[tuple[Message, int]] = [(message, 0)]
    seen = 0
    while todo:
        part, depth = todo.pop()
        seen += 1
        if seen > MOST_PARTS or depth > DEEPEST:
            notes.append("parts left out")
            return
        inner = part.get_payload()
        if not part.is_multipart() or part.get_content_type() == "message/rfc822" or not isinstance(inner, list):
            yield part
            continue
        if part.get_content_type() == "message/delivery-status":
            continue
        parts = [one for one in inner if isinstance(one, Message)]
        if part.get_content_type() == "multipart/alternative":
            parts = _best(parts)
        todo += [(one, depth + 1) for one in reversed(parts)]


def _best(alternatives: list[Message]) -> list[Message]:
    plain = [one for one in alternatives if one.get_content_type() == "text/plain" and _bytes(one).strip()]
    others = [one for one in alternatives if one.get_content_maintype() not in ("text", "multipart")]
    if plain:
        return [*plain[:1], *others]
    pages = [one for one in alternatives if one.get_content_type() == "text/html" or one.is_multipart()]
    return [*(pages[-1:] or alternatives[:1]), *[one for one in others if one not in pages]]


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    raw = part.get_payload()
    return raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else b""


def _filename(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        return "file"
    return storable(header_text(name), line=True)


def _named(kind: str) -> str:
    import mimetypes

    return f"file{mimetypes.guess_extension(kind) or ''}"


def _enclosed(part: Message, name: str) -> MailFile:
    """Return an attached mail as a file, called by its subject."""
    inner = part.get_payload()
    enclosed = inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], Message) else part
    try:
        content = enclosed.as_bytes()
    except (UnicodeError, ValueError, LookupError, KeyError, TypeError, AttributeError):
        content = str(enclosed.get_payload()).encode("utf-8", "replace")
    if not name:
        subject = storable(header_text(_Head(enclosed).one("subject")), line=True)
        name = f"{subject[:100] or 'mail'}.eml"
    return MailFile(name, content)
