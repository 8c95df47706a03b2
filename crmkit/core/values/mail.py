"""Mail addresses: one form for comparing and finding them, and the domains of free mail providers."""

from __future__ import annotations

from crmkit.core.messages import msg
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.pattern import pattern
from crmkit.core.values.text import ascii_domain, fold, word_set

MAX_LENGTH = 254
"""Longest address that SMTP carries (RFC 5321, 4.5.3.1.3, less the angle brackets), in characters."""

# Plain ASCII addresses in lower case, by far the most. Up to 64 characters no part of one can be too long, so nothing
# else is checked. Possessive quantifiers keep it linear and fast.
FAST = pattern(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]++(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]++)*+"
    r"@(?:[a-z0-9]++(?:-++[a-z0-9]++)*+\.)+[a-z]{2,}"
).fullmatch
_FAST_LENGTH = 64
_DISPLAYED = pattern(r"[^<>]*<([^<>]*)>")
_LOCAL = pattern(r'[^\s"(),:;<>@\[\\\].\x00-\x20\x7f]+(?:\.[^\s"(),:;<>@\[\\\].\x00-\x20\x7f]+)*')

FREE_MAIL_DOMAINS = word_set(
    """
    gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk hotmail.de hotmail.fr hotmail.it hotmail.es
    live.com live.co.uk live.nl live.fr msn.com yahoo.com yahoo.co.uk yahoo.co.jp yahoo.co.in yahoo.de yahoo.fr
    yahoo.it yahoo.es yahoo.com.br yahoo.com.tw yahoo.com.hk ymail.com rocketmail.com icloud.com me.com mac.com
    aol.com proton.me protonmail.com pm.me tutanota.com tuta.com fastmail.com hey.com zoho.com mail.com gmx.com gmx.de
    gmx.net gmx.at gmx.ch web.de t-online.de freenet.de posteo.de mailbox.org arcor.de bluewin.ch orange.fr wanadoo.fr
    free.fr laposte.net sfr.fr libero.it virgilio.it alice.it tiscali.it tin.it terra.es ziggo.nl kpnmail.nl
    telenet.be skynet.be btinternet.com virginmedia.com sky.com ntlworld.com comcast.net verizon.net att.net
    sbcglobal.net bellsouth.net cox.net charter.net rogers.com shaw.ca bigpond.com optusnet.com.au uol.com.br
    bol.com.br terra.com.br mail.ru bk.ru inbox.ru list.ru yandex.ru yandex.com ya.ru rambler.ru ukr.net wp.pl o2.pl
    onet.pl interia.pl seznam.cz centrum.cz abv.bg qq.com vip.qq.com foxmail.com 163.com vip.163.com 126.com
    vip.126.com yeah.net 188.com sina.com sina.cn vip.sina.com sohu.com aliyun.com alimail.com 139.com 189.cn wo.cn
    21cn.com tom.com 263.net hinet.net pchome.com.tw netvigator.com naver.com daum.net hanmail.net kakao.com nate.com
    docomo.ne.jp ezweb.ne.jp softbank.ne.jp rediffmail.com
    """
)
"""Domains where anybody gets a mailbox: they tell nothing about somebody's employer."""


def normalise_mail(raw: str) -> str:
    """Return a mail address in the form in which addresses are compared: folded to lower case, domain in ASCII.

    Takes ``mailto:`` addresses and display names (``Anna <a@b.de>``). Mailboxes that differ in case alone count as one:
    RFC 5321 lets a host distinguish them, no provider does. Raises ``BadInput``.
    """
    lower = raw.lower()
    if len(lower) <= _FAST_LENGTH and FAST(lower):
        return lower
    return _normalise_slowly(raw)


def is_free_mail_domain(domain: str) -> bool:
    """Tell whether anybody can get a mailbox at ``domain`` (lower-case ASCII or not), so that it names no employer."""
    return domain.strip().lower() in FREE_MAIL_DOMAINS


def _normalise_slowly(raw: str) -> str:
    text = fold(raw).strip()
    if displayed := _DISPLAYED.fullmatch(text):
        text = displayed[1].strip()
    if text.startswith("mailto:"):
        text = text.removeprefix("mailto:").partition("?")[0].strip()
    local, at, domain = text.rpartition("@")
    if not at:
        raise BadValue(raw, msg("a mail address such as anna@example.com; the @ is missing"))
    if "@" in local:
        raise BadValue(raw, msg("one mail address such as anna@example.com; there is more than one @"))
    if any(mark.isspace() for mark in text):
        raise BadValue(raw, msg("a mail address such as anna@example.com, without spaces inside"))
    if not _LOCAL.fullmatch(local) or not all(map(str.isprintable, local)):
        raise BadValue(raw, msg("a mail address such as anna@example.com; the part before the @ is not well-formed"))
    try:
        address = f"{local}@{ascii_domain(domain)}"
    except BadValue:
        raise BadValue(raw, msg("a mail address such as anna@example.com; the domain is not well-formed")) from None
    if len(address) > MAX_LENGTH or len(local.encode()) > 64:
        raise BadValue(raw, msg("a mail address of at most {limit} characters, 64 before the @", limit=MAX_LENGTH))
    return address
