"""What a merge changed, kept in its journal as JSON: enough to take it back field by field.

Records that did no more than follow a reference share one image; every other has its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec

from crmkit.core.entity import EntityInfo, change, changed_fields
from crmkit.core.frozen import frozen
from crmkit.core.jsonforms import field_value
from crmkit.core.registry import EntityRegistry
from crmkit.store.types import to_json

Image = Mapping[str, Any]


@frozen
class FieldImage:
    """One field of a record before and after a merge, in JSON form. A custom field is called ``custom.NAME``."""

    name: str
    before: Any
    after: Any


@frozen
class RecordImage:
    """What a merge did to one record; ``created``: it was made by the merge."""

    entity: str
    id: UUID
    fields: tuple[FieldImage, ...]
    created: bool = False


@frozen
class Moved:
    """Records that did no more than follow by ``field``, from one id to another; ``ids`` are text."""

    entity: str
    field: str
    before: str
    after: str
    ids: list[str]

    @property
    def image(self) -> Image:
        """All of them in one image."""
        return {"entity": self.entity, "fields": {self.field: [self.before, self.after]}, "ids": self.ids}


def images_of(
    registry: EntityRegistry, pairs: Iterable[tuple[Any, Any]], moved: Iterable[Moved] = ()
) -> tuple[Image, ...]:
    """Return the images of records before and after a merge. Those of ``moved`` stand first, as they were written first."""
    moves: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    single: list[Image] = []
    for before, after in pairs:
        entity = registry.of(after).name
        if before is None:
            single.append({"entity": entity, "id": str(after.id), "created": True})
            continue
        fields = list(_changed(before, after))
        if len(fields) == 1 and isinstance(fields[0].before, str) and isinstance(fields[0].after, str):
            (only,) = fields
            key = (entity, only.name, only.before, only.after)
            shared = {"entity": entity, "fields": {only.name: [only.before, only.after]}, "ids": []}
            moves.setdefault(key, shared)["ids"].append(str(after.id))
        elif fields:
            values = {field.name: [field.before, field.after] for field in fields}
            single.append({"entity": entity, "id": str(after.id), "fields": values})
    return (*[one.image for one in moved if one.ids], *moves.values(), *single)


def moved_in(image: Image) -> Moved | None:
    """Return what an image tells of records that share it, of which one reference or text changed; None for others."""
    if "ids" not in image:
        return None
    ((field, (before, after)),) = image["fields"].items()
    return Moved(image["entity"], field, before, after, list(image["ids"]))


def read_images(images: Iterable[Image]) -> Iterator[RecordImage]:
    """Yield the images of a journal, one for each record."""
    for image in images:
        fields = tuple(FieldImage(name, *values) for name, values in image.get("fields", {}).items())
        for id in image.get("ids") or [image["id"]]:
            yield RecordImage(image["entity"], UUID(id), fields, bool(image.get("created")))


def taken_back(info: EntityInfo, image: RecordImage, record: Any) -> tuple[Any, tuple[str, ...]]:
    """Return ``record`` with the values from before the merge, and the fields that were changed since and stay."""
    left: list[str] = []
    values: dict[str, Any] = {}
    custom = dict(record.custom)
    for field in image.fields:
        name = field.name.removeprefix("custom.")
        own = name != field.name
        now = plain(record.custom.get(name) if own else getattr(record, name, None))
        if now == field.before:
            continue
        if now != field.after or (not own and name not in info.by_name):
            left.append(field.name)
        elif not own:
            values[name] = field_value(info, name, field.before)
        elif field.before is None:
            custom.pop(name, None)
        else:
            custom[name] = field_value(info, "custom", {name: field.before})[name]
    if custom != record.custom:
        values["custom"] = custom
    return (change(record, **values) if values else record), tuple(left)


def plain(value: Any) -> Any:
    """Return a value as JSON gives it back."""
    if value is None or type(value) in (str, int, bool):
        return value
    return str(value) if isinstance(value, UUID) else msgspec.json.decode(to_json(value))


def _changed(before: Any, after: Any) -> Iterator[FieldImage]:
    for name in changed_fields(before, after):
        old, new = getattr(before, name), getattr(after, name)
        if name != "custom":
            yield FieldImage(name, plain(old), plain(new))
            continue
        for key in dict.fromkeys((*old, *new)):
            if old.get(key) != new.get(key):
                yield FieldImage(f"custom.{key}", plain(old.get(key)), plain(new.get(key)))
