"""Schemas that others refer to by name: each stands once, below ``$defs`` or among the components of a document."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from crmkit.core.messages import Message, Translate

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Definitions:
    """Named schemas of one document, in one language. ``base`` is where they stand: the beginning of each ``$ref``.

    ``record`` gives the schema of records of the entity with a name, where a document knows its entities. ``titles``:
    labels stand in ``title``, for forms; generators of clients take titles for names of classes, so a document for them
    has labels in descriptions. ``taken`` are names that no class of ours gets, since generators give them to enumerations.
    """

    def __init__(
        self,
        base: str = "#/$defs/",
        translate: Translate | None = None,
        record: Callable[[str], Schema] | None = None,
        *,
        titles: bool = True,
        taken: Collection[str] = (),
    ) -> None:
        self.base, self.translate, self.record = base, translate, record
        self.titles, self.taken = titles, taken
        self.named: dict[str, Schema] = {}
        self._owners: dict[str, object] = {}

    def refer(self, name: str, make: Callable[[], Schema], owner: object = None) -> Schema:
        """Return a reference to the schema called ``name``, which is made when it is first asked for.

        Two owners of one name get schemas of their own: the later one's name ends with a number.
        """
        free, number = name, 1
        while free in self.named and self._owners[free] != owner:
            number += 1
            free = f"{name}{number}"
        if free not in self.named:
            # A schema may refer to itself, so its name is taken before it is made.
            self._owners[free], self.named[free] = owner, {}
            self.named[free] = make()
        return {"$ref": f"{self.base}{free}"}

    def text(self, text: str | Message) -> str:
        """Return a text of metadata, in the language of the document."""
        if isinstance(text, Message):
            return text.render(self.translate)
        return self.translate(text) if self.translate and text else text

    def labelled(self, schema: Schema, label: str, help: str = "") -> Schema:
        """Return a schema with what people call the thing, and a sentence on it."""
        label, help = self.text(label), self.text(help)
        if self.titles:
            return {**schema, "title": label, **({"description": help} if help else {})}
        return {**schema, "description": ". ".join(text.rstrip(".") for text in (label, help) if text)}


def standalone(make: Callable[[Definitions], Schema], translate: Translate | None = None) -> Schema:
    """Return a schema by itself, with what it refers to below ``$defs``."""
    definitions = Definitions(translate=translate)
    schema = make(definitions)
    alone = {"$schema": DIALECT, **schema}
    return {**alone, "$defs": definitions.named} if definitions.named else alone
