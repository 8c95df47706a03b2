"""Folders, workbooks, JSON and vCards: which tables a path holds, and what is in them."""

from __future__ import annotations

import json
import sys
import zipfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook  # type: ignore[import-untyped, unused-ignore]

from crmkit.core.errors import BadInput
from crmkit.services.importing.sources import Source, SourceOptions, SourceRow, fingerprint, open_sources


def one(path: Path, data: str | bytes, options: SourceOptions | None = None) -> Source:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    (source,) = open_sources(path, {path.stem: options} if options else None).values()
    return source


def good(source: Source) -> list[dict[str, Any]]:
    return [row.values for row in source.rows() if row.problem is None]


def bad(source: Source) -> list[SourceRow]:
    return [row for row in source.rows() if row.problem is not None]


def test_a_folder_gives_its_known_files(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("x\n1\n")
    (tmp_path / "a.JSONL").write_text('{"y": 2}\n')
    for name in ("README.md", "notes.txt", ".hidden.csv", "~$open.xlsx"):
        (tmp_path / name).write_text("nothing")
    (tmp_path / "folder.csv").mkdir()
    assert {name: source.columns for name, source in open_sources(tmp_path).items()} == {"a": ("y",), "b": ("x",)}
    (tmp_path / "a.csv").write_text("x\n1\n")
    with pytest.raises(BadInput, match=r"a\.JSONL and .*a\.csv both hold a table “a”"):
        open_sources(tmp_path)


def test_paths_that_cannot_be_read_are_named_with_what_is_understood(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"holds no file that can be read: \.csv"):
        open_sources(tmp_path)
    with pytest.raises(BadInput, match=r"missing\.csv cannot be read: No such file"):
        open_sources(tmp_path / "missing.csv")
    (tmp_path / "letter.docx").write_bytes(b"x")
    with pytest.raises(BadInput, match=r"letter\.docx: this kind of file is not understood; known are \.csv.*\.sql"):
        open_sources(tmp_path / "letter.docx")


def test_the_fingerprint_knows_names_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x\n1\n")
    first = fingerprint(path)
    assert first == fingerprint(path) == fingerprint(tmp_path)
    (tmp_path / "README.md").write_text("not a table")
    assert fingerprint(tmp_path) == first
    path.write_text("x\n2\n")
    assert fingerprint(path) != first
    path.write_text("x\n1\n")
    path.rename(tmp_path / "b.csv")
    assert fingerprint(tmp_path) != first


def workbook(path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "客户"
    sheet.append([None, None])
    sheet.append(["name", "since", "seen", "count", "price", "active", "took"])
    sheet.append(["张伟", date(2024, 2, 29), datetime(2024, 2, 29, 13, 30), 7, 9.8, True, timedelta(minutes=90)])
    sheet.append([None, None])
    sheet.append(["Ann", None, datetime(2024, 1, 1), 3.0, 0.1])
    sheet.append(["Bob", "#REF!", None, "=1+2", "text"])
    sheet.append(["Cid", None, None, "=1+2", 1e300, False, None, "beyond"])
    sheet["B6"].data_type = "e"
    sheet["C5"].number_format = "yyyy-mm-dd hh:mm"
    sheet.append(["Dan", None, None, "=1+2"])
    book.create_sheet("empty")
    other = book.create_sheet("orders")
    other.append(["id"])
    book.save(path)


def test_a_workbook_gives_its_sheets_with_exact_values(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    workbook(path)
    # A spreadsheet program stores the results of formulas, which the writer of this test does not compute.
    parts = zipfile.ZipFile(path)
    contents = {name: parts.read(name) for name in parts.namelist()}
    parts.close()
    sheet = contents["xl/worksheets/sheet1.xml"]
    assert b"<f>1+2</f><v" in sheet
    contents["xl/worksheets/sheet1.xml"] = sheet.replace(b"<f>1+2</f><v />", b"<f>1+2</f><v>3</v>").replace(
        b"<f>1+2</f><v></v>", b"<f>1+2</f><v>3</v>"
    )
    with zipfile.ZipFile(path, "w") as out:
        for name, content in contents.items():
            out.writestr(name, content)

    sources = open_sources(path)
    assert list(sources) == ["客户", "orders"]
    assert sources["orders"].columns == ("id",)
    assert list(sources["orders"].rows()) == []
    rows = list(sources["客户"].rows())
    assert [row.number for row in rows] == [3, 5, 6, 7, 8]
    assert rows[0].values == {
        "name": "张伟",
        "since": date(2024, 2, 29),
        "seen": datetime(2024, 2, 29, 13, 30),
        "count": 7,
        "price": Decimal("9.8"),
        "active": True,
        "took": "1:30:00",
    }
    assert type(rows[0].values["since"]) is date
    assert rows[1].values["seen"] == datetime(2024, 1, 1)
    assert (rows[1].values["count"], type(rows[1].values["count"])) == (3, int)
    assert rows[1].values["price"] == Decimal("0.1")
    assert rows[1].values["took"] is None
    assert "column since holds the error #REF!" in str(rows[2].problem)
    assert "“beyond” stands in a column without a name" in str(rows[3].problem)
    assert rows[4].values["count"] == 3
    assert list(sources["客户"].rows(2)) == rows[2:]


def test_options_of_a_sheet_and_broken_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    workbook(path)
    source = open_sources(path, {"orders": SourceOptions(header=("order",))})["orders"]
    assert good(source) == [{"order": "id"}]
    for data in (b"no zip", path.read_bytes()[:2000], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)):
        broken = tmp_path / "broken.xlsx"
        broken.write_bytes(data)
        with pytest.raises(BadInput, match=r"broken\.xlsx is not a readable XLSX workbook"):
            open_sources(broken)


def test_json_lines(tmp_path: Path) -> None:
    text = (
        '\ufeff{"name": "王", "price": 1.10, "n": 12345678901234567890}\n'
        "\n"
        "{broken\n"
        '[1, 2]\n{"name": null, "tags": ["a", 1.5], "deep": {"x": true}}'
    )
    source = one(tmp_path / "t.jsonl", text)
    assert source.columns == ("name", "price", "n", "tags", "deep")
    first, second = good(source)
    assert first == {"name": "王", "price": Decimal("1.10"), "n": 12345678901234567890, "tags": None, "deep": None}
    assert str(first["price"]) == "1.10"
    assert second["tags"] == ["a", Decimal("1.5")]
    assert second["deep"] == {"x": True}
    assert [row.number for row in source.rows()] == [1, 3, 4, 5]
    broken, array = bad(source)
    assert "not valid JSON" in str(broken.problem)
    assert broken.raw == "{broken"
    assert "not a JSON object but [1, 2]" in str(array.problem)
    assert list(source.rows(2)) == list(source.rows())[2:]


def test_json_lines_with_foreign_bytes_and_endless_lines(tmp_path: Path) -> None:
    lines = [b'{"a": "%s"}' % "äöü".encode()] * 3 + [
        b'{"a": "\xff"}',
        b'{"a": "' + b"x" * 9_000_000 + b'"}',
        b'{"a": 1}',
    ]
    source = one(tmp_path / "t.ndjson", b"\n".join(lines))
    assert [row["a"] for row in good(source)] == ["äöü"] * 3 + [1]
    assert [row.number for row in bad(source)] == [4, 5]
    assert "0xFF" in str(bad(source)[0].problem)
    assert "9000009 characters" in str(bad(source)[1].problem)
    wide = one(tmp_path / "t.jsonl", '{"a": "é"}\n'.encode("utf-16"))
    assert good(wide) == [{"a": "é"}]


@pytest.mark.parametrize("indent", [None, 2])
def test_json_arrays_larger_than_a_piece(tmp_path: Path, indent: int | None) -> None:
    records = [{"n": number, "text": "é]}," * 20, "nested": [{"x": [number]}]} for number in range(3000)]
    source = one(tmp_path / "t.json", json.dumps(records, indent=indent, ensure_ascii=False))
    assert good(source) == records
    assert [row.number for row in source.rows(2500)] == list(range(2501, 3001))


def test_other_json_files(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    assert good(one(path, '{"a": 1}\n{"a": 2}\n')) == [{"a": 1}, {"a": 2}]
    assert good(one(path, '{\n "a": 1.5\n}\n{\n "a": 2\n}')) == [{"a": Decimal("1.5")}, {"a": 2}]
    for empty in ("", "[]", " \n"):
        assert list(one(path, empty).rows()) == []
    cut = one(path, '[{"a": 1}, {"a": 2')
    assert good(cut) == [{"a": 1}]
    assert "nothing after it is read" in str(bad(cut)[0].problem)
    assert "not a JSON object but 5" in str(bad(one(path, "[5]"))[0].problem)


CARDS = """BEGIN:VCARD\r
VERSION:3.0\r
UID:u-1\r
N:张;伟;大,明;Dr.;Jr.\r
FN:Dr. 张伟\r
ORG:ACME\\, Inc.;Sales;East\r
TITLE:Chief\r
EMAIL;TYPE=INTERNET,HOME:home@example.org\r
EMAIL;TYPE=WORK,PREF:work@example.org\r
item1.TEL;TYPE=cell:+86 10 1234\r
ADR;TYPE=work:;Suite 2;1 Main St\\nBack;Beijing;BJ;100000;China\r
URL:https://example.org/a?b=c\r
BDAY:1985-04-12\r
PHOTO;ENCODING=b:AAAA\r
 %%%not base64\r
NOTE:a long no\r
 te\\, folded 长\r
\t长\r
CATEGORIES:vip,press\r
END:VCARD\r
\r
BEGIN:VCARD\r
VERSION:4.0\r
FN:Ann\r
TEL;VALUE=uri;PREF=2;TYPE="voice,home":tel:+1-555-2\r
TEL;VALUE=uri;PREF=1:tel:+1-555-1\r
BDAY:--0412\r
END:VCARD\r
BEGIN:VCARD\r
VERSION:3.0\r
FN:No end\r
BEGIN:VCARD\r
VERSION:3.0\r
FN:Broken\r
this line is none\r
END:VCARD\r
stray\r
BEGIN:VCARD\r
VERSION:2.1\r
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Eva\r
TEL;WORK;VOICE:123\r
END:VCARD\r
"""


def test_vcards_become_columns(tmp_path: Path) -> None:
    source = one(tmp_path / "people.vcf", CARDS)
    first, second, last = good(source)
    assert {key: value for key, value in first.items() if value is not None} == {
        "uid": "u-1",
        "name": "Dr. 张伟",
        "prefix": "Dr.",
        "given_name": "伟",
        "additional_names": "大 明",
        "family_name": "张",
        "suffix": "Jr.",
        "organization": "ACME, Inc.",
        "department": "Sales, East",
        "title": "Chief",
        "email": "work@example.org",
        "email_type": "work",
        "email_2": "home@example.org",
        "email_2_type": "internet,home",
        "phone": "+86 10 1234",
        "phone_type": "cell",
        "street": "Suite 2, 1 Main St\nBack",
        "city": "Beijing",
        "region": "BJ",
        "postal_code": "100000",
        "country": "China",
        "address_type": "work",
        "url": "https://example.org/a?b=c",
        "birth_date": date(1985, 4, 12),
        "note": "a long note, folded 长长",
        "categories": ["vip", "press"],
    }
    assert (second["phone"], second["phone_2"], second["phone_2_type"]) == ("+1-555-1", "+1-555-2", "voice,home")
    assert second["birth_date"] == "--0412"
    assert "email_3" not in source.columns
    assert (last["family_name"], last["given_name"], last["phone"], last["phone_type"]) == (
        "Müller",
        "Eva",
        "123",
        "work,voice",
    )
    assert [row.number for row in source.rows()] == [1, 22, 29, 32, 37, 38]
    no_end, broken, stray = bad(source)
    assert str(no_end.problem) == "the card has no END:VCARD"
    assert "this line is none" in str(broken.problem)
    assert broken.raw is not None
    assert broken.raw.startswith("BEGIN:VCARD")
    assert str(stray.problem) == "text outside a card"
    assert list(source.rows(3)) == list(source.rows())[3:]


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, package, extra in (("t.vcf", "vobject", "vcard"), ("t.xlsx", "openpyxl", "excel")):
        (tmp_path / name).write_text(CARDS)
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(
            BadInput, match=rf"{name} cannot be read without the package {package}; .*crmkit\[{extra}\]"
        ):
            open_sources(tmp_path / name)


def test_a_huge_picture_does_not_spoil_a_card(tmp_path: Path) -> None:
    picture = "PHOTO;ENCODING=b:" + "\n ".join(["A" * 76] * 100_000)
    source = one(tmp_path / "t.vcf", f"BEGIN:VCARD\nVERSION:3.0\nFN:Ann\n{picture}\nTITLE:Boss\nEND:VCARD\n")
    (row,) = source.rows()
    assert (row.problem, row.values["name"], row.values["title"]) == (None, "Ann", "Boss")
