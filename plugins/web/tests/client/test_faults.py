"""What the client does when requests and answers get lost, break off or come late: nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from crmkit import Crm
from crmkit.client import (
    BadAnswer,
    Client,
    Conflict,
    Retries,
    TooManyRequests,
    TryLater,
    Unreachable,
    ValidationFailed,
)
from crmkit.core.customer import Customer
from crmkit.testing.making import MakeCustomer
from plugins.web.tests.client.conftest import Faulty, Pauses
from plugins.web.tests.mcp.conftest import ON_BOTH

FaultyClient = Callable[..., tuple[Client, Faulty]]
Really = Callable[[], httpx.Response]


def never_sent(request: httpx.Request, really: Really) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def lost_after_the_effect(request: httpx.Request, really: Really) -> httpx.Response:
    really().read()
    raise httpx.RemoteProtocolError("peer closed connection", request=request)


def too_slow_after_the_effect(request: httpx.Request, really: Really) -> httpx.Response:
    really().read()
    raise httpx.ReadTimeout("slow", request=request)


def cut_off(request: httpx.Request, really: Really) -> httpx.Response:
    answer = really()
    content = answer.read()
    return httpx.Response(answer.status_code, content=content[: len(content) // 2], request=request)


def answering(status: int, headers: dict[str, str] | None = None, **document: Any) -> Any:
    def fault(request: httpx.Request, really: Really) -> httpx.Response:
        return httpx.Response(status, json={"status": status, **document}, headers=headers, request=request)

    return fault


def names(crm: Crm) -> list[str]:
    with crm.session() as session:
        return sorted(one.name for one in session.list(Customer))


@pytest.mark.parametrize(
    "fault",
    [never_sent, lost_after_the_effect, too_slow_after_the_effect, cut_off, answering(503), answering(429)],
    ids=["never sent", "lost", "slow", "cut off", "503", "429"],
)
def test_what_is_sent_again_has_one_effect(crm: Crm, faulty_client: FaultyClient, pauses: Pauses, fault: Any) -> None:
    client, transport = faulty_client(fault, fault)
    made = client.records(Customer).create(name="Kestrel", kind="organization")
    assert (made.name, names(crm)) == ("Kestrel", ["Kestrel"])
    assert len(transport.sent) == 3
    assert len({one.headers["idempotency-key"] for one in transport.sent}) == 1
    assert len({one.content for one in transport.sent}) == 1
    assert len(pauses) == 2


@ON_BOTH
def test_a_change_and_a_deletion_are_not_told_as_stale_when_their_answer_was_lost(
    crm: Crm, faulty_client: FaultyClient, make_customer: MakeCustomer
) -> None:
    id = make_customer(name="Kestrel").id
    client, transport = faulty_client()
    customers = client.records(Customer)
    seen = customers.get(id)
    transport.faults = [lost_after_the_effect]
    changed = customers.update(seen, name="Merlin")
    assert (changed.name, changed.version) == ("Merlin", 2)
    transport.faults = [lost_after_the_effect]
    customers.delete(changed)
    assert names(crm) == []
    transport.faults = [lost_after_the_effect]
    assert customers.restore(changed).name == "Merlin"


def test_each_request_has_a_key_of_its_own(faulty_client: FaultyClient) -> None:
    client, transport = faulty_client()
    for name in ("Kestrel", "Merlin"):
        client.records(Customer).create(name=name, kind="organization")
    keys = [one.headers["idempotency-key"] for one in transport.sent if one.method == "POST"]
    assert len(set(keys)) == 2
    list(client.records(Customer).list())
    assert "idempotency-key" not in transport.sent[-1].headers


def test_the_server_says_how_long_to_wait(faulty_client: FaultyClient, pauses: Pauses) -> None:
    asked = answering(429, {"retry-after": "7"}, code="too_many_requests")
    client, _ = faulty_client(asked)
    assert client.records(Customer).first() is None
    assert 7 <= pauses[0] <= 7.25
    pauses.clear()
    patient = answering(503, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"})
    client, _ = faulty_client(patient)
    assert client.records(Customer).first() is None
    assert pauses[0] <= 0.25


def test_who_would_have_to_wait_too_long_is_told_at_once(faulty_client: FaultyClient, pauses: Pauses) -> None:
    client, transport = faulty_client(answering(429, {"retry-after": "3600"}, code="too_many_requests"))
    with pytest.raises(TooManyRequests) as failed:
        client.records(Customer).first()
    assert (failed.value.retry_after, pauses, len(transport.sent)) == (3600, [], 1)


def test_pauses_grow_up_to_the_longest(faulty_client: FaultyClient, pauses: Pauses) -> None:
    retries = Retries(most=5, first=1.0, longest=3.0)
    client, transport = faulty_client(*[answering(503)] * 9, retries=retries)
    with pytest.raises(TryLater):
        client.records(Customer).first()
    assert len(transport.sent) == 6
    assert [0 <= pause <= most for pause, most in zip(pauses, (1, 2, 3, 3, 3), strict=True)] == [True] * 5
    assert len(set(pauses)) == 5


def test_when_nobody_answers_that_is_said(faulty_client: FaultyClient) -> None:
    client, _ = faulty_client(*[never_sent] * 9)
    with pytest.raises(Unreachable, match="refused") as failed:
        client.records(Customer).first()
    assert isinstance(failed.value.__cause__, httpx.ConnectError)


def test_what_is_wrong_is_not_sent_again(faulty_client: FaultyClient, pauses: Pauses) -> None:
    client, transport = faulty_client()
    with pytest.raises(ValidationFailed):
        client.records(Customer).create(nam="x")
    assert (len(transport.sent), pauses) == (1, [])


def test_a_first_try_that_is_still_at_work_is_waited_for(faulty_client: FaultyClient, pauses: Pauses) -> None:
    client, _ = faulty_client(answering(409, {"retry-after": "1"}, code="in_flight"))
    assert client.records(Customer).create(name="Kestrel", kind="organization").name == "Kestrel"
    assert len(pauses) == 1
    client, transport = faulty_client(answering(409, code="conflict"))
    with pytest.raises(Conflict):
        client.records(Customer).create(name="Kestrel", kind="organization")
    assert len(transport.sent) == 1


def test_what_is_no_api_is_told_as_such(faulty_client: FaultyClient) -> None:
    def page(request: httpx.Request, really: Really) -> httpx.Response:
        return httpx.Response(200, html="<h1>Welcome to the hotel</h1>", request=request)

    client, _ = faulty_client(*[page] * 9)
    with pytest.raises(BadAnswer, match="no JSON"):
        client.records(Customer).first()

    def gateway(request: httpx.Request, really: Really) -> httpx.Response:
        return httpx.Response(404, text="nginx", request=request)

    client, _ = faulty_client(gateway)
    with pytest.raises(Exception, match="nginx") as failed:
        client.records(Customer).first()
    assert failed.value.code == "error"


def test_the_pages_of_a_list_survive_what_happens_between_them(crm: Crm, faulty_client: FaultyClient) -> None:
    with crm.session() as session:
        session.add(*(Customer(name=f"C{at:03}", kind="organization") for at in range(450)))
    client, transport = faulty_client()
    found = []
    for one in client.records(Customer).list(sort="name"):
        if len(found) in (10, 200, 399):
            transport.faults = [never_sent, cut_off, answering(503)]
        found.append(one.name)
    assert found == [f"C{at:03}" for at in range(450)]


class Breaking(httpx.SyncByteStream):
    """Gives half of the content, and breaks."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __iter__(self) -> Any:
        yield self.content[: len(self.content) // 2]
        raise httpx.ReadError("reset")


def test_a_file_that_breaks_off_is_fetched_again_and_never_half_there(
    client: Client, faulty_client: FaultyClient, make_customer: MakeCustomer, crm: Crm, tmp_path: Path
) -> None:
    customer = make_customer()
    with crm.session() as session:
        logged = crm.context(session, "web").services.log("note", participants=[customer], body="see file")
    content = b"number,name\n" + b"4711,Kestrel\n" * 10_000
    attachment = client.attach(logged.interaction, content, name="data.csv")
    target = tmp_path / "down" / "data.csv"
    target.parent.mkdir()

    def breaks(request: httpx.Request, really: Really) -> httpx.Response:
        answer = really()
        return httpx.Response(200, stream=Breaking(answer.read()), request=request)

    flaky, _ = faulty_client(breaks, breaks)
    assert flaky.save_attachment(attachment, target) == target
    assert target.read_bytes() == content
    target.unlink()
    flaky, _ = faulty_client(*[breaks] * 9)
    with pytest.raises(Unreachable):
        flaky.save_attachment(attachment, target)
    assert list(target.parent.iterdir()) == []
