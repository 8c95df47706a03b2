"""The catalogues of ``crmkit/locale``: extract what is to be translated, update, compile and check them.

    python tools/translations.py extract    list every text in crmkit.pot
    python tools/translations.py update     extract, then bring each language's crmkit.po up to date
    python tools/translations.py compile    make each crmkit.mo from its crmkit.po
    python tools/translations.py check      fail when a catalogue is not complete, right and compiled

Texts come from calls of ``msg`` and ``wording`` in the sources, from the labels and help texts of entities, fields and
kinds of interaction, from the phases of hooks, and from click, whose own sentences appear in help and usage errors.
"""

from __future__ import annotations

import io
import string
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "crmkit"
LOCALE = SOURCES / "locale"
TEMPLATE = LOCALE / "crmkit.pot"
LANGUAGES = ("zh",)
OWN_KEYWORDS = {"msg": None, "wording": None}
CLICK_KEYWORDS = {"_": None, "ngettext": (1, 2)}
CLICK_MODULES = ("core.py", "decorators.py", "exceptions.py", "formatting.py", "parser.py", "types.py")
# Fixed, so that a catalogue changes only when its texts do.
DATE = datetime(2026, 1, 1, tzinfo=UTC)


def extracted() -> Catalog:
    """Return every text that the sources have for translation."""
    catalog = Catalog(project="crmkit", version="", creation_date=DATE, fuzzy=False, charset="utf-8")
    catalog.header_comment = "# Texts of crmkit to be translated. Made by tools/translations.py."
    for path, _, message, _, _ in extract_from_dir(
        str(SOURCES), method_map=[("**.py", "python")], keywords=OWN_KEYWORDS, strip_comment_tags=True
    ):
        _add(catalog, message, f"crmkit/{Path(path).as_posix()}")
    for text, place in metadata_texts():
        _add(catalog, text, place)
    folder = Path(click.__file__).parent
    for path, _, message, _, _ in extract_from_dir(
        str(folder), method_map=[("**.py", "python")], keywords=CLICK_KEYWORDS
    ):
        if path in CLICK_MODULES:
            _add(catalog, message, "click")
    return catalog


def metadata_texts() -> Iterator[tuple[str, str]]:
    """Yield the texts that are no literals of a call, each with the module that they come from."""
    from crmkit.core.entities import CORE_ENTITIES
    from crmkit.core.entity import entity_info
    from crmkit.core.interaction import STANDARD_KINDS
    from crmkit.core.relation_types import STANDARD_RELATION_TYPES
    from crmkit.hooks.kinds import Kind

    for cls in CORE_ENTITIES:
        info, place = entity_info(cls), f"{cls.__module__.replace('.', '/')}.py"
        texts = [info.label, info.plural_label]
        for field in info.fields:
            texts += [field.label, field.help, *field.choices]
        yield from ((text, place) for text in texts if text)
    for kind in STANDARD_KINDS:
        yield kind.label, "crmkit/core/interaction.py"
    for relation in STANDARD_RELATION_TYPES:
        for name in (relation.name, relation.inverse):
            yield name.replace("_", " "), "crmkit/core/relation_types.py"
    for hook_kind in Kind:
        yield hook_kind.policy.phase, "crmkit/hooks/kinds.py"


def faults(language: str) -> list[str]:
    """Return what is wrong with the catalogue of ``language``."""
    wanted, catalog = extracted(), _read(language)
    found: list[str] = []
    for message in wanted:
        if not message.id or _only_click(message):
            continue
        known = catalog.get(message.id, message.context)
        if known is None:
            found.append(f"{language}: missing: {_key(message)!r}")
    for message in catalog:
        if not message.id:
            continue
        if message.fuzzy:
            found.append(f"{language}: fuzzy: {_key(message)!r}")
        texts = _texts(message)
        if not all(texts):
            found.append(f"{language}: untranslated: {_key(message)!r}")
        found += [
            f"{language}: other placeholders than its template: {_key(message)!r} -> {text!r}"
            for text in texts
            if text and placeholders(text) != placeholders(_key(message))
        ]
        if wanted.get(message.id, message.context) is None and not _only_click(message):
            found.append(f"{language}: not in the sources any more: {_key(message)!r}")
    if not _compiled_path(language).is_file() or _compiled_path(language).read_bytes() != _compiled(catalog):
        found.append(f"{language}: crmkit.mo is not made from this crmkit.po; run compile")
    return found


def placeholders(template: str) -> set[str]:
    """Return the placeholders of ``template`` with their conversions, as in ``name`` or ``name!r``."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        return {"(not a template)"}
    return {f"{name}!{conversion}" if conversion else name for _, name, _, conversion in parts if name is not None}


def _add(catalog: Catalog, message: str | tuple[str, ...], place: str) -> None:
    message_id = tuple(message) if isinstance(message, (tuple, list)) else message
    if message_id:
        catalog.add(message_id, locations=[(place, None)])  # type: ignore[list-item]


def _only_click(message: Message) -> bool:
    return all(place == "click" for place, _ in message.locations)


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else list(message.id)[-1]


def _texts(message: Message) -> tuple[str, ...]:
    text = message.string
    return tuple(text) if isinstance(text, (tuple, list)) else (text or "",)


def _po_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "crmkit.po"


def _compiled_path(language: str) -> Path:
    return _po_path(language).with_suffix(".mo")


def _read(language: str) -> Catalog:
    with _po_path(language).open("rb") as file:
        return read_po(file, locale=language)


def _compiled(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def _write(catalog: Catalog, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=120, include_lineno=False, sort_output=True, ignore_obsolete=True)


def extract() -> None:
    """Write the list of texts."""
    _write(extracted(), TEMPLATE)


def update() -> None:
    """Write the list of texts and bring the catalogues up to date; new texts stay untranslated."""
    template = extracted()
    _write(template, TEMPLATE)
    for language in LANGUAGES:
        path = _po_path(language)
        catalog = _read(language) if path.is_file() else Catalog(locale=language)
        catalog.project, catalog.version, catalog.fuzzy = "crmkit", "", False
        catalog.creation_date = catalog.revision_date = DATE
        catalog.last_translator, catalog.language_team = "", language
        catalog.msgid_bugs_address, catalog.header_comment = "", "# Simplified Chinese texts of crmkit."
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        _write(catalog, path)
        left = sum(1 for message in catalog if message.id and not all(_texts(message)))
        print(f"{language}: {len(catalog)} texts, {left} untranslated")


def compile_all() -> None:
    """Make the compiled catalogues."""
    for language in LANGUAGES:
        _compiled_path(language).write_bytes(_compiled(_read(language)))


def main(arguments: list[str]) -> int:
    """Do what the command line asks for; return the exit code."""
    actions = {"extract": extract, "update": update, "compile": compile_all}
    if arguments == ["check"]:
        found = [fault for language in LANGUAGES for fault in faults(language)]
        print("\n".join(found) if found else "all catalogues are complete, right and compiled")
        return 1 if found else 0
    if len(arguments) == 1 and arguments[0] in actions:
        actions[arguments[0]]()
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
