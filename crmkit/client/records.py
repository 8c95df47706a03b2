"""Records of one entity: listed through all pages, read, made, changed, deleted, brought back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from uuid import UUID

import attrs

from crmkit.client.batches import Batch
from crmkit.client.errors import StaleVersion
from crmkit.client.sending import Sender
from crmkit.client.values import as_class, as_entity, entity_of, of_entity, plain

if TYPE_CHECKING:
    from crmkit.core.entity import EntityInfo

T = TypeVar("T")
Named = Any
"""A record (a mapping or an instance), or the id of one."""

PAGE = 200
"""Records that are fetched at once."""
MOST_REPEATED = 5


class Records(Generic[T]):
    """The records of one entity, as mappings or as instances of a class."""

    def __init__(self, sender: Sender, plural: Callable[[], str], shape: type[Any] | None = None) -> None:
        self._sender, self._plural, self._shape = sender, plural, shape
        self._info: EntityInfo | None = entity_of(shape) if shape is not None else None

    # -- reading -----------------------------------------------------------------------------------------------------

    def list(
        self,
        filter: str = "",
        *,
        sort: str = "",
        fields: Sequence[str] = (),
        include: Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[T]:
        """Yield the records that fit ``filter``, all of them or ``limit``; pages are fetched as they are needed.

        ``sort`` lists fields separated by commas, each with ``-`` in front to descend. ``fields``: only these (ids and
        versions always come). ``include`` names paths to further records: all those of a page stand in ``included`` of
        each mapping.
        """
        query = {"filter": filter, "sort": sort, "fields": tuple(fields) or self._wanted(), "include": tuple(include)}
        left, cursor = limit, None
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = self._sender.document("GET", self._path(), query={**query, "limit": size, "cursor": cursor})
            beside = {"included": page["included"]} if "included" in page else {}
            for item in page["items"]:
                yield self._shaped({**item, **beside})
            left = None if left is None else left - len(page["items"])
            cursor = page["next"]
            if not cursor:
                return

    def count(self, filter: str = "") -> int:
        """Return how many records fit a filter."""
        query = {"filter": filter, "limit": 1, "fields": ("id",), "count": "exact"}
        return int(self._sender.document("GET", self._path(), query=query)["count"])

    def first(self, filter: str = "", *, sort: str = "", fields: Sequence[str] = ()) -> T | None:
        """Return the first record that fits, None when there is none."""
        return next(self.list(filter, sort=sort, fields=fields, limit=1), None)

    def get(self, id: UUID | str, *, fields: Sequence[str] = (), include: Sequence[str] = ()) -> T:
        """Return one record; raises NotFound."""
        query = {"fields": tuple(fields) or self._wanted(), "include": tuple(include)}
        return self._shaped(self._sender.document("GET", self._path(id), query=query))

    def as_of(self, id: UUID | str, at: Any) -> Any:
        """Return a record as it was at an instant, as the API tells it."""
        return self._sender.document("GET", self._path(id, "as-of"), query={"at": at})

    def history(self, id: UUID | str) -> Iterator[Mapping[str, Any]]:
        """Yield who changed what in a record, as the API tells it."""
        return paged(self._sender, self._path(id, "history"))

    def timeline(self, record: Named, **query: Any) -> Iterator[Mapping[str, Any]]:
        """Yield what happened with a record, the newest first; ``query`` is that of the address, as in ``kinds=...``."""
        return paged(self._sender, self._path(id_of(record), "timeline"), query)

    # -- writing -----------------------------------------------------------------------------------------------------

    def create(self, record: T | Mapping[str, Any] | None = None, /, **fields: Any) -> T:
        """Make a record of a mapping, an instance or named fields, and return it as it is stored."""
        return self._shaped(self._sender.document("POST", self._path(), document=self._sent(record, fields)))

    def update(
        self,
        record: Named,
        changes: Mapping[str, Any] | None = None,
        /,
        *,
        version: int | None = None,
        repeat: Callable[[T], Mapping[str, Any] | None] | None = None,
        **fields: Any,
    ) -> T:
        """Change fields of a record and return it as it is stored; None clears a field.

        ``record`` is one that was read, whose version then has to be the stored one. An id, or one of a class without a
        version, is read first unless ``version`` is given. Raises StaleVersion when somebody else changed it since. With
        ``repeat``, the record is then read again, and what that function makes of it is sent instead, up to five times;
        None gives up the change.
        """
        id, seen = id_of(record), version if version is not None else version_of(record)
        wanted: Mapping[str, Any] | None = {**(changes or {}), **fields}
        if seen is None:
            seen = self._fresh(id)[1]
        for left in reversed(range(MOST_REPEATED)):
            try:
                return self._patched(id, wanted or {}, seen)
            except StaleVersion:
                if repeat is None or not left:
                    raise
            fresh, seen = self._fresh(id)
            wanted = repeat(fresh)
            if wanted is None:
                return fresh
        raise AssertionError("unreachable")

    def delete(self, record: Named, *, version: int | None = None) -> None:
        """Delete a record; as ``update``, it has to be the one that was read."""
        seen = version if version is not None else version_of(record)
        if seen is None:
            seen = self._fresh(id_of(record))[1]
        self._sender.send("DELETE", self._path(id_of(record)), headers=_if_match(seen))

    def restore(self, record: Named) -> T:
        """Bring a deleted record back and return it."""
        return self._shaped(self._sender.document("POST", self._path(id_of(record), "restore")))

    def by_key(self, source: str, key: str, *, fields: Sequence[str] = ()) -> T:
        """Return the record that another system, ``source``, calls by a key; raises NotFound."""
        query = {"fields": tuple(fields) or self._wanted()}
        return self._shaped(self._sender.document("GET", self._path("by", source, key), query=query))

    def upsert(self, source: str, key: str, values: Any = None, /, **fields: Any) -> T:
        """Change the record that ``source`` calls ``key``, or make it; return it as it is stored."""
        document = self._sent(values, fields, known=False)
        return self._shaped(self._sender.document("PUT", self._path("by", source, key), document=document))

    def batch(self, *, atomic: bool = True) -> Batch:
        """Return an empty batch of changes: fill it and ``send()`` it."""
        return Batch(self._sender, lambda: self._path("batch"), self._sent, atomic)

    def change_all(self, filter: str, **details: Any) -> Any:
        """Have one thing done with all records that fit a filter, and return the job.

        One of ``set`` (fields as in ``update``), ``delete=True``, ``action`` (with ``input``), ``add_to`` and
        ``remove_from`` (frozen segments). With ``dry_run=True``, the number of records (``count``) instead; that is then
        ``expected``, without which the server changes nothing.
        """
        from crmkit.client.jobs import Job

        answer = self._sender.document("POST", self._path("bulk"), document={"filter": filter, **details})
        return answer if details.get("dry_run") else Job(self._sender, answer)

    # -- inner -------------------------------------------------------------------------------------------------------

    def _path(self, *parts: Any) -> str:
        return "/" + "/".join([self._plural(), *(segment(part) for part in parts)])

    def _patched(self, id: str, changes: Mapping[str, Any], version: int | None) -> T:
        headers = {**_if_match(version), "content-type": "application/merge-patch+json"}
        return self._shaped(self._sender.document("PATCH", self._path(id), document=changes, headers=headers))

    def _fresh(self, id: str) -> tuple[T, int | None]:
        """Return a record as it is now, and its version, which a class of one's own need not have."""
        document = self._sender.document("GET", self._path(id), query={"fields": self._wanted()})
        return self._shaped(document), version_of(document)

    def _wanted(self) -> tuple[str, ...]:
        """Return the fields that a class other than an entity asks for: its attributes."""
        if self._shape is None or self._info is not None:
            return ()
        return tuple(one.name for one in attrs.fields(self._shape) if one.name not in ("id", "version", "included"))

    def _shaped(self, document: Mapping[str, Any]) -> T:
        if self._shape is None:
            return cast(T, document)
        if self._info is not None:
            return cast(T, as_entity(self._info, document))
        return cast(T, as_class(self._shape, document))

    def _sent(self, record: Any, fields: Mapping[str, Any], *, known: bool = True) -> dict[str, Any]:
        """Return what makes a record; unless it is ``known`` by its id, an instance is sent without that."""
        if record is None:
            return dict(fields)
        if isinstance(record, Mapping):
            return {**record, **fields}
        info = entity_of(type(record))
        if info is not None:
            made = of_entity(info, record)
        else:
            made = {name: value for name, value in plain(record).items() if value is not None and name != "version"}
        if not known:
            made.pop("id", None)
        return made | dict(fields)


def paged(sender: Sender, path: str, query: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """Yield the items of all pages of an address."""
    cursor = None
    while True:
        page = sender.document("GET", path, query={**(query or {}), "cursor": cursor})
        yield from page["items"]
        cursor = page.get("next")
        if not cursor:
            return


def segment(part: Any) -> str:
    """Return one part of a path, whatever stands in it."""
    from urllib.parse import quote

    return quote(str(part), safe="")


def id_of(record: Named) -> str:
    """Return the id of a record, or the id that it is."""
    if isinstance(record, str | UUID):
        return str(record)
    return str(record["id"] if isinstance(record, Mapping) else record.id)


def version_of(record: Any) -> int | None:
    """Return the version of a record that was read; None for an id."""
    if isinstance(record, str | UUID):
        return None
    if isinstance(record, Mapping):
        return record.get("version")
    return getattr(record, "version", None)


def _if_match(version: int | None) -> dict[str, str]:
    return {"if-match": "*" if version is None else f'"{version}"'}
