"""People at a real exchange with two gateways: what one of them changes, both heed."""

import base64
import http.client
import itertools
import json
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from venue.credentials import Credentials, body_of, signed_headers
from venue.installed import installed, wait_until

PASSWORD = "correct horse battery"
ME = "/api/v1/auth/session"
SOON_S = 10.0
"""The promise is a second; this machine may be busy."""

_names = itertools.count(1)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    file = folder / "truebook.toml"
    file.write_text(
        "[passwords]\nmemory_kib = 8\noperations = 1\n"
        '[accounts]\nfaucet = "USDC=1000,SOL=10"\nsign_ups_an_hour = 1000\n'
    )
    options = ("--no-bots", "--apis", "2", "--config", str(file))
    with installed(folder / "data", *options) as exchange:
        yield exchange


class Browser:
    def __init__(self, url):
        self.address = urlsplit(url).netloc
        self.cookie = None

    def call(self, method, path, headers=None, **fields):
        """The status and what was said."""
        return self.calls(1, method, path, headers, **fields)[0][:2]

    def calls(self, count, method, path, headers=None, **fields):
        """As many connections at once: status, what was said, and which gateway said it."""
        connections = [http.client.HTTPConnection(self.address, timeout=20) for _ in range(count)]
        own = {"Content-Type": "application/json", "Cookie": self.cookie or ""}
        for connection in connections:
            connection.request(method, path, body_of(fields) if fields else None, headers or own)
        return [self._answer(connection) for connection in connections]

    def _answer(self, connection):
        response = connection.getresponse()
        body = response.read()
        if cookie := response.getheader("set-cookie"):
            self.cookie = cookie.partition(";")[0]
        gateway = response.getheader("x-request-id").partition("-")[0]
        connection.close()
        return response.status, json.loads(body) if body else None, gateway


def on_both(browser, path, status, headers=None):
    """Whether each of the two gateways answers a request so; which of them gets it is chance."""
    seen = {}
    for _ in range(50):
        for found, _, gateway in browser.calls(8, "GET", path, headers and headers()):
            seen.setdefault(gateway, found)
        if len(seen) == 2:
            return set(seen.values()) == {status}
    raise AssertionError("one of the gateways is never reached")


@pytest.fixture
def alice(town):
    browser = Browser(town.url)
    browser.name = f"person-{next(_names)}"
    answer = browser.call("POST", "/api/v1/auth/signup", name=browser.name, password=PASSWORD)
    assert answer[0] == 200, answer
    wait_until(lambda: on_both(browser, ME, 200), SOON_S, "logged in")
    return browser


def test_who_signs_up_trades_with_the_cookie_alone(alice):
    assert alice.call("GET", "/api/v1/capital")[1]["USDC"]["available"] == "1000"
    order = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit"}
    status, placed = alice.call("POST", "/api/v1/order", **order, price="90", quantity="1")
    assert (status, placed["status"]) == (200, "New")
    cancelled = alice.call("DELETE", "/api/v1/order", symbol="SOL_USDC", orderId=placed["id"])
    assert cancelled[1]["status"] == "Cancelled"


def test_a_logout_counts_on_both_gateways(alice):
    cookie = alice.cookie
    assert alice.call("POST", "/api/v1/auth/logout")[0] == 200
    alice.cookie = cookie
    wait_until(lambda: on_both(alice, ME, 401), SOON_S, "logged out")


def test_a_changed_password_counts_on_both_gateways(town, alice):
    phone = Browser(town.url)
    phone.call("POST", "/api/v1/auth/login", name=alice.name, password=PASSWORD)
    new = {"password": PASSWORD, "newPassword": "a new one, longer"}
    assert alice.call("POST", "/api/v1/auth/password", **new)[0] == 200
    wait_until(lambda: on_both(phone, ME, 401), SOON_S, "ended")
    wait_until(lambda: on_both(alice, ME, 200), SOON_S, "changed")


def test_a_key_and_its_revocation_count_on_both_gateways(alice):
    made = alice.call("POST", "/api/v1/keys", permissions=["read"])[1]
    key = Credentials(0, base64.b64decode(made["apiSecret"]))

    def balance(status):
        return on_both(
            alice, "/api/v1/capital", status, lambda: signed_headers(key, "balanceQuery")
        )

    wait_until(lambda: balance(200), SOON_S, "registered")
    changed = alice.call(
        "PATCH", "/api/v1/keys", apiKey=made["apiKey"], addresses=["203.0.113.0/24"]
    )
    assert changed[0] == 200
    wait_until(lambda: balance(403), SOON_S, "restricted")
    assert alice.call("DELETE", "/api/v1/keys", apiKey=made["apiKey"])[0] == 200
    wait_until(lambda: balance(401), SOON_S, "revoked")


def test_the_back_off_counts_on_both_gateways(town, alice):
    attacker = Browser(town.url)
    guess = {"name": alice.name, "password": "a wrong guess"}

    def try_it():
        return attacker.call("POST", "/api/v1/auth/login", **guess)

    assert [try_it()[0] for _ in range(10)] == [401] * 10
    assert try_it()[0] == 429


def test_the_command_line_does_what_the_endpoints_do(town):
    town.run("account", "create", "operator", "--json")
    command = [sys.executable, "-m", "truebook", "account", "password", "operator", "--admin"]
    done = subprocess.run(
        [*command, "--data", str(town.data)],
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "HOME": str(town.data)},
    )
    assert done.returncode == 0, done.stderr
    browser = Browser(town.url)
    login = browser.call("POST", "/api/v1/auth/login", name="operator", password=PASSWORD)
    assert "admin" in login[1]["permissions"]
    wait_until(lambda: on_both(browser, ME, 200), SOON_S, "logged in")

    key = town.run("account", "key", "add", "operator", "--permission", "read", "--json")
    listed = browser.call("GET", "/api/v1/keys")[1]
    assert key["apiKey"] in [one["apiKey"] for one in listed]
    assert town.try_run("account", "key", "revoke", key["apiKey"]).returncode == 0
    listed = town.run("account", "key", "list", "operator", "--json")
    assert key["apiKey"] not in [one["apiKey"] for one in listed]

    credit = ("admin", "credit", "operator", "USDC=5", "--reason", "a test")
    assert town.try_run(*credit).returncode == 0
    fields = {"name": "operator", "symbol": "USDC", "quantity": "2", "reason": "too much"}
    assert browser.call("POST", "/api/v1/admin/debit", **fields)[0] == 200
    assert browser.call("GET", "/api/v1/capital")[1]["USDC"]["available"] == "3"
    mistaken = town.try_run("admin", "credit", "nobody", "USDC=5", "--reason", "a test")
    assert mistaken.returncode == 1
    assert mistaken.stderr == "truebook: there is no account 'nobody'\n"

    # Before that somebody else left a note: the supervisor, of the engine that it starts.
    history = town.run("admin", "history", "--json")[1:]
    assert [note["why"] for note in history] == ["a test", "too much"]
    assert [note["commands"][0]["kind"] for note in history] == ["DEPOSIT", "WITHDRAW"]
    assert history[0]["who"].startswith("command line, ")
    assert history[1]["who"].startswith("operator, account ")
    names = [account["name"] for account in town.run("account", "list", "--json")]
    assert names[0] == "venue"
    assert "operator" in names


def test_a_replay_with_all_of_it_gives_the_same_state(town):
    engine = town.run("status", "--json")["engines"][0]
    replayed = town.run("replay", "--from", "genesis", "--to", engine["position"], "--json")
    assert replayed["stateHash"] == engine["stateHash"]
