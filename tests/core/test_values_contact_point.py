from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.core.errors import BadInput
from crmkit.core.values import normalise_point, one_line
from crmkit.core.values.contact_point import KINDS


@pytest.mark.parametrize(
    ("kind", "raw", "normal"),
    [
        ("email", "Anna <Anna@Example.com>", "anna@example.com"),
        ("phone", "030-0074321", "+49300074321"),
        ("url", "Example.com/", "https://example.com"),
        ("address", " Obere Str. 57,\n12209  Berlin ", "obere str. 57 12209 berlin"),
        ("social", "https://www.linkedin.com/in/Anna/", "linkedin:in/anna"),
        ("social", "de.linkedin.com/in/anna?trk=1", "linkedin:in/anna"),
        ("social", "LinkedIn: in/anna", "linkedin:in/anna"),
        ("social", "https://twitter.com/Anna", "x:anna"),
        ("social", "Twitter: @Anna", "x:anna"),
        ("social", "@Anna", "anna"),
        ("social", "https://mastodon.example/@Anna", "https://mastodon.example/@Anna"),
        ("social", "微博: 小明", "weibo:小明"),
        ("messaging", "WhatsApp: 030 0074321", "whatsapp:+49300074321"),
        ("messaging", "signal:+49 30 0074321", "signal:+49300074321"),
        ("messaging", "Telegram: @Anna", "telegram:anna"),
        ("messaging", "微信: wxid_Anna", "wechat:wxid_anna"),
        ("messaging", "WeChat：wxid_anna", "wechat:wxid_anna"),
        ("messaging", "anna", "anna"),
    ],
)
def test_each_kind_has_its_normal_form(kind: str, raw: str, normal: str) -> None:
    assert normalise_point(kind, raw, "DE") == normal
    assert normalise_point(kind, normal, "DE") == normal


@pytest.mark.parametrize(
    ("kind", "raw", "reason"),
    [
        ("email", "anna", "mail address"),
        ("phone", "abc", "telephone"),
        ("url", "nothing", "web address"),
        ("address", " , ", "not empty"),
        ("social", " ", "not empty"),
        ("social", "@", "not empty"),
        ("messaging", "", "not empty"),
        ("messaging", "telegram: @", "not empty"),
        ("messaging", "whatsapp: anna", "telephone"),
        ("social", "nothing/anna", "web address"),
        ("e-mail", "a@b.de", "did you mean email"),
    ],
)
def test_what_cannot_be_reached_is_refused(kind: str, raw: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        normalise_point(kind, raw)


@given(st.sampled_from(KINDS), st.text(max_size=20) | st.text("aB1@:/. +", max_size=16))
@example("social", "@A: 0")
@example("messaging", "/B:@1")
def test_normalising_twice_changes_nothing(kind: str, raw: str) -> None:
    try:
        once = normalise_point(kind, raw, "DE")
    except BadInput:
        return
    assert once.strip()
    assert normalise_point(kind, once, "DE") == once


def test_addresses_on_one_line_in_the_order_of_their_country() -> None:
    assert one_line("Obere Str. 57", "Berlin", "", "12209", "DE") == "Obere Str. 57, 12209 Berlin, DE"
    assert one_line("305 14th Ave. S.\nSuite 3B", "Seattle", "WA", "98128", "US") == (
        "305 14th Ave. S. Suite 3B, Seattle, WA 98128, US"
    )
    assert one_line("建国路1号", "北京市", "", "100000", "CN") == "CN 100000 北京市建国路1号"
    assert one_line("中山路5号", "广州市", "广东省", "510000") == "510000 广东省广州市中山路5号"
    assert one_line("세종대로 110", "서울특별시", "", "04524", "KR") == "KR 04524 서울특별시 세종대로 110"
    assert one_line(city="Berlin") == "Berlin"
    assert one_line() == ""
