"""Reports of data quality: by field, owner, team, source and kind, each in one statement however many records there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal, get_args
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.journal import ImportRun
from crmkit.core.messages import msg
from crmkit.core.quality_rules import Expected, QualityRules
from crmkit.core.quality_score import Tally, weighted
from crmkit.core.staff import Team, User
from crmkit.services.quality.scope import Whose, conditions, readable
from crmkit.store.changed import importing_run
from crmkit.store.faults import faults_translated
from crmkit.store.quality import judged
from crmkit.store.quality_sums import EPOCH, all_at_once, summed_up
from crmkit.store.session import Session
from crmkit.store.timelines import refuse_hidden

By = Literal["field", "nature", "owner", "team", "source", "origin", "import", "kind"]

_FIELD_OF: Mapping[str, str] = {"owner": "owner_id", "team": "team_id", "source": "source", "origin": "source"}


@frozen
class QualityRow:
    """One field or group of records. What there is nothing of is None; shares are in per cent, ages in days.

    ``key`` is the name of an expectation, the id of an owner or team, a source or a word; empty where there is none.
    ``records`` are the records of the group; ``tally`` counts values, by their weights where it sums several up.
    ``timeliness`` is of what can grow old, ``age`` the mean of the same where it is one field's.
    """

    key: str
    label: str
    records: int
    tally: Tally
    completeness: Decimal | None
    validity: Decimal | None
    timeliness: Decimal | None
    uniqueness: Decimal | None
    score: Decimal | None
    weight: int = 0
    fixed: bool = False
    age: Decimal | None = None


@frozen
class QualityReport:
    """The rows, and all records and fields together. ``left_out`` counts expectations that the actor may not read."""

    entity: str
    by: By
    rows: tuple[QualityRow, ...]
    total: QualityRow
    left_out: int = 0


@frozen
class _Counted:
    """One group as it was read: how many records, and of each expectation its tally and mean age in days."""

    records: int
    tallies: Mapping[str, Tally]
    ages: Mapping[str, Decimal | None]


def quality_report(
    session: Session, rules: QualityRules, entity: str = "customer", by: By = "field", whose: Whose | None = None
) -> QualityReport:
    """Return how complete, right, current and unique the records of an entity are that the actor may see.

    What the actor may not read is not counted for them. Raises BadInput, FilterError and AccessDenied.
    """
    if by not in get_args(By):
        raise BadInput(msg("no report by {by}; {hint}", by=by, hint=did_you_mean(by, get_args(By))))
    session.flush()
    session.heed_rights()
    info = session.database.registry.get(entity)
    expected = readable(session, rules, info.name)
    groups = _counted(session, rules, info, expected, by, whose or Whose())
    whole = _together(groups.values())
    if by in ("field", "nature"):
        rows = [_of_one(one, whole) for one in expected]
        if by == "nature":
            rows = [_summary(key, key, whole, [x for x in expected if x.fixed == fixed]) for key, fixed in _NATURES]
    else:
        labels = _labels(session, by, groups)
        rows = [_summary(key, labels.get(key, key), counted, expected) for key, counted in groups.items()]
        rows.sort(key=lambda row: (row.label == "", row.label, row.key))
    left_out = len(rules.of(info.name)) - len(expected)
    return QualityReport(info.name, by, tuple(rows), _summary("", "", whole, expected), left_out)


_NATURES = (("fixed", True), ("variable", False))


def _counted(
    session: Session, rules: QualityRules, info: EntityInfo, expected: Sequence[Expected], by: By, whose: Whose
) -> dict[str, _Counted]:
    key = _key(session, rules, info, by)
    shared_by = rules.settings.shared_by
    found = judged(session, info, expected, conditions(session, info, whose), key=key, shared_by=shared_by)
    with faults_translated(), all_at_once(session):
        rows = session.connection.execute(summed_up(session, found, expected)).all()
    now = Decimal(str((session.clock.now() - EPOCH) / timedelta(seconds=1)))
    groups: dict[str, _Counted] = {}
    for row in rows:
        tallies: dict[str, Tally] = {}
        ages: dict[str, Decimal | None] = {}
        for place, one in enumerate(expected):
            *counts, mean = row[2 + place * 5 : 7 + place * 5]
            tallies[one.name] = Tally(*map(int, counts))
            ages[one.name] = None if mean is None else max(Decimal(0), (now - Decimal(str(mean))) / 86_400)
        groups["" if row[0] is None else str(row[0])] = _Counted(int(row[1]), tallies, ages)
    return groups


def _key(session: Session, rules: QualityRules, info: EntityInfo, by: By) -> sa.ColumnElement[Any] | None:
    if by in ("field", "nature"):
        return None
    if by == "import":
        return importing_run(session, info)
    name = _FIELD_OF.get(by, by)
    if name not in info.by_name:
        raise BadInput(msg("{entity} has no {by} to report by", entity=info.name, by=by))
    refuse_hidden(session, info.name, [name])
    column: sa.ColumnElement[Any] = session.table(info.name).c[name]
    if by != "origin":
        return column
    own = ["", *rules.settings.internal_sources]
    return sa.case(
        (column.in_(own), sa.literal_column("'internal'", sa.Text())),
        else_=sa.literal_column("'external'", sa.Text()),
    )


def _labels(session: Session, by: By, groups: Iterable[str]) -> dict[str, str]:
    """Return what people call owners, teams and imports that the actor may see; others are told by their ids."""
    cls: Any = {"owner": User, "team": Team, "import": ImportRun}.get(by)
    if cls is None or "name" in session.hidden(cls):
        return {}
    ids = [UUID(key) for key in groups if key]
    table = session.table(cls)
    statement: sa.Select[Any] = sa.select(table.c.id, table.c.name, table.c.created_at).where(table.c.id.in_(ids))
    found: Iterable[Any] = session.execute(statement)
    return {str(id): f"{name} {at:%Y-%m-%d}" if by == "import" else name for id, name, at in found}


def _together(groups: Iterable[_Counted]) -> _Counted:
    groups = list(groups)
    tallies: dict[str, Tally] = {}
    for group in groups:
        for name, tally in group.tallies.items():
            tallies[name] = tallies.get(name, Tally()) + tally
    # Only a report of one group tells ages.
    ages = groups[0].ages if len(groups) == 1 else {}
    return _Counted(sum(group.records for group in groups), tallies, ages)


def _of_one(one: Expected, counted: _Counted) -> QualityRow:
    tally = counted.tallies.get(one.name, Tally())
    age = counted.ages.get(one.name)
    unique = one.subject == "unique"
    return QualityRow(
        key=one.name,
        label=one.label,
        records=counted.records,
        tally=tally,
        completeness=None if unique else tally.completeness,
        validity=None if unique else tally.validity,
        timeliness=None if unique or one.fixed else tally.timeliness,
        uniqueness=tally.score if unique else None,
        score=tally.score,
        weight=one.weight,
        fixed=one.fixed,
        age=None if age is None else age.quantize(Decimal("0.1")),
    )


def _summary(key: str, label: str, counted: _Counted, expected: Sequence[Expected]) -> QualityRow:
    def total(*those: Expected) -> Tally:
        return weighted((one.weight, counted.tallies.get(one.name, Tally())) for one in those)

    values = [one for one in expected if one.subject != "unique"]
    everything = total(*expected)
    return QualityRow(
        key=key,
        label=label,
        records=counted.records,
        tally=everything,
        completeness=total(*values).completeness,
        validity=total(*values).validity,
        timeliness=total(*[one for one in values if not one.fixed]).timeliness,
        uniqueness=total(*[one for one in expected if one.subject == "unique"]).score,
        score=everything.score,
        weight=sum(one.weight for one in expected),
    )
