"""Answers are packed for who takes it."""

from __future__ import annotations

import pytest

from crmkit_web.serving.calls import Incoming, Reply
from crmkit_web.serving.packing import packed
from plugins.web.tests.conftest import Api

LARGE = b'{"a": "' + b"x" * 5_000 + b'"}'


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br", "br"),
        ("gzip, br", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("deflate", ""),
        ("", ""),
        ("BR ; q=1", "br"),
    ],
)
def test_the_coding_is_one_that_is_taken(accepted: str, coding: str) -> None:
    asked = Incoming(None, {}, "", {"accept-encoding": accepted}, b"", "", "")  # type: ignore[arg-type]
    reply = packed(asked, Reply(content=LARGE))
    assert reply.headers.get("content-encoding", "") == coding
    assert (len(reply.content or b"") < 500) == bool(coding)
    small = Reply(content=b"{}")
    assert packed(asked, small) is small
    image = Reply(content=LARGE, media_type="image/png")
    assert packed(asked, image) is image


def test_what_is_packed_says_the_same(api: Api) -> None:
    plain = api.get("/metadata", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for coding in ("br", "gzip"):
        answer = api.get("/metadata", headers={"accept-encoding": coding})
        assert answer.headers["content-encoding"] == coding
        assert answer.json() == plain.json()
