"""Schemas of the values that fields hold: as they are answered, and as they may be sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from zoneinfo import available_timezones

from crmkit.core.fields import FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.values.countries import COUNTRIES
from crmkit.core.values.currencies import CURRENT, RETIRED
from crmkit_web.openapi.definitions import Definitions, Schema
from crmkit_web.openapi.patterns import FILLED, SPACE, either

DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"
_AMOUNT = r"(([0-9]{1,12}|[1-8][0-9]{12})(\.[0-9]{1,6})?|9000000000000(\.0{1,6})?)$"
"""Up to nine million millions with six decimals, which is what the store holds exactly."""
_LARGEST = 9_000_000_000_000
_LARGEST_INTEGER = 2**63 - 1
_YEAR = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_MONTH, _DAY = "(0[1-9]|1[0-2])", "(0[1-9]|[12][0-9]|3[01])"
_MONTH_AND_DAY = "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))"
PARTIAL_DATE = f"^({_YEAR}(-({_MONTH}|{_MONTH_AND_DAY}))?|--({_MONTH}|{_MONTH_AND_DAY})|---{_DAY})$"
_LANGUAGE = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"
_DOMAIN = rf"[^{SPACE}@/.]{{1,63}}(\.[^{SPACE}@/.]{{1,63}})+"


def answered(field: FieldInfo, definitions: Definitions) -> Schema:
    """Return the schema of a field's values as documents of records have them."""
    made = dict(_ANSWERED[field.kind](definitions))
    if field.choices and field.kind is Kind.TEXT:
        made["enum"] = list(choices_of(field))
    if field.name == "custom":
        made = {"type": "object"}
    return _described(nullable(made) if field.nullable else made, field, definitions)


def sent(field: FieldInfo, definitions: Definitions, *, whole: bool = True) -> Schema:
    """Return the schema of the values that may be sent for a field. Null clears a field that need not have a value.

    Not ``whole``: of a patch, which may name parts of a value.
    """
    if field.kind is Kind.MONEY and not whole:
        made = money_sent(definitions, field.minimum, whole=False)
    else:
        made = dict(_SENT[field.kind](field, definitions))
    if not field.required and field.name != "id":
        made = nullable(made)
    return _described(made, field, definitions)


def nullable(schema: Schema) -> Schema:
    """Return a schema that takes null, too."""
    if "$ref" in schema or "anyOf" in schema:
        return {"anyOf": [*schema.get("anyOf", [schema]), {"type": "null"}]}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    made = {**schema, "type": [*kinds, "null"]}
    if "enum" in schema:
        made["enum"] = [*schema["enum"], None]
    return made


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """Return the words that a field with choices can hold; one that need not be chosen may be empty."""
    needed = field.required or (field.default and "" not in field.choices)
    return field.choices if needed or "" in field.choices else ("", *field.choices)


def _described(schema: Schema, field: FieldInfo, definitions: Definitions) -> Schema:
    made = definitions.labelled(schema, field.label, field.help)
    return {**made, "x-reference": field.reference} if field.reference else made


# -- as answered -----------------------------------------------------------------------------------------------------


def money_answered(definitions: Definitions) -> Schema:
    """Return a reference to the schema of an amount with its currency, as documents have it."""
    return definitions.refer(
        "Money",
        lambda: {
            "type": "object",
            "properties": {
                "amount": {"type": "string", "pattern": DECIMAL},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            },
            "required": ["amount", "currency"],
            "additionalProperties": False,
            "examples": [{"amount": "12.50", "currency": "EUR"}],
        },
    )


_ANSWERED: Mapping[Kind, Callable[[Definitions], Schema]] = {
    Kind.TEXT: lambda _: {"type": "string"},
    Kind.INTEGER: lambda _: {"type": "integer"},
    Kind.BOOLEAN: lambda _: {"type": "boolean"},
    Kind.DECIMAL: lambda _: {"type": "string", "pattern": DECIMAL},
    Kind.MONEY: money_answered,
    Kind.DATE: lambda _: {"type": "string", "format": "date"},
    Kind.PARTIAL_DATE: lambda _: {"type": "string", "pattern": PARTIAL_DATE},
    Kind.INSTANT: lambda _: {"type": "string", "format": "date-time"},
    Kind.ID: lambda _: {"type": "string", "format": "uuid"},
    Kind.WORDS: lambda _: {"type": "array", "items": {"type": "string"}},
    Kind.JSON: lambda _: {"anyOf": [{"type": "object"}, {"type": "array", "items": {}}]},
}

# -- as sent ---------------------------------------------------------------------------------------------------------


