from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import User
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm
from tests.runtime.packages import Site

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own for what commands find and leave."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run() -> Run:
    """Run ``crmkit`` with these words."""

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(program, list(words))

    return invoke


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site(tmp_path / "site", monkeypatch)
    yield made
    made.forget()


@pytest.fixture
def shop(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with three customers, one of them with purchases; it is the one that the program finds."""
    address = f"sqlite:///{shutil.copy(filled, tmp_path / 'shop.db')}"
    monkeypatch.setenv("CRMKIT_DB", address)
    return address


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of ``shop``, to be copied."""
    file = tmp_path_factory.mktemp("shop") / "shop.db"
    with Crm.open(f"sqlite:///{file}") as crm, crm.session() as session:
        stop = Customer(name="QUICK-Stop", kind="organization", country="DE", industry="Retail")
        kloss = Customer(name="Horst Kloss", kind="person")
        company = Customer(name="北京客户有限公司", kind="organization", country="CN")
        session.add(stop, kloss, company)
        session.add(
            ContactPoint(customer_id=stop.id, kind="phone", value="+49 372 035188"),
            CustomerRelation(from_id=kloss.id, to_id=stop.id, type="employed_by", title="Accounting Manager"),
            User(login="anna", name="Anna"),
        )
        for day, amount in ((1, "100000.004"), (3, "10277.3"), (2, "0.006")):
            order = Interaction(
                kind="purchase",
                subject=f"Order {day}",
                occurred_at=datetime(2024, 1, day, 9, tzinfo=UTC),
                money=Money.of(amount, "USD"),
            )
            session.add(order, InteractionParticipant(interaction_id=order.id, customer_id=stop.id))
    return file
