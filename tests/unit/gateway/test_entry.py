"""Order entry by websocket: what each answer promises; the same as by HTTP."""

import base64
import itertools
import socket
import time
from urllib.parse import urlsplit

import pytest
from rooms.client import frame
from venue.asgi import Client
from venue.credentials import Credentials
from venue.database import history_of
from venue.entry import UPGRADE, EntryClient, logon_params
from venue.local import LocalExchange
from venue.server import serving

from truebook import commands
from truebook.api.app import Application
from truebook.api.entry import session
from truebook.api.serve import Door
from truebook.api.throttle import Rates
from truebook.asking import TimedOut
from truebook.commandlog.interface import LogUnavailable
from truebook.messages import Permission, Timer

BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
MARKET = {"symbol": "SOL_USDC"}
NUMBERS = itertools.count(1)
FUNDS = {"USDC": "100000", "SOL": "1000"}


@pytest.fixture(scope="module")
def exchange():
    return LocalExchange()


@pytest.fixture(scope="module")
def url(exchange):
    with serving(exchange) as url:
        yield url


@pytest.fixture
def alice(exchange):
    return exchange.open_account(f"alice {next(NUMBERS)}", FUNDS)


@pytest.fixture
def client(url, alice):
    with EntryClient(url) as connected:
        yield connected.log_on(alice)


def place(client, **changes):
    answer = client.ask("order.place", BID | changes)
    assert answer["status"] == 200, answer
    return answer["result"]


def waits_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_session_tells_who_it_is_from_logon_to_logout(url, alice):
    with EntryClient(url) as client:
        assert client.ask("session.status")["result"]["apiKey"] is None
        assert client.ask("order.place", BID)["status"] == 401
        told = client.ask("session.logon", logon_params(alice))["result"]
        assert told["apiKey"] == alice.api_key
        assert told["authorizedSince"] <= told["serverTime"]
        assert client.ask("session.status")["result"]["apiKey"] == alice.api_key
        assert client.ask("session.logon", logon_params(alice))["status"] == 400
        assert place(client)["status"] == "New"
        assert client.ask("session.logout")["result"]["apiKey"] is None
        assert client.ask("order.cancelAll", MARKET)["error"]["code"] == "UNAUTHORIZED"
        assert client.log_on(alice).ask("order.cancelAll", MARKET)["status"] == 200
        assert client.ask("ping") == {"status": 200, "result": {}}


def test_orders_are_placed_amended_and_cancelled(client):
    placed = place(client, clientId=5)
    amended = client.ask("order.amend", MARKET | {"clientId": 5, "price": "91", "quantity": "2"})
    assert amended["result"] == placed | {"price": "91", "quantity": "2"}
    cancelled = client.ask("order.cancel", MARKET | {"orderId": placed["id"]})
    assert cancelled["result"] == amended["result"] | {"status": "Cancelled"}
    assert client.ask("order.cancel", MARKET | {"orderId": placed["id"]})["status"] == 404


def test_a_batch_answers_each_order_in_its_place(client):
    orders = [BID, BID | {"price": "x"}, BID | {"symbol": "X_Y"}, BID | {"side": "Ask"}]
    results = client.ask("orders.place", {"orders": orders})["result"]
    assert [result["operation"] for result in results] == ["Ok", "Err", "Err", "Ok"]
    assert client.ask("orders.place", {"orders": orders[1:3]})["result"] == results[1:3]
    for wrong in ([], {}, [BID] * 101, ["x"], None):
        assert client.ask("orders.place", {"orders": wrong})["error"]["field"] == "orders"


