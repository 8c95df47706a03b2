"""The commands: identify, claim and duplicates."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.identity import ExternalIdentity
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.runtime.crm import Crm
from crmkit.services.identify import Evidence, claim
from tests.identify.test_claims import NOW

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CRMKIT_DB", f"sqlite:///{tmp_path / 'crm.db'}")
    monkeypatch.setenv("CRMKIT_LANGUAGE", "en")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with Crm.open(f"sqlite:///{tmp_path / 'crm.db'}", plugins=[]) as crm, crm.session() as session:
        anna, anne = Customer(name="Anna Berg"), Customer(name="Anne Berg")
        session.add(anna, anne, Customer(name="Acme GmbH", kind="organization", domain="acme.com"))
        for person in (anna, anne):
            session.add(ContactPoint(customer_id=person.id, kind="phone", value="+49 30 1234567"))
        session.add(ExternalIdentity(system="erp", external_id="4711", entity="customer", record_id=anna.id))
        made = claim(session, Evidence(emails="new@acme.com", name="A. Berg"), "email")
        mail = Interaction(kind="email", occurred_at=NOW)
        session.add(mail, InteractionParticipant(interaction_id=mail.id, claim_id=made.id))
    return lambda *words: CliRunner().invoke(program, list(words))


def _claim(run: Run) -> str:
    (found,) = json.loads(run("claim", "list", "--json").stdout)
    return str(found["id"])


def test_identify_tells_who_it_is_and_why(run: Run) -> None:
    known = json.loads(run("identify", "--external", "erp:4711", "--json").stdout)
    assert (known["kind"], known["reasons"][0]["code"]) == ("known", "external.same")
    shown = run("identify", "--phone", "030 1234567", "--country", "de", "--name", "Berg, Anna").stdout
    assert "Anna Berg" in shown
    assert "the same telephone number +49301234567, shared by 2 customers" in shown
    either = run("identify", "--phone", "+49301234567").stdout
    assert "Anna Berg" in either
    assert "Anne Berg" in either
    assert either.index("Score") < either.index("0.80")


def test_identify_says_what_it_could_not_use(run: Run) -> None:
    nobody = run("identify", "--email", "nonsense", "--name", "Zoe Nobody")
    assert nobody.exit_code == 0
    assert "the @ is missing" in nobody.stderr
    assert "nobody like that is known" in nobody.stderr
    assert "the mail domain belongs to Acme GmbH" in run("identify", "--email", "x@acme.com").stderr
    assert run("identify").exit_code == 2
    assert run("identify", "--external", "4711").exit_code == 3
    assert run("identify", "--born", "1980-13-01").exit_code == 3


def test_the_index_is_brought_up_to_date_and_made_again(run: Run) -> None:
    first, second, again = run("identify", "index"), run("identify", "index"), run("identify", "index", "--rebuild")
    assert "0 events indexed" not in first.stderr
    assert "0 events indexed" in second.stderr
    assert "0 events indexed" not in again.stderr
    assert json.loads(run("identify", "--name", "Anna Berg", "--json").stdout)["behind"] is False


def test_claims_are_listed_shown_and_resolved(run: Run) -> None:
    listed = run("claim", "list").stdout
    assert "new@acme.com; A. Berg" in listed
    id = _claim(run)
    assert "Anna Berg" in run("claim", "show", id).stdout
    resolved = run("claim", "resolve", id, "Anna Berg", "--learn")
    assert "it is Anna Berg; 1 interactions attached" in resolved.stderr
    assert json.loads(run("claim", "list", "--json").stdout) == []
    assert "resolved" in run("claim", "list", "--all").stdout
    assert "Anna Berg" in run("identify", "--email", "new@acme.com").stdout
    assert run("claim", "resolve", id, "Anna Berg").exit_code == 7
    assert run("claim", "show", "zzz").exit_code == 3


def test_claims_are_rejected_and_dismissed(run: Run) -> None:
    id = _claim(run)
    assert "it is not Anna Berg" in run("claim", "reject", id, "Anna Berg").stderr
    shown = run("claim", "show", id).stdout
    assert "Anna Berg" not in shown
    assert "Anne Berg" in shown
    assert run("claim", "dismiss", id).exit_code == 0
    assert json.loads(run("claim", "list", "--json").stdout) == []


def test_duplicates_are_listed_and_dismissed(run: Run) -> None:
    (pair,) = json.loads(run("duplicates", "--json").stdout)
    assert {pair["first_name"], pair["second_name"]} == {"Anna Berg", "Anne Berg"}
    assert "1 of 1 pairs" in run("duplicates").stderr
    dismissed = run("duplicates", "dismiss", "Anna Berg", "Anne Berg", "--note", "sisters")
    assert "Anna Berg is not Anne Berg" in dismissed.stderr
    assert json.loads(run("duplicates", "--json").stdout) == []


def test_decisions_are_told_to_programs(run: Run) -> None:
    id = _claim(run)
    rejected = json.loads(run("claim", "reject", id, "Anne Berg", "--json").stdout)
    assert (rejected["id"], rejected["state"], len(rejected["rejected"])) == (id, "open", 1)
    resolved = json.loads(run("claim", "resolve", id, "Anna Berg", "--json").stdout)
    assert (resolved["state"], resolved["interactions"]) == ("resolved", 1)
    assert resolved["customer_id"] != rejected["rejected"][0]
    kept = json.loads(run("duplicates", "dismiss", "Anna Berg", "Anne Berg", "--note", "sisters", "--json").stdout)
    assert (kept["note"], {kept["first_id"], kept["second_id"]}) == (
        "sisters",
        {resolved["customer_id"], rejected["rejected"][0]},
    )
    assert json.loads(run("identify", "index", "--json").stdout)["indexed"] > 0


def test_a_dismissed_claim_is_told_to_programs(run: Run) -> None:
    id = _claim(run)
    assert json.loads(run("claim", "dismiss", id, "--json").stdout) == {"id": id, "state": "dismissed"}
