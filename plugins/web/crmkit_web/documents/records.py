"""Records as documents. What to do with each field is worked out once for an entity, not once for a record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import FieldError, did_you_mean
from crmkit.core.fieldtypes import Kind
from crmkit.core.messages import msg
from crmkit_web.documents.plain import Document, money, plain
from crmkit_web.serving.problems import Problem

HIDDEN_ALWAYS = frozenset({"deleted_at"})
"""Known from what is asked: a record that is answered is alive, unless deleted ones were asked for."""

CUSTOM = "custom."
"""Stands before the name of a custom field where fields are named."""

_CONVERTED: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.MONEY: lambda value: None if value is None else money(value),
    Kind.PARTIAL_DATE: lambda value: None if value is None else str(value),
    Kind.DECIMAL: lambda value: None if value is None else f"{value:f}",
    Kind.JSON: plain,
}


class RecordForm:
    """How records of one entity are written: some fields in some order, without those that ``hidden`` names."""

    def __init__(
        self, info: EntityInfo, hidden: Collection[str] = (), names: Sequence[str] = (), deleted: bool = False
    ) -> None:
        always = frozenset[str]() if deleted else HIDDEN_ALWAYS
        custom = {field.name for field in info.fields if field.custom and field.name not in hidden}
        if names and "custom" not in names:
            custom &= {name.removeprefix(CUSTOM) for name in names if name.startswith(CUSTOM)}
        wanted = [
            field
            for field in info.stored
            if field.name not in hidden
            and field.name not in always
            and (not names or field.name in names or (field.name == "custom" and custom))
        ]
        self.names = tuple(field.name for field in wanted)
        self.versioned = "version" in self.names
        self.tag = f"-{hashlib.sha256(repr(sorted(hidden)).encode()).hexdigest()[:8]}" if hidden else ""
        """What entity tags of records get: whoever sees less of a record has another document."""
        self._get: Callable[[Any], tuple[Any, ...]] = attrgetter("id", *self.names)
        places = {field.name: place for place, field in enumerate(info.stored)}
        self._pick: Callable[[Any], tuple[Any, ...]] = itemgetter(places["id"], *[places[name] for name in self.names])
        self._special = [
            (field.name, _CONVERTED[field.kind])
            for field in wanted
            if field.kind in _CONVERTED and field.name != "custom"
        ]
        self._custom = custom if "custom" in self.names else None

    def __call__(self, record: Any) -> Document:
        """Return one record as a document."""
        return self._made(self._get(record))

    def of_values(self, values: Sequence[Any]) -> Document:
        """Return one record, given as the values of its stored fields, as a document."""
        return self._made(self._pick(values))

    def etag(self, record: Any) -> str:
        """Return the entity tag of a record that has a version: the version, and a mark where fields are left out."""
        return f'"{record.version}{self.tag}"'

    def _made(self, given: tuple[Any, ...]) -> Document:
        made = Document(zip(self.names, given[1:], strict=True))
        for name, convert in self._special:
            made[name] = convert(made[name])
        if self._custom is not None:
            made["custom"] = {name: plain(value) for name, value in made["custom"].items() if name in self._custom}
        return made


@lru_cache(maxsize=2_000)
def _form(info: EntityInfo, hidden: frozenset[str], names: tuple[str, ...], deleted: bool) -> RecordForm:
    return RecordForm(info, hidden, names, deleted)


def form_of(
    session: Any, info: EntityInfo, names: Sequence[str] = (), *, deleted: bool = False, pointer: str = "/query/fields"
) -> RecordForm:
    """Return how the session's actor may see records of an entity, by default with all fields.

    ``names`` are fields, custom ones as ``custom.NAME``. Raises Problem 400 for a name that is no field; one that may
    not be read is left out.
    """
    if not names:
        return _form(info, session.hidden(info.name), (), deleted)
    known = field_words(info)
    errors = [
        FieldError(pointer, "unknown_field", name, did_you_mean(name[:100], known))
        for name in names
        if name not in known
    ]
    if errors:
        raise Problem(400, "bad_query", msg("the query of the address is wrong"), errors=errors)
    chosen = ("id", "version", *(name for name in names if name not in ("id", "version")))
    return _form(info, session.hidden(info.name), chosen, deleted)


@lru_cache(maxsize=1_000)
def field_words(info: EntityInfo) -> Mapping[str, str]:
    """Return the names of fields by the words that the API has for them: custom ones as ``custom.NAME``."""
    return {CUSTOM + field.name if field.custom else field.name: field.name for field in info.fields}


def documents(session: Any, info: EntityInfo, records: Iterable[Any], names: Sequence[str] = ()) -> list[Document]:
    """Return records as the session's actor may see them."""
    form = form_of(session, info, names)
    return [form(record) for record in records]
