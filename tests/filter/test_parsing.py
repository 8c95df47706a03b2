"""What people may write, what it means, and what they are told when it is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from crmkit.core.filter import (
    EVERYTHING,
    And,
    Compare,
    Empty,
    FilterError,
    Has,
    In,
    InSegment,
    Match,
    Me,
    Moment,
    Not,
    Or,
    Predicate,
    fields_used,
    parse,
)
from crmkit.core.filter.civil import Weekday
from crmkit.core.values.partial_date import PartialDate
from tests.filter.world import IDS, REGISTRY

STOP = Match("name", "contains", "stop")
LARGE = Compare("size", ">=", Decimal(100))
PERSON = Compare("kind", "=", "person")


def read(text: str) -> Predicate:
    return parse(text, REGISTRY, "party")


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        ('name contains "stop"', STOP),
        ("NAME CONTAINS stop", STOP),
        ("size >= 100 and kind = person", And((LARGE, PERSON))),
        ("size >= 100 or name contains stop and kind = person", Or((LARGE, And((STOP, PERSON))))),
        ("(size >= 100 or name contains stop) and kind = person", And((Or((LARGE, STOP)), PERSON))),
        ("size >= 100 or not kind = person", Or((LARGE, Not(PERSON)))),
        ("not not kind = person", Not(Not(PERSON))),
        ("kind = ORGANIZATION", Compare("kind", "=", "Organization")),
        ("kind == person", PERSON),
        ("name == Stop", Compare("name", "==", "Stop")),
        ("name <> Stop", Compare("name", "!=", "Stop")),
        ("kind in (person, 'household')", In("kind", ("person", "household"))),
        ("size not in (1, 2.5)", Not(In("size", (Decimal(1), Decimal("2.5"))))),
        ("name not contains stop", Not(STOP)),
        ("name starts with O'Brien", Match("name", "starts with", "O'Brien")),
        ("name startswith 100%", Match("name", "starts with", "100%")),
        ("name ends with y", Match("name", "ends with", "y")),
        ("born is empty", Empty("born")),
        ("born is not empty", Not(Empty("born"))),
        ("born = 1980-05", Compare("born", "=", PartialDate(1980, 5))),
        ("born = --05-17", Compare("born", "=", PartialDate(None, 5, 17))),
        ("signed = 17.05.2024", Compare("signed", "=", date(2024, 5, 17))),
        ("signed = 2024年5月17日", Compare("signed", "=", date(2024, 5, 17))),
        ("seen >= now - 90 days", Compare("seen", ">=", Moment("now", ((-90, "day"),)))),
        ("seen >= today-1week", Compare("seen", ">=", Moment("today", ((-1, "week"),)))),
        ("seen < Start  of Month + 1 month - 2 hours",
         Compare("seen", "<", Moment("start of month", ((1, "month"), (-2, "hour"))))),
        ("seen < 2024-05-17 09:30", Compare("seen", "<", datetime(2024, 5, 17, 9, 30))),
        ("seen < 2024-05-17T09:30:00+02:00", Compare("seen", "<", datetime(2024, 5, 17, 7, 30, tzinfo=UTC))),
        ("signed between 2024 and today",
         And((Compare("signed", ">=", PartialDate(2024)), Compare("signed", "<=", Moment("today"))))),
        ("owner.name = 'Nancy Davolio'", Compare("owner.name", "=", "Nancy Davolio")),
        ("owner_id.boss.name = X", Compare("owner.boss.name", "=", "X")),
        ("owner = me", Compare("owner_id", "=", Me())),
        (f"parent = {IDS[0]}", Compare("parent_id", "=", UUID(IDS[0]))),
        ("worth.amount > 100 and worth.currency = EUR",
         And((Compare("worth.amount", ">", Decimal(100)), Compare("worth.currency", "=", "EUR")))),
        ("custom.c_text = DE1", Compare("c_text", "=", "DE1")),
        ("c_boolean = yes", Compare("c_boolean", "=", True)),
        ("dealer.name = X", Compare("dealer.name", "=", "X")),
        ("words contains x", Match("words", "contains", "x")),
        ("has deals", Has("deals")),
        ("has a deal", Has("deals")),
        ("has no deals where name = x", Has("deals", "exactly", 0, Compare("name", "=", "x"))),
        ("has 2 deals", Has("deals", "at least", 2)),
        ("has more than 2 deals", Has("deals", "at least", 3)),
        ("has fewer than 2 deals", Has("deals", "at most", 1)),
        ("has exactly 2 deals", Has("deals", "exactly", 2)),
        ("has at least 3 meetings where held > today and name = x or name = y",
         Has("meetings", "at least", 3, Or((
             And((Compare("held", ">", Moment("today")), Compare("name", "=", "x"))), Compare("name", "=", "y")
         )))),
        ("(has deals where name = x) and size >= 100", And((Has("deals", where=Compare("name", "=", "x")), LARGE))),
        ("has labels where name = vip", Has("labels", where=Compare("name", "=", "vip"))),
        ("everything", EVERYTHING),
        ("seen.hour >= 17", Compare("seen.hour", ">=", Decimal(17))),
        ("c_instant.month = 12", Compare("c_instant.month", "=", Decimal(12))),
        ("seen.weekday in (SAT, sunday, 1)", In("seen.weekday", (Weekday(6), Weekday(7), Weekday(1)))),
        ("seen.hour between 9 and 17",
         And((Compare("seen.hour", ">=", Decimal(9)), Compare("seen.hour", "<=", Decimal(17))))),
        ("seen.hour between 22 and 2",
         Or((Compare("seen.hour", ">=", Decimal(22)), Compare("seen.hour", "<=", Decimal(2))))),
        ("seen.weekday between saturday and monday",
         Or((Compare("seen.weekday", ">=", Weekday(6)), Compare("seen.weekday", "<=", Weekday(1))))),
        ("owner.created_at.hour = 3", Compare("owner.created_at.hour", "=", Decimal(3))),
        ("in segment vip", InSegment("vip")),
        ("IN Segment 'VIP customers' or size >= 100", Or((InSegment("VIP customers"), LARGE))),
        ("not in segment vip and kind = person", And((Not(InSegment("vip")), PERSON))),
        ("has deals where in segment vip", Has("deals", where=InSegment("vip"))),
        ('name = "a \\"b\\" \\\\ \\n"', Compare("name", "=", 'a "b" \\ \n')),
        ("（name ＝ “台灣”　or size≥１００）", Or((Compare("name", "=", "台灣"), LARGE))),
        ("kind in （person，household、Organization）", In("kind", ("person", "household", "Organization"))),
        ("name = „Müller“", Compare("name", "=", "Müller")),
        ("name = e\u0301", Compare("name", "=", "é")),
        ("name = today", Compare("name", "=", "today")),
    ],
)  # fmt: skip
def test_text_means(text: str, predicate: Predicate) -> None:
    assert read(text) == predicate


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("", 0, "there is no condition"),
        ("nmae = x", 0, "party has no field nmae; did you mean name?"),
        ("name = x and nmae = y", 13, "did you mean name?"),
        ("owner.nam = x", 6, "user has no field nam; did you mean name?"),
        ("custom.c_txt = x", 7, "did you mean c_text?"),
        ("custom.name = x", 7, "party has no field name"),
        ("name.first = x", 5, "name is no reference"),
        ("worth.value > 1", 6, "worth has no part value; known: amount, currency"),
        ("seen.minute = 3", 5, "seen has no part minute; known: hour, month, weekday"),
        ("seen.hour = 24", 12, "party.seen.hour needs a number from 0 to 23; got 24"),
        ("seen.hour = 2.5", 12, "needs a number from 0 to 23"),
        ("seen.hour = today", 12, "party.seen.hour needs a number such as"),
        ("seen.month = 0", 13, "a number from 1 to 12"),
        ("seen.weekday = caturday", 15, "party.seen.weekday needs a day of the week such as monday"),
        ("seen.weekday = 8", 15, "a day of the week"),
        ("seen.hour contains 1", 10, "cannot be asked with contains"),
        ("signed.hour = 1", 7, "signed is no reference"),
        ("in segment", 10, "the filter ends, but a value was expected"),
        ("in segment and", 11, "a word with a meaning of its own needs quotes"),
        ("in segmnt vip", 0, "expected the name of a field; found in"),
        ("in segment VIP customers", 15, "text of several words needs quotes"),
        ("worth > 1", 6, "worth is money; ask for worth.amount or worth.currency"),
        ("custom = x", 0, "custom holds structured data"),
        ("kind = persn", 7, "persn is no choice of party.kind; did you mean person?"),
        ("kind < person", 5, "party.kind cannot be asked with <"),
        ("size > many", 7, "party.size needs a number such as 1000 or 12.50; got many"),
        ("size contains 3", 5, "party.size cannot be asked with contains"),
        ("active = perhaps", 9, "party.active needs true or false; got perhaps"),
        ("words = x", 6, "party.words cannot be asked with =; use contains or is empty"),
        ("words starts with x", 6, "party.words cannot be asked with starts with"),
        ("seen > 2024-13-01", 7, "party.seen needs a date or time such as"),
        ("seen > --05-17", 7, "party.seen needs a date with its year"),
        ("signed > 2024-05-17T09:30", 9, "party.signed needs a date without a time of day"),
        ("born < --05-17", 7, "without a year there is no earlier or later"),
        ("seen > now - 3 daus", 11, "expected + or -, a number and minutes"),
        ("seen > now - 3000000 days", 11, "at most 1000000 of a unit can be added"),
        ("owner = nobody", 8, "party.owner_id needs an id such as"),
        ("name = Nancy Davolio", 13, "expected and, or or the end; text of several words needs quotes; found Davolio"),
        ("name = and", 7, "expected a value; a word with a meaning of its own needs quotes; found and"),
        ("name = ", 7, "the filter ends, but a value was expected"),
        ("name", 4, "the filter ends, but one of ="),
        ("name size", 5, "found size"),
        ("(name = x", 9, "the filter ends, but and, or or ) was expected"),
        ("name = x)", 8, "found )"),
        ("name in DE", 8, "expected a list in parentheses, such as (DE, FR); found DE"),
        ("name in ()", 9, "expected a value; found )"),
        ("name is null", 8, "expected empty or not empty; found null"),
        ('name = "x', 7, "the quote that starts here never ends"),
        ("has dels", 4, "nothing called dels belongs to party; did you mean deals?"),
        ("has at least many deals", 13, "expected a number up to 1000000; found many"),
        ("has fewer than 0 deals", 15, "fewer than 0 is impossible"),
        ("has deals where nam = x", 16, "deal has no field nam"),
        ("size > 1" + "0" * 40, 7, "needs a number"),
        ("name = 'a\0b'", 7, "holds a character that no field can hold"),
        ("parent." * 6 + "name = x", 35, "at most 5 references"),
        ("(" * 100 + "name = x" + ")" * 100, 64, "nested more than 64 deep"),
    ],
)  # fmt: skip
def test_faults_are_named_with_their_place(text: str, position: int, problem: str) -> None:
    with pytest.raises(FilterError) as caught:
        read(text)
    assert problem in caught.value.problem.render()
    assert caught.value.position == position


def test_the_place_is_shown_below_the_filter() -> None:
    with pytest.raises(FilterError) as caught:
        read("size >= 100 and nmae = x")
    message, shown, mark = caught.value.lines()
    assert message == "filter, character 17: party has no field nmae; did you mean name?"
    assert shown[mark.index("^") :].startswith("nmae")


def test_size_is_limited() -> None:
    with pytest.raises(FilterError, match="20001 characters; at most 20000"):
        read("name = " + "x" * 19_994)
    with pytest.raises(FilterError, match="501 conditions; at most 500"):
        read(" or ".join(["size = 1"] * 501))
    with pytest.raises(FilterError, match="nested more than 32 deep"):
        read("not " * 32 + "size = 1")
    assert read(" or ".join(["size = 1"] * 500))
    assert read("not " * 31 + "size = 1")


def test_fields_that_are_not_allowed_do_not_exist() -> None:
    def allowed(entity: str, field: str) -> bool:
        return (entity, field) not in {("party", "worth"), ("deal", "price"), ("user", "name")}

    for text in ("worth.amount > 1", "has deals where price.amount > 1", "owner.name = x"):
        with pytest.raises(FilterError, match="has no field"):
            parse(text, REGISTRY, "party", allowed)
    with pytest.raises(FilterError) as caught:
        parse("worht.amount > 1", REGISTRY, "party", allowed)
    assert "worth" not in str(caught.value).replace("worht", "")


def test_fields_used_names_every_field_along_the_way() -> None:
    used = fields_used(
        read("owner.boss.name = x and (has meetings where held > today) and worth.amount > 1"), REGISTRY, "party"
    )
    assert used == {
        ("party", "owner_id"),
        ("user", "boss_id"),
        ("user", "name"),
        ("seat", "party_id"),
        ("meeting", "held"),
        ("party", "worth"),
    }
