"""What is expected of records: the measure by which the quality of data is told.

An expectation names something that a good record has: a value in a field, a part such as a mail address, or that nobody
else is the same. Its dimensions are those of DAMA UK ("The six primary dimensions for data quality assessment", 2013)
and of ISO/IEC 25012 (which calls it currentness): completeness, validity, timeliness and uniqueness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from crmkit.core.entity import EntityInfo
from crmkit.core.fields import FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.frozen import frozen

UNIQUE = "unique"
"""The name of the expectation that no other record is the same."""

BY_FIELDS = ("product", "asset", "user")
"""Entities of the core of which what their fields tell is expected; the others serve the program, or are history."""

_CURRENT = "(valid_until is empty or valid_until >= today)"
_REACHED = "deliverability != bounced and deliverability != blocked"
_LONG = 1_000
_SELDOM = frozenset({Kind.DATE, Kind.PARTIAL_DATE, Kind.INSTANT})
_SILENT = frozenset({Kind.BOOLEAN, Kind.JSON, Kind.WORDS})


@frozen(kw_only=True)
class QualityExpectation:
    """Something that is expected of the records of an entity.

    One with the name of an expectation that there is already changes it: what it leaves out stays as it was.
    """

    entity: str
    """Of what, as in ``customer``."""
    name: str = ""
    """Its word, as in ``email``; empty: the name of its field."""
    label: str = ""
    """What people call it; empty: the label of its field, or its name."""
    field: str = ""
    """The field that is to have a value; empty, without ``part``: the field called like the expectation."""
    part: str = ""
    """What is to belong to a record, as filters name it behind ``has``: ``contact_points``."""
    where: str = ""
    """Which of those parts count, as a filter on them."""
    applies: str = ""
    """Of which records it is expected, as a filter; empty: of all."""
    valid: str = ""
    """What a right value meets, as a filter on the record, or on the part; empty: whatever is stored is right."""
    unique: bool = False
    """Whether no other record may have the same value, instead of there being one."""
    weight: int | None = attrs.field(
        default=None, validator=attrs.validators.optional([attrs.validators.ge(0), attrs.validators.le(100)])
    )
    """How much it counts, 1 to 100; 0: it is not expected; by default 1."""
    max_age: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(0)))
    """Days after which a value must be confirmed; 0: it never grows old; by default as its field is fixed or variable."""

    @property
    def word(self) -> str:
        """The name, or that of the field."""
        return self.name or self.field

    def over(self, base: QualityExpectation) -> QualityExpectation:
        """Return ``base`` with what this one says otherwise."""
        said = {
            a.name: getattr(self, a.name) for a in attrs.fields(type(self)) if getattr(self, a.name) not in (None, "")
        }
        if not self.unique:
            said.pop("unique")
        return attrs.evolve(base, **said)


@frozen(kw_only=True)
class QualitySettings:
    """What an installation expects of its records."""

    max_age: int = attrs.field(default=730, validator=attrs.validators.ge(0))
    """Days after which the value of a variable field must be confirmed where nothing else is said; 0: never."""
    shared_by: int = attrs.field(default=3, validator=attrs.validators.ge(2))
    """A contact point that more customers share, such as a switchboard, says nothing of duplicates."""
    internal_sources: tuple[str, ...] = ()
    """Sources of records that are systems of our own, as in ``erp``; what is entered by hand is internal, too."""
    expect: tuple[QualityExpectation, ...] = ()
    """What is expected beyond, or instead of, what crmkit and plugins expect."""


def default_expectations(info: EntityInfo) -> Iterator[QualityExpectation]:
    """Yield what is expected of an entity where nobody says anything: a list for customers, else by its fields.

    Of products, assets, users and the entities of plugins and of the installation each field that people fill in is
    expected, a required one twice as much; not those under special protection, long texts, references, and fields that
    always have a value. What names a record and dates never grow old. Of customers, fields that an installation or a
    plugin requires come on top; of what else the core has nothing is expected.
    """
    if info.name == "customer":
        yield from CUSTOMERS
        for field in info.fields:
            if field.custom and field.required and field.sensitivity != "special":
                yield QualityExpectation(entity=info.name, field=field.name, weight=2)
        return
    if info.plugin == "crmkit" and info.name not in BY_FIELDS:
        return
    for field in info.fields:
        if _asked_for(field):
            lasting = field.fixed or field.kind in _SELDOM or field.name == info.title or (field.name,) in info.unique
            yield QualityExpectation(
                entity=info.name,
                field=field.name,
                weight=2 if field.required else 1,
                max_age=0 if lasting else None,
            )
    yield from (one for one in UNIQUE_VALUES if one.entity == info.name)


def _asked_for(field: FieldInfo) -> bool:
    if field.common or field.kind in _SILENT or field.reference or field.kind is Kind.ID:
        return False
    if field.sensitivity == "special" or (field.kind is Kind.TEXT and not field.custom and field.max_length > _LONG):
        return False
    return field.required or field.default in (None, "")


def _of_customers(**said: Any) -> QualityExpectation:
    return QualityExpectation(entity="customer", **said)


def _reachable_by(kind: str, weight: int, **said: Any) -> QualityExpectation:
    return _of_customers(
        name=kind,
        label=kind,
        part="contact_points",
        where=f"kind = {kind} and {_CURRENT}",
        valid=_REACHED,
        weight=weight,
        max_age=365,
        **said,
    )


_ORGANIZATION = "kind = organization"
_PERSON = "kind = person"

CUSTOMERS: tuple[QualityExpectation, ...] = (
    _of_customers(name="owner", field="owner_id", weight=2, max_age=0),
    _of_customers(field="country", weight=2, max_age=0),
    _of_customers(field="family_name", applies=_PERSON),
    _of_customers(field="language", applies=_PERSON),
    _of_customers(field="legal_name", applies=_ORGANIZATION),
    _of_customers(field="industry", applies=_ORGANIZATION, weight=2),
    _of_customers(field="employees", applies=_ORGANIZATION, max_age=365),
    _of_customers(field="domain", applies=_ORGANIZATION),
    _reachable_by("email", 3, applies="kind != household"),
    _reachable_by("phone", 3),
    _reachable_by("address", 2, applies="kind != person"),
    _of_customers(
        name="contact",
        label="Contact",
        part="customer_relations_to",
        where=f"type = employed_by and {_CURRENT}",
        applies=_ORGANIZATION,
        weight=2,
        max_age=365,
    ),
    _of_customers(
        name="job",
        label="Job",
        part="customer_relations",
        where=f"type = employed_by and not title is empty and {_CURRENT}",
        applies=_PERSON,
        max_age=365,
    ),
    _of_customers(name=UNIQUE, label="Unique", unique=True, weight=3, max_age=0),
)
"""What is expected of customers unless an installation says otherwise. Nothing that the purpose does not need: of birth
dates or genders, for instance, one says oneself that they are wanted."""


UNIQUE_VALUES = (
    QualityExpectation(entity="product", name=UNIQUE, label="Unique", field="name", unique=True),
    QualityExpectation(entity="asset", name=UNIQUE, label="Unique", field="serial_number", unique=True),
)
"""Values of other entities that no two records should have."""


def layered(expectations: Iterable[QualityExpectation]) -> tuple[QualityExpectation, ...]:
    """Return expectations, later ones laid over earlier ones of the same entity and name; those of weight 0 are gone."""
    found: dict[tuple[str, str], QualityExpectation] = {}
    for one in expectations:
        key = (one.entity, one.word)
        found[key] = one.over(found[key]) if key in found else one
    return tuple(one for one in found.values() if one.weight != 0)
