"""``crmkit sfa quote``: the documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from crmkit.command import json_option, option, print_json, say, wording, working
from crmkit.plugin import msg
from crmkit_sfa.quotes.command_group import quote, which

_language = option(
    "--language", type=click.Choice(["en", "zh"]), default=None, help=wording("By default the customer's.")
)
_output = option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=wording("Where it goes; by default a file named like the quotation."),
)


@quote.command("pdf", help=wording("Write a quotation as PDF."))
@which
@_output
@_language
@json_option
def pdf(quote: str, output: Path | None, language: str | None, as_json: bool) -> None:
    from crmkit_sfa.quotes.documents.pdf import pdf_of

    _write(quote, output, language, as_json, ".pdf", lambda ctx, made: pdf_of(made, ctx.config.quotes))


@quote.command("html", help=wording("Write a quotation as HTML."))
@which
@_output
@_language
@json_option
def html(quote: str, output: Path | None, language: str | None, as_json: bool) -> None:
    from crmkit_sfa.quotes.documents.html import html_of

    _write(quote, output, language, as_json, ".html", lambda ctx, made: html_of(made).encode("utf-8"))


def _write(
    quote: str,
    output: Path | None,
    language: str | None,
    as_json: bool,
    suffix: str,
    made: Callable[[Any, Any], bytes],
) -> None:
    from crmkit_sfa.quotes.documents.document import quote_document
    from crmkit_sfa.quotes.states import named
    from crmkit_sfa.quotes.writing import quote_named

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        found = quote_named(ctx, quote)
        document = quote_document(ctx, found, language or "")
        content = made(ctx, document)
    file = output or Path("".join(c if c.isalnum() or c in "-_." else "-" for c in named(found)) + suffix)
    file.write_bytes(content)
    if as_json:
        print_json({"file": str(file), "language": document.language, "bytes": len(content)})
    else:
        say(msg("wrote {file}", file=str(file)))
