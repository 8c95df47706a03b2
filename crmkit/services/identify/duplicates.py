"""Duplicates among all customers: pairs that are likely one party, found by Splink on DuckDB, directly in a small base.

Splink (Fellegi and Sunter's model, its weights learnt from the base itself by expectation maximisation) needs the extra
``identity``. Customers travel through a file, so that memory holds their ids and the pairs found; what one machine cannot
compare runs on Spark: ``find_duplicates`` takes any backend of Splink.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import combinations, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.errors import BadInput, ConfigError
from crmkit.core.frozen import frozen
from crmkit.core.identity import NotTheSame
from crmkit.core.matching import Party, Reason, compare, match_keys
from crmkit.core.messages import msg
from crmkit.services.identify.comparisons import (
    COLUMNS,
    columns_of,
    present_columns,
    prior,
    settings,
    sure_pairs,
    training_rules,
)
from crmkit.store.chunks import in_chunks
from crmkit.store.recognition import parties
from crmkit.store.session import Session

if TYPE_CHECKING:
    from splink import Linker

SMALL = 500
"""Fewer customers teach a model nothing; they are compared with the weights that recognition uses."""

LARGEST_BLOCK = 200
"""Customers of one match key that are compared with one another in a small base."""

TEACHING = 20
"""Pairs that are surely one party, without which a model learns nothing and customers are compared directly, too."""

LEAST_COLUMNS = 6
"""Columns that hold anything at all; of fewer, each teaches the others too little."""

TAUGHT_BY = 100_000
"""Customers that the weights are learnt from; a sample of as many in a larger base."""

PAGE = 2_000


ROWS = 50_000
"""Customers written to Splink's file at a time."""

Likely = tuple[UUID, UUID, float]
"""Two customers and how likely they are one."""


@frozen
class DuplicatePair:
    """Two customers that are likely one. ``score`` is 0 to 1; ``reasons`` say what agrees and what differs."""

    first_id: UUID
    second_id: UUID
    first_name: str
    second_name: str
    score: float
    reasons: tuple[Reason, ...]


def find_duplicates(session: Session, threshold: float = 0.9, backend: Any = None) -> list[DuplicatePair]:
    """Return the pairs that score at least ``threshold``, the likeliest first, among the customers the actor may see.

    Pairs that somebody marked as not the same are left out. ``backend`` is a database API of Splink, by default DuckDB
    in memory. Raises ConfigError when the extra is not installed, BadInput for a threshold outside 0 to 1.
    """
    if not 0 <= threshold <= 1:
        raise BadInput(msg("threshold {value}: expected a number from 0 to 1", value=str(threshold)))
    ids = [row[0] for row in session.execute(sa.select(session.table(Customer).c.id))]
    small = len(ids) < SMALL and backend is None
    pairs = _small(_all_parties(session, ids)) if small else _splink(session, ids, threshold, backend)
    apart = {frozenset((pair.first_id, pair.second_id)) for pair in session.list(NotTheSame)}
    likely = [
        (first, second, score)
        for first, second, score in pairs
        if score >= threshold and frozenset((first, second)) not in apart
    ]
    found = [pair for chunk in in_chunks(likely, PAGE) for pair in _explained(session, chunk)]
    return sorted(found, key=lambda pair: (-pair.score, str(pair.first_id), str(pair.second_id)))


def _all_parties(session: Session, ids: Sequence[UUID]) -> Iterator[tuple[UUID, Party]]:
    for chunk in in_chunks(ids, PAGE):
        yield from parties(session, chunk).items()


def _explained(session: Session, likely: Sequence[Likely]) -> Iterator[DuplicatePair]:
    known = parties(session, {id for first, second, _ in likely for id in (first, second)})
    for first, second, score in likely:
        low, high = sorted((first, second))
        a, b = known[low], known[high]
        names = [party.names[0] if party.names else "" for party in (a, b)]
        yield DuplicatePair(low, high, names[0], names[1], round(score, 4), compare(a, b).reasons)


def _small(all_parties: Iterable[tuple[UUID, Party]]) -> Iterable[Likely]:
    known = dict(all_parties)
    blocks: dict[int, list[UUID]] = {}
    for id, party in known.items():
        for key in match_keys(party):
            blocks.setdefault(key, []).append(id)
    pairs = {pair for ids in blocks.values() for pair in combinations(ids[:LARGEST_BLOCK], 2)}
    for first, second in pairs:
        if _one_kind(known[first], known[second]):
            yield first, second, compare(known[first], known[second]).score


def _one_kind(a: Party, b: Party) -> bool:
    return a.kind == b.kind


def _splink(session: Session, ids: Sequence[UUID], threshold: float, backend: Any) -> Iterable[Likely]:
    try:
        import duckdb
        from splink import Linker
        from splink.backends.duckdb import DuckDBAPI

        parquet: Any = import_module("pyarrow.parquet")  # it comes without types
    except ImportError:
        raise ConfigError(msg("finding duplicates needs Splink: install crmkit[identity]")) from None
    with tempfile.TemporaryDirectory(prefix="crmkit-duplicates-") as folder:
        file = Path(folder, "customers.parquet").as_posix()
        _write(parquet, file, _all_parties(session, ids))
        with duckdb.connect() as connection:
            present, sure = present_columns(connection, file), sure_pairs(connection, file)
        if sure < TEACHING or len(present) < LEAST_COLUMNS:
            yield from _small(_all_parties(session, ids))
            return
        spark = getattr(backend, "spark", None)
        table = parquet.read_table(file) if spark is None else spark.read.parquet(file)
        api = backend if backend is not None else DuckDBAPI()
        linker = Linker(api.register(table), settings(present, prior(sure, len(ids))), log_level=logging.ERROR)
        _train(linker, present, len(ids))
        predicted = linker.inference.predict(threshold_match_probability=threshold, warning_mode="never")
        for row in predicted.as_record_list():
            yield UUID(row["unique_id_l"]), UUID(row["unique_id_r"]), float(row["match_probability"])


def _write(parquet: Any, file: str, all_parties: Iterable[tuple[UUID, Party]]) -> None:
    """Write the columns that Splink compares to a file, a chunk at a time: all customers fit no memory."""
    pyarrow: Any = import_module("pyarrow")
    text, texts = pyarrow.string(), pyarrow.list_(pyarrow.string())
    schema = pyarrow.schema([(name, texts if name in ("emails", "phones") else text) for name in COLUMNS])
    with parquet.ParquetWriter(file, schema) as writer:
        rows = (columns_of(id, party) for id, party in all_parties)
        while chunk := list(islice(rows, ROWS)):
            writer.write_table(pyarrow.Table.from_pylist(chunk, schema=schema))


def _train(linker: Linker, present: set[str], size: int) -> None:
    from splink.internals.exceptions import EMTrainingException

    training, share = linker.training, min(1.0, TAUGHT_BY / size)
    training.estimate_u_using_random_sampling(max_pairs=1_000_000, seed=1, num_chunks=1)
    for rule in training_rules(present):
        # A rule that no two customers meet teaches nothing; Splink's own weights stay.
        with suppress(EMTrainingException):
            training.estimate_parameters_using_expectation_maximisation(
                rule, fix_probability_two_random_records_match=True, record_sample_proportion=share
            )
