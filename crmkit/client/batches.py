"""Many changes in one request, each with an outcome of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from crmkit.core.errors import FieldError
from crmkit.core.frozen import frozen

if TYPE_CHECKING:
    from crmkit.client.sending import Sender

MOST = 1_000
"""Operations that the server takes in one request."""


@frozen
class Outcome:
    """What became of one operation: its ``status`` as of a request by itself, and the record's ``id`` and ``version``.

    Of one that failed, ``code``, ``detail`` and ``errors`` say why.
    """

    status: int
    id: str = ""
    version: int | None = None
    code: str = ""
    detail: str = ""
    errors: tuple[FieldError, ...] = ()

    @property
    def done(self) -> bool:
        """Whether it was carried out."""
        return self.status < 400


class Batch:
    """Operations on records of one entity, in order; ``send()`` has them carried out.

    ``atomic``: all of them or nothing, at most 1,000. Otherwise each that is right is carried out, as many as there are.
    """

    def __init__(
        self, sender: Sender, path: Callable[[], str], sent: Callable[..., dict[str, Any]], atomic: bool
    ) -> None:
        self._sender, self._path, self._sent, self._atomic = sender, path, sent, atomic
        self._operations: list[dict[str, Any]] = []

    def create(self, record: Any = None, /, **fields: Any) -> Self:
        """Make a record of a mapping, an instance or named fields."""
        return self._add(op="create", values=self._sent(record, fields))

    def update(self, record: Any, changes: Mapping[str, Any] | None = None, /, **fields: Any) -> Self:
        """Change fields of a record that was read: it has to be the stored one."""
        from crmkit.client.records import id_of, version_of

        values = {**(changes or {}), **fields}
        return self._add(op="update", id=id_of(record), version=version_of(record), values=values)

    def delete(self, record: Any) -> Self:
        """Delete a record that was read: it has to be the stored one."""
        from crmkit.client.records import id_of, version_of

        return self._add(op="delete", id=id_of(record), version=version_of(record))

    def upsert(self, source: str, key: str, values: Any = None, /, **fields: Any) -> Self:
        """Change the record that ``source`` calls ``key``, or make it."""
        return self._add(op="upsert", source=source, key=key, values=self._sent(values, fields, known=False))

    def send(self) -> list[Outcome]:
        """Have all carried out and return the outcomes in the order of the operations.

        Raises an error of the API, with every error of every operation, for an atomic one of which any is wrong.
        """
        operations, self._operations = self._operations, []
        size = len(operations) if self._atomic else MOST
        found: list[Outcome] = []
        for at in range(0, len(operations), size or 1):
            document = {"atomic": self._atomic, "operations": operations[at : at + size]}
            answer = self._sender.document("POST", self._path(), document=document)
            found += [_outcome(one) for one in answer["results"]]
        return found

    def __len__(self) -> int:
        return len(self._operations)

    def _add(self, **operation: Any) -> Self:
        self._operations.append({name: value for name, value in operation.items() if value is not None})
        return self


def _outcome(told: Mapping[str, Any]) -> Outcome:
    from crmkit.client.errors import field_error

    return Outcome(
        status=int(told["status"]),
        id=str(told.get("id", "")),
        version=told.get("version"),
        code=str(told.get("code", "")),
        detail=str(told.get("detail", "")),
        errors=tuple(field_error(one) for one in told.get("errors", ())),
    )