@pytest.mark.parametrize(
    ("method", "path", "call", "params"),
    [
        ("POST", "/api/v1/order", "order.place", BID | {"price": "1.001"}),
        ("POST", "/api/v1/order", "order.place", BID | {"quantity": "0"}),
        ("POST", "/api/v1/order", "order.place", BID | {"price": "1"}),
        ("POST", "/api/v1/order", "order.place", BID | {"side": "Both"}),
        ("POST", "/api/v1/order", "order.place", BID | {"stopLossLimitPrice": "1"}),
        ("POST", "/api/v1/order", "order.place", BID | {"quantity": "10000"}),
        ("POST", "/api/v1/order", "order.place", MARKET),
        ("PATCH", "/api/v1/order", "order.amend", BID | {"orderId": "1"}),
        ("PATCH", "/api/v1/order", "order.amend", MARKET | {"orderId": "1"}),
        ("DELETE", "/api/v1/order", "order.cancel", MARKET | {"clientId": 9}),
        ("DELETE", "/api/v1/order", "order.cancel", MARKET),
        ("DELETE", "/api/v1/orders", "order.cancelAll", MARKET | {"orderType": "None"}),
        ("DELETE", "/api/v1/orders", "order.cancelAll", {}),
    ],
)
def test_what_is_refused_is_refused_as_by_http(exchange, client, alice, method, path, call, params):
    with history_of(exchange) as history:
        by_http = Client(Application(exchange, history), alice).call(method, path, params)
    assert client.ask(call, params) == {"status": by_http.status, "error": by_http.json}
    assert by_http.status >= 400


def test_what_comes_at_once_is_one_submission_and_is_answered_in_order(exchange, client):
    before = exchange.submissions
    client.send(*[{"id": n, "method": "order.place", "params": BID} for n in range(100)])
    assert [client.hear()["id"] for _ in range(100)] == list(range(100))
    assert exchange.submissions == before + 1


def test_each_request_of_many_gets_its_own_outcome(client):
    requests = [
        ("order.place", BID | {"clientId": 1}),
        ("order.place", BID | {"clientId": 2}),
        ("order.cancelAll", MARKET),
        ("order.cancelAll", MARKET),
        ("orders.place", {"orders": [BID | {"clientId": 3}, BID | {"clientId": 3}]}),
        ("order.cancel", MARKET | {"clientId": 1}),
        ("order.place", BID | {"clientId": 4}),
    ]
    client.send(*[{"id": n, "method": m, "params": p} for n, (m, p) in enumerate(requests)])
    answers = [client.hear() for _ in requests]
    assert [answer["id"] for answer in answers] == list(range(7))
    assert [answer["status"] for answer in answers] == [200] * 5 + [404, 200]
    assert [order["clientId"] for order in answers[2]["result"]] == [1, 2]
    assert answers[3]["result"] == []
    assert [one["operation"] for one in answers[4]["result"]] == ["Ok", "Err"]
    assert answers[6]["result"]["clientId"] == 4


@pytest.mark.parametrize("request_id", [0, -7, 10**17, "x" * 64, 'quote "ü', None])
def test_an_id_comes_back_as_it_was(client, request_id):
    client.send({"id": request_id, "method": "ping"})
    assert client.hear() == {"id": request_id, "status": 200, "result": {}}


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"id": 1.5, "method": "ping"}, "id"),
        ({"id": "x" * 65, "method": "ping"}, "id"),
        ({"id": {}, "method": "ping"}, "id"),
        ({"id": 1}, "method"),
        ({"id": 1, "method": "order.steal"}, "method"),
        ({"id": 1, "method": 7}, "method"),
        ({"id": 1, "method": "order.place", "params": []}, "params"),
        ({"id": 1, "method": "order.place", "params": BID | {"deadline": 0}}, "deadline"),
        ({"id": 1, "method": "order.place", "params": BID | {"deadline": [1]}}, "deadline"),
        ([], None),
        (b"{", None),
        (b'{"id": 1, "id": 2}', None),
    ],
)
def test_what_is_no_request_is_answered_with_the_reason(client, message, field):
    client.send(message)
    answer = client.hear()
    assert (answer["status"], answer["error"].get("field")) == (400, field)
    assert place(client)


