"""The fold: what it joins, and that Python, SQLite and PostgreSQL compute the same text."""

from __future__ import annotations

import unicodedata

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.core.filter import FilterContext, fold, parse
from crmkit.core.filter.fold import FOLDINGS
from crmkit.store.filters import POSTGRES_FUNCTIONS, to_sql
from tests.filter.stores import Store
from tests.filter.world import NOW, REGISTRY

storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Stop", "STOP"),
        ("É", "é"),
        ("İ", "i"),
        ("ΣΊΓΜΑΣ", "σίγμας"),
        ("\u212b", "å"),
        ("Ａｃｍｅ　１", "acme 1"),
        ("ДОМ", "дом"),
    ],
)
def test_case_and_width_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("é", "e"), ("ß", "ss"), ("臺", "台"), ("ı", "i"), (" a", "a")])
def test_other_differences_stay(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(storable)
def test_folding_keeps_the_length_and_is_done_after_once(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


def test_the_table_is_unicode_simple_case_folding_of_its_scripts() -> None:
    """Case folding is stable, so characters of Unicode 3.2, which every Python knows, fold as this Python says."""
    known = unicodedata.ucd_3_2_0.category
    additions = {0x130, 0x3000, *range(0xFF01, 0xFF5F)}
    covered = (*range(0x80, 0x250), *range(0x370, 0x590), *range(0x10A0, 0x1100), *range(0x1E00, 0x2000))
    for code in set(covered) - additions:
        mark = chr(code)
        simple = mark.casefold() if len(mark.casefold()) == 1 else mark.lower()
        if known(mark) != "Cn" and len(simple) == 1:
            assert chr(FOLDINGS.get(code, code)) == simple, f"U+{code:04X}"


def test_databases_fold_every_character_of_the_table(sqlite_store: Store, postgres_store: Store) -> None:
    text = "".join(map(chr, FOLDINGS)) + "Plain ASCII [^_`{|}~"
    assert fold(text) != text
    assert _folded(sqlite_store, [text]) == _folded(postgres_store, [text]) == [fold(text)]


@given(st.lists(storable, min_size=1, max_size=30))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_databases_fold_any_text(sqlite_store: Store, postgres_store: Store, texts: list[str]) -> None:
    expected = [fold(text) for text in texts]
    assert _folded(sqlite_store, texts) == expected
    assert _folded(postgres_store, texts) == expected


def test_postgres_folds_each_character_of_the_basic_plane(postgres_store: Store) -> None:
    """One by one, so that the shortcut for text without foldable characters is tried on all of them."""
    codes = [code for code in range(1, 0x10000) if not 0xD800 <= code <= 0xDFFF]
    statement = sa.text(
        "SELECT crm_fold(chr(code)) FROM unnest(cast(:codes AS integer[])) WITH ORDINALITY AS t(code, n) ORDER BY n"
    )
    found = list(postgres_store.connection.scalars(statement, {"codes": codes}))
    assert found == [fold(chr(code)) for code in codes]


def _folded(store: Store, texts: list[str]) -> list[str]:
    statement = sa.select(*(sa.func.crm_fold(sa.literal(text, sa.Text())) for text in texts))
    return list(store.connection.execute(statement).one())


def test_postgres_uses_an_index_on_the_fold(postgres_store: Store) -> None:
    connection, table = postgres_store.connection, postgres_store.tables["party"]
    for statement in POSTGRES_FUNCTIONS:
        connection.exec_driver_sql(statement)
    index = sa.Index("ix_parties_folded_name", sa.func.crm_fold(table.c.name), _table=table)
    index.create(connection)
    try:
        context = FilterContext(NOW)
        clause = to_sql(
            parse("name = acme", REGISTRY, "party"), "party", REGISTRY, lambda name: table, context, "postgresql"
        )
        query = sa.select(table.c.id).where(clause).compile(connection, compile_kwargs={"literal_binds": True})
        connection.exec_driver_sql("SET enable_seqscan = off")
        plan = connection.scalars(sa.text(f"EXPLAIN {query}")).all()
    finally:
        connection.exec_driver_sql("SET enable_seqscan = on")
        index.drop(connection)
        table.indexes.discard(index)
    assert any("ix_parties_folded_name" in line for line in plan), plan
