"""What a search finds, and in which order."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from uuid import UUID

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import BadInput
from crmkit.core.identity import ExternalIdentity
from crmkit.core.interaction import Attachment, Interaction
from crmkit.core.product import Asset, Product
from crmkit.core.search.matching import match
from crmkit.core.search.query import read_query
from crmkit.core.search.texts import Rank
from crmkit.core.staff import User
from crmkit.runtime.crm import Crm
from crmkit.services.search import Hit, search
from crmkit.store.search.plan import plan_of
from crmkit.store.search.reading import read_found
from tests.search.conftest import Add

NOW = datetime(2024, 5, 1, tzinfo=UTC)


def titles(crm: Crm, text: str, *entities: str, limit: int = 20) -> list[str]:
    return [hit.title for hit in hits(crm, text, *entities, limit=limit)]


def hits(crm: Crm, text: str, *entities: str, limit: int = 20) -> tuple[Hit, ...]:
    with crm.session() as session:
        found = search(session, text, entities, limit)
    assert not found.behind
    return found.hits


@pytest.mark.parametrize(
    "asked",
    [
        "zengguofan",
        "zgf",
        "zeng guofan",
        "guofan zeng",
        "ZENG",
        "z",
        "曾国",
        "曾",
        "国藩",
        "藩",
        "曾国藩",
        "zengg",
        "zeng guo fan",
    ],
    ids=lambda asked: f"{asked!a}",
)
def test_a_chinese_name_is_found_by_characters_and_pinyin(crm: Crm, add: Add, asked: str) -> None:
    add("曾国藩")
    add("王伟")
    assert titles(crm, asked) == ["曾国藩"]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("仇英", "qiuy"),
        ("单雄信", "sxx"),
        ("解缙", "xie"),
        ("尉迟恭", "yuchi"),
        ("万俟卨", "moqi"),
        ("任正非", "renz"),
        ("朴槿惠", "piao"),
    ],
    ids=["qiu", "shan", "xie", "yuchi", "moqi", "ren", "piao"],
)
def test_surnames_are_read_as_names(crm: Crm, add: Add, name: str, asked: str) -> None:
    add(name)
    assert titles(crm, asked) == [name]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("张", ["张伟", "張偉"]),
        ("張", ["张伟", "張偉"]),
        ("張伟", ["张伟", "張偉"]),
        ("偉", ["张伟", "張偉"]),
        ("乾", ["乾元"]),
        ("qian", ["乾元"]),
        ("台灣", ["张伟"]),
    ],
    ids=lambda value: f"{value!a}"[:30],
)
def test_traditional_and_simplified_characters_find_one_another(
    crm: Crm, add: Add, asked: str, found: list[str]
) -> None:
    add("張偉")
    add("张伟", description="在臺灣工作")
    add("乾元")
    assert titles(crm, asked) == found


@pytest.mark.parametrize(
    "asked",
    [
        "muller",
        "mueller",
        "Müller",
        "MÜLL",
        "ｍｕｌｌｅｒ",
        "mu",
        "anna mül",
        "müller anna",
        "a m",
        "uller",
        "annamueller",
    ],
    ids=lambda asked: f"{asked!a}",
)
def test_accents_case_width_and_order_do_not_matter(crm: Crm, add: Add, asked: str) -> None:
    add("Anna Müller")
    add("Bernd Berg")
    assert titles(crm, asked) == ["Anna Müller"]


def test_what_is_written_out_is_found_by_the_umlaut(crm: Crm, add: Add) -> None:
    add("Jutta Mueller")
    add("Straßenbau Nord")
    assert titles(crm, "müller") == ["Jutta Mueller"]
    assert titles(crm, "strasse") == titles(crm, "straße") == ["Straßenbau Nord"]


@pytest.mark.parametrize(
    "asked",
    [
        "ottila",
        "charlottila",
        "charlottila@ex.org",
        "charlottila@e",
        "ex.org",
        "CHARLOTTILA@EX.ORG",
        "5550123",
        "030 5550123",
        "+49 (0)30 / 555-01-23",
        "0049 30 5550123",
        "4930555",
        "berg ottila",
        "a 5550123",
    ],
    ids=lambda asked: asked,
)
def test_mails_and_phones_are_found_by_any_part_of_them(crm: Crm, add: Add, asked: str) -> None:
    add("Anna Berg", email="charlottila@ex.org", phone="+49 30 5550123")
    add("Bernd Berg", email="b@other.org", phone="+49 30 7770000")
    assert titles(crm, asked) == ["Anna Berg"]


@pytest.mark.parametrize(
    ("asked", "found"), [("Jonhson", 1), ("Johnsen", 1), ("Jhnson", 1), ("Jonsohn", 0), ("Thonson", 0)]
)
def test_typing_errors_are_forgiven(crm: Crm, add: Add, asked: str, found: int) -> None:
    add("Johnson Controls")
    assert [hit.match for hit in hits(crm, asked)] == ["similar"] * found


def test_slips_rank_below_what_is_spelled_so_and_only_fill_up(crm: Crm, add: Add) -> None:
    add("Johnson One")
    add("Jonson Two")
    assert [(hit.title, hit.match) for hit in hits(crm, "jonson")] == [
        ("Jonson Two", "first_word"),
        ("Johnson One", "similar"),
    ]
    for number in range(3):
        add(f"Jonson {number}")
    assert "Johnson One" not in titles(crm, "jonson")


def test_the_best_come_first_and_the_newest_of_one_rank(crm: Crm, add: Add) -> None:
    add("Meier Anton", description="knows Ann well")
    add("Joanna Smith")
    add("Meier Ann")
    add("Annabel Lee")
    add("Ann Old")
    add("Ann New")
    add("Ann")
    found = hits(crm, "ann")
    assert [(hit.title, hit.match) for hit in found] == [
        ("Ann", "exact"),
        ("Ann New", "first_word"),
        ("Ann Old", "first_word"),
        ("Annabel Lee", "prefix"),
        ("Meier Ann", "word"),
        ("Meier Anton", "text"),
        ("Joanna Smith", "fragment"),
    ]
    for limit in (1, 3, 5):
        assert [hit.title for hit in hits(crm, "ann", limit=limit)] == [hit.title for hit in found[:limit]]


def test_who_wants_few_gets_the_first_of_what_others_get(crm: Crm, add: Add) -> None:
    """Names are read from the middle; addresses, which are newer here, rank below them."""
    add("华东明源生物制药股份有限公司")
    for number in range(12):
        add(f"Person {number}", email=f"p{number}@mingyuan.example")
    found = [hit.title for hit in hits(crm, "mingyuan")]
    assert (found[0], len(found)) == ("华东明源生物制药股份有限公司", 13)
    for limit in (1, 2, 5):
        assert titles(crm, "mingyuan", limit=limit) == found[:limit]


def test_all_kinds_of_records_are_found_by_what_is_theirs(crm: Crm, add: Add) -> None:
    owner = add("Kestrel Ltd", domain="kestrel.example", nickname="Windhover")
    call = Interaction(kind="call", subject="Heron order", body="The kingfisher was delivered to 上海", occurred_at=NOW)
    with crm.session() as session:
        session.add(Product(sku="AB-4711", name="Bittern", description="a shy stork"))
        session.add(Asset(customer_id=owner, name="Osprey", serial_number="SN00042"))
        session.add(User(login="eagle", name="Aquila Eagle"))
        session.add(call, Attachment(interaction_id=call.id, filename="goshawk-offer.pdf"))
        session.add(ExternalIdentity(system="erp", external_id="K-10023", entity="customer", record_id=owner))
        session.add(ContactPoint(customer_id=owner, kind="address", value="12 Sparrow Lane, Wrenbury"))
    expected = {
        "windhover": ("customer", "customer.nickname"),
        "kestrel.example": ("customer", "customer.domain"),
        "K-10023": ("customer", "external_identity.external_id"),
        "sparrow lane": ("customer", "contact_point.value"),
        "heron": ("interaction", "interaction.subject"),
        "kingfi": ("interaction", "interaction.body"),
        "上海": ("interaction", "interaction.body"),
        "goshawk": ("interaction", "attachment.filename"),
        "ab-4711": ("product", "product.sku"),
        "stork": ("product", "product.description"),
        "bit": ("product", "product.name"),
        "sn00042": ("asset", "asset.serial_number"),
        "aquila": ("user", "user.name"),
    }
    for asked, (entity, field) in expected.items():
        assert [(hit.entity, hit.field) for hit in hits(crm, asked)] == [(entity, field)], asked
    shown = hits(crm, "kingfisher")[0]
    assert shown.title == "Heron order"
    assert [shown.excerpt.text[first:last] for first, last in shown.excerpt.marks] == ["kingfisher"]


def test_only_the_kinds_that_are_asked_for_are_looked_through(crm: Crm, add: Add) -> None:
    add("Bittern Ltd")
    with crm.session() as session:
        session.add(Product(sku="1", name="Bittern"))
    assert titles(crm, "bitt") == ["Bittern", "Bittern Ltd"]
    assert titles(crm, "bitt", "product") == ["Bittern"]
    assert titles(crm, "bittern x", "product") == []
    assert titles(crm, "ittern", "customer", "product") == ["Bittern", "Bittern Ltd"]
    assert titles(crm, "ittern", "customer") == ["Bittern Ltd"]
    with crm.session() as session:
        with pytest.raises(BadInput, match="entity event: it cannot be searched"):
            search(session, "x", ["event"])
        with pytest.raises(BadInput, match=r"limit 0: expected a number from 1 to 200"):
            search(session, "x", limit=0)


ODD = [
    '"',
    "'",
    "a'b",
    'a"b',
    "OR",
    "a AND b",
    "NEAR(a b, 2)",
    "a*",
    "^a",
    "tokens:a",
    "a:*",
    "a & b",
    "!a",
    "\\",
    "a\\b",
    "\x00",
    "a\x00b",
]
ODD += [
    "(",
    "%_",
    "-1",
    ";--",
    "🎉",
    "\u202eanna",
    "x" * 10_000,
    "word " * 3_000,
    "曾" * 2_000,
    "@@@",
    "a@@b",
    "\ud800",
]


@pytest.mark.parametrize("asked", ODD, ids=[f"odd{number}" for number in range(len(ODD))])
def test_whatever_is_typed_is_only_text(crm: Crm, add: Add, asked: str) -> None:
    add("Berta Vogel", email="berta@vogel.example")
    assert hits(crm, asked) == ()


def test_odd_names_are_found(crm: Crm, add: Add) -> None:
    names = [
        "X",
        "李",
        "🎉 Party",
        "عبد الرحمٰن",
        "משה כהן",
        "김철수",
        "ヤマダ太郎",
        "हिन्दी कंपनी",
        "O’Brien",
        "曾" * 60,
        "ß",
    ]
    for name in names:
        add(name)
    for asked, name in [
        ("x", "X"),
        ("李", "李"),
        ("li", "李"),
        ("🎉", "🎉 Party"),
        ("عبد", "عبد الرحمٰن"),
        ("الرحمن", "عبد الرحمٰن"),
    ]:
        assert titles(crm, asked) == [name], asked
    for asked, name in [
        ("כהן", "משה כהן"),
        ("철수", "김철수"),
        ("太郎", "ヤマダ太郎"),
        ("हिन्दी", "हिन्दी कंपनी"),
        ("o'brien", "O’Brien"),
    ]:
        assert titles(crm, asked) == [name], asked
    assert titles(crm, "曾" * 60) == ["曾" * 60]
    assert titles(crm, "ss") == ["ß"]


def test_a_long_text_is_searched_to_a_limit(crm: Crm) -> None:
    words = " ".join(f"filler{number}" for number in range(16_000))
    with crm.session() as session:
        session.add(Interaction(kind="note", subject="long", body=f"first {words[:90_000]} last", occurred_at=NOW))
        session.add(Interaction(kind="note", subject="longer", body=words[:150_000] + " beyond", occurred_at=NOW))
    assert titles(crm, "first") == titles(crm, "last") == ["long"]
    assert titles(crm, "beyond") == []


def test_changed_deleted_and_restored_records_are_found_as_they_are(crm: Crm, add: Add) -> None:
    id = add("Kestrel", email="old@ex.org")
    assert titles(crm, "kestrel") == titles(crm, "old") == ["Kestrel"]
    with crm.session() as session:
        session.update(change(session.get(Customer, id), name="Merlin"))
        (point,) = session.list(ContactPoint, customer_id=id)
        session.update(change(point, value="new@ex.org"))
    assert titles(crm, "kestrel") == titles(crm, "old") == []
    assert titles(crm, "merlin") == titles(crm, "new") == ["Merlin"]
    with crm.session() as session:
        session.delete(session.list(ContactPoint, customer_id=id)[0])
    assert titles(crm, "new") == []
    with crm.session() as session:
        session.delete(session.get(Customer, id))
    assert titles(crm, "merlin") == []
    with crm.session() as session:
        session.restore(Customer, id)
    assert titles(crm, "merlin") == ["Merlin"]


def test_a_part_that_moves_is_found_with_its_new_record(crm: Crm, add: Add) -> None:
    first, second = add("First", email="wander@ex.org"), add("Second")
    assert titles(crm, "wander") == ["First"]
    with crm.session() as session:
        (point,) = session.list(ContactPoint, customer_id=first)
        session.update(change(point, customer_id=second))
    assert titles(crm, "wander") == ["Second"]


def test_within_a_session_its_own_changes_are_found(crm: Crm) -> None:
    with crm.session() as session:
        session.add(Customer(name="Pending Ltd"))
        assert [hit.title for hit in search(session, "pend").hits] == ["Pending Ltd"]
        session.rollback()
    assert titles(crm, "pend") == []


NAMES = [
    "Anna",
    "Ann",
    "Annabel",
    "An",
    "Müller",
    "Mueller",
    "Muller",
    "Berg",
    "Bergmann",
    "Schmidt",
    "曾国藩",
    "曾国",
    "王伟",
    "国伟",
    "李娜",
    "Lina",
    "Wang",
    "Zeng",
    "GmbH",
]
ASKED = [
    "an",
    "ann",
    "anna",
    "a",
    "b",
    "be",
    "berg",
    "mu",
    "mul",
    "müller",
    "mueller",
    "曾",
    "国",
    "曾国",
    "伟",
    "wang",
    "zeng",
    "zg",
    "li",
    "na",
    "gmb",
    "ergm",
    "chmi",
    "berg@",
    "555",
    "0301",
    "anna",
    "b",
    "wang",
    "w",
]
ASKED += ["anna b", "a b", "berg gmbh", "曾 gmbh", "muller berg", "ann x", "Shmidt", "030 555"]


def test_a_search_finds_just_what_fits(crm: Crm) -> None:
    """Beside looking through all records one by one, which cannot miss any."""
    drawn = random.Random(5)
    with crm.session() as session:
        for number in range(150):
            record = Customer(name=" ".join(drawn.choices(NAMES, k=drawn.randrange(1, 4))))
            session.add(record)
            if number % 3 == 0:
                mail = f"{drawn.choice(NAMES[:12]).lower().replace('ü', 'ue')}{number}@berg.example"
                session.add(ContactPoint(customer_id=record.id, kind="email", value=mail))
            if number % 4 == 0:
                session.add(ContactPoint(customer_id=record.id, kind="phone", value=f"+49 30 555{number:04}"))
            subject = " ".join(drawn.choices(NAMES, k=4))
            session.add(Interaction(kind="note", subject=subject, occurred_at=NOW))
    plans = plan_of(crm.registry).entities
    with crm.session(reads=True) as session:
        everything = {
            (name, id): found
            for name in ("customer", "interaction")
            for id, found in read_found(
                session, plans[name], [r.id for r in session.list(plans[name].info.cls)]
            ).items()
        }
    for asked in ASKED:
        fitting: dict[tuple[str, UUID], int] = {}
        for query in read_query(asked):
            fitting = {key: int(m.rank) for key, record in everything.items() if (m := match(query, record.texts))}
            if fitting:
                break
        found = hits(crm, asked, limit=200)
        spelled = [(hit.entity, hit.id) for hit in found if hit.match != "similar"]
        if len(fitting) <= 200:
            assert set(spelled) == set(fitting), asked
        else:
            assert len(set(spelled)) == 200, asked
            assert set(spelled) <= set(fitting), asked
        ranks = [fitting[key] for key in spelled]
        assert ranks == sorted(ranks), asked
        # However few are wanted, of what begins a name they are the best.
        wanted = sorted(fitting.values())[:5]
        if wanted and len(read_query(asked)[0].units) == 1 and wanted[-1] <= Rank.WORD_PREFIX:
            assert [fitting[hit.entity, hit.id] for hit in hits(crm, asked, limit=5)] == wanted, asked
