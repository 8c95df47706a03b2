"""Text rules: the comparison fold of the filter language, the wider search key, domains and web addresses."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit, urlunsplit

from crmkit.core.messages import msg
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.pattern import pattern

_ACCENTS = pattern("[\u0300-\u036f]+")
_ONE_PIECE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ŧ": "t"}
    | {"\N{LATIN SMALL LETTER DOTLESS I}": "i"}
)
_LABEL = pattern(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_SCHEME = pattern(r"([a-z][a-z0-9+.-]*):(?=//|[a-z])", re.IGNORECASE)
_DEFAULT_PORT = {"http": 80, "https": 443}
# Characters of RFC 3986 that may stand unescaped; the percent sign stays, so that escaping twice changes nothing.
_SAFE = "%/:@!$&'()*+,;=~-._"


def word_set(words: str) -> frozenset[str]:
    """Return the words of a table that is written as text."""
    return frozenset(words.split())


def fold(text: str) -> str:
    """Return the form in which texts are compared and sorted, everywhere: ``NFKC(casefold(NFKC(text)))``.

    This is the one collation of the filter language; it keeps accents (``é`` is not ``e``) and white space.
    PostgreSQL 18 mirrors it with ``normalize(casefold(normalize(x, NFKC) COLLATE pg_unicode_fast), NFKC)``,
    SQLite with this function registered. Sort by the code points of the result.
    """
    if text.isascii():
        return text.lower()
    once = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", once)


def search_key(text: str) -> str:
    """Return ``fold(text)`` without accents on Latin, Greek and Cyrillic letters, and with white space collapsed.

    For finding, not for equality: ``José`` and ``Jose``, ``Łódź`` and ``lodz`` meet here. Marks of other scripts
    (Japanese voicing, Indic vowels) carry the word and stay.
    """
    folded = fold(text)
    if not folded.isascii():
        bare = _ACCENTS.sub("", unicodedata.normalize("NFD", folded)).translate(_ONE_PIECE)
        folded = unicodedata.normalize("NFC", bare)
    return " ".join(folded.split())


def composed(text: str) -> str:
    """Return ``text`` in Unicode's normalisation form C, in which it is stored; the text itself when it is so already.

    Two spellings of one character, such as ``é`` as one code point or as ``e`` with an accent, become equal; characters
    that only look alike stay different. ISO/IEC 10646, UAX #15.
    """
    return text if text.isascii() or unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def one_space(text: str) -> str:
    """Return ``text`` trimmed, with each run of white space as one space."""
    return " ".join(text.split())


def ascii_domain(raw: str) -> str:
    """Return a domain name in lower-case ASCII (IDNA 2008 with UTS 46 mapping), without a final dot.

    At least two labels are required, and the last is not a number. Raises ``BadInput``.
    """
    domain = raw.strip().rstrip(".").lower()
    if not domain.isascii():
        import idna

        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise BadValue(raw, msg("a domain name such as example.com")) from None
    labels = domain.split(".")
    if len(labels) < 2 or len(domain) > 253 or labels[-1].isdigit() or not all(map(_LABEL.fullmatch, labels)):
        raise BadValue(raw, msg("a domain name such as example.com"))
    return domain


def domain_of(url_or_mail: str) -> str:
    """Return the domain of a web address, a mail address or a bare domain, in ASCII and without ``www.``.

    It is the name of the host, not the registrable domain: ``shop.acme.co.uk`` stays. Raises ``BadInput``.
    """
    text = url_or_mail.strip()
    if "@" in text and "/" not in text.partition("@")[0].removeprefix("mailto:"):
        return ascii_domain(text.rpartition("@")[2].rstrip("> ")).removeprefix("www.")
    host = urlsplit(normalise_url(text)).hostname or ""
    return host.removeprefix("www.")


def normalise_url(raw: str) -> str:
    """Return a web address in one form: scheme (https when absent) and host in lower case, host in ASCII.

    The default port and the slash of an empty path go, other characters than RFC 3986 allows are percent-encoded;
    path, query and fragment keep their case. Only http and https without user name are taken. Raises ``BadInput``.
    """
    text = unicodedata.normalize("NFC", raw.strip())
    if not text or any(mark.isspace() or not mark.isprintable() for mark in text):
        raise BadValue(raw, msg("a web address such as https://example.com/path, without spaces"))
    if text.startswith("//"):
        text = "https:" + text
    elif not _SCHEME.match(text):
        text = "https://" + text
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadValue(raw, msg("a web address such as https://example.com/path")) from None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORT or parts.username is not None:
        raise BadValue(raw, msg("a web address that starts with http:// or https:// and holds no user name"))
    try:
        host = ascii_domain(parts.hostname or "")
    except BadValue:
        raise BadValue(raw, msg("a web address such as https://example.com/path")) from None
    if port is not None and port != _DEFAULT_PORT[scheme]:
        host = f"{host}:{port}"
    path = quote(parts.path, safe=_SAFE)
    query, fragment = (quote(part, safe=_SAFE + "?") for part in (parts.query, parts.fragment))
    return urlunsplit((scheme, host, "" if path == "/" else path, query, fragment))
