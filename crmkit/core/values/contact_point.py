"""Contact points: the one normalised form of each kind, by which people are recognised."""

from __future__ import annotations

from urllib.parse import urlsplit

from crmkit.core.errors import did_you_mean
from crmkit.core.messages import msg
from crmkit.core.values.address import address_key
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.mail import normalise_mail
from crmkit.core.values.pattern import pattern
from crmkit.core.values.phone import normalise_phone
from crmkit.core.values.text import fold, normalise_url

KINDS = ("email", "phone", "address", "url", "social", "messaging")

_NETWORKS = {
    "twitter.com": "x",
    "x.com": "x",
    "facebook.com": "facebook",
    "instagram.com": "instagram",
    "linkedin.com": "linkedin",
    "xing.com": "xing",
    "youtube.com": "youtube",
    "tiktok.com": "tiktok",
    "github.com": "github",
    "weibo.com": "weibo",
    "xiaohongshu.com": "xiaohongshu",
}
_SAME_NETWORK = {"twitter": "x", "微博": "weibo", "小红书": "xiaohongshu"}
_SAME_SERVICE = {"weixin": "wechat", "微信": "wechat", "fb messenger": "messenger"}
_CALLED_BY_NUMBER = frozenset(["whatsapp", "signal", "viber"])
_NAMED = pattern(r"([^\W\d_][\w ]{0,30}?)\s*:\s*(?!//)(\S.*)")


def normalise_point(kind: str, raw: str, country: str | None = None) -> str:
    """Return the normalised value of a contact point; two that are equal reach the same place.

    ``kind`` is email, phone, address, url, social or messaging; ``country`` (ISO 3166) helps to read telephone numbers.
    Social profiles become ``network:handle``, messaging ``service:handle`` (with the number for WhatsApp, Signal and
    Viber). Raises ``BadInput``.
    """
    match kind:
        case "email":
            return normalise_mail(raw)
        case "phone":
            return normalise_phone(raw, country)
        case "url":
            return normalise_url(raw)
        case "address":
            return address_key(raw) or _refuse_empty(raw)
        case "social":
            return _social(raw)
        case "messaging":
            return _messaging(raw, country)
    raise BadValue(kind, msg("a kind of contact point; {hint}", hint=did_you_mean(kind, KINDS)))


def _social(raw: str) -> str:
    """Both ``https://www.linkedin.com/in/Anna/`` and ``linkedin: in/anna`` become ``linkedin:in/anna``."""
    text = _without_at(raw)
    if named := _NAMED.fullmatch(text):
        network = fold(named[1])
        return f"{_SAME_NETWORK.get(network, network)}:{_handle(named[2]) or _refuse_empty(raw)}"
    if "/" not in text:
        return _handle(text) or _refuse_empty(raw)
    url = normalise_url(text)
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("mobile.")
    # LinkedIn serves each country from a host of its own: de.linkedin.com.
    network = _NETWORKS.get(host) or _NETWORKS.get(host.partition(".")[2], "")
    handle = _handle(parts.path)
    return f"{network}:{handle}" if network and handle else url


def _messaging(raw: str, country: str | None) -> str:
    text = _without_at(raw)
    named = _NAMED.fullmatch(text)
    if not named:
        return _handle(text) or _refuse_empty(raw)
    service = fold(named[1])
    service = _SAME_SERVICE.get(service, service)
    if service in _CALLED_BY_NUMBER:
        return f"{service}:{normalise_phone(named[2], country)}"
    return f"{service}:{_handle(named[2]) or _refuse_empty(raw)}"


def _without_at(raw: str) -> str:
    """Return what is behind the sign of a handle, which may name its network too: ``@github: anna``."""
    return raw.strip().lstrip("/@ ")


def _handle(text: str) -> str:
    return fold(text).strip().strip("/@ ")


def _refuse_empty(raw: str) -> str:
    raise BadValue(raw, msg("something that is not empty"))
