"""Quotations as HTML: one page that needs nothing else. Texts are escaped where elements are made, so all of them are."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from crmkit_sfa.quotes.documents.document import DocumentLine, QuoteDocument
from crmkit_sfa.quotes.specs import DocumentSection

_STYLE = """
body { font: 10.5pt/1.5 "Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif;
  color: #1c2733; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
header { display: flex; justify-content: space-between; gap: 2rem; border-bottom: 2px solid #24527a; }
h1 { font-size: 1.7rem; color: #24527a; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .3rem; }
.seller { text-align: right; } .seller strong { display: block; }
.parties { display: flex; justify-content: space-between; gap: 2rem; margin: 1.5rem 0; }
.notice { background: #fdf0d5; border: 1px solid #d9a441; padding: .4rem .8rem; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .3rem .5rem; text-align: left; vertical-align: top; }
.lines thead th { border-bottom: 1px solid #24527a; white-space: nowrap; }
.lines tbody td { border-bottom: 1px solid #dde4ea; } .number { text-align: right; white-space: nowrap; }
.detail { color: #556370; white-space: pre-line; } .text { white-space: pre-line; }
.sums { width: auto; margin: .8rem 0 0 auto; } .sums .strong td { font-weight: bold; border-top: 2px solid #24527a; }
footer { margin-top: 2rem; border-top: 1px solid #dde4ea; color: #556370; font-size: .9em; }
@media print { body { margin: 0; max-width: none; } tr { break-inside: avoid; } thead { display: table-header-group; } }
"""


class Markup(str):
    """Text that is markup already; every other text is escaped."""


def element(tag: str, *children: str, class_: str = "", **attributes: str) -> Markup:
    """Return an element around its children; what is no markup is escaped, as are attributes."""
    given = {**({"class": class_} if class_ else {}), **attributes}
    told = "".join(f' {name}="{escape(value)}"' for name, value in given.items())
    return Markup(f"<{tag}{told}>{joined(children)}</{tag}>")


def joined(parts: Iterable[str], between: str = "") -> Markup:
    """Return parts one after the other; what is no markup is escaped."""
    return Markup(between.join(part if isinstance(part, Markup) else escape(part) for part in parts))


def html_of(document: QuoteDocument) -> str:
    """Return a document as one page of HTML in UTF-8, without scripts and without anything fetched from elsewhere."""
    language = {"zh": "zh-Hans"}.get(document.language, document.language)
    head = element(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", f"{document.title} {document.number}"),
        # The style is ours alone; no text of anybody goes into it.
        Markup(f"<style>{_STYLE}</style>"),
    )
    return f"<!DOCTYPE html>\n{element('html', head, element('body', *_parts(document)), lang=language)}\n"


def _parts(document: QuoteDocument) -> list[Markup]:
    lines = [element("div", line) for line in document.seller_lines]
    seller = element("div", element("strong", document.seller), *lines, class_="seller")
    facts = [element("tr", element("th", label), element("td", value)) for label, value in document.facts]
    recipient = element("div", *[element("div", line) for line in document.recipient_lines])
    parts = [element("header", element("h1", document.title), seller)]
    if document.notice:
        parts.append(element("p", document.notice, class_="notice"))
    parts.append(element("div", recipient, element("table", *facts, style="width: auto"), class_="parties"))
    parts += _text("", document.introduction)
    parts += [part for section in document.before for part in _section(section)]
    parts += [_table(document), _sums(document), element("p", document.prices)]
    parts += _text(document.terms_title, document.terms)
    parts += [part for section in document.after for part in _section(section)]
    if document.footer:
        parts.append(element("footer", *[element("div", line) for line in document.footer]))
    return parts


def _table(document: QuoteDocument) -> Markup:
    first, description, *others = document.headings
    headings = [element("th", first), element("th", description)]
    headings += [element("th", heading, class_="number") for heading in others]
    rows = [_row(line) for line in document.lines]
    return element("table", element("thead", element("tr", *headings)), element("tbody", *rows), class_="lines")


def _row(line: DocumentLine) -> Markup:
    detail = element("div", line.detail, class_="detail") if line.detail else Markup("")
    cells = [element("td", line.position), element("td", line.description, detail)]
    return element("tr", *cells, *[element("td", value, class_="number") for value in line.values])


def _sums(document: QuoteDocument) -> Markup:
    rows = [
        element(
            "tr",
            element("td", one.label),
            element("td", one.amount, class_="number"),
            class_="strong" if one.strong else "",
        )
        for one in document.sums
    ]
    return element("table", *rows, class_="sums")


def _text(title: str, text: str) -> list[Markup]:
    if not text:
        return []
    heading = [element("h2", title)] if title else []
    return [*heading, element("p", text, class_="text")]


def _section(section: DocumentSection) -> list[Markup]:
    parts = [element("h2", section.title)] if section.title else []
    parts += [element("p", text, class_="text") for text in section.paragraphs]
    if section.headings:
        head = element("thead", element("tr", *[element("th", heading) for heading in section.headings]))
        rows = [element("tr", *[element("td", cell) for cell in row]) for row in section.rows]
        parts.append(element("table", head, element("tbody", *rows), class_="lines"))
    return parts
