"""Two API processes on one log: what one of them must refuse the other refuses too; and what the
exchange refuses while it can't carry orders out is not written."""

import asyncio
import base64
import contextlib
import http.client
import itertools
import json
import os
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from nacl.signing import SigningKey
from rooms.client import CLOSE, Client, handshake
from venue.credentials import Credentials, body_of, signed_headers
from venue.installed import UNLIMITED, Installed, installed, wait_until

from truebook import commands
from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.gateway import Gateway
from truebook.commandlog.server import log_url
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.messages import OrderType, Side

ORDER = "/api/v1/order"
BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
ORDERS_PER_S = 20
PACE_S = 1.2 * 2 / ORDERS_PER_S
"""Between two orders by one of two processes, so that the limit is never reached: each of them
grants half."""
CONNECTIONS_TRIED_MAX = 200


class Answer(NamedTuple):
    status: int
    process: str
    """The part of the request's id that stays the same in a process."""
    retry_after: str | None
    value: Any


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    limits = UNLIMITED | {"TRUEBOOK_LIMITS_ORDERS_PER_S": str(ORDERS_PER_S)}
    options = ("--engine", "naive", "--apis", "2", "--no-bots")
    with installed(tmp_path_factory.mktemp("up") / "data", *options, environment=limits) as up:
        yield up


@pytest.fixture(scope="module")
def trader(exchange):
    return exchange.open_account("trader", {"USDC": "100000"})


_client_ids = itertools.count(1)


def bid() -> dict[str, object]:
    """An order like no other, that rests."""
    return BID | {"clientId": next(_client_ids)}


def asked(
    connection: http.client.HTTPConnection,
    credentials: Credentials,
    value: dict[str, object],
    *,
    headers: dict[str, str] | None = None,
    **more: str,
) -> Answer:
    """Place an order; with `headers` it is signed already."""
    headers = headers or signed_headers(credentials, "orderExecute", value)
    connection.request("POST", ORDER, body_of(value), headers | more)
    return read(connection)


def read(connection: http.client.HTTPConnection) -> Answer:
    response = connection.getresponse()
    process = (response.getheader("X-Request-Id") or "").partition("-")[0]
    retry_after = response.getheader("Retry-After")
    return Answer(response.status, process, retry_after, json.loads(response.read() or b"null"))


def connect(exchange: Installed) -> http.client.HTTPConnection:
    address = urlsplit(exchange.url)
    return http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)


def to_each_process(exchange: Installed) -> list[http.client.HTTPConnection]:
    """A connection to each of the two: the kernel spreads them."""
    found: dict[str, http.client.HTTPConnection] = {}
    for _ in range(CONNECTIONS_TRIED_MAX):
        connection = connect(exchange)
        connection.request("GET", "/api/v1/status")
        process = read(connection).process
        if process in found:
            connection.close()
        found.setdefault(process, connection)
        if len(found) == 2:
            return list(found.values())
    raise AssertionError("all connections went to one process")


def close(connections: list[http.client.HTTPConnection]) -> None:
    for connection in connections:
        connection.close()


def log_end(exchange: Installed) -> str:
    return exchange.run("status", "--json")["logPosition"]


def api_pids(exchange: Installed) -> set[int]:
    return {child["pid"] for child in exchange.processes() if child["role"] == "api"}


def test_a_signature_is_used_up_on_every_process_and_after_they_were_killed(exchange, trader):
    order = bid()
    headers = signed_headers(trader, "orderExecute", order, window=60_000)
    connections = to_each_process(exchange)
    answers = [asked(each, trader, order, headers=headers) for each in connections]
    assert [answer.status for answer in answers] == [200, 409]
    close(connections)
    killed = api_pids(exchange)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: are_new(exchange, killed), 30, "both processes are back")
    connections = to_each_process(exchange)
    for each in connections:
        answer = asked(each, trader, order, headers=headers)
        assert (answer.status, answer.value["code"]) == (409, "PRECONDITION_FAILED")
    close(connections)


def are_new(exchange: Installed, killed: set[int]) -> bool:
    apis = [child for child in exchange.state()["processes"] if child["role"] == "api"]
    return len(apis) == 2 and all(child["serving"] and child["pid"] not in killed for child in apis)


def test_a_client_id_is_one_orders_on_every_process(exchange, trader):
    order = bid()
    connections = to_each_process(exchange)
    first, again = (asked(each, trader, order) for each in connections)
    assert (first.status, again.status, again.value["code"]) == (200, 400, "INVALID_ORDER")
    assert str(first.value["id"]) in json.dumps(again.value), "the live order is named"
    target = {"symbol": order["symbol"], "clientId": order["clientId"]}
    headers = signed_headers(trader, "orderCancel", target)
    connections[1].request("DELETE", ORDER, body_of(target), headers)
    assert read(connections[1]).status == 200
    assert asked(connections[0], trader, order).status == 200
    close(connections)


