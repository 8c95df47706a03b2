"""The reference page: whole without a script, nothing from elsewhere, in both languages, and safe from what it shows."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from litestar.testing import TestClient

from crmkit.hosting import translator
from crmkit_web.openapi.reference.operations import operation_block
from crmkit_web.openapi.reference.schemas import example, type_of


class Page(HTMLParser):
    """What a page holds: its ids, links, attributes and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.inline: dict[str, str] = {}
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.attributes |= given.keys()
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if tag == "a" else []
        self._within = tag if tag in ("style", "script") else ""

    def handle_data(self, data: str) -> None:
        if self._within:
            self.inline[self._within] = self.inline.get(self._within, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._within = ""


@pytest.fixture
def answer(served: TestClient[Any]) -> Any:
    return served.get("/api/v1/", params={"entities": "workshop_bikes"})


def test_it_shows_every_operation_and_schema(answer: Any, served: TestClient[Any]) -> None:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(answer.text)
    document = served.get("/api/v1/openapi.json", params={"entities": "workshop_bikes"}).json()
    ids = {one["operationId"] for methods in document["paths"].values() for one in methods.values()}
    assert ids <= set(page.ids)
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    # A body without a name of its own is shown where it is sent.
    assert "<code>remove_from</code>" in answer.text
    within = [link[1:] for link in page.links if link.startswith("#")]
    assert set(within) <= set(page.ids)
    assert "curl -X POST" in answer.text
    assert "What is painted on the frame" in answer.text


def test_nothing_comes_from_elsewhere(answer: Any) -> None:
    page = Page(answer.text)
    assert not [link for link in page.links if not link.startswith(("#", "?", "/api/v1/"))]
    assert page.attributes.isdisjoint({"src", "srcset", "style", "onclick", "onload", "action"})
    assert "url(" not in page.inline["style"]
    assert "import" not in page.inline["style"]


def test_its_policy_allows_its_own_style_and_script_alone(answer: Any) -> None:
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    page = Page(answer.text)
    for name, directive in (("style", "style-src"), ("script", "script-src")):
        digest = base64.b64encode(hashlib.sha256(page.inline[name].encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"


def test_without_entities_it_links_to_each(served: TestClient[Any]) -> None:
    page = Page(served.get("/api/v1/").text)
    assert {"?entities=customers", "?entities=workshop_bikes"} <= set(page.links)
    assert "list_customers" not in page.ids
    assert "openapi" in page.ids


def test_it_speaks_the_language_that_is_asked_for(served: TestClient[Any]) -> None:
    english, chinese = (served.get("/api/v1/", headers={"accept-language": one}) for one in ("en", "zh-CN"))
    assert '<html lang="en">' in english.text
    assert '<html lang="zh">' in chinese.text
    assert re.search("[一-鿿]", chinese.text)
    assert english.headers["etag"] != chinese.headers["etag"]
    assert "accept-language" in chinese.headers["vary"].lower()


def test_what_plugins_say_is_text_and_no_markup() -> None:
    bad = "<script>alert(1)</script>\"'&"
    operation = {
        "operationId": "x",
        "summary": bad,
        "parameters": [{"name": bad, "in": "query", "description": bad, "schema": {"type": "string", "enum": [bad]}}],
        "responses": {"200": {"description": bad}},
    }
    document = {"components": {"schemas": {}}}
    made = operation_block(f"/{bad}", "get", operation, document, translator("en"))
    assert "<script" not in made
    assert "\"'&" not in made.replace("&quot;", "")
    assert "<script" not in type_of({"$ref": f"#/components/schemas/{bad}"})


def test_examples_fit_their_schemas() -> None:
    named = {"Node": {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/x/Node"}}}}
    assert example({"type": "array", "items": {"type": "string", "format": "date"}}, {}) == ["2026-01-31"]
    assert example({"anyOf": [{"type": "integer", "minimum": 5}, {"type": "null"}]}, {}) == 5
    assert example({"$ref": "#/x/Node"}, named) == {"next": {"next": {}}}
