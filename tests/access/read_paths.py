"""Every way to read records, as a table: a new way is a line here, and then asked of every entity there is.

A path returns which of ``ids``, which are of records of ``info``, it tells the session's actor of. A path that is not
about an entity says so by its ``of``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.entity import EntityInfo
from crmkit.core.errors import AccessDenied, NotFound
from crmkit.core.filter import EVERYTHING, children_of
from crmkit.runtime.crm import Crm
from crmkit.services.access import why
from crmkit.services.assets import assets_of
from crmkit.services.auditing.log import entries
from crmkit.services.consent import consents_of, contactable
from crmkit.services.customer_view import customer_view
from crmkit.services.exporting.running import export
from crmkit.services.history import as_of, as_of_all, changes
from crmkit.services.identify import Evidence, identify, lookalikes
from crmkit.services.identify.duplicates import find_duplicates
from crmkit.services.interactions.timeline import timeline
from crmkit.services.merging import merges
from crmkit.services.quality import quality_report, work_list
from crmkit.services.quality.work_list import states_of
from crmkit.services.satisfaction import satisfaction_report
from crmkit.services.search.searching import search
from crmkit.services.segments.asked import all_ids, asked, first_records
from crmkit.services.value import customer_worths
from crmkit.store.session import Session

Ids = Sequence[UUID]


@attrs.frozen
class Reading:
    """Who reads what: ``customers`` are those that there are, and ``address`` has the mail address of each."""

    crm: Crm
    session: Session
    info: EntityInfo
    ids: Ids
    customers: Sequence[Customer]
    address: dict[UUID, str]

    def each(self, tells: Callable[[UUID], Any]) -> set[UUID]:
        """Return the ids that ``tells`` tells of; what is not found or denied, it does not."""
        found = set()
        for id in self.ids:
            try:
                if tells(id):
                    found.add(id)
            except (NotFound, AccessDenied):
                continue
        return found

    def all(self, tell: Callable[[], Any]) -> set[UUID]:
        """Return those ids that ``tell`` yields; none when it is denied."""
        try:
            return set(tell()) & set(self.ids)
        except AccessDenied:
            return set()


@attrs.frozen
class Path:
    """``read`` tells of records of the entities in ``of`` (empty: all that sessions write, and with ``logs`` the log's).

    ``by`` is the entity that it takes a right to read on, where that is another one: for a ``customer`` the record
    follows it, while ``audit_entry`` takes the right to read all of them. ``few`` are asked of where it takes long.
    """

    read: Callable[[Reading], set[UUID]]
    of: tuple[str, ...] = ()
    logs: bool = False
    by: str = ""
    few: bool = False

    def asks(self, info: EntityInfo) -> bool:
        """Whether it can tell of records of an entity at all."""
        return info.name in self.of if self.of else info.editable or self.logs


# -- any entity -------------------------------------------------------------------------------------------------------


def _get(r: Reading) -> set[UUID]:
    # In sessions of their own, for what a session has in hand it gives without asking.
    def tells(id: UUID) -> bool:
        with r.crm.session(r.session.actor, reads=True) as fresh:
            return bool(fresh.get(r.info.cls, id))

    return r.each(tells)


def _select(r: Reading) -> set[UUID]:
    table = r.session.table(r.info.cls)
    return r.all(lambda: r.session.execute(sa.select(table.c.id)).scalars())


def _aggregate(r: Reading) -> set[UUID]:
    table = r.session.table(r.info.cls)
    counted = r.session.execute(sa.select(sa.func.count()).select_from(table)).scalar()
    rows = r.session.execute(sa.select(table.c.id, sa.func.count(table.c.tenant_id)).group_by(table.c.id)).all()
    assert counted == len(rows)
    return r.all(lambda: [row[0] for row in rows])


def _join(r: Reading) -> set[UUID]:
    one, other = r.session.table(r.info.cls), r.session.table(r.info.cls).alias()
    statement = sa.select(one.c.id).join(other, other.c.id == one.c.id)
    outer = sa.select(other.c.id).select_from(one.outerjoin(other, other.c.tenant_id == one.c.tenant_id))
    found = r.all(lambda: r.session.execute(statement).scalars())
    assert r.all(lambda: r.session.execute(outer).scalars()) == found
    return found


def _children(r: Reading) -> set[UUID]:
    """Filters that ask whether a record has such children; of what attaches to any record, those of customers."""
    found: set[UUID] = set()
    registry = r.crm.registry
    for parent in registry:
        for name, children in children_of(registry, parent.name).items():
            if children.entity == r.info.name and (parent.name == "customer" or not children.up.kind_field):
                found |= r.each(lambda id, p=parent, n=name: r.session.count(p.cls, f"has {n} where id = {id}"))  # type: ignore[misc]
    return found


def _along(r: Reading) -> set[UUID]:
    """Filters that follow references to the record."""
    found: set[UUID] = set()
    for info, field in r.crm.registry.references_to(r.info.name):
        path = field.name.removesuffix("_id")
        if info.editable and not field.common:
            found |= r.each(lambda id, i=info, p=path: r.session.count(i.cls, f"{p}.id = {id}"))  # type: ignore[misc]
    return found


def _export(r: Reading) -> set[UUID]:
    def lines() -> list[UUID]:
        out = io.BytesIO()
        export(r.session, r.info, out, format="jsonl", fields=("id",))
        return [UUID(json.loads(line)["id"]) for line in out.getvalue().splitlines()]

    return r.all(lines)


def _audit(r: Reading) -> set[UUID]:
    return r.each(lambda id: entries(r.session, r.info.cls, id))


def _why(r: Reading) -> set[UUID]:
    return r.each(lambda id: why(r.session, (r.info.name, id)).allowed)


# -- what is about customers ------------------------------------------------------------------------------------------


def _duplicates(r: Reading) -> set[UUID]:
    pairs = find_duplicates(r.session, 0.0)
    return r.all(lambda: [id for pair in pairs for id in (pair.first_id, pair.second_id)])


def _lookalikes(r: Reading) -> set[UUID]:
    return r.all(lambda: [found.customer_id for probe in r.customers for found in lookalikes(r.session, probe)])


def _identify(r: Reading) -> set[UUID]:
    def tells(id: UUID) -> bool:
        found = identify(r.session, Evidence(emails=r.address[id]))
        named = {found.customer_id, found.company_id} | {one.customer_id for one in found.candidates}
        return id in named

    return r.each(tells)


def _viewed(pick: Callable[[Any], Any]) -> Callable[[Reading], set[UUID]]:
    def read(r: Reading) -> set[UUID]:
        found: set[UUID] = set()
        for customer in r.customers:
            for needle in (str(customer.id), r.address[customer.id]):
                try:
                    view = customer_view(r.session, needle, r.crm.kinds)
                except NotFound:
                    continue
                found |= {record.id for record in pick(view)}
        return found & set(r.ids)

    return read


def _timeline(r: Reading) -> set[UUID]:
    found: set[UUID] = set()
    for customer in r.customers:
        try:
            found |= {entry.record_id for entry in timeline(r.session, customer.id).entries if entry.record_id}
        except NotFound:
            continue
    return found & set(r.ids)


def _segment(r: Reading) -> set[UUID]:
    wanted = asked(r.session, r.info.name, EVERYTHING)
    found = r.all(lambda: all_ids(r.session, wanted))
    assert r.all(lambda: [record.id for record in first_records(r.session, wanted, 1_000)]) == found
    return found


def _search(r: Reading) -> set[UUID]:
    texts = {customer.name for customer in r.customers} | set(r.address.values())
    return r.all(lambda: [hit.id for text in texts for hit in search(r.session, text).hits])


def _satisfaction(r: Reading) -> set[UUID]:
    return r.all(lambda: [UUID(row.key) for row in satisfaction_report(r.session, "customer").rows])


def _quality(r: Reading) -> set[UUID]:
    """What is judged, which is what a report adds up."""
    rules, seen = r.crm.quality, r.session.count(r.info.cls)
    assert quality_report(r.session, rules, r.info.name).total.records == seen
    return r.all(lambda: states_of(r.session, rules, r.info, r.ids))


def _work_list(r: Reading) -> set[UUID]:
    """What is to be mended, and whom it may be the same as."""
    items = work_list(r.session, r.crm.quality, limit=1_000).items
    return r.all(lambda: [id for item in items for id in (item.id, *[twin for twin, _ in item.twins])])


def _consents(r: Reading) -> set[UUID]:
    return r.all(lambda: [one.id for customer in r.customers for one in consents_of(r.session, customer)])


PATHS: dict[str, Path] = {
    "get": Path(_get, logs=True),
    "find": Path(lambda r: r.each(lambda id: r.session.find(r.info.cls, id=id)), logs=True),
    "list": Path(lambda r: r.all(lambda: [record.id for record in r.session.list(r.info.cls)]), logs=True),
    "list by ids": Path(lambda r: r.all(lambda: [x.id for x in r.session.list(r.info.cls, id=list(r.ids))]), logs=True),
    "list with deleted": Path(lambda r: r.all(lambda: [x.id for x in r.session.list(r.info.cls, deleted=True)])),
    "stream": Path(lambda r: r.all(lambda: [record.id for record in r.session.stream(r.info.cls, size=2)])),
    "count": Path(lambda r: r.each(lambda id: r.session.count(r.info.cls, id=id)), logs=True),
    "filter": Path(lambda r: r.each(lambda id: r.session.list(r.info.cls, f"id = {id}")), logs=True),
    "filter of children": Path(_children, few=True),
    "filter along references": Path(_along, few=True),
    "select": Path(_select, logs=True),
    "aggregate": Path(_aggregate, logs=True),
    "join": Path(_join, logs=True),
    "peek": Path(lambda r: r.each(lambda id: r.session.peek(r.info.cls, id))),
    "peek all": Path(lambda r: r.all(lambda: [record.id for record in r.session.peek_all(r.info.cls)])),
    "export": Path(_export, logs=True),
    "history": Path(lambda r: r.each(lambda id: changes(r.session, r.info.cls, id))),
    "past": Path(lambda r: r.each(lambda id: as_of(r.session, r.info.cls, id, r.crm.clock.now()))),
    "past of many": Path(lambda r: r.all(lambda: as_of_all(r.session, r.info.cls, r.ids, r.crm.clock.now()).records)),
    "audit": Path(_audit, by="audit_entry"),
    "why": Path(_why),
    "duplicates": Path(_duplicates, of=("customer",)),
    "lookalikes": Path(_lookalikes, of=("customer",)),
    "identify": Path(_identify, of=("customer",)),
    "customer view": Path(_viewed(lambda view: [view.customer]), of=("customer",)),
    "contact points in the view": Path(_viewed(lambda view: view.points), of=("contact_point",)),
    "identities in the view": Path(_viewed(lambda view: view.identities), of=("external_identity",)),
    "timeline in the view": Path(_viewed(lambda view: view.timeline), of=("interaction",)),
    "timeline": Path(_timeline, of=("interaction",)),
    "segment": Path(_segment),
    "assets": Path(
        lambda r: r.all(lambda: [one.id for customer in r.customers for one in assets_of(r.session, customer)]),
        of=("asset",),
    ),
    "search": Path(_search, of=("customer",)),
    "value": Path(
        lambda r: r.all(lambda: [worth.customer_id for worth in customer_worths(r.session, r.crm.kinds, "EUR")]),
        of=("customer",),
    ),
    "satisfaction": Path(_satisfaction, of=("customer",)),
    "quality": Path(_quality),
    "work list": Path(_work_list, of=("customer",)),
    "consents": Path(_consents, of=("consent",)),
    "contactable": Path(
        lambda r: r.all(lambda: contactable(r.session, r.ids, "email", "newsletter")), of=("customer",)
    ),
    "merges": Path(
        lambda r: r.all(lambda: [journal.id for journal in merges(r.session)]), of=("merge_journal",), by="customer"
    ),
}
