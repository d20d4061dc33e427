"""The venue that client tests run against: a base URL and a way to open accounts, nothing else.

Today it is the gateway over an exchange in the same process. Whoever has a whole `truebook up` at
hand gives it the two members of `Venue`, and every client test runs against that.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from venue.credentials import Credentials
from venue.local import LocalExchange
from venue.server import serving

_numbers = itertools.count(1)


class Venue(NamedTuple):
    """An exchange that is up."""

    url: str
    """http://host:port, without a slash at the end."""
    open_account: Callable[[str, dict[str, str]], Credentials]
    """Opens an account under a new name, credited with amounts of assets."""


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    exchange = LocalExchange()
    with serving(exchange) as url:
        yield Venue(url, exchange.open_account)


@pytest.fixture
def account(venue: Venue) -> Callable[..., Credentials]:
    """Open an account nobody else uses: `account(USDC="1000")`."""

    def opened(**credit: str) -> Credentials:
        return venue.open_account(f"client-{next(_numbers)}", credit)

    return opened
