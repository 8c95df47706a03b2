"""``crmkit survey``: questions are made, asked and answered on the command line."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Run, _folder, run
from tests.conftest import Copied

__all__ = ["_folder", "run"]


def make(run: Run) -> None:
    """Add a customer and the questions of a questionnaire."""
    lines = [
        ["customer", "add", "Anna Berg"],
        ["survey", "add", "on time", "--survey", "delivery", "--side", "service", "--weight", "3"],
        ["survey", "add", "recommend", "--survey", "delivery", "--measure", "nps", "--text", "Would you recommend us?"],
        ["survey", "add", "wish", "--survey", "delivery", "--measure", "text"],
        ["survey", "add", "effort", "--measure", "ces", "--lowest", "1", "--highest", "7"],
    ]
    for line in lines:
        done = run(*line)
        assert done.exit_code == 0, done.stderr


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(
    request: pytest.FixtureRequest, run: Run, _folder: None, copied: Copied, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database with a customer and the questions of a questionnaire."""
    monkeypatch.setenv("CRMKIT_DB", copied(request.param, "survey", run, make))


def test_asking_and_answering(run: Run, crm: None) -> None:
    asked = run("survey", "ask", "Anna Berg", "--survey", "delivery", "--at", "2026-03-02")
    assert (asked.exit_code, "asked Anna Berg 3 questions" in asked.stderr) == (0, True)
    survey = asked.stdout.strip()
    before = json.loads(run("satisfaction", "report", "--json").stdout)
    assert (before["total"]["asked"], before["total"]["answered"]) == (1, 0)

    done = run("survey", "answer", survey, "on time=8:6", "wish=A manual", "--comment", "on time=Two days late")
    assert (done.exit_code, "2 of 3 questions are answered" in done.stderr) == (0, True)
    shown = json.loads(run("survey", "show", survey, "--json").stdout)
    assert shown["status"] == "completed"
    assert [one["question"] for one in shown["answers"]] == ["on time", "recommend", "wish"]
    assert [one["answered"] for one in shown["answers"]] == [True, False, True]
    assert (shown["answers"][0]["expected"], shown["answers"][0]["experienced"]) == ("8", "6")
    assert shown["answers"][0]["comment"] == "Two days late"

    later = run("survey", "answer", survey, "recommend=9", "effort=6", "--json")
    assert {one["question"]: one["score"] for one in json.loads(later.stdout)["answers"]}["effort"] == "6"
    report = json.loads(run("satisfaction", "report", "--json").stdout)
    assert (report["total"]["c"], report["total"]["answered"]) == ("0.750", 1)
    lines = [" ".join(line.split()) for line in run("survey", "show", survey).stdout.splitlines()]
    assert "on time 8 6 Two days late" in lines
    assert "recommend 9" in lines


def test_single_questions_and_their_list(run: Run, crm: None) -> None:
    asked = json.loads(run("survey", "ask", "Anna Berg", "--question", "effort", "--json").stdout)
    assert [one["question"] for one in asked["answers"]] == ["effort"]
    listed = json.loads(run("survey", "questions", "--survey", "delivery", "--json").stdout)
    assert [(one["name"], one["weight"]) for one in listed] == [("on time", "3"), ("recommend", "1"), ("wish", "1")]
    assert "Would you recommend us?" in run("survey", "questions").stdout


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        ("on tim=8:6", 4, "did you mean on time"),
        ("on time=8", 3, "expected expected:experienced"),
        ("recommend=8:6", 3, "expected a number"),
        ("recommend=eleven", 3, "expected a number"),
        ("recommend=11", 3, "a number from 0 to 10"),
        ("recommend=NaN", 3, "expected a number"),
        ("recommend", 3, "expected NAME=VALUE"),
    ],
)
def test_what_is_no_answer_is_told_and_changes_nothing(run: Run, crm: None, answer: str, code: int, told: str) -> None:
    survey = run("survey", "ask", "Anna Berg", "--survey", "delivery").stdout.strip()
    refused = run("survey", "answer", survey, "wish=More", answer)
    assert (refused.exit_code, told in refused.stderr.replace("\n", " ")) == (code, True), refused.stderr
    shown = json.loads(run("survey", "show", survey, "--json").stdout)
    assert (shown["status"], any(one["answered"] for one in shown["answers"])) == ("in_progress", False)


def test_asking_for_nothing_is_refused(run: Run, crm: None) -> None:
    assert run("survey", "ask", "Anna Berg").exit_code == 2
    unknown = run("survey", "ask", "Anna Berg", "--survey", "delivry")
    assert (unknown.exit_code, "did you mean delivery" in unknown.stderr) == (4, True)
