from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.values.text import search_key
from crmkit_sfa.dealers.masking import HIDDEN, masked_text

words = st.text(alphabet=st.characters(categories=("Ll", "Lu")), min_size=2, max_size=12)
names = st.lists(words, min_size=1, max_size=4).map(" ".join)
digits = st.text(alphabet="0123456789", min_size=7, max_size=12)


@given(st.lists(names, min_size=1, max_size=4), st.lists(words, max_size=6), st.randoms())
def test_no_word_of_a_name_is_told(secret: list[str], other: list[str], random: object) -> None:
    parts = [*" ".join(secret).upper().split(), *secret, *other]
    random.shuffle(parts)  # type: ignore[attr-defined]
    told = {search_key(word) for word in re.findall(r"\w+", masked_text(", ".join(parts), secret))}
    assert told.isdisjoint(search_key(word) for name in secret for word in re.findall(r"\w+", name) if len(word) > 1)


@given(digits, st.sampled_from(["+{}", "{}", "call {}!", "({})"]), st.sampled_from([" ", "-", "/", ".", ""]))
def test_no_telephone_number_is_told(number: str, form: str, between: str) -> None:
    written = between.join(number)
    assert not re.search(r"\d{2}", masked_text(form.format(written), []).replace(between or " ", ""))


def test_addresses_are_not_told() -> None:
    text = "mail ina@elbe.example, see https://elbe.example/x or www.elbe.de, elbe-werke.com"
    assert masked_text(text, []) == f"mail {HIDDEN} see {HIDDEN} or {HIDDEN} {HIDDEN}"


def test_names_without_spaces_are_not_told() -> None:
    assert masked_text("张伟想买12台水泵", ["张伟", "北京水务有限公司"]) == f"{HIDDEN}想买12台水泵"


def test_accents_do_not_give_a_name_away() -> None:
    assert masked_text("Müller, Muller, MÜLLER want pumps", ["Müller"]) == f"{HIDDEN}, {HIDDEN}, {HIDDEN} want pumps"


def test_joined_inflected_and_compound_names_are_not_told() -> None:
    text = "Erika Bergs firm; erika_berg, SpreeWasser: 12 pumps"
    told = f"{HIDDEN} {HIDDEN} firm; {HIDDEN}_{HIDDEN}, {HIDDEN}: 12 pumps"
    assert masked_text(text, ["Erika Berg", "Spree Wasser AG"]) == told


def test_short_words_of_names_stay_in_longer_ones() -> None:
    assert masked_text("agile valves of AG", ["Ina AG"]) == f"agile valves of {HIDDEN}"
