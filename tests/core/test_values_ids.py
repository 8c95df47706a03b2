from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.errors import BadInput
from crmkit.core.values import new_id, parse_id


def test_ids_are_ordinary_uuids_of_version_7() -> None:
    made = new_id()
    assert type(made) is uuid.UUID
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    twin = uuid.UUID(str(made))
    assert (made, hash(made), made.is_safe, repr(made)) == (twin, hash(twin), twin.is_safe, repr(twin))
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made
    with pytest.raises(TypeError):
        made.int = 1  # type: ignore[misc]


def test_ids_carry_their_time_in_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert before - 1 <= made.int >> 80 <= after + 1


def test_ids_rise_without_repetition() -> None:
    made = [new_id() for _ in range(50_000)]
    assert made == sorted(set(made))


def test_threads_share_no_id_and_each_sees_them_rise() -> None:
    made: list[list[uuid.UUID]] = [[] for _ in range(4)]

    def work(mine: list[uuid.UUID]) -> None:
        mine.extend(new_id() for _ in range(5_000))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in made)
    assert len({one for mine in made for one in mine}) == 20_000


def test_forked_processes_share_no_id() -> None:
    # Two children begin with the same memory and work at the same time.
    program = """
import os
from crmkit.core.values import new_id

new_id()
pipes = []
for _ in range(2):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, b"".join(new_id().hex.encode() + b"\\n" for _ in range(1_000)))
        os._exit(0)
    os.close(writer)
    pipes.append(reader)
for reader in pipes:
    with os.fdopen(reader) as pipe:
        print(pipe.read(), end="")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    made = done.stdout.split()
    assert len(made) == len(set(made)) == 2_000


@given(st.uuids())
def test_ids_are_read_back_from_their_texts(one: uuid.UUID) -> None:
    for raw in (one, str(one), one.hex, one.urn, f" {str(one).upper()} ", f"{{{one}}}"):
        assert parse_id(raw) == one


@pytest.mark.parametrize("raw", ["", "x", "1234", None, 5, b"0" * 16, "g" * 32])
def test_what_is_no_id_is_refused(raw: object) -> None:
    with pytest.raises(BadInput, match="expected an id"):
        parse_id(raw)
