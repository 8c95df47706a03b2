"""Files as they come: encodings, marks and delimiters are found out; values that no record has wait for a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import crmkit_web
from crmkit import Crm
from crmkit.core.product import Product
from crmkit.core.staff import User
from crmkit.testing.making import AsUser, MakeCrm, MakeCustomer
from crmkit_web.login.tokens import make_token
from plugins.web.tests.conftest import Api

ROWS = "external_id,name,kind\nc1,Käsehaus Müller,organization\nc2,\u9752\u5c9b\u5149\u5b66,organization\n"
ASSETS = """
name = "assets"
system = "works"

[[record]]
source = "assets"
entity = "asset"
external_id = "{serial}"
[record.fields]
customer_id = { match = { name = "{customer}" } }
product_id = { match = { sku = "{sku}" } }
name = "{serial}"
"""


@pytest.fixture
def crm(make_crm: MakeCrm, tmp_path: Path) -> Crm:
    """A CRM in a file."""
    settings = {"work_folder": str(tmp_path / "work")}
    return make_crm(plugins=[crmkit_web], config={"plugins": {"web": settings}}, url=f"sqlite:///{tmp_path / 'web.db'}")


def imported(api: Api, run_jobs: Callable[..., Any], name: str, content: bytes, **fields: Any) -> Any:
    made = api.post("/imports", files={"file": (name, content)}, data=fields)
    assert made.status_code == 202, made.text
    run_jobs("web")
    return api.get(f"/imports/{made.json()['id']}").json()


def test_encodings_marks_and_delimiters_are_found_out(api: Api, run_jobs: Callable[..., Any]) -> None:
    western = ROWS.splitlines(keepends=True)
    for name, content, rows in (
        ("bom.csv", ROWS.encode("utf-8-sig"), 2),
        ("wide.csv", ROWS.encode("utf-16"), 2),
        ("semicolons.csv", ROWS.replace(",", ";").encode(), 2),
        ("tabs.tsv", ROWS.replace(",", "\t").encode(), 2),
        ("returns.txt", ROWS.replace("\n", "\r\n").encode(), 2),
        ("western.csv", "".join(western[:2]).encode("cp1252"), 1),
        ("chinese.csv", (western[0] + western[2]).encode("gb18030"), 1),
    ):
        done = imported(api, run_jobs, name, content, entity="customer")
        assert (done["state"], done["rows"], done["rejected"]) == ("done", rows, 0), (name, done)
        found = {one["name"] for one in api.get("/customers").json()["items"]}
        assert found == {"Käsehaus Müller", "\u9752\u5c9b\u5149\u5b66"}, name


def test_bytes_that_are_no_text_are_told_row_by_row(api: Api, run_jobs: Callable[..., Any]) -> None:
    broken = b"external_id,name,kind\n" + b"".join(b"c%d,Customer %d,organization\n" % (n, n) for n in range(50))
    done = imported(api, run_jobs, "broken.csv", broken.replace(b"Customer 7,", b'"Customer 7,'), entity="customer")
    assert done["state"] == "done"
    assert done["rejected"] >= 1
    assert done["records"]["customer"]["created"] == 50 - done["rejected"]


def test_what_may_be_meant_waits_for_a_word(
    api: Api, run_jobs: Callable[..., Any], crm: Crm, make_customer: MakeCustomer
) -> None:
    make_customer(name="Acme")
    with crm.session() as session:
        session.add(Product(sku="GTX Pro", name="GTX Pro"))
    rows = b"serial,customer,sku\n1,Acme,GTXPro\n2,Acme,Zebra\n"
    first = imported(api, run_jobs, "assets.csv", rows, mapping=ASSETS)
    assert (first["rejected"], first["proposals"]) == (2, ["product.sku: GTXPro = GTX Pro"])
    again = imported(api, run_jobs, "assets.csv", rows, mapping=ASSETS, confirmed=first["proposals"])
    assert (again["rejected"], again["records"]["asset"]["created"]) == (1, 1)
    # From then on it is known.
    third = imported(api, run_jobs, "assets.csv", rows + b"3,Acme,GTXPro\n", mapping=ASSETS)
    assert third["records"]["asset"]["created"] == 1
    wrong = imported(api, run_jobs, "assets.csv", rows, mapping=ASSETS, confirmed=["product.sku: x"])
    assert (wrong["state"], wrong["problem"]["code"]) == ("failed", "bad_input")


def test_a_mapping_that_does_not_fit_names_the_file_and_no_folder(
    api: Api, run_jobs: Callable[..., Any], tmp_path: Path
) -> None:
    done = imported(api, run_jobs, "assets.csv", b"serial,customer\n1,Acme\n", mapping=ASSETS)
    assert (done["state"], done["problem"]["code"]) == ("failed", "bad_input")
    assert "sku" in done["problem"]["detail"]
    other = imported(api, run_jobs, "else.jsonl", b'{"a": 1}\n', mapping=ASSETS.replace('sku}"', 'a}"'))
    assert str(tmp_path) not in other["problem"]["detail"]


def test_a_job_may_no_more_than_the_token_that_asked_for_it(
    api: Api, api_of: Callable[[str], Api], as_user: AsUser, run_jobs: Callable[..., Any], crm: Crm
) -> None:
    as_user("* * all", login="bob")
    with crm.session() as session:
        user = session.find(User, login="bob")
        assert user is not None
        scopes = ["customer:write", "import_run:write", "web_work:read"]
        token = make_token(crm.context(session, "web"), user, "narrow", scopes=scopes)
    narrow = Api(api.client, token)
    rows = b"external_id,name,kind\nc1,Kestrel,organization\n"
    # External ids are records of another entity, which the token is not for.
    done = imported(narrow, run_jobs, "c.csv", rows, entity="customer")
    assert (done["state"], done["rejected"], done["records"]) == ("done", 1, {})
    assert narrow.post("/exports", {"entity": "customer"}).status_code == 403
    assert narrow.post("/products/bulk", {"filter": "", "delete": True, "dry_run": True}).status_code == 403
    assert api_of("bob").get("/customers").json()["items"] == []
