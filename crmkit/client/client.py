"""The client: one server, one user, and everything that the API has, by subject."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from crmkit.client.changes import Changes
from crmkit.client.files import Source, named_content, saved
from crmkit.client.jobs import Export, Import, Job
from crmkit.client.records import Records, id_of, segment
from crmkit.client.sending import Retries, Sender
from crmkit.client.values import entity_of

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class Client:
    """Speaks to the API of the server at ``address`` as the user of ``token``; use it in a ``with`` block.

    ``timeout`` is how long to wait for a connection and for each part of an answer, in seconds; ``language`` is that of
    messages, by default the user's. ``http`` is a client of httpx of your own, with proxies or certificates, say, which
    you close yourself. Threads may share a client.
    """

    def __init__(
        self,
        address: str,
        token: str = "",
        *,
        timeout: float = 30.0,
        retries: Retries | None = None,
        language: str = "",
        http: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx

        headers = {"accept": "application/json", "user-agent": "crmkit-client"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        if language:
            headers["accept-language"] = language
        self._own = http is None
        self._http = http if http is not None else httpx.Client(timeout=timeout)
        self._sender = Sender(self._http, address, headers, retries or Retries(), sleep)
        self._plurals: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._own:
            self._http.close()

    @overload
    def records(self, entity: type[T]) -> Records[T]: ...
    @overload
    def records(self, entity: str) -> Records[Mapping[str, Any]]: ...
    @overload
    def records(self, entity: str, shape: type[T]) -> Records[T]: ...

    def records(self, entity: str | type[Any], shape: type[Any] | None = None) -> Records[Any]:
        """Return the records of an entity: by its name, as in ``customer``, or by its class.

        By name they are mappings, or instances of ``shape``, an attrs class that asks for the fields of its attributes.
        By class they are instances of it, every value with its type: decimals, dates, money.
        """
        if isinstance(entity, str):
            return Records(self._sender, lambda: self._plural(entity), shape)
        info = entity_of(entity)
        if info is None:
            raise TypeError(f"{entity.__name__} is no entity; name the entity, and give the class as shape")
        return Records(self._sender, lambda: info.plural, entity)

    def _plural(self, name: str) -> str:
        """Return the plural name of an entity, by which addresses know it; asked for once, of all entities."""
        if not self._plurals:
            entities = self.metadata()["entities"]
            self._plurals = {one["name"]: one["plural"] for one in entities}
        # What there is not, the server tells with the closest that there is.
        return segment(self._plurals.get(name, name))

    def metadata(self, entity: str = "") -> Mapping[str, Any]:
        """Return what there is: plugins and entities; of one entity, by its name, its fields and what one may do."""
        return self._told("GET", f"/metadata/{self._plural(entity)}" if entity else "/metadata")

    # -- finding -----------------------------------------------------------------------------------------------------

    def search(self, text: str, entities: Sequence[str] = (), *, limit: int = 20) -> Mapping[str, Any]:
        """Return the records that fit what somebody typed (``items``), and what plugins found (``provided``)."""
        query = {"q": text, "entities": tuple(entities), "limit": limit}
        return self._told("GET", "/search", query=query)

    def identify(self, **evidence: Any) -> Mapping[str, Any]:
        """Return who somebody is, of whom this is known: ``emails``, ``phones``, ``name``, ``external`` and the rest."""
        return self._told("POST", "/identify", document=evidence)

    def timeline(self, customer: Any, **query: Any) -> Iterator[Mapping[str, Any]]:
        """Yield what happened with a customer, the newest first."""
        return self.records("customer").timeline(customer, **query)

    def changes(self, since: str = "", entities: Sequence[str] = (), *, follow: float | None = None) -> Changes:
        """Return what changed since a place (``Changes.place``), an instant as text, or ``now``; by default, ever.

        It ends with what there is, or goes on for ever and looks again after ``follow`` seconds.
        """
        return Changes(self._sender, since, entities, follow)

    # -- merging, actions, reports -----------------------------------------------------------------------------------

    def preview_merge(self, entity: str, kept: Any, lost: Any, choices: Mapping[str, Any] | None = None) -> Any:
        """Return what ``merge`` would do, with the ``versions`` that it would do it with."""
        return self._told("POST", f"/{self._plural(entity)}/merge/preview", document=_pair(kept, lost, choices))

    def merge(
        self,
        entity: str,
        kept: Any,
        lost: Any,
        choices: Mapping[str, Any] | None = None,
        *,
        versions: Sequence[int] | None = None,
    ) -> Mapping[str, Any]:
        """Make one record of two, given as records or ids; ``kept`` stays. With ``versions``, only if both are those."""
        document = _pair(kept, lost, choices) | ({"versions": list(versions)} if versions else {})
        return self._told("POST", f"/{self._plural(entity)}/merge", document=document)

    def undo_merge(self, merge: Any) -> Mapping[str, Any]:
        """Take a merge back, and return what could be brought back and what stays."""
        return self._told("POST", f"/merges/{segment(id_of(merge))}/undo")

    def action(self, id: str, *records: Any, **input: Any) -> Any:
        """Do an action with some records (or their ids), and return what it answers."""
        document: dict[str, Any] = {"ids": [id_of(one) for one in records]} if records else {}
        if input:
            document["input"] = input
        return self._sender.document("POST", f"/actions/{segment(id)}", document=document)

    def report(self, id: str, **query: Any) -> Mapping[str, Any]:
        """Return a report: its blocks, as far as the query asks."""
        return self._told("GET", f"/reports/{segment(id)}", query=query)

    # -- files and long work -----------------------------------------------------------------------------------------

    def import_file(
        self,
        source: Source,
        *,
        entity: str = "",
        mapping: str = "",
        mapping_name: str = "",
        name: str = "",
        dry_run: bool = False,
        confirmed: Sequence[str] = (),
    ) -> Import:
        """Upload a file to be imported, and return the job that does it; ``wait()`` for it.

        The rows are records of ``entity`` when the columns are named as its fields; else ``mapping`` (TOML) or
        ``mapping_name``, one that the installation offers, says what they are.
        """
        form: dict[str, Any] = {"entity": entity, "mapping": mapping, "mapping_name": mapping_name}
        form = {key: value for key, value in form.items() if value}
        if dry_run:
            form["dry_run"] = "true"
        if confirmed:
            form["confirmed"] = list(confirmed)
        files = {"file": named_content(source, name)}
        return Import(self._sender, self._sender.document("POST", "/imports", files=files, form=form))

    def export(self, entity: str, filter: str = "", *, fields: Sequence[str] = (), format: str = "csv") -> Export:
        """Have records written to a file (csv, xlsx, jsonl, vcard), and return the job; ``wait().save(path)``."""
        document = {"entity": entity, "filter": filter, "fields": list(fields), "format": format}
        return Export(self._sender, self._sender.document("POST", "/exports", document=document))

    def job(self, id: Any) -> Job:
        """Return a job that the user asked for."""
        return Job(self._sender, self._sender.document("GET", f"/jobs/{segment(id_of(id))}"))

    def attach(self, interaction: Any, source: Source, *, name: str = "") -> Mapping[str, Any]:
        """Attach a file to an interaction, and return the attachment; the same file is attached once."""
        path = f"/interactions/{segment(id_of(interaction))}/attachments"
        return self._told("POST", path, files={"file": named_content(source, name)})

    def attachments(self, interaction: Any) -> Sequence[Mapping[str, Any]]:
        """Return the attachments of an interaction."""
        found = self._told("GET", f"/interactions/{segment(id_of(interaction))}/attachments")
        return list(found["items"])

    def save_attachment(self, attachment: Any, target: Path | str) -> Path:
        """Save the content of an attachment to a file."""
        return saved(self._sender, f"/attachments/{segment(id_of(attachment))}/content", target)

    # -- everything else ---------------------------------------------------------------------------------------------

    def request(self, method: str, path: str, *, query: Mapping[str, Any] | None = None, document: Any = None) -> Any:
        """Send a request to an address below ``/api/v1`` and return its document: a plugin's route, for one."""
        return self._sender.document(method, path, query=query, document=document)

    def _told(self, method: str, path: str, **given: Any) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._sender.document(method, path, **given)
        return found


def _pair(kept: Any, lost: Any, choices: Mapping[str, Any] | None) -> dict[str, Any]:
    made: dict[str, Any] = {"kept_id": id_of(kept), "lost_id": id_of(lost)}
    return made | ({"choices": dict(choices)} if choices else {})
