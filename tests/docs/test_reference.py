"""The reference pages that are made from the code: they name everything, and a stale one is noticed."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path

import attrs
import pytest

import crmkit
from crmkit.cli.program import COMMANDS
from crmkit.cli.running import EXIT_CODES
from crmkit.core.customer import Customer
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import change, entity_info
from crmkit.core.errors import CrmError, NotFound, StaleVersion
from crmkit.core.journal import Event
from crmkit.hooks import SPECS
from crmkit.hooks.kinds import hooks_of
from crmkit.runtime.config import SETTINGS, Config, load_config
from crmkit.runtime.crm import Crm
from crmkit.testing.making import MakeCrm
from tools.markdown import slug
from tools.reference import errors, events, hooks, pages
from tools.reference.__main__ import main, stale
from tools.reference.classes import attribute_texts, members, records_of
from tools.reference.plugins import official_plugins

PAGES = pages()


def rows(page: str) -> dict[str, str]:
    """Return the first rows of the tables of a page by the code in their first cell, with or without a link around it."""
    found = list(re.finditer(r"^\| \[?`([^`]+)`.*$", PAGES[page], re.MULTILINE))
    return {row[1]: row[0] for row in reversed(found)}


def headings(page: str) -> list[str]:
    text = re.sub(r"^```.*?^```$", "", PAGES[page], flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


def test_the_same_code_gives_the_same_pages() -> None:
    assert pages() == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_every_heading_can_be_linked_to(page: str) -> None:
    anchors = [slug(heading) for heading in headings(page)]
    assert sorted(set(anchors)) == sorted(anchors)


# -- what the pages hold ----------------------------------------------------------------------------------------------


def test_every_hook_stands_on_its_page_in_the_order_of_calls() -> None:
    declared = [info.name for spec_class in SPECS for info in hooks.in_order(spec_class)]
    assert sorted(declared) == sorted(name for spec_class in SPECS for name in hooks_of(spec_class))
    assert [heading for heading in headings("hooks.md") if heading in declared] == declared
    assert declared.index("register_entities") < declared.index("derive_records") < declared.index("guard_records")


def test_a_hook_is_told_in_full() -> None:
    told = PAGES["hooks.md"].partition("### guard_records\n")[2].partition("\n### ")[0]
    for fact in (
        "Return ``Refuse`` for changes that must not happen.",
        "| kind | [guard](#kinds) |",
        "| runs | inside the transaction, last before SQL |",
        "| argument | [`RecordBatch`](#recordbatch) |",
        "| an error | aborts, rolls back and names the plugin |",
        "| since | 0.1, provisional |",
    ):
        assert fact in told
    assert re.search(r"\| implemented by \| the core \(.*`customer_relation`.*\) \|", told)


def test_what_hooks_take_and_return_is_explained() -> None:
    records = [record for spec_class in SPECS for record in records_of(spec_class.__module__)]
    assert {"RecordBatch", "Change", "Refuse", "Setup"} <= {record.__name__ for record in records}
    for record in records:
        assert record.__name__ in headings("hooks.md")
        assert record.__doc__
        bare = [name for name, member in vars(record).items() if isinstance(member, property) and name[0] != "_"]
        assert set(bare) <= {name for name, _, _ in members(record)}, (
            f"{record.__name__} has a property without a docstring"
        )


def test_every_entity_and_field_stands_on_its_page() -> None:
    assert [h for h in headings("entities.md") if "`" not in h and "_" in h] == [
        name for name in (entity_info(cls).name for cls in ordered_entities()) if "_" in name
    ]
    for cls in CORE_ENTITIES:
        info = entity_info(cls)
        told = PAGES["entities.md"].partition(f"\n### {info.name}\n")[2].partition("\n### ")[0]
        assert f"| table | `{info.plural}` |" in told
        for field in info.fields:
            assert field.common or f"| `{field.name}` | {field.label} |" in told
    assert "    customer ||--o{ contact_point : customer_id" in PAGES["entities.md"]
    assert "    customer |o--o{ user : customer_id" in PAGES["entities.md"]


def ordered_entities() -> list[type]:
    modules = list(dict.fromkeys(cls.__module__ for cls in CORE_ENTITIES))
    return sorted(CORE_ENTITIES, key=lambda cls: modules.index(cls.__module__))


def test_every_command_stands_on_its_page_in_order() -> None:
    top = [heading for heading in headings("commands.md") if heading.count(" ") == 1 and heading.startswith("crmkit ")]
    assert top == [f"crmkit {name}" for name in sorted(COMMANDS)]
    told = PAGES["commands.md"].partition("### crmkit customer add\n")[2].partition("\n### ")[0]
    assert "crmkit customer add [OPTIONS] NAME" in told
    assert "| `--email ADDRESS` | A mail address; may be given again. |" in told


def test_every_setting_is_explained() -> None:
    told = rows("configuration.md")
    for name in SETTINGS:
        assert re.search(rf"\| `CRMKIT_{name.upper()}` \| \w.+ \|$", told[name]), name
    for attribute in attrs.fields(Config):
        assert attribute_texts(Config).get(attribute.name)


def test_no_setting_of_an_inner_table_is_without_a_meaning() -> None:
    poor = re.findall(r"^\| `\w+` \|.* \|  \|$", PAGES["configuration.md"], re.MULTILINE)
    assert poor == []


def test_the_example_is_a_configuration() -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```$", PAGES["configuration.md"], re.MULTILINE | re.DOTALL)
    config = load_config(tomllib.loads(example), {})
    with Crm.open("sqlite://", plugins=[], config=config) as crm:
        assert crm.registry.get("boat").field("owner_of_boat_id").reference == "customer"


def test_every_variable_that_is_asked_for_is_explained() -> None:
    found: set[str] = set()
    for path in Path(crmkit.__path__[0]).rglob("*.py"):
        found.update(re.findall(r"\bCRMKIT_[A-Z]+(?:_[A-Z]+)*\b", path.read_text(encoding="utf-8")))
    # Set by completion scripts, for the program alone.
    assert found - {"CRMKIT_COMPLETE"} <= {
        word for row in rows("configuration.md").values() for word in re.findall(r"\w+", row)
    }


def test_every_event_that_is_written_stands_on_its_page(make_crm: MakeCrm) -> None:
    crm = make_crm()
    with crm.session() as session:
        made = Customer(kind="organization", name="Acme")
        session.add(made)
        session.flush()
        session.update(change(session.get(Customer, made.id), country="DE"))
        session.flush()
        session.delete(session.get(Customer, made.id))
        session.flush()
        session.restore(Customer, made.id)
    with crm.session() as session:
        written = {event.type for event in session.list(Event) if event.entity == "customer"}
    assert written == {f"customer.{action}" for action in ("created", "updated", "deleted", "restored")}
    assert written <= set(events.types_of("customer"))
    assert all(f"`{name}`" in rows("events.md")["customer"] for name in written)


def test_every_error_stands_on_its_page_with_its_exit_code() -> None:
    assert {errors.exit_code(kind) for kind in (NotFound, StaleVersion, CrmError)} == {4, 7, 1}
    told = PAGES["errors.md"]
    for kind in errors.error_classes():
        assert f"| `{kind.code}` | `{kind.__name__}` | {errors.exit_code(kind)} |" in told
    assert set(rows("errors.md")) >= {kind.code for kind, _ in EXIT_CODES if issubclass(kind, CrmError)}
    assert all(f"\n| {number} | " in told for number in {0, 2, *(number for _, number in EXIT_CODES)})


def test_codes_of_field_errors_are_read_from_the_sources() -> None:
    codes = errors.field_codes()
    assert codes["too_long"] == "at most {limit} characters, got {length}"
    assert "a value that no other {entity} has" in codes["duplicate"]
    assert {"required", "choice", "format", "reference", "unknown_field"} <= set(codes)


# -- plugins ----------------------------------------------------------------------------------------------------------

PLUGIN = '''
import attrs

from crmkit.plugin import Manifest, hookimpl


@attrs.frozen
class Settings:
    """How loud it is."""

    volume: int = 3
    """Decibels."""


manifest = Manifest(name="shouting", config=Settings)


@hookimpl(entities=("product", "customer"))
def derive_records(ctx, call):
    return []
'''


def test_official_plugins_are_named_with_what_they_implement_and_their_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    folder = tmp_path / "plugins" / "shouting"
    folder.mkdir(parents=True)
    (folder / "crmkit_shouting_specimen.py").write_text(PLUGIN, encoding="utf-8")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "crmkit-shouting"\n'
        '[project.entry-points."crmkit.plugins"]\nshouting = "crmkit_shouting_specimen"\n',
        encoding="utf-8",
    )
    assert [plugin.name for plugin in official_plugins(tmp_path)] == ["shouting"]
    made = pages(tmp_path)
    told = made["hooks.md"].partition("### derive_records\n")[2].partition("\n### ")[0]
    assert re.search(r"\| implemented by \| the core .*, `shouting` \(`customer`, `product`\) \|", told)
    assert "## plugins.shouting\n\nHow loud it is.\n" in made["configuration.md"]
    assert "| `volume` | whole number | `3` | Decibels. |" in made["configuration.md"]


# -- writing and checking ---------------------------------------------------------------------------------------------


def test_pages_are_written_and_a_stale_one_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], tmp_path) == 1
    assert "hooks.md: is missing" in capsys.readouterr().out
    assert (main([], tmp_path), main(["--check"], tmp_path)) == (0, 0)
    assert sorted(os.listdir(tmp_path)) == sorted(PAGES)
    page = tmp_path / "events.md"
    page.write_text(page.read_text(encoding="utf-8").replace("# Events\n", "# Happenings\n"), encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    said = capsys.readouterr().out
    assert said.splitlines() == [
        "events.md: 1 lines to add, 1 to remove; the first at line 3:",
        "    -# Happenings",
        "    +# Events",
        "run: make reference",
    ]


def test_line_ends_count(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_bytes(b"one\ntwo")
    assert stale(page, "one\ntwo\n") == "page.md: differs in its line ends"


def test_anything_else_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--chekc"]) == 2
    assert "--check" in capsys.readouterr().out
