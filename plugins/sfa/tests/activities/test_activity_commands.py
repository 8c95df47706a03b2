"""``crmkit sfa activity`` and ``crmkit sfa calendar``, as a salesperson uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.customer import Customer
from crmkit.core.interaction import Interaction
from crmkit.core.staff import User
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity


@pytest.fixture(autouse=True)
def address(program_url: str, tmp_path: Path) -> str:
    (tmp_path / "crmkit.toml").write_text('timezone = "Europe/Berlin"\n')
    with Crm.open(program_url) as crm, crm.session() as session:
        session.add(
            Customer(kind="organization", name="Acme"),
            User(login="ada", name="Ada", email="ada@x.example"),
            Opportunity(name="Pumps"),
            Lead(name="Cold"),
        )
    return program_url


def run(words: str, *more: str, code: int = 0) -> str:
    result = CliRunner().invoke(program, ["sfa", *words.split(), *more])
    assert result.exit_code == code, result.output
    return result.output


def document(words: str, *more: str) -> Any:
    return json.loads(run(words, *more, "--json"))


def test_a_week_of_a_salesperson(address: str) -> None:
    weekly = "--at 2030-03-25T09:00 --for 60 --repeat FREQ=WEEKLY;COUNT=4 --remind 15"
    run(f"activity add meeting Weekly {weekly} --customer Acme --with ada --with bo@y.example", "--place", "Room 1")
    run("activity add task", "Send offer", "--due", "2030-03-26", "--priority", "high", "--opportunity", "Pumps")
    run("activity add visit Fair --on 2030-03-27 --to 2030-03-28")
    shown = run("activity week --from 2030-03-25 --days 14")
    assert ["2030-03-25 09:00–10:00" in shown, "2030-04-01 09:00–10:00" in shown, "Weekly ↻" in shown] == [True] * 3
    assert "2030-03-27 – 2030-03-28 all day" in shown
    assert "Pumps" in shown
    assert "Room 1" in shown
    assert "09:00–10:00" in run("activity today --day 2030-04-15")
    run("activity move Weekly 2030-04-02T11:00 --occurrence 2030-04-01")
    run("activity cancel Weekly --occurrence 2030-04-08", "--reason", "Easter")
    starts = [one["starts_at"] for one in document("activity week --from 2030-03-31 --days 30")]
    assert starts == ["2030-04-02T09:00:00Z", "2030-04-15T07:00:00Z"]
    done = document(
        "activity complete Weekly --occurrence 2030-03-25 --outcome good --next-at 2030-03-29", "--next", "Call them"
    )
    assert done["interaction_id"]
    assert done["next_id"]
    assert [one["subject"] for one in document("activity open")] == ["Send offer", "Fair", "Call them", "Weekly"]
    assert "Weekly" in run("activity done")
    assert {one["name"] for one in document("activity no-next-step")} == {"Cold"}
    assert document("activity overdue") == []
    assert "no reminders" in run("activity reminders")
    with Crm.open(address) as crm, crm.session() as session:
        assert [one.outcome for one in session.list(Interaction)] == ["good"]


def test_an_activity_is_shown_whole(address: str) -> None:
    weekly = "--at 2030-03-25T09:00 --for 60 --repeat FREQ=WEEKLY;COUNT=4 --remind 15"
    run(f"activity add meeting Weekly {weekly} --customer Acme --with ada --with bo@y.example", "--place", "Room 1")
    run("activity add task", "Send offer", "--due", "2030-03-26", "--priority", "high", "--opportunity", "Pumps")
    told = document("activity show Weekly")
    assert (told["subject"], told["rrule"], told["customer"], told["location"]) == (
        "Weekly",
        "FREQ=WEEKLY;COUNT=4",
        "Acme",
        "Room 1",
    )
    assert [(one["name"], one["address"]) for one in told["participants"]] == [("Ada", ""), ("", "bo@y.example")]
    assert [one["minutes_before"] for one in told["reminders"]] == [15]
    text = run("activity show Weekly")
    for said in ("2030-03-25 09:00–10:00", "FREQ=WEEKLY;COUNT=4", "Room 1", "Ada", "15 minutes before the start"):
        assert said in text
    # What was done of a series has the participants of the series.
    done = document("activity complete Weekly --occurrence 2030-03-25 --outcome good")
    occurrence = document("activity show", done["id"])
    assert (occurrence["status"], occurrence["outcome"], occurrence["series_id"]) == ("done", "good", told["id"])
    assert [one["name"] for one in occurrence["participants"]] == ["Ada", ""]
    offer = document("activity show", "Send offer")
    assert (offer["opportunity"], offer["due_on"], offer["priority"]) == ("Pumps", "2030-03-26", 1)
    assert "no activity “Nothing”" in run("activity show Nothing", code=4)


def test_a_route(address: str) -> None:
    run("activity add visit Second --on 2030-05-02")
    run("activity add visit First --at 2030-05-02T08:00 --customer Acme")
    assert [one["subject"] for one in document("activity route --day 2030-05-02 --from 52.5,13.4")] == [
        "First",
        "Second",
    ]
    assert "no visit on 2030-05-03" in run("activity route --day 2030-05-03")
    assert "expected latitude" in run("activity route --from Berlin", code=3)


def test_a_calendar_goes_out_and_comes_in(address: str, tmp_path: Path) -> None:
    run("activity add meeting Talk --at 2030-05-02T08:00 --for 30 --with ada")
    assert "DTSTART;TZID=Europe/Berlin:20300502T080000" in run("calendar export")
    assert document("calendar export --to a.ics")["count"] == 1
    assert document("calendar import a.ics")["unchanged"] == 1
    (tmp_path / "bad.ics").write_text("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:7\nSUMMARY:x\nEND:VEVENT\nEND:VCALENDAR\n")
    assert "VEVENT 7: DTSTART: expected when it starts; nothing was taken in" in run("calendar import bad.ics", code=3)
    assert "1 left out" in run("calendar import bad.ics --skip-errors")
    made = document("calendar feed --user ada --name phone")
    assert made["token"] not in run("calendar feeds")
    assert document("calendar revoke phone")["revoked_at"]
    assert document("calendar feeds")[0]["user"] == "ada"


WRONG = {
    "activity add task X --due tomorrow": "tomorrow",
    "activity add call X --at 2030-01-01T09:00 --due 2030-01-01": "one of --at, --on and --due",
    "activity add call X --for 30": "--for belongs to --at",
    "activity add call X --at 2030-01-01T09:00 --repeat DAILY": "FREQ=WEEKLY",
    "activity add call X --customer Acme --opportunity Pumps": "one of --customer",
    "activity add call X --timezone Mars": "Europe/Berlin",
    "activity complete Nothing": "no activity “Nothing”",
    "activity respond Nothing accepted": "--as LOGIN",
    "activity complete Nothing --next-at 2030-01-01": "--next says",
}


def test_an_error_says_what_was_expected() -> None:
    for words, said in WRONG.items():
        result = CliRunner().invoke(program, ["sfa", *words.split()])
        assert result.exit_code in (3, 4), words
        assert said in result.output
        assert "Traceback" not in result.output
    assert document("activity open") == []


def test_what_is_done_already_is_said_and_nothing_is_planned(address: str) -> None:
    run("activity add call Ring --at 2030-03-25T09:00 --for 5 --repeat FREQ=DAILY;COUNT=2")
    words = "activity complete Ring --occurrence 2030-03-25"
    assert "done and logged" in run(words)
    again = run(words, "--next", "Visit them")
    assert "done and logged" not in again
    assert "was done already" in again
    assert "not planned: Visit them" in again
    assert "Visit them" not in run("activity open")
    told = document(words)
    assert (told["already_done"], told["next_id"]) == (True, None)


def test_a_series_that_starts_while_clocks_change_stays_at_its_time(address: str) -> None:
    run("activity add call Early --at 2030-03-31T02:30 --for 10 --repeat FREQ=DAILY;COUNT=3")
    shown = run("activity week --from 2030-03-31")
    assert ["2030-03-31 03:30" in shown, "2030-04-01 02:30" in shown, "2030-04-02 02:30" in shown] == [True] * 3
    run("activity complete Early --occurrence 2030-03-31")
    run("activity move Early 2030-05-01T10:00")
    moved = run("activity week --from 2030-03-25 --days 60")
    assert ["2030-05-01 10:00" in moved, "2030-05-03 10:00" in moved, "02:30" in moved] == [True, True, False]
