"""A plugin that keeps to the contract, and for each check of it one that does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.plugin import (
    Context,
    Job,
    JobDeclaration,
    Manifest,
    Part,
    Record,
    RecordBatch,
    Refuse,
    Setup,
    TimelineEntry,
    TimelineRequest,
    Via,
    change,
    entity,
    field,
    hookimpl,
    msg,
)


@entity("club_card", access=Via("customer_id"), title="text", plugin="club")
class Card(Part):
    """What a customer has."""

    customer_id: UUID = field(reference="customer", merge="repoint", erase="delete")
    text: str = field(default="", max_length=200)
    level: str = field(default="silver", choices=("silver", "gold"))


@entity("club_total", title="name", plugin="club", unique=(("name",),))
class Total(Record):
    """A number that the plugin keeps, about nobody."""

    name: str = field(max_length=200)
    number: int = field(default=0)


class Club:
    """Keeps to everything. The others differ from it in one thing each."""

    manifest = Manifest(name="club", label="Club", summary="Cards of customers.")
    entities: tuple[type, ...] = (Card, Total)

    @hookimpl
    def register_entities(self, ctx: Context, call: Setup) -> list[type]:
        return list(self.entities)

    @hookimpl(entities=("club_card",))
    def derive_records(self, ctx: Context, call: RecordBatch) -> list[Any]:
        return [change(item.record, text="a card") for item in call.changes if not item.record.text]

    @hookimpl(entities=("club_card",))
    def after_records_saved_committed(self, ctx: Context, call: RecordBatch) -> None:
        total = ctx.session.find(Total, name="cards")
        number = ctx.session.count(Card)
        if total is None:
            ctx.session.add(Total(name="cards", number=number))
        elif total.number != number:
            ctx.session.update(change(total, number=number))

    @hookimpl
    def collect_timeline_entries(self, ctx: Context, call: TimelineRequest) -> Iterator[TimelineEntry]:
        for card in ctx.session.list(Card, customer_id=list(call.customers), limit=call.limit):
            shown = ctx.session.masked(card)
            yield TimelineEntry(
                at=ctx.clock.now(), title=shown.text, kind="card", entity="club_card", record_id=card.id
            )


# -- what it says of itself -------------------------------------------------------------------------------------------


@entity("card", plural="cards_of_others", access=Via("customer_id"), title="text", plugin="club")
class Unprefixed(Part):
    customer_id: UUID = field(reference="customer", merge="repoint", erase="delete")
    text: str = field(default="")


class Misnamed(Club):
    entities = (Unprefixed, Total)

    # What the good one does with cards is not for these.
    derive_records = after_records_saved_committed = collect_timeline_entries = None  # type: ignore[assignment]


# -- installing -------------------------------------------------------------------------------------------------------


class Shy(Club):
    """Does not start beside a third one."""

    @hookimpl
    def register_permissions(self, ctx: Context, call: Setup) -> list[Any]:
        if len(call.plugins) > 1:
            raise RuntimeError("too many of us")
        return []


class Picky(Club):
    """Takes no record but those that it made itself."""

    @hookimpl(entities=("club_card",))
    def guard_records(self, ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
        for item in call.changes:
            if item.record.text != "the right one":
                yield Refuse(msg("not the right one"), item.record.id)


class Fixed(Club):
    """Lets nobody change a card, and does not say so."""

    @hookimpl(entities=("club_card",))
    def guard_records(self, ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
        for item in call.changes:
            if not item.created:
                yield Refuse(msg("cards stand as they were made"), item.record.id)


# -- merging and erasing ----------------------------------------------------------------------------------------------


@entity("club_guest", access=Via("customer_id"), title="text", plugin="club")
class Guest(Part):
    customer_id: UUID = field(reference="customer", merge="repoint", erase="delete")
    text: str = field(default="")
    seen_with: UUID | None = field(default=None)


class Undeclared(Club):
    entities = (Card, Total, Guest)


@entity("club_list", title="name", plugin="club")
class GuestList(Record):
    name: str = field(default="")
    guests: Mapping[str, Any] = field(factory=dict)


class Listing(Club):
    """Keeps ids of customers where nobody finds them."""

    entities = (Card, Total, GuestList)

    @hookimpl(entities=("club_card",))
    def after_records_saved_committed(self, ctx: Context, call: RecordBatch) -> None:
        for item in call.changes:
            id = str(item.record.customer_id)
            if item.created and not ctx.session.list(GuestList, f'name = "{id[-8:]}"'):
                ctx.session.add(GuestList(name=id[-8:], guests={"first": id}))


class Blocking(Club):
    """Lets nobody be merged."""

    @hookimpl(entities=("customer",))
    def guard_merge(self, ctx: Context, call: Any) -> Refuse:
        return Refuse(msg("never"))


class Irreversible(Club):
    """Changes records when it hears of a merge, and not when it hears that it was undone."""

    @hookimpl(entities=("customer",))
    def after_records_merged_committed(self, ctx: Context, call: Any) -> None:
        if not call.undone:
            ctx.session.update(*[change(card, level="gold") for card in ctx.session.list(Card)])


class Copying(Club):
    """Writes names down where nothing leads to the customer."""

    @hookimpl(entities=("customer",))
    def after_records_saved_committed(self, ctx: Context, call: RecordBatch) -> None:
        for item in call.changes:
            name = f"seen {item.record.name}"
            if ctx.session.find(Total, name=name) is None:
                ctx.session.add(Total(name=name))


class Unerasable(Club):
    """Lets nobody be erased."""

    @hookimpl
    def guard_erasure(self, ctx: Context, call: Any) -> Refuse:
        return Refuse(msg("never"))


# -- access -----------------------------------------------------------------------------------------------------------


class Generous(Club):
    """Gives every new user all rights."""

    @hookimpl(entities=("user",))
    def after_records_saved_committed(self, ctx: Context, call: RecordBatch) -> None:
        role = ctx.session.find(Role, name="all")
        if role is None:
            role = Role(name="all", grants=({"entity": "*", "action": "*", "scope": "all"},))
            ctx.session.add(role)
        for item in call.changes:
            if isinstance(item.record, User) and not ctx.session.list(
                RoleAssignment, user_id=item.record.id, role_id=role.id
            ):
                ctx.session.add(RoleAssignment(user_id=item.record.id, role_id=role.id))


class Elevated(Club):
    """Shows everybody everything in timelines."""

    @hookimpl
    def collect_timeline_entries(self, ctx: Context, call: TimelineRequest) -> Iterator[TimelineEntry]:
        with ctx.elevated("to show all cards"):
            found = list(ctx.session.list(Card, customer_id=list(call.customers)))
        for card in found:
            yield TimelineEntry(at=ctx.clock.now(), title=card.text, record_id=card.id)


class Unmasked(Club):
    """Shows fields in timelines whoever reads them."""

    @hookimpl
    def collect_timeline_entries(self, ctx: Context, call: TimelineRequest) -> Iterator[TimelineEntry]:
        for card in ctx.session.list(Card, customer_id=list(call.customers)):
            yield TimelineEntry(at=ctx.clock.now(), title=card.text, record_id=card.id)


# -- events -----------------------------------------------------------------------------------------------------------


class Counting(Club):
    """Counts what it is told, so telling it twice counts twice."""

    @hookimpl(entities=("club_card",))
    def after_records_saved_committed(self, ctx: Context, call: RecordBatch) -> None:
        total = ctx.session.find(Total, name="told")
        if total is None:
            ctx.session.add(Total(name="told", number=call.size))
        else:
            ctx.session.update(change(total, number=total.number + call.size))


class Enqueueing(Club):
    """Has the same work done as often as it is told."""

    @hookimpl
    def register_jobs(self, ctx: Context, call: Setup) -> list[JobDeclaration]:
        return [JobDeclaration(name="club.greet", run=self.greet)]

    def greet(self, ctx: Any, job: Job) -> None:
        ctx.session.add(Total(name=f"greeted {job.id}", number=1))

    @hookimpl(entities=("club_card",))
    def after_records_saved_committed(self, ctx: Any, call: RecordBatch) -> None:
        for item in call.changes:
            if item.created:
                ctx.session.enqueue("club.greet", {"card": str(item.record.id)})


class EnqueueingOnce(Enqueueing):
    """Gives each piece of work a key."""

    @hookimpl(entities=("club_card",))
    def after_records_saved_committed(self, ctx: Any, call: RecordBatch) -> None:
        for item in call.changes:
            if item.created:
                ctx.session.enqueue("club.greet", {"card": str(item.record.id)}, key=str(item.record.id))


class LastComer(Club):
    """Keeps whom it was told of last; told of the same again it writes nothing new."""

    @hookimpl(entities=("customer",))
    def after_records_saved_committed(self, ctx: Context, call: RecordBatch) -> None:
        first = call.changes[0].record
        total = ctx.session.find(Total, name="first")
        if total is None and first.given_name in ("Anna", "Bruno"):
            ctx.session.add(Total(name="first", number=len(first.given_name)))


class Endless(Club):
    """Answers to every change with another one."""

    @hookimpl(entities=("club_total", "club_card"))
    def after_records_saved_committed(self, ctx: Context, call: RecordBatch) -> None:
        total = ctx.session.find(Total, name="told")
        if total is None:
            ctx.session.add(Total(name="told"))
        else:
            ctx.session.update(change(total, number=total.number + 1))


# -- neighbours -------------------------------------------------------------------------------------------------------


class Fragile(Club):
    """Has nothing to show where another plugin has failed."""

    @hookimpl(wrapper=True, specname="collect_timeline_entries")
    def only_when_all_is_well(self, ctx: Context, call: TimelineRequest) -> Any:
        found = list((yield) or ())
        return [] if any("Error" in type(getattr(one, "value", one)).__name__ for one in found) else found


class Swallowing(Club):
    """Goes on as if nothing had happened when another plugin fails."""

    @hookimpl(wrapper=True, specname="derive_records")
    def whatever_happens(self, ctx: Context, call: RecordBatch) -> Any:
        try:
            return (yield)
        except Exception:
            return []


# -- statements -------------------------------------------------------------------------------------------------------


class OneByOne(Club):
    """Reads each record's customer by itself."""

    @hookimpl(entities=("club_card",))
    def guard_records(self, ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
        for item in call.changes:
            if ctx.session.find(Customer, id=item.record.customer_id, name="Nobody") is not None:
                yield Refuse(msg("not for nobody"), item.record.id)
