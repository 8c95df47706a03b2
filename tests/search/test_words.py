"""Words, readings and queries: what is taken for the same, in any script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.search.excerpt import excerpt
from crmkit.core.search.query import LONGEST_QUERY, MOST_UNITS, read_query
from crmkit.core.search.readings import readings
from crmkit.core.search.terms import Terms, terms_of
from crmkit.core.search.texts import Text
from crmkit.core.search.variants import simplified
from crmkit.core.search.words import folded, pieces, spellings, spoken


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Anna  Müller-Lüdenscheidt", ["anna", "müller", "lüdenscheidt"]),
        ("O'Brien & Söhne", ["obrien", "söhne"]),
        ("ＡＢＣ　１２３", ["abc", "123"]),
        ("ﾔﾏﾀﾞ太郎", ["ヤマダ太郎"]),
        ("曾国藩 (Zeng)", ["曾国藩", "zeng"]),
        ("हिन्दी कंपनी", ["हिन्दी", "कंपनी"]),
        ("מִסְפָּר عَرَبِيّ", ["מספר", "عربي"]),
        ("🎉Party🎉", ["🎉", "party", "🎉"]),
        ("\x00\x1f\u202e", []),
        ('"NEAR(a b)" OR *', ["near", "a", "b", "or"]),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_texts_are_cut_into_words_and_runs(text: str, found: list[str]) -> None:
    assert pieces(folded(text)) == found


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("müller", ("muller", "mueller")),
        ("straße", ("strasse",)),
        ("ångström", ("angstrom", "aangstroem")),
        ("søren", ("soren", "soeren")),
        ("łódź", ("lodz",)),
        ("anna", ("anna",)),
    ],
    ids=["mueller", "strasse", "angstroem", "soeren", "lodz", "anna"],
)
def test_words_have_spellings_without_accents(word: str, found: tuple[str, ...]) -> None:
    assert tuple(spelling for piece in pieces(folded(word)) for spelling in spellings(piece)) == found


SURNAMES = [
    ("曾国藩", "zengguofan"),
    ("仇英", "qiuying"),
    ("单雄信", "shanxiongxin"),
    ("解缙", "xiejin"),
    ("任正非", "renzhengfei"),
    ("区伯", "oubo"),
    ("查良镛", "zhaliangyong"),
    ("盖聂", "genie"),
    ("朴槿惠", "piaojinhui"),
    ("尉迟恭", "yuchigong"),
    ("万俟卨", "moqixie"),
    ("长孙无忌", "zhangsunwuji"),
    ("單雄信", "shanxiongxin"),
    ("重庆银行", "chongqingyinhang"),
    ("长城汽车", "changchengqiche"),
    ("吕布", "lvbu"),
    ("吕布", "lubu"),
    ("曾", "zeng"),
    ("上海浦东发展银行", "shanghaipudongfazhanyinhang"),
]


@pytest.mark.parametrize(
    ("name", "reading"), SURNAMES, ids=[f"{n}-{reading}" for n, (_, reading) in enumerate(SURNAMES)]
)
def test_names_are_read_with_their_surnames(name: str, reading: str) -> None:
    assert reading in {"".join(syllables) for syllables in readings(name)}


def test_what_is_read_in_several_ways_is_found_by_each() -> None:
    heard = {"".join(syllables) for syllables in readings("乐乐")}
    assert {"yuele", "lele", "yueyue"} <= heard
    assert readings("ヤマダ") == readings("김철수") == readings("山ダ") == ()


@pytest.mark.parametrize(
    ("traditional", "same"),
    [
        ("張偉", "张伟"),
        ("臺灣大學", "台湾大学"),
        ("葉劍英", "叶剑英"),
        ("乾隆", "干隆"),
        ("後藤", "后藤"),
        ("広島", "広岛"),
    ],
    ids=["zhangwei", "taiwan", "ye", "qianlong", "houteng", "hiroshima"],
)
def test_traditional_characters_are_looked_for_as_simplified_ones(traditional: str, same: str) -> None:
    assert folded(traditional) == folded(same) == same


def test_names_are_read_as_they_are_written_not_as_they_are_looked_for() -> None:
    assert "qianlong" in terms_of([Text("name", "乾隆", "name")]).tokens
    assert "ganlong" in terms_of([Text("name", "干隆", "name")]).tokens
    assert "zhangwei" in terms_of([Text("name", "張偉", "name")]).tokens


@given(st.text())
def test_simplified_characters_stay_where_they_were(value: str) -> None:
    assert len(simplified(value)) == len(value)
    assert simplified(simplified(value)) == simplified(value)
    assert [len(piece) for piece in pieces(folded(value))] == [len(piece) for piece in pieces(spoken(value))]


def test_every_simplified_character_is_final_and_falls_into_the_same_pieces() -> None:
    every = "".join(map(chr, (*range(0x3400, 0xA000), *range(0x20000, 0x32000))))
    once = simplified(every)
    assert once != every
    assert simplified(once) == once
    assert [len(piece) for piece in pieces(once)] == [len(piece) for piece in pieces(every)]


def test_queries_are_cut_at_a_length_and_hold_nothing_when_nothing_is_said() -> None:
    for empty in ("", "   ", "\x00", '"', "!!! *** ()"):
        assert read_query(empty) == ()
    (long,) = read_query(" ".join(f"word{number}" for number in range(5_000)))
    assert len(long.units) <= MOST_UNITS
    (one,) = read_query("x" * 10_000)
    assert len(one.units[0].text) <= LONGEST_QUERY


def test_numbers_side_by_side_are_one_phone_number_or_each_its_own() -> None:
    joined, apart = read_query("030 / 555-0123")
    assert [unit.spellings for unit in joined.units] == [("0305550123", "305550123")]
    assert [unit.text for unit in apart.units] == ["030", "555", "0123"]
    assert [unit.text for unit in read_query("+49 (0)30 5550123")[0].units] == ["49305550123"]
    assert len(read_query("K-4711")) == 1


def test_an_excerpt_shows_what_was_found_and_where() -> None:
    long = "word " * 60 + "the Müller account needs attention " + "word " * 60
    (query,) = read_query("mueller attention")
    shown = excerpt(long, query.units)
    assert [shown.text[first:last] for first, last in shown.marks] == ["Müller", "attention"]
    assert shown.text.startswith("…")
    assert shown.text.endswith("…")
    assert len(shown.text) < 130
    (query,) = read_query("国藩")
    assert excerpt("曾国藩", query.units).marks == ((1, 3),)
    (query,) = read_query("zgf")
    assert excerpt("曾\n国藩\x00", query.units).text == "曾 国藩 "


@given(st.text(), st.text(max_size=400))
def test_no_text_is_too_odd(value: str, asked: str) -> None:
    made = terms_of([Text(kind, value, "x") for kind in ("name", "mail", "phone", "text")])
    assert isinstance(made, Terms)
    assert not any(" " in token or not token for token in made.tokens)
    for query in read_query(asked):
        for first, last in excerpt(value, query.units).marks:
            assert 0 <= first < last <= len(excerpt(value, query.units).text)
