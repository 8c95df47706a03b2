"""CSV and TSV from real bytes: what is right is read as written, what is broken is named and spoils nothing else."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crmkit.core.errors import BadInput
from crmkit.services.importing.sources import Source, SourceOptions, SourceRow, open_sources


def opened(folder: Path, data: bytes, options: SourceOptions | None = None, name: str = "t.csv") -> Source:
    path = folder / name
    path.write_bytes(data)
    (source,) = open_sources(path, {path.stem: options} if options else None).values()
    return source


def cells(source: Source) -> list[list[object]]:
    return [list(row.values.values()) for row in source.rows() if row.problem is None]


def problems(source: Source) -> dict[int, str]:
    return {row.number: str(row.problem) for row in source.rows() if row.problem is not None}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_end_are_found(tmp_path: Path, delimiter: str, line_end: str) -> None:
    lines = [["name", "price"], ["Ann, Bob; C", "1"], ['say "hi"', "2|3"], ["two\nlines\r\nlong", "4"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(lines)
    source = opened(tmp_path, text.getvalue().encode())
    assert source.columns == ("name", "price")
    assert cells(source) == lines[1:]
    assert (repr(delimiter) if delimiter != "\t" else "tab") in source.description


def test_decimal_commas_do_not_hide_the_semicolon(tmp_path: Path) -> None:
    source = opened(tmp_path, b"city;price;weight\nUlm;1,50;2,5\nBonn;3,25;4,5\n")
    assert cells(source) == [["Ulm", "1,50", "2,5"], ["Bonn", "3,25", "4,5"]]


def test_a_single_column_and_a_tab_file_with_one_column(tmp_path: Path) -> None:
    assert cells(opened(tmp_path, b"name\nAnn\nBob\n")) == [["Ann"], ["Bob"]]
    assert opened(tmp_path, b"name\nAnn\n", name="t.tsv").description == "TSV, ASCII, delimiter tab"


def test_numbers_are_physical_lines(tmp_path: Path) -> None:
    source = opened(tmp_path, b'a,b\n1,"x\ny\r\nz"\n\n   \n2,y\n"3\n",z')
    assert [(row.number, row.values["a"]) for row in source.rows()] == [(2, "1"), (7, "2"), (8, "3\n")]


def test_ragged_rows_are_named_and_trailing_empty_cells_are_fine(tmp_path: Path) -> None:
    source = opened(tmp_path, b"a,b,c\n1,2,3\n1,2\n1,2,3,,\n1,2,3,4\n5,6,7\n")
    assert cells(source) == [["1", "2", "3"], ["1", "2", "3"], ["5", "6", "7"]]
    found = problems(source)
    assert list(found) == [3, 5]
    assert "2 cells instead of 3: c and all after it are missing" in found[3]
    assert "“4”" in found[5]
    assert [row.raw for row in source.rows() if row.problem] == ["1,2", "1,2,3,4"]


@pytest.mark.parametrize("broken", ['"a "b" c",x', '1,"open', '1,"2" 3'])
def test_odd_quotes_spoil_their_own_line_alone(tmp_path: Path, broken: str) -> None:
    good = "".join(f"{number},v{number}\n" for number in range(20_000))
    source = opened(tmp_path, f"a,b\n7,seven\n{broken}\n8,eight\n{good}".encode())
    rows = list(source.rows())
    assert len(rows) == 20_003
    assert [row.number for row in rows] == list(range(2, 20_005))
    assert list(problems(source)) == [3]
    assert "quote" in problems(source)[3]
    assert rows[1].raw == broken
    assert rows[2].values == {"a": "8", "b": "eight"}


def test_an_unclosed_quote_in_a_file_larger_than_the_memory_bound(tmp_path: Path) -> None:
    lines = [b"a,b\n", b'1,"open\n', *(b"%d,%s\n" % (number, b"x" * 90) for number in range(5000)), b"last,1\n"]
    source = opened(tmp_path, b"".join(lines), SourceOptions(max_field_bytes=1000))
    rows = list(source.rows())
    assert [row.number for row in rows] == list(range(2, 5004))
    assert list(problems(source)) == [2]
    assert rows[-1].values == {"a": "last", "b": "1"}


def test_a_quote_closed_by_a_later_row_does_not_swallow_it(tmp_path: Path) -> None:
    source = opened(tmp_path, b'a,b\n1,"open\n2,"fine"\n3,"also"\n')
    assert cells(source) == [["2", "fine"], ["3", "also"]]
    assert list(problems(source)) == [2]


def test_a_nul_byte_spoils_its_own_row_alone(tmp_path: Path) -> None:
    source = opened(tmp_path, b"a,b\n1,x\n2,y\0y\n3,z\n")
    assert cells(source) == [["1", "x"], ["3", "z"]]
    assert problems(source) == {3: "column b holds a NUL character"}


def test_undecodable_bytes_spoil_their_own_row_alone(tmp_path: Path) -> None:
    names = ["王小明", "Zoë", "Łukasz", "Ж"]
    data = "a,b\n" + "".join(f"{name},1\n" for name in names)
    source = opened(tmp_path, data.encode() + b"bad\xff\xfe,2\nlast,3\n")
    assert [row[0] for row in cells(source)] == [*names, "last"]
    assert list(problems(source)) == [6]
    assert "column a" in problems(source)[6]
    assert "0xFF" in problems(source)[6]
    assert [row.raw for row in source.rows() if row.problem] == ["bad\ufffd\ufffd,2"]


@pytest.mark.parametrize(("quoted", "breaks"), [(False, False), (True, False), (True, True)])
def test_a_huge_cell_is_a_bad_row_and_needs_no_memory(tmp_path: Path, quoted: bool, breaks: bool) -> None:
    huge = (b"0123456789,;\r\n" if breaks else b"0123456789abcd") * 750_000  # 10.5 MB
    cell = b'"' + huge + b'"' if quoted else huge
    source = opened(tmp_path, b"a,note,c\n1,x,y\n2," + cell + b",z\n3,x,y\n")
    tracemalloc.start()
    rows = list(source.rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row.values.get("a") for row in rows if row.problem is None] == ["1", "3"]
    assert str(rows[1].problem) == f"column note has {len(huge)} bytes, more than the limit of 1048576"
    assert rows[1].number == 3
    assert rows[2].number == (750_004 if breaks else 4)
    assert peak < 60_000_000
    assert len(rows[1].raw or "") < 100_000


def test_the_limit_of_a_cell_is_counted_in_bytes_and_exact(tmp_path: Path) -> None:
    data = "a,b\n" + "é" * 50 + ",1\n" + "é" * 50 + "x,2\n" + "short,3\n"
    source = opened(tmp_path, data.encode(), SourceOptions(max_field_bytes=100))
    assert [row[1] for row in cells(source)] == ["1", "3"]
    assert problems(source) == {3: "column a has 101 bytes, more than the limit of 100"}


def test_a_large_cell_below_the_limit_is_read(tmp_path: Path) -> None:
    large = "x\n" * 500_000
    assert cells(opened(tmp_path, f'a,b\n1,"{large}"\n2,y\n'.encode())) == [["1", large], ["2", "y"]]


def test_empty_and_header_only_files_have_no_rows(tmp_path: Path) -> None:
    for data in (b"", b"\n\n", b"\xef\xbb\xbf"):
        empty = opened(tmp_path, data)
        assert (empty.columns, list(empty.rows())) == ((), [])
        assert "empty" in empty.description
    header = opened(tmp_path, b"a,b\r\n")
    assert (header.columns, list(header.rows())) == (("a", "b"), [])


def test_bad_headers_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"t\.csv.*no name for column 2"):
        opened(tmp_path, b"a,,c\n1,2,3\n")
    with pytest.raises(BadInput, match="more than one column “mail”"):
        opened(tmp_path, b"mail,name, mail \n1,2,3\n")
    with pytest.raises(BadInput, match="header cannot be read"):
        opened(tmp_path, b'a,"b"c,d\n1,2,3\n')
    assert opened(tmp_path, b" a ,b,,\n1,2,,\n").columns == ("a", "b")


def test_a_header_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="header is longer than 262144 bytes: aaa"):
        opened(tmp_path, b"a" * 300_000 + b",b\n1,2\n")


@pytest.mark.parametrize(
    ("header", "columns", "numbers"),
    [(True, ("a,1", "b"), [3]), (False, ("column_1", "column_2"), [2, 3]), (("x", "y"), ("x", "y"), [2, 3])],
)
def test_a_line_that_tells_the_delimiter_is_no_header(
    tmp_path: Path, header: bool | tuple[str, ...], columns: tuple[str, ...], numbers: list[int]
) -> None:
    source = opened(tmp_path, b"sep=;\r\na,1;b\r\nc,2;d\r\n", SourceOptions(header=header))
    assert source.columns == columns
    assert [row.number for row in source.rows()] == numbers


def test_options_override_detection(tmp_path: Path) -> None:
    source = opened(tmp_path, b"1:'x:y'\n2:z\n", SourceOptions(delimiter=":", quote="'", header=("n", "text")))
    assert [(row.number, row.values) for row in source.rows()] == [
        (1, {"n": "1", "text": "x:y"}),
        (2, {"n": "2", "text": "z"}),
    ]
    assert opened(tmp_path, b"1;2\n", SourceOptions(header=False)).columns == ("column_1", "column_2")
    with pytest.raises(BadInput, match="delimiter must be one character"):
        opened(tmp_path, b"a,b\n", SourceOptions(delimiter="::"))
    with pytest.raises(BadInput, match="encoding “klingon” is not known"):
        opened(tmp_path, b"a,b\n", SourceOptions(encoding="klingon"))


def test_batches_hold_size_records_and_lead_to_resumption(tmp_path: Path) -> None:
    lines = [b"%d,x\n" % number if number % 7 else b"broken\n" for number in range(12_345)]
    source = opened(tmp_path, b"n,t\n" + b"".join(lines))
    batches = list(source.batches(size=1000))
    assert [len(batch) for batch in batches] == [1000] * 12 + [345]
    assert [batch.first_number for batch in batches] == [2 + 1000 * index for index in range(13)]
    assert batches[-1].position == source.size_hint() == (tmp_path / "t.csv").stat().st_size
    assert sum(len(batch.problems) for batch in batches) == 1764
    everything = list(source.rows())
    for start in (0, 1, 7, 999, 1000, 5001, 12_344, 12_345, 20_000):
        assert list(source.rows(start)) == everything[start:]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    ['"', '""', "\r", "\n", "\r\n", ",", ";", "a\u2028b\x85c\x0bd\x1c", " x ", "\ufeff"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), min_size=1)),
    delimiter=st.sampled_from(",;\t|"),
    every=st.booleans(),
)
@example(rows=[["\r", "a"], ["\n", ""]], delimiter=",", every=False)
def test_whatever_csv_writes_reads_back(tmp_path: Path, rows: list[list[str]], delimiter: str, every: bool) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL).writerows(rows)
    header = tuple(f"c{index}" for index in range(len(rows[0])))
    data = b"\xef\xbb\xbf" + text.getvalue().encode()
    source = opened(tmp_path, data, SourceOptions(delimiter=delimiter, header=header))
    # A line of nothing but spaces counts as blank when there are several columns; csv writes none of those.
    found: list[SourceRow] = list(source.rows())
    assert [row.problem for row in found] == [None] * len(rows)
    assert [list(row.values.values()) for row in found] == rows
    middle = len(rows) // 2
    assert list(source.rows(middle)) == found[middle:]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400) | st.text('ab,"\n\r;\0', max_size=200).map(str.encode), start=st.integers(0, 9))
def test_no_bytes_crash_the_reader(tmp_path: Path, data: bytes, start: int) -> None:
    source = opened(tmp_path, b"a,b\n" + data, SourceOptions(encoding="utf-8"))
    everything = list(source.rows())
    assert list(source.rows(start)) == everything[start:]
    assert [row.number for row in everything] == sorted({row.number for row in everything})
