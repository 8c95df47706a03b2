"""Random changes of everything that filters read, with one segment that is refreshed now and then."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.entity import change
from crmkit.core.grouping import Tag, Tagging
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import Team, User
from crmkit.runtime.crm import Crm
from crmkit.services.merging import merge, preview
from crmkit.services.segments import add_members, create_segment, find_segment, refresh_changed, remove_members
from crmkit.store.session import Session
from tests.segments.conftest import stored, watched
from tests.tenants import in_a_new_tenant

COUNTRIES, CITIES = ("DE", "FR", "CN"), ("Berlin", "Lyon", "Köln")


class World:
    """A tenant of its own with a few records of each kind, and dice."""

    def __init__(self, crm: Crm, dice: random.Random) -> None:
        in_a_new_tenant(crm)
        self.crm, self.dice = crm, dice
        teams = [Team(name=name) for name in ("North", "South")]
        users = [
            User(login=name, name=name, team_id=team.id) for name, team in zip(("Nancy", "Otto"), teams, strict=True)
        ]
        with crm.session() as session:
            session.add(*teams)
            session.flush()
            session.add(*users, *(Tag(name=name) for name in ("vip", "late")))
            create_segment(session, "picked", frozen=True)
            create_segment(session, "Germans", "country = DE")
            session.flush()
            for _ in range(6):
                self.add_customer(session)

    def compare(self, filter: str, steps: int) -> None:
        """Take ``steps`` changes; after each run of them, the members kept are the records that match."""
        segment = watched(self.crm, "watched", filter)
        for _ in range(steps):
            with self.crm.session() as session:
                for _ in range(self.dice.randrange(1, 4)):
                    self.dice.choice(self.changes())(session)
                    session.flush()
            if self.dice.random() < 0.5:
                refresh_changed(self.crm, self.crm.system, size=self.dice.choice((1, 3, 1000)))
        refresh_changed(self.crm, self.crm.system, size=self.dice.choice((2, 1000)))
        with self.crm.session(reads=True) as session:
            expected = {record.id for record in session.list(Customer, filter)}
        assert stored(self.crm, segment) == expected

    def changes(self) -> list[Callable[[Session], Any]]:
        """Return what may happen."""
        return [
            self.add_customer, self.change_customer, self.delete_one, self.give_away, self.log, self.correct,
            self.tag, self.rename, self.move, self.pick, self.relate, self.merge_two, self.restore_one, self.redefine,
        ]  # fmt: skip

    def one(self, session: Session, cls: type[Any]) -> Any:
        found = session.list(cls)
        return self.dice.choice(found) if found else None

    def add_customer(self, session: Session) -> None:
        owner = self.one(session, User) if self.dice.random() < 0.6 else None
        made = Customer(
            name=f"C{self.dice.randrange(10**6)}", country=self.dice.choice(COUNTRIES), owner_id=owner and owner.id
        )
        session.add(made)
        session.flush()
        session.add(ContactPoint(customer_id=made.id, kind="address", city=self.dice.choice(CITIES), country="DE"))
        self.log(session)

    def change_customer(self, session: Session) -> None:
        owner = self.one(session, User)
        values = {"country": self.dice.choice(COUNTRIES), "owner_id": self.dice.choice((None, owner.id))}
        session.update(change(self.one(session, Customer), **values))

    def delete_one(self, session: Session) -> None:
        found = self.one(
            session, self.dice.choice((Customer, Interaction, ContactPoint, Tagging, InteractionParticipant))
        )
        if found is not None:
            session.delete(found)

    def restore_one(self, session: Session) -> None:
        cls = self.dice.choice((Interaction, InteractionParticipant))
        gone = [record for record in session.list(cls, deleted=True) if record.deleted_at is not None]
        if not gone:
            return
        back = self.dice.choice(gone)
        key = {
            "interaction_id": getattr(back, "interaction_id", None),
            "customer_id": getattr(back, "customer_id", None),
        }
        if cls is Interaction or not session.list(cls, **key):
            session.restore(cls, back.id)

    def give_away(self, session: Session) -> None:
        cls = self.dice.choice((ContactPoint, InteractionParticipant))
        found, other = self.one(session, cls), self.one(session, Customer)
        if found is not None and other is not None:
            key = {"interaction_id": found.interaction_id} if cls is InteractionParticipant else {"city": found.city}
            if not session.list(cls, customer_id=other.id, **key):
                session.update(change(found, customer_id=other.id))

    def log(self, session: Session) -> None:
        at = self.crm.clock.now() - timedelta(hours=self.dice.randrange(200))
        made = Interaction(kind=self.dice.choice(("purchase", "call")), status="planned", occurred_at=at)
        session.add(made)
        for customer in self.dice.sample(customers := session.list(Customer), min(2, len(customers))):
            session.add(InteractionParticipant(interaction_id=made.id, customer_id=customer.id))

    def correct(self, session: Session) -> None:
        found = self.one(session, Interaction)
        if found is not None:
            at = self.crm.clock.now() - timedelta(hours=self.dice.randrange(200))
            session.update(change(found, kind=self.dice.choice(("purchase", "call")), occurred_at=at))

    def tag(self, session: Session) -> None:
        tag, customer = self.one(session, Tag), self.one(session, Customer)
        if customer is not None and not session.list(Tagging, tag_id=tag.id, record_id=customer.id):
            session.add(Tagging(tag_id=tag.id, entity="customer", record_id=customer.id))

    def rename(self, session: Session) -> None:
        first, second = session.list(Tag)
        session.update(change(first, name=f"x{first.version}"))
        session.flush()
        session.update(change(second, name="vip"), change(session.list(User)[0], name=self.dice.choice(("Nancy", "N"))))
        session.flush()

    def move(self, session: Session) -> None:
        session.update(change(self.one(session, User), team_id=self.one(session, Team).id))

    def pick(self, session: Session) -> None:
        customer = self.one(session, Customer)
        if customer is not None:
            self.dice.choice((add_members, remove_members))(session, "picked", [customer])

    def relate(self, session: Session) -> None:
        people = session.list(Customer)
        if len(people) > 1:
            one, other = self.dice.sample(people, 2)
            if not session.list(CustomerRelation, from_id=one.id, to_id=other.id):
                session.add(CustomerRelation(from_id=one.id, to_id=other.id, type="supplier_of"))

    def merge_two(self, session: Session) -> None:
        people = session.list(Customer)
        if len(people) > 3:
            kept, lost = self.dice.sample(people, 2)
            merge(session, preview(session, kept.id, lost.id))

    def redefine(self, session: Session) -> None:
        if self.dice.random() < 0.3:
            german = find_segment(session, "Germans")
            session.update(change(german, filter=f"country = {self.dice.choice(COUNTRIES)}"))
