"""Runs schemathesis against a served CRM in this process, and tells what does not hold.

Examples, coverage, fuzzing and stateful phases run with every check that there is. The run is the same each time: seeded,
without a clock. What JSON Schema cannot say is named here, code by code: a request that breaks such a rule is well
formed, and refusing it is right.
"""

from __future__ import annotations

import json
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

NOT_IN_SCHEMAS = frozenset(
    {
        "reference",  # the id of a record that there is
        "not_found",
        "no_such_record",
        "merged",
        "unknown",  # the name of an entity, in a field of a record
        "unknown_entity",
        "unknown_segment",
        "unknown_survey",
        "unknown_question",
        "bad_rule",  # of a hand-over: logins and filters
        "unknown_scope",
        "unknown_purpose",
        "unknown_kind",  # of a file, by the end of its name
        "unknown_path",  # of include in a body, which is not of one entity alone
        "unknown_field",  # of fields and sort in a body
        "bad_filter",  # the filter language has a grammar of its own
        "bad_cursor",
        "bad_fields",
        "repeated",
        "duplicate",
        "refused",
        "stale_version",
        "key_reused",
        "unknown_token",
        "bad_token",
        "bad_url",  # of contact points, by their kind
        "bad_phone",
        "bad_email",
        "unknown_action",
        "no_such_shape",
        "type_not_taken",  # of files, by what is in them
        "forbidden_address",  # of this machine, of networks of our own
    }
)
OF_PLACES = (
    # One of several members is asked for, or a member where others do not say it.
    (r"/bulk$", "required"),
    (r"/imports(/file|/address)?$", "required"),
    (r"/actions/[^/]+$", "required"),
    # What a new record needs, a record that there is does not; names and values are composed of their parts.
    (r"/by/[^/]+/[^/]+$", "required"),
    (r"/batch$", "required"),
    (r"/(customers|contact_points)$", "required"),
    # A patch names a part of an amount of money that there is not.
    (r"/[0-9a-f-]{36}$", "required"),
    # Two records, and both their versions or none.
    (r"/merge(/preview)?$", "bad_input"),
    (r"/merge(/preview)?$", "length"),
    (r"/merges$", "bad_parameter"),
    # Of what is never deleted, no deleted records are asked for.
    (r"/search$", "bad_parameter"),
    (r"/timeline$", "bad_input"),
    (r"/consent-decision$", "bad_input"),
    (r"/auth/oidc/", "bad_query"),
    (r"/search$", "bad_input"),
)
_WHOLE = re.compile(r"-?\d+\.0|-?\d+(\.\d+)?e\+?\d+", re.IGNORECASE)
"""What is whole to JSON Schema, and no whole number as JSON is written."""
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

    schemathesis.hook(before_call)
    try:
        yield
    finally:
        hooks.unregister(before_call)


def _excuse(schema: Any) -> None:
    @schema.hook  # type: ignore[untyped-decorator]
    def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
        return not _right(failure, response, case.formatted_path)


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


def _right(failure: Any, response: Any, path: str) -> bool:
    """Whether an answer is right all the same, by a rule that no JSON Schema can tell."""
    try:
        told = json.loads(response.content)
    except ValueError:
        return False
    kind = type(failure).__name__
    if kind == "RejectedPositiveData" and isinstance(told, dict):
        errors = told.get("errors") or [told]
        return all(_beyond_schemas(one, path) for one in errors)
    # Rows of a batch that are not atomic fail one by one, within an answer that tells of them.
    return kind == "AcceptedNegativeData" and isinstance(told, dict) and told.get("failed", 0) > 0


def _beyond_schemas(error: Mapping[str, Any], path: str) -> bool:
    if error["code"] == "type":
        return bool(_WHOLE.fullmatch(str(error.get("value"))))
    code = error["code"]
    return code in NOT_IN_SCHEMAS or any(code == one and re.search(place, path) for place, one in OF_PLACES)


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
