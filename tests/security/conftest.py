"""A gateway behind a real socket, and what an attacker can see and do."""

import http.client
import json
import socket
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from venue.credentials import Credentials, query_of, signed_headers
from venue.local import LocalExchange
from venue.server import serving

from truebook.api.errors import ApiError
from truebook.api.strict_json import decode


class Answer(NamedTuple):
    status: int
    body: bytes

    @property
    def code(self) -> str:
        return json.loads(self.body)["code"]


class Target:
    """The gateway, and the exchange behind it to look at."""

    def __init__(self, exchange: LocalExchange, url: str) -> None:
        self.exchange = exchange
        self.address = (urlsplit(url).hostname, urlsplit(url).port)
        self.trader = exchange.open_account("trader", {"USDC": "100000", "SOL": "1000"})

    def request(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        try:
            connection.request(method, path, body or None, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()

    def signed(
        self,
        method: str,
        path: str,
        instruction: str,
        body: bytes,
        credentials: Credentials | None = None,
    ) -> Answer:
        """Sign whatever of the body can be signed, so that nothing but the value is wrong."""
        try:
            value = decode(body)
            objects = value if isinstance(value, list) else [value]
            fields = [
                {name: part for name, part in item.items() if isinstance(part, str | bool)}
                for item in objects
            ]
        except (ApiError, AttributeError):
            fields = [{}]
        headers = signed_headers(credentials or self.trader, instruction, *fields)
        return self.request(method, path, body, headers)

    def signed_query(self, path: str, instruction: str, fields: dict[str, object]) -> Answer:
        headers = signed_headers(self.trader, instruction, fields)
        return self.request("GET", f"{path}?{query_of(fields)}", headers=headers)

    def raw(self, data: bytes) -> bytes:
        """Send bytes as they are; everything that comes back until the end."""
        with socket.create_connection(self.address, timeout=20) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while piece := connection.recv(65_536):
                received += piece
        return received

    def is_alive(self) -> bool:
        return self.request("GET", "/api/v1/ping").body == b"pong"


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    exchange = LocalExchange()
    with serving(exchange) as url:
        yield Target(exchange, url)


@pytest.fixture(scope="module")
def changeable() -> Iterator[Target]:
    """Another one, where things may change."""
    exchange = LocalExchange()
    with serving(exchange) as url:
        yield Target(exchange, url)


@pytest.fixture(autouse=True)
def nothing_changes(target: Target) -> Iterator[None]:
    """Whatever a test of this folder sends, the state stays, and the server lives."""
    before = target.exchange.engine.state_hash()
    yield
    assert target.is_alive()
    assert target.exchange.engine.state_hash() == before
