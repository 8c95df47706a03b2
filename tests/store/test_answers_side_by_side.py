"""What several hooks of one round say of one record stands side by side."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.plugin import Context, CustomField, HookLoop, Manifest, RecordBatch, Setup, change, hookimpl
from crmkit.testing.making import MakeCrm


class Saying:
    """Says something of each customer, once."""

    def __init__(self, name: str, **values: Any) -> None:
        self.manifest = Manifest(name=name)
        self._values = values

    @hookimpl
    def register_custom_fields(self, ctx: Context, call: Setup) -> list[CustomField]:
        return [CustomField(entity="customer", name=name) for name in self._values.get("custom", ())]

    @hookimpl(entities=("customer",))
    def derive_records(self, ctx: Context, call: RecordBatch) -> list[Customer]:
        found = []
        for item in call.changes:
            values = dict(self._values)
            if "custom" in values:
                values["custom"] = {**item.after.custom, **values["custom"]}
            found.append(change(item.after, **values))
        return found


def stored(make_crm: MakeCrm, *plugins: Saying) -> Customer:
    crm = make_crm(plugins=list(plugins))
    made = Customer(name="Acme", kind="organization")
    with crm.session() as session:
        session.add(made)
    with crm.session(reads=True) as session:
        return session.get(Customer, made.id)


def test_two_plugins_write_different_fields(make_crm: MakeCrm) -> None:
    one = stored(make_crm, Saying("first", industry="water"), Saying("second", domain="acme.example"))
    assert (one.industry, one.domain) == ("water", "acme.example")


def test_two_plugins_write_different_custom_fields(make_crm: MakeCrm) -> None:
    one = stored(make_crm, Saying("first", custom={"hue": "red"}), Saying("second", custom={"size": "big"}))
    assert one.custom == {"hue": "red", "size": "big"}


def test_hooks_that_contradict_each_other_are_told(make_crm: MakeCrm) -> None:
    with pytest.raises(HookLoop, match=r"first:customer\.industry -> second:customer\.industry"):
        stored(make_crm, Saying("first", industry="water"), Saying("second", industry="air"))
