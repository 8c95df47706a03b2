"""Requests that are answered as one group, without a server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crmkit import Crm
from crmkit.core.access import Actor
from crmkit.core.staff import User
from crmkit.testing.making import AsUser
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.answering import Asked, answer_admitted, let_in
from crmkit_web.serving.calls import Incoming, Reply
from crmkit_web.serving.sharing import answer_together
from crmkit_web.serving.site import Site


class Asking:
    """Requests of users, answered as one group."""

    def __init__(self, crm: Crm) -> None:
        self.crm, self.site = crm, Site(crm)
        self.endpoints = {one.id: one for one in self.site.endpoints}

    def token(self, login: str) -> str:
        with self.crm.session() as session:
            user = session.find(User, login=login)
            assert user is not None
            return make_token(self.crm.context(session, "web"), user, "test")

    def request(
        self, endpoint_id: str, token: str, body: Any = None, *, if_match: str = "", key: str = "", **path: str
    ) -> Incoming:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        if if_match:
            headers["if-match"] = if_match
        if key:
            headers["idempotency-key"] = f'"{key}"'
        endpoint = self.endpoints[endpoint_id]
        content = b"" if body is None else json.dumps(body).encode()
        return Incoming(endpoint, path, "", headers, content, "192.0.2.1", endpoint.path)

    def create(self, token: str, entity: str, *, key: str = "", **values: Any) -> Incoming:
        return self.request("create_record", token, values, key=key, entity=entity)

    def actor(self, incoming: Incoming) -> Actor:
        asked = let_in(self.site, incoming)
        assert isinstance(asked, Asked)
        return asked.actor

    def answers(self, *requests: Incoming) -> list[Reply]:
        found = answer_together(self.site, requests)
        return [one if isinstance(one, Reply) else answer_admitted(self.site, one) for one in found]


@pytest.fixture
def asking(crm: Crm, as_user: AsUser) -> Asking:
    as_user("* * all", login="root")
    return Asking(crm)


def count(crm: Crm, entity: type[Any]) -> int:
    with crm.session(reads=True) as session:
        return session.count(entity)
