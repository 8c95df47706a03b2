"""The entities of one application: those of the core, of its plugins and of its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

import attrs

from crmkit.core.entity import EMPTY, CustomField, EntityInfo, FieldInfo, Part, ViaLink, entity_info
from crmkit.core.errors import ConfigError, did_you_mean
from crmkit.core.fields import ErasePolicy, MergePolicy
from crmkit.core.messages import msg

if TYPE_CHECKING:
    from crmkit.core.domain_event import EventDeclaration

_MERGE: tuple[str, ...] = get_args(MergePolicy)
_ERASE: tuple[str, ...] = get_args(ErasePolicy)


class EntityRegistry:
    """Knows every entity of one application, with its custom fields. Two applications have two registries.

    ``owners`` says which plugin registered a class, where the class itself does not name one.
    """

    def __init__(
        self,
        classes: Iterable[type[Any]],
        custom_fields: Sequence[CustomField] = (),
        owners: Mapping[Any, str] = EMPTY,
    ) -> None:
        self._by_name: dict[str, EntityInfo] = {}
        self._owners = owners
        for cls in classes:
            self._add(entity_info(cls))
        for custom in custom_fields:
            self._extend(custom)
        self._by_class = {info.cls: info for info in self._by_name.values()}
        self.parsed: dict[tuple[str, str], Any] = {}
        """Filters that were read already, by entity and text: what they mean depends on the entities alone."""
        self.counted: dict[str, Any] = {}
        """What filters can count from an entity, once it was worked out."""
        self.filled: frozenset[tuple[str, str]] = frozenset()
        """Entity and name of the filterable custom fields whose columns hold the values of all records."""
        self.events: Mapping[str, EventDeclaration] = MappingProxyType({})
        """The domain events that plugins declared, by name."""
        self.credentials = frozenset(name for name, info in self._by_name.items() if info.credentials)
        """The entities whose records let people and programs in."""
        self._check_references()
        self._check_policies()
        self._check_copies()

    def __iter__(self) -> Iterator[EntityInfo]:
        return iter(self._by_name.values())

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def get(self, entity: str | type[Any]) -> EntityInfo:
        """Return an entity by its name or class; raises ConfigError with the closest name when there is none."""
        info = self._by_name.get(entity) if isinstance(entity, str) else self._by_class.get(entity)
        if info is None:
            name = entity if isinstance(entity, str) else entity.__name__
            raise ConfigError(msg("no entity {name}; {hint}", name=name, hint=did_you_mean(name, self._by_name)))
        return info

    def of(self, record: Part) -> EntityInfo:
        """Return the entity of a record."""
        return self._by_class.get(type(record)) or self.get(type(record))

    def references_to(self, entity: str) -> list[tuple[EntityInfo, FieldInfo]]:
        """Return every field, of any entity, that points to ``entity``."""
        return [(info, field) for info in self for field in info.fields if field.reference == entity]

    def children(self, entity: str) -> dict[str, tuple[EntityInfo, FieldInfo]]:
        """Return what filters may ask "has at least n" of: child entities by plural name, with the field that points up.

        A child that points at ``entity`` by several fields is named ``plural_field`` for each of them but the first.
        """
        found: dict[str, tuple[EntityInfo, FieldInfo]] = {}
        for info, field in self.references_to(entity):
            if not field.common:
                name = info.plural if info.plural not in found else f"{info.plural}_{field.name.removesuffix('_id')}"
                found[name] = (info, field)
        return found

    def in_reference_order(self) -> list[EntityInfo]:
        """Return the entities so that referenced ones come before those that refer to them, cycles cut by name order."""
        order: list[EntityInfo] = []
        state: dict[str, bool] = {}

        def visit(info: EntityInfo) -> None:
            if info.name in state:
                return
            state[info.name] = False
            for target in sorted({f.reference for f in info.stored if f.reference}):
                visit(self._by_name[target])
            order.append(info)

        for name in sorted(self._by_name):
            visit(self._by_name[name])
        return order

    def _add(self, info: EntityInfo) -> None:
        for known in self._by_name.values():
            if known.cls is not info.cls and (known.name == info.name or known.plural == info.plural):
                raise ConfigError(
                    msg(
                        "entity {name} is declared twice: by {first} and by {second}",
                        name=info.name,
                        first=known.plugin,
                        second=info.plugin,
                    )
                )
        owner = self._owners.get(info.cls, info.plugin)
        self._by_name[info.name] = info if owner == info.plugin else attrs.evolve(info, plugin=owner)

    def _extend(self, custom: CustomField) -> None:
        info = self.get(custom.entity)
        if custom.name in info.by_name:
            raise ConfigError(msg("{entity} has a field {field} already", entity=info.name, field=custom.name))
        self._by_name[info.name] = info.with_custom((custom.info(),))

    def _check_references(self) -> None:
        for info in self:
            for field in info.fields:
                if field.reference and field.reference not in self._by_name:
                    raise ConfigError(
                        msg(
                            "{entity}.{field} refers to no entity {target}; {hint}",
                            entity=info.name,
                            field=field.name,
                            target=field.reference,
                            hint=did_you_mean(field.reference, self._by_name),
                        )
                    )

    def _check_copies(self) -> None:
        """What a link says to hold of the record that it leads to is a field of both."""
        for info in self:
            for rule in info.access:
                if isinstance(rule, ViaLink) and rule.link in self:
                    for name in rule.copies:
                        info.field(name)
                        self.get(rule.link).field(name)

    def _check_policies(self) -> None:
        """Customers are merged and erased; whoever refers to one says what becomes of the reference."""
        for info, field in self.references_to("customer"):
            if field.merge not in _MERGE or field.erase not in _ERASE:
                raise ConfigError(
                    msg(
                        "{entity}.{field} refers to a customer, so it must say what becomes of it when customers are merged "
                        "(merge: {merge}; given: {given_merge}) and erased (erase: {erase}; given: {given_erase})",
                        entity=info.name,
                        field=field.name,
                        merge=", ".join(_MERGE),
                        given_merge=field.merge or "-",
                        erase=", ".join(_ERASE),
                        given_erase=field.erase or "-",
                    )
                )
