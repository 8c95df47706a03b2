"""Secrets are used, and never shown."""

from __future__ import annotations

import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.errors import ConfigError
from crmkit.runtime.config import Config, load_config
from crmkit.runtime.manifest import Manifest
from crmkit.runtime.plugins import load_plugins
from crmkit.runtime.secrets import Secret, redact_address
from crmkit.runtime.shown_config import redacted

HUSH = "hush-hush"


def _long(_instance: Any, attribute: Any, value: Secret) -> None:
    if 0 < len(value.reveal()) < 50:
        raise ValueError(f"'{attribute.name}' is too short: {value.reveal()}")


@attrs.frozen(kw_only=True)
class MailSettings:
    host: str = "localhost"
    login: Secret
    api_token: str = ""
    fallbacks: tuple[Secret, ...] = ()
    pin: str = attrs.field(default="", validator=attrs.validators.matches_re("[0-9]*"))
    phrase: Secret = attrs.field(default=Secret(""), validator=_long)
    token_numbers: tuple[int, ...] = ()


MAIL = SimpleNamespace(manifest=Manifest(name="mail", config=MailSettings))


def settings(section: dict[str, Any], environ: dict[str, str] | None = None) -> Any:
    config = load_config({"plugins": {"mail": section}}, environ or {})
    return load_plugins(config, [MAIL]).get("mail").config


def test_a_secret_shows_only_when_asked() -> None:
    secret = Secret(HUSH)
    assert secret.reveal() == HUSH
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", f"{[secret]} {secret!s}", str({"a": secret})]
    assert [text for text in shown if HUSH in text] == []
    assert str(secret) == "***"
    assert secret == Secret(HUSH)
    assert secret != Secret("other")
    assert not Secret("")
    assert pickle.loads(pickle.dumps(secret)) == secret


def test_secrets_come_from_the_file_a_variable_or_another_file(tmp_path: Path) -> None:
    (tmp_path / "login.txt").write_text(f"{HUSH}\n", "utf-8")
    assert settings({"login": HUSH}).login.reveal() == HUSH
    assert settings({"login": {"env": "LOGIN"}}, {"LOGIN": HUSH}).login.reveal() == HUSH
    assert settings({"login": {"file": str(tmp_path / "login.txt")}}).login.reveal() == HUSH
    assert settings({}, {"CRMKIT__plugins__mail__login": HUSH}).login.reveal() == HUSH
    assert settings({"login": Secret(HUSH)}).login.reveal() == HUSH
    found = settings({"login": "a", "fallbacks": [{"env": "LOGIN"}, "b"]}, {"LOGIN": HUSH})
    assert [secret.reveal() for secret in found.fallbacks] == [HUSH, "b"]


def test_a_secret_may_hold_only_text() -> None:
    with pytest.raises(ConfigError) as caught:
        settings({"login": [HUSH], "api_token": [HUSH]})
    assert HUSH not in str(caught.value)
    assert "plugins.mail.login" in str(caught.value)
    assert "plugins.mail.api_token" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pin", HUSH),
        ("phrase", HUSH),
        ("token_numbers", [HUSH]),
        ("key", HUSH),
        ("unknown", HUSH),
        ("api_token", {HUSH: HUSH}),
    ],
)
def test_no_error_shows_a_secret(name: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        settings({"login": "a", name: value})
    assert HUSH not in str(caught.value)
    assert f"plugins.mail.{name}" in str(caught.value)


def test_a_broken_table_in_a_variable_is_not_shown() -> None:
    with pytest.raises(ConfigError, match=r"plugins \(CRMKIT_PLUGINS\): “\*\*\*” - a table written as in TOML"):
        load_plugins(load_config(None, {"CRMKIT_PLUGINS": f"{{mail={{login='{HUSH}'}}"}), [MAIL])


def test_a_missing_variable_of_a_secret_is_named() -> None:
    with pytest.raises(ConfigError, match=r"plugins\.mail\.api_token: “env = MAIL_TOKEN” - an environment variable"):
        settings({"login": "a", "api_token": {"env": "MAIL_TOKEN"}})


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("sqlite:///my.db", "sqlite:///my.db"),
        ("sqlite://", "sqlite://"),
        ("postgresql://anna@db/crm", "postgresql://anna@db/crm"),
        ("postgresql://anna:hush@db:5432/crm", "postgresql://anna:***@db:5432/crm"),
        ("postgresql+psycopg://anna:h@u:s/h@db/crm", "postgresql+psycopg://anna:***@db/crm"),
        ("postgresql:///crm?host=/run&password=hush&x=1", "postgresql:///crm?host=/run&password=***&x=1"),
        ("see postgresql://a:hush@h/x", "see postgresql://a:***@h/x"),
        ("12:30 at home", "12:30 at home"),
    ],
)
def test_passwords_in_addresses_are_hidden(address: str, expected: str) -> None:
    assert redact_address(address) == expected


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=20))
def test_no_password_survives_in_an_address(password: str) -> None:
    shown = redact_address(f"postgresql://anna:{password}@host/crm")
    assert shown == "postgresql://anna:***@host/crm"
    assert repr(Config(db=f"postgresql://anna:{password}@host/crm")).count("anna:***@host") == 1


def test_the_shown_configuration_has_no_secret_and_everything_else() -> None:
    config = load_config(
        {
            "db": f"postgresql://anna:{HUSH}@host/crm",
            "plugins": {
                "mail": {"login": HUSH, "host": "smtp.example.com", "api_token": HUSH, "fallbacks": [HUSH]},
                "web": {
                    "session_key": HUSH,
                    "password": {"env": "WEB_PASSWORD"},
                    "url": f"https://u:{HUSH}@x/",
                    "port": 80,
                },
            },
            "disable": ["web"],
        },
        {},
    )
    web = SimpleNamespace(manifest=Manifest(name="web"))
    shown = redacted(config, load_plugins(config, [MAIL, web]))
    assert HUSH not in repr(shown)
    assert HUSH not in repr(config)
    assert shown["db"] == "postgresql://anna:***@host/crm"
    assert shown["plugins"]["mail"] == {
        "host": "smtp.example.com",
        "login": "***",
        "api_token": "***",
        "fallbacks": ["***"],
        "pin": "",
        "phrase": "***",
        "token_numbers": [],
    }
    assert shown["plugins"]["web"] == {
        "session_key": "***",
        "password": {"env": "WEB_PASSWORD"},
        "url": "https://u:***@x/",
        "port": 80,
    }
    assert shown["timezone"] == "UTC"
    assert shown["disable"] == ["web"]
    assert "around" not in shown


def test_an_unloaded_section_hides_what_its_name_gives_away() -> None:
    config = load_config({"plugins": {"mail": {"api_token": HUSH, "retries": 3, "key": ""}}}, {})
    assert redacted(config)["plugins"]["mail"] == {"api_token": "***", "retries": 3, "key": ""}
