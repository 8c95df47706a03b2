from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.values import NameParts, display_name, split_name


@pytest.mark.parametrize(
    ("full", "parts"),
    [
        ("Anna Berg", ("", "Anna", "", "Berg", "")),
        ("Dr. Anna Maria van der Berg Jr.", ("Dr.", "Anna", "Maria", "van der Berg", "Jr.")),
        ("Prof. Dr. Max Müller", ("Prof. Dr.", "Max", "", "Müller", "")),
        ("Leonardo da Vinci", ("", "Leonardo", "", "da Vinci", "")),
        ("Robert De Niro", ("", "Robert", "", "De Niro", "")),
        ("Van Morrison", ("", "Van", "", "Morrison", "")),
        ("Martin Luther King, Jr.", ("", "Martin", "Luther", "King", "Jr.")),
        ("John Smith III", ("", "John", "", "Smith", "III")),
        ("Jack Ma", ("", "Jack", "", "Ma", "")),
        ("Jack Ma, MBA", ("", "Jack", "", "Ma", "MBA")),
        ("Mr. Smith", ("Mr.", "", "", "Smith", "")),
        ("Cher", ("", "Cher", "", "", "")),
        ("Dr.", ("", "Dr.", "", "", "")),
        ("von Berg, Anna Maria", ("", "Anna", "Maria", "von Berg", "")),
        ("", ("", "", "", "", "")),
        ("王小明", ("", "小明", "", "王", "")),
        ("王伟", ("", "伟", "", "王", "")),
        ("欧阳娜娜", ("", "娜娜", "", "欧阳", "")),
        ("诸葛亮", ("", "亮", "", "诸葛", "")),
        ("司马 相如", ("", "相如", "", "司马", "")),
        ("上官婉儿", ("", "婉儿", "", "上官", "")),
        ("王先生", ("先生", "", "", "王", "")),
        ("李小红女士", ("女士", "小红", "", "李", "")),
        ("山田太郎", ("", "山田太郎", "", "", "")),
        ("山田 太郎", ("", "太郎", "", "山田", "")),
        ("さくら", ("", "さくら", "", "", "")),
        ("김철수", ("", "철수", "", "김", "")),
        ("제갈공명", ("", "공명", "", "제갈", "")),
        ("王伟 David", ("", "王伟", "", "David", "")),
    ],
)
def test_names_are_split_with_care(full: str, parts: tuple[str, str, str, str, str]) -> None:
    split = split_name(full)
    assert (split.prefix, split.given, split.additional, split.family, split.suffix) == parts


def test_display_names() -> None:
    assert display_name("Dr.", "Anna", " Maria ", "von  Berg", "Jr.") == "Dr. Anna Maria von Berg Jr."
    assert display_name(given="小明", family="王") == "王小明"
    assert display_name(prefix="博士", given="娜娜", family="欧阳") == "欧阳娜娜博士"
    assert display_name(prefix="Dr.", given="小明", family="王") == "Dr. 王小明"
    assert display_name(nickname="Bill") == "Bill"
    assert display_name(given="William", family="Gates", nickname="Bill") == "William Gates"
    assert display_name(given="David", family="王") == "David 王"
    assert display_name() == ""
    assert str(NameParts(given="Anna", family="Berg")) == "Anna Berg"


WORDS = "Anna Maria Berg van der De Dr. Mr. Jr. III Ma Smith O'Neil Müller-Lüdenscheidt y 王 小明 V PhD al"
letters = st.characters(categories=["Lu", "Ll", "Lo"])
words = st.sampled_from(WORDS.split(" ")) | st.text(letters, min_size=1, max_size=6)


@given(st.lists(words, max_size=6))
def test_splitting_and_joining_loses_no_character(parts: list[str]) -> None:
    full = unicodedata.normalize("NFC", " ".join(parts))
    once = str(split_name(full))
    assert sorted(once.replace(" ", "")) == sorted(full.replace(" ", ""))
    assert str(split_name(once)) == once


@given(st.text(max_size=20))
def test_no_text_breaks_the_splitting(full: str) -> None:
    parts = split_name(full)
    assert bool(str(parts)) == bool(full.split())


@given(
    st.sampled_from(["王", "李", "张", "欧阳", "司马", "上官", "诸葛"]),
    st.text("小明伟娜亮婉", min_size=1, max_size=2),
)
def test_chinese_names_survive_both_ways(family: str, given_name: str) -> None:
    full = display_name(given=given_name, family=family)
    assert full == family + given_name
    assert split_name(full) == NameParts(given=given_name, family=family)
