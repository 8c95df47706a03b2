"""What the commands answer, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from crmkit.cli.program import COMMANDS
from crmkit.cli.running import loaded_command
from crmkit.core.customer import Customer
from crmkit.core.staff import Role
from crmkit.runtime.crm import Crm
from tests.cli.conftest import Run


@pytest.mark.parametrize(
    "words",
    [
        ["entity", "list"],
        ["entity", "show", "customer"],
        ["list", "interaction"],
        ["count", "customer"],
        ["customer", "list"],
        ["customer", "show", "QUICK-Stop"],
        ["customer", "add", "Zed"],
        ["user", "list"],
        ["user", "add", "bob"],
        ["hooks"],
        ["plugin", "list"],
        ["config", "show"],
        ["db", "status"],
        ["db", "upgrade"],
        ["history", "customer", "STOP"],
        ["history", "customer", "STOP", "--at", "now"],
        ["audit", "seal"],
        ["audit", "verify"],
        ["audit", "show", "customer", "STOP"],
        ["consent", "grant", "QUICK-Stop", "--purpose", "newsletter", "--channel", "email", "--basis", "consent"],
        ["consent", "show", "QUICK-Stop"],
        ["calendar", "list"],
        ["satisfaction", "report"],
        ["lifecycle", "list"],
        ["lifecycle", "show", "customer"],
        ["lifecycle", "relate"],
        ["lifecycle", "evaluate"],
        ["merge", "preview", "QUICK-Stop", "北京客户有限公司"],
        ["merge", "run", "QUICK-Stop", "北京客户有限公司"],
        ["merge", "list"],
        ["identify", "--name", "Horst Kloss"],
        ["claim", "list"],
        ["duplicates"],
        ["value", "ranking", "--currency", "USD"],
        ["value", "pareto", "--currency", "USD"],
        ["value", "key-accounts", "--currency", "USD"],
        ["import", "--list"],
    ],
    ids=" ".join,
)
def test_json_is_one_document_and_nothing_else(run: Run, shop: str, words: list[str]) -> None:
    [stop] = json.loads(run("list", "customer", "--filter", "name = QUICK-Stop", "--fields", "id", "--json").stdout)
    words = [stop["id"] if word == "STOP" else word for word in words]
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    json.loads(result.stdout)
    assert run(*words).stdout != result.stdout


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (["audit", "seal"], ["audit", "head"]),
        (["lifecycle", "relate"], ["lifecycle", "report"]),
        (["merge", "run", "QUICK-Stop", "北京客户有限公司"], ["merge", "undo", "last"]),
    ],
    ids=lambda words: " ".join(words),
)
def test_json_of_what_needs_something_before(run: Run, shop: str, before: list[str], words: list[str]) -> None:
    run(*before)
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    json.loads(result.stdout)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_works_in_both_languages(run: Run, name: str) -> None:
    paths = [[name], *_subcommands(name)]
    for path in paths:
        english, chinese = run(*path, "--help"), run("--lang", "zh", *path, "--help")
        assert (english.exit_code, chinese.exit_code) == (0, 0), path
        assert english.stdout.startswith(f"Usage: crmkit {' '.join(path)} "), path
        assert "Usage" not in chinese.stdout, path
        assert f"crmkit {' '.join(path)} " in chinese.stdout.splitlines()[0], path
        assert "显示本说明并退出" in chinese.stdout, path
        assert english.stderr == chinese.stderr == "", path


def _subcommands(name: str) -> list[list[str]]:
    found = loaded_command(name, COMMANDS[name][0])
    return [[name, sub] for sub in found.commands] if isinstance(found, click.Group) else []


def test_list_is_complete_as_json_and_cut_as_a_table(run: Run, shop: str) -> None:
    with Crm.open(shop) as crm, crm.session() as session:
        session.add(*[Customer(name=f"C{number:03}", kind="organization") for number in range(60)])
    assert len(json.loads(run("list", "customer", "--json").stdout)) == 63
    table = run("list", "customer", "--order", "name")
    assert "C046" in table.stdout
    assert "C059" not in table.stdout
    assert "first 50" in table.stderr
    everything = run("list", "customer", "--limit", "0")
    assert "C059" in everything.stdout
    assert everything.stderr == ""


def test_list_filters_orders_and_shows_the_fields_asked_for(run: Run, shop: str) -> None:
    asked = ["--filter", 'kind = "organization"', "--order", "-name", "--fields", "name,country"]
    result = run("list", "customer", *asked, "--json")
    assert json.loads(result.stdout) == [
        {"name": "北京客户有限公司", "country": "CN"},
        {"name": "QUICK-Stop", "country": "DE"},
    ]


def test_list_by_pages(run: Run, shop: str) -> None:
    asked = ["list", "customer", "--order", "-name", "--limit", "2", "--fields", "name"]
    whole = json.loads(run("list", "customer", "--order", "-name", "--fields", "name", "--json").stdout)
    first = json.loads(run(*asked, "--after", "start", "--json").stdout)
    assert first["records"] == whole[:2]
    last = json.loads(run(*asked, "--after", first["next"], "--json").stdout)
    assert last == {"records": whole[2:], "next": ""}
    shown = run(*asked, "--after", "start")
    assert f"--after {first['next']}" in shown.stderr
    assert [line.strip() for line in shown.stdout.splitlines()[2:] if line.strip()] == [
        one["name"] for one in whole[:2]
    ]
    assert run(*asked, "--after", first["next"]).stderr == ""


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--after", "nowhere"], "nowhere is no place in a list"),
        (["--after", "start", "--limit", "0"], "limit 0: a number from 1 to 10000"),
    ],
)
def test_a_page_that_cannot_be_is_refused(run: Run, shop: str, words: list[str], problem: str) -> None:
    result = run("list", "customer", *words)
    assert result.exit_code != 0
    assert problem in result.stderr


def test_values_in_json_are_exact(run: Run, shop: str) -> None:
    result = run("list", "interaction", "--order", "occurred_at", "--fields", "occurred_at,money", "--json")
    assert json.loads(result.stdout)[0] == {
        "occurred_at": "2024-01-01T09:00:00Z",
        "money": {"amount": "100000.004", "currency": "USD"},
    }


def test_count(run: Run, shop: str) -> None:
    assert run("count", "customer").stdout == "3\n"
    filtered = run("count", "customer", "--filter", "country = DE", "--json")
    assert json.loads(filtered.stdout) == {"entity": "customer", "count": 1}


def test_show_finds_what_list_lists(run: Run, shop: str) -> None:
    [listed] = json.loads(run("list", "customer", "--filter", "country = CN", "--json").stdout)
    shown = json.loads(run("show", "customer", listed["id"], "--json").stdout)
    assert shown == {"entity": "customer", **listed}
    assert "北京客户有限公司" in run("show", "customers", listed["id"]).stdout


def test_customer_show_is_the_whole_view(run: Run, shop: str) -> None:
    page = run("customer", "show", "QUICK-Stop").stdout
    assert "110,277.31 USD" in page
    assert "+49 372 035188" in page
    assert "employs" in page
    assert "Horst Kloss" in page
    assert "Accounting Manager" in page
    assert page.index("2024-01-03") < page.index("2024-01-02") < page.index("2024-01-01")


def test_customer_show_as_json(run: Run, shop: str) -> None:
    view = json.loads(run("customer", "show", "QUICK-Stop", "--json").stdout)
    assert view["customer"]["name"] == "QUICK-Stop"
    assert view["value"] == [{"amount": "110277.31", "currency": "USD"}]
    assert [item["subject"] for item in view["timeline"]] == ["Order 3", "Order 2", "Order 1"]
    assert [(item["type"], item["customer"]["name"]) for item in view["relations"]] == [("employs", "Horst Kloss")]
    assert view["counts"] == {"purchase": 3}


def test_customer_show_says_what_it_leaves_out(run: Run, shop: str) -> None:
    page = run("customer", "show", "QUICK-Stop", "--limit", "1").stdout
    assert "Order 3" in page
    assert "Order 2" not in page
    assert "2 older interactions" in page
    assert "Order 1" in run("customer", "show", "QUICK-Stop", "--limit", "0").stdout


def test_an_added_customer_is_found_by_its_mail_address(run: Run, shop: str) -> None:
    added = run("customer", "add", "Anna Berg", "--kind", "person", "--email", "anna@example.com", "--country", "cn")
    assert added.exit_code == 0, added.stderr
    view = json.loads(run("customer", "show", "anna@example.com", "--json").stdout)
    assert view["customer"]["id"] == added.stdout.strip()
    assert view["customer"]["country"] == "CN"
    assert [point["value"] for point in view["points"]] == ["anna@example.com"]


def test_a_refused_customer_leaves_nothing_behind(run: Run, shop: str) -> None:
    assert run("customer", "add", "Zed", "--email", "zed").exit_code == 3
    assert run("count", "customer").stdout == "3\n"


def test_columns_of_wide_characters_stay_straight(run: Run, shop: str) -> None:
    lines = run("list", "customer", "--fields", "name,country").stdout.splitlines()
    wide = next(line for line in lines if "北京" in line)
    plain = next(line for line in lines if "QUICK" in line)
    assert _columns(wide[: wide.index("CN")]) == _columns(plain[: plain.index("DE")])


def _columns(text: str) -> int:
    return sum(2 if "\u4e00" <= character <= "\u9fff" else 1 for character in text)


def test_output_that_is_no_terminal_is_plain_and_uncut(run: Run, shop: str) -> None:
    run("customer", "add", "X" * 190)
    output = run("customer", "list").stdout
    assert "X" * 190 in output
    assert "\x1b" not in output
    assert all(line == line.rstrip() for line in output.splitlines())


def test_names_cannot_steer_the_terminal(run: Run, shop: str) -> None:
    run("customer", "add", "A\x1b[31mB [bold]C[/bold]")
    output = run("customer", "list").stdout
    assert "\x1b" not in output
    assert "[bold]C[/bold]" in output


def test_a_user_has_the_rights_of_its_roles(run: Run, shop: str) -> None:
    assert run("--as", "anna", "count", "customer").stdout == "0\n"
    with Crm.open(shop) as crm, crm.session() as session:
        session.add(Role(name="reader", grants=({"entity": "customer", "action": "read", "scope": "all"},)))
    assert run("user", "add", "ben", "--role", "reader").exit_code == 0
    assert run("count", "customer", "--as", "ben").stdout == "3\n"
    [ben] = [person for person in json.loads(run("user", "list", "--json").stdout) if person["login"] == "ben"]
    assert ben["roles"] == ["reader"]


def test_hooks_are_listed_with_their_implementations_in_order(run: Run) -> None:
    hooks = {hook["name"]: hook for hook in json.loads(run("hooks", "--json").stdout)}
    assert hooks["guard_records"]["kind"] == "guard"
    assert {impl["plugin"] for impl in hooks["derive_records"]["implementations"]} == {"crmkit"}
    used = run("hooks", "--used").stdout
    assert "derive_records" in used
    assert "register_permissions" not in used


def test_trace_reports_hook_calls_beside_the_result(run: Run, shop: str) -> None:
    result = run("--trace", "customer", "add", "Zed", "--json")
    assert "derive_records" in result.stderr
    json.loads(result.stdout)


def test_passwords_are_not_shown(run: Run) -> None:
    result = run("--db", "postgresql://crm:hunter2@db/crm", "config", "show", "--json")
    assert json.loads(result.stdout)["db"] == "postgresql://crm:***@db/crm"


def test_the_database_is_the_option_then_the_variable_then_the_file_then_this_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def used(*words: str) -> str:
        return str(json.loads(run(*words, "config", "show", "--json").stdout)["db"])

    assert used() == "sqlite:///crmkit.db"
    (tmp_path / "crmkit.toml").write_text('db = "sqlite:///file.db"\n', "utf-8")
    assert used() == "sqlite:///file.db"
    monkeypatch.setenv("CRMKIT_DB", "sqlite:///variable.db")
    assert used() == "sqlite:///variable.db"
    assert used("--db", "sqlite:///option.db") == "sqlite:///option.db"


def test_a_database_is_created_once_and_known_to_be_current(run: Run, tmp_path: Path) -> None:
    assert run("db", "create").exit_code == 0
    assert (tmp_path / "crmkit.db").exists()
    assert json.loads(run("db", "status", "--json").stdout)["state"] == "current"
    again = run("db", "create")
    assert again.exit_code == 1
    assert "crmkit db upgrade" in again.stderr
    assert run("db", "upgrade").exit_code == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_ask_the_program(run: Run, shell: str) -> None:
    script = run("completion", shell).stdout
    assert f"_CRMKIT_COMPLETE={shell}_complete" in script


def test_completion_knows_commands_and_options(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_CRMKIT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "crmkit cus")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert run().stdout == "plain,customer\n"
    monkeypatch.setenv("COMP_WORDS", "crmkit customer show --j")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert run().stdout == "plain,--json\n"
