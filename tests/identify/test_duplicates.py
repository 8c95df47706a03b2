"""Duplicates: a small base is compared directly, a larger one by Splink, whose precision and recall are held on febrl1."""

from __future__ import annotations

import sys
from itertools import combinations
from uuid import UUID

import pytest

from crmkit.core.customer import Customer
from crmkit.core.errors import BadInput, ConfigError
from crmkit.core.values.partial_date import PartialDate
from crmkit.runtime.crm import Crm
from crmkit.services.identify import duplicates as module
from crmkit.services.identify import not_the_same
from crmkit.services.identify.duplicates import find_duplicates
from tests.identify.conftest import Add
from tests.identify.febrl import people_of_febrl

Pairs = set[frozenset[str]]


def test_a_small_base_is_compared_directly(crm: Crm, add: Add) -> None:
    anna = add("Anna Berg", phone="+49 30 1234567", birth_date=PartialDate(1980, 5, 7))
    anne = add("Berg, Anne", phone="+49 (0)30 1234567")
    add("Horst Kloss", phone="+49 30 7654321")
    company = add("Anna Berg", kind="organization", phone="+49 30 1234567")
    with crm.session(reads=True) as session:
        (pair,) = find_duplicates(session)
    assert {pair.first_id, pair.second_id} == {anna, anne}
    assert {pair.first_name, pair.second_name} == {"Anna Berg", "Berg, Anne"}
    assert {reason.code for reason in pair.reasons} == {"phone.same", "name.similar"}
    assert company not in (pair.first_id, pair.second_id)


def test_pairs_that_are_not_the_same_stay_out(crm: Crm, add: Add) -> None:
    anna, anne = add("Anna Berg", phone="+49 30 1234567"), add("Anna Berg", phone="+49 30 1234567")
    with crm.session() as session:
        assert len(find_duplicates(session)) == 1
        not_the_same(session, anne, anna)
        assert find_duplicates(session) == []


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_is_a_share(crm: Crm, threshold: float) -> None:
    with crm.session() as session, pytest.raises(BadInput, match="from 0 to 1"):
        find_duplicates(session, threshold)


def test_without_the_extra_a_larger_base_says_what_to_install(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL", 0)
    monkeypatch.setitem(sys.modules, "splink", None)
    with crm.session() as session, pytest.raises(ConfigError, match=r"crmkit\[identity\]"):
        find_duplicates(session)


def test_a_base_that_teaches_nothing_is_compared_directly(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALL", 0)
    with crm.session() as session:
        assert find_duplicates(session) == []
        session.add(*[Customer(name=f"Only Name{letter}") for letter in "abc"], Customer(name="Only Namea"))
        session.flush()
        assert find_duplicates(session, 0.3)[0].reasons[0].code == "name.same"


@pytest.fixture(scope="module")
def febrl() -> tuple[Crm, dict[UUID, str]]:
    """A base filled with febrl1, and which customer is which of its records."""
    crm = Crm.open(plugins=[])
    return crm, people_of_febrl(crm)


def test_precision_and_recall_on_febrl1(febrl: tuple[Crm, dict[UUID, str]]) -> None:
    crm, names = febrl
    people: dict[str, list[str]] = {}
    for name in names.values():
        people.setdefault(name.split("-")[1], []).append(name)
    truth = {frozenset(pair) for records in people.values() for pair in combinations(records, 2)}
    assert (len(names), len(truth)) == (1000, 500)
    with crm.session(reads=True) as session:
        scored = find_duplicates(session, 0.5)
    found = {frozenset((names[pair.first_id], names[pair.second_id])) for pair in scored}
    precision, recall = len(found & truth) / len(found), len(found & truth) / len(truth)
    print(f"febrl1: precision {precision:.3f}, recall {recall:.3f}")
    assert precision >= 0.99
    assert recall >= 0.96
    scores = [pair.score for pair in scored]
    assert scores == sorted(scores, reverse=True)
