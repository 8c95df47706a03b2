"""The limit: a bare ASGI application that does the same SQL by hand, with the driver alone, and checks nothing.

A get is one select of a row, a list one of fifty; a create is the customer's row and one audit row in a transaction. Each
runs in a thread, as sync drivers must beside an event loop.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from benchmarks.customers import RawPostgres, RawSqlite
from crmkit import Crm

PAGE = 50
THREADS = 24


class Bare:
    """The application, on a database that crmkit has made and filled."""

    def __init__(self, address: str) -> None:
        self._address, self._sqlite = address, address.startswith("sqlite")
        self._own = threading.local()
        self._threads = ThreadPoolExecutor(THREADS)
        self._crm = Crm.open(address, plugins=[], check=False)
        codec = self._crm.database.codecs["customer"]
        self._columns = codec.columns
        tenant = self._crm.system.tenant_id
        self._tenant: Any = tenant.bytes if self._sqlite else tenant
        mark, names = "?" if self._sqlite else "%s", ", ".join(f'"{name}"' for name in codec.columns)
        living = f"tenant_id = {mark} AND deleted_at IS NULL"
        self._get = f"SELECT {names} FROM customers WHERE id = {mark} AND {living}"
        self._list = f"SELECT {names} FROM customers WHERE {living} ORDER BY id LIMIT {PAGE}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while scope["method"] == "POST":
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, content = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._answer, scope["path"], body
        )
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        raw = self._raw()
        if body:
            given = msgspec.json.decode(body)
            raw.one(1)
            return 201, msgspec.json.encode({"version": 1, **given})
        id = path.rpartition("/")[2]
        if id == "customers":
            rows = raw.connection.execute(self._list, (self._tenant,)).fetchall()
            return 200, msgspec.json.encode({"items": [self._document(row) for row in rows]})
        key: Any = UUID(id).bytes if self._sqlite else UUID(id)
        return 200, msgspec.json.encode(
            self._document(raw.connection.execute(self._get, (key, self._tenant)).fetchone())
        )

    def _document(self, row: Any) -> dict[str, Any]:
        made = dict(zip(self._columns, row, strict=True))
        if self._sqlite:
            for name, value in made.items():
                if value.__class__ is bytes:
                    made[name] = UUID(bytes=value)
        return made

    def _raw(self) -> Any:
        found = getattr(self._own, "raw", None)
        if found is None:
            if self._sqlite:
                found = RawSqlite(self._crm, Path(self._address.removeprefix("sqlite:///")))
                found.connection.execute("PRAGMA busy_timeout = 30000")
            else:
                found = RawPostgres(self._crm, self._address.replace("postgresql+psycopg://", "postgresql://"))
            self._own.raw = found
        return found
