"""One block of a mapping, compiled for a source: from rows of cells to field values and references to be resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.errors import BadInput, ConfigError, FieldError, did_you_mean
from crmkit.core.fieldtypes import Kind
from crmkit.core.filter import FilterContext, compile_python, fields_used, parse
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.core.registry import EntityRegistry
from crmkit.core.validation import Validator
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.contact_point import KINDS, normalise_point
from crmkit.core.values.country import is_country
from crmkit.core.values.money import Money
from crmkit.services.importing.conversion import Convert, converter, decimal_of, mapped
from crmkit.services.importing.mapping import ImportMapping, RecordRule, ValueRule
from crmkit.services.importing.templates import Cell, as_text, compile_template, exported_column
from crmkit.store.database import Database

FieldReader = tuple[str, Cell, Convert]


@frozen(eq=False)
class Reference:
    """A field that points to another record: by external id, by fields of it, or made of the same row."""

    field: str
    entity: str
    optional: bool
    record: str = ""
    external: Cell | None = None
    system: str = ""
    match: tuple[tuple[str, Cell, Convert], ...] = ()


@frozen(eq=False)
class Block:
    """A compiled block. ``read`` are the plain fields, ``references`` what must be looked up first."""

    rule: RecordRule
    info: EntityInfo
    when: Cell | None
    where: Callable[[Any], bool] | None
    external: Cell | None
    system: str
    identify: tuple[tuple[str, Cell], ...]
    read: tuple[FieldReader, ...]
    references: tuple[Reference, ...]
    constants: Mapping[str, Any]
    money: tuple[tuple[str, Cell, ValueRule, Cell], ...]
    country: str
    national: bool
    required: tuple[str, ...]
    custom: tuple[str, ...]
    key_defaults: tuple[tuple[str, Any], ...]
    completed: bool
    label: str
    validator: Validator

    @property
    def identity(self) -> str:
        """The path, for messages, of what tells records apart."""
        names = "external_id" if self.external is not None else "+".join(self.rule.match or self.rule.identify)
        return f"{self.info.name}.{names}"

    def outline(self, values: Mapping[str, Any]) -> Any:
        """Return a record of the values that a row itself gives, references and all else left empty."""
        lacking = dict.fromkeys(name for name in self.required if name not in values)
        own = {name: value for name, value in values.items() if name not in self.custom}
        custom = {name: values[name] for name in self.custom if name in values}
        return self.info.cls(**lacking, **own, **({"custom": custom} if custom else {}))

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the values of the fields by which a record that exists is found."""
        return tuple([values.get(name, default) for name, default in self.key_defaults])

    def changes(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a row gives to a record that exists already."""
        keep = self.rule.keep
        given = {name: value for name, value in values.items() if name not in keep}
        custom = {name: given.pop(name) for name in self.custom if name in given}
        if custom:
            given["custom"] = custom
        return given

    def values(self, row: Sequence[Any], errors: list[FieldError]) -> dict[str, Any]:
        """Return the plain field values of a row; adds what cannot be read to ``errors``."""
        values = {**self.constants}
        for name, cell, convert in self.read:
            raw = cell(row)
            if raw == "" or raw is None:
                continue
            try:
                value = convert(raw)
                if value is not None:
                    values[name] = value
            except BadValue as error:
                errors.append(FieldError(f"{self.info.name}.{name}", "value", error.value, error.expected))
            except BadInput as error:
                errors.append(FieldError(f"{self.info.name}.{name}", "value", raw, error.message))
        for name, cell, rule, currency in self.money:
            raw = cell(row)
            if raw == "" or raw is None:
                continue
            try:
                values[name] = Money(decimal_of(raw, rule), as_text(currency(row)))
            except BadValue as error:
                errors.append(FieldError(f"{self.info.name}.{name}", "value", error.value, error.expected))
            except BadInput as error:
                errors.append(FieldError(f"{self.info.name}.{name}", "value", raw, error.message))
        if self.national and not values.get("country"):
            values["country"] = self.country
        return values

    def points(self, row: Sequence[Any]) -> list[tuple[str, str]]:
        """Return the contact points, as kind and normalised value, by which the row's customer may be known."""
        found = []
        for kind, cell in self.identify:
            raw = as_text(cell(row))
            if raw:
                try:
                    found.append((kind, normalise_point(kind, raw, self.country or None)))
                except BadInput:
                    # What is wrong with the value is said where it becomes a field.
                    continue
        return found


def compile_block(
    rule: RecordRule,
    mapping: ImportMapping,
    database: Database,
    columns: Sequence[str],
    earlier: Mapping[str, str],
    now: datetime,
) -> Block:
    """Return the block for a source with these columns.

    ``earlier`` maps names of earlier blocks of the same step to their entities; ``now`` is what filters count from.
    Raises BadInput for anything that the mapping gets wrong.
    """
    where = f"[[record]] {rule.label}"
    registry = database.registry
    try:
        info = registry.get(rule.entity)
    except ConfigError as error:
        raise BadInput(msg("{where}: {problem}", where=where, problem=error.message)) from None
    if not info.editable:
        raise BadInput(msg("{where}: {entity} is written by the store alone", where=where, entity=info.name))
    if info.credentials:
        raise BadInput(msg("{where}: {entity} lets people in and is not imported", where=where, entity=info.name))
    if mapping.country and not is_country(mapping.country):
        raise BadInput(
            msg("mapping, country: {value} - expected an ISO 3166 code in capitals such as DE", value=mapping.country)
        )
    read: list[FieldReader] = []
    references: list[Reference] = []
    constants: dict[str, Any] = {}
    money: list[tuple[str, Cell, ValueRule, Cell]] = []
    for name, value_rule in rule.fields.items():
        field = _field(info, name, where)
        place = f"{where}, {name}"
        _check_numbers(value_rule.amount or value_rule, place)
        if value_rule.external or value_rule.match or value_rule.record:
            if field.kind is not Kind.ID:
                raise BadInput(
                    msg("{where}: it holds {kind}, not a reference to a record", where=place, kind=field.kind.value)
                )
            references.append(_reference(field, name, value_rule, mapping, registry, columns, earlier, place))
        elif field.kind is Kind.MONEY:
            amount = value_rule.amount or value_rule
            currency = value_rule.currency or mapping.currency
            cells = compile_template(amount.from_, columns, place), compile_template(currency, columns, place)
            money.append((name, cells[0], amount, cells[1]))
        else:
            cell, convert = _reader(field, value_rule, mapping, columns, place)
            plain = "{" not in value_rule.from_.replace("{{", "") and not value_rule.exported
            if plain and not value_rule.map and value_rule.from_:
                constants[name] = _constant(cell, convert, place)
            else:
                read.append((name, cell, convert))
    for name in (*rule.match, *rule.keep):
        if _field(info, name, where).custom and name in rule.match:
            raise BadInput(msg("{where}: match: {field} is a custom field, which is no key", where=where, field=name))
    for kind in rule.identify:
        if kind not in KINDS or info.name != "customer":
            raise BadInput(
                msg("{where}: identify finds customers by contact points: {known}", where=where, known=", ".join(KINDS))
            )
    if not (rule.external_id or rule.match or rule.identify):
        raise BadInput(msg("{where}: say how to find records that exist: external_id, match or identify", where=where))
    return Block(
        rule=rule,
        info=info,
        when=compile_template(rule.when, columns, f"{where}, when") if rule.when else None,
        where=_filter(rule.where, info, registry, mapping.timezone, now, where) if rule.where else None,
        external=compile_template(rule.external_id, columns, f"{where}, external_id") if rule.external_id else None,
        system=mapping.system or mapping.name,
        identify=tuple(
            (kind, compile_template(text, columns, f"{where}, identify")) for kind, text in rule.identify.items()
        ),
        read=tuple(read),
        references=tuple(references),
        constants=constants,
        money=tuple(money),
        country=mapping.country,
        national=bool(mapping.country)
        and info.name == "contact_point"
        and constants.get("kind") in (None, "phone", "messaging"),
        required=tuple(field.name for field in info.stored if field.required and field.default is None),
        custom=tuple(field.name for field in info.fields if field.custom),
        key_defaults=tuple((name, info.by_name[name].default) for name in rule.match),
        completed=info.name in ("customer", "contact_point"),
        label=rule.label,
        validator=database.validators[info.name],
    )


def _filter(
    text: str, info: EntityInfo, registry: EntityRegistry, zone: str, now: datetime, place: str
) -> Callable[[Any], bool]:
    """Return the test of a filter on the fields that a row gives its record."""
    try:
        predicate = parse(text, registry, info.name)
    except BadInput as error:
        raise BadInput(msg("{where}, where: {problem}", where=place, problem=error.message)) from None
    if any(entity != info.name for entity, _ in fields_used(predicate, registry, info.name)):
        raise BadInput(
            msg("{where}, where: only fields of {entity} itself can be asked", where=place, entity=info.name)
        )
    return compile_python(predicate, registry, info.name, FilterContext(now=now, zone=zone))


def _field(info: EntityInfo, name: str, where: str) -> FieldInfo:
    try:
        return info.field(name)
    except ConfigError as error:
        raise BadInput(msg("{where}: {problem}", where=where, problem=error.message)) from None


def _check_numbers(rule: ValueRule, place: str) -> None:
    if rule.scale:
        try:
            finite = Decimal(rule.scale).is_finite()
        except InvalidOperation:
            finite = False
        if not finite:
            raise BadInput(
                msg("{where}: scale {value} - expected a number such as 1000", where=place, value=rule.scale)
            )
    if rule.decimal not in (None, ".", ","):
        raise BadInput(msg("{where}: decimal {value} - expected a point or a comma", where=place, value=rule.decimal))


def _reader(
    field: FieldInfo, rule: ValueRule, mapping: ImportMapping, columns: Sequence[str], place: str
) -> tuple[Cell, Convert]:
    if rule.exported:
        cell = exported_column(rule.from_, columns, place, rule.exported == "sheet")
    else:
        cell = compile_template(rule.from_, columns, place)
    if rule.default:
        plain, default = cell, rule.default

        def with_default(row: Sequence[Any]) -> Any:
            value = plain(row)
            return default if value == "" or value is None else value

        cell = with_default
    convert = converter(field, rule, _zone(mapping.timezone))
    if not rule.map:
        return cell, convert
    if rule.map not in mapping.maps:
        hint = did_you_mean(rule.map, mapping.maps)
        raise BadInput(msg("{where}: no value map {name}; {hint}", where=place, name=rule.map, hint=hint))
    look_up, inner = mapped(mapping.maps[rule.map], rule.map), convert

    def mapped_convert(value: Any) -> Any:
        found = look_up(value)
        return None if found == "" else inner(found)

    return cell, mapped_convert


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            msg("mapping, timezone: {value} - expected an IANA time zone such as Europe/Berlin", value=name)
        ) from None


