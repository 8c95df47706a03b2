"""``explain``, ``doctor``, ``plugin check``, ``hooks --timings``, ``--trace`` and ``--verbose``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from crmkit import __version__
from crmkit.runtime import sources
from tests.cli.conftest import Run
from tests.runtime.packages import Site

LOYALTY = """
    import logging
    from crmkit.plugin import Manifest, Refuse, change, hookimpl, msg

    manifest = Manifest(name="loyalty", version="1.2", summary="Points")

    @hookimpl(entities=("customer",))
    def derive_records(ctx, call):
        ctx.log.info("looks at %s records", len(call.changes))
        return [change(c.after, nickname="VIP") for c in call.changes if not c.after.nickname]

    @hookimpl(entities=("customer",))
    def guard_records(call):
        return [Refuse(msg("no more"), c.after.id) for c in call.changes if c.after.industry == "Tobacco"]

    @hookimpl(entities=("customer",))
    def after_records_saved_committed(ctx, call):
        for item in call.changes:
            if item.created:
                ctx.session.update(change(item.after, description="Gets a card"))
"""


@pytest.fixture
def loyalty(site: Site) -> Site:
    site.install("crmkit-loyalty", {"loyalty": "crmkit_loyalty"}, "1.2", crmkit_loyalty=dedent(LOYALTY))
    return site


def test_explain_names_plugins_and_what_led_to_it(run: Run, shop: str, loyalty: Site) -> None:
    assert run("--as", "anna", "customer", "add", "Zed").exit_code == 5  # she has no rights
    assert run("customer", "add", "Zed").exit_code == 0
    run("events", "deliver")
    for name in ("customer:Zed", "Zed"):
        said = run("explain", name).stdout
        assert "derived by loyalty 1.2, derive_records for system" in said
        assert "written by loyalty 1.2, after_records_saved_committed for system" in said
        assert "← customer" in said
    found = json.loads(run("explain", "Zed", "--field", "nickname", "--json").stdout)
    (field,) = found["fields"]
    assert (field["name"], field["value"], field["how"]) == ("nickname", "VIP", "derived")
    assert field["by"] == {"plugin": "loyalty", "version": "1.2"}
    assert json.loads(run("explain", found["id"], "--json").stdout)["title"] == "Zed"
    assert json.loads(run("explain", f"customer:{found['id']}", "--json").stdout)["id"] == found["id"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("explain", "nobody"), 4, "nobody"),
        (("explain", "product:nothing"), 4, "nothing"),
        (("explain", "Horst Kloss", "--field", "nam"), 3, "has no field nam; did you mean name?"),
        (("explain", "01890a5d-ac96-774b-bcce-b302099a8057"), 4, "01890a5d"),
    ],
    ids=["name", "entity", "field", "id"],
)
def test_explain_says_what_it_does_not_find(run: Run, shop: str, words: tuple[str, ...], code: int, said: str) -> None:
    result = run(*words)
    assert (result.exit_code, said in result.stderr) == (code, True)


def test_explain_tells_of_refusals_where_they_are_kept(
    run: Run, shop: str, loyalty: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRMKIT_REFUSALS_KEPT", "10")
    Path("change.csv").write_text("name,industry\nHorst Kloss,Tobacco\n", "utf-8")
    from crmkit.core.customer import Customer
    from crmkit.core.entity import change
    from crmkit.core.errors import Refused
    from crmkit.runtime.crm import Crm

    with Crm.open(shop, plugins=["loyalty"], config={"refusals_kept": 10}) as crm:
        with crm.session(reads=True) as session:
            kloss = session.find(Customer, name="Horst Kloss")
            assert kloss is not None
        with pytest.raises(Refused), crm.session() as session:
            session.update(change(session.get(Customer, kloss.id), industry="Tobacco"))
    said = run("explain", "Horst Kloss").stdout
    assert "loyalty 1.2, guard_records" in said
    assert "no more" in said


def test_trace_prints_a_tree_and_sums(run: Run, shop: str, loyalty: Site) -> None:
    result = run("--trace", "customer", "add", "Zed", "--json")
    json.loads(result.stdout)
    lines = result.stderr.splitlines()
    commit = next(at for at, line in enumerate(lines) if line.startswith("commit  "))
    assert lines[commit + 1].startswith("  flush  ")
    assert any(
        line.startswith("    guard_records  loyalty  ") and line.endswith("customer  nothing  n=1") for line in lines
    )
    sums = lines[next(at for at, line in enumerate(lines) if "Longest" in line) :]
    assert any(line.split()[:2] == ["loyalty", "derive_records"] for line in sums)
    assert "flush" not in run("customer", "add", "Zed 2", "--json").stderr


def test_timings_run_a_command_and_show_what_hooks_took(run: Run, shop: str, loyalty: Site) -> None:
    found = json.loads(run("hooks", "--timings", "customer add Zed", "--json").stdout)
    mine = {one["hook"]: one for one in found if one["plugin"] == "loyalty"}
    assert mine["guard_records"]["calls"] >= 1
    assert 0 < mine["guard_records"]["own"] <= mine["guard_records"]["total"]
    assert run("customer", "show", "Zed").exit_code == 0
    assert "loyalty" in run("hooks", "--timings", "customer add 'Zed 2'").stdout
    assert run("hooks", "--timings", "nonsense").exit_code == 2
    assert "no hook was called" in run("hooks", "--timings", "config show").stderr


def test_verbose_logs_and_json_lines_by_configuration(
    run: Run, shop: str, loyalty: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "looks at" not in run("customer", "add", "Zed").stderr
    said = run("-v", "customer", "add", "Zed 2").stderr
    assert "info crmkit.plugins.loyalty: looks at 1 records" in said
    assert f"with crmkit@{__version__}, loyalty@1.2" in said
    monkeypatch.setenv("CRMKIT__logging__format", "json")
    monkeypatch.setenv("CRMKIT__logging__level", "info")
    lines = [json.loads(line) for line in run("customer", "add", "Zed 3").stderr.splitlines() if line.startswith("{")]
    assert {"loyalty"} == {line["plugin"] for line in lines if line["logger"] == "crmkit.plugins.loyalty"}


def test_an_old_plugin_is_warned_about_and_runs(run: Run, shop: str, site: Site) -> None:
    source = LOYALTY.replace('summary="Points"', 'summary="Points", hook_api=0')
    site.install("crmkit-loyalty", {"loyalty": "crmkit_loyalty"}, "1.2", crmkit_loyalty=dedent(source))
    result = run("customer", "add", "Zed")
    assert result.exit_code == 0
    assert "plugin loyalty: it is written for hook API 0, this crmkit has" in result.stderr


def test_doctor_finds_what_is_wrong(run: Run, shop: str, site: Site) -> None:
    sound = run("doctor", "--json")
    document = json.loads(sound.stdout)
    assert sound.exit_code == 0
    assert document["level"] in ("ok", "warning")
    assert {"database", "plugins", "clock", "search"} <= {one["area"] for one in document["findings"]}
    site.install("crmkit-broken", {"broken": "crmkit_broken"}, crmkit_broken="import nothing_like_it")
    sick = run("doctor")
    assert sick.exit_code == 1
    assert "nothing_like_it" in sick.stdout
    assert "crmkit plugin check broken" in sick.stdout
    assert run("doctor", "--quick").exit_code == 0


def test_doctor_tells_why_nothing_can_be_opened(run: Run, tmp_path: Path) -> None:
    missing = run("doctor", "--json")
    assert missing.exit_code == 1
    (finding,) = json.loads(missing.stdout)["findings"]
    assert (finding["area"], finding["level"]) == ("database", "error")
    Path("crmkit.toml").write_text('timezone = "Mars"\n', "utf-8")
    wrong = json.loads(run("doctor", "--json").stdout)
    assert (wrong["level"], wrong["findings"][0]["area"]) == ("error", "configuration")
    assert "Mars" in wrong["findings"][0]["message"]


def test_plugin_check_by_name_file_and_all(run: Run, loyalty: Site, tmp_path: Path) -> None:
    result = run("plugin", "check", "loyalty", "--json")
    (report,) = json.loads(result.stdout)
    assert (result.exit_code, report["name"], report["version"], report["right"]) == (0, "loyalty", "1.2", True)
    bad = tmp_path / "own.py"
    bad.write_text("from crmkit.plugin import hookimpl\n@hookimpl\ndef guard_records(batch): ...\n", "utf-8")
    wrong = run("plugin", "check", str(bad))
    assert wrong.exit_code == 1
    assert "unknown argument batch" in wrong.stdout
    assert run("plugin", "check").exit_code == 0
    assert run("plugin", "check", "loyalti").exit_code == 4


def test_plugin_check_finds_what_goes_wrong_together(run: Run, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # The official plugins, which are large, are examined by the test above.
    installed = [candidate.name for candidate in sources.installed_plugins()]
    everything = sources.installed_plugins
    monkeypatch.setattr(
        sources, "installed_plugins", lambda: [one for one in everything() if one.name not in installed]
    )
    source = """
        from crmkit.plugin import InteractionKind, Manifest, hookimpl
        manifest = Manifest(name="{name}", version="1", summary="x")
        @hookimpl
        def register_interaction_kinds():
            return [InteractionKind("demo", "Demo")]
    """
    for name in ("a", "b"):
        site.install(f"crmkit-{name}", {name: f"crmkit_{name}"}, **{f"crmkit_{name}": dedent(source).format(name=name)})
    alone = run("plugin", "check", "a")
    assert alone.exit_code == 0, alone.stdout
    both = run("plugin", "check")
    assert both.exit_code == 1
    assert "registered twice" in both.stdout
    assert "crmkit-a" in both.stdout


def test_the_core_is_named_with_its_version(run: Run, shop: str) -> None:
    found = json.loads(run("explain", "Horst Kloss", "--field", "given_name", "--json").stdout)
    by = found["fields"][0]["by"]
    assert by is None or by == {"plugin": "crmkit", "version": __version__}


def test_hooks_tell_versions_and_what_is_deprecated(run: Run, shop: str, loyalty: Site) -> None:
    found = {one["name"]: one for one in json.loads(run("hooks", "--json").stdout)}
    assert ("loyalty", "1.2") in [(i["plugin"], i["version"]) for i in found["guard_records"]["implementations"]]
    assert found["guard_records"]["deprecated"] is None


def test_the_program_sends_its_spans_where_the_environment_says(shop: str) -> None:
    surroundings = {**os.environ, "CRMKIT_TELEMETRY": "true", "OTEL_TRACES_EXPORTER": "console"}
    words = [sys.executable, "-m", "crmkit", "customer", "add", "Zed"]
    done = subprocess.run(words, capture_output=True, text=True, env=surroundings, check=True)
    assert '"name": "crmkit.commit"' in done.stdout
    assert '"crmkit.plugin": "crmkit"' in done.stdout
    assert '"service.name": "crmkit"' in done.stdout