def test_a_revoked_key_is_refused_on_every_process_soon(exchange):
    somebody = exchange.open_account("somebody", {"USDC": "100000"})
    connections = to_each_process(exchange)
    for each in connections:
        assert asked(each, somebody, bid()).status == 200

    async def subscribed_when_revoked() -> Any:
        client = await websocket(exchange)
        signature = subscription_of(somebody)
        subscribed = await client.ask("SUBSCRIBE", "account.orderUpdate", signature=signature)
        assert subscribed == {"id": 1, "result": None}
        await revoke(exchange, somebody)
        told = await client.hear_json()
        while "error" not in told:  # what became of the orders may be told late
            told = await client.hear_json()
        await client.close()
        return told

    told = asyncio.run(subscribed_when_revoked())
    assert told["error"]["code"] == 4004
    for each in connections:
        wait_until(
            lambda each=each: asked(each, somebody, BID | {"price": "1.001"}).status == 401,
            5,
            "the process has heard of it",
        )
    close(connections)


def test_a_session_that_ended_is_refused_on_every_process_soon(exchange):
    connections = to_each_process(exchange)
    cookie = sign_up(connections[0], "visitor")

    async def heard_when_logged_out() -> Any:
        client = await websocket(exchange, f"Origin: {exchange.url}\r\nCookie: {cookie}\r\n")
        subscribed = await client.ask("SUBSCRIBE", "account.orderUpdate")
        assert subscribed == {"id": 1, "result": None}
        assert person(connections[1], "GET", "/api/v1/auth/session", cookie).status == 200
        assert person(connections[0], "POST", "/api/v1/auth/logout", cookie).status == 200
        heard = await client.hear()
        await client.close()
        return heard.opcode, heard.code

    assert asyncio.run(heard_when_logged_out()) == (CLOSE, 1008)
    for each in connections:
        wait_until(
            lambda each=each: person(each, "GET", "/api/v1/auth/session", cookie).status == 401,
            5,
            "the process has heard of it",
        )
    close(connections)


def test_a_page_of_another_site_gets_no_websocket_with_a_session(exchange):
    connections = to_each_process(exchange)
    cookie = sign_up(connections[0], "victim")
    close(connections)

    async def statuses() -> list[int]:
        pages = ("http://evil.test", exchange.ws_url.replace("ws", "http"), exchange.url)
        found = []
        for page in pages:
            status, client = await shaken(exchange, f"Origin: {page}\r\nCookie: {cookie}\r\n")
            found.append(status)
            await client.close()
        return found

    assert asyncio.run(statuses()) == [403, 101, 101]


def test_orders_that_are_bound_to_a_connection_go_with_it(exchange, trader):
    connection = connect(exchange)

    async def left() -> str:
        await append(exchange, commands.set_rules(2))
        client = await websocket(exchange)
        signature = subscription_of(trader)
        bound = await client.ask("SUBSCRIBE", "account.cancelOnDisconnect", signature=signature)
        assert bound == {"id": 1, "result": None}
        order_id: str = asked(connection, trader, bid()).value["id"]
        assert order_id in open_orders(connection, trader)
        await client.close()
        return order_id

    order_id = asyncio.run(left())
    wait_until(lambda: order_id not in open_orders(connection, trader), 10, "it is cancelled")
    connection.close()


def open_orders(connection: http.client.HTTPConnection, credentials: Credentials) -> set[str]:
    headers = signed_headers(credentials, "orderQueryAll", {})
    connection.request("GET", "/api/v1/orders", headers=headers)
    return {order["id"] for order in read(connection).value}


async def append(exchange: Installed, records: bytes) -> None:
    gateway = await Gateway.start(ValkeyLog(log_url(exchange.data)))
    await gateway.submit(records, 1)
    await gateway.close()


def sign_up(connection: http.client.HTTPConnection, name: str) -> str:
    """The cookie of somebody new."""
    fields = json.dumps({"name": name, "password": "correct horse battery"})
    kind = {"Content-Type": "application/json"}
    connection.request("POST", "/api/v1/auth/signup", fields, kind)
    response = connection.getresponse()
    assert response.status == 200, response.read()
    response.read()
    return (response.getheader("Set-Cookie") or "").partition(";")[0]


