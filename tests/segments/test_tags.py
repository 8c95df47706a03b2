"""Tags: one word however it is typed, on whatever records."""

from __future__ import annotations

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import BadInput, NotFound
from crmkit.core.grouping import Tag, Tagging
from crmkit.core.product import Product
from crmkit.runtime.crm import Crm
from crmkit.services.merging import merge, preview
from crmkit.services.tags import add_tags, find_tag, list_tags, remove_tags, tags_of
from crmkit.testing.making import AsUser

People = dict[str, Customer]


def test_tags_are_put_on_and_taken_off_once(crm: Crm, people: People) -> None:
    with crm.session() as session:
        everybody = list(people.values())
        assert add_tags(session, everybody, ["VIP", " early   bird "]) == 8
        assert add_tags(session, [people["Anna"].id, people["Anna"]], ["vip", "Vip", "late"]) == 1
        assert [tag.name for tag in tags_of(session, people["Anna"])] == ["early bird", "late", "VIP"]
        assert session.count(Tag) == 3
        assert remove_tags(session, everybody, ["vip"]) == 4
        assert remove_tags(session, everybody, ["vip"]) == 0
        assert [tag.name for tag in tags_of(session, people["Bo"])] == ["early bird"]
        assert add_tags(session, [people["Bo"]], ["vip"]) == 1
    with crm.session(reads=True) as session:
        assert [c.name for c in session.list(Customer, "has tags where name = vip")] == ["Bo"]


def test_tags_are_counted_by_what_they_are_on(crm: Crm, people: People) -> None:
    with crm.session() as session:
        pump = Product(sku="P", name="Pump")
        session.add(pump, Tag(name="unused"))
        session.flush()
        add_tags(session, [people["Anna"], people["Bo"], pump], ["good"])
        session.delete(session.get(Customer, people["Bo"].id))
    with crm.session(reads=True) as session:
        uses = {use.tag.name: (dict(use.counts), use.count) for use in list_tags(session)}
        assert uses == {"good": ({"customer": 1, "product": 1}, 2), "unused": ({}, 0)}
        assert [(use.tag.name, use.count) for use in list_tags(session, "product")] == [("good", 1), ("unused", 0)]


def test_what_cannot_be_is_refused(crm: Crm, people: People) -> None:
    with crm.session() as session:
        with pytest.raises(BadInput, match="a word or a few words"):
            add_tags(session, [people["Anna"]], [" "])
        with pytest.raises(NotFound, match="no product with id"):
            add_tags(session, [people["Anna"].id], ["vip"], entity="product")
        add_tags(session, [people["Anna"]], ["vip"])
        with pytest.raises(NotFound, match="did you mean vip"):
            find_tag(session, "vi p")


def test_readers_see_and_tag_what_they_may(crm: Crm, people: People, as_user: AsUser) -> None:
    nancy = as_user("customer read own", "tag * all", "tagging * all", login="nancy")
    with crm.session() as session:
        session.update(change(people["Bo"], owner_id=nancy.user_id))
        add_tags(session, list(people.values()), ["vip"])
    with crm.session(nancy) as session:
        assert [(use.tag.name, use.count) for use in list_tags(session)] == [("vip", 1)]
        assert add_tags(session, [people["Bo"].id], ["mine"]) == 1
        with pytest.raises(NotFound, match="no customer"):
            add_tags(session, [people["Anna"].id], ["mine"])


def test_merged_customers_keep_the_tags_of_both(crm: Crm, people: People) -> None:
    with crm.session() as session:
        add_tags(session, [people["Anna"], people["Bo"]], ["both"])
        add_tags(session, [people["Bo"]], ["one"])
    with crm.session() as session:
        merge(session, preview(session, people["Anna"].id, people["Bo"].id))
    with crm.session(reads=True) as session:
        assert [tag.name for tag in tags_of(session, people["Anna"])] == ["both", "one"]
        assert session.count(Tagging) == 2
