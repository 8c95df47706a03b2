"""A session that goes on after a commit: its next transaction sees what others wrote meanwhile."""

from __future__ import annotations

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import NotFound, StaleVersion, ValidationFailed
from crmkit.core.grouping import Tag, Tagging
from crmkit.runtime.crm import Crm


def test_what_was_deleted_elsewhere_since_the_commit_is_gone(crm: Crm) -> None:
    anna = Customer(name="Anna")
    with crm.session() as session:
        session.add(anna)
        session.commit()
        with crm.session() as other:
            other.delete(other.get(Customer, anna.id))
        with pytest.raises(NotFound):
            session.get(Customer, anna.id)
        session.add(ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
        with pytest.raises(ValidationFailed, match=r"contact_point\.customer_id"):
            session.commit()
        session.rollback()
    with crm.session(reads=True) as session:
        assert session.count(ContactPoint) == 0


def test_what_was_changed_elsewhere_since_the_commit_is_read_anew(crm: Crm) -> None:
    anna = Customer(name="Anna")
    with crm.session() as session:
        session.add(anna)
        session.commit()
        with crm.session() as other:
            other.update(change(other.get(Customer, anna.id), name="Berta"))
        assert session.get(Customer, anna.id).name == "Berta"


def test_a_record_written_before_the_commit_is_changed_without_reading_it(
    crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = Customer(name="Anna")
    with crm.session() as session:
        session.add(anna)
        session.commit()
        with monkeypatch.context() as patch:
            patch.setattr(type(session), "get", lambda *_: pytest.fail("it was read"))
            session.update(change(anna, name="Berta"))
        session.commit()
        assert session.get(Customer, anna.id).name == "Berta"


def test_a_change_of_what_others_changed_since_the_commit_is_stale(crm: Crm) -> None:
    anna = Customer(name="Anna")
    with crm.session() as session:
        session.add(anna)
        session.commit()
        with crm.session() as other:
            other.update(change(other.get(Customer, anna.id), name="Berta"))
        session.update(change(anna, name="Clara"))
        with pytest.raises(StaleVersion):
            session.commit()
        session.rollback()
        session.update(change(session.get(Customer, anna.id), name="Dora"))
    with crm.session(reads=True) as session:
        assert session.get(Customer, anna.id).name == "Dora"


def test_a_record_handed_over_by_another_session_is_changed_from_what_it_is(crm: Crm) -> None:
    anna = Customer(name="Anna")
    with crm.session() as session:
        session.add(anna)
        session.commit()
        with crm.session() as other:
            newer = change(other.get(Customer, anna.id), name="Berta")
            other.update(newer)
        session.update(change(newer, name="Clara"))
    with crm.session(reads=True) as session:
        assert session.get(Customer, anna.id).name == "Clara"


def test_nothing_leads_to_a_record_that_is_deleted(crm: Crm) -> None:
    tag, anna = Tag(name="vip"), Customer(name="Anna")
    with crm.session() as session:
        session.add(tag, anna)
    with crm.session() as session:
        session.delete(session.get(Customer, anna.id))
    with crm.session() as session:
        session.add(Tagging(tag_id=tag.id, entity="customer", record_id=anna.id))
        with pytest.raises(ValidationFailed, match=r"tagging\.record_id"):
            session.commit()
        session.rollback()


def test_looking_within_a_flush_shows_no_deleted_record(crm: Crm) -> None:
    anna = Customer(name="Anna")
    with crm.session() as session:
        session.add(anna)
        session.flush()
        session.delete(anna)
        assert session.peek(Customer, anna.id) is None
        assert session.peek_any(anna.id) is None
        assert list(session.peek_all(Customer)) == []
        session.flush()
        assert session.peek(Customer, anna.id) is None


def test_what_follows_a_commit_fails_alone(crm: Crm) -> None:
    heard: list[str] = []

    def fail() -> None:
        raise OSError("no space left")

    record = Customer(name="Kept")
    session = crm.session()
    session.add(record)
    session.after_commit(fail)
    session.after_commit(lambda: heard.append("second"))
    with pytest.raises(OSError, match="no space left") as caught:
        session.commit()
    session.close()
    assert heard == ["second"]
    assert "the transaction is committed" in caught.value.__notes__[0]
    with crm.session(reads=True) as other:
        assert other.get(Customer, record.id).name == "Kept"
