"""What people of the demonstration write and say: the texts of ``tools/demo``, by language and occasion.

``{product}``, ``{serial}``, ``{order}``, ``{contact}``, ``{city}``, ``{need}``, ``{rival}`` and ``{fault}`` in them
stand for what the story is about.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from tools.demo_company import FOLDER


@attrs.frozen
class Language:
    """``occasions`` has pairs of subject and body; ``needs`` what kinds of laboratories ask for."""

    occasions: Mapping[str, Sequence[Sequence[str]]]
    needs: Mapping[str, Sequence[str]]
    faults: Sequence[str]
    rivals: Sequence[str]
    remarks: Sequence[str]
    wishes: Sequence[str]


def _read(code: str) -> Language:
    texts: dict[str, Any] = tomllib.loads((FOLDER / f"texts-{code}.toml").read_text(encoding="utf-8"))
    words, needs = texts.pop("words"), texts.pop("needs")
    return Language(texts, needs, words["faults"], words["rivals"], words["remarks"], words["wishes"])


ENGLISH, CHINESE = _read("en"), _read("zh")
