"""Names of one character, names written from right to left, and names that can be spelt in two ways."""

from __future__ import annotations

import io
import json

import pytest

from crmkit.core.customer import Customer
from crmkit.core.errors import NotFound
from crmkit.runtime.crm import Crm
from crmkit.services.customer_view import find_customer
from crmkit.services.exporting.running import export
from crmkit.services.identify import Evidence, identify
from crmkit.services.interactions import log, timeline
from crmkit.services.merging import merge, preview, undo
from crmkit.services.search import search
from tests.identify.conftest import Add

SHORT = ("X", "李", "Ø", "ش", "7")
RIGHT_TO_LEFT = ("משה כהן", "محمد بن علي", "Kohn – כהן (TLV)", "\u200fשרה\u200f לוי")


@pytest.mark.parametrize("name", SHORT)
def test_names_of_one_character(crm: Crm, add: Add, name: str) -> None:
    mine, other = add(name), add("Y")
    with crm.session() as session:
        log(session, "call", participants=[mine], subject=name)
    with crm.session() as session:
        assert find_customer(session, name).id == mine
        assert search(session, name).hits[0].id == mine
        found = identify(session, Evidence(name=name))
        # So short a name decides nothing, and nobody else is taken for it.
        assert found.kind != "known"
        assert other not in {one.customer_id for one in found.candidates}
        assert [entry.title for entry in timeline(session, mine).entries] == [name]
        journal = merge(session, preview(session, other, mine, {"name": "lost"}))
    with crm.session() as session:
        assert session.get(Customer, other).name == name
        undo(session, journal.id)
        assert [session.get(Customer, id).name for id in (mine, other)] == [name, "Y"]


@pytest.mark.parametrize("name", RIGHT_TO_LEFT)
def test_text_from_right_to_left(crm: Crm, add: Add, name: str) -> None:
    mine = add(name)
    add("Anna Berg")
    with crm.session() as session:
        log(session, "note", participants=[mine], subject=f"{name}: 50% = ½", body=name[::-1])
    with crm.session() as session:
        assert session.get(Customer, mine).name == name
        assert [one.id for one in session.list(Customer, f'name = "{name}"')] == [mine]
        assert [one.id for one in session.list(Customer, f'name contains "{name.split()[-1]}"')] == [mine]
        assert find_customer(session, name).id == mine
        assert search(session, name).hits[0].id == mine
        assert [one.customer_id for one in identify(session, Evidence(name=name)).candidates] == [mine]
        assert [entry.title for entry in timeline(session, mine).entries] == [f"{name}: 50% = ½"]
        out = io.BytesIO()
        export(session, crm.registry.get(Customer), out, format="jsonl", fields=("name",))
        assert {json.loads(line)["name"] for line in out.getvalue().splitlines()} == {name, "Anna Berg"}
        with pytest.raises(NotFound):
            find_customer(session, name[::-1])
