"""SQL dumps: Northwind as published, and the ways in which programs write the same rows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmkit.core.errors import BadInput
from crmkit.services.importing.sources import Source, SourceOptions, open_sources

SHARED = Path(__file__).resolve().parents[3] / "shared"

OWN = r"""
CREATE TABLE customers (customer_id character varying(5) NOT NULL, company_name text, address text);
CREATE TABLE employees (employee_id smallint NOT NULL, last_name text, photo bytea, reports_to smallint);
CREATE TABLE order_details (order_id smallint, unit_price real, quantity smallint, discount real);
CREATE TABLE nothing (id int);
INSERT INTO customers VALUES ('BOTTM', 'Bottom-Dollar Markets', 'Joe''s \n 23');
INSERT INTO employees VALUES (1, 'Davolio', '\x', 2);
INSERT INTO employees VALUES (2, 'Fuller', '\x', NULL);
INSERT INTO order_details VALUES (10248, 9.80000019, 10, 0.150000006);
"""


def opened(path: Path, text: str | bytes) -> dict[str, Source]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_sources(path)


def values(source: Source) -> list[list[Any]]:
    rows = list(source.rows())
    assert [row.problem for row in rows] == [None] * len(rows)
    return [list(row.values.values()) for row in rows]


def test_northwind(tmp_path: Path) -> None:
    if SHARED.is_dir():
        sources = open_sources(SHARED / "data" / "northwind" / "northwind.sql")
        assert {name: source.size_hint() for name, source in sources.items()} == {
            "categories": 8,
            "customers": 91,
            "employees": 9,
            "employee_territories": 49,
            "order_details": 2155,
            "orders": 830,
            "products": 77,
            "region": 4,
            "shippers": 6,
            "suppliers": 29,
            "territories": 53,
            "us_states": 51,
        }
        streets = [row.values["address"] for row in sources["customers"].rows() if row.values["customer_id"] == "ALFKI"]
        assert streets == ["Obere Str. 57"]
        assert "507 - 20th Ave. E.\\nApt. 2A" in [row.values["address"] for row in sources["employees"].rows()]
        assert [row.values["reports_to"] for row in sources["employees"].rows()].count(None) == 1
    else:
        sources = opened(tmp_path / "own.sql", OWN)
        assert list(sources) == ["customers", "employees", "order_details"]
        assert next(iter(sources["customers"].rows())).values["address"] == r"Joe's \n 23"
    assert sources["customers"].columns[:2] == ("customer_id", "company_name")
    names = [row.values["company_name"] for row in sources["customers"].rows()]
    assert "Bottom-Dollar Markets" in names
    for name, source in sources.items():
        rows = list(source.rows())
        assert [row.problem for row in rows] == [None] * source.size_hint(), name  # type: ignore[operator]
        assert not [value for row in rows for value in row.values.values() if isinstance(value, float)]
        assert list(source.rows(5)) == rows[5:]
    assert {row.values["photo"] for row in sources["employees"].rows()} == {None}
    prices = [str(row.values["unit_price"]) for row in sources["order_details"].rows()]
    assert "9.80000019" in prices


def test_several_rows_columns_and_constants(tmp_path: Path) -> None:
    text = r"""-- it's a comment; with a quote
/* another 'one; */
CREATE TABLE IF NOT EXISTS "public"."My table" (id int PRIMARY KEY, "key" text, n numeric(10,2) DEFAULT (3), ok boolean,
  at timestamp, CONSTRAINT c CHECK (n > 0), UNIQUE (id, n));
