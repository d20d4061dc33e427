"""The venue that client tests run against: a whole exchange, as `truebook up` starts it."""

import itertools
from collections.abc import Callable, Iterator

import pytest
from venue.credentials import Credentials
from venue.installed import Installed, installed

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """An exchange that is up: `url` (http://host:port) and `open_account(name, credit)`."""
    with installed(tmp_path_factory.mktemp("venue"), "--no-bots") as exchange:
        yield exchange


@pytest.fixture
def account(venue: Installed) -> Callable[..., Credentials]:
    """Open an account nobody else uses: `account(USDC="1000")`."""

    def opened(**credit: str) -> Credentials:
        return venue.open_account(f"client-{next(_numbers)}", credit)

    return opened
