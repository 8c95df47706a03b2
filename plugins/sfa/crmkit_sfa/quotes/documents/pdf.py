"""Quotations as PDF, set by Typst from a template and the document as data: no text of anybody is ever read as markup."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import attrs

from crmkit.plugin import BadInput, ConfigError, CrmError, msg
from crmkit_sfa.quotes.documents.document import QuoteDocument
from crmkit_sfa.quotes.settings import QuoteSettings

FONT = "Noto Sans SC"
"""The font that comes with ``crmkit-sfa[pdf]``: Latin, Greek, Cyrillic and the Chinese characters in use."""
PAPERS = ("a4", "us-letter")


def pdf_of(document: QuoteDocument, settings: QuoteSettings) -> bytes:
    """Return a document as PDF with its fonts embedded; the same document gives the same bytes.

    Raises CrmError where the packages of ``crmkit-sfa[pdf]`` are missing, and ConfigError for an unknown paper size.
    """
    if settings.paper not in PAPERS:
        raise ConfigError(
            msg(
                "plugins.sfa.quotes.paper: {value} - expected one of {known}",
                value=settings.paper,
                known=", ".join(PAPERS),
            )
        )
    compiler, folders = _installed()
    given = {**attrs.asdict(document), "paper": settings.paper, "fonts": [*filter(None, [settings.font]), FONT]}
    template = files(__package__).joinpath("quote.typ").read_bytes()
    try:
        made = compiler.compile(
            template,
            font_paths=[*filter(None, [settings.fonts]), *folders],
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"document": json.dumps(given)},
            timestamp=0,
        )
    except compiler.TypstError as error:
        raise BadInput(msg("the document could not be set: {error}", error=str(error))) from error
    return bytes(made)


def _installed() -> tuple[Any, list[str]]:
    """Return the typesetter and the folders of the fonts that come with it; raises CrmError where they are missing."""
    try:
        import pylopdf_fonts_zh_cn
        import typst
    except ModuleNotFoundError as error:
        raise CrmError(
            msg("PDF documents need {package}: install {extra}", package=str(error.name), extra="crmkit-sfa[pdf]")
        ) from None
    return typst, [str(pylopdf_fonts_zh_cn.sans_path().parent)]
