"""Assets: what customers own of our products, and may need service for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import BadInput, FieldError, NotFound, ValidationFailed
from crmkit.core.messages import msg, shown
from crmkit.core.product import Asset, Product
from crmkit.core.values.clock import time_zone, today
from crmkit.core.values.ids import parse_id
from crmkit.hooks.records import RecordBatch
from crmkit.services.merging.resolving import resolve
from crmkit.store.session import Session


def add_asset(
    session: Session,
    customer: Customer | UUID,
    name: str = "",
    *,
    product: Product | UUID | None = None,
    serial_number: str = "",
    **fields: Any,
) -> Asset:
    """Add a thing that a customer owns and return it; without a ``name`` it is called as its product.

    ``fields`` are further fields of the asset. Raises NotFound, and BadInput without name and product. A warranty that
    ends before it could begin, and a serial number that another asset of the product has, are refused when the session
    is written.
    """
    owner = _customer(session, customer)
    made_of = product if product is None or isinstance(product, Product) else session.get(Product, product)
    called = name or (made_of.name if made_of else "")
    if not called:
        raise BadInput(msg("an asset needs a name or a product"))
    asset = Asset(
        customer_id=owner,
        product_id=None if made_of is None else made_of.id,
        name=called,
        serial_number=serial_number,
    )
    asset = change(asset, **fields)
    session.add(asset)
    return asset


def assets_of(session: Session, customer: Customer | UUID, *, status: str = "") -> list[Asset]:
    """Return what a customer owns, by name and serial number; with ``status``, only that."""
    equal: dict[str, Any] = {"status": status} if status else {}
    found = session.list(Asset, customer_id=_customer(session, customer), **equal)
    return sorted(found, key=lambda asset: (asset.name, asset.serial_number, asset.id))


def find_asset(session: Session, needle: str) -> Asset:
    """Return the asset with this id or serial number; raises NotFound and, for a number that several have, BadInput."""
    try:
        return session.get(Asset, resolve(session, Asset, parse_id(needle)))
    except BadInput:
        found = session.list(Asset, serial_number=needle.strip(), limit=6) if needle.strip() else []
    if not found:
        raise NotFound(msg("no asset {needle}", needle=shown(needle)))
    if len(found) > 1:
        ids = ", ".join(str(asset.id) for asset in found[:5])
        problem = msg(
            "several assets have the number {needle}; name one by its id: {ids}", needle=shown(needle), ids=ids
        )
        raise BadInput(problem)
    return found[0]


def transfer_asset(session: Session, asset: Asset | UUID, customer: Customer | UUID) -> Asset:
    """Give an asset to another customer, as when it was sold on, and return it; history tells who had it before."""
    held = asset if isinstance(asset, Asset) else session.get(Asset, asset)
    given = change(held, customer_id=_customer(session, customer))
    session.update(given)
    return given


def retire_asset(session: Session, asset: Asset | UUID) -> Asset:
    """Note that an asset is in use no more, and return it."""
    retired = change(asset if isinstance(asset, Asset) else session.get(Asset, asset), status="retired")
    session.update(retired)
    return retired


def under_warranty(session: Session, asset: Asset, on: date | None = None) -> bool:
    """Return whether an asset's warranty covers a day, by default today in the actor's time zone."""
    day = on or today(session.clock, time_zone(session.actor.timezone))
    start = asset.installed or asset.purchased
    return asset.warranty_until is not None and day <= asset.warranty_until and (start is None or start <= day)


def _customer(session: Session, customer: Customer | UUID) -> UUID:
    if isinstance(customer, Customer):
        return customer.id
    return session.get(Customer, resolve(session, Customer, customer)).id


# -- the core's rules -------------------------------------------------------------------------------------------------


def check_assets(call: RecordBatch) -> None:
    """Raise ValidationFailed for warranties that end before they could begin."""
    errors = [error for c in call.changes if c.after.deleted_at is None for error in _date_errors(c.after)]
    if errors:
        raise ValidationFailed(errors)


def _date_errors(asset: Asset) -> Iterator[FieldError]:
    start = asset.installed or asset.purchased
    if start is not None and asset.warranty_until is not None and asset.warranty_until < start:
        expected = msg("a day after {start}, when it was bought or installed", start=start.isoformat())
        yield FieldError("asset.warranty_until", "order", asset.warranty_until.isoformat(), expected, asset.id)
