"""Tags on records, and what customers own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from crmkit.core.customer import Customer
    from crmkit.core.entity import Part
    from crmkit.core.grouping import Tag
    from crmkit.core.product import Asset


class Belongings(Bound):
    """Tags on records, and what customers own."""

    __slots__ = ()

    def add_tags(self, records: Iterable[Part | UUID], names: Iterable[str], **details: Any) -> int:
        """Put tags on records; see :func:`crmkit.services.tags.add_tags`."""
        from crmkit.services.tags import add_tags

        return add_tags(self._session, records, names, **details)

    def remove_tags(self, records: Iterable[Part | UUID], names: Iterable[str], **details: Any) -> int:
        """Take tags off records; see :func:`crmkit.services.tags.remove_tags`."""
        from crmkit.services.tags import remove_tags

        return remove_tags(self._session, records, names, **details)

    def tags_of(self, record: Part) -> tuple[Tag, ...]:
        """Return the tags on a record; see :func:`crmkit.services.tags.tags_of`."""
        from crmkit.services.tags import tags_of

        return tags_of(self._session, record)

    def add_asset(self, customer: Customer | UUID, name: str = "", **details: Any) -> Asset:
        """Add what a customer owns; see :func:`crmkit.services.assets.add_asset`."""
        from crmkit.services.assets import add_asset

        return add_asset(self._session, customer, name, **details)

    def assets_of(self, customer: Customer | UUID, **details: Any) -> list[Asset]:
        """Return what a customer owns; see :func:`crmkit.services.assets.assets_of`."""
        from crmkit.services.assets import assets_of

        return assets_of(self._session, customer, **details)

    def transfer_asset(self, asset: Asset | UUID, customer: Customer | UUID) -> Asset:
        """Give an asset to another customer; see :func:`crmkit.services.assets.transfer_asset`."""
        from crmkit.services.assets import transfer_asset

        return transfer_asset(self._session, asset, customer)
