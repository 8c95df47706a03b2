"""What can be wrong with a lifecycle beyond its form: names that lead nowhere, rules that never act, bad filters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import FieldError, ValidationFailed, did_you_mean
from crmkit.core.fields import NAME
from crmkit.core.fieldtypes import Kind
from crmkit.core.filter import FilterError, parse
from crmkit.core.filter.faults import Unsuitable
from crmkit.core.filter.targets import resolve_children
from crmkit.core.lifecycle_definition import EventDefinition, LifecycleDefinition, RuleDefinition
from crmkit.core.messages import msg
from crmkit.core.registry import EntityRegistry

RESERVED = ("remap",)
"""Words that stand in place of a rule's name."""


def definition_errors(definition: LifecycleDefinition, path: str) -> list[FieldError]:
    """Return everything wrong in ``definition`` that needs no look at entities, below ``path``."""
    return [
        *_stage_errors(definition, path),
        *(
            error
            for place, rule in enumerate(definition.rules)
            for error in _rule_errors(definition, rule, f"{path}.rules[{place}]")
        ),
        *_twice([rule.name for rule in definition.rules], f"{path}.rules", RESERVED),
    ]


def entity_errors(definition: LifecycleDefinition, registry: EntityRegistry, path: str) -> list[FieldError]:
    """Return what in ``definition`` does not suit the entities: unknown names, filters that cannot be asked."""
    if definition.entity not in registry:
        names = [info.name for info in registry]
        expected = msg("an entity; {hint}", hint=did_you_mean(definition.entity, names))
        return [FieldError(f"{path}.entity", "unknown", definition.entity, expected)]
    info = registry.get(definition.entity)
    references = {field.name for field in info.fields if field.reference and not field.custom}
    if definition.subject and definition.subject not in references:
        expected = msg(
            "a reference of {entity}; {hint}", entity=info.name, hint=did_you_mean(definition.subject, references)
        )
        return [FieldError(f"{path}.subject", "unknown", definition.subject, expected)]
    subject = subject_entity(definition, registry)
    filters = [(f"stages[{place}].criteria", stage.criteria) for place, stage in enumerate(definition.stages)]
    filters += [(f"rules[{place}].when", rule.when) for place, rule in enumerate(definition.rules)]
    found = [
        error for place, text in filters for error in _filter_errors(text, registry, subject.name, f"{path}.{place}")
    ]
    for name, event in definition.events.items():
        found += _event_errors(event, registry, info, subject, f"{path}.events.{name}")
    return found


def check_lifecycle(definition: LifecycleDefinition, registry: EntityRegistry, plugin: str = "") -> None:
    """Raise ValidationFailed with everything wrong in a definition; ``plugin`` tells where it comes from."""
    path = f"{plugin}.{definition.name}" if plugin else "lifecycle"
    errors = definition_errors(definition, path) or entity_errors(definition, registry, path)
    if errors:
        raise ValidationFailed(errors)


def subject_entity(definition: LifecycleDefinition, registry: EntityRegistry) -> EntityInfo:
    """Return the entity that the definition's filters and events are asked of."""
    info = registry.get(definition.entity)
    return registry.get(info.field(definition.subject).reference) if definition.subject else info


def _stage_errors(definition: LifecycleDefinition, path: str) -> Iterator[FieldError]:
    names = definition.names
    if not NAME.fullmatch(definition.name):
        yield FieldError(f"{path}.name", "name", definition.name, msg("lower-case letters, digits and underscores"))
    if not names:
        yield FieldError(f"{path}.stages", "required", None, msg("at least one stage"))
    for place, stage in enumerate(definition.stages):
        if not NAME.fullmatch(stage.name):
            expected = msg("lower-case letters, digits and underscores")
            yield FieldError(f"{path}.stages[{place}].name", "name", stage.name, expected)
        yield from _unknown(stage.to, names, f"{path}.stages[{place}].to")
        if stage.criteria and stage.name == definition.first:
            expected = msg("nothing: records begin here")
            yield FieldError(f"{path}.stages[{place}].criteria", "first", stage.criteria, expected)
        if stage.final and stage.to:
            yield FieldError(
                f"{path}.stages[{place}].to", "final", ", ".join(stage.to), msg("nothing: the stage is final")
            )
    yield from _twice(names, f"{path}.stages")
    yield from _unknown([definition.start] if definition.start else [], names, f"{path}.start")
    for gone, kept in definition.remap.items():
        yield from _unknown([kept], names, f"{path}.remap.{gone}")
        if gone in names:
            yield FieldError(f"{path}.remap.{gone}", "stands", gone, msg("a stage of an earlier revision that is gone"))


