"""Whether all texts of a plugin are translated."""

from __future__ import annotations

from crmkit.testing.contract.faults import fail
from crmkit.testing.contract.subject import Subject
from crmkit.testing.plugin_texts import catalogues_of, texts_of


def check_translations(subject: Subject) -> None:
    """Every text has a Chinese translation with the same placeholders, in a compiled catalogue."""
    texts = texts_of(subject.open(), subject.plugin, subject.name)
    catalogues = catalogues_of(subject.plugin)
    found = catalogues.faults(texts)
    if found:
        fail(found, f"crmkit plugin translate {subject.name}, fill in {catalogues.source.name}, and once more")
