"""Reading the configuration: where settings come from, and what is said about wrong ones."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit.core.entity import CustomField
from crmkit.core.errors import ConfigError
from crmkit.runtime.bad_config import BadConfig
from crmkit.runtime.config import SETTINGS, Config, find_config, load_config


def written(folder: Path, text: str) -> Path:
    path = folder / "crmkit.toml"
    path.write_text(text, "utf-8")
    return path


def wrong(source: Any, environ: dict[str, str] | None = None) -> dict[str, tuple[object, str]]:
    """Return value and expectation of every wrong setting by its path."""
    with pytest.raises(BadConfig) as caught:
        load_config(source, environ or {})
    return {error.path: (error.value, str(error.expected)) for error in caught.value.errors}


def test_nothing_configured_gives_the_defaults() -> None:
    config = load_config(None, {"HOME": "/", "CRMKIT_DB": "  "})
    assert config == Config()
    assert (config.db, config.tenant, config.timezone, config.customer_label) == (
        "sqlite://",
        "default",
        "UTC",
        "Customer",
    )
    assert config.plugin_path is None
    assert config.defined_entities() == ()


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        db = "sqlite:///my.db"
        language = "zh-Hans"
        timezone = "Asia/Shanghai"
        currency = "CNY"
        country = "China"
        customer_label = "客户"
        plugin_folder = "extras"
        disable = ["campaigns"]
        order = ["loyalty", "service"]
        quarantine = true
        [hook_order]
        derive_records = ["service", "loyalty"]
        [plugins.loyalty]
        rate = 0.15
        [[custom_fields]]
        entity = "customer"
        name = "shoe_size"
        type = "integer"
        """,
    )
    config = load_config(path, {})
    assert config.db == "sqlite:///my.db"
    assert config.country == "CN"
    assert config.customer_label == "客户"
    assert config.plugin_path == tmp_path / "extras"
    assert (config.disable, config.order, config.quarantine) == (("campaigns",), ("loyalty", "service"), True)
    assert config.hook_order == {"derive_records": ("service", "loyalty")}
    assert config.plugins == {"loyalty": {"rate": Decimal("0.15")}}
    assert config.custom_fields == (CustomField(entity="customer", name="shoe_size", type="integer"),)
    assert config.where == str(path)


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "crmkit.toml"
    path.write_bytes(b"\xef\xbb\xbftenant = 'acme'\r\n")
    assert load_config(path, {}).tenant == "acme"


def test_a_program_may_give_typed_values() -> None:
    custom = CustomField(entity="customer", name="shoe_size")
    config = load_config({"custom_fields": [custom], "order": ("a", "b")}, {})
    assert config.custom_fields == (custom,)
    assert config.order == ("a", "b")


def test_the_file_is_looked_for_in_one_folder(tmp_path: Path) -> None:
    assert find_config(tmp_path) is None
    (tmp_path / "crmkit.toml").mkdir()
    assert find_config(tmp_path) is None
    (tmp_path / "crmkit.toml").rmdir()
    path = written(tmp_path, "")
    assert find_config(tmp_path) == path


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, 'db = "sqlite:///file.db"\ntenant = "file"\n[plugins.loyalty]\nrate = 1\nname = "x"\n')
    environ = {
        "CRMKIT_DB": "sqlite:///env.db",
        "CRMKIT_QUARANTINE": "yes",
        "CRMKIT_DISABLE": "one, two",
        "CRMKIT_ORDER": '["three"]',
        "CRMKIT__plugins__loyalty__rate": "2",
        "CRMKIT__HOOK_ORDER": "{derive_records = ['a']}",
    }
    config = load_config(path, environ)
    assert (config.db, config.tenant, config.quarantine) == ("sqlite:///env.db", "file", True)
    assert (config.disable, config.order) == (("one", "two"), ("three",))
    assert config.plugins == {"loyalty": {"rate": "2", "name": "x"}}
    assert config.hook_order == {"derive_records": ("a",)}


def test_the_environment_does_not_change_the_mapping_it_was_laid_over() -> None:
    given = {"plugins": {"loyalty": {"rate": 1}}}
    load_config(given, {"CRMKIT__plugins__loyalty__rate": "2"})
    assert given == {"plugins": {"loyalty": {"rate": 1}}}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_its_variable(name: str) -> None:
    texts = {
        "country": "FR",
        "currency": "JPY",
        "language": "fr",
        "timezone": "Asia/Tokyo",
        "quarantine": "on",
        "plugins": "{loyalty = {rate = 3}}",
        "hook_order": "{guard_records = ['a']}",
        "custom_fields": "[{entity = 'customer', name = 'size'}]",
        "consent": "{purposes = ['newsletter']}",
        "attachments": "{largest = 5}",
        "personal_data": "{returning = 'new'}",
        "quality": "{max_age = 365}",
        "mail": "{own_domains = ['acme.example']}",
        "jobs": "{concurrency = 4}",
        "schedules": "{'crmkit.seal_audit_log' = {off = true}}",
        "entities": "[{name = 'boat', fields = [{name = 'name'}]}]",
        "logging": "{level = 'debug'}",
        "telemetry": "on",
        "refusals_kept": "100",
    }
    config = load_config(None, {f"CRMKIT_{name.upper()}": texts.get(name, "word")})
    changed = [other for other in SETTINGS if getattr(config, other) != getattr(Config(), other)]
    assert changed == [name]


