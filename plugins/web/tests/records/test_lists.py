"""Lists over HTTP: filters, order, cursors, fields, included records, deleted ones; and the same by a document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

import crmkit_web
from crmkit import Crm
from crmkit.plugin import CustomField
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.records.entities import SigningKey
from crmkit_web.serving.app import web_app
from plugins.web.tests.conftest import Api
from plugins.web.tests.records.test_single import ON_SQLITE, made, pointers, without_industry


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["items"]]


def test_pages_follow_one_another(api: Api) -> None:
    for name in ("Ara", "Bee", "Cat", "Dog", "Elk"):
        made(api, name=name, industry="Zoo")
    made(api, name="Fox")
    path = "/customers?filter=industry+%3D+Zoo&sort=-name&limit=2&fields=name&count=exact"
    seen, cursor = [], ""
    while True:
        answer = api.get(path + (f"&cursor={quote(cursor)}" if cursor else ""))
        seen += names(answer)
        assert answer.json()["count"] == 5
        cursor = answer.json()["next"]
        if cursor is None:
            break
    assert seen == ["Elk", "Dog", "Cat", "Bee", "Ara"]


def test_a_cursor_is_of_its_list_and_its_user(as_user: AsUser, api_of: Callable[[str], Api], api: Api) -> None:
    as_user("* * all", login="other")
    other = api_of("other")
    for name in ("Ara", "Bee", "Cat"):
        made(api, name=name)
    path = "/customers?limit=1&sort=name"
    cursor = api.get(path).json()["next"]
    assert names(api.get(f"{path}&cursor={quote(cursor)}")) == ["Bee"]
    plain, _, mark = cursor.rpartition(".")
    forged = [
        cursor[:-1] + ("A" if cursor[-1] != "A" else "B"),
        plain,
        f".{mark}",
        "x",
        ".",
        "é.é",
        plain + "A." + mark,
    ]
    wrong = [api.get(f"{path}&cursor={quote(one)}") for one in forged]
    wrong += [
        other.get(f"{path}&cursor={quote(cursor)}"),
        api.get(f"/products?limit=1&sort=name&cursor={quote(cursor)}"),
        api.get(f"/customers?limit=1&sort=-name&cursor={quote(cursor)}"),
        api.get(f"{path}&filter=kind+%3D+person&cursor={quote(cursor)}"),
        api.get(f"{path}&deleted=true&cursor={quote(cursor)}"),
        api.post("/customers/search", {"sort": "name", "limit": 1, "cursor": cursor, "filter": "kind = person"}),
    ]
    assert [(one.status_code, one.json()["code"]) for one in wrong] == [(400, "bad_cursor")] * len(wrong)


def test_every_server_of_an_installation_knows_its_cursors(crm: Crm, api: Api) -> None:
    for name in ("Ara", "Bee"):
        made(api, name=name)
    cursor = quote(api.get("/customers?limit=1&sort=name").json()["next"])
    with TestClient(web_app(crm), raise_server_exceptions=False) as client:
        second = Api(client)
        second.headers = api.headers
        assert names(second.get(f"/customers?limit=1&sort=name&cursor={cursor}")) == ["Bee"]
    with crm.session() as session:
        (key,) = session.list(SigningKey)
        session.delete(key)
    with TestClient(web_app(crm), raise_server_exceptions=False) as client:
        third = Api(client)
        third.headers = api.headers
        assert third.get(f"/customers?limit=1&sort=name&cursor={cursor}").status_code == 400


@ON_SQLITE
def test_whoever_reads_the_database_signs_no_cursor(make_crm: MakeCrm, crm: Crm, api: Api) -> None:
    for name in ("Ara", "Bee"):
        made(api, name=name)
    path, known = "/customers?limit=1&sort=name", {}
    for secret in ("", "one secret", "another secret"):
        # The same database, and so the same stored value.
        address = crm.database.engine.url.render_as_string(hide_password=False)
        keyed = make_crm(plugins=[crmkit_web], url=address, config={"plugins": {"web": {"secret_key": secret}}})
        with TestClient(web_app(keyed), raise_server_exceptions=False) as client:
            mine = Api(client)
            mine.headers = api.headers
            known[secret] = mine.get(path).json()["next"]
            for other, cursor in known.items():
                status = mine.get(f"{path}&cursor={quote(cursor)}").status_code
                assert status == (200 if other == secret else 400), (secret, other)
    assert len(set(known.values())) == 3


@ON_SQLITE
def test_everything_wrong_with_a_list_is_told_at_once(api: Api) -> None:
    answer = api.get("/customers?sort=nam,name,-name&fields=name,industri&include=ownr,owner.teem&filter=nam+%3D+1")
    assert answer.status_code == 400
    assert sorted(pointers(answer)) == sorted(
        [
            ("/query/sort", "unknown_field"),
            ("/query/sort", "repeated"),
            ("/query/fields", "unknown_field"),
            ("/query/include", "unknown_path"),
            ("/query/include", "unknown_path"),
            ("/query/filter", "bad_filter"),
        ]
    )
    assert "did you mean industry?" in answer.text
    assert "did you mean owner?" in answer.text


@ON_SQLITE
def test_an_error_in_a_filter_names_its_position(api: Api) -> None:
    for filter, position in (("name = ", 7), ("name = x and nme = y", 13), ("(name = x", 9), ("name ' = 1", 5)):
        for answer, pointer in (
            (api.get(f"/customers?filter={quote(filter)}"), "/query/filter"),
            (api.post("/customers/search", {"filter": filter}), "/filter"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_filter")
            assert pointers(answer) == [(pointer, "bad_filter")]
            assert answer.json()["position"] == position, filter


@ON_SQLITE
def test_a_search_takes_the_filter_as_data(api: Api) -> None:
    made(api, name="Kestrel", industry="Optics")
    made(api, name="Merlin", industry="Steel")
    data = {"and": [{"field": "industry", "op": "=", "value": "Optics"}, {"not": {"field": "name", "op": "is empty"}}]}
    asked = {"filter": data, "sort": "name", "limit": 10, "fields": ["name"], "count": "exact"}
    answer = api.post("/customers/search", asked)
    assert (names(answer), answer.json()["count"], answer.json()["next"]) == (["Kestrel"], 1, None)
    long = " or ".join(f'name = "{n:06}"' for n in range(200)) + " or name = Merlin"
    assert names(api.post("/customers/search", {"filter": long})) == ["Merlin"]
    wrong = api.post("/customers/search", {"filtr": 1, "limit": 0, "fields": "name", "deleted": "no", "sort": 3})
    assert wrong.status_code == 422
    assert sorted(pointers(wrong)) == [
        ("/deleted", "type"),
        ("/fields", "type"),
        ("/filtr", "unknown_field"),
        ("/limit", "type"),
        ("/sort", "type"),
    ]
    for odd in ({"and": []}, {"field": ["x"], "op": "="}, {"has": 3}, {"x": 1}, {"always": 1}, {"in segment": []}):
        answer = api.post("/customers/search", {"filter": odd})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_filter"), odd


@ON_SQLITE
def test_deep_and_long_filters_are_refused(api: Api) -> None:
    deep: Any = {"field": "name", "op": "is empty"}
    for _ in range(300):
        deep = {"not": deep}
    for filter in (deep, "(" * 500 + "name = x" + ")" * 500, "not " * 3_000 + "name = x", "name = x or " * 20_000):
        assert api.post("/customers/search", {"filter": filter}).status_code == 400


def test_deleted_records_are_for_those_who_may_delete(as_user: AsUser, api_of: Callable[[str], Api], api: Api) -> None:
    as_user("customer read all", login="reader")
    as_user("customer read all", "customer delete own", login="own")
    gone, left = made(api, name="Gone"), made(api, name="Left")
    api.delete(f"/customers/{gone['id']}")
    assert names(api.get("/customers")) == ["Left"]
    listed = api.get("/customers?deleted=true&count=exact")
    assert (names(listed), listed.json()["count"]) == (["Gone"], 1)
    assert listed.json()["items"][0]["deleted_at"]
    assert "deleted_at" not in left
    assert names(api.post("/customers/search", {"deleted": True})) == ["Gone"]
    assert api_of("reader").get("/customers?deleted=true").status_code == 403
    assert api.get("/events?deleted=true").status_code == 400
    theirs = api_of("own").get("/customers?deleted=true&count=exact").json()
    assert (theirs["items"], theirs["count"]) == ([], 0)


def test_records_beside_come_once_each(api: Api) -> None:
    customer, other = made(api), made(api, name="Merlin")
    for value in ("a@kestrel.example", "b@kestrel.example"):
        sent = {"customer_id": customer["id"], "kind": "email", "value": value}
        assert api.post("/contact_points", sent).status_code == 201
    answer = api.get("/customers?include=owner,contact_points,taggings&sort=name").json()
    owner = customer["owner_id"]
    assert list(answer["included"]["user"]) == [owner]
    assert answer["included"]["user"][owner]["login"] == "root"
    points = answer["included"]["contact_point"].values()
    assert {(one["customer_id"], one["value"]) for one in points} == {
        (customer["id"], "a@kestrel.example"),
        (customer["id"], "b@kestrel.example"),
    }
    assert answer["included"]["tagging"] == {}
    assert "truncated" not in answer
    one = api.get(f"/customers/{other['id']}?include=owner,contact_points").json()
    assert (one["name"], one["included"]["contact_point"]) == ("Merlin", {})
    deep = api.get("/contact_points?include=customer.owner&fields=value").json()
    assert set(deep["included"]) == {"customer", "user"}
    for path in ("ownr", "owner.", "customer", "created_by", "owner.web_tokens", "a.b.c.d.e", "owner..team"):
        answer = api.get(f"/customers/{other['id']}?include={path}")
        assert (answer.status_code, pointers(answer)[0][0]) == (400, "/query/include"), path


@ON_SQLITE
def test_each_path_is_one_query(crm: Crm, api: Api) -> None:
    def statements(records: int) -> int:
        for number in range(records):
            made(api, name=f"Kestrel {number}")
        path = "/customers?include=owner,contact_points&limit=100"
        api.get(path)
        asked: list[str] = []

        def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
            asked.append(statement)

        sa.event.listen(crm.database.engine, "before_cursor_execute", note)
        try:
            api.get(path)
        finally:
            sa.event.remove(crm.database.engine, "before_cursor_execute", note)
        return len(asked)

    assert statements(1) == statements(6)


@ON_SQLITE
def test_what_is_included_is_narrowed_and_masked(
    crm: Crm, as_user: AsUser, api_of: Callable[[str], Api], api: Api
) -> None:
    as_user("contact_point read all", "customer read own", login="narrow")
    without_industry(crm, "half")
    customer = made(api, industry="Optics")
    api.post("/contact_points", {"customer_id": customer["id"], "kind": "email", "value": "a@kestrel.example"})
    narrow = api_of("narrow").get("/contact_points?include=customer").json()
    assert narrow["included"] == {"customer": {}}
    assert api_of("half").get("/customers?include=owner").json()["included"] == {"user": {}}


@pytest.fixture
def custom_api(make_crm: MakeCrm, tmp_path: Path) -> Iterator[Callable[[str], Api]]:
    """The API of an installation with custom fields, as users with a role of the given name."""
    from crmkit.core.staff import Role, RoleAssignment, User
    from crmkit_web.login.tokens import make_token

    fields = [
        {"entity": "customer", "name": "tier", "choices": ["gold", "iron"], "filterable": True},
        {"entity": "customer", "name": "seats", "type": "integer"},
        {"entity": "customer", "name": "score", "type": "decimal"},
        {"entity": "customer", "name": "since", "type": "date"},
        {"entity": "customer", "name": "partner", "type": "id", "reference": "customer"},
        {"entity": "customer", "name": "secret", "sensitivity": "special"},
    ]
    custom = tuple(CustomField(**one) for one in fields)  # type: ignore[arg-type]
    crm = make_crm(plugins=[crmkit_web], url=f"sqlite:///{tmp_path / 'custom.db'}", config={"custom_fields": custom})
    with TestClient(web_app(crm), raise_server_exceptions=False) as client:

        def of(words: str) -> Api:
            grants = ({"entity": "*", "action": "*", "scope": "all", "fields": words.split()},)
            with crm.session() as session:
                user, role = User(login=words, name=words), Role(name=words, grants=grants)
                session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
                session.flush()
                made = make_token(crm.context(session, "web"), user, "test")
                token = made if isinstance(made, str) else made[0]
            return Api(client, token)

        yield of


def test_custom_fields_are_fields(custom_api: Callable[[str], Api]) -> None:
    api, plain = custom_api("*"), custom_api("@public @internal @personal")
    values = {"tier": "gold", "seats": 5, "score": "1.50", "since": "2026-01-31", "secret": "x"}
    customer = made(api, custom=values)
    assert customer["custom"] == values
    partner = made(api, name="Partner", custom={"tier": "iron", "partner": customer["id"]})
    address = f"/customers/{customer['id']}"
    assert plain.get(address).json()["custom"] == {name: value for name, value in values.items() if name != "secret"}
    asked = "/customers?sort=-custom.tier&fields=name,custom.tier,custom.secret&include=custom.partner"
    found = plain.get(asked).json()
    assert [one["custom"] for one in found["items"]] == [{"tier": "iron"}, {"tier": "gold"}]
    assert list(found["included"]["customer"]) == [customer["id"]]
    assert partner["id"] != customer["id"]
    patched = api.patch(address, {"custom": {"seats": None, "tier": "iron"}}).json()["custom"]
    assert patched == {"tier": "iron", "score": "1.50", "since": "2026-01-31", "secret": "x"}
    assert plain.patch(address, {"custom": {"secret": "y"}}).status_code == 403
    for path in ("sort=custom.secret", "filter=secret+%3D+x"):
        assert plain.get(f"/customers?{path}").status_code in (400, 403)
    wrong = {"tier": "tin", "seats": "5", "score": 1.5, "since": "31.1.2026", "partner": "x", "nope": 1, "secret": 3}
    refused = api.post("/customers", {"name": "X", "kind": "person", "custom": wrong})
    assert sorted(pointers(refused)) == sorted(
        [
            ("/custom/tier", "choice"),
            ("/custom/seats", "type"),
            ("/custom/score", "type"),
            ("/custom/since", "type"),
            ("/custom/partner", "type"),
            ("/custom/nope", "unknown_field"),
            ("/custom/secret", "type"),
        ]
    )
    top = api.patch(address, {"tier": "gold"})
    assert (top.status_code, "did you mean custom.tier?" in top.text) == (422, True)
    assert api.patch(address, {"custom": None}).json()["custom"] == {}
