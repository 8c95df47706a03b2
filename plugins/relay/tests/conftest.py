"""Real brokers for the tests: the servers that Debian's packages nats-server and redis-server bring."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
PACKAGES = {"nats": "nats-server", "redis": "redis-server"}


class Broker:
    """A server of its own, which can be stopped without warning and started again with what it had stored."""

    def __init__(self, kind: str, binary: str, folder: Path) -> None:
        self.kind, self._binary, self._folder = kind, binary, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{self.kind}://127.0.0.1:{self.port}"

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return a configuration with this broker."""
        return {"plugins": {"relay": {"broker": self.kind, "url": self.url, **more}}}

    def start(self) -> None:
        port, folder = str(self.port), str(self._folder)
        words = {
            "nats": [self._binary, "-js", "-sd", folder, "-a", "127.0.0.1", "-p", port],
            "redis": [self._binary, "--port", port, "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes"],
        }[self.kind]
        if self.kind == "redis":
            # Otherwise a slow disk lets it acknowledge what it has not written yet: a kill would lose that.
            words += ["--appendfsync", "always"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log)
        for _ in range(600):
            if self._answers():
                return
            time.sleep(0.05)
        pytest.fail(f"{self._binary} did not start: {(self._folder / 'log').read_text('utf-8')[-2000:]}")

    def kill(self) -> None:
        """Stop at once, without any farewell."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def messages(self, stream: str = "crmkit") -> list[dict[str, Any]]:
        """Return the documents in the stream, in its order."""
        if self.kind == "redis":
            return [json.loads(fields[b"__data__"]) for _, fields in self.client().xrange(stream)]
        return [document for _, _, document in self.nats_messages(stream)]

    def nats_messages(self, stream: str = "crmkit") -> list[tuple[str, dict[str, str], dict[str, Any]]]:
        """Return subject, headers and document of each message in a stream of NATS."""

        async def read() -> list[tuple[str, dict[str, str], dict[str, Any]]]:
            import nats
            from nats.js.errors import NotFoundError

            client = await nats.connect(self.url)
            try:
                js = client.jetstream()
                state = (await js.stream_info(stream)).state
                found = [await js.get_msg(stream, seq) for seq in range(state.first_seq, state.last_seq + 1)]
            except NotFoundError:
                return []
            finally:
                await client.close()
            return [(m.subject or "", dict(m.headers or {}), json.loads(m.data or b"")) for m in found if m.seq]

        return run(read())

    def client(self) -> Any:
        import redis

        return redis.Redis(port=self.port)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                if self.kind == "redis":
                    connection.sendall(b"PING\r\n")
                    return connection.recv(5) == b"+PONG"
                return connection.recv(4) == b"INFO"
        except OSError:
            return False


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def started(kind: str, folder: Path) -> Broker:
    """Return a running broker; without its program the test fails where all programs must be there."""
    binary = shutil.which(PACKAGES[kind], path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
    if binary is None:
        missing = f"{PACKAGES[kind]} is not installed: apt-get install {PACKAGES[kind]}"
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    broker = Broker(kind, binary, folder)
    broker.start()
    return broker


@pytest.fixture(params=["nats", "redis"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """A broker of the test's own: each test runs on NATS and on Redis."""
    folder = tmp_path / "broker"
    folder.mkdir()
    made = started(request.param, folder)
    yield made
    made.kill()


@pytest.fixture
def nats_broker(tmp_path: Path) -> Iterator[Broker]:
    """A NATS server of the test's own."""
    folder = tmp_path / "broker"
    folder.mkdir()
    made = started("nats", folder)
    yield made
    made.kill()
