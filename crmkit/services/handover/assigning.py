"""Which record passes to which heir, by the rules.

A customer goes to the heir of the first rule that takes it, and with it whatever belongs to it; a person goes with the
organization or household it belongs to. Before that, rules for
closed records of other entities may send what is over elsewhere. Records of customers that stay with somebody else, and
those of no customer, go by the rules for their entity; those of one customer stay together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.filter import parse
from crmkit.core.messages import msg, shown
from crmkit.core.splitting import split_evenly
from crmkit.core.staff import User
from crmkit.services.handover.asking import asked, table_of
from crmkit.services.handover.heirs import Heirs
from crmkit.services.handover.holdings import OWNER_FIELD
from crmkit.services.handover.items import Item, Items
from crmkit.services.handover.progress import CLOSED
from crmkit.services.handover.rules import EVERYTHING, OWNER, HandOverRule, HandOverRules
from crmkit.store.chunks import distinct_chunks
from crmkit.store.session import Session

CUSTOMER = "customer"

Values = Callable[[Session], Mapping[UUID, Decimal]]
"""Gives the value of each customer, for rules that split by it."""


class Assigning:
    """Gives every item of a user an heir, as far as rules take it. ``session`` is one that may read everything.

    Raises BadInput for rules that cannot be followed: unknown or inactive heirs, wrong entities and filters.
    """

    def __init__(self, session: Session, user: User, rules: HandOverRules, values: Values) -> None:
        self._session, self._rules, self._ask = session, rules.rules, values
        self._heirs = Heirs(session, user)
        self._of_rule = [self._heirs.of(rule) for rule in rules.rules]
        self._worths: Mapping[UUID, Decimal] | None = None
        self.superior = self._heirs.one(rules.reports_to) if rules.reports_to else None
        self.items = Items(session, user)
        for rule in rules.rules:
            self._check(rule)
        self._customers()
        self._closed_elsewhere()
        self._with_customers()
        self._others()

    @property
    def users(self) -> Mapping[UUID, User]:
        """All users, by id."""
        return self._heirs.by_id

    def values(self) -> dict[UUID, Decimal]:
        """Return the sum of the values of the customers that each heir gets; nothing where no rule splits by value."""
        found: dict[UUID, Decimal] = {}
        for item in self.items.customers.values():
            if item.heir_id is not None and self._worths is not None:
                found[item.heir_id] = found.get(item.heir_id, Decimal(0)) + self._value(item.id)
        return found

    def _check(self, rule: HandOverRule) -> None:
        if rule.entity == EVERYTHING and rule.filter:
            raise BadInput(
                msg("a filter is about one entity: name it in the rule for {filter}", filter=shown(rule.filter))
            )
        names = sorted({CUSTOMER, *(entity for entity, _ in self.items.others)})
        if rule.entity != EVERYTHING and rule.entity not in names:
            hint = did_you_mean(rule.entity, names)
            raise BadInput(msg("nobody owns records of {entity}; {hint}", entity=shown(rule.entity), hint=hint))
        if rule.filter:
            # Wrong filters are an error also where an earlier rule leaves nothing to ask them of.
            parse(rule.filter, self._session.database.registry, rule.entity)

    # -- in this order ---------------------------------------------------------------------------------------------

    def _customers(self) -> None:
        customers = self.items.customers
        self._by_customer_rules({id: item for id, item in customers.items() if item.key == id})
        for item in customers.values():
            item.heir_id = item.heir_id or customers[item.key].heir_id
        self._by_customer_rules({id: item for id, item in customers.items() if item.heir_id is None})

    def _by_customer_rules(self, left: dict[UUID, Item]) -> None:
        for place, rule in enumerate(self._rules):
            if rule.is_about(CUSTOMER) and OWNER not in rule.to and left:
                matched = self.items.matching(rule, CUSTOMER)
                self._share_out(place, [left.pop(id) for id in sorted(matched & left.keys())])

    def _closed_elsewhere(self) -> None:
        for place, rule in enumerate(self._rules):
            if rule.progress == "closed" and rule.entity not in (CUSTOMER, EVERYTHING):
                self._by_rule(place, [item for item in self._free() if item.progress == CLOSED])

    def _with_customers(self) -> None:
        for item in self._free():
            customer = self.items.customers.get(item.key)
            if customer is not None:
                item.heir_id = customer.heir_id

    def _others(self) -> None:
        """Give the rest by the rules for its entity; what names the user otherwise goes with what it belongs to."""
        for place, _ in enumerate(self._rules):
            self._by_rule(place, [item for item in self._free() if item.field == OWNER_FIELD])
        given = sorted(
            (item for item in self.items if item.heir_id is not None), key=lambda item: item.progress != CLOSED
        )
        heirs = {item.key: item.heir_id for item in given}
        for item in self._free():
            item.heir_id = heirs.get(item.key) if item.field != OWNER_FIELD else None
        for place, _ in enumerate(self._rules):
            self._by_rule(place, self._free())

    # -- steps -----------------------------------------------------------------------------------------------------

    def _free(self) -> list[Item]:
        return [item for item in self.items if item.heir_id is None and item.entity != CUSTOMER]

    def _by_rule(self, place: int, items: Iterable[Item]) -> None:
        rule = self._rules[place]
        taken = list(self._taken(rule, items))
        if OWNER in rule.to:
            self._to_owners(taken)
        else:
            self._share_out(place, taken)

    def _taken(self, rule: HandOverRule, items: Iterable[Item]) -> Iterable[Item]:
        matched: dict[str, set[UUID]] = {}
        for item in items:
            if rule.is_about(item.entity):
                if item.entity not in matched:
                    matched[item.entity] = self.items.matching(rule, item.entity)
                if item.id in matched[item.entity]:
                    yield item

    def _share_out(self, place: int, items: Iterable[Item]) -> None:
        """Split items among the heirs of a rule; those that belong together stay together."""
        rule, heirs = self._rules[place], self._of_rule[place]
        groups: dict[UUID, list[Item]] = {}
        for item in items:
            groups.setdefault(item.key, []).append(item)
        keys = sorted(groups)
        weights = [self._value(key) if rule.split == "value" else Decimal(1) for key in keys]
        for key, part in zip(keys, split_evenly(weights, len(heirs)), strict=True):
            for item in groups[key]:
                item.heir_id = heirs[part].id

    def _to_owners(self, items: Iterable[Item]) -> None:
        """Give items to whoever owns their customer; those whose owner cannot be an heir wait for another rule."""
        some = list(items)
        info = self._session.database.registry.get(CUSTOMER)
        table = table_of(self._session, info)
        owners: dict[UUID, Any] = {}
        for chunk in distinct_chunks(item.key for item in some):
            rows = asked(self._session, info, [table.c.id, table.c.owner_id], table.c.id.in_(chunk))
            owners.update({row[0]: row[1] for row in rows})
        for item in some:
            heir = self._heirs.with_id(owners.get(item.key))
            item.heir_id = None if heir is None else heir.id

    def _value(self, key: UUID) -> Decimal:
        if self._worths is None:
            self._worths = self._ask(self._session)
        return self._worths.get(key, Decimal(0))
