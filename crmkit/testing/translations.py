"""The texts of a plugin's package and their translations: what there is, what is missing, and catalogues brought up to date.

Texts are literals in calls of ``msg`` and ``wording``, and what entities, fields and kinds of interaction are called.
"""

from __future__ import annotations

import ast
import gettext
import string
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from crmkit.core.entity import entity_info
from crmkit.core.errors import ConfigError
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.runtime.translation import CATALOGUES, DOMAIN

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

MARKERS = frozenset({"msg", "wording"})
"""Functions whose first argument is a text to be translated."""

DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands in every catalogue, so that one changes only when its texts do."""

LANGUAGE = "zh"
"""The language that plugins are translated into; English is the source."""


@frozen
class Catalogues:
    """The catalogues of one package. ``folder`` is its folder ``locale``, ``domain`` its name."""

    NOBODY: ClassVar[str] = "FULL NAME <EMAIL@ADDRESS>"

    folder: Path
    domain: str

    @property
    def source(self) -> Path:
        """The catalogue that people edit."""
        return self.folder / LANGUAGE / "LC_MESSAGES" / f"{self.domain}.po"

    @property
    def compiled(self) -> Path:
        """The one that is read when texts are shown."""
        return self.source.with_suffix(".mo")

    def read(self) -> Catalog:
        """Return what is translated; an empty catalogue where there is none."""
        babel = _babel()
        if not self.source.is_file():
            return babel.Catalog(locale=LANGUAGE, project=self.domain, fuzzy=False, charset="utf-8")
        with self.source.open("rb") as file:
            return babel.read_po(file, locale=LANGUAGE)

    def compile(self) -> None:
        """Make the catalogue that is read from the one that people edit."""
        with self.compiled.open("wb") as file:
            _babel().write_mo(file, self.read())

    def update(self, texts: Mapping[str, str]) -> list[str]:
        """Add ``texts`` (with their places) that the catalogue lacks, compile it, and return those without a translation."""
        catalog = self.read()
        for text in texts:
            if catalog.get(text) is None:
                catalog.add(text)
        self._tidy(catalog)
        self.source.parent.mkdir(parents=True, exist_ok=True)
        buffer = BytesIO()
        _babel().write_po(buffer, catalog, width=120, omit_header=False, ignore_obsolete=True)
        self.source.write_bytes(buffer.getvalue())
        self.compile()
        return [text for text in texts if not _translation(catalog, text)]

    def _tidy(self, catalog: Catalog) -> None:
        """Leave out of the heading what says nothing, and what would change although no text does."""
        catalog.project, catalog.version, catalog.msgid_bugs_address = self.domain, "", ""
        catalog.creation_date = catalog.revision_date = DATE
        if catalog.last_translator == Catalogues.NOBODY:
            catalog.last_translator = ""
        if "FIRST AUTHOR" in catalog.header_comment:
            catalog.header_comment = f"# Simplified Chinese texts of {self.domain}."

    def faults(self, texts: Mapping[str, str]) -> list[str]:
        """Return what is wrong with the translations of ``texts``, a line each; nothing when they are complete."""
        catalog, shown = self.read(), self._shown()
        found = []
        for text, place in texts.items():
            translation = _translation(catalog, text)
            if not translation:
                found.append(f"{place}: no translation of {text!r}")
            elif _placeholders(translation) != _placeholders(text):
                found.append(f"{place}: {translation!r} has other placeholders than {text!r}")
            elif shown.gettext(text) != translation:
                found.append(f"{place}: {self.compiled.name} is not made from this {self.source.name}: {text!r}")
        return found

    def _shown(self) -> gettext.NullTranslations:
        if not self.compiled.is_file():
            return gettext.NullTranslations()
        with self.compiled.open("rb") as file:
            return gettext.GNUTranslations(file)


def texts_of_sources(files: Iterable[Path]) -> dict[str, str]:
    """Return the texts that Python files mark, each with its first place."""
    found: dict[str, str] = {}
    for path in files:
        for text, line in _marked(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            found.setdefault(text, f"{path.name}:{line}")
    return found


def texts_of_entities(classes: Iterable[type[Any]]) -> dict[str, str]:
    """Return what entities, their fields and choices are called, and the help of fields, each with its place."""
    found: dict[str, str] = {}
    for cls in classes:
        info = entity_info(cls)
        places = [(info.name, text) for text in (info.label, info.plural_label)]
        for field in info.fields:
            if not field.common:
                places += [(f"{info.name}.{field.name}", text) for text in (field.label, field.help, *field.choices)]
        for place, text in places:
            if text:
                found.setdefault(text, place)
    return found


def without_known(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts that crmkit's own catalogue does not translate anyway."""
    known = gettext.translation(DOMAIN, CATALOGUES, languages=[LANGUAGE], fallback=True)
    return {text: place for text, place in texts.items() if known.gettext(text) == text}


def _marked(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = node.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            text = node.args[0].value
            if name in MARKERS and isinstance(text, str) and text:
                yield text, node.lineno


def _translation(catalog: Catalog, text: str) -> str:
    message = catalog.get(text)
    return str(message.string) if message is not None and not message.fuzzy and message.string else ""


def _placeholders(template: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    except ValueError:
        return {"(not a template)"}


class _Babel:
    def __init__(self) -> None:
        from babel.messages.catalog import Catalog
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po, write_po

        self.Catalog, self.write_mo, self.read_po, self.write_po = Catalog, write_mo, read_po, write_po


def _babel() -> _Babel:
    try:
        return _Babel()
    except ImportError as error:
        raise ConfigError(msg("translations of plugins need Babel: install crmkit[testing]")) from error
