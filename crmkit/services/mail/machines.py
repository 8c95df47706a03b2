"""Mail that no person wrote: automatic answers (RFC 3834) and mail to many."""

from __future__ import annotations

import re
from collections.abc import Callable

_SUBJECTS = re.compile(
    r"(?i)\s*(?:re:\s*)?(?:automatic reply|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|abwesenheitsnotiz|"
    r"automatische antwort|réponse automatique|respuesta automática|risposta automatica|自动回复|自動回覆|自动答复|"
    r"自動返信)\b\s*[:：]?"
)
_ANSWERS = ("auto_reply", "auto-reply", "autoreply")


def is_automatic(header: Callable[[str], str], subject: str) -> bool:
    """Whether a machine answered; ``header`` gives the value of a header by its name in lower case."""
    word = header("auto-submitted").partition(";")[0].strip().lower()
    if word:
        return word != "no"
    if header("x-autoreply") or header("x-autorespond") or header("x-autoresponse"):
        return True
    return header("precedence").strip().lower() in _ANSWERS or bool(_SUBJECTS.match(subject))


def is_bulk(header: Callable[[str], str]) -> bool:
    """Whether it went to many, such as a newsletter or a mailing list."""
    return bool(header("list-id") or header("list-unsubscribe")) or header("precedence").strip().lower() in (
        "bulk",
        "list",
        "junk",
    )
