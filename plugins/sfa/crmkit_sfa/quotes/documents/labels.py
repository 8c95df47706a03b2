"""The words of documents by language: those of the reader, whatever language the sender works in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from crmkit.core.values.money import minor_units
from crmkit.plugin import Money
from crmkit_sfa.pricing.figures import grouped

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "title": "Quotation",
        "number": "Number",
        "revision": "Revision",
        "date": "Date",
        "valid_until": "Valid until",
        "our_contact": "Your contact",
        "to": "To",
        "position": "No.",
        "description": "Description",
        "quantity": "Quantity",
        "unit": "Unit",
        "unit_price": "Unit price",
        "discount": "Discount",
        "tax_rate": "Tax",
        "amount": "Amount",
        "subtotal": "Subtotal",
        "reduction": "Discount {percent} %",
        "net": "Total without tax",
        "tax": "Tax {percent} % on {net}",
        "tax_inside": "including {percent} % tax",
        "gross": "Total",
        "terms": "Terms",
        "tax_number": "Tax number",
        "phone": "Phone",
        "email": "Email",
        "website": "Web",
        "bank": "Bank details",
        "draft": "Draft: this is no offer yet.",
        "superseded": "Superseded by a later revision.",
        "expired": "No longer valid.",
        "prices_net": "All prices are in {currency}, without tax.",
        "prices_gross": "All prices are in {currency} and include tax.",
        "page": "Page {page} of {pages}",
    }
)
CHINESE: Mapping[str, str] = MappingProxyType(
    {
        "title": "报价单",
        "number": "报价编号",
        "revision": "版本",
        "date": "报价日期",
        "valid_until": "有效期至",
        "our_contact": "联系人",
        "to": "致",
        "position": "序号",
        "description": "品名及说明",
        "quantity": "数量",
        "unit": "单位",
        "unit_price": "单价",
        "discount": "折扣",
        "tax_rate": "税率",
        "amount": "金额",
        "subtotal": "小计",
        "reduction": "折扣 {percent} %",
        "net": "不含税合计",
        "tax": "税额 {percent} %（税基 {net}）",
        "tax_inside": "其中税额 {percent} %",
        "gross": "总计",
        "terms": "条款",
        "tax_number": "税号",
        "phone": "电话",
        "email": "邮箱",
        "website": "网址",
        "bank": "银行账户",
        "draft": "草稿：尚非正式报价。",
        "superseded": "已被新版本取代。",
        "expired": "已过有效期。",
        "prices_net": "以上价格均以 {currency} 计，不含税。",
        "prices_gross": "以上价格均以 {currency} 计，含税。",
        "page": "第 {page} 页，共 {pages} 页",
    }
)
LABELS: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": ENGLISH, "zh": CHINESE})

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def shown_day(day: date | None, language: str) -> str:
    """Return a civil date as documents in a language write it: 22 November 2026, 2026年11月22日."""
    if day is None:
        return ""
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def shown_amount(money: Money | None) -> str:
    """Return an amount with all decimals of its currency, and more where a price has them: 1,250.00 or 0.0125."""
    if money is None:
        return ""
    return grouped(money.amount, minor_units(money.currency))


def words_of(language: str) -> Callable[..., str]:
    """Return what looks up the words of a language and fills in their values."""
    labels = LABELS.get(language, ENGLISH)
    return lambda key, **values: labels[key].format(**values) if values else labels[key]
