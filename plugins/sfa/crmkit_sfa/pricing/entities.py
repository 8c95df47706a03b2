"""What the plugin keeps of prices and tax rates. Days are civil dates, both ends included."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from crmkit.plugin import Money, Part, Record, Via, entity, field

TAX_CATEGORY = "sfa_tax_category"
"""The custom field of products that names their tax category; without a value it is the product's own category."""


@entity(
    "sfa_price_list",
    label="Price list",
    plural="sfa_price_lists",
    plural_label="Price lists",
    plugin="sfa",
    unique=(("name", "currency"),),
)
class PriceList(Record):
    """Prices in one currency, for a group of customers or for everybody, from one day to another."""

    name: str = field(max_length=100, searchable=True)
    currency: str = field(max_length=3, format="currency")
    valid_from: date | None = field(default=None)
    valid_until: date | None = field(default=None)
    segment_id: UUID | None = field(default=None, reference="segment", help="For customers of this segment only.")
    tag: str = field(default="", max_length=100, help="For customers with this tag only.")
    country: str = field(default="", format="country", help="For customers in this country only.")
    priority: int = field(default=0, help="Of two lists that fit equally well, the higher one counts.")
    tax_included: bool = field(default=False, help="Whether its prices include the tax.")
    active: bool = field(default=True)


@entity(
    "sfa_price_list_customer",
    label="Price list customer",
    plugin="sfa",
    title="id",
    access=Via("price_list_id"),
    unique=(("price_list_id", "customer_id"),),
    indexes=(("customer_id",),),
)
class PriceListCustomer(Part):
    """A customer that a price list was agreed with. A list with such customers is for them alone."""

    price_list_id: UUID = field(reference="sfa_price_list")
    customer_id: UUID = field(reference="customer", merge="union", erase="delete")


@entity(
    "sfa_price",
    label="Price",
    plural="sfa_prices",
    plural_label="Prices",
    plugin="sfa",
    title="id",
    access=Via("price_list_id"),
    unique=(("product_id", "price_list_id", "from_quantity", "valid_from"),),
)
class Price(Part):
    """What one unit of a product costs by a list, from a quantity on. Its currency is that of the list."""

    price_list_id: UUID = field(reference="sfa_price_list")
    product_id: UUID = field(reference="product")
    from_quantity: Decimal = field(default=Decimal(1), minimum=0, help="The smallest quantity that has this price.")
    price: Money = field()
    valid_from: date | None = field(default=None)
    valid_until: date | None = field(default=None)


@entity(
    "sfa_tax_rate",
    label="Tax rate",
    plural="sfa_tax_rates",
    plural_label="Tax rates",
    plugin="sfa",
    title="name",
    unique=(("country", "category", "valid_from"),),
)
class TaxRate(Record):
    """The tax on goods of a category that go to a country, from a day on, until a later rate. ``rate`` is in percent."""

    country: str = field(default="", format="country", help="Where the customer is; empty: everywhere else.")
    category: str = field(default="", max_length=100, help="The tax category of products; empty: all others.")
    rate: Decimal = field(minimum=0)
    valid_from: date | None = field(default=None)
    name: str = field(default="", max_length=100, help="As documents call it, such as VAT 19 %.")


PRICING_ENTITIES = (PriceList, PriceListCustomer, Price, TaxRate)
