"""What the core fills in by itself: a person's name from its parts, a point's normalised form, a line's amount.

Pure functions from record to record. The write path applies them as derive rules; imports apply them before they look for
records that exist already.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import BadInput, FieldError, ValidationFailed
from crmkit.core.interaction import InteractionLine
from crmkit.core.values.address import one_line
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.contact_point import normalise_point
from crmkit.core.values.person_name import display_name

_STEP = Decimal("0.000001")
_WIDE = Context(prec=100)
"""Holds the product of any three numbers that fields can take; what is too large for a field is said by validation."""


def complete_customer(record: Customer) -> Customer:
    """Compose the name of a person from its parts when it has none."""
    if record.name or record.kind != "person":
        return record
    name = display_name(
        record.prefix, record.given_name, record.additional_names, record.family_name, record.suffix, record.nickname
    )
    return change(record, name=name) if name else record


def complete_point(record: ContactPoint, country: str = "") -> ContactPoint:
    """Fill the normalised form, and the value of an address from its parts.

    ``country`` reads national phone numbers of points that name none. Raises ValidationFailed when the value is none of
    its kind.
    """
    value = record.value
    if record.kind == "address" and not value:
        value = one_line(record.street, record.city, record.region, record.postal_code, record.country)
    if not isinstance(value, str) or not value:
        return record
    normalized = _normalised(record.kind, value, record.country or country, record.id)
    if value == record.value and normalized == record.normalized:
        return record
    return change(record, value=value, normalized=normalized)


def _normalised(kind: str, value: str, country: str, record_id: object = None) -> str:
    try:
        return normalise_point(kind, value, country or None)
    except BadInput as error:
        expected = error.expected if isinstance(error, BadValue) else error.message
        raise ValidationFailed([FieldError("contact_point.value", f"bad_{kind}", value, expected, record_id)]) from None


def complete_line(record: InteractionLine, before: InteractionLine | None = None) -> InteractionLine:
    """Fill the amount: quantity x unit price x (1 - discount), to six places.

    A given amount stays, unless a change touched what it is computed from and not the amount itself.
    """
    if record.unit_price is None:
        return record
    if record.amount is not None:
        touched = before is not None and (before.quantity, before.unit_price, before.discount) != (
            record.quantity,
            record.unit_price,
            record.discount,
        )
        if not touched or (before is not None and before.amount != record.amount):
            return record
    if not all(number.is_finite() for number in (record.quantity, record.unit_price, record.discount)):
        return record
    with localcontext(_WIDE):
        amount = record.quantity * record.unit_price * (1 - record.discount)
        exact = amount.quantize(_STEP, ROUND_HALF_UP)
    return record if record.amount == exact else change(record, amount=exact)


def complete_values(entity: str, values: dict[str, Any]) -> None:
    """Fill in what follows from the values of a record that is still to be made: a customer's name, a point's form.

    Raises ValidationFailed as ``complete_point`` does.
    """
    if entity == "customer":
        if not values.get("name") and values.get("kind", "person") == "person":
            given, family = values.get("given_name", ""), values.get("family_name", "")
            name = f"{given} {family}"
            if (
                given.strip() == given
                and family.strip() == family
                and given
                and family
                and name.isascii()
                and name.isprintable()
                and _OTHER_PARTS.isdisjoint(values)
            ):
                # What display_name gives, without its look at other scripts.
                values["name"] = name if "  " not in name else display_name(given=given, family=family)
                return
            parts = [values.get(part, "") for part in _NAME_PARTS]
            if any(parts):
                values["name"] = display_name(*parts)
    elif entity == "contact_point":
        kind, value = values.get("kind"), values.get("value")
        if kind == "address" and not value:
            value = values["value"] = one_line(*[values.get(part, "") for part in _ADDRESS_PARTS])
        if kind and isinstance(value, str) and value:
            values["normalized"] = _normalised(kind, value, values.get("country", ""))


_NAME_PARTS = ("prefix", "given_name", "additional_names", "family_name", "suffix", "nickname")
_OTHER_PARTS = frozenset({"prefix", "additional_names", "suffix"})
_ADDRESS_PARTS = ("street", "city", "region", "postal_code", "country")
