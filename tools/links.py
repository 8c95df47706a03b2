"""Links within the documentation: every file and every heading that a page refers to must be there.

    python -m tools.links --check    fail, and list what is wrong

It looks at the pages at the root, below ``docs`` and in the folders of plugins. Links to other sites are not followed.
A page below ``docs`` that no other page leads to is wrong too: nobody would find it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import attrs
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tools.markdown import slug

ROOT = Path(__file__).resolve().parents[1]
PATTERNS = ("*.md", "docs/**/*.md", "plugins/*/*.md")
_READER = MarkdownIt("commonmark").enable("table")


@attrs.frozen
class Page:
    """What a page offers and refers to: the anchors of its headings, and its links with the line of each."""

    path: Path
    anchors: frozenset[str]
    links: tuple[tuple[int, str], ...]


def pages(root: Path) -> list[Path]:
    """Return all pages below ``root``."""
    return sorted({path for pattern in PATTERNS for path in root.glob(pattern)})


def read_page(path: Path) -> Page:
    """Read the anchors and links of a page."""
    tokens = _READER.parse(path.read_text(encoding="utf-8"))
    anchors: set[str] = set()
    links: list[tuple[int, str]] = []
    line = 0
    for place, token in enumerate(tokens):
        line = token.map[0] + 1 if token.map else line
        if token.type == "inline":
            links += [(line, target) for target in _targets(token.children or ())]
            if tokens[place - 1].type == "heading_open":
                anchors.add(_free(slug(_text(token.children or ())), anchors))
    return Page(path, frozenset(anchors), tuple(links))


def faults(root: Path) -> list[str]:
    """Return what is wrong with the links below ``root``: page, line, link and reason."""
    known = {path: read_page(path) for path in pages(root)}
    found: list[str] = []
    led_to: set[Path] = set()
    for path, page in known.items():
        for line, link in page.links:
            target, fault = _resolve(link, page, known)
            if fault:
                found.append(f"{path.relative_to(root)}:{line}: {link}: {fault}")
            elif target is not None and target != path:
                led_to.add(target)
    lost = [path for path in known if path.is_relative_to(root / "docs") and path not in led_to]
    return found + [f"{path.relative_to(root)}: no page leads to it" for path in lost if path.name != "index.md"]


def _resolve(link: str, page: Page, known: dict[Path, Page]) -> tuple[Path | None, str]:
    """Return the file that a link leads to and what is wrong with the link; no file for links to other sites."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None, ""
    if parts.path.startswith("/"):
        return None, "must be relative to the page"
    target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
    if not target.exists():
        return target, "there is no such file"
    if parts.fragment:
        if target.suffix != ".md":
            return target, "only pages have headings to lead to"
        anchors = (known[target] if target in known else read_page(target)).anchors
        if unquote(parts.fragment) not in anchors:
            return target, "there is no such heading"
    return target, ""


def _targets(children: Iterable[Token]) -> Iterator[str]:
    for child in children:
        target = child.attrs.get("href") if child.type == "link_open" else None
        target = child.attrs.get("src") if child.type == "image" else target
        if target is not None:
            yield str(target)


def _text(children: Iterable[Token]) -> str:
    return "".join(child.content for child in children if child.type in ("text", "code_inline"))


def _free(anchor: str, taken: set[str]) -> str:
    """Return the anchor of a heading whose text others before it may have, too."""
    numbers = iter(range(1, len(taken) + 2))
    free = anchor
    while free in taken:
        free = f"{anchor}-{next(numbers)}"
    return free


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Do what the command line asks for; return the exit code."""
    if arguments != ["--check"]:
        print(__doc__)
        return 2
    found = faults(root)
    if found:
        print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
