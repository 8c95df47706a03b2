"""The check of installing, on packages with migrations that do too little, too much, or no way back."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crmkit.core.values.clock import FixedClock
from crmkit.testing.contract.faults import ContractBroken
from crmkit.testing.contract.installing import check_installing
from crmkit.testing.contract.subject import Subject

PACKAGE = '''
from uuid import UUID

from crmkit.plugin import Manifest, Part, Via, entity, field, hookimpl

manifest = Manifest(name="guild", label="Guild", summary="Seats of customers.")


@entity("guild_seat", access=Via("customer_id"), title="text", plugin="guild")
class Seat(Part):
    """A seat."""

    customer_id: UUID = field(reference="customer", merge="repoint", erase="delete")
    text: str = field(default="", max_length=200, indexed=True)


@hookimpl
def register_entities(ctx, call):
    return [Seat]
'''

MIGRATION = '''
"""Seats"""

import sqlalchemy as sa
from alembic import op

from crmkit import migrations as crm

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "guild_seats",
        sa.Column("id", crm.Id(), nullable=False),
        sa.Column("tenant_id", crm.Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", crm.Instant(), nullable=True),
        sa.Column("created_by", crm.Id(), nullable=True),
        sa.Column("updated_at", crm.Instant(), nullable=True),
        sa.Column("updated_by", crm.Id(), nullable=True),
        sa.Column("deleted_at", crm.Instant(), nullable=True),
        sa.Column("source", crm.text_type(100), nullable=False),
        sa.Column("custom", crm.Json(), nullable=False),
        sa.Column("customer_id", crm.Id(), nullable=False),
        sa.Column("text", crm.text_type(200), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_guild_seats_customer_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_guild_seats_customer_id", "guild_seats", ["customer_id"])
    op.create_index("ix_guild_seats_text", "guild_seats", ["tenant_id", "text"])
    crm.keep_tenants_apart(op.get_bind(), "guild_seats")


def downgrade():
    op.drop_table("guild_seats")
'''

Package = Callable[[str, str], object]
Check = Callable[[object, str], None]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Import the plugin, with a piece of its migration replaced by another."""

    def make(old: str, new: str) -> object:
        assert old in MIGRATION
        folder = tmp_path / "guild_package"
        (folder / "migrations").mkdir(parents=True)
        (folder / "__init__.py").write_text(PACKAGE, encoding="utf-8")
        migration = MIGRATION.lstrip().replace(old, new)
        (folder / "migrations" / "0001_seats.py").write_text(migration, encoding="utf-8")
        importlib.invalidate_caches()
        return importlib.import_module("guild_package")

    monkeypatch.syspath_prepend(tmp_path)
    yield make
    sys.modules.pop("guild_package", None)


@pytest.fixture
def check(clock: FixedClock) -> Iterator[Check]:
    """Run the check on a database."""
    made: list[Subject] = []

    def run(plugin: object, url: str) -> None:
        made.append(Subject(plugin, clock))
        check_installing(made[-1], url)

    yield run
    for subject in made:
        subject.close()


def test_migrations_that_do_what_they_should_pass(package: Package, check: Check, database_url: str) -> None:
    check(package("", ""), database_url)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param(
            '        sa.Column("text", crm.text_type(200), nullable=False),\n',
            '        sa.Column("words", crm.text_type(200), nullable=True),\n',
            "fails|column guild_seats.text is missing",
            id="another column",
        ),
        pytest.param(
            '    op.create_index("ix_guild_seats_text", "guild_seats", ["tenant_id", "text"])\n',
            "",
            "index ix_guild_seats_text of guild_seats is missing|still needs",
            id="no index",
        ),
        pytest.param(
            'sa.Column("text", crm.text_type(200), nullable=False)',
            'sa.Column("text", crm.text_type(200), nullable=True)',
            "column guild_seats.text may be empty, unlike its field|still needs",
            id="empty",
        ),
        pytest.param('    op.drop_table("guild_seats")', "    pass", "table guild_seats is left", id="no way back"),
        pytest.param(
            '    op.drop_table("guild_seats")',
            '    op.drop_table("guild_chairs")',
            "its migrations cannot be undone",
            id="a wrong way back",
        ),
        pytest.param(
            "def downgrade():",
            '    op.execute("CREATE UNIQUE INDEX one_country ON customers (country)")\n\n\ndef downgrade():',
            "without the plugin, the others do not work any more",
            id="somebody else's table",
        ),
    ],
)
def test_other_migrations_are_noticed(
    package: Package, check: Check, sqlite_url: str, old: str, new: str, said: str
) -> None:
    with pytest.raises(ContractBroken, match=said) as caught:
        check(package(old, new), sqlite_url)
    assert "What to do: " in str(caught.value)
