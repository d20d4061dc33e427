"""A backup that is taken while people trade makes the exchange that it was, and trading goes on.

The same exchange shows what it tells of itself meanwhile, since each start costs seconds: health
and metrics of all processes, and that no log holds a secret although everything is logged.
"""

import base64
import json
import re
import socket
import urllib.error
import urllib.request

import pytest
from crash.traders import ask, trading
from faults.applied import applied_orders
from prometheus_client.parser import text_string_to_metric_families
from venue.credentials import Credentials, body_of, signed_headers
from venue.installed import UNLIMITED, Installed, wait_until

from truebook.commandlog.interface import GENESIS
from truebook.limits import ORDER_COUNTER_BITS

NAIVE = ("--engine", "naive", "--no-bots", "--apis", "2")
ROLES = {"api-1", "api-2", "archive", "engine-1", "feed", "store", "supervisor", "ws"}
PASSWORD = "correct horse battery"


def post(url, path, fields, **headers):
    """A request of a browser or a trader; the answer, its headers and its body."""
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(f"{url}{path}", body_of(fields), headers, method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.headers, json.loads(answer.read())


def place(url, account, **headers):
    fields = {"symbol": "SOL_USDC", "orderType": "Limit", "side": "Bid"}
    fields |= {"price": "99", "quantity": "1"}
    headers |= signed_headers(account, "orderExecute", fields)
    return post(url, "/api/v1/order", fields, **headers)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def told(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def scraped(port):
    text = told(port, "/metrics")[1].decode()
    return [found for family in text_string_to_metric_families(text) for found in family.samples]


def told_orders(port):
    name = "truebook_order_seconds_count"
    return sum(sample.value for sample in scraped(port) if sample.name == name)


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    """An exchange that tells everything, its metrics' port, and what must not be told."""
    port = free_port()
    environment = {
        **UNLIMITED,
        "TRUEBOOK_METRICS_PORT": str(port),
        "TRUEBOOK_LOGGING_LEVEL": "debug",
        "TRUEBOOK_PASSWORDS_MEMORY_KIB": "8",
    }
    exchange = Installed(
        tmp_path_factory.mktemp("backup") / "data", *NAIVE, environment=environment
    )
    exchange.start()
    try:
        exchange.wait_ready()
        exchange.port = port
        yield exchange
    finally:
        exchange.interrupt()


@pytest.fixture(scope="module")
def account(venue):
    return venue.open_account("alice", {"USDC": "1000000", "SOL": "10000"})


def test_health_and_metrics_are_told_of_all_processes_at_one_address(venue, account):
    place(venue.url, account)
    wait_until(lambda: told(venue.port, "/health")[0] == 200, 20, "all is well")
    body = told(venue.port, "/health")[1]
    assert {process["name"] for process in json.loads(body)["processes"]} == ROLES
    wait_until(lambda: told_orders(venue.port) >= 1, 20, "the order is counted")
    samples = scraped(venue.port)
    value = {(sample.name, sample.labels["process"]): sample.value for sample in samples}
    assert {role for name, role in value if name == "truebook_healthy"} == ROLES
    assert value["truebook_applied_entries_total", "engine-1"] > 0
    children = {s.labels["child"] for s in samples if s.name == "truebook_restarts_total"}
    assert children == (ROLES | {"log", "bus"}) - {"supervisor"}


def test_an_administrator_sees_all_processes_and_nobody_else_does(venue, account):
    operator = venue.open_account("operator", {})
    made = venue.run("account", "key", "add", "operator", "--permission", "admin", "--json")
    operator = Credentials(operator.account, base64.b64decode(made["apiSecret"]))
    found = ask(venue.url, operator, "admin/overview", "adminOverviewQuery", {})
    assert {process["name"] for process in found["processes"]} == ROLES
    (engine,) = [process for process in found["processes"] if process["role"] == "engine"]
    assert 0 < engine["times"]["apply"]["p50Ms"] <= engine["times"]["apply"]["p999Ms"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask(venue.url, account, "admin/overview", "adminOverviewQuery", {})


def test_a_request_keeps_the_id_that_it_came_with_if_that_is_one(venue, account):
    headers, _ = place(venue.url, account, **{"X-Request-Id": "from-the-proxy.7"})
    assert headers["X-Request-Id"] == "from-the-proxy.7"
    headers, _ = place(venue.url, account, **{"X-Request-Id": "no id; at all"})
    assert re.fullmatch(r"[0-9a-f]{8}-\d+", headers["X-Request-Id"])
    logs = [path.read_text() for path in (venue.data / "logs").glob("api-*.log")]
    (line,) = [line for text in logs for line in text.splitlines() if "from-the-proxy.7" in line]
    assert json.loads(line)["status"] == 200


def test_nothing_that_is_logged_is_a_secret(venue, account):
    person = {"name": "bob-the-person", "password": PASSWORD}
    headers, _ = post(venue.url, "/api/v1/auth/signup", person, Origin=venue.url)
    cookie = headers["Set-Cookie"].partition(";")[0].partition("=")[2]
    with pytest.raises(urllib.error.HTTPError):
        post(venue.url, "/api/v1/auth/login", {**person, "password": "a wrong one!"})
    keys = [path.read_bytes() for path in (venue.data / "keys").iterdir()]
    secrets = [PASSWORD, "a wrong one!", cookie, account.api_secret, account.seed.hex()]
    secrets += [form for key in keys for form in (key.hex(), base64.b64encode(key).decode())]
    logs = sorted((venue.data / "logs").iterdir())
    assert len(logs) >= len(ROLES) - 1
    for said in [venue.said(), *(path.read_text(errors="replace") for path in logs)]:
        assert not [secret for secret in secrets if secret in said]


def test_a_backup_of_a_trading_exchange_makes_one_that_goes_on(venue, account, tmp_path):
    _, resting = place(venue.url, account)
    with trading(venue.url, [account], traders=1, seed=1) as diary:
        wait_until(lambda: diary.acknowledged() >= 30, 60, "people trade")
        before = {page.order_id for page in diary.done("place")}
        made = venue.run("backup", str(tmp_path / "backup"), "--json")
    there = venue.run("replay", "--engine", "naive", "--to", made["position"], "--json")

    restored = Installed(tmp_path / "restored", *NAIVE, environment=UNLIMITED)
    done = restored.run("restore", str(tmp_path / "backup"), "--json")
    assert done["stateHash"] == there["stateHash"]
    restored.start()
    try:
        restored.wait_ready()
        assert before <= orders_in(restored)
        rests = ask(restored.url, account, "orders", "orderQueryAll", {})
        assert resting["id"] in {order["id"] for order in rests}
        _, placed = place(restored.url, account)
        assert int(placed["id"]) >> ORDER_COUNTER_BITS > max(before) >> ORDER_COUNTER_BITS
        assert restored.run("log", "verify", "--json")["findings"] == []
    finally:
        restored.interrupt()


def orders_in(exchange):
    """The ids of all orders that its log applies."""
    log, entries = exchange.open_log(), []
    try:
        after, last = GENESIS, log.last_position()
        while after < last:
            entries += log.read(after, 4096, 1000)
            after = entries[-1].position
    finally:
        log.close()
    return {number for orders in applied_orders(entries).values() for number in orders}
