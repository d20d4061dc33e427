"""The databases that the tests of the store are run over: all of them, where they can be had."""

from collections.abc import Callable, Iterator

import pytest
from venue.postgres import Cluster

from truebook.store.sqlite.place import url_of


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """Makes the URL of a new database, in which there is nothing yet."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("databases")
        numbers = iter(range(1_000_000))
        yield lambda: url_of(folder / f"{next(numbers)}.sqlite")
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    made: list[str] = []

    def make() -> str:
        made.append(cluster.create())
        return made[-1]

    yield make
    for url in made:
        cluster.drop(url)


@pytest.fixture
def database(databases: Callable[[], str]) -> str:
    """A new database."""
    return databases()