def test_a_deadline_goes_with_the_command(exchange, client, monkeypatch):
    seen = []
    apply = exchange.apply
    monkeypatch.setattr(exchange, "apply", lambda records: seen.append(records) or apply(records))
    client.ask("order.place", BID | {"deadline": 250})
    client.ask("orders.place", {"orders": [BID], "deadline": "250"})
    assert [int.from_bytes(record[48:52], "little") for record in seen] == [250, 250]


def test_an_unknown_outcome_names_the_orders(exchange, client):
    exchange.failure = TimedOut("no answer")
    try:
        one = client.ask("order.place", BID)
        many = client.ask("orders.place", {"orders": [BID, BID]})
    finally:
        exchange.failure = None
    assert (one["status"], one["error"]["code"]) == (504, "TIMEOUT")
    assert int(one["error"]["id"]) < int(many["error"]["ids"][0]) < int(many["error"]["ids"][1])


def test_what_the_log_does_not_take_was_not_done_and_may_be_sent_again(exchange, client):
    exchange.failure = LogUnavailable("away")
    try:
        answer = client.ask("order.place", BID)
    finally:
        exchange.failure = None
    assert (answer["status"], answer["error"]["retryAfter"]) == (503, 1)
    assert place(client)


def test_another_accounts_order_is_as_if_unknown(exchange, url, client):
    theirs = place(client, clientId=77)
    other = exchange.open_account("other", FUNDS)
    with EntryClient(url) as thief:
        thief.log_on(other)
        for target in ({"orderId": theirs["id"]}, {"clientId": 77}):
            assert thief.ask("order.cancel", MARKET | target)["status"] == 404
            change = MARKET | target | {"price": "91", "quantity": "1"}
            assert thief.ask("order.amend", change)["status"] == 404
        assert thief.ask("order.cancelAll", MARKET)["result"] == []


def test_a_logon_counts_once_on_whatever_connection(url, alice):
    params = logon_params(alice)
    with EntryClient(url) as first, EntryClient(url) as second:
        assert first.ask("session.logon", params)["status"] == 200
        assert second.ask("session.logon", params)["status"] == 409
        assert second.ask("order.place", BID)["status"] == 401


