"""The venue that client tests run against: a whole exchange, as `truebook up` starts it."""

import asyncio
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from venue import postgres
from venue.credentials import Credentials
from venue.installed import Installed, installed
from venue.late import ccxt, ccxt_async
from venue.redis_server import missing
from venue.services import Services, services

SOL = "SOL/USDC"
ETH = "ETH/USDC"

_numbers = itertools.count(1)


@pytest.fixture(scope="session", params=["up", pytest.param("services", marks=pytest.mark.night)])
def venue(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installed | Services]:
    """An exchange that is up: `url` (http://host:port) and `open_account(name, credit)`; as
    `truebook up` starts it, and at night on servers that it didn't start."""
    folder = tmp_path_factory.mktemp("venue")
    if request.param == "up":
        with installed(folder, "--no-bots") as exchange:
            yield exchange
    else:
        if reason := missing() or postgres.missing():
            pytest.skip(reason)
        with (
            postgres.shared_cluster() as cluster,
            services(folder, database_url=cluster.create()) as system,
        ):
            yield system


@pytest.fixture
def account(venue: Installed) -> Callable[..., Credentials]:
    """Open an account nobody else uses: `account(USDC="1000")`."""

    def opened(**credit: str) -> Credentials:
        return venue.open_account(f"client-{next(_numbers)}", credit)

    return opened


class Asynchronous:
    """The asynchronous client, called like the synchronous one."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.runner = asyncio.Runner()
        self.client = self.runner.run(self._made(options))

    async def _made(self, options: dict[str, Any]) -> Any:
        return ccxt_async.backpack(options)

    def __getattr__(self, name: str) -> Any:
        member = getattr(self.client, name)
        if not callable(member):
            return member

        async def call(*arguments: Any, **named: Any) -> Any:
            answer = member(*arguments, **named)
            return await answer if inspect.isawaitable(answer) else answer

        return lambda *arguments, **named: self.runner.run(call(*arguments, **named))

    def close(self) -> None:
        self.runner.run(self.client.close())
        self.runner.close()


@pytest.fixture(params=["sync", "async"])
def connect(request: Any, venue: Installed) -> Iterator[Callable[..., Any]]:
    """Make clients of this venue; what their accounts leave in the books is cancelled."""
    clients, traders = [], []

    def connected(credentials: Credentials | None = None, **options: Any) -> Any:
        options |= {"enableRateLimit": False}
        if credentials is not None:
            options |= {"apiKey": credentials.api_key, "secret": credentials.api_secret}
        client = (ccxt.backpack if request.param == "sync" else Asynchronous)(options)
        client.urls["api"]["public"] = client.urls["api"]["private"] = venue.url
        clients.append(client)
        if credentials is not None:
            traders.append(client)
        return client

    yield connected
    for trader in traders:
        for symbol in (SOL, ETH):
            trader.cancel_all_orders(symbol)
    for client in clients:
        if isinstance(client, Asynchronous):
            client.close()
