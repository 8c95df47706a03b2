"""The class of tests. Each runs one check; the checks say what was found and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest

from crmkit.core.fields import EMPTY
from crmkit.core.values.clock import FixedClock
from crmkit.testing.contract.access import check_hidden_fields, check_rights
from crmkit.testing.contract.changing import check_changes
from crmkit.testing.contract.customers import check_erasure, check_merge, check_references
from crmkit.testing.contract.declaration import check_declaration, check_imports
from crmkit.testing.contract.delivery import check_reordered, check_repeated
from crmkit.testing.contract.importing import check_import_time
from crmkit.testing.contract.installing import check_created, check_installing
from crmkit.testing.contract.neighbour import check_after_commit, check_in_transaction
from crmkit.testing.contract.queries import THOUSAND, check_statements
from crmkit.testing.contract.subject import ARRANGEMENTS, Arrangement, Subject
from crmkit.testing.contract.texts import check_translations
from crmkit.testing.contract.world import Step
from crmkit.testing.postgres import PostgresServer

MakeSubject = Callable[..., Subject]

_ALONE = pytest.param("alone", marks=pytest.mark.slow)
_ARRANGED = [_ALONE if arrangement == "alone" else arrangement for arrangement in ARRANGEMENTS]
"""Where the same is tried by other tests of a quick run: alone on each database, or behind all others."""


class PluginContract:
    """Inherit from it in a class ``Test...`` and name the plugin. What the plugin's rules need, methods can say."""

    plugin: Any
    """The plugin: its module or object, or its name where it is installed."""
    config: Mapping[str, Any] = EMPTY
    """The configuration of the applications in which it is tried, as ``crmkit.toml`` would have it."""
    left_out: Sequence[str] = ()
    """Names of its entities that only the plugin itself makes records of."""
    unchanging: Sequence[str] = ()
    """Names of its entities whose records stand as they were made: its rules refuse every change."""
    filled_in: Mapping[str, Sequence[str]] = EMPTY
    """Fields, by entity, that the plugin fills itself whatever people write into them."""
    referring: Mapping[str, Sequence[str]] = EMPTY
    """References, by entity, that its rules need although they may be left open, such as one of two."""
    single: Sequence[str] = ()
    """Names of its entities of which a customer has one record at most, though no unique key says so."""
    repeated: Mapping[str, Sequence[str]] = EMPTY
    """Fields, by entity, that other records of the plugin repeat on purpose: whoever reads these, reads it there."""
    slowest_import: float = 1.5
    """How many times the CPU time of importing ``crmkit.plugin`` importing the plugin with it may take."""

    def values(self, entity: str, number: int) -> Mapping[str, Any]:
        """Return values for fields of the record with this number; the others are generated from their metadata."""
        return {}

    def story(self, customer: UUID) -> Sequence[Step]:
        """Return further steps that happen with a customer, each a function of a session: what is to call its hooks."""
        return ()

    # -- the scene -----------------------------------------------------------------------------------------------

    def subject(
        self, clock: FixedClock, arrangement: Arrangement = "alone", new_database: Callable[[], str] | None = None
    ) -> Subject:
        """Return what the checks work with: the plugin in an arrangement, with what this class says of its rules."""
        return Subject(
            self.plugin,
            clock,
            arrangement,
            self.config,
            self.values,
            self.left_out,
            self.unchanging,
            self.filled_in,
            self.referring,
            self.single,
            self.repeated,
            new_database,
        )

    @pytest.fixture
    def make_subject(self, clock: FixedClock) -> Iterator[MakeSubject]:
        """Makes the subject of checks, in the arrangement that is named."""
        made: list[Subject] = []

        def make(arrangement: Arrangement = "alone") -> Subject:
            made.append(self.subject(clock, arrangement))
            return made[-1]

        yield make
        for subject in made:
            subject.close()

    @pytest.fixture
    def on_server(self, clock: FixedClock, postgres_server: PostgresServer) -> Iterator[Subject]:
        """The plugin with nothing but what it requires, in PostgreSQL databases."""
        plain = self.subject(clock)
        template = postgres_server.template(f"contract-{plain.name}", lambda address: plain.open(url=address).close())
        with ExitStack() as databases:
            subject = self.subject(
                clock, new_database=lambda: databases.enter_context(postgres_server.database(template))
            )
            yield subject
            subject.close()

    @pytest.fixture
    def alone(self, make_subject: MakeSubject) -> Subject:
        """The plugin with nothing but what it requires."""
        return make_subject()

    @pytest.fixture(params=_ARRANGED)
    def arranged(self, request: pytest.FixtureRequest, make_subject: MakeSubject) -> Subject:
        """The plugin alone, among all that are installed, and among them in reversed order; the first in the long run."""
        return make_subject(request.param)

    @pytest.fixture
    def among_others(self, make_subject: MakeSubject) -> Subject:
        """The plugin among all that are installed, where their order is nothing that the check looks at."""
        return make_subject("among others")

    @pytest.fixture(params=(_ALONE, "reversed"))
    def either_way(self, request: pytest.FixtureRequest, make_subject: MakeSubject) -> Subject:
        """The plugin by itself, in the long run, and behind all others."""
        return make_subject(request.param)

    # -- what it has to hold -------------------------------------------------------------------------------------

    def test_it_says_what_it_is(self, alone: Subject) -> None:
        check_declaration(alone)

    def test_it_imports_what_is_kept_stable(self, alone: Subject) -> None:
        check_imports(alone)

    def test_importing_it_is_quick(self, alone: Subject) -> None:
        check_import_time(alone, self.slowest_import)

    def test_all_texts_are_translated(self, alone: Subject) -> None:
        check_translations(alone)

    def test_it_is_installed_removed_and_migrated(self, alone: Subject, database_url: str) -> None:
        check_installing(alone, database_url)

    def test_a_database_is_created_with_it(self, alone: Subject, database_url: str) -> None:
        check_created(alone, database_url)

    def test_among_others_it_is_installed_and_removed(self, make_subject: MakeSubject, sqlite_url: str) -> None:
        check_installing(make_subject("among others"), sqlite_url)

    def test_every_id_says_what_it_refers_to(self, alone: Subject) -> None:
        check_references(alone)

    def test_its_records_are_made_and_changed(self, alone: Subject) -> None:
        check_changes(alone)

    def test_its_records_follow_merged_customers(self, arranged: Subject) -> None:
        check_merge(arranged)

    def test_its_records_follow_merged_customers_in_a_database(self, alone: Subject, database_url: str) -> None:
        check_merge(alone, database_url)

    def test_nothing_of_an_erased_customer_is_left(self, arranged: Subject) -> None:
        check_erasure(arranged)

    def test_nothing_of_an_erased_customer_is_left_in_a_database(self, alone: Subject, database_url: str) -> None:
        check_erasure(alone, database_url)

    def test_nobody_sees_records_without_a_right(self, among_others: Subject) -> None:
        check_rights(among_others)

    def test_hidden_fields_stay_hidden(self, among_others: Subject) -> None:
        check_hidden_fields(among_others)

    def test_events_may_come_again(self, either_way: Subject) -> None:
        check_repeated(either_way, self.story)

    def test_events_may_come_in_another_order(self, alone: Subject) -> None:
        check_reordered(alone, self.story)

    def test_a_neighbour_that_fails_after_commits_does_no_harm(self, among_others: Subject) -> None:
        check_after_commit(among_others, self.story)

    def test_a_neighbour_that_fails_in_a_transaction_aborts_it(self, among_others: Subject) -> None:
        check_in_transaction(among_others)

    def test_many_records_take_no_more_statements_than_few(self, alone: Subject) -> None:
        check_statements(alone)

    @pytest.mark.slow
    def test_a_thousand_records_take_no_more_statements_than_few(self, alone: Subject) -> None:
        check_statements(alone, THOUSAND)

    # -- on a server, in the long run: what the plugin's own SQL does there, and what transactions see of one another ----

    @pytest.mark.slow
    def test_nobody_sees_records_without_a_right_on_a_server(self, on_server: Subject) -> None:
        check_rights(on_server)

    @pytest.mark.slow
    def test_hidden_fields_stay_hidden_on_a_server(self, on_server: Subject) -> None:
        check_hidden_fields(on_server)

    @pytest.mark.slow
    def test_events_may_come_again_on_a_server(self, on_server: Subject) -> None:
        check_repeated(on_server, self.story)

    @pytest.mark.slow
    def test_events_may_come_in_another_order_on_a_server(self, on_server: Subject) -> None:
        check_reordered(on_server, self.story)

    @pytest.mark.slow
    def test_a_neighbour_that_fails_after_commits_does_no_harm_on_a_server(self, on_server: Subject) -> None:
        check_after_commit(on_server, self.story, each=True)

    @pytest.mark.slow
    def test_a_neighbour_that_fails_in_a_transaction_aborts_it_on_a_server(self, on_server: Subject) -> None:
        check_in_transaction(on_server)

    @pytest.mark.slow
    def test_many_records_take_no_more_statements_than_few_on_a_server(self, on_server: Subject) -> None:
        check_statements(on_server)
