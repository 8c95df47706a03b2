"""Imports over HTTP, end to end: a file comes in, a job reads it, and whoever sent it sees what became of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from plugins.web.tests.conftest import Api

ROWS = "external_id,name,kind\n" + "".join(f"c{n},Customer {n},organization\n" for n in range(1, 6))


def send(api: Api, content: str | bytes, name: str = "customers.csv", **fields: Any) -> Any:
    data = {"entity": "customer"} | fields if "mapping" not in fields and "mapping_name" not in fields else fields
    raw = content.encode() if isinstance(content, str) else content
    return api.post("/imports", files={"file": (name, raw)}, data=data)


def test_an_import_end_to_end(api: Api, run_jobs: Callable[..., Any], spool: Path) -> None:
    asked = send(api, ROWS)
    assert asked.status_code == 202, asked.text
    made = asked.json()
    assert asked.headers["location"] == made["location"] == f"/api/v1/imports/{made['id']}"
    assert (made["state"], made["name"], made["kind"], made["rows"]) == ("waiting", "customers.csv", "import", 0)
    assert api.get("/customers").json()["items"] == []
    assert [(job.name, job.state, job.error) for job in run_jobs("web")][-1] == ("web.import", "done", "")
    done = api.get(f"/imports/{made['id']}").json()
    assert (done["state"], done["rows"], done["rejected"], done["problem"]) == ("done", 5, 0, None)
    assert done["records"]["customer"]["created"] == 5
    assert done["errors_file"] is None
    assert done["ended_at"] is not None
    assert len(api.get("/customers").json()["items"]) == 5
    assert [one["id"] for one in api.get("/imports").json()["items"]] == [made["id"]]
    job = api.get(f"/jobs/{made['id']}").json()
    assert (job["state"], job["location"]) == ("done", made["location"])
    # What was sent is not kept.
    assert not list(spool.rglob("customers.csv"))
    run = api.get(f"/import_runs/{done['run_id']}").json()
    assert (run["path"], run["state"]) == ("customers.csv", "finished")


def test_a_dry_run_shows_and_writes_nothing(api: Api, run_jobs: Callable[..., Any]) -> None:
    made = send(api, ROWS, dry_run="true").json()
    run_jobs("web")
    done = api.get(f"/imports/{made['id']}").json()
    assert (done["state"], done["dry_run"], done["rows"], done["run_id"]) == ("done", True, 5, None)
    assert done["samples"][0]["fields"]["name"] == [None, "Customer 1"]
    assert api.get("/customers").json()["items"] == []
    assert api.post(f"/imports/{made['id']}/revert").status_code == 409


def test_rejected_rows_are_fetched_mended_and_imported_again(api: Api, run_jobs: Callable[..., Any]) -> None:
    made = send(api, ROWS.replace("Customer 2,organization", "Customer 2,dragon")).json()
    run_jobs("web")
    done = api.get(f"/imports/{made['id']}").json()
    assert (done["rows"], done["rejected"], done["error_sources"]) == (5, 1, ["customers"])
    assert done["rejected_rows"][0]["line"] == 3
    file = api.client.get(done["errors_file"], headers=api.headers)
    assert file.headers["content-type"].startswith("text/csv")
    assert file.headers["content-disposition"] == 'attachment; filename="customers-errors.csv"'
    assert "crmkit_error" in file.text
    again = send(api, file.content.replace(b"dragon", b"household")).json()
    run_jobs("web")
    mended = api.get(f"/imports/{again['id']}").json()
    assert (mended["state"], mended["rows"], mended["rejected"]) == ("done", 1, 0)
    assert len(api.get("/customers").json()["items"]) == 5


def test_an_import_is_taken_back(api: Api, run_jobs: Callable[..., Any]) -> None:
    made = send(api, ROWS).json()
    assert api.post(f"/imports/{made['id']}/revert").status_code == 409
    run_jobs("web")
    customer = api.get("/customers?filter=name+%3D+%22Customer+3%22").json()["items"][0]
    assert api.patch(f"/customers/{customer['id']}", {"industry": "Optics"}).status_code == 200
    asked = api.post(f"/imports/{made['id']}/revert")
    assert (asked.status_code, asked.json()["kind"]) == (202, "revert")
    run_jobs("web")
    reverted = api.client.get(asked.json()["location"], headers=api.headers).json()
    assert (reverted["state"], reverted["counts"]["left"]) == ("done", 1)
    assert [one["name"] for one in api.get("/customers").json()["items"]] == ["Customer 3"]
    again = api.post(f"/imports/{made['id']}/revert").json()
    run_jobs("web")
    failed = api.get(f"/jobs/{again['id']}").json()
    assert (failed["state"], failed["problem"]["code"]) == ("failed", "conflict")


def test_a_mapping_by_text_and_by_name(api: Api, run_jobs: Callable[..., Any]) -> None:
    people = "nr,name\n1,Kestrel\n2,Heron\n"
    assert api.get("/imports/mappings").json() == {"items": [{"name": "people"}]}
    made = send(api, people, "people.csv", mapping_name="people").json()
    run_jobs("web")
    assert api.get(f"/imports/{made['id']}").json()["records"]["customer"]["created"] == 2
    raw = api.post(
        "/imports/file?filename=people.csv&mapping_name=people",
        content=people.replace("Heron", "Egret").encode(),
        headers={"content-type": "application/octet-stream"},
    )
    assert raw.status_code == 202, raw.text
    run_jobs("web")
    assert api.get(f"/imports/{raw.json()['id']}").json()["records"]["customer"]["updated"] == 1
    assert {one["name"] for one in api.get("/customers").json()["items"]} == {"Kestrel", "Egret"}
