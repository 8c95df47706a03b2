"""What customers of the demonstration answer to surveys, from a chance of its own for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tools.demo_company import QUESTIONS
from tools.demo_records import Chance, Contact
from tools.demo_texts import CHINESE, ENGLISH

_LIKELY = {"annual-papers": -1, "annual-system": 1}
"""How much better or worse than elsewhere it is experienced."""


def answers(contacts: Sequence[Contact]) -> Iterator[dict[str, Any]]:
    """Yield a row for every question put to somebody; one without an answer was asked in vain."""
    for contact in contacts:
        if contact.kind != "survey":
            continue
        chance = Chance(f"kranichquell survey {contact.organization.code} {contact.at:%Y-%m-%d}")
        survey = "annual" if contact.rated is None else "installation"
        mood = chance.number(-2, 1) if contact.organization.part != "key" else chance.number(-1, 1)
        for question in QUESTIONS:
            if question["survey"] == survey:
                given = _answer(contact, question, chance, mood) if contact.status == "completed" else {}
                values = {name: given.get(name, "") for name in ("expected", "experienced", "score", "comment")}
                yield {"survey": contact.key, "question": question["name"], **values}


def _answer(contact: Contact, question: dict[str, str], chance: Chance, mood: int) -> dict[str, Any]:
    name, measure = question["name"], question["measure"]
    if name == "installation-engineer" and contact.rated is not None:
        return {"expected": contact.rated[0], "experienced": contact.rated[1]}
    if measure == "text":
        wishes = (CHINESE if contact.organization.chinese else ENGLISH).wishes
        return {"comment": chance.one(wishes)} if chance.happens(0.5) else {}
    if chance.happens(0.06):
        return {}  # Somebody always leaves a question out.
    if measure == "satisfaction":
        expected = chance.number(7, 9)
        return {
            "expected": expected,
            "experienced": min(10, expected + mood + _LIKELY.get(name, 0) + chance.number(-1, 1)),
        }
    if measure == "nps":
        return {"score": min(10, 9 + mood + chance.number(-1, 1))}
    return {"score": min(7, 6 + mood + chance.number(0, 1))}
