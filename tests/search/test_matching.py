"""How well texts fit, and that whatever fits is found by what the index holds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.core.search.matching import match
from crmkit.core.search.query import AnyOf, Query, Token, Unit, first_spellings, read_query, tokens_of
from crmkit.core.search.terms import READ, Terms, terms_of
from crmkit.core.search.texts import Rank, Text, TextKind

ANNA = [
    Text("name", "Anna Müller", "name"),
    Text("mail", "charlottila@ex.org", "mail"),
    Text("phone", "+49305550123", "phone"),
]
ZENG = [Text("name", "曾国藩", "name")]
ZHANG = [Text("name", "張偉", "name"), Text("text", "在臺灣大學認識的", "description")]
PROSE = [Text("text", "We talked about 上海 orders and the annual review", "body")]


def rank(asked: str, texts: Sequence[Text]) -> Rank | None:
    found = [match(query, texts) for query in read_query(asked)]
    return next((each.rank for each in found if each is not None), None)


@pytest.mark.parametrize(
    ("asked", "texts", "expected"),
    [
        ("anna müller", ANNA, Rank.EXACT),
        ("ANNA MUELLER", ANNA, Rank.EXACT),
        ("annamuller", ANNA, Rank.EXACT),
        ("charlottila@ex.org", ANNA, Rank.EXACT),
        ("+49 30 555 01 23", ANNA, Rank.EXACT),
        ("anna", ANNA, Rank.FIRST_WORD),
        ("anna m", ANNA, Rank.FIRST_WORD),
        ("an", ANNA, Rank.PREFIX),
        ("muller", ANNA, Rank.WORD),
        ("mül", ANNA, Rank.WORD_PREFIX),
        ("m an", ANNA, Rank.WORD_PREFIX),
        ("anna ex.org", ANNA, Rank.TEXT),
        ("charlottila@e", ANNA, Rank.TEXT),
        ("4930", ANNA, Rank.TEXT),
        ("ottila", ANNA, Rank.FRAGMENT),
        ("5550123", ANNA, Rank.FRAGMENT),
        ("030 5550123", ANNA, Rank.FRAGMENT),
        ("ulle", ANNA, Rank.FRAGMENT),
        ("曾国藩", ZENG, Rank.EXACT),
        ("曾", ZENG, Rank.PREFIX),
        ("曾国", ZENG, Rank.PREFIX),
        ("国藩", ZENG, Rank.WORD_PREFIX),
        ("曾國藩", ZENG, Rank.EXACT),
        ("國藩", ZENG, Rank.WORD_PREFIX),
        ("张伟", ZHANG, Rank.EXACT),
        ("张", ZHANG, Rank.PREFIX),
        ("大学", ZHANG, Rank.TEXT),
        ("zengguofan", ZENG, Rank.READING),
        ("zeng guofan", ZENG, Rank.READING),
        ("zgf", ZENG, Rank.READING),
        ("z", ZENG, Rank.READING),
        ("guofan", ZENG, Rank.READING),
        ("annual", PROSE, Rank.TEXT),
        ("ord", PROSE, Rank.TEXT),
        ("上海", PROSE, Rank.TEXT),
        ("an", PROSE, None),
        ("nnual", PROSE, None),
        ("x", ANNA, None),
        ("anna bert", ANNA, None),
        ("国曾", ZENG, None),
        ("uo", ZENG, None),
    ],
    ids=lambda value: ascii(value)[:24] if isinstance(value, str) else "",
)
def test_ranks(asked: str, texts: list[Text], expected: Rank | None) -> None:
    assert rank(asked, texts) == expected


def test_a_slip_ranks_below_everything() -> None:
    query = Query((Unit("word", ("jonhson",), near=("johnson",)),))
    found = match(query, [Text("name", "Johnson Controls", "name")])
    assert found is not None
    assert found.rank is Rank.SIMILAR
    assert match(query, [Text("name", "Johnsen Controls", "name")]) is None


def proposed(query: Query, held: Terms) -> bool:
    """Whether the index proposes a record that it holds these terms of: the conditions of its lists, without a database."""
    words = " " + " ".join(held.words)

    def stands(token: Token) -> bool:
        return token.text in held.tokens or (token.prefix and any(t.startswith(token.text) for t in held.tokens))

    def fits(groups: Sequence[AnyOf]) -> bool:
        return all(any(all(map(stands, all_of)) for all_of in group) for group in groups)

    def short(units: Sequence[Unit]) -> bool:
        return all(
            any(f" {s}" in words or f" {READ}{s}" in words or s in held.tokens for s in unit.spellings)
            for unit in units
        )

    brief, long = [u for u in query.units if u.short], [u for u in query.units if not u.short]
    if any(headword in held.headwords for headword in query.headwords()):
        return True
    if len(query.units) == 1:
        return fits(query.tokens(False)) or fits(query.tokens(True))
    if long:
        return short(brief) and (fits([tokens_of(u, False) for u in long]) or fits([tokens_of(u, True) for u in long]))
    first, *rest = query.units
    return (any(headword in held.headwords for headword in first_spellings(first)) and short(rest)) or fits(
        query.tokens(False)
    )


WORDS = st.sampled_from(
    [
        "anna",
        "an",
        "a",
        "müller",
        "mueller",
        "mül",
        "ullé",
        "straße",
        "曾国藩",
        "曾",
        "国藩",
        "國藩",
        "王偉",
        "王伟",
        "zeng",
        "zgf",
        "guofan",
        "555",
        "0123",
        "4711",
        "o'brien",
        "ada@ex.org",
        "ex.org",
        "🎉",
        "김철수",
        "ヤマダ",
        "עברית",
        "IT",
        "k-10",
        "x",
    ]
)
KINDS: st.SearchStrategy[TextKind] = st.sampled_from(["name", "mail", "phone", "text"])
VALUES = st.lists(st.one_of(WORDS, st.text(alphabet="anmülß 曾国國zg05@.-", max_size=6)), min_size=1, max_size=4)


@given(
    texts=st.lists(st.tuples(KINDS, VALUES.map(" ".join)), min_size=1, max_size=3),
    asked=st.lists(st.one_of(WORDS, st.text(alphabet="anmülß 曾国國zg05@.-", max_size=6)), min_size=1, max_size=3).map(
        " ".join
    ),
)
@example(texts=[("name", "Anna Müller")], asked="m a")
@example(texts=[("text", "the IT budget")], asked="it bud")
@example(texts=[("mail", "a@b")], asked="a@b")
@example(texts=[("name", "曾国藩")], asked="国 z")
def test_whatever_fits_is_proposed_by_the_index(texts: list[tuple[TextKind, str]], asked: str) -> None:
    known = [Text(kind, value, "x") for kind, value in texts]
    held = terms_of(known)
    for query in read_query(asked):
        if match(query, known) is not None:
            assert proposed(query, held), (known, query)


@given(texts=st.lists(st.tuples(KINDS, VALUES.map(" ".join)), min_size=1, max_size=3), asked=WORDS)
@example(texts=[("name", "ada@ex.org")], asked="ex.org")
def test_the_rank_of_a_head_is_the_rank_of_the_match(texts: list[tuple[TextKind, str]], asked: str) -> None:
    known = [Text(kind, value, "x") for kind, value in texts]
    held = terms_of(known).headwords
    for query in read_query(asked):
        found = match(query, known)
        listed = [held[headword] for headword in query.headwords() if headword in held]
        if listed:
            assert found is not None
            assert found.rank == min(listed)
        elif found is not None and len(query.units) == 1:
            # Of several words, the headwords are those of whole names alone.
            assert found.rank >= Rank.READING