def person(connection: http.client.HTTPConnection, method: str, path: str, cookie: str) -> Answer:
    headers = {"Cookie": cookie, "Content-Type": "application/json"}
    connection.request(method, path, "{}" if method == "POST" else None, headers)
    return read(connection)


async def shaken(exchange: Installed, headers: str = "") -> tuple[int, Client]:
    """The answer to a websocket's handshake, and its connection."""
    port = urlsplit(exchange.ws_url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = Client(reader, writer)
    return await handshake(client, headers, host=f"127.0.0.1:{port}"), client


async def websocket(exchange: Installed, headers: str = "") -> Client:
    status, client = await shaken(exchange, headers)
    assert status == 101
    return client


def subscription_of(credentials: Credentials) -> list[str]:
    now = str(time.time_ns() // 1_000_000)
    text = f"instruction=subscribe&timestamp={now}&window=5000"
    signature = SigningKey(credentials.seed).sign(text.encode()).signature
    return [credentials.api_key, base64.b64encode(signature).decode(), now, "5000"]


async def revoke(exchange: Installed, credentials: Credentials) -> None:
    key = base64.b64decode(credentials.api_key)
    await append(
        exchange, commands.set_key(account=credentials.account, public_key=key, permissions=0)
    )


@pytest.mark.parametrize(
    ("setting", "refusing", "usual"),
    [("maxmemory", "1", "0"), ("min-replicas-to-write", "1", "0")],
)
def test_a_log_server_that_takes_no_writes_stops_orders_and_not_reads(
    exchange, trader, setting, refusing, usual
):
    server = BlockingConnection(parse(log_url(exchange.data)))
    server.open()
    connection = connect(exchange)
    before = log_end(exchange)
    server.request("CONFIG", "SET", setting, refusing, seconds=5)
    try:
        for _ in range(3):
            refused = asked(connection, trader, bid())
            assert (refused.status, refused.value["code"]) == (503, "MAINTENANCE")
            assert refused.retry_after == "1"
        headers = signed_headers(trader, "balanceQuery")
        connection.request("GET", "/api/v1/capital", headers=headers)
        assert read(connection).status == 200
        assert log_end(exchange) == before
    finally:
        server.request("CONFIG", "SET", setting, usual, seconds=5)
        server.close()
    wait_until(lambda: asked(connection, trader, bid()).status == 200, 10, "it goes on")
    connection.close()


def test_while_the_engine_stands_still_nothing_is_appended_and_then_it_goes_on(exchange, trader):
    (engine,) = [child["pid"] for child in exchange.processes() if child["role"] == "engine"]
    connection = connect(exchange)
    os.kill(engine, signal.SIGSTOP)
    try:
        wait_until(lambda: is_refused(connection, trader), 10, "the gateway notices")
        server = BlockingConnection(parse(log_url(exchange.data)))
        server.open()
        before = server.request("XLEN", "truebook:{shard0}:log", seconds=5)
        for _ in range(3):
            refused = asked(connection, trader, bid())
            assert (refused.status, refused.value["code"]) == (503, "MAINTENANCE")
            assert refused.retry_after == "1"
        assert server.request("XLEN", "truebook:{shard0}:log", seconds=5) == before
        server.close()
    finally:
        os.kill(engine, signal.SIGCONT)
    connection.close()
    connections = to_each_process(exchange)
    for each in connections:
        wait_until(lambda each=each: asked(each, trader, bid()).status == 200, 20, "it goes on")
    close(connections)


@pytest.mark.parametrize("end", [signal.SIGCONT, signal.SIGKILL])
def test_what_an_engine_reaches_too_late_expires_and_cancellations_are_carried_out(exchange, end):
    somebody = exchange.open_account(f"late {end}", {"USDC": "100000"})
    connection = connect(exchange)
    resting = int(asked(connection, somebody, bid()).value["id"])
    (engine,) = [child["pid"] for child in exchange.processes() if child["role"] == "engine"]
    os.kill(engine, signal.SIGSTOP)
    try:
        late = asyncio.run(append_while_it_stands_still(exchange, somebody, resting))
        wait_until(lambda: is_refused(connection, somebody), 10, "the gateway notices")
    finally:
        os.kill(engine, end)
    wait_until(lambda: asked(connection, somebody, bid()).status == 200, 20, "it goes on")
    found = {order["id"]: order["status"] for order in history(connection, somebody)}
    assert found[str(resting)] == "Cancelled"
    assert found[str(late)] == "Expired"
    connection.close()
    checked = exchange.run("log", "verify", "--json")
    assert checked["found"] == 0, checked["findings"]
    replayed = exchange.run("replay", "--engine", "naive", "--json")
    (engine,) = exchange.run("status", "--json")["engines"]
    assert (replayed["position"], replayed["stateHash"]) == (
        engine["position"],
        engine["stateHash"],
    )


async def append_while_it_stands_still(
    exchange: Installed, credentials: Credentials, resting: int
) -> int:
    """An order with a short deadline, and a cancellation; the order's id."""
    gateway = await Gateway.start(ValkeyLog(log_url(exchange.data)))
    order_id = gateway.next_order_id()
    place = commands.place(
        account=credentials.account,
        market=0,
        order_id=order_id,
        side=Side.BID,
        order_type=OrderType.LIMIT,
        price=9_000,
        quantity=100,
        deadline_ms=100,
    )
    cancel = commands.cancel(account=credentials.account, market=0, order_id=resting)
    await gateway.submit(commands.set_rules(2) + place + cancel, 3)
    await gateway.close()
    return order_id


def history(connection: http.client.HTTPConnection, credentials: Credentials) -> Any:
    fields: dict[str, object] = {"symbol": "SOL_USDC"}
    headers = signed_headers(credentials, "orderHistoryQueryAll", fields)
    connection.request("GET", "/wapi/v1/history/orders?symbol=SOL_USDC", headers=headers)
    answer = read(connection)
    assert answer.status == 200, answer
    return answer.value


def is_refused(connection: http.client.HTTPConnection, trader: Credentials) -> bool:
    """Whether an order is; it doesn't wait for the engine."""
    answer = asked(connection, trader, BID | {"price": "1"}, Prefer="respond-async")
    time.sleep(PACE_S)
    assert answer.status in (202, 503)
    return answer.status == 503


def test_an_account_has_no_more_orders_with_two_processes_than_with_one(exchange, trader):
    connections = to_each_process(exchange)
    start_s = time.monotonic()
    answers = [asked(each, trader, bid()) for _ in range(2 * ORDERS_PER_S) for each in connections]
    allowed = ORDERS_PER_S * (1 + time.monotonic() - start_s)
    close(connections)
    assert {answer.status for answer in answers} == {200, 429}
    assert sum(answer.status == 200 for answer in answers) <= allowed + 2
    assert {a.retry_after for a in answers if a.status == 429} == {"1"}


def test_edited_rows_of_the_history_give_nobody_a_right_a_balance_or_a_key(exchange, trader):
    """Every column of every table of the database, overwritten with what would be worth most."""
    mallory = exchange.open_account("mallory", {"USDC": "1"})
    connection = connect(exchange)
    before = [private(connection, trader), private(connection, mallory)]
    (engine,) = exchange.run("status", "--json")["engines"]
    tables = spoil(exchange.data / "database.sqlite", mallory.account)
    assert {"accounts", "balances", "keys", "orders", "withdrawals"} <= tables
    assert [private(connection, trader), private(connection, mallory)] == before
    rich = asked(connection, mallory, bid())
    assert (rich.status, rich.value["code"]) == (400, "INSUFFICIENT_FUNDS")
    headers = signed_headers(mallory, "adminAccountQueryAll", {})
    connection.request("GET", "/api/v1/admin/accounts", headers=headers)
    assert read(connection).status == 403
    (now,) = exchange.run("status", "--json")["engines"]
    assert now["stateHash"] == exchange.run("replay", "--engine", "naive", "--json")["stateHash"]
    assert now["details"]["accounts"] == engine["details"]["accounts"]
    connection.close()


def private(connection: http.client.HTTPConnection, credentials: Credentials) -> Any:
    """What is the caller's own by right: balances, settings, open orders."""
    found = []
    for path, instruction in (
        ("/api/v1/capital", "balanceQuery"),
        ("/api/v1/account", "accountQuery"),
        ("/api/v1/orders", "orderQueryAll"),
    ):
        connection.request("GET", path, headers=signed_headers(credentials, instruction, {}))
        found.append(read(connection).value)
    return found


def spoil(path: Path, account: int) -> set[str]:
    """Overwrite all columns of all tables, as far as the constraints let somebody; the tables."""
    database = sqlite3.connect(path, timeout=20)
    tables = {
        name
        for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        if not name.startswith("sqlite_")
    }
    for table in tables:
        for column in [row[1] for row in database.execute(f"PRAGMA table_info({table})")]:
            for value in (1 << 60, account, 15):
                with contextlib.suppress(sqlite3.Error), database:
                    database.execute(f"UPDATE {table} SET {column} = ?", (value,))
    database.close()
    return tables
