"""Load: requests over connections that stay open, from one thread that spends next to nothing on each."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from itertools import count

Make = Callable[[int], bytes]
"""Returns the bytes of the nth request."""


def request(method: str, path: str, token: str, body: bytes = b"", **headers: str) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "host: bench", f"authorization: Bearer {token}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def rate(port: int, make: Make, connections: int, requests: int, status: int) -> float:
    """Return answers in a second to ``requests`` requests over so many connections; fails on another status."""
    numbers = count()
    waiting = selectors.DefaultSelector()
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    for one in sockets:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(one, selectors.EVENT_READ, bytearray())
    start = time.perf_counter()
    for one in sockets:
        one.sendall(make(next(numbers)))
    sent, answered = len(sockets), 0
    while answered < requests:
        for key, _ in waiting.select():
            one, buffer = key.fileobj, key.data
            assert isinstance(one, socket.socket)
            received = one.recv(1 << 20)
            if not received:
                raise ConnectionError("the server closed the connection")
            buffer += received
            if not _whole(buffer, status):
                continue
            buffer.clear()
            answered += 1
            if sent < requests:
                one.sendall(make(next(numbers)))
                sent += 1
    took = time.perf_counter() - start
    for one in sockets:
        one.close()
    return requests / took


def _whole(buffer: bytearray, status: int) -> bool:
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = bytes(buffer[:end]).lower()
    if int(head[9:12]) != status:
        raise AssertionError(bytes(buffer[:2000]).decode(errors="replace"))
    at = head.find(b"content-length:")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    return len(buffer) >= end + 4 + length


def body_of(port: int, sent: bytes) -> tuple[int, bytes]:
    """Return the status and the body of one answer."""
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(sent)
        received = b"".join(_until_whole(one))
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head[9:12]), body


def _until_whole(one: socket.socket) -> Iterator[bytes]:
    buffer = bytearray()
    while True:
        part = one.recv(1 << 20)
        if not part:
            return
        yield part
        buffer += part
        if _whole(buffer, int(bytes(buffer[9:12]))):
            return
