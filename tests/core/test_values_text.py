from __future__ import annotations

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmkit.core.values
from crmkit.core.errors import BadInput, FieldError
from crmkit.core.values import BadValue, country_code, domain_of, fold, normalise_url, search_key


@pytest.mark.parametrize(
    ("one", "other"),
    [("Straße", "STRASSE"), ("ＡＢＣ", "abc"), ("ﬁn", "FIN"), ("Σίσυφος", "ΣΊΣΥΦΟΣ"), ("é", "E\u0301"), ("①", "1")],
)
def test_fold_makes_equal_what_differs_in_case_or_width(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_fold_keeps_accents_and_spaces_where_search_key_drops_them() -> None:
    assert fold("José") != fold("Jose")
    assert fold(" a  b ") == " a  b "
    assert search_key("  José  Łódź Ærø ") == "jose lodz aero"
    assert search_key("Ёлка") == "елка"
    assert search_key("Ά") == search_key("α")
    # Japanese voicing marks make another letter; they stay.
    assert search_key("が") == "が" != search_key("か")
    assert search_key("हिन्दी") == "हिन्दी"
    assert search_key("한국") == "한국"


@given(st.text())
def test_fold_is_idempotent_and_blind_to_case_and_composition(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(text.casefold()) == fold(text) or not text.isascii()
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text)) == fold(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_the_ascii_fast_path_of_fold_is_the_rule(text: str) -> None:
    rule = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    assert fold(text) == rule


@given(st.text())
def test_search_key_is_idempotent_and_coarser_than_fold(text: str) -> None:
    assert search_key(search_key(text)) == search_key(text)
    assert search_key(fold(text)) == search_key(text)


@pytest.mark.parametrize(
    ("raw", "url", "domain"),
    [
        ("Example.com", "https://example.com", "example.com"),
        ("HTTP://WWW.Example.com:80/", "http://www.example.com", "example.com"),
        ("https://example.com:443/A/b?C=d#E", "https://example.com/A/b?C=d#E", "example.com"),
        ("example.com:8080/Path", "https://example.com:8080/Path", "example.com"),
        ("//cdn.example.com/x", "https://cdn.example.com/x", "cdn.example.com"),
        ("https://bücher.de/ü?q=ü", "https://xn--bcher-kva.de/%C3%BC?q=%C3%BC", "xn--bcher-kva.de"),
        ("https://example.com/a%20b", "https://example.com/a%20b", "example.com"),
        ("例子.中国", "https://xn--fsqu00a.xn--fiqs8s", "xn--fsqu00a.xn--fiqs8s"),
    ],
)
def test_web_addresses_take_one_form(raw: str, url: str, domain: str) -> None:
    assert normalise_url(raw) == url
    assert normalise_url(url) == url
    assert domain_of(raw) == domain


def test_the_domain_of_mail_addresses() -> None:
    assert domain_of("Anna <anna@WWW.Bücher.de>") == "xn--bcher-kva.de"
    assert domain_of("mailto:a@b.de") == "b.de"
    assert domain_of("https://medium.com/@anna") == "medium.com"


@pytest.mark.parametrize(
    "raw",
    [
        *("", "example", "localhost:80", "ftp://x.de", "javascript:alert(1)", "http://a:b@c.de", "https://[::1"),
        *("a b.de", "https://x.de/a b", "http://", "https://x.de:99999", "https://1.2.3.4", "https://-x.de"),
        "https://x.de/\x00",
    ],
)
def test_other_texts_are_no_web_address(raw: str) -> None:
    with pytest.raises(BadInput, match="web address"):
        normalise_url(raw)


@given(st.text(max_size=20) | st.from_regex(r"(https?://)?[a-zü]{1,5}\.(de|com)[/?#:]?[ -~ü]{0,8}", fullmatch=True))
def test_normalising_a_url_twice_changes_nothing(raw: str) -> None:
    try:
        url = normalise_url(raw)
    except BadInput:
        return
    assert normalise_url(url) == url
    assert url.isascii()


def test_an_error_carries_what_a_field_error_needs() -> None:
    with pytest.raises(BadValue) as caught:
        country_code("Atlantis")
    error = FieldError("customer.country", caught.value.code, caught.value.value, caught.value.expected)
    assert error.render().startswith("customer.country: “Atlantis” - a country: its name")


def test_all_names_are_offered_and_heavy_libraries_wait_until_needed() -> None:
    for name in crmkit.core.values.__all__:
        assert getattr(crmkit.core.values, name).__name__ == name
        assert name in dir(crmkit.core.values)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = crmkit.core.values.nothing
    program = (
        "import sys, crmkit.core.values as v\n"
        "assert not [m for m in sys.modules if m.startswith('crmkit.core.values.')]\n"
        "[getattr(v, name) for name in v.__all__]\n"
        "print(sorted({'phonenumbers', 'babel', 'idna', 'iso4217', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
