"""The relations between customers that every installation has."""

from __future__ import annotations

from crmkit.core.customer import RelationType

STANDARD_RELATION_TYPES: tuple[RelationType, ...] = (
    RelationType(name="employed_by", inverse="employs", from_kinds=("person",), to_kinds=("organization",)),
    RelationType(
        name="subsidiary_of",
        inverse="parent_of",
        from_kinds=("organization",),
        to_kinds=("organization",),
        acyclic=True,
    ),
    RelationType(
        name="member_of", inverse="has_member", from_kinds=("person",), to_kinds=("household", "organization")
    ),
    RelationType(name="dealer_of", inverse="sells_through", from_kinds=("organization", "person")),
    RelationType(name="supplier_of", inverse="supplied_by"),
    RelationType(name="referred_by", inverse="referred", acyclic=True),
    RelationType(name="spouse_of", inverse="spouse_of", from_kinds=("person",), to_kinds=("person",), symmetric=True),
)
