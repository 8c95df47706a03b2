"""Reports that a mail could not be delivered (RFC 3464), and what some servers send instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email.message import Message

from crmkit.core.errors import BadInput
from crmkit.core.values.mail import normalise_mail
from crmkit.services.mail.decoding import header_text, storable
from crmkit.services.mail.message import Bounce

_ID = re.compile(r"<\s*([^<>\s]{1,400})\s*>")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
MOST = 100


def bounces_of(message: Message, header: Callable[[str], str]) -> tuple[Bounce, ...]:
    """Return the addresses that a mail reports as not reached, each once; none for any other mail."""
    kind = message.get_content_type()
    report = kind == "multipart/report" and str(message.get_param("report-type", "")).lower() == "delivery-status"
    failed = header("x-failed-recipients")
    if not report and not failed:
        return ()
    parts = list(_walk(message))
    original = _original(parts)
    found: dict[str, Bounce] = {}
    for part in parts:
        blocks = part.get_payload()
        if part.get_content_type() == "message/delivery-status" and isinstance(blocks, list):
            for block in blocks:
                if isinstance(block, Message) and (bounce := _of_block(block, original)) is not None:
                    found.setdefault(bounce.address, bounce)
    for address in failed.split(","):
        if (plain := _address(address)) and plain not in found:
            found[plain] = Bounce(plain, original=original)
    return tuple(found.values())[:MOST]


def _walk(message: Message, depth: int = 0) -> Iterator[Message]:
    yield message
    inner = message.get_payload()
    if depth < 5 and isinstance(inner, list):
        for part in inner[:MOST]:
            if isinstance(part, Message):
                yield from _walk(part, depth + 1)


def _of_block(block: Message, original: str) -> Bounce | None:
    recipient = str(block.get("Final-Recipient") or block.get("Original-Recipient") or "")
    address = _address(recipient.partition(";")[2] or recipient)
    if not address:
        return None
    status = _STATUS.search(str(block.get("Status") or ""))
    action = str(block.get("Action") or "").strip().lower()
    code = status[1] if status else ""
    if action not in ("failed", "") or (not action and not code.startswith("5")):
        # Delayed, delivered or relayed: it may yet arrive, or has.
        return Bounce(address, code, permanent=False, original=original) if action == "delayed" else None
    reason = str(block.get("Diagnostic-Code") or "").partition(";")[2]
    return Bounce(address, code, not code.startswith("4"), storable(header_text(reason), line=True)[:300], original)


def _original(parts: list[Message]) -> str:
    """Return the Message-ID of the mail that was not delivered, where the report has it or its head."""
    for part in parts[1:]:
        if part.get_content_type() == "text/rfc822-headers":
            found = re.search(r"(?im)^message-id:\s*<\s*([^<>\s]{1,400})\s*>", str(part.get_payload()))
            if found:
                return found[1]
        elif (value := part.get("Message-ID")) and (found := _ID.search(str(value))):
            return found[1]
    return ""


def _address(text: str) -> str:
    try:
        return normalise_mail(text.strip().strip("<>"))
    except BadInput:
        return ""
