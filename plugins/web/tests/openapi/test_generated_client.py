"""A public generator makes a client of the document, and the client works against the served API."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from crmkit.testing.making import AsUser
from crmkit_web.documents.plain import encoded
from crmkit_web.openapi.document import openapi
from crmkit_web.serving.site import Site
from plugins.web.tests.conftest import Api

NAME = "crmkit_generated_client"


@pytest.fixture
def generated(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The client's package, to be imported from a folder of its own."""
    source, folder = tmp_path / "openapi.json", tmp_path / "clients" / NAME
    source.write_bytes(encoded(openapi(site, ["customers", "workshop_bikes"])))
    folder.parent.mkdir()
    file = ConfigFile(package_name_override=NAME, post_hooks=[])
    config = Config.from_sources(file, MetaType.NONE, source, "utf-8", True, folder)
    problems = generate(config=config)
    assert [f"{one.header}: {one.detail}" for one in problems] == []
    monkeypatch.syspath_prepend(str(folder.parent))
    yield folder
    for module in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[module]
    shutil.rmtree(folder)


def test_the_generated_client_works(
    generated: Path, as_user: AsUser, api_of: Callable[[str], Api], served: Any
) -> None:
    as_user("* * all", login="root")
    api = api_of("root")
    client = _part("client").AuthenticatedClient(base_url=str(served.base_url), token="in-the-headers")
    served.headers.update(api.headers)
    client.set_httpx_client(served)
    models, calls = _part("models"), _calls

    price = models.MoneySent(amount="2499.00", currency=models.Currency("EUR"))
    for number in range(5):
        body = models.BikeCreate(
            name=f"Kestrel {number}", currency=models.Currency("EUR"), price=price, gears=number + 1
        )
        made = calls("workshop_bikes.create_workshop_bike").sync(client=client, body=body)
        assert isinstance(made, models.Bike)
    assert isinstance(made.id, UUID)
    assert (made.price.amount, made.price.currency) == ("2499.00", "EUR")

    found = calls("workshop_bikes.get_workshop_bike").sync(made.id, client=client)
    assert found.name == "Kestrel 4"
    changed = calls("workshop_bikes.change_workshop_bike").sync(
        made.id, client=client, body=models.BikePatch(colour=None, name="Falcon"), if_match='"1"'
    )
    assert (changed.name, changed.version) == ("Falcon", 2)

    names: list[str] = []
    cursor: Any = _part("types").UNSET
    while cursor is not None:
        page = calls("workshop_bikes.list_workshop_bikes").sync(client=client, limit=2, cursor=cursor)
        names += [one.name for one in page.items]
        cursor = page.next_
    assert sorted(names) == ["Falcon", "Kestrel 0", "Kestrel 1", "Kestrel 2", "Kestrel 3"]

    wrong = calls("workshop_bikes.create_workshop_bike").sync_detailed(
        client=client, body=models.BikeCreate(name="", currency=models.Currency("EUR"), gears=0)
    )
    assert wrong.status_code == 422
    assert isinstance(wrong.parsed, models.Problem)
    assert [one.pointer for one in wrong.parsed.errors] == ["/name", "/gears"]
    stale = calls("workshop_bikes.delete_workshop_bike").sync_detailed(made.id, client=client, if_match='"1"')
    assert (stale.status_code, stale.parsed.status) == (412, 412)


def _part(name: str) -> Any:
    return importlib.import_module(f"{NAME}.{name}")


def _calls(name: str) -> Any:
    return _part(f"api.{name}")
