"""Encodings are found from the bytes alone; files that are no text are refused with what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit.core.errors import BadInput
from crmkit.services.importing.sources import SourceOptions, open_sources
from crmkit.services.importing.sources.encoding import detect_encoding

CHINESE = "姓名,城市\n张伟,北京\n王芳,上海市浦东新区\n李娜,广州\n"
WESTERN = "name,city\nJürgen Müller,Köln\nGarção,São Paulo\n“Smith & Co” €,Zürich\n"


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (CHINESE, "utf-8", "UTF-8"),
        ("name,city\nAnn,Ulm\n", "utf-8", "ASCII"),
        (CHINESE, "utf-8-sig", "UTF-8 with BOM"),
        (CHINESE, "utf-16", "UTF-16 LE with BOM"),
        ("\ufeff" + CHINESE, "utf-16-be", "UTF-16 BE with BOM"),
        (CHINESE, "utf-32", "UTF-32 LE with BOM"),
        (CHINESE, "utf-16-le", "UTF-16 LE"),
        (CHINESE, "utf-16-be", "UTF-16 BE"),
        ("name,city\nAnn,Ulm\n", "utf-16-le", "UTF-16 LE"),
        ("name,city\nAnn,Ulm\n", "utf-16-be", "UTF-16 BE"),
        (CHINESE, "gbk", "GB18030"),
        (CHINESE.replace("伟", "𠮷"), "gb18030", "GB18030"),
        ("姓名,城市\n陳大文,臺北市\n林志玲,高雄市\n", "big5", "Big5"),
        ("名前,都市\n山田太郎,東京\nスズキ,大阪\n", "shift_jis", "Shift-JIS"),
        (WESTERN, "cp1252", "windows-1252"),
        ("name,city\nMüller,Köln\n", "cp1252", "windows-1252"),
        ("name,city\nA,caf\xe9\n", "cp1252", "windows-1252"),
        ("name,city\nDvořák,Plzeň\nNěmcová,Ústí nad Labem\nŽižka,Děčín\n", "cp1250", "windows-1250"),
        ("имя,город\nЮлия,Тюмень\n", "cp1251", "windows-1251"),
        ("name,city\nWei,北京\n", "gbk", "GB18030"),
    ],
)
def test_encoding_is_found_and_the_text_is_right(tmp_path: Path, text: str, codec: str, label: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(text.encode(codec))
    (source,) = open_sources(path).values()
    lines = [line.split(",") for line in text.lstrip("\ufeff").splitlines()]
    assert source.description == f"CSV, {label}, delimiter ','"
    assert list(source.columns) == lines[0]
    assert [list(row.values.values()) for row in source.rows()] == lines[1:]


def test_the_first_foreign_letter_may_come_late(tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    plain = "".join(f"{number},plain text\n" for number in range(200_000))
    path.write_bytes(("n,t\n" + plain + CHINESE).encode("gbk"))
    assert detect_encoding(path).label == "GB18030"
    path.write_bytes(("n,t\n" + plain + CHINESE).encode("utf-8"))
    assert detect_encoding(path).label == "UTF-8"


def test_a_character_cut_by_a_piece_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv"
    for codec in ("utf-8", "gb18030", "utf-16"):
        for shift in range(3):
            text = "a,b\n" + "x" * shift + "号,𠮷\n" * 30_000
            path.write_bytes(text.encode(codec))
            (source,) = open_sources(path).values()
            rows = list(source.rows())
            assert len(rows) == 30_000
            assert {tuple(row.values.values()) for row in rows[1:]} == {("号", "𠮷")}
            assert all(row.problem is None for row in rows)


def test_a_stated_encoding_wins(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("név\nGyőző\n".encode("cp1250"))
    (source,) = open_sources(path, {"t.csv": SourceOptions(encoding="windows-1250")}).values()
    assert [row.values for row in source.rows()] == [{"név": "Győző"}]
    path.write_bytes(CHINESE.encode("utf-8-sig"))
    for stated in ("utf-8", "utf-8-sig", "UTF8"):
        (source,) = open_sources(path, {"t": SourceOptions(encoding=stated)}).values()
        assert source.columns == ("姓名", "城市")
    path.write_bytes(CHINESE.encode("utf-8"))
    (source,) = open_sources(path, {"t": SourceOptions(encoding="ascii", header=("a", "b"))}).values()
    assert all("not ascii" in str(row.problem) for row in source.rows())


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04\x14\0\0\0", "ZIP, XLSX or DOCX"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "old Excel"),
        (bytes(range(256)) * 40, "control characters"),
        (bytes(5000), "control characters"),
    ],
)
def test_binary_files_are_refused(tmp_path: Path, data: bytes, kind: str) -> None:
    path = tmp_path / "wrong.csv"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=f"wrong.csv is not a text file.*{kind}"):
        open_sources(path)