def _constant(cell: Cell, convert: Convert, place: str) -> Any:
    value = cell(())
    try:
        return convert(value)
    except BadValue as error:
        raise BadInput(
            msg("{where}: {value} - expected {expected}", where=place, value=str(value), expected=error.expected)
        ) from None


def _reference(
    field: FieldInfo | None,
    name: str,
    rule: ValueRule,
    mapping: ImportMapping,
    registry: EntityRegistry,
    columns: Sequence[str],
    earlier: Mapping[str, str],
    place: str,
) -> Reference:
    if rule.record:
        if rule.record not in earlier:
            raise BadInput(
                msg(
                    "{where}: no earlier block {name} of this source; {hint}",
                    where=place,
                    name=rule.record,
                    hint=did_you_mean(rule.record, earlier),
                )
            )
        return Reference(name, earlier[rule.record], rule.optional, record=rule.record)
    entity = rule.entity or (field.reference if field else "")
    if not entity:
        raise BadInput(msg("{where}: say which entity it refers to: entity = ...", where=place))
    try:
        target = registry.get(entity)
    except ConfigError as error:
        raise BadInput(msg("{where}: {problem}", where=place, problem=error.message)) from None
    if rule.external:
        external = compile_template(rule.external, columns, place)
        return Reference(
            name, entity, rule.optional, external=external, system=rule.system or mapping.system or mapping.name
        )
    match: list[tuple[str, Cell, Convert]] = []
    for key, template in rule.match.items():
        key_field = _field(target, key, place)
        key_rule = ValueRule(from_=template)
        match.append((key, *_reader(key_field, key_rule, mapping, columns, place)))
    return Reference(name, entity, rule.optional, match=tuple(match))


def missing(reference: Reference, wanted: str) -> Message:
    """Return what to say when a referenced record does not exist."""
    return msg("a record of {entity} that exists; none is found for {wanted}", entity=reference.entity, wanted=wanted)
