"""Nobody finds what is hidden from him, nor learns that it is there; and what he may see is found however little it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from crmkit.core.access import Actor
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import RecordShare, Role, RoleAssignment
from crmkit.runtime.crm import Crm
from crmkit.services.merging import merge, preview, undo
from crmkit.services.search import index, search
from crmkit.store.search import candidates
from crmkit.testing.making import AsUser
from tests.search.conftest import Add

NOW = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def user(crm: Crm) -> AsUser:
    return AsUser(crm)


def titles(crm: Crm, actor: Actor, text: str, limit: int = 20) -> list[str]:
    with crm.session(actor, reads=True) as session:
        return [hit.title for hit in search(session, text, limit=limit).hits]


def test_rights_decide_who_finds_what(crm: Crm, user: AsUser, add: Add) -> None:
    own = user("customer read own", team="North")
    team = user("customer read team", team="North")
    other = user("customer read team", team="South")
    every, none = user("customer read all"), user()
    add("Kestrel One", owner_id=own.user_id, team_id=own.team_id)
    add("Kestrel Two", team_id=own.team_id)
    add("Kestrel Three")
    found = {
        name: sorted(titles(crm, actor, "kestrel")) for name, actor in (("own", own), ("team", team), ("other", other))
    }
    assert found == {"own": ["Kestrel One"], "team": ["Kestrel One", "Kestrel Two"], "other": []}
    assert len(titles(crm, every, "kestrel")) == 3
    assert titles(crm, none, "kestrel") == []


def test_what_is_shared_is_found_until_the_share_ends(crm: Crm, user: AsUser, add: Add) -> None:
    mine = user("customer read own")
    now = crm.clock.now()
    for name, ends in (("Kestrel Open", None), ("Kestrel Ended", now - timedelta(hours=1))):
        id = add(name)
        with crm.session() as session:
            session.add(RecordShare(entity="customer", record_id=id, user_id=mine.user_id, expires_at=ends))
    assert titles(crm, mine, "kestrel") == ["Kestrel Open"]


def test_private_and_others_interactions_are_not_found(crm: Crm, user: AsUser, add: Add) -> None:
    mine = user("customer read own", "interaction read own")
    shown, hidden = add("Anna", owner_id=mine.user_id), add("Bernd")
    with crm.session() as session:
        for customer, subject, visibility in (
            (shown, "heron one", "shared"),
            (shown, "heron two", "private"),
            (hidden, "heron three", "shared"),
        ):
            call = Interaction(kind="call", subject=subject, visibility=visibility, occurred_at=NOW)  # type: ignore[arg-type]
            session.add(call, InteractionParticipant(interaction_id=call.id, customer_id=customer))
    assert titles(crm, mine, "heron") == titles(crm, mine, "hero") == ["heron one"]


@pytest.mark.parametrize("asked", ["kestrel", "ke", "k", "estre", "kestrel l", "k l", "kestrel ltd"])
@pytest.mark.parametrize("way", ["front", "growing", "few"])
def test_a_user_who_sees_little_finds_all_of_it(
    crm: Crm, user: AsUser, monkeypatch: pytest.MonkeyPatch, asked: str, way: str
) -> None:
    """Whichever way is taken: the front of the list at once, growing pieces of it, or the user's own records."""
    if way != "front":
        monkeypatch.setattr(candidates, "FRONT", {True: 5, False: 5})
    monkeypatch.setattr(candidates, "FEW", 10 if way == "few" else 1 << 40)
    mine = user("customer read own")
    with crm.session() as session:
        for number in range(90):
            owner = mine.user_id if number % 15 == 7 else None
            session.add(Customer(name=f"Kestrel {number} Ltd", owner_id=owner))
    own = [f"Kestrel {number} Ltd" for number in (82, 67, 52, 37, 22, 7)]
    assert titles(crm, mine, asked) == own
    assert titles(crm, mine, asked, limit=4) == own[:4]


