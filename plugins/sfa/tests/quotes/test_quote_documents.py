"""Documents of quotations, as their readers get them: HTML and PDF, English and Chinese."""

from __future__ import annotations

import html.parser
import io
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pypdf
import pypdfium2
import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.plugin import AccessDenied, ConfigError, CrmError, Money, hookimpl
from crmkit_sfa.quotes import sending, writing
from crmkit_sfa.quotes.documents.document import QuoteDocument, quote_document
from crmkit_sfa.quotes.documents.html import html_of
from crmkit_sfa.quotes.documents.labels import ENGLISH, LABELS, shown_day
from crmkit_sfa.quotes.documents.pdf import pdf_of
from crmkit_sfa.quotes.entities import QuoteLine
from crmkit_sfa.quotes.settings import QuoteSettings
from crmkit_sfa.quotes.specs import DocumentSection

NASTY = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "#panic() *bold* $x$ [y] `z` @label \\u{41} //")


def chinese(ctx: Any, world: Any) -> Any:
    quote = writing.new_quote(ctx, world.beijing, currency="CNY", discount=Decimal(3), introduction="感谢您的询价。")
    writing.add_line(
        ctx, quote, world.pump, Decimal(12), description="超纯水系统 型号 X", detail="含安装\n两年质保", unit="台"
    )
    writing.add_line(ctx, quote, world.filter, Decimal(7), discount=Decimal(5))
    return sending.send_quote(ctx, quote)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_a_chinese_quotation_says_in_pdf_what_it_says(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        quote = chinese(ctx, world)
        document = quote_document(ctx, quote)
        pdf = pdf_of(document, ctx.config.quotes)
        assert pdf == pdf_of(document, ctx.config.quotes)
    text = text_of(pdf)
    for said in (
        "报价单",
        "北京第一实验室",
        "感谢您的询价",
        "超纯水系统",
        "两年质保",
        "滤芯",
        "2026年3月15日",
        "第 1 页",
    ):
        assert said.replace(" ", "") in text.replace(" ", "")
    for money in (quote.net, quote.tax, quote.gross):
        assert f"{money.amount:,.2f}" in text
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert reader.trailer["/Root"]["/Lang"].startswith("zh")
    fonts = reader.pages[0]["/Resources"]["/Font"]
    names = {font.get_object()["/BaseFont"] for font in fonts.values()}
    # Embedded as subsets: readers need no font of their own.
    assert names
    assert all("+NotoSansSC" in name for name in names)


def test_every_character_is_drawn(shop: Crm, world: Any) -> None:
    """A page is rasterized with and without a text: what has no glyph would draw nothing, or the same box for all."""
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        document = quote_document(ctx, chinese(ctx, world))
        settings = ctx.config.quotes
    drawn = {}
    for text in ("", "镕", "喆", "鑫", "é", "Ж"):
        page = pypdfium2.PdfDocument(pdf_of(_introduced(document, text), settings))[0]
        drawn[text] = page.render(scale=1).to_numpy().tobytes()
    assert len(set(drawn.values())) == len(drawn)


def _introduced(document: QuoteDocument, text: str) -> QuoteDocument:
    return attrs.evolve(document, introduction=text)


def test_the_same_quotation_in_english(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        quote = world.quote(ctx, 2)
        draft = text_of(pdf_of(quote_document(ctx, quote), ctx.config.quotes))
        sent = sending.send_quote(ctx, quote)
        text = text_of(pdf_of(quote_document(ctx, sent), ctx.config.quotes))
        page = html_of(quote_document(ctx, sent))
    for said in ("Quotation", "Acme GmbH", "Aqua Lab Ltd", "15 March 2026", "2,000.00", "380.00", "2,380.00", "IBAN 1"):
        assert said in text
        assert said in page
    assert "no offer yet" in draft
    assert "no offer yet" not in text


def test_long_quotations_repeat_the_heading_on_each_page(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        quote = writing.new_quote(ctx, world.acme, currency="EUR")
        price = Money.of(5, "EUR")
        numbers = range(1, 90)
        session.add(
            *[QuoteLine(quote_id=quote.id, position=at, description=f"Part {at}", unit_price=price) for at in numbers]
        )
        session.flush()
        document = quote_document(ctx, session.get(type(quote), quote.id))
        reader = pypdf.PdfReader(io.BytesIO(pdf_of(document, ctx.config.quotes)))
    assert len(reader.pages) == 3
    assert "Page 3 of 3" in reader.pages[-1].extract_text()
    assert all("Unit price" in page.extract_text() for page in reader.pages)


class Reader(html.parser.HTMLParser):
    """Collects the elements and the text of a page, and the attributes that could do something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data: str) -> None:
        self.text += data


class Appendix:
    """Adds sections before and after the lines."""

    @hookimpl
    def collect_sfa_quote_document(self, ctx: Any, call: Any) -> list[DocumentSection]:
        rows = tuple((line.description, NASTY[0]) for line in call.lines)
        return [
            DocumentSection(title=NASTY[1], paragraphs=(NASTY[2],), headings=("Part", NASTY[0]), rows=rows),
            DocumentSection(title=f"Before ({call.language})", place="before"),
        ]


def test_whatever_people_write_is_text_in_both_forms(open_crm: Callable[..., Crm], world: Any) -> None:
    seller = {"name": NASTY[0], "address": "\n".join(NASTY), "bank": NASTY[1]}
    crm = open_crm(Appendix(), seller=seller, terms=NASTY[2])
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        customer = Customer(kind="organization", name=NASTY[0], country="DE")
        session.add(customer)
        session.flush()
        texts = {"introduction": "\n".join(NASTY), "recipient_address": NASTY[1]}
        quote = writing.new_quote(ctx, customer, currency="EUR", **texts)
        for text in NASTY:
            line = {"description": text, "detail": text, "unit": text}
            writing.add_line(ctx, quote, None, price=Money.of(1, "EUR"), **line)
        quote = sending.send_quote(ctx, quote)
        document = quote_document(ctx, quote)
        page, pdf = html_of(document), pdf_of(document, ctx.config.quotes)
    reader = Reader()
    reader.feed(page)
    assert not reader.tags & {"script", "img"}
    assert reader.attributes <= {"lang", "charset", "name", "content", "class", "style"}
    for text in NASTY:
        assert reader.text.count(text) >= 6
    told = "".join(text_of(pdf).split())
    for text in NASTY:
        assert told.count("".join(text.split())) >= 3
    assert "Before (en)" in reader.text
    assert "Before(en)" in told


def test_all_labels_are_there_in_both_languages() -> None:
    assert {name: set(labels) for name, labels in LABELS.items()} == {"en": set(ENGLISH), "zh": set(ENGLISH)}
    assert all(text.strip() for labels in LABELS.values() for text in labels.values())
    assert shown_day(None, "en") == ""


def test_a_document_has_no_gaps_for_those_who_may_not_read_all(shop: Crm, world: Any) -> None:
    with shop.session() as session:
        quote = world.quote(shop.context(session, "sfa"))
    grants = [{"entity": name, "action": "read", "scope": "all"} for name in ("customer", "product", "sfa_quote_line")]
    grants.append({"entity": "sfa_quote", "action": "read", "scope": "all", "fields": ["*", "-discount"]})
    with shop.session() as session:
        user, role = User(login="anna", name="Anna"), Role(name="clerk", grants=tuple(grants))
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
    anna, said = shop.actor("anna"), "discount, which you may not read"
    with pytest.raises(AccessDenied, match=said), shop.session(anna, reads=True) as session:
        quote_document(shop.context(session, "sfa"), quote)


def test_what_is_missing_or_wrong_is_named(shop: Crm, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with shop.session() as session:
        ctx = shop.context(session, "sfa")
        document = quote_document(ctx, world.quote(ctx))
    with pytest.raises(ConfigError, match="paper: a0 - expected one of a4, us-letter"):
        pdf_of(document, QuoteSettings(paper="a0"))
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(CrmError, match=r"install crmkit-sfa\[pdf\]"):
        pdf_of(document, QuoteSettings())
