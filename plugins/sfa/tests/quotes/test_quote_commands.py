"""``crmkit sfa price`` and ``crmkit sfa quote``, as a salesperson uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pypdf
import pytest
from click.testing import CliRunner

from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit_sfa.opportunities.entities import Opportunity

CONFIG = """
currency = "EUR"
[plugins.sfa.quotes.seller]
name = "Aqua Lab Ltd"
[[plugins.sfa.quotes.approvals]]
above = "10"
"""


@pytest.fixture(autouse=True)
def database(program_url: str) -> None:
    Path("crmkit.toml").write_text(CONFIG, "utf-8")
    with Crm.open(program_url) as crm, crm.session() as session:
        acme = Customer(kind="organization", name="Acme", country="DE")
        session.add(acme, Customer(kind="organization", name="北京客户有限公司", country="CN", language="zh"))
        session.add(Opportunity(name="New lab", customer_id=acme.id))
        session.add(Product(sku="P-1", name="Pump", unit="pc"), Product(sku="P-2", name="Filter"))


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(program, ["sfa", *words])
    assert result.exit_code == code, result.output
    return result.output


def told(*words: str) -> Any:
    return json.loads(run(*words, "--json"))


@pytest.fixture
def prices() -> None:
    run("price", "new-list", "standard")
    run("price", "set", "standard", "P-1", "1,000")
    run("price", "set", "standard", "P-1", "900", "--quantity", "10")
    run("price", "tax", "19", "--country", "DE", "--name", "VAT")


@pytest.mark.usefixtures("prices")
def test_prices_are_kept_and_explained() -> None:
    run("price", "new-list", "deal", "--customer", "Acme", "--priority", "-1")
    assert "0.0125 EUR" in run("price", "set", "deal", "Filter", "0.0125")
    assert told("price", "of", "P-1", "--quantity", "12")["price"] == {"amount": "900", "currency": "EUR"}
    shown = run("price", "of", "P-2", "--customer", "Acme")
    assert "0.0125 EUR: price list deal, from 1 on" in shown
    assert "agreed with this customer" in shown
    assert [(one["name"], one["audience"], one["prices"]) for one in told("price", "lists")] == [
        ("deal", ["Acme"], 1),
        ("standard", [], 2),
    ]
    assert [one["from_quantity"] for one in told("price", "show", "standard")] == ["1", "10"]
    assert "19" in run("price", "taxes")
    assert "did you mean standard?" in run("price", "show", "standart", code=4)
    assert "no product Pum; did you mean Pump?" in run("price", "of", "Pum", code=4)
    assert run("price", "set", "standard", "P-1", "much", code=2)


@pytest.mark.usefixtures("prices")
def test_a_quotation_from_new_to_accepted() -> None:
    number = told("quote", "new", "--opportunity", "New lab")["number"]
    assert "is 2,380.00 EUR now" in run("quote", "add", number, "P-1", "--quantity", "2")
    run("quote", "add", number, "--description", "Freight", "--price", "100 EUR", "--tax", "0")
    run("quote", "change", number, "--line", "1", "--quantity", "10")
    run("quote", "change", number, "--discount", "12")
    assert "a discount of 12.00 % needs an approval" in run("quote", "send", number, code=5)
    run("quote", "request", number, "--reason", "large")
    assert [one["number"] for one in told("quote", "waiting")] == [number]
    run("quote", "approve", number, "--comment", "fine")
    assert "valid until" in run("quote", "send", number)
    assert "was sent and stands; revise it" in run("quote", "change", number, "--discount", "5", code=5)
    run("quote", "revise", number)
    run("quote", "change", number, "--discount", "0")
    run("quote", "change", number, "--line", "2", "--remove")
    run("quote", "send", number)
    assert "is accepted: 10,710.00 EUR" in run("quote", "accept", number, "--by", "Ms Li")
    assert "was accepted on" in run("quote", "accept", number, code=5)
    page = told("quote", "show", number)
    assert (page["quote"]["status"], page["opportunity"], page["quote"]["decided_by"]) == (
        "accepted",
        "New lab",
        "Ms Li",
    )
    assert [one["status"] for one in page["revisions"]] == ["superseded", "accepted"]
    shown = run("quote", "show", f"{number}/1")
    assert "Approvals" in shown
    assert "large" in shown
    assert [one["number"] for one in told("quote", "list")] == [f"{number}/2"]
    assert len(told("quote", "list", "--status", "all", "--opportunity", "New lab")) == 2
    assert told("opportunity", "show", "New lab")


@pytest.mark.usefixtures("prices")
def test_documents_are_written_in_the_language_of_the_customer() -> None:
    number = told("quote", "new", "--customer", "北京客户有限公司")["number"]
    run("quote", "add", number, "P-1", "--tax", "13")
    assert told("quote", "pdf", number)["language"] == "zh"
    text = pypdf.PdfReader(f"{number}.pdf").pages[0].extract_text()
    assert "报价单" in text
    assert "1,130.00" in text
    assert f"wrote {number}.html" in run("quote", "html", number, "--language", "en")
    page = Path(f"{number}.html").read_text("utf-8")
    assert "<title>Quotation" in page
    assert 'lang="en"' in page


@pytest.mark.usefixtures("prices")
def test_what_is_wrong_is_said_in_one_line() -> None:
    number = told("quote", "new", "--customer", "Acme")["number"]
    for words, code, said in (
        (("quote", "add", number), 3, "expected a product or a description"),
        (("quote", "add", number, "P-2"), 3, "no price is known for Filter in EUR; give one"),
        (("quote", "add", number, "P-1", "--discount", "120"), 5, "discount 120: expected a percentage"),
        (("quote", "change", number, "--quantity", "3"), 2, "--line says which line is meant"),
        (("quote", "send", number), 3, "has no lines"),
        (("quote", "show", "Q-1"), 4, "no quotation Q-1"),
        (("quote", "new"), 3, "expected whom the quotation is for"),
    ):
        output = run(*words, code=code)
        assert said in output
        assert "Traceback" not in output
