"""Names, keys and scores: what agrees, what differs, and that nothing anybody types breaks them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.matching import Party, Place, compare, compare_names, match_keys, name_words
from crmkit.core.values.partial_date import PartialDate

TEXT = st.text(alphabet=st.characters(exclude_characters="\0"), max_size=40) | st.sampled_from(
    ["王小明", "محمد علي", "\u202eabc", "O", "", "J. R. R. Tolkien", "Acme GmbH & Co. KG", "株式会社", "  ", "👩‍👩‍👧"]
)
PARTY = st.builds(
    Party,
    kind=st.sampled_from([None, "person", "organization"]),
    names=st.lists(TEXT, max_size=2).map(tuple),
    emails=st.frozensets(st.sampled_from(["a@b.de", "anna.berg@acme.com", "anna.berg@gmail.com", "x"]), max_size=2),
    phones=st.frozensets(st.sampled_from(["+493012345", "+493012346", "", "+1"]), max_size=2),
    places=st.lists(st.builds(Place, key=TEXT, postal_code=TEXT, city=TEXT), max_size=2).map(tuple),
    birth_date=st.sampled_from([None, PartialDate(1980, 5, 7), PartialDate(1980, 7, 5), PartialDate(month=2, day=29)]),
    domain=st.sampled_from(["", "acme.com", "gmail.com"]),
)


@pytest.mark.parametrize(
    ("first", "second", "level"),
    [
        ("John Smith", "Smith, John", "same"),
        ("Dr. José García", "Jose Garcia", "same"),
        ("O'Brien", "OBrien", "same"),
        ("Acme GmbH & Co. KG", "ACME", "same"),
        ("王小明", "王 小明", "same"),
        ("王小明先生", "王小明", "same"),
        ("北京客户有限公司", "北京客户", "same"),
        ("محمد علي", "مُحَمَّد علي", "same"),
        ("أحمد", "احمد", "same"),
        ("\u202bמשה כהן\u202c", "כהן משה", "same"),
        ("Anna Smith", "Anna Maria Smith", "extended"),
        ("Anna Berg", "Anna von Berg", "same"),
        ("John Smith", "J. Smith", "initials"),
        ("Jon Smyth", "John Smith", "similar"),
        ("Müller", "Mueller", "similar"),
        ("王小明", "王小名", "similar"),
        ("Smith", "John Smith", "one_word_of_many"),
        ("王小明", "小明", "one_word_of_many"),
        ("Anna Smith", "Bernd Smith", "one_word"),
        ("Anna Anna", "Anna Berta", "one_word"),
        ("Anna Smith", "Horst Kloss", "different"),
        ("王小明", "李大卫", "different"),
        ("O", "P", "different"),
        ("...", "John", "unknown"),
    ],
)
def test_names_agree_as_people_would_say(first: str, second: str, level: str) -> None:
    assert compare_names(first, second).level == level
    assert compare_names(second, first).level == level


@given(TEXT, TEXT)
def test_names_compare_the_same_from_both_sides_and_with_themselves(first: str, second: str) -> None:
    assert compare_names(first, second) == compare_names(second, first)
    assert compare_names(first, first).level == ("same" if name_words(first) else "unknown")


@given(PARTY, PARTY)
def test_scores_are_probabilities_that_do_not_depend_on_the_side(first: Party, second: Party) -> None:
    match = compare(first, second)
    assert 0 <= match.score <= 1
    assert match.score == compare(second, first).score
    assert [abs(reason.bits) for reason in match.reasons] == sorted((abs(r.bits) for r in match.reasons), reverse=True)
    assert all(reason.text.render() for reason in match.reasons)


@given(PARTY)
def test_keys_are_few_distinct_and_fit_into_the_index(party: Party) -> None:
    keys = match_keys(party)
    assert len(keys) == len(set(keys)) <= 60
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert keys == match_keys(party)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Party(names=("John Smith",)), Party(names=("Smyth Jon",))),
        (Party(names=("John Smith",)), Party(names=("J. Smith",))),
        (Party(names=("Anna Maria Berg",)), Party(names=("Anna Berg",))),
        (Party(names=("王小明",)), Party(names=("小明",))),
        (Party(names=("王小明",)), Party(names=("王晓明",))),
        (Party(phones=frozenset(["+49301234567"])), Party(phones=frozenset(["+301234567"]))),
        (Party(emails=frozenset(["anna.berg@acme.com"])), Party(emails=frozenset(["annaberg@gmail.com"]))),
        (Party(birth_date=PartialDate(1980, 5, 7)), Party(birth_date=PartialDate(1980, 7, 5))),
        (
            Party(names=("A Bcd",), places=(Place("high street 12 4711", "4711"),)),
            Party(names=("Xyz",), places=(Place("high st. 12 4711", "47 11"),)),
        ),
    ],
)
def test_those_who_may_be_one_share_a_key(first: Party, second: Party) -> None:
    assert set(match_keys(first)) & set(match_keys(second))


def test_what_is_shared_by_many_tells_less() -> None:
    anna = Party(names=("Anna Berg",), phones=frozenset(["+49301234567"]))
    alone = compare(anna, anna).score
    among_many = compare(anna, anna, {"+49301234567": 200}).score
    assert alone > among_many > 0.9
    nameless = Party(phones=anna.phones)
    assert compare(nameless, nameless, {"+49301234567": 200}).score < 0.1


def test_short_names_weigh_less_than_long_ones() -> None:
    scores = [compare(Party(names=(name,)), Party(names=(name,))).score for name in ("O", "王小明", "Anna Berg")]
    assert scores == sorted(scores)
    assert scores[0] < 0.01 < 0.3 < scores[1] <= scores[2]


def test_free_mail_domains_bind_nobody() -> None:
    free = [Party(emails=frozenset([f"{name}@gmail.com"])) for name in ("annaberg", "horst")]
    own = [Party(emails=frozenset([f"{name}@acme.com"])) for name in ("annaberg", "horst")]
    assert compare(*free).reasons == ()
    assert [reason.code for reason in compare(*own).reasons] == ["domain.colleague"]
    assert set(match_keys(free[0])).isdisjoint(match_keys(free[1]))
    assert set(match_keys(own[0])) & set(match_keys(own[1]))


@pytest.mark.parametrize(
    ("other", "code"),
    [
        (PartialDate(1980, 5, 7), "birth.same"),
        (PartialDate(1980, 5), "birth.same"),
        (PartialDate(1980, 7, 5), "birth.similar"),
        (PartialDate(1981, 5, 7), "birth.similar"),
        (PartialDate(1990, 12, 1), "birth.different"),
        (PartialDate(month=5, day=7), "birth.same"),
    ],
)
def test_dates_of_birth_agree_in_what_is_known(other: PartialDate, code: str) -> None:
    assert compare(Party(birth_date=PartialDate(1980, 5, 7)), Party(birth_date=other)).has(code)
