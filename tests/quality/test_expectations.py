"""What is expected: by default, by plugins and by the installation."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import CustomField, Record, entity, field
from crmkit.core.errors import BadInput, ConfigError, PluginError
from crmkit.core.quality import QualityExpectation, QualitySettings, layered
from crmkit.core.quality_rules import Expected, QualityRules
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.partial_date import PartialDate
from crmkit.hooks.errors import BadHook
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.bad_config import BadConfig
from crmkit.runtime.crm import Crm


def rules(*expect: QualityExpectation, plugins: Any = (), custom: Any = (), **settings: Any) -> QualityRules:
    registry = EntityRegistry(CORE_ENTITIES, custom)
    return QualityRules(registry, plugins, QualitySettings(expect=expect, **settings))


def names(found: tuple[Expected, ...]) -> dict[str, Expected]:
    return {one.name: one for one in found}


def test_of_every_entity_that_is_edited_something_can_be_expected() -> None:
    found, expected = rules(), set()
    for info in EntityRegistry(CORE_ENTITIES):
        if info.editable:
            assert len(names(found.of(info.name))) == len(found.of(info.name))
            expected |= {info.name} if found.of(info.name) else set()
        else:
            with pytest.raises(BadInput, match="nobody edits these records"):
                found.of(info.name)
    assert expected == {"customer", "product", "asset", "user"}
    more = rules(QualityExpectation(entity="contact_point", field="label")).of("contact_point")
    assert [one.name for one in more] == ["label"]


def test_what_is_expected_of_customers() -> None:
    found = names(rules().of("customer"))
    assert {"owner", "email", "phone", "address", "industry", "contact", "job", "unique"} <= found.keys()
    # Nothing is asked for that the purpose does not need.
    assert not {"birth_date", "gender", "description"} & found.keys()
    assert (found["legal_name"].fixed, found["family_name"].fixed, found["owner"].fixed) == (True, True, True)
    assert (found["email"].max_age, found["industry"].max_age) == (365, 730)
    assert found["email"].brought_by == "crmkit"


def test_of_other_entities_what_their_fields_tell() -> None:
    found = names(rules(max_age=90).of("product"))
    assert set(found) == {"sku", "name", "category", "unit", "price", "cost", "introduced", "unique"}
    assert (found["sku"].weight, found["unit"].weight) == (2, 1)
    lasting = {name for name, one in found.items() if one.fixed}
    assert lasting == {"sku", "name", "introduced", "unique"}
    assert found["price"].max_age == 90


def test_custom_fields_count_where_they_are_required_and_not_under_special_protection() -> None:
    custom = [
        CustomField(entity="customer", name="tax_number", required=True, fixed=True),
        CustomField(entity="customer", name="blood_group", required=True, sensitivity="special"),
        CustomField(entity="customer", name="shoe_size"),
        CustomField(entity="product", name="shelf"),
        CustomField(entity="product", name="ordered_by", type="id", reference="customer"),
    ]
    found = rules(custom=custom)
    assert {"tax_number", "blood_group", "shoe_size"} & names(found.of("customer")).keys() == {"tax_number"}
    assert names(found.of("customer"))["tax_number"].fixed
    assert {"shelf", "ordered_by"} & names(found.of("product")).keys() == {"shelf"}


def test_an_expectation_changes_the_one_of_its_name_and_leaves_the_rest_of_it() -> None:
    said = QualityExpectation(entity="customer", name="email", weight=9)
    found = names(rules(said).of("customer"))["email"]
    assert (found.weight, found.max_age, found.said.part) == (9, 365, "contact_points")
    assert found.brought_by == "configuration"


def test_weight_nought_takes_an_expectation_away() -> None:
    found = rules(QualityExpectation(entity="customer", name="unique", weight=0)).of("customer")
    assert "unique" not in names(found)


def test_the_installation_has_the_last_word() -> None:
    plugin = QualityExpectation(entity="customer", field="birth_date", applies="kind = person", weight=5)
    own = QualityExpectation(entity="customer", name="birth_date", weight=1)
    found = names(rules(own, plugins=[("care", plugin)]).of("customer"))["birth_date"]
    assert (found.weight, found.said.applies, found.fixed) == (1, "kind = person", True)
    assert names(rules(plugins=[("care", plugin)]).of("customer"))["birth_date"].brought_by == "care"


def test_layers_keep_the_order_and_entities_apart() -> None:
    one, two = QualityExpectation(entity="a", field="x"), QualityExpectation(entity="b", field="x", weight=3)
    again = QualityExpectation(entity="a", name="x", max_age=7)
    assert layered([one, two, again]) == (QualityExpectation(entity="a", name="x", field="x", max_age=7), two)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"field": "birthdate"}, "customer has no field birthdate; did you mean birth_date"),
        ({"name": "mail", "part": "contact_pionts"}, "did you mean contact_points"),
        ({"name": "mail", "part": "contact_points", "where": "knd = email"}, "quality, customer.mail.where: .*kind"),
        ({"field": "industry", "applies": "kind ="}, "quality, customer.industry.applies"),
        ({"field": "industry", "applies": 'in segment "VIP"'}, "cannot depend on segments"),
        ({"field": "industry", "where": "kind = person"}, "only parts are chosen"),
        ({"name": "mail", "part": "contact_points", "field": "industry"}, "not both"),
        ({"name": "talks", "part": "interactions"}, "linked, not parts"),
        ({"name": "birth", "field": "birth_date", "unique": True}, "only a text of its own can be unique"),
        ({"field": "custom"}, "structured data is not judged"),
        ({}, "needs a name or a field"),
        ({"name": "E-Mail", "field": "industry"}, "called E-Mail: a name is up to 100 lower-case letters"),
        ({"name": "x" * 101, "field": "industry"}, "a name is up to 100"),
    ],
)
def test_what_means_nothing_is_said(said: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        rules(QualityExpectation(entity="customer", **said)).check()


def test_only_customers_are_unique_without_a_field() -> None:
    with pytest.raises(ConfigError, match="name the field that is to be unique"):
        rules(QualityExpectation(entity="product", name="alone", unique=True)).check()


def test_an_unknown_name_is_answered_with_the_closest() -> None:
    with pytest.raises(BadInput, match="nothing called emial is expected of customer; did you mean email"):
        rules().named("customer", "emial")


def test_settings_come_from_the_configuration() -> None:
    config = {
        "quality": {
            "max_age": 100,
            "internal_sources": ["erp"],
            "expect": [{"entity": "customer", "field": "birth_date", "applies": "kind = person", "weight": 2}],
        }
    }
    with Crm.open(plugins=[], config=config) as crm:
        found = names(crm.quality.of("customer"))
        assert (found["birth_date"].weight, found["industry"].max_age) == (2, 100)
        assert crm.quality.settings.internal_sources == ("erp",)


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"max_age": -1}, "quality.max_age"),
        ({"shared_by": 1}, "quality.shared_by"),
        ({"expect": [{"entity": "customer", "weight": 101}]}, r"quality.expect\[0\].weight"),
        ({"expect": [{"name": "email"}]}, r"quality.expect\[0\].entity"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], path: str) -> None:
    with pytest.raises(BadConfig, match=path):
        Crm.open(plugins=[], config={"quality": settings})


def test_an_installation_that_expects_what_there_is_not_does_not_start() -> None:
    with pytest.raises(ConfigError, match="did you mean industry"):
        Crm.open(plugins=[], config={"quality": {"expect": [{"entity": "customer", "field": "industri"}]}})


@entity("club_member", plugin="club")
class Member(Record):
    """A member of a club."""

    name: str = field(searchable=True)
    joined: PartialDate | None = field(default=None)
    shoe: str = field(default="", max_length=10)


class Club:
    def __init__(self, *expectations: Any) -> None:
        self.expectations = list(expectations)

    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Member]

    @hookimpl
    def register_quality_expectations(self, ctx: Any, call: Any) -> list[Any]:
        return self.expectations


def test_a_plugin_says_what_it_expects() -> None:
    plugin = Club(
        QualityExpectation(entity="club_member", name="shoe", weight=4, max_age=30),
        QualityExpectation(entity="customer", name="member", part="external_identities", where="system = club"),
    )
    with Crm.open(plugins=[plugin]) as crm:
        found = names(crm.quality.of("club_member"))
        assert {name: (one.weight, one.max_age) for name, one in found.items()} == {
            "name": (2, 0),
            "joined": (1, 0),
            "shoe": (4, 30),
        }
        assert found["shoe"].brought_by != "crmkit"
        assert names(crm.quality.of("customer"))["member"].subject == "part"


def test_what_a_plugin_gets_wrong_stops_the_start() -> None:
    with pytest.raises(ConfigError, match="club_member has no field shooe; did you mean shoe"):
        Crm.open(plugins=[Club(QualityExpectation(entity="club_member", field="shooe"))])
    with pytest.raises((BadHook, PluginError), match="QualityExpectation"):
        Crm.open(plugins=[Club("email")])
    twice = QualityExpectation(entity="club_member", field="shoe")
    with pytest.raises((BadHook, ConfigError), match="shoe"):
        Crm.open(plugins=[Club(twice, twice)])


def test_entities_of_the_configuration_take_part() -> None:
    config = {"entities": [{"name": "machine", "fields": [{"name": "name", "required": True}, {"name": "serial"}]}]}
    with Crm.open(plugins=[], config=config) as crm:
        found = names(crm.quality.of("machine"))
        assert {name: (one.weight, one.fixed) for name, one in found.items()} == {
            "name": (2, True),
            "serial": (1, False),
        }
