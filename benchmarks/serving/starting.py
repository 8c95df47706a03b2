"""How long ``crmkit serve`` takes from the command to its first answer, of an installation that is there."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.serving.load import body_of

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
"""Seconds after which a server that does not answer is given up."""


def seconds_to_an_answer(address: str, sent: bytes) -> float:
    """Return seconds from starting the command, with its worker, until ``sent`` is answered with 200."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    begun = time.perf_counter()
    words = [sys.executable, "-m", "crmkit", "--db", address, "serve", "--port", str(port)]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        while True:
            try:
                status, document = body_of(port, sent)
            except OSError:
                if process.poll() is not None or time.perf_counter() - begun > PATIENCE:
                    process.kill()
                    raise RuntimeError(f"the server did not answer: {process.communicate()[1]}") from None
                time.sleep(0.005)
                continue
            took = time.perf_counter() - begun
            assert status == 200, document
            return took
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
