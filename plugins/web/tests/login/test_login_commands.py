"""``crmkit token`` and ``crmkit password``: what whoever runs the installation gives and takes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.staff import User
from crmkit.testing.making import AsUser
from crmkit_web.login.entities import LoginSession, Password
from crmkit_web.login.hashing import verified
from crmkit_web.login.sessions import begin_session
from crmkit_web.serving.calls import Incoming
from plugins.web.tests.login.conftest import PASSWORD


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with one user, which the program finds."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with Crm.open(url) as crm:
        AsUser(crm)("customer read all", login="ada")
    monkeypatch.setenv("CRMKIT_DB", url)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return url


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(program, list(words), input=typed)


def test_tokens_are_made_listed_and_revoked() -> None:
    made = run("token", "create", "ada", "--name", "till", "--scope", "customer:read")
    assert made.stdout.startswith("crm_")
    listed = run("token", "list", "--user", "ada").stdout
    assert [word in listed for word in ("till", "customer:read", made.stdout.strip())] == [True, True, False]
    [document] = json.loads(run("token", "list", "--json").stdout)
    assert (document["name"], document["user"], "digest" in document) == ("till", "ada", False)
    revoked = run("token", "revoke", document["id"])
    assert (revoked.exit_code, "token till is revoked" in revoked.stderr) == (0, True)
    assert "no tokens" in run("token", "list").stderr
    assert run("token", "revoke", document["id"]).exit_code == 4


def test_what_is_no_scope_or_no_user_is_refused() -> None:
    wrong = run("token", "create", "ada", "--scope", "customr:read")
    assert (wrong.exit_code, "did you mean customer:read?" in wrong.stderr, wrong.stdout) == (3, True, "")
    assert run("token", "create", "nobody").exit_code == 4
    assert run("token", "create", "ada", "--days", "0").exit_code == 3


def test_a_password_is_asked_for_and_ends_sessions(shop: str) -> None:
    with Crm.open(shop) as crm, crm.session() as session:
        user = session.find(User, login="ada")
        assert user is not None
        incoming = Incoming(None, {}, "", {}, b"", "10.0.0.1", "/")  # type: ignore[arg-type]
        begin_session(crm.context(session, "web"), user, "password", incoming)
    done = run("password", "set", "ada", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert (done.exit_code, PASSWORD in done.output) == (0, False)
    with Crm.open(shop) as crm, crm.session() as session:
        [stored] = session.list(Password)
        assert verified(stored.hash, PASSWORD)[0]
        assert session.list(LoginSession) == []
    assert run("password", "set", "ada", PASSWORD).exit_code == 2
    weak = run("password", "set", "ada", typed="password1234\npassword1234\n")
    assert (weak.exit_code, "hard to guess" in weak.stderr, "password1234" in weak.output) == (3, True, False)
    assert run("password", "remove-second-factor", "ada").exit_code == 0
