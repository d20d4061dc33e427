"""The whole system, each role alone and as a user of its own, on servers that it didn't start."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from venue.installed import wait_until
from venue.late import ccxt
from venue.redis_server import PASSWORD
from venue.services import Services

SOL = "SOL/USDC"


def client(system: Services, name: str, credit: dict[str, str]) -> Any:
    credentials = system.open_account(name, credit)
    keys = {"apiKey": credentials.api_key, "secret": credentials.api_secret}
    found = ccxt.backpack({**keys, "enableRateLimit": False})
    found.urls["api"]["public"] = found.urls["api"]["private"] = system.url
    return found


def told(answer: Callable[[], Any], expected: Any) -> None:
    """Wait until every gateway tells it: twice running, since they take turns."""
    wait_until(lambda: answer() == expected == answer(), 30, f"{expected} is told")


def test_clients_trade_over_every_gateway(system):
    buyer = client(system, "buyer", {"USDC": "10000"})
    seller = client(system, "seller", {"SOL": "100"})
    # The next connection goes to the other gateway, which may learn of an order a moment later.
    for price in (90, 91, 92, 93):
        asked = seller.create_order(SOL, "limit", "sell", 1, price)
        told(lambda: [order["id"] for order in seller.fetch_open_orders(SOL)], [asked["id"]])
        bought = buyer.create_order(SOL, "limit", "buy", 1, price)
        assert (bought["status"], bought["filled"]) == ("closed", 1)
        told(lambda: seller.fetch_open_orders(SOL), [])
    told(lambda: buyer.fetch_balance()["USDC"]["total"], 10_000 - 366)
    prices = [90, 91, 92, 93]
    told(lambda: [trade["price"] for trade in buyer.fetch_trades(SOL, limit=4)], prices)
    told(lambda: len(buyer.fetch_my_trades(SOL)), 4)


def test_no_role_was_refused_anything_by_its_server(system):
    for server in (system.log, system.bus):
        assert server.ask("ACL", "LOG") == []


def test_passwords_appear_nowhere(system):
    said = [role.said() for role in system.roles]
    said.append(json.dumps(system.run("status", "--json")))
    for role in system.roles:
        said.append(Path(f"/proc/{role.process.pid}/cmdline").read_text())
    for text in said:
        assert PASSWORD not in text
        assert quote(PASSWORD, safe="") not in text


def test_all_is_well(system):
    status = system.run("status", "--json")
    assert status["reasons"] == []
    assert [engine["engine"] for engine in status["engines"]] == ["engine-1", "engine-2"]
    assert len({engine["stateHash"] for engine in status["engines"]}) == 1
    (witness,) = (role for role in status["roles"] if role["role"] == "witness")
    assert witness["details"]["trusted"] == "engine-1, engine-2"


def test_to_found_an_exchange_twice_does_nothing(system):
    assert system.run("found", "--json") == {"founded": False}