def _rule_errors(definition: LifecycleDefinition, rule: RuleDefinition, path: str) -> Iterator[FieldError]:
    names = definition.names
    yield from _unknown(rule.from_, names, f"{path}.from")
    yield from _unknown([rule.to], names, f"{path}.to")
    if not rule.from_:
        yield FieldError(f"{path}.from", "required", None, msg("at least one stage"))
    if rule.to in rule.from_:
        yield FieldError(f"{path}.from", "same", rule.to, msg("other stages than the one it leads to"))
    for name in rule.from_:
        stage = definition.find(name)
        if stage is not None and not stage.allows(rule.to):
            yield FieldError(f"{path}.to", "not_allowed", rule.to, msg("a stage that may follow {stage}", stage=name))
    for key, event in (("on", rule.on), ("without", rule.without)):
        yield from _unknown([event] if event else [], definition.events, f"{path}.{key}")
    if rule.on and rule.without:
        yield FieldError(f"{path}.without", "both", rule.without, msg("nothing, since the rule has on"))
    if rule.without and rule.after <= timedelta():
        yield FieldError(
            f"{path}.after", "required", None, msg("how long it may last without {event}", event=rule.without)
        )
    if rule.past and not rule.on:
        yield FieldError(f"{path}.past", "unused", rule.past, msg("nothing, unless the rule has on"))
    if not (rule.when or rule.on or rule.without or rule.after):
        yield FieldError(path, "empty", rule.name, msg("a condition: when, on, without or after"))


def _event_errors(
    event: EventDefinition, registry: EntityRegistry, tracked: EntityInfo, subject: EntityInfo, path: str
) -> Iterator[FieldError]:
    try:
        child = registry.get(resolve_children(event.children, registry, subject.name).entity)
    except Unsuitable as error:
        yield FieldError(f"{path}.children", "unknown", event.children, error.problem)
        return
    dated = [field.name for field in child.fields if field.kind is Kind.INSTANT and not field.custom]
    if event.at not in dated:
        expected = msg(
            "a field of {entity} that holds an instant; {hint}", entity=child.name, hint=did_you_mean(event.at, dated)
        )
        yield FieldError(f"{path}.at", "unknown", event.at, expected)
    shared = {field.name for field in child.stored} & {field.name for field in tracked.stored}
    yield from _unknown(event.same, shared, f"{path}.same")
    yield from _filter_errors(event.where, registry, child.name, f"{path}.where")


def _filter_errors(text: str, registry: EntityRegistry, entity: str, path: str) -> Iterator[FieldError]:
    if text:
        try:
            parse(text, registry, entity)
        except FilterError as error:
            yield FieldError(path, "filter", text, error.message)


def _unknown(names: Iterable[str], known: Iterable[str], path: str) -> Iterator[FieldError]:
    words = list(known)
    for name in names:
        if name not in words:
            yield FieldError(path, "unknown", name, msg("a known name; {hint}", hint=did_you_mean(name, words)))


def _twice(names: Iterable[str], path: str, taken: Iterable[str] = ()) -> Iterator[FieldError]:
    seen = set(taken)
    for place, name in enumerate(names):
        if not name or name in seen:
            yield FieldError(f"{path}[{place}].name", "twice", name, msg("a name that no other has"))
        seen.add(name)
