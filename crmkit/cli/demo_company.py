"""The demonstration company: brought into a database by the import engine, caught up with, and counted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crmkit.cli.indexing import IDENTIFY_STEP, SEARCH_STEP, caught_up
from crmkit.core.customer import Customer
from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.journal import ImportRun
from crmkit.core.lifecycle import StageTransition
from crmkit.core.messages import msg
from crmkit.core.staff import Role
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm
from crmkit.services.identify import index as index_for_identify
from crmkit.services.importing.mapping import ImportMapping, load_mapping
from crmkit.services.importing.running import Progress, run_import
from crmkit.services.importing.sources import fingerprint
from crmkit.services.lifecycle.evaluating import evaluate_rules
from crmkit.services.search import index as index_for_search
from crmkit.store.session import Session

FOLDER = Path(__file__).resolve().parents[1] / "demo"
DATA, MAPPING = FOLDER / "data", FOLDER / "mapping.toml"

COUNTED = (
    "user", "team", "role", "product", "customer", "contact_point", "customer_relation", "consent", "asset", "segment",
    "interaction", "interaction_line", "survey_answer", "stage_transition",
)  # fmt: skip
"""The entities that the summary counts, in its order."""

TOP = 5

STORY_ENDS = datetime(2026, 7, 1, tzinfo=UTC)
"""Up to here the rules of the lifecycle move customers: what happened later, nobody has written."""


@frozen
class Summary:
    """What the database holds. ``top`` are the customers of most revenue, largest first, of each currency."""

    counts: Mapping[str, int]
    revenue: tuple[Money, ...]
    top: tuple[tuple[Customer, Money], ...]


def load(crm: Crm, on_progress: Callable[[Progress], None] | None = None) -> bool:
    """Import the company and make ready what follows from it; returns False when the database holds it already.

    Raises BadInput for a database with records of somebody else's.
    """
    mapping = load_mapping(MAPPING)
    with crm.session() as session:
        here = session.count(ImportRun, fingerprint=import_fingerprint(mapping), state="finished") > 0
    if here:
        # Somebody may have stopped it between the import and this.
        return settle(crm)
    with crm.session() as session:
        if not session.count(ImportRun, name=mapping.name) and session.count(Customer):
            raise BadInput(
                msg(
                    "{database} holds other customers already; name an empty or new database with --db",
                    database=crm.database.engine.url.render_as_string(hide_password=True),
                )
            )
        session.bulk_upsert(Role, _roles(), key=("name",))
    report = run_import(crm, crm.system, DATA, mapping, on_progress=on_progress)
    if report.rejected:
        error = BadInput(msg("{count} rows of the demonstration data were refused", count=report.rejected))
        for refused in report.errors[:5]:
            error.add_note(f"{refused.source} {refused.number}: {refused.render()}")
        raise error
    settle(crm)
    return True


def settle(crm: Crm) -> bool:
    """Move customers through their lifecycle and bring the indexes up to date; returns whether customers were moved.

    It happens once: later, rules are for whoever works with the company.
    """
    with crm.session(reads=True) as session:
        moved = session.count(StageTransition, cause="rule") > 0
    if not moved:
        evaluate_rules(crm, crm.system, min(STORY_ENDS, crm.clock.now()), lifecycle="customer")
    caught_up(crm, index_for_search, SEARCH_STEP)
    caught_up(crm, index_for_identify, IDENTIFY_STEP)
    return not moved


def import_fingerprint(mapping: ImportMapping) -> str:
    """Return the fingerprint under which the import engine notes a run of these files with ``mapping``."""
    return hashlib.sha256(f"{fingerprint(DATA)}\n{mapping.text}".encode()).hexdigest()


def summarise(crm: Crm, session: Session) -> Summary:
    """Count the records and add up the revenue: what was bought less what was returned."""
    totals = _revenue(crm, session)
    revenue: list[Money] = []
    top: list[tuple[Any, Money]] = []
    for currency in sorted({currency for _, currency in totals}):
        of_currency = {id: amount for (id, other), amount in totals.items() if other == currency}
        revenue.append(Money(sum(of_currency.values(), Decimal(0)), currency).rounded())
        largest = sorted(of_currency, key=lambda id: (-of_currency[id], id))[:TOP]
        top += [(id, Money(of_currency[id], currency).rounded()) for id in largest]
    customers = {record.id: record for record in session.list(Customer, id=[id for id, _ in top])} if top else {}
    return Summary(
        {name: session.count(crm.registry.get(name).cls) for name in COUNTED},
        tuple(revenue),
        tuple((customers[id], money) for id, money in top),
    )


def _revenue(crm: Crm, session: Session) -> dict[tuple[Any, str], Decimal]:
    """Return the revenue by customer and currency."""
    kinds = [name for name, kind in crm.kinds.items() if kind.money == "revenue"]
    table, link = session.table(Interaction), session.table(InteractionParticipant)
    signed = sa.case((table.c.kind == "return", -table.c.money_amount), else_=table.c.money_amount)
    amount = sa.func.sum(sa.type_coerce(signed, table.c.money_amount.type))
    statement = (
        sa.select(link.c.customer_id, table.c.money_currency, amount)
        .join(link, link.c.interaction_id == table.c.id)
        .where(table.c.kind.in_(kinds), table.c.status == "completed", table.c.money_amount.is_not(None))
        .where(link.c.role == "customer", link.c.customer_id.is_not(None))
        .group_by(link.c.customer_id, table.c.money_currency)
    )
    rows: Iterable[Any] = session.execute(statement)
    return {(customer, currency): total for customer, currency, total in rows}


def _roles() -> list[Role]:
    import msgspec

    rows = [msgspec.json.decode(line) for line in (FOLDER / "roles.jsonl").read_bytes().splitlines()]
    return [Role(name=row["name"], grants=tuple(row["grants"]), source="kranichquell") for row in rows]
