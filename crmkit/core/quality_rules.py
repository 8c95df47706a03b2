"""The expectations of one application, read against its entities: of crmkit, of plugins and of the installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.errors import BadInput, ConfigError, CrmError, did_you_mean
from crmkit.core.fields import NAME
from crmkit.core.fieldtypes import Kind
from crmkit.core.filter import Predicate, fields_used, parse, speaks_of_segments
from crmkit.core.filter.faults import Unsuitable
from crmkit.core.filter.targets import Children, resolve_children
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg, shown
from crmkit.core.quality import QualityExpectation, QualitySettings, default_expectations, layered
from crmkit.core.registry import EntityRegistry

Subject = Literal["field", "part", "unique"]

LONGEST = 100
"""Characters of a name, which confirmations hold."""

TELLING = frozenset(
    {("customer", name) for name in ("kind", "name", "given_name", "family_name", "domain")}
    | {("contact_point", name) for name in ("customer_id", "kind", "normalized")}
)
"""What suspicion of duplicates rests on, as entity and field."""


@frozen(eq=False)
class Expected:
    """An expectation of ``info`` that was read. ``field`` is None where a part is expected, or a unique customer.

    ``max_age`` is in days; 0: it never grows old. ``brought_by`` is ``crmkit``, ``configuration`` or a plugin. ``reads``
    are the fields, as entity and name, that its answer tells of.
    """

    info: EntityInfo
    name: str
    label: str
    subject: Subject
    field: FieldInfo | None
    part: Children | None
    where: Predicate | None
    applies: Predicate | None
    valid: Predicate | None
    weight: int
    max_age: int
    brought_by: str
    reads: frozenset[tuple[str, str]]
    said: QualityExpectation

    @property
    def fixed(self) -> bool:
        """Whether it never grows old."""
        return self.max_age == 0


class QualityRules:
    """What is expected of each entity of ``registry``. ``plugins`` are expectations with the plugins they come from."""

    def __init__(
        self, registry: EntityRegistry, plugins: Sequence[tuple[str, QualityExpectation]], settings: QualitySettings
    ) -> None:
        self.settings = settings
        self._registry, self._plugins = registry, tuple(plugins)
        self._known: dict[str, tuple[Expected, ...]] = {}

    def check(self) -> None:
        """Raise ConfigError for expectations of plugins or of the installation that mean nothing.

        They are read only where there are any: a start without them costs nothing.
        """
        for said in (*[one for _, one in self._plugins], *self.settings.expect):
            self.of(self._registry.get(said.entity).name)

    def of(self, entity: str) -> tuple[Expected, ...]:
        """Return what is expected of an entity. Raises BadInput for one whose records nobody edits."""
        info = self._registry.get(entity)
        if not info.editable:
            raise BadInput(msg("{entity}: nobody edits these records, so nothing is expected of them", entity=entity))
        if entity not in self._known:
            self._known[entity] = tuple(self._read(info, said) for said in self._said(info))
        return self._known[entity]

    def named(self, entity: str, name: str) -> Expected:
        """Return one expectation by its name; raises BadInput with the closest one."""
        found = {one.name: one for one in self.of(entity)}
        if name not in found:
            hint = did_you_mean(name, found)
            raise BadInput(
                msg("nothing called {name} is expected of {entity}; {hint}", name=shown(name), entity=entity, hint=hint)
            )
        return found[name]

    def _said(self, info: EntityInfo) -> tuple[QualityExpectation, ...]:
        others = (*[one for _, one in self._plugins], *self.settings.expect)
        return layered((*default_expectations(info), *[one for one in others if one.entity == info.name]))

    def _brought_by(self, info: EntityInfo, name: str) -> str:
        """Return who spoke last of an expectation."""
        if any(one.entity == info.name and one.word == name for one in self.settings.expect):
            return "configuration"
        plugins = [plugin for plugin, one in self._plugins if one.entity == info.name and one.word == name]
        return plugins[-1] if plugins else "crmkit"

    def _read(self, info: EntityInfo, said: QualityExpectation) -> Expected:
        place, registry = f"{info.name}.{said.word}", self._registry
        if not said.word:
            raise ConfigError(msg("an expectation of {entity} needs a name or a field", entity=info.name))
        if not NAME.fullmatch(said.word) or len(said.word) > LONGEST:
            problem = msg(
                "an expectation of {entity} called {name}: a name is up to {longest} lower-case letters, digits and underscores",
                entity=info.name,
                name=shown(said.word),
                longest=LONGEST,
            )
            raise ConfigError(problem)
        field, part = _subject(info, said, registry)
        target = info.name if part is None else part.entity
        applies = _filter(place, "applies", said.applies, info.name, registry)
        where = _filter(place, "where", said.where, target, registry)
        valid = _filter(place, "valid", said.valid, target, registry)
        if part is None and where is not None:
            raise ConfigError(msg("{place}.where: only parts are chosen; use applies", place=place))
        reads = {(info.name, field.name)} if field is not None else set()
        for entity, predicate in ((info.name, applies), (target, where), (target, valid)):
            if predicate is not None:
                reads |= fields_used(predicate, registry, entity)
        if part is not None:
            reads.add((part.up.entity, part.up.field))
        if said.unique and field is None:
            reads |= TELLING
        return Expected(
            info=info,
            name=said.word,
            label=said.label or (field.label if field is not None and not said.unique else _spoken(said.word)),
            subject="unique" if said.unique else "field" if part is None else "part",
            field=field,
            part=part,
            where=where,
            applies=applies,
            valid=valid,
            weight=1 if said.weight is None else said.weight,
            max_age=0 if said.unique else self._max_age(said, field),
            brought_by=self._brought_by(info, said.word),
            reads=frozenset(reads),
            said=said,
        )

    def _max_age(self, said: QualityExpectation, field: FieldInfo | None) -> int:
        if said.max_age is not None:
            return said.max_age
        return 0 if field is not None and field.fixed else self.settings.max_age


def _subject(
    info: EntityInfo, said: QualityExpectation, registry: EntityRegistry
) -> tuple[FieldInfo | None, Children | None]:
    if said.part:
        if said.field or said.unique:
            raise ConfigError(
                msg("{entity}.{name}: a part is expected, or a field, not both", entity=info.name, name=said.word)
            )
        try:
            part = resolve_children(said.part, registry, info.name)
        except Unsuitable as fault:
            raise _wrong(f"{info.name}.{said.word}", "part", fault.problem) from None
        if part.down:
            raise ConfigError(
                msg("{entity}.{name}: {part} are linked, not parts", entity=info.name, name=said.word, part=said.part)
            )
        return None, part
    if said.unique and not said.field:
        if info.name != "customer":
            problem = msg("{entity}.{name}: name the field that is to be unique", entity=info.name, name=said.word)
            raise ConfigError(problem)
        return None, None
    field = info.field(said.field or said.word)
    if said.unique and (field.kind is not Kind.TEXT or field.custom):
        raise ConfigError(
            msg("{entity}.{name}: only a text of its own can be unique", entity=info.name, name=said.word)
        )
    if field.kind is Kind.JSON:
        raise ConfigError(msg("{entity}.{name}: structured data is not judged", entity=info.name, name=said.word))
    return field, None


def _filter(place: str, key: str, text: str, entity: str, registry: EntityRegistry) -> Predicate | None:
    if not text.strip():
        return None
    try:
        found = parse(text, registry, entity)
    except CrmError as error:
        raise _wrong(place, key, error.message) from None
    if speaks_of_segments(found):
        raise _wrong(place, key, msg("an expectation cannot depend on segments"))
    return found


def _wrong(place: str, key: str, problem: Message) -> ConfigError:
    return ConfigError(msg("quality, {place}.{key}: {problem}", place=place, key=key, problem=problem))


def _spoken(word: str) -> str:
    text = word.replace("_", " ")
    return text[:1].upper() + text[1:]
