from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.errors import BadInput
from crmkit.core.values import country_code, is_country
from crmkit.core.values.countries import COUNTRIES


def test_the_country_table_equals_babels_data() -> None:
    tables = runpy.run_path(str(Path(__file__).with_name("value_tables.py")))
    fresh: dict[str, dict[str, tuple[str, ...]]] = {}
    exec(tables["countries"](), fresh)
    assert fresh["COUNTRIES"] == COUNTRIES
    assert len(COUNTRIES) == 249 + 1  # ISO 3166-1 and Kosovo


@pytest.mark.parametrize("code", sorted(COUNTRIES))
def test_every_name_and_code_is_read_whatever_its_case(code: str) -> None:
    english = Locale("en").territories[code]
    chinese = Locale("zh").territories[code]
    for raw in (code, COUNTRIES[code][0], english, chinese):
        assert country_code(raw) == country_code(raw.lower()) == country_code(f" {raw.upper()} ") == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("the united states", "US"),
        ("UK", "GB"),
        ("England", "GB"),
        ("Philipines", "PH"),
        ("Germny", "DE"),
        ("Argentinia", "AR"),
        ("中国", "CN"),
        ("德国", "DE"),
        ("德國", "DE"),
        ("美国", "US"),
        ("英国", "GB"),
        ("香港", "HK"),
        ("台湾", "TW"),
        ("Korea", "KR"),
        ("South Korea", "KR"),
        ("Russia", "RU"),
        ("cote d'ivoire", "CI"),
        ("Côte d\u2019Ivoire", "CI"),
        ("Turkiye", "TR"),
        ("Turkey", "TR"),
        ("St. Lucia", "LC"),
        ("Saint Lucia", "LC"),
        ("Bosnia and Herzegovina", "BA"),
        ("Hong Kong", "HK"),
        ("Myanmar", "MM"),
        ("Niger", "NE"),
        ("Nigeria", "NG"),
        ("Guinea", "GN"),
        ("Ｇｅｒｍａｎｙ", "DE"),
    ],
)
def test_everyday_names_and_clear_misspellings(raw: str, code: str) -> None:
    assert country_code(raw) == code


@pytest.mark.parametrize("raw", ["", "  ", "XX", "ZZ", "EU", "Atlantis", "Congo", "Nigera", "Austrlia", "Berlin", "12"])
def test_unknown_and_ambiguous_names_are_refused(raw: str) -> None:
    with pytest.raises(BadInput, match="ISO 3166"):
        country_code(raw)


def test_only_codes_in_capitals_are_codes() -> None:
    assert is_country("DE")
    assert not any(map(is_country, ["de", "DEU", "Germany", "ZZ", ""]))


@given(st.text(max_size=12))
def test_whatever_is_read_is_a_code_of_the_table(raw: str) -> None:
    try:
        code = country_code(raw)
    except BadInput:
        return
    assert code in COUNTRIES
