"""An entry at which the engine died three times: it halts there, says so, and refuses orders."""

import json
import urllib.error
import urllib.request
from typing import Any, NamedTuple

import pytest
from venue.credentials import body_of, signed_headers
from venue.installed import Installed, installed, wait_until

import truebook
from truebook.commandlog.interface import Position
from truebook.commandlog.progress import STOPS_MAX, Progress

NAIVE = ("--engine", "naive", "--no-bots")
BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}


class Answer(NamedTuple):
    status: int
    headers: Any
    body: Any


def asked(url, method, credentials, instruction, path, fields=None):
    headers = signed_headers(credentials, instruction, fields or {})
    data = body_of(fields) if fields else None
    request = urllib.request.Request(f"{url}/api/v1/{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return Answer(response.status, response.headers, json.load(response))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, json.load(error))


def serving(exchange):
    """The roles that do their work."""
    return {child["role"] for child in exchange.state()["processes"] if child["serving"]}


@pytest.fixture
def poisoned(tmp_path):
    """A folder on whose last entry the engine has died three times, as its file says."""
    data = tmp_path / "data"
    with installed(data, *NAIVE) as exchange:
        alice = exchange.open_account("alice", {"USDC": "100"})
        exchange.open_account("bob", {})
        position = Position.parse(exchange.run("status", "--json")["logPosition"])
    for _ in range(STOPS_MAX + 1):
        progress = Progress(data / "run" / "engine-1.progress", truebook.__version__)
        progress.begin(position, position)
        progress.close()
    return data, position, alice


def test_a_halted_engine_is_told_and_orders_are_not_announced(poisoned):
    data, position, alice = poisoned
    exchange = Installed(data, *NAIVE)
    exchange.start()
    try:
        told = f"engine-1 is halted at {position}: it died three times there"
        wait_until(lambda: told in exchange.said(), 30, "the halt is told")
        (engine,) = exchange.run("status", "--json")["engines"]
        assert engine["halted"] == str(position)
        wait_until(lambda: {"api"} <= serving(exchange), 30, "the API serves")
        url = exchange.state()["url"]
        log_end = exchange.run("status", "--json")["logPosition"]
        refused = asked(url, "POST", alice, "orderExecute", "order", BID)
        assert (refused.status, refused.body["code"]) == (503, "MAINTENANCE")
        assert refused.headers["Retry-After"] == "1"
        assert exchange.run("status", "--json")["logPosition"] == log_end
        found = asked(url, "GET", alice, "balanceQuery", "capital")
        assert found.body["USDC"]["available"] == "100"
    finally:
        assert exchange.interrupt() == 0
    assert "ready" not in exchange.said()
