from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.errors import BadInput
from crmkit.core.values import is_free_mail_domain, normalise_mail
from crmkit.core.values.mail import FAST, _normalise_slowly

letters = string.ascii_letters + string.digits
local_parts = st.text(letters + "!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=12)
labels = st.from_regex(r"\A[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?\Z")
addresses = st.builds(
    lambda local, domain, top: f"{'.'.join(local)}@{'.'.join(domain)}.{top}",
    st.lists(local_parts, min_size=1, max_size=3),
    st.lists(labels, min_size=1, max_size=3),
    st.sampled_from(["com", "DE", "museum", "co.uk"]),
)


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("Anna.Smith@Example.COM", "anna.smith@example.com"),
        ("  anna@example.com\t", "anna@example.com"),
        ("Anna Smith <A@b.de>", "a@b.de"),
        ('"Smith, Anna" <a@b.de>', "a@b.de"),
        ("<a@b.de>", "a@b.de"),
        ("mailto:A@b.de?subject=Hi", "a@b.de"),
        ("a@Bücher.de", "a@xn--bcher-kva.de"),
        ("a@bu\u0308cher.de", "a@xn--bcher-kva.de"),
        ("Jörg@example.com", "jörg@example.com"),
        ("ａｎｎａ＠example.com", "anna@example.com"),
        ("张伟@例子.中国", "张伟@xn--fsqu00a.xn--fiqs8s"),
        ("a@example.com.", "a@example.com"),
        ("o'neil+crm@mail.example.co.uk", "o'neil+crm@mail.example.co.uk"),
        ("a@xn--p1ai.xn--p1ai", "a@xn--p1ai.xn--p1ai"),
        ("12345678@qq.com", "12345678@qq.com"),
    ],
)
def test_addresses_take_one_form(raw: str, normal: str) -> None:
    assert normalise_mail(raw) == normal


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "@ is missing"),
        ("anna", "@ is missing"),
        ("a@b@c.de", "more than one @"),
        ("a@b.de, c@d.de", "more than one @"),
        ("an na@b.de", "without spaces"),
        ("a@b .de", "without spaces"),
        ("@b.de", "before the @"),
        (".a@b.de", "before the @"),
        ("a..b@b.de", "before the @"),
        ("a.@b.de", "before the @"),
        ("a,b@b.de", "before the @"),
        ("a\u200bb@b.de", "before the @"),
        ("a@localhost", "domain"),
        ("a@", "domain"),
        ("a@b..de", "domain"),
        ("a@-b.de", "domain"),
        ("a@b-.de", "domain"),
        ("a@1.2.3.4", "domain"),
        ("a@b.de/x", "domain"),
        (f"{'a' * 65}@b.de", "64 before"),
        (f"a@{'b.' * 126}de", "at most 254|domain"),
        (f"a@{'b' * 64}.de", "domain"),
    ],
)
def test_what_is_no_address_is_refused_with_its_reason(raw: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        normalise_mail(raw)


def test_an_address_of_254_characters_is_the_longest() -> None:
    domain = ".".join(["d" * 62] * 3) + ".de"
    longest = f"{'a' * (254 - len(domain) - 1)}@{domain}"
    assert len(longest) == 254
    assert normalise_mail(longest) == longest
    with pytest.raises(BadInput, match="at most 254"):
        normalise_mail("a" + longest)


@given(addresses)
def test_the_fast_path_agrees_with_the_slow_one(address: str) -> None:
    assert FAST(address.lower())
    assert normalise_mail(address) == _normalise_slowly(address) == address.lower()


@given(st.text(max_size=30) | st.text("aB@. <>-,_ü1ß", max_size=20))
def test_normalising_twice_changes_nothing_and_other_texts_are_bad_input(raw: str) -> None:
    try:
        once = normalise_mail(raw)
    except BadInput:
        return
    assert normalise_mail(once) == once
    assert once.count("@") == 1


def test_domains_of_free_mail() -> None:
    assert all(map(is_free_mail_domain, ["gmail.com", "QQ.com", "163.com", "126.com", "sina.com", "foxmail.com"]))
    assert not is_free_mail_domain("acme.com")
