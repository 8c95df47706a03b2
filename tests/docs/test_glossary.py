from __future__ import annotations

import re
from pathlib import Path

import pytest

from crmkit import Crm
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import entity_info

GLOSSARY = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split("|") for line in GLOSSARY.splitlines() if line.startswith("| ")]
TERMS = [[cell.strip() for cell in row] for row in ROWS if row[0].strip() != "term"]


NAMED = [found[1] for term, *_ in TERMS if (found := re.search(r", `(\w+)`$", term))]


def test_every_core_entity_is_explained_once_and_no_other() -> None:
    core = [name for name in NAMED if not name.startswith(("sfa_", "web_"))]
    assert sorted(core) == sorted(entity_info(entity).name for entity in CORE_ENTITIES)


@pytest.mark.all_plugins
def test_entities_of_plugins_are_those_that_there_are() -> None:
    known = {info.name for info in Crm.open(plugins=["sfa", "web"]).registry}
    assert {name for name in NAMED if name.startswith(("sfa_", "web_"))} <= known


def test_no_term_is_explained_twice() -> None:
    words = [re.sub(r"(, `\w+`| \(.+\))$", "", term) for term, *_ in TERMS]
    assert [word for word in words if words.count(word) > 1] == []


def test_every_term_has_a_meaning_and_a_chinese_term() -> None:
    poor = [row for row in TERMS if len(row) != 3 or not re.search(r"[一-鿿]", row[1]) or not row[2].endswith(".")]
    assert poor == []
