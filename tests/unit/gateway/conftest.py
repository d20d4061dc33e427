"""A gateway over an exchange in the same process, and two who trade on it."""

import pytest
from venue.asgi import Client
from venue.database import history_of
from venue.local import LocalExchange

from truebook.api.app import Application
from truebook.plain.codec import Codec


@pytest.fixture
def exchange():
    return LocalExchange()


@pytest.fixture
def application(exchange):
    with history_of(exchange) as history:
        yield Application(exchange, history, codec=Codec())


@pytest.fixture
def public(application):
    return Client(application)


@pytest.fixture
def alice(exchange, application):
    return Client(application, exchange.open_account("alice", {"USDC": "100000", "SOL": "1000"}))


@pytest.fixture
def bob(exchange, application):
    return Client(application, exchange.open_account("bob", {"USDC": "100000", "SOL": "1000"}))