INSERT INTO public."My table" VALUES (1, 'a;b(c''d', -1.50, TRUE, '2020-01-31'::date), (2, E'x\'y\n', 1e3, false, NULL),
  (3, $$it's$$, .5, NULL, TIMESTAMP '2020-01-31') ON CONFLICT (id) DO UPDATE SET n = (7);
insert into "My table" ("key", id) values ('last', 00012);
INSERT INTO "My table" VALUES (4, now(), 1, true, null);
INSERT INTO "My table" VALUES (5, 'short');
INSERT INTO "My table" SELECT * FROM other;
INSERT INTO sales.other VALUES (X'00FF', 99999999999999999999, +3)
"""
    sources = opened(tmp_path / "t.sql", text)
    assert list(sources) == ["My table", "sales.other"]
    table = sources["My table"]
    assert table.columns == ("id", "key", "n", "ok", "at")
    rows = list(table.rows())
    assert [list(row.values.values()) for row in rows if row.problem is None] == [
        [1, "a;b(c'd", Decimal("-1.50"), True, "2020-01-31"],
        [2, "x'y\n", Decimal("1000"), False, None],
        [3, "it's", Decimal("0.5"), None, "2020-01-31"],
        [12, "last", None, None, None],
    ]
    faults = {row.number: str(row.problem) for row in rows if row.problem}
    assert list(faults) == [5, 6, 7]
    assert faults[5].startswith("line 8: “now ( )” is no constant value")
    assert faults[6] == "line 9: 2 values for 5 columns"
    assert "only INSERT ... VALUES is read" in faults[7]
    assert values(sources["sales.other"]) == [["\\x00FF", 99999999999999999999, 3]]
    assert sources["sales.other"].columns == ("column_1", "column_2", "column_3")


def test_mysql(tmp_path: Path) -> None:
    text = r"""-- MySQL dump 10.13
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS `cust``omer`;
CREATE TABLE `cust``omer` (
  `id` int NOT NULL AUTO_INCREMENT,
  `name` varchar(50) DEFAULT 'a;b',  # it's a name
  `data` blob,
  PRIMARY KEY (`id`),
  KEY `by_name` (`name`)
) ENGINE=InnoDB;
/*!40000 ALTER TABLE `customer` DISABLE KEYS */;
INSERT INTO `cust``omer` VALUES (1,'O\'Neil\n\\ (x)',NULL),(2,'don''t; stop',_binary 'ab'),(3,"dq \" '",0x4142);
DELIMITER ;;
CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN INSERT INTO log VALUES (1); END ;;
DELIMITER ;
REPLACE INTO `other` (`a`) VALUES (-5);
"""
    sources = opened(tmp_path / "t.sql", text)
    assert list(sources) == ["cust`omer", "other"]
    assert sources["cust`omer"].columns == ("id", "name", "data")
    assert values(sources["cust`omer"]) == [
        [1, "O'Neil\n\\ (x)", None],
        [2, "don't; stop", "ab"],
        [3, "dq \" '", "\\x4142"],
    ]
    assert values(sources["other"]) == [[-5]]
    assert sources["other"].columns == ("a",)


def test_sql_server(tmp_path: Path) -> None:
    text = """SET IDENTITY_INSERT [dbo].[Cust omer] ON
GO
CREATE TABLE [dbo].[Cust omer]([Id] [int] NOT NULL, [Name] [nvarchar](50) NULL)
GO
INSERT [dbo].[Cust omer] ([Id], [Name]) VALUES (1, N'Ann''s')
INSERT [dbo].[Cust omer] ([Id], [Name]) VALUES (2, CAST(N'2020-01-31' AS Date))
GO
"""
    sources = opened(tmp_path / "t.sql", text.encode("utf-16"))
    assert values(sources["Cust omer"]) == [[1, "Ann's"], [2, "2020-01-31"]]
    assert sources["Cust omer"].columns == ("Id", "Name")


def test_copy_blocks(tmp_path: Path) -> None:
    text = (
        "\\restrict abc'def\n"
        "CREATE TABLE public.c (id integer NOT NULL, name text, price numeric(5,2), ok boolean);\n"
        "COPY public.c (id, name, price, ok) FROM stdin;\n"
        "1\tit's; (a) \\t tab\\\\\t9.80\tt\n"
        "2\t\\N\t\\N\tf\n"
        "x\tbad\t1\tt\n"
        "4\tshort\n"
        "\\.\n"
        "INSERT INTO c VALUES (5, 'after', 1, true);\n"
    )
    (source,) = opened(tmp_path / "t.sql", text).values()
    rows = list(source.rows())
    assert [list(row.values.values()) for row in rows if not row.problem] == [
        [1, "it's; (a) \t tab\\", Decimal("9.80"), True],
        [2, None, None, False],
        [5, "after", 1, True],
    ]
    assert [str(row.problem) for row in rows if row.problem] == [
        "line 6: x is no number",
        "line 7: 2 values for 4 columns",
    ]


def test_a_statement_of_many_pieces_streams(tmp_path: Path) -> None:
    count = 20_000
    rows = ",\n".join(f"({number}, 'text ''quoted'' ({number}); -- no comment', {number}.5)" for number in range(count))
    (source,) = opened(tmp_path / "t.sql", f"INSERT INTO t (a, b, c) VALUES {rows};").values()
    assert source.size_hint() == count
    last = list(source.batches(start=count - 3, size=2))
    assert [batch.numbers for batch in last] == [[count - 2, count - 1], [count]]
    assert last[-1].rows == [[count - 1, f"text 'quoted' ({count - 1}); -- no comment", Decimal(f"{count - 1}.5")]]
    assert last[-1].position == count


def test_unclosed_quotes_and_giant_rows_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"t\.sql, line 2: ' is opened and never closed"):
        opened(tmp_path / "t.sql", "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES ('open);\n")
    path = tmp_path / "t.sql"
    path.write_text("INSERT INTO t VALUES (1);\n\nINSERT INTO t VALUES ('" + "x" * 1_000_000 + "');\n")
    with pytest.raises(BadInput, match="line 3: a statement or row of more than 262144 characters"):
        open_sources(path, {"t": SourceOptions(max_field_bytes=1000)})
    assert opened(path, "-- nothing but a comment") == {}


def test_undecodable_bytes_spoil_their_own_row_alone(tmp_path: Path) -> None:
    lines = ["INSERT INTO t (a) VALUES ('äö');\n".encode()] * 3 + [b"INSERT INTO t (a) VALUES ('\xff'), ('ok');\n"]
    (source,) = opened(tmp_path / "t.sql", b"".join(lines)).values()
    assert [row.values.get("a") for row in source.rows()] == ["äö", "äö", "äö", None, "ok"]
    assert [row.number for row in source.rows() if row.problem] == [4]
