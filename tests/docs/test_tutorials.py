"""The tutorials in Chinese show the same as those in English."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.test_snippets import ROOT, blocks

TUTORIALS = ROOT / "docs" / "tutorial"
CHINESE = sorted((TUTORIALS / "zh").glob("*.md"))
RETOLD = ("first-crm.md",)
"""Told with Chinese companies, so its code is its own."""


@pytest.mark.parametrize("page", [page for page in CHINESE if page.name not in RETOLD], ids=lambda page: page.name)
def test_a_page_in_chinese_has_the_code_of_the_english_one(page: Path) -> None:
    # Two pages that make plugins of one name would meet in a process that runs both.
    english = [(block.language, block.text.replace("warranty", "guarantee")) for block in blocks(TUTORIALS / page.name)]
    assert [(block.language, block.text) for block in blocks(page)] == english
    assert len(english) > 5


def test_every_tutorial_is_translated() -> None:
    assert [page.name for page in CHINESE] == sorted(page.name for page in TUTORIALS.glob("*.md"))