def _text(field: FieldInfo, definitions: Definitions) -> Schema:
    if field.choices:
        return {"type": "string", "enum": list(choices_of(field))}
    form = _FORMATS.get(field.format)
    if form is not None:
        made = form(definitions)
        if field.required:
            return made
        if "pattern" in made:
            return {**made, "pattern": f"^({made['pattern'][1:-1]})?$", "maxLength": field.max_length}
        return {"anyOf": [made, {"type": "string", "const": ""}]}
    made = {"type": "string", "maxLength": field.max_length}
    return {**made, "minLength": 1, "pattern": FILLED} if field.required else made


def _country(definitions: Definitions) -> Schema:
    return definitions.refer(
        "Country", lambda: {"type": "string", "enum": sorted(COUNTRIES), "description": "ISO 3166"}
    )


def _currency(definitions: Definitions) -> Schema:
    words = sorted({*CURRENT, *RETIRED})
    return definitions.refer("Currency", lambda: {"type": "string", "enum": words, "description": "ISO 4217"})


def _time_zone(definitions: Definitions) -> Schema:
    def make() -> Schema:
        return {"type": "string", "format": "time-zone", "pattern": _time_zones(), "examples": ["Europe/Berlin"]}

    return definitions.refer("TimeZone", make)


@lru_cache(maxsize=1)
def _time_zones() -> str:
    # Generators of clients make names of the words of an enumeration, and GMT+0 and GMT0 would be one.
    return f"^{either(sorted(available_timezones()))}$"


_FORMATS: Mapping[str, Callable[[Definitions], Schema]] = {
    "email": lambda _: {"type": "string", "format": "email", "maxLength": 200},
    "timezone": _time_zone,
    "language": lambda _: {"type": "string", "pattern": f"^{_LANGUAGE}$", "examples": ["zh-Hans"]},
    "domain": lambda _: {"type": "string", "pattern": f"^{_DOMAIN}$", "examples": ["example.com"]},
    "country": _country,
    "currency": _currency,
}


def _integer(field: FieldInfo, _: Definitions) -> Schema:
    low = -_LARGEST_INTEGER if field.minimum is None else field.minimum
    return {"type": "integer", "minimum": low, "maximum": _LARGEST_INTEGER}


def _decimal(field: FieldInfo, _: Definitions) -> Schema:
    return decimal_sent(field.minimum)


def decimal_sent(minimum: int | None = None) -> Schema:
    """Return the schema of an exact number: in quotes, or whole."""
    sign = "" if minimum is not None and minimum >= 0 else "-?"
    return {
        "type": ["string", "integer"],
        "pattern": f"^{sign}{_AMOUNT}",
        "minimum": -_LARGEST if minimum is None else minimum,
        "maximum": _LARGEST,
        "examples": ["12.50"],
    }


def _money_sent(field: FieldInfo, definitions: Definitions) -> Schema:
    return money_sent(definitions, field.minimum)


def money_sent(definitions: Definitions, minimum: int | None = None, *, whole: bool = True) -> Schema:
    """Return a reference to the schema of an amount with its currency; not ``whole``: one of them may be left as it is."""
    name = ("MoneySent" if whole else "MoneyPatch") + ("" if minimum is None else f"From{minimum}")

    def make() -> Schema:
        schema = money_of(decimal_sent(minimum), definitions)
        return schema if whole else {name: part for name, part in schema.items() if name != "required"}

    return definitions.refer(name, make, "sent")


def money_of(amount: Schema, definitions: Definitions) -> Schema:
    """Return the schema of an amount, which has one of its own, with its currency."""
    return {
        "type": "object",
        "properties": {"amount": amount, "currency": _currency(definitions)},
        "required": ["amount", "currency"],
        "additionalProperties": False,
        "examples": [{"amount": "12.50", "currency": "EUR"}],
    }


_SENT: Mapping[Kind, Callable[[FieldInfo, Definitions], Schema]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: lambda *_: {"type": "boolean"},
    Kind.DECIMAL: _decimal,
    Kind.MONEY: _money_sent,
    Kind.DATE: lambda *_: {"type": "string", "format": "date"},
    Kind.PARTIAL_DATE: lambda *_: {"type": "string", "pattern": PARTIAL_DATE},
    Kind.INSTANT: lambda *_: {"type": "string", "format": "date-time"},
    Kind.ID: lambda *_: {"type": "string", "format": "uuid"},
    Kind.WORDS: lambda *_: {"type": "array", "items": {"type": "string"}},
    Kind.JSON: lambda *_: {"anyOf": [{"type": "object"}, {"type": "array", "items": {}}]},
}
