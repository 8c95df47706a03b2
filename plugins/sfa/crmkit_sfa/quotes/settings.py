"""How quotations work: the part ``[plugins.sfa.quotes]`` of the configuration."""

from __future__ import annotations

import attrs

from crmkit.core.frozen import frozen


@frozen(kw_only=True)
class SellerSettings:
    """Who sells, as documents say it."""

    name: str = ""
    """Who sells."""
    address: str = ""
    """Lines separated by line breaks."""
    tax_number: str = ""
    """The seller's number for the tax."""
    phone: str = ""
    """The telephone."""
    email: str = ""
    """The mail address."""
    website: str = ""
    """The web site."""
    bank: str = ""
    """Where to pay to; lines separated by line breaks."""


@frozen(kw_only=True)
class ApprovalSettings:
    """From which discount on somebody has to approve a quotation, and who may."""

    above: str
    """A discount in percent, such as ``"10"``; deeper ones need this approval."""
    role: str = ""
    """The role that may approve; without one, whoever has the permission ``sfa.approve_discounts``."""
    exempt: tuple[str, ...] = ()
    """Roles whose users give such discounts without asking."""


@frozen(kw_only=True)
class QuoteSettings:
    """How quotations work in this installation."""

    number: str = "Q-{year}-{count:05}"
    """What numbers look like."""
    valid_days: int = 30
    """How many days a quotation can be accepted, counted from the day it is sent."""
    language: str = "en"
    """The language of documents (``en`` or ``zh``) for customers without one."""
    seller: SellerSettings = attrs.field(factory=SellerSettings)
    """What documents tell of who sells."""
    approvals: tuple[ApprovalSettings, ...] = ()
    """The steps of approval, in any order; without any, salespeople give what discount they like."""
    terms: str = ""
    """What stands under each quotation that has no terms of its own."""
    paper: str = "a4"
    """The size of pages: ``a4`` or ``us-letter``."""
    fonts: str = ""
    """A folder with further fonts for PDF documents."""
    font: str = ""
    """The font family of PDF documents; by default the one that comes with ``crmkit-sfa[pdf]``."""