@pytest.mark.parametrize("asked", ["heron", "hero", "eron", "heron order", "he"])
def test_a_user_who_sees_few_interactions_finds_them_all(
    crm: Crm, user: AsUser, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """They are looked up along the participants of the customers that the user may see."""
    monkeypatch.setattr(candidates, "FRONT", {True: 5, False: 5})
    monkeypatch.setattr(candidates, "FEW", 10)
    mine = user("customer read own", "interaction read own", "interaction_participant read own")
    with crm.session() as session:
        seen, hidden = Customer(name="Seen", owner_id=mine.user_id), Customer(name="Hidden")
        session.add(seen, hidden)
        for number in range(60):
            call = Interaction(kind="call", subject=f"Heron order {number}", occurred_at=NOW)
            with_ = seen if number % 20 == 3 else hidden
            session.add(call, InteractionParticipant(interaction_id=call.id, customer_id=with_.id))
        session.add(Interaction(kind="note", subject="Heron order mine", owner_id=mine.user_id, occurred_at=NOW))
    own = ["Heron order mine", "Heron order 43", "Heron order 23", "Heron order 3"]
    assert titles(crm, mine, asked) == (own if asked not in ("he", "eron") else [])


def test_nothing_of_hidden_records_shows_in_an_answer(crm: Crm, user: AsUser, add: Add) -> None:
    mine = user("customer read own")
    add("Kestrel Mine", owner_id=mine.user_id)
    asked = [
        "kestrel",
        "ke",
        "falcon",
        "kestrel falcon",
        "flacon",
        "falc",
        "alco",
        "hidden@ex.org",
        "5550123",
        "曾",
        "zgf",
    ]
    with crm.session(mine, reads=True) as session:
        before = [search(session, text) for text in asked]
    for number in range(40):
        add(f"Kestrel Falcon {number}", email=f"hidden{number}@ex.org", phone=f"+49 30 5550123{number:02}")
    add("曾国藩")
    with crm.session() as session:
        assert len(search(session, "falcon").hits) == 20
    with crm.session(mine, reads=True) as session:
        assert [search(session, text) for text in asked] == before


def test_fields_that_may_not_be_read_do_not_match(crm: Crm, user: AsUser, add: Add) -> None:
    blind = user(login="blind")
    rights = (
        {"entity": "customer", "action": "read", "scope": "all", "fields": ["-description", "-nickname"]},
        {"entity": "contact_point", "action": "read", "scope": "all", "fields": ["-value", "-normalized"]},
    )
    with crm.session() as session:
        role = Role(name="blind", grants=rights)
        session.add(role, RoleAssignment(user_id=blind.user_id, role_id=role.id))
    blind = crm.actor("blind")
    add("Kestrel", description="secret heron", nickname="Windy", email="hush@ex.org", phone="+49 30 5550123")
    for number in range(30):
        add(f"Heron {number:02}", nickname=f"Kestrel {number}")
    for asked in ("secret", "windy", "hush", "hush@ex.org", "5550123", "+49305550123", "kestrel windy"):
        assert titles(crm, blind, asked) == [], asked
        assert titles(crm, crm.system, asked) == ["Kestrel"], asked
    assert titles(crm, blind, "kestrel") == ["Kestrel"]
    assert len(titles(crm, blind, "heron")) == 20
    assert titles(crm, blind, "heron kestrel") == []


def test_parts_that_may_not_be_read_do_not_match(crm: Crm, user: AsUser, add: Add) -> None:
    blind = user("customer read all")
    add("Kestrel", email="hush@ex.org")
    assert titles(crm, crm.system, "hush") == ["Kestrel"]
    with crm.session(blind, reads=True) as session:
        seen = session.list(ContactPoint)
    assert titles(crm, blind, "hush") == (["Kestrel"] if seen else [])


def test_tenants_do_not_find_one_another(crm: Crm, add: Add) -> None:
    add("Kestrel Ours")
    with crm.session() as session:
        assert index(session)[1]
    address = crm.database.engine.url.render_as_string(hide_password=False)
    with Crm.open(address, plugins=[], tenant=uuid4().hex, check=False) as theirs, theirs.session() as session:
        session.add(Customer(name="Kestrel Theirs"))
        assert [hit.title for hit in search(session, "kest").hits] == ["Kestrel Theirs"]
        assert [hit.title for hit in search(session, "estrel theirs").hits] == ["Kestrel Theirs"]
    for asked in ("kest", "estrel", "Kestral", "kestrel ours"):
        assert titles(crm, crm.system, asked) == ["Kestrel Ours"], asked
    assert titles(crm, crm.system, "theirs") == titles(crm, crm.system, "Thiers") == []


def test_merged_customers_are_found_as_the_one_that_is_left(crm: Crm, add: Add) -> None:
    kept, lost = add("Kestrel Kept"), add("Merlin Lost", email="merlin@ex.org")
    assert titles(crm, crm.system, "merlin") == ["Merlin Lost"]
    with crm.session() as session:
        journal = merge(session, preview(session, kept, lost))
    assert titles(crm, crm.system, "merlin@ex.org") == ["Kestrel Kept"]
    assert titles(crm, crm.system, "lost") == []
    with crm.session() as session:
        undo(session, journal.id)
    assert titles(crm, crm.system, "merlin@ex.org") == titles(crm, crm.system, "lost") == ["Merlin Lost"]


def test_rights_that_change_count_at_once(crm: Crm, user: AsUser, add: Add) -> None:
    mine = user("customer read own")
    id: UUID = add("Kestrel")
    with crm.session() as session:
        assert index(session)[1]
    assert titles(crm, mine, "kestrel") == []
    with crm.session() as session:
        session.add(RecordShare(entity="customer", record_id=id, user_id=mine.user_id))
    assert titles(crm, crm.actor(mine.name), "kestrel") == ["Kestrel"]
