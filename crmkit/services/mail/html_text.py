"""The text of a page of HTML, as one reads it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

LONGEST = 2_000_000
"""Characters of HTML that are read; what comes behind them is left out."""

_SPACED = frozenset({"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "table", "ul"})
_BREAKS = _SPACED | {
    *("address", "article", "aside", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form", "header", "hr"),
    *("main", "nav", "pre", "section", "tr"),
}
_UNSEEN = frozenset({"head", "script", "style", "template", "title", "noscript", "object", "svg"})
_LINES = re.compile(r"[ \t\f\v\r\u00a0]+")
_EMPTY = re.compile(r"\n{3,}")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen: list[str] = []
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag == "body":
            self._unseen.clear()
        if self._unseen:
            return
        given = dict(attrs)
        if tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in ("td", "th"):
            self.parts.append("\t")
        elif tag == "img" and (alternative := (given.get("alt") or "").strip()):
            self.parts.append(f"[{alternative}]")
        elif tag == "a":
            self._links.append((given.get("href") or "", len(self.parts)))
        elif tag in _BREAKS:
            self.parts.append("\n\n" if tag in _SPACED else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            # What was opened inside and never closed ends with it.
            del self._unseen[self._unseen.index(tag) :]
            return
        if self._unseen:
            return
        if tag == "a" and self._links:
            target, start = self._links.pop()
            words = "".join(self.parts[start:]).strip()
            if target.startswith(("http://", "https://")) and words and words not in target:
                self.parts.append(f" <{target}>")
        elif tag in _BREAKS:
            self.parts.append("\n\n" if tag in _SPACED else "\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(_LINES.sub(" ", data.replace("\n", " ")))


def text_of_html(page: str) -> str:
    """Return the text of a page: paragraphs, list items and cells apart, links with where they lead. Never raises."""
    reader = _Reader()
    try:
        reader.feed(page[:LONGEST])
        reader.close()
    except (AssertionError, ValueError):
        # Markup that no reader makes sense of; what was read until then is kept.
        pass
    lines = (re.sub(r" *\t *", "\t", line).strip() for line in "".join(reader.parts).split("\n"))
    return _EMPTY.sub("\n\n", "\n".join(_LINES.sub(" ", line) if "\t" not in line else line for line in lines)).strip()
