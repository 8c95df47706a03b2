"""Whose tables and migrations are whose, and what a migration destroys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmkit.core.entity import Record, entity, field
from crmkit.core.errors import ConfigError, CrmError
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest

# -- whose tables -----------------------------------------------------------------------------------------------------


@entity("nameless_thing", plural="nameless_things")
class Thing(Record):
    """A thing of a plugin that does not name itself."""

    name: str = field()


class Nameless:
    manifest = Manifest(name="nameless", version="3")

    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Thing]


def test_tables_of_entities_without_a_name_belong_to_the_plugin_that_registers_them(database_url: str) -> None:
    Crm.open(database_url, plugins=[]).close()
    with Crm.open(database_url, plugins=[Nameless()], check=False) as crm:
        assert crm.schema_state().plan[0].owner == "nameless"
        assert [(one.owner, one.state) for one in crm.schema_state().owners] == [
            ("core", "current"),
            ("nameless", "outdated"),
        ]
        assert crm.upgrade_schema().steps == ("create table nameless_things",)
    with Crm.open(database_url, plugins=[]) as crm:
        (kept,) = crm.schema_state().kept
        assert (kept.owner, kept.version, [owned.entity for owned in kept.tables]) == (
            "nameless",
            "3",
            ["nameless_thing"],
        )


def test_a_folder_of_migrations_that_is_named_must_be_there() -> None:
    class Sailing:
        manifest = Manifest(name="sailing", migrations="no_such_folder")

    with pytest.raises(
        CrmError, match=r"manifest of sailing: migrations is 'no_such_folder', expected a folder beside"
    ):
        Crm.open(plugins=[Sailing()])


@pytest.mark.parametrize("name", ["core", "schema"])
def test_names_with_a_meaning_here_are_no_plugins(name: str) -> None:
    with pytest.raises(ConfigError, match="reserved for the application itself"):
        Manifest(name=name)


# -- what code says ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "destructive", "detail"),
    [
        ("", True, "drop table boats"),
        ("destructive = False\n", False, "drop table boats"),
        ('destructive = "the notes of boats"\n', True, "the notes of boats"),
    ],
    ids=["read", "denied", "said"],
)
def test_a_migration_has_the_last_word_on_what_it_destroys(
    tmp_path: Path, said: str, destructive: bool, detail: str
) -> None:
    from crmkit.store.migration.reading_code import effects

    file = tmp_path / "0001.py"
    file.write_text(f'from alembic import op\n{said}\n\ndef upgrade():\n    op.drop_table("boats")\n')
    found = effects(file)
    assert (found.destructive, detail in found.details) == (destructive, True)


def test_what_a_migration_does_is_read_from_its_code(tmp_path: Path) -> None:
    from crmkit.store.migration.reading_code import effects

    file = tmp_path / "0001.py"
    file.write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n\n\ndef upgrade():\n"
        "    op.rename_table('boats', 'ships')\n"
        "    with op.batch_alter_table('ships') as batch:\n"
        "        batch.alter_column('name', new_column_name='title')\n"
        "        batch.alter_column('size', existing_type=sa.Integer(), server_default=None)\n"
        "        batch.add_column(sa.Column('mast', sa.Integer()))\n"
        "        batch.create_index(batch.f('ix_ships_mast'), ['mast'])\n"
        "    op.execute(sa.text('UPDATE ships SET mast = 1'))\n\n\n"
        "def downgrade():\n"
        "    with op.batch_alter_table('ships') as batch:\n"
        "        batch.alter_column('size', type_=sa.Integer())\n"
        "    op.execute('DELETE  FROM ships')\n"
    )
    up, down = effects(file), effects(file, "downgrade")
    assert up.details == (
        "rename table boats to ships",
        "rename column ships.name",
        "add column ships.mast",
        "add index ix_ships_mast",
        "run UPDATE ships SET mast = 1",
    )
    assert not up.destructive
    assert down.details == ("change type of ships.size", "run DELETE FROM ships")
    assert down.destructive
