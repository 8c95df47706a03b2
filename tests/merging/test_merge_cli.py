"""``crmkit merge`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.product import Product
from crmkit.runtime.crm import Crm
from tests.cli.conftest import Run, _folder, run

__all__ = ["_folder", "run"]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A database with one customer twice, a third and two products; ids by names."""
    address = f"sqlite:///{tmp_path / 'shop.db'}"
    monkeypatch.setenv("CRMKIT_DB", address)
    stop = Customer(name="QUICK-Stop", kind="organization", country="DE", industry="Retail")
    again = Customer(name="Quick Stop Ltd", kind="organization", industry="Trade", domain="quick.example")
    other = Customer(name="Horst Kloss")
    pump, pump2 = Product(sku="P-1", name="Pump"), Product(sku="P-2", name="Pumps")
    with Crm.open(address, plugins=[]) as crm, crm.session() as session:
        session.add(stop, again, other, pump, pump2)
        session.add(ContactPoint(customer_id=again.id, kind="email", value="stop@quick.example"))
    return {record.name: str(record.id) for record in (stop, again, other, pump, pump2)}


def test_preview_run_show_and_undo(run: Run, shop: dict[str, str]) -> None:
    shown = run("merge", "preview", "QUICK-Stop", "stop@quick.example", "--take", "industry=lost")
    assert shown.exit_code == 0
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert "QUICK-Stop ← Quick Stop Ltd" in lines
    assert "Industry Retail Trade Trade" in lines
    assert "Domain quick.example quick.example" in lines
    assert "contact_point.customer_id union 1" in lines

    done = run("merge", "run", "QUICK-Stop", "Quick Stop Ltd", "--take", "industry=lost")
    assert done.exit_code == 0
    journal = done.stdout.strip()
    view = run("customer", "show", shop["Quick Stop Ltd"], "--json")
    assert view.exit_code == 0
    assert json.loads(view.stdout)["customer"]["id"] == shop["QUICK-Stop"]
    assert json.loads(view.stdout)["customer"]["industry"] == "Trade"

    again = run("merge", "run", "QUICK-Stop", shop["Quick Stop Ltd"])
    assert again.exit_code == 0
    assert "are one record already" in again.stderr
    [listed] = json.loads(run("merge", "list", "--json").stdout)
    assert (listed["id"], listed["lost_id"], listed["undone_at"]) == (journal, shop["Quick Stop Ltd"], None)
    assert shop["QUICK-Stop"] in run("merge", "list").stdout

    assert run("customer", "show", "stop@quick.example").exit_code == 0
    back = json.loads(run("merge", "undo", shop["Quick Stop Ltd"], "--json").stdout)
    assert (back["id"], back["restored"], back["left"]) == (journal, 3, [])
    assert json.loads(run("customer", "show", "Quick Stop Ltd", "--json").stdout)["customer"]["industry"] == "Trade"
    assert json.loads(run("customer", "show", "QUICK-Stop", "--json").stdout)["customer"]["industry"] == "Retail"
    assert run("merge", "undo", "last").exit_code == 4


def test_what_cannot_be_merged_is_said_and_the_others_are(run: Run, shop: dict[str, str]) -> None:
    refused = run("merge", "preview", "QUICK-Stop", "Horst Kloss")
    assert refused.exit_code == 5
    assert "cannot be merged: QUICK-Stop is of kind organization, Horst Kloss of kind person" in refused.stderr
    document = json.loads(run("merge", "preview", "QUICK-Stop", "Horst Kloss", "--json").stdout)
    assert document["blocked"] == [
        "QUICK-Stop is of kind organization, Horst Kloss of kind person; correct one of them first"
    ]
    both = run("merge", "run", "QUICK-Stop", "Horst Kloss", "Quick Stop Ltd", "--json")
    assert both.exit_code == 5
    first, second = json.loads(both.stdout)
    assert (first["merge_id"], first["error"]["code"]) == (None, "refused")
    assert (second["lost_id"], second["error"]) == (shop["Quick Stop Ltd"], None)


def test_wrong_words_are_explained(run: Run, shop: dict[str, str]) -> None:
    wrong = run("merge", "preview", "QUICK-Stop", "Quick Stop Ltd", "--take", "industry")
    assert (wrong.exit_code, "as in industry=lost" in wrong.stderr) == (3, True)
    unknown = run("merge", "preview", "QUICK-Stop", "Quick Stop Ltd", "--take", "industri=lost")
    assert (unknown.exit_code, "did you mean industry?" in unknown.stderr) == (3, True)
    assert run("merge", "preview", "QUICK-Stop", "QUICK-Stop").exit_code == 3
    assert run("merge", "undo", "nonsense").exit_code == 4


def test_products_are_named_by_their_ids(run: Run, shop: dict[str, str]) -> None:
    assert run("merge", "run", shop["Pump"], shop["Pumps"], "--entity", "products").exit_code == 0
    assert json.loads(run("show", "product", shop["Pumps"], "--json").stdout)["sku"] == "P-1"
    [journal] = json.loads(run("merge", "list", "--json").stdout)
    assert run("show", "merge_journal", journal["id"]).exit_code == 0
    assert run("merge", "undo", "last").exit_code == 0
    assert json.loads(run("list", "product", "--json").stdout)[0]["sku"] == "P-1"


def test_an_undo_shows_what_it_left(run: Run, shop: dict[str, str], tmp_path: Path) -> None:
    run("merge", "run", "QUICK-Stop", "Quick Stop Ltd")
    with Crm.open(f"sqlite:///{tmp_path / 'shop.db'}", plugins=[]) as crm, crm.session() as session:
        from crmkit.core.entity import change

        kept = session.get(Customer, shop["QUICK-Stop"])
        session.update(change(kept, domain="stop.example"))
    undone = run("merge", "undo", "last")
    assert undone.exit_code == 0
    assert "2 records restored" in undone.stderr
    assert "QUICK-Stop" in undone.stdout
    assert "domain" in undone.stdout
