"""Runs schemathesis against a served CRM in this process, and tells what does not hold.

Examples, coverage, fuzzing and stateful phases run with every check that there is. The run is the same each time: seeded,
without a clock. What no JSON Schema can say stands in ``excuses``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import attrs
import schemathesis
from hypothesis import strategies
from schemathesis import hooks
from schemathesis.engine import events, from_schema

from crmkit_web.serving.site import Site
from plugins.web.tests.openapi.excuses import excused

NOBODYS = "00000000-0000-4000-8000-000000000000"
"""The id of no record."""
_KEY = re.compile(r'"[ !#-\[\]-~]{1,255}"|[!#-+\--:<-~]{1,255}')
_TAG = re.compile(r'\*|"[!#-~]+"')


@attrs.frozen
class Seen:
    """What a run has seen: how many checks, answers by status, and what does not hold."""

    checks: int
    statuses: Mapping[int, int]
    failures: tuple[str, ...]


def examine(
    app: Any, site: Site, token: str, entities: str, *, examples: int, known: Mapping[str, str], only: str = ""
) -> Seen:
    """Examine the operations on some entities (plural names, separated by commas) and those on none.

    ``known`` has the id of a record that there is for names of entities: references lead there. ``only`` is a
    pattern of paths; none: all.
    """
    _formats()
    config = schemathesis.Config.from_dict(
        {
            "seed": 1,
            "headers": {"Authorization": f"Bearer {token}"},
            "continue-on-failure": True,
            "workers": 1,
            "suppress-health-check": ["all"],
            "generation": {
                "deterministic": True,
                "max-examples": examples,
                # No text of ours holds NUL; the document says so in words, other tests send it.
                "allow-x00": False,
                "database": "none",
                "no-shrink": True,
            },
            # Too large a body is refused before it is read; a state that is not the record's is refused as such.
            "checks": {
                "negative_data_rejection": {"expected-statuses": [*_REFUSED, 412, 413]},
                "missing_required_header": {"expected-statuses": [400, 401, 403, 406, 415, 422, 428]},
            },
        }
    )
    schema = schemathesis.openapi.from_asgi(f"/api/v1/openapi.json?entities={entities}", app, config=config)
    if only:
        schema = schema.include(path_regex=only)
    _excuse(schema)
    with _prepared(site, known):
        return _run(schema)


_REFUSED = (400, 401, 403, 404, 405, 406, 409, 415, 422, 428, 429)


def _formats() -> None:
    """Tell what texts of our own formats look like."""
    text = strategies.sampled_from
    schemathesis.openapi.format("time-zone", text(["Europe/Berlin", "Asia/Shanghai"]))
    schemathesis.openapi.format("crmkit-filter", text(["created_at > now - 3 days", "version = 1", ""]))
    schemathesis.openapi.format("crmkit-cursor", text([""]))
    schemathesis.openapi.format("email", text(["anna@example.com", "bo@example.org"]))


@contextmanager
def _prepared(site: Site, known: Mapping[str, str]) -> Iterator[None]:
    """Within, requests are sent as somebody would who knows the records that there are."""
    numbers = count(1)

    def before_call(context: Any, case: Any, kwargs: Any) -> None:
        headers = case.headers or {}
        if _KEY.fullmatch(str(headers.get("Idempotency-Key", ""))):
            # Each request is one of its own, or none but the first would be looked at.
            headers["Idempotency-Key"] = f'"{next(numbers)}"'
        tag = str(headers.get("If-Match", ""))
        if case.method == "PUT" and (tag == "0" or _TAG.fullmatch(tag)):
            # What is made has no state yet; the generator leaves the pattern of an optional header out.
            del headers["If-Match"]
        elif _TAG.fullmatch(tag):
            headers["If-Match"] = "*"
        if isinstance(case.body, dict):
            _refer(case, site, known)
        for name, value in (case.path_parameters or {}).items():
            if value in (None, "None"):
                # Where an answer has null no link leads anywhere; the generator follows it all the same.
                case.path_parameters[name] = NOBODYS

    schemathesis.hook(before_call)
    try:
        yield
    finally:
        hooks.unregister(before_call)


def _excuse(schema: Any) -> None:
    @schema.hook  # type: ignore[untyped-decorator]
    def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
        return not excused(failure, response, case.operation.method, case.operation.path)


def _refer(case: Any, site: Site, known: Mapping[str, str]) -> None:
    """Let ids in the body be those of records that there are."""
    parts = case.operation.path.strip("/").split("/")
    info = site.entities.get(parts[2]) if len(parts) > 2 else None
    if info is None:
        return
    for name, value in case.body.items():
        field = info.by_name.get(name)
        if field is not None and field.reference in known and isinstance(value, str) and len(value) == 36:
            case.body[name] = known[field.reference]


def _run(schema: Any) -> Seen:
    checks, statuses = 0, Counter[int]()
    failures: dict[tuple[str, ...], str] = {}
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            failures[("error", str(getattr(event, "label", "")))] = f"{event.info.format()}"
        if not isinstance(event, events.ScenarioFinished):
            continue
        recorder = event.recorder
        statuses.update(one.response.status_code for one in recorder.interactions.values() if one.response)
        for case_id, nodes in recorder.checks.items():
            for node in nodes:
                checks += 1
                if node.failure_info is not None:
                    failure, sample = node.failure_info.failure, node.failure_info.code_sample
                    answered = recorder.interactions[case_id].response
                    body = answered.content[:700].decode(errors="replace") if answered else ""
                    codes = ",".join(re.findall(r'"pointer":"[^"]*","code":"[^"]*"', body))
                    place = (node.name, failure.operation, codes or failure.message[:80])
                    failures.setdefault(place, f"{' '.join(place)}\n{failure.message[:400]}\n{sample[:900]}\n{body}")
    return Seen(checks, dict(statuses), tuple(failures.values()))
