"""The checker of links: what is wrong with a link, and what is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.links import faults, main, read_page
from tools.markdown import code, slug, table

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def pages(**texts: str) -> Path:
        for name, text in texts.items():
            path = tmp_path / (name.replace("__", "/") + ".md")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return pages


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("guide.md", ""),
        ("guide.md#first-steps", ""),
        ("#here", ""),
        ("./sub/../guide.md", ""),
        ("sub", ""),
        ("https://example.com/nothing.md#no", ""),
        ("mailto:anna@example.com", ""),
        ("guide.md#first-step", "there is no such heading"),
        ("#there", "there is no such heading"),
        ("missing.md", "there is no such file"),
        ("Guide.md", "there is no such file"),
        ("/docs/guide.md", "must be relative to the page"),
        ("sub#x", "only pages have headings to lead to"),
    ],
)
def test_a_link_must_lead_to_a_file_and_heading(write: Write, link: str, fault: str) -> None:
    root = write(docs__index=f"# Here\n\n[guide](guide.md), [x]({link})\n", docs__guide="# First steps\n")
    (root / "docs" / "sub").mkdir()
    assert faults(root) == ([f"docs/index.md:3: {link}: {fault}"] if fault else [])


@pytest.mark.parametrize(
    "text", ["[x][y]\n\n[y]: gone.md", "![x](gone.md)", "| a |\n|---|\n| [x](gone.md) |", "- > [`x`](gone.md)"]
)
def test_links_are_found_wherever_they_stand(write: Write, text: str) -> None:
    assert len(faults(write(README=text))) == 1


@pytest.mark.parametrize(
    "text", ["```\n[x](gone.md)\n```", "`[x](gone.md)`", "    [x](gone.md)", "<!-- [x](gone.md) -->"]
)
def test_examples_are_no_links(write: Write, text: str) -> None:
    assert faults(write(README=text)) == []


def test_a_page_that_nobody_leads_to_is_reported(write: Write) -> None:
    root = write(docs__index="[a](a.md)", docs__a="# A", docs__b="# B\n\n[itself](b.md)")
    assert faults(root) == ["docs/b.md: no page leads to it"]


def test_headings_of_one_text_are_told_apart(write: Write) -> None:
    root = write(page="# The `add` command\n\n## Notes\n\n## Notes\n\n### Notes\n\nSetext\n======\n")
    assert read_page(root / "page.md").anchors == {"the-add-command", "notes", "notes-1", "notes-2", "setext"}


def test_faults_are_printed_and_the_exit_code_says_so(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], write(README="[x](gone.md)")) == 1
    assert capsys.readouterr().out == "README.md:1: gone.md: there is no such file\n"
    assert main(["--check"], write(README="[x](README.md)")) == 0
    assert main([]) == 2


def test_pieces_of_markdown() -> None:
    assert slug("What's new: `a_b` – 2 ways?") == "whats-new-a_b--2-ways"
    assert slug("客户 与 A") == "客户-与-a"
    assert (code("a"), code("a`b"), code("`"), code("")) == ("`a`", "``a`b``", "`` ` ``", "")
    assert table(["a", "b"], [["1|2", "x\ny"]]) == "| a | b |\n|---|---|\n| 1\\|2 | x y |"
