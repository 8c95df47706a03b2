"""Whether a value passes a test, in SQL. ``crmkit.core.filter.asking`` says what the tests mean."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crmkit.core.filter.asking import Always, Among, Both, DayOfYear, Either, Ordered, Part, Test, Word
from crmkit.core.filter.fold import fold
from crmkit.store.filters.operands import Clause, Dialect, Operand


def passes(test: Test, value: Operand, dialect: Dialect) -> Clause:
    """Return whether a value that is not null passes ``test``."""
    match test:
        case Always():
            return sa.true()
        case Among(()):
            return sa.false()
        case Among(values, folded):
            return _fold_is(value, values, dialect) if folded else value.equals(values)
        case Ordered(op, bound):
            return value.ordered(op, bound)
        case Part():
            return _part(test, _folded(value.value, dialect), dialect)
        case Word(text):
            return _word(text, value, dialect)
        case DayOfYear(text):
            start = sa.func.substr(value.value, 1, len(text) + 1, type_=sa.Text())
            after_year = sa.func.substr(value.value, 5, len(text), type_=sa.Text())
            return sa.or_(start == "-" + text, sa.and_(value.value >= "0", after_year == text))
        case Both(tests):
            return sa.and_(*(passes(part, value, dialect) for part in tests))
        case Either(tests):
            return sa.or_(*(passes(part, value, dialect) for part in tests))


def words_length(value: Operand, dialect: Dialect) -> sa.ColumnElement[int]:
    """Return how many words a list has; 0 where there is none."""
    if dialect == "postgresql":
        length = sa.func.jsonb_array_length(_array(value.value), type_=sa.Integer())
    else:
        length = sa.func.json_array_length(sa.type_coerce(value.value, sa.Text()), type_=sa.Integer())
    return sa.func.coalesce(length, 0, type_=sa.Integer())


def _part(part: Part, text: sa.ColumnElement[str], dialect: Dialect) -> Clause:
    if part.op == "contains":
        find = sa.func.strpos if dialect == "postgresql" else sa.func.instr
        return find(text, part.text, type_=sa.Integer()) > 0
    length = len(part.text)
    if part.op == "starts with":
        return sa.func.substr(text, 1, length, type_=sa.Text()) == part.text
    if dialect == "postgresql":
        return sa.func.right(text, length, type_=sa.Text()) == part.text
    return sa.func.substr(text, -length, type_=sa.Text()) == part.text


def _word(text: str, value: Operand, dialect: Dialect) -> Clause:
    found: sa.TableValuedAlias
    if dialect == "postgresql":
        found = sa.func.jsonb_array_elements_text(_array(value.value)).table_valued("value", name="word")
    else:
        found = sa.func.json_each(sa.type_coerce(value.value, sa.Text())).table_valued("value", name="word")
    same = _fold(sa.type_coerce(found.c.value, sa.Text())) == text
    return sa.exists(sa.select(sa.literal_column("1")).select_from(found).where(same).correlate_except(found))


def _fold_is(value: Operand, folds: tuple[str, ...], dialect: Dialect) -> Clause:
    """The fold of a text is one of ``folds``."""
    text = value.value
    if dialect == "postgresql":
        same = Operand(_fold(text), False).equals(folds)
        # PostgreSQL knows how often a column has a value, but nothing of its fold, which it takes for rare.
        return sa.or_(Operand(text, False).equals(_spellings(folds)), same) if value.few else same
    # A call of our function takes SQLite as long as four comparisons of its own, which do for ASCII.
    plain = Operand(text.collate("NOCASE"), False).equals(folds)
    # No "or": hundreds of these conditions would nest deeper than SQLite reads.
    return sa.case((plain, sa.true()), (_ascii(text), sa.false()), else_=Operand(_fold(text), False).equals(folds))


def _spellings(folds: tuple[str, ...]) -> tuple[str, ...]:
    """Return how words are mostly written that have these folds."""
    forms = (form for word in folds for form in (word, word.upper(), word.capitalize(), word.title()))
    return tuple(dict.fromkeys(form for form in forms if fold(form) in folds))


def _folded(text: sa.ColumnElement[Any], dialect: Dialect) -> sa.ColumnElement[str]:
    if dialect == "postgresql":
        return _fold(text)
    return sa.case((_ascii(text), sa.func.lower(text, type_=sa.Text())), else_=_fold(text))


def _ascii(text: sa.ColumnElement[Any]) -> Clause:
    """Whether a text has as many bytes as characters, in SQLite."""
    size = sa.func.length(sa.cast(text, sa.LargeBinary()), type_=sa.Integer())
    return size == sa.func.length(text, type_=sa.Integer())


def _fold(text: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.func.crm_fold(text, type_=sa.Text())


def _array(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The JSON when it is an array, else null: PostgreSQL refuses to look into other values."""
    return sa.case((sa.func.jsonb_typeof(value, type_=sa.Text()) == "array", value))
