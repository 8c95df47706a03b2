"""The first records of a segment, and why they are in it."""

from __future__ import annotations

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.filter import FilterError
from crmkit.core.staff import User
from crmkit.runtime.crm import Crm
from crmkit.services.segments import Preview, add_members, create_segment, preview
from crmkit.testing.making import AsUser

People = dict[str, Customer]
REPEATED = "has 2 interactions where kind = purchase and occurred_at > today - 30 days"


def why(made: Preview) -> dict[str, list[tuple[str, object]]]:
    """Return the reasons by name."""
    return {row.record.name: [(reason.condition, reason.value) for reason in row.reasons] for row in made.rows}


def test_each_record_tells_the_conditions_that_it_meets(crm: Crm, people: People) -> None:
    with crm.session(reads=True) as session:
        made = preview(session, filter=f"(country = DE or {REPEATED}) and not industry = trade and name < Di")
    assert made.columns == ("name",)
    assert [row.values for row in made.rows] == [("Anna",), ("Bo",)]
    canonical = "has at least 2 interactions where (kind = purchase and occurred_at > today - 30 days)"
    assert why(made) == {
        "Anna": [("country = DE", "DE"), (canonical, 2), ("not industry = trade", None), ("name < Di", "Anna")],
        "Bo": [(canonical, 2), ("not industry = trade", None), ("name < Di", "Bo")],
    }


def test_a_segment_is_explained_as_it_is_written(crm: Crm, people: People) -> None:
    with crm.session() as session:
        create_segment(session, "German", "country = DE")
        create_segment(session, "picked", frozen=True)
        session.flush()
        create_segment(session, "both", "in segment German or in segment picked")
        add_members(session, "picked", [people["Anna"], people["Di"]])
        made = preview(session, "both", columns=("country", "name"))
        assert [row.values for row in made.rows] == [("DE", "Anna"), ("DE", "Cy"), ("CN", "Di")]
        assert why(made) == {
            "Anna": [("in segment German", None), ("in segment picked", None)],
            "Cy": [("in segment German", None)],
            "Di": [("in segment picked", None)],
        }
        assert why(preview(session, "picked"))["Di"] == [("in segment picked", None)]


def test_values_lie_along_relations_and_in_parts(crm: Crm, people: People) -> None:
    nancy = User(login="nancy", name="Nancy")
    with crm.session() as session:
        session.add(nancy)
        session.flush()
        session.update(change(people["Bo"], owner_id=nancy.id))
        session.flush()
        made = preview(session, filter="owner.name starts with nan and created_at.month = 3 and team is empty")
    assert why(made) == {
        "Bo": [("owner.name starts with nan", "Nancy"), ("created_at.month = 3", 3), ("team_id is empty", None)]
    }


def test_it_stops_after_so_many(crm: Crm, people: People) -> None:
    with crm.session(reads=True) as session:
        made = preview(session, filter="everything", limit=3)
        assert (len(made.rows), made.more) == (3, True)
        assert made.rows[0].reasons == ()
        assert not preview(session, filter="everything", limit=4).more
        assert preview(session).rows[0].record.name == "Anna"
        for details, problem in (({"limit": 0}, "limit 0"), ({"columns": ("nmae",)}, "did you mean name")):
            with pytest.raises(BadInput, match=problem):
                preview(session, **details)  # type: ignore[arg-type]
        with pytest.raises(FilterError, match="character 1"):
            preview(session, filter="nmae = x")


def test_it_shows_what_the_reader_may_see(crm: Crm, people: People, as_user: AsUser) -> None:
    nancy = as_user("customer read own", login="nancy")
    with crm.session() as session:
        session.update(change(people["Bo"], owner_id=nancy.user_id))
    with crm.session(nancy, reads=True) as session:
        made = preview(session, filter="has at least 0 contact_points")
        assert why(made) == {"Bo": [("has at least 0 contact_points", 0)]}, "no right to read contact points"


def test_hidden_fields_are_neither_asked_nor_shown(crm: Crm, people: People, as_user: AsUser) -> None:
    from crmkit.core.field_rights import MASKED
    from crmkit.core.staff import Role, RoleAssignment

    as_user(login="nancy")
    with crm.session() as session:
        role = Role(
            name="r", grants=({"entity": "customer", "action": "read", "scope": "all", "fields": ["-country"]},)
        )
        user = session.find(User, login="nancy")
        assert user is not None
        session.add(role, RoleAssignment(user_id=user.id, role_id=role.id))
    with crm.session(crm.actor("nancy"), reads=True) as session:
        with pytest.raises(AccessDenied, match=r"may not read customer\.country"):
            preview(session, filter="country = DE")
        assert preview(session, columns=("name", "country")).rows[0].values == ("Anna", MASKED)
