"""Suspected duplicates in SQL, for all records at once: without a model, and without a word on how likely each is.

Two customers of one kind are suspected who share a mail address, an account or a messenger; or who share a telephone, a
postal address, a site or, as organizations, a domain, and whose names agree as well. A pair that somebody told apart is
not suspected, and what many share, such as a switchboard, says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo
from crmkit.core.fields import FieldInfo
from crmkit.core.values.mail import FREE_MAIL_DOMAINS

if TYPE_CHECKING:
    from crmkit.store.session import Session

Clause = sa.ColumnElement[bool]

PERSONAL = ("email", "social", "messaging")
"""Kinds of contact points that people seldom share."""


def suspected_pairs(session: Session, shared_by: int, among: sa.Select[Any] | None = None) -> sa.CompoundSelect[Any]:
    """Return the select of ``first_id`` and ``second_id``, each pair both ways and perhaps twice.

    Of customers that the actor may see. A contact point that more than ``shared_by`` customers have is passed over.
    ``among`` selects the ids of a few whose pairs, and perhaps some others', are wanted; None: all.
    """
    points, customers = session.table("contact_point"), session.table("customer")
    one, other = customers.alias("one"), customers.alias("other")
    # A customer has a point once, so rows are customers.
    sharing = sa.func.count().over(partition_by=[points.c.kind, points.c.normalized])
    every = sa.select(points.c.customer_id, points.c.kind, points.c.normalized, sharing.label("n"))
    if among is not None:
        mine = points.alias("mine")
        theirs = sa.select(mine.c.kind, mine.c.normalized).where(mine.c.customer_id.in_(among))
        every = every.where(sa.tuple_(points.c.kind, points.c.normalized).in_(theirs))
    found = _shared(every, shared_by).cte("held").prefix_with("MATERIALIZED")
    a, b = found.alias("a"), found.alias("b")
    joined = (
        a.join(b, sa.and_(b.c.kind == a.c.kind, b.c.normalized == a.c.normalized, b.c.customer_id != a.c.customer_id))
        .join(one, one.c.id == a.c.customer_id)
        .join(other, other.c.id == b.c.customer_id)
    )
    by_point = (
        sa.select(one.c.id.label("first_id"), other.c.id.label("second_id"))
        .select_from(joined)
        .where(
            one.c.kind == other.c.kind,
            sa.or_(a.c.kind.in_(PERSONAL), _names_agree(one, other)),
            _not_told_apart(session, one, other),
        )
    )
    return sa.union_all(by_point, _by_domain(session, shared_by, among))


def suspected_customers(session: Session, shared_by: int, among: sa.Select[Any] | None = None) -> sa.Select[Any]:
    """Return the select of the ``id`` of each customer that has a suspected duplicate, once; of those ``among`` a few."""
    pairs = suspected_pairs(session, shared_by, among).subquery("pairs")
    return sa.select(pairs.c.first_id.label("id")).distinct()


def taken_values(session: Session, info: EntityInfo, field: FieldInfo) -> sa.Select[Any]:
    """Return the select of the ``id`` of each record whose text in ``field`` another one has, too, whatever its case."""
    records, others = session.table(info.name), session.table(info.name).alias("others")
    value, same = _folded(records.c[field.name]), _folded(others.c[field.name])
    twice = (
        sa.select(same.label("value")).where(others.c[field.name] != "").group_by(same).having(sa.func.count() > 1)
    ).subquery("twice")
    return sa.select(records.c.id).join(twice, twice.c.value == value)


def _by_domain(session: Session, shared_by: int, among: sa.Select[Any] | None) -> sa.Select[Any]:
    customers = session.table("customer")
    names = [customers.c[name] for name in ("id", "domain", "name", "family_name", "given_name")]
    sharing = sa.func.count().over(partition_by=customers.c.domain)
    companies = (
        sa.select(*names, sharing.label("n"))
        .where(customers.c.kind == "organization", customers.c.domain != "")
        .where(customers.c.domain.not_in(sorted(FREE_MAIL_DOMAINS)))
    )
    if among is not None:
        mine = customers.alias("mine_too")
        companies = companies.where(customers.c.domain.in_(sa.select(mine.c.domain).where(mine.c.id.in_(among))))
    found = _shared(companies, shared_by).cte("companies").prefix_with("MATERIALIZED")
    one, other = found.alias("one_company"), found.alias("other_company")
    joined = one.join(other, sa.and_(other.c.domain == one.c.domain, other.c.id != one.c.id))
    return (
        sa.select(one.c.id, other.c.id)
        .select_from(joined)
        .where(_names_agree(one, other), _not_told_apart(session, one, other))
    )


def _shared(counted: sa.Select[Any], shared_by: int) -> sa.Select[Any]:
    """Return the rows of ``counted`` that several, but not too many, share: those are ``n``."""
    rows = counted.subquery()
    return sa.select(rows).where(rows.c.n.between(2, shared_by))


def _names_agree(one: sa.FromClause, other: sa.FromClause) -> Clause:
    """The same name, or one with more words behind; of people also family name and first letter of the given name."""
    mine, theirs = _folded(one.c.name), _folded(other.c.name)
    family, initial = _folded(one.c.family_name), sa.func.substr(_folded(one.c.given_name), 1, 1)
    return sa.or_(
        mine == theirs,
        _begins(mine, theirs),
        _begins(theirs, mine),
        sa.and_(
            one.c.family_name != "",
            one.c.given_name != "",
            family == _folded(other.c.family_name),
            initial == sa.func.substr(_folded(other.c.given_name), 1, 1),
        ),
    )


def _begins(longer: Any, shorter: Any) -> Clause:
    start = shorter.concat(" ")
    found: Clause = sa.func.substr(longer, 1, sa.func.length(start)) == start
    return found


def _not_told_apart(session: Session, one: sa.FromClause, other: sa.FromClause) -> Clause:
    apart = session.table("not_the_same").alias()
    either = sa.or_(
        sa.and_(apart.c.first_id == one.c.id, apart.c.second_id == other.c.id),
        sa.and_(apart.c.first_id == other.c.id, apart.c.second_id == one.c.id),
    )
    found: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(apart).where(either)
    return sa.not_(sa.exists(found.correlate_except(apart)))


def _folded(text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    return sa.func.crm_fold(text, type_=sa.Text())