def test_who_is_not_who_they_say_is_not_let_in(exchange, url, alice):
    reader = exchange.open_account("reads", FUNDS, Permission.READ)
    unknown = Credentials(0, bytes(32))
    old = logon_params(alice, timestamp=time.time_ns() // 1_000_000 - 6_000)
    good = logon_params(alice)
    changed = good["signature"][:-4] + ("AAA=" if good["signature"][-4:] != "AAA=" else "BBB=")
    cases = [
        (logon_params(alice, instruction="orderExecute"), 401),
        (logon_params(alice, instruction="subscribe"), 401),
        (good | {"signature": changed}, 401),
        (good | {"timestamp": good["timestamp"] + 1}, 401),
        (good | {"cancelOnDisconnect": False}, 401),
        (good | {"apiKey": base64.b64encode(bytes(31)).decode()}, 401),
        (good | {"apiKey": None}, 401),
        (good | {"signature": "x" * 200}, 400),
        (good | {"window": "60001"}, 400),
        (good | {"cancelOnDisconnect": "true"}, 400),
        (logon_params(unknown), 401),
        (logon_params(reader), 403),
        (old, 400),
    ]
    with EntryClient(url) as client:
        for params, status in cases:
            assert client.ask("session.logon", params)["status"] == status, params
            assert client.ask("order.place", BID)["status"] == 401
        assert client.ask("session.logon", good)["status"] == 200


def test_a_revoked_key_stops_at_once(exchange, client, alice):
    place(client)
    key = base64.b64decode(alice.api_key)
    exchange.apply(commands.set_key(account=alice.account, public_key=key, permissions=0))
    assert client.ask("order.place", BID)["status"] == 401
    assert client.ask("order.place", BID)["status"] == 401


def test_an_idle_session_of_a_revoked_key_ends(exchange, client, alice):
    key = base64.b64decode(alice.api_key)
    exchange.apply(commands.set_key(account=alice.account, public_key=key, permissions=0))
    assert client.until_closed() == 1008


def test_commands_under_way_are_bounded(client, monkeypatch):
    monkeypatch.setattr(session, "ENTRY_COMMANDS_PENDING_MAX", 3)
    client.send(*[{"id": n, "method": "order.place", "params": BID} for n in range(5)])
    statuses = {answer["id"]: answer["status"] for answer in (client.hear() for _ in range(5))}
    assert statuses == {0: 200, 1: 200, 2: 200, 3: 429, 4: 429}
    assert place(client)


def test_rates_are_those_of_http():
    exchange = LocalExchange()
    trader = exchange.open_account("trader", FUNDS)
    with serving(exchange, Door(Rates(public=3, private=4, orders=2))) as url:
        with EntryClient(url) as stranger:
            assert [stranger.ask("ping")["status"] for _ in range(4)] == [200, 200, 200, 429]
            assert stranger.ask("ping")["error"]["retryAfter"] == 1
        with EntryClient(url) as client:
            client.log_on(trader)
            placed = [client.ask("order.place", BID)["status"] for _ in range(3)]
            assert placed == [200, 200, 429]
            assert client.ask("orders.place", {"orders": [BID]})["status"] == 429
            cancelled = [client.ask("order.cancelAll", MARKET)["status"] for _ in range(4)]
            assert cancelled == [200, 200, 200, 429]


def timers(exchange, account):
    return [one.timer for one in exchange.engine.timers() if one.account == account]


def test_orders_live_as_long_as_a_session_that_asked_for_it(exchange, url, alice):
    with EntryClient(url) as client:
        client.log_on(alice, cancelOnDisconnect=True)
        assert client.ask("session.status")["result"]["cancelOnDisconnect"] is True
        assert timers(exchange, alice.account) == [Timer.CONNECTION]
        place(client)
        assert exchange.engine.open_orders(alice.account)
    waits_until(lambda: not exchange.engine.open_orders(alice.account))
    waits_until(lambda: not timers(exchange, alice.account))


def test_who_logs_out_keeps_the_orders(exchange, url, alice):
    with EntryClient(url) as client:
        client.log_on(alice, cancelOnDisconnect=True)
        place(client)
        client.ask("session.logout")
        waits_until(lambda: not timers(exchange, alice.account))
    assert exchange.engine.open_orders(alice.account)


def test_who_does_not_read_is_closed(url, alice, monkeypatch):
    monkeypatch.setattr("truebook.ws.outbox.WS_OUTBOX_BYTES_MAX", 10_000)
    with EntryClient(url) as client:
        client.log_on(alice)
        batch = {
            "id": 1,
            "method": "orders.place",
            "params": {"orders": [BID | {"price": "x"}] * 99},
        }
        client.socket.settimeout(5)
        with pytest.raises((ConnectionError, TimeoutError)):
            sent_for_ever(client, batch)


def sent_for_ever(client, message):
    while True:
        client.send(message)


def test_a_server_that_ends_answers_what_was_begun_and_says_goodbye():
    exchange = LocalExchange()
    trader = exchange.open_account("trader", FUNDS)
    server = serving(exchange)
    with EntryClient(server.__enter__()) as client:
        client.log_on(trader)
        client.send({"id": 1, "method": "order.place", "params": BID})
        answer = client.hear()
        server.__exit__(None, None, None)
        assert answer["status"] == 200
        assert client.until_closed() == 1001


def test_what_comes_right_behind_the_handshake_is_heard(url):
    with EntryClient(url, behind=frame(b'{"id": 1, "method": "ping"}')) as client:
        assert client.hear() == {"id": 1, "status": 200, "result": {}}


def test_only_one_path_has_sessions_and_only_after_what_was_asked_before(url):
    ping = b"GET /api/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n"
    for data in (UPGRADE.replace(b"v1/ws", b"v1/time"), ping + UPGRADE):
        with socket.create_connection(urlsplit(url).netloc.split(":"), timeout=20) as other:
            other.sendall(data + b"\r\n")
            assert other.recv(4096).split()[1] == b"200"
