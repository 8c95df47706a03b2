"""Long work by the Python client: files are uploaded and fetched, jobs waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from crmkit.client import Client, JobFailed, ValidationFailed
from crmkit.core.customer import Customer
from crmkit.testing.making import MakeCustomer
from plugins.web.tests.mcp.conftest import ON_BOTH

ROWS = "external_id,name,kind\n" + "".join(f"c{number},Customer {number},organization\n" for number in range(1, 6))


@pytest.fixture
def waiting(address: str, root_token: str, run_jobs: Callable[..., Any]) -> Iterator[Client]:
    """A client that, instead of waiting, has the server's jobs done."""
    with Client(address, token=root_token, sleep=lambda seconds: run_jobs("web")) as client:
        yield client


@ON_BOTH
def test_a_file_is_imported_while_one_watches(waiting: Client, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(ROWS.replace("Customer 2,organization", "Customer 2,dragon"), encoding="utf-8")
    told: list[Mapping[str, Any]] = []
    job = waiting.import_file(file, entity="customer").wait(told.append)
    assert [one["state"] for one in told] == ["waiting", "done"]
    assert (job.document["rows"], job.document["rejected"]) == (5, 1)
    rejected = job.errors(tmp_path / "rejected.csv").read_bytes()
    assert b"dragon" in rejected
    mended = waiting.import_file(rejected.replace(b"dragon", b"household"), name="mended.csv", entity="customer").wait()
    assert mended.document["rejected"] == 0
    customers = waiting.records(Customer)
    assert customers.count() == 5
    assert waiting.job(job.id).state == "done"
    mended.revert().wait()
    assert customers.count() == 4


def test_what_is_wrong_with_a_file_is_told_at_once(client: Client) -> None:
    with pytest.raises(ValidationFailed) as failed:
        client.import_file(b"", name="customers.csv", entity="customer")
    assert [(one.path, one.code) for one in failed.value.errors] == [("/file", "empty")]
    dry = client.import_file(ROWS.encode(), name="customers.csv", entity="customer", dry_run=True)
    assert (dry.document["dry_run"], dry.state) == (True, "waiting")


def test_an_export_is_saved(waiting: Client, make_customer: MakeCustomer, tmp_path: Path) -> None:
    make_customer(name="Kestrel")
    make_customer(name="Merlin")
    saved = waiting.export("customer", "name = Kestrel", fields=["name"]).wait().save(tmp_path / "customers.csv")
    assert saved.read_text(encoding="utf-8-sig").split() == ["name", "Kestrel"]


def test_who_waits_too_long_or_for_what_was_cancelled_is_told(
    client: Client, waiting: Client, make_customer: MakeCustomer, address: str, root_token: str
) -> None:
    make_customer(name="Kestrel")
    with Client(address, token=root_token, sleep=lambda seconds: None) as hasty:
        job = hasty.export("customer")
        with pytest.raises(TimeoutError, match="waiting"):
            job.wait(timeout=2)
        job.cancel()
    with pytest.raises(JobFailed) as failed:
        waiting.job(job.id).wait()
    assert failed.value.job["state"] == "cancelled"


def test_all_that_fit_a_filter_are_changed(waiting: Client, make_customer: MakeCustomer) -> None:
    for name in ("Kestrel", "Merlin", "Hobby"):
        make_customer(name=name, industry="Optics")
    customers = waiting.records(Customer)
    wanted = {"set": {"industry": "Glass"}}
    count = customers.change_all("name != Hobby", **wanted, dry_run=True)["count"]
    customers.change_all("name != Hobby", **wanted, expected=count).wait()
    assert sorted(one.name for one in customers.list("industry = Glass")) == ["Kestrel", "Merlin"]
