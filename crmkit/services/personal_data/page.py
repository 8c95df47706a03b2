"""An export of personal data as one HTML page that needs nothing else: headings, tables, links to the attachments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote

from crmkit.core.messages import Message, Translate, msg
from crmkit.core.values.money import Money
from crmkit.services.personal_data.exporting import Named, PersonalExport, Section

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 0 0 1.5rem; width: 100% }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top }
th { font-weight: 600; width: 14rem }
td { overflow-wrap: anywhere; white-space: pre-wrap }
.missing { border-left: 4px solid #b00; padding-left: 1rem }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } th, td { border-color: #444 } }
"""


def page(export: PersonalExport, translate: Translate | None = None) -> str:
    """Return the page, in the language of ``translate``. Whatever was typed in stands in it as text alone."""
    return "\n".join(_lines(export, lambda message: message.render(translate), translate or str)) + "\n"


def _lines(export: PersonalExport, say: Any, word: Translate) -> Iterator[str]:
    title = escape(say(msg("What is held on {name}", name=export.name)))
    made = say(msg("As of {at}; made by {who}", at=_shown(export.made_at), who=export.made_by))
    yield '<!doctype html><html><head><meta charset="utf-8">'
    # Nothing of the page is run or fetched, whatever was typed into a field.
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head><body>'
    yield f"<h1>{title}</h1><p>{escape(made)}</p>"
    if not export.complete:
        yield f'<div class="missing"><p>{escape(say(msg("This is not all that is held:")))}</p><ul>'
        yield from (f"<li>{escape(say(message))}</li>" for message in export.missing)
        yield "</ul></div>"
    for section in export.sections:
        if section.records:
            yield from _section(section, word)
    for block in export.plugins:
        if block.title is not None:
            yield f"<h2>{escape(say(block.title))}</h2>"
            for row in block.rows:
                yield from _table({str(name): value for name, value in row.items()}, say)
    if export.files:
        yield f"<h2>{escape(say(msg('Files')))}</h2><ul>"
        yield from (f'<li><a href="{quote(file.path)}">{escape(file.name)}</a></li>' for file in export.files)
        yield "</ul>"
    if export.merges:
        yield f"<h2>{escape(say(msg('Merged')))}</h2>"
        for one in export.merges:
            yield from _table({"id": one.lost_id, say(msg("Time")): one.at, say(msg("Undone")): one.undone_at}, say)
    if export.history:
        yield f"<h2>{escape(say(msg('Changes')))}</h2><table>"
        for entry in export.history:
            what = f"{entry.entity} {entry.action} {', '.join(entry.fields)}"
            yield f"<tr><th>{escape(_shown(entry.at))}</th><td>{escape(what)}</td></tr>"
        yield "</table>"
    yield "</body></html>"


def _section(section: Section, word: Translate) -> Iterator[str]:
    yield f"<h2>{escape(word(section.label))}</h2>"
    for record in section.records:
        named = {word(section.labels.get(name, name)): value for name, value in record.items() if name != "id"}
        yield from _table(named, None)


def _table(values: Mapping[str, Any], say: Any) -> Iterator[str]:
    yield "<table>"
    for name, value in values.items():
        if value is not None:
            text = say(value) if isinstance(value, Message) else _shown(value)
            yield f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>"
    yield "</table>"


def _shown(value: Any) -> str:
    if isinstance(value, Named):
        return value.name or f"{value.entity} {value.id}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, Money):
        return f"{value.amount:f} {value.currency}"
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {_shown(item)}" for name, item in value.items())
    if isinstance(value, tuple | list):
        return "\n".join(map(_shown, value))
    return str(value)
