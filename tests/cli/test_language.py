"""The languages: how one is chosen, what is translated, and that the catalogues are complete."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.customer import Customer
from crmkit.core.entity import entity_info
from crmkit.runtime.translation import environment_language, known_language, translator
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def translations() -> ModuleType:
    spec = importlib.util.spec_from_file_location("translations", ROOT / "tools" / "translations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # The sources stay as they are meanwhile, and reading all of them takes seconds.
    module.extracted = functools.cache(module.extracted)  # type: ignore[attr-defined]
    return module


def test_the_catalogues_are_complete_right_and_compiled(translations: ModuleType) -> None:
    assert translations.faults("zh") == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text.replace('msgstr "客户"', 'msgstr ""', 1), "untranslated"),
        (lambda text: text.replace('msgid "Customer"', '#, fuzzy\nmsgid "Customer"', 1), "fuzzy"),
        (lambda text: text.replace('msgstr "没有客户 {needle}"', 'msgstr "没有客户 {needel}"', 1), "placeholders"),
        (lambda text: text.replace('msgstr "客户"', 'msgstr "顾客"', 1), "crmkit.mo is not made"),
        (lambda text: text.replace('msgid "Customer"', 'msgid "Costumer"', 1), "missing: 'Customer'"),
    ],
    ids=["untranslated", "fuzzy", "placeholder", "stale", "missing"],
)
def test_a_damaged_catalogue_is_found(
    translations: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: object, said: str
) -> None:
    original = translations._po_path("zh").read_text("utf-8")
    damaged = damage(original)  # type: ignore[operator]
    assert damaged != original
    copy = tmp_path / "zh" / "LC_MESSAGES" / "crmkit.po"
    copy.parent.mkdir(parents=True)
    copy.write_text(damaged, "utf-8")
    copy.with_suffix(".mo").write_bytes(translations._compiled_path("zh").read_bytes())
    monkeypatch.setattr(translations, "LOCALE", tmp_path)
    assert any(said in fault for fault in translations.faults("zh"))


def test_help_is_translated_with_options_and_commands(run: Run) -> None:
    result = run("--lang", "zh", "--help")
    assert "客户关系管理系统" in result.stdout
    assert "列出、添加和查看客户" in result.stdout
    assert "显示本说明并退出" in result.stdout
    for english in ("Usage", "Options", "Commands", "Show", "List"):
        assert english not in result.stdout
    assert "Show one record" in run("--help").stdout


def test_help_of_commands_is_translated(run: Run) -> None:
    result = run("customer", "show", "--help", "--lang", "zh")
    assert "查看客户的全部信息" in result.stdout
    assert "客户的名称、编号" in result.stdout


@pytest.mark.parametrize(
    "words", [["customer", "show", "QUICK-Stop"], ["list", "customer"], ["entity", "show", "customer"]], ids=" ".join
)
def test_labels_and_choices_are_translated(run: Run, shop: str, words: list[str]) -> None:
    assert "国家" in run("--lang", "zh", *words).stdout
    assert "Country" not in run("--lang", "zh", *words).stdout.replace("country", "")
    assert "Country" in run(*words).stdout


def test_errors_are_translated_usage_errors_too(run: Run, shop: str) -> None:
    assert run("--lang", "zh", "customer", "show", "Nobody").stderr == "错误：没有客户 Nobody\n"
    assert "您是不是指 name？" in run("--lang", "zh", "list", "customer", "--filter", "nme = 3").stderr
    assert "没有命令 'nonsense'" in run("--lang", "zh", "nonsense").stderr
    assert "缺少参数" in run("--lang", "zh", "show", "customer").stderr


def test_the_option_wins_over_the_variable_over_the_configuration_over_the_locale(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def speaks_chinese(*words: str) -> bool:
        return "用法" in run(*words, "--help").stdout

    assert not speaks_chinese()
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert speaks_chinese()
    (tmp_path / "crmkit.toml").write_text('language = "en"\n', "utf-8")
    assert not speaks_chinese()
    monkeypatch.setenv("CRMKIT_LANGUAGE", "zh-Hans")
    assert speaks_chinese()
    assert not speaks_chinese("--lang", "en")
    assert not speaks_chinese("--lang=en")


def test_one_run_leaves_no_language_behind(run: Run) -> None:
    before = run("--help").stdout
    run("--lang", "zh", "--help")
    assert run("--help").stdout == before


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("zh_CN.UTF-8", "zh"),
        ("zh-Hans", "zh"),
        ("ZH", "zh"),
        ("en_GB.UTF-8", "en"),
        ("C.UTF-8", "en"),
        ("POSIX", "en"),
        ("de_DE", None),
        ("", None),
    ],
)
def test_a_language_is_known_by_many_names(name: str, code: str | None) -> None:
    assert known_language(name) == code


def test_a_language_that_is_not_there_is_passed_over() -> None:
    assert environment_language({"CRMKIT_LANGUAGE": "de", "LANG": "zh_CN.UTF-8"}) == "zh"
    assert environment_language({"LANG": "de_DE.UTF-8"}) == "en"
    assert environment_language({"LANG": "en_US", "LC_ALL": "zh_CN"}) == "zh"


def test_labels_of_the_domain_use_its_own_terms() -> None:
    translate = translator("zh")
    assert translate(entity_info(Customer).label) == "客户"
    assert translate("Payment") == "付款"
    assert translate("Complaint") == "投诉"


@given(st.text())
def test_what_no_catalogue_has_stays_as_it_is(text: str) -> None:
    assert translator("en")(text) == text
    unknown = f"\u2603{text}"
    assert translator("zh")(unknown) == unknown
    assert translator("zh")("") == ""
