"""What the hash chain is made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.audit_chain import Head, digest_of, first_link, is_tombstone, link_of, read_head, tombstone
from crmkit.core.entity import entity_info
from crmkit.core.errors import BadInput
from crmkit.core.journal import AuditEntry

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
ENTRY = AuditEntry(
    id=UUID(int=1),
    occurred_at=NOON,
    actor_id=UUID(int=2),
    on_behalf_id=UUID(int=3),
    plugin="scoring",
    entity="customer",
    record_id=UUID(int=4),
    action="updated",
    version=7,
    cause_id=UUID(int=5),
)
OTHER: dict[str, Any] = {
    "id": UUID(int=9),
    "occurred_at": NOON + timedelta(microseconds=1),
    "actor_id": None,
    "on_behalf_id": UUID(int=2),
    "plugin": "",
    "entity": "contact_point",
    "record_id": UUID(int=9),
    "action": "deleted",
    "version": 8,
    "cause_id": None,
    "origin": {"by": "scoring@1.0"},
}
BEFORE, DIGEST = bytes(32), bytes(range(32))

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
deltas = st.dictionaries(st.text(), json, max_size=4)


def other(**values: Any) -> AuditEntry:
    """Return the entry with other values."""
    return attrs.evolve(cast(Any, ENTRY), **values)  # type: ignore[no-any-return]


def test_what_is_changed_below_is_all_of_an_entry_but_its_values() -> None:
    assert {field.name for field in entity_info(AuditEntry).fields} == {*OTHER, "delta"}


def test_the_form_of_links_stays_what_it_is() -> None:
    """Chains that exist must be verifiable by later versions."""
    assert first_link(UUID(int=1)).hex() == "40c8323c845c84c906112264d762628189e5eed5d7716861862ad971908d7e9f"
    delta = {"name": ["A", "Ä"], "employees": [None, 3]}
    assert digest_of(bytes(16), delta).hex() == "864cacb9ec7d0685dd6361b301bdcd492184537791ba60e96faa6e3262624a5d"
    assert link_of(BEFORE, 1, ENTRY, DIGEST).hex() == "ea43e2be8bc7e7284f9ba6b00458fc443e695d6810c685c305032163f92e1eff"


@pytest.mark.parametrize("name", sorted(OTHER))
def test_each_part_of_an_entry_changes_its_link(name: str) -> None:
    changed = other(**{name: OTHER[name]})
    assert link_of(BEFORE, 1, changed, DIGEST) != link_of(BEFORE, 1, ENTRY, DIGEST)


def test_place_predecessor_and_digest_change_a_link() -> None:
    links = {
        link_of(BEFORE, 1, ENTRY, DIGEST),
        link_of(BEFORE, 2, ENTRY, DIGEST),
        link_of(DIGEST, 1, ENTRY, DIGEST),
        link_of(BEFORE, 1, ENTRY, BEFORE),
    }
    assert len(links) == 4


def test_values_moved_between_parts_change_a_link() -> None:
    moved = other(plugin="scoringcustomer", entity="")
    assert link_of(BEFORE, 1, moved, DIGEST) != link_of(BEFORE, 1, other(entity="customer"), DIGEST)


def test_an_instant_in_another_zone_is_the_same() -> None:
    elsewhere = other(occurred_at=NOON.astimezone(timezone(timedelta(hours=8))))
    assert link_of(BEFORE, 1, elsewhere, DIGEST) == link_of(BEFORE, 1, ENTRY, DIGEST)


@given(delta=deltas, salt=st.binary(min_size=16, max_size=16))
def test_a_digest_depends_on_values_and_salt_alone(delta: dict[str, Any], salt: bytes) -> None:
    backwards = MappingProxyType(dict(reversed(delta.items())))
    tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in backwards.items()}
    assert digest_of(salt, tuples) == digest_of(salt, delta)
    assert digest_of(bytes(reversed(salt)) + b"x", delta) != digest_of(salt, delta)
    assert digest_of(salt, {**delta, "one more": 1}) != digest_of(salt, delta)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": True}),
        ({"a": None}, {}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": {"b": 1}}, {"a": {"c": 1}}),
        ({"a": "b", "c": "d"}, {"a": 'b","c":"d'}),
        ({"a": "é"}, {"a": "e\u0301"}),
    ],
)
def test_different_values_have_different_digests(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert digest_of(b"", first) != digest_of(b"", second)


def test_tenants_do_not_share_a_chain() -> None:
    assert first_link(UUID(int=1)) != first_link(UUID(int=2))


def test_a_tombstone_is_no_delta() -> None:
    assert is_tombstone(tombstone(NOON))
    assert not is_tombstone({"erased": [None, "x"]})
    assert not is_tombstone({})


def test_a_head_is_read_as_it_is_printed() -> None:
    head = Head(1_234, DIGEST)
    assert str(head) == "1234:" + DIGEST.hex()
    assert read_head(f" {str(head).upper()}\n") == head


@pytest.mark.parametrize("text", ["", "12", f"12:{'0' * 63}", f"-1:{'0' * 64}", f"x:{'0' * 64}", f"1:{'g' * 64}"])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="64 hexadecimal digits"):
        read_head(text)