def test_a_misspelt_variable_is_named_and_foreign_ones_are_left_alone() -> None:
    with pytest.raises(ConfigError, match=r"CRMKIT_LANGAUGE is no setting; did you mean CRMKIT_LANGUAGE\?"):
        load_config(None, {"CRMKIT_LANGAUGE": "de"})
    assert load_config(None, {"CRMKIT_TEST_POSTGRES": "postgresql://x", "CRMKIT_CONFIG": "x.toml"}) == Config()
    with pytest.raises(ConfigError, match="between double underscores"):
        load_config(None, {"CRMKIT__plugins____rate": "1"})


def test_all_errors_come_at_once_with_path_value_and_expectation() -> None:
    found = wrong(
        {
            "db": 5,
            "quarantine": "true",
            "disable": "loyalty",
            "order": ["a", 3],
            "hook_order": {"derive_records": [True]},
            "custom_fields": [{"entity": "customer", "nmae": "x"}, {"entity": "customer", "name": "x", "required": 1}],
        }
    )
    assert found == {
        "db": ("5", "a text"),
        "quarantine": ("true", "true or false"),
        "disable": ("loyalty", "a list"),
        "order[1]": ("3", "a text"),
        "hook_order.derive_records[0]": ("True", "a text"),
        "custom_fields[0].name": (None, "a value; this setting is required"),
        "custom_fields[0].nmae": ("nmae", "no such setting; did you mean name?"),
        "custom_fields[1].required": ("1", "true or false"),
    }


def test_unknown_settings_get_a_hint_and_never_show_their_value() -> None:
    assert wrong({"tennant": "hush"}) == {"tennant": ("tennant", "no such setting; did you mean tenant?")}
    with pytest.raises(BadConfig) as caught:
        load_config({"pasword": "hush"}, {})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("name", ["where", "around"])
def test_what_the_configuration_keeps_for_itself_is_no_setting(name: str) -> None:
    assert wrong({name: "x"})[name][1].startswith("no such setting")


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("timezone", "Berlin", "an IANA time zone such as Europe/Berlin"),
        ("timezone", "", "an IANA time zone such as Europe/Berlin"),
        ("currency", "eur", "an ISO 4217 currency such as EUR or CNY"),
        ("country", "Atlantis", "an ISO 3166 country code such as DE or CN"),
        ("language", "german!", "a BCP 47 language tag such as en or zh-Hans"),
        ("tenant", " ", "a text that is not empty"),
        ("db", "", "a text that is not empty"),
    ],
)
def test_values_are_checked(setting: str, value: str, expected: str) -> None:
    assert wrong({setting: value}) == {setting: (value, expected)}


def test_custom_fields_are_checked_at_once() -> None:
    found = wrong({"custom_fields": [{"entity": "customer", "name": "x", "type": "txt"}]})
    assert "did you mean text?" in found["custom_fields[0]"][1]


def test_a_value_from_outside_the_file_names_its_variable() -> None:
    assert wrong(None, {"CRMKIT_QUARANTINE": "maybe"}) == {"quarantine (CRMKIT_QUARANTINE)": ("maybe", "true or false")}


def test_lines_name_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "quarantine = 1\ntenant = 2\n")
    with pytest.raises(BadConfig) as caught:
        load_config(path, {})
    assert caught.value.lines() == [f"{path}: tenant: “2” - a text", f"{path}: quarantine: “1” - true or false"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"db = \n", r"crmkit\.toml: not valid TOML: .*line 1"),
        (b"db = 'a'\ndb = 'b'\n", r"crmkit\.toml: not valid TOML: .*line 2"),
        (b"tenant = '\xff'\n", r"crmkit\.toml: byte 11 is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "crmkit.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_config(path, {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such configuration file"):
        load_config(tmp_path / "nowhere.toml", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path, {})


def test_values_can_be_kept_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "db.txt").write_text("sqlite:///other.db\n", "utf-8")
    path = written(tmp_path, 'db = { file = "db.txt" }\ntenant = { env = "TENANT" }\nquarantine = { env = "SAFE" }\n')
    config = load_config(path, {"TENANT": "acme", "SAFE": "1"})
    assert (config.db, config.tenant, config.quarantine) == ("sqlite:///other.db", "acme", True)


def test_a_reference_that_leads_nowhere_is_named() -> None:
    found = wrong({"db": {"env": "CRM_DB"}, "tenant": {"file": "nowhere/tenant.txt"}})
    assert found["db"] == ("env = CRM_DB", "an environment variable that is set")
    assert found["tenant"] == ("file = nowhere/tenant.txt", "a file of text that can be read (FileNotFoundError)")


def test_a_configuration_can_be_changed_and_keeps_its_folder(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, 'plugin_folder = "extras"'), {"A": "b"})
    changed = attrs.evolve(config, db="sqlite:///x.db")
    assert changed.plugin_path == tmp_path / "extras"
    assert changed.around.environ == {"A": "b"}
