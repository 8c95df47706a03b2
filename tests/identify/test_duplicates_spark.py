"""Duplicates on Spark, for bases that one machine does not hold: here its local mode, with two workers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest

from crmkit.runtime.crm import Crm
from crmkit.services.identify.duplicates import find_duplicates
from tests.identify.febrl import people_of_febrl

# Java is the one thing that the package registry does not bring in a form that Spark starts with.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    from pyspark.sql import SparkSession
    from splink.backends.spark import similarity_jar_location

    settings = {
        "spark.jars": similarity_jar_location(),
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


def test_spark_finds_the_duplicates_of_febrl1(spark: Any) -> None:
    from splink import SparkAPI

    names: dict[UUID, str]
    with Crm.open(plugins=[]) as crm:
        names = people_of_febrl(crm)
        people: dict[str, list[str]] = {}
        for name in names.values():
            people.setdefault(name.split("-")[1], []).append(name)
        truth = {frozenset(pair) for records in people.values() for pair in combinations(records, 2)}
        backend = SparkAPI(spark_session=spark, break_lineage_method="persist", num_partitions_on_repartition=1)
        with crm.session(reads=True) as session:
            scored = find_duplicates(session, 0.5, backend)
    found = {frozenset((names[pair.first_id], names[pair.second_id])) for pair in scored}
    precision, recall = len(found & truth) / len(found), len(found & truth) / len(truth)
    print(f"febrl1 on Spark: precision {precision:.3f}, recall {recall:.3f}")
    assert precision >= 0.99
    assert recall >= 0.96
