"""Who asks too often is told when to come again; nobody else notices, and memory is bounded."""

import asyncio

import pytest
from venue.asgi import Client
from venue.credentials import body_of, signed_headers
from venue.database import history_of
from venue.local import LocalExchange

from truebook.api.app import Application
from truebook.api.throttle import Buckets, Rates
from truebook.clock import SYSTEM_CLOCK, ManualClock

ORDER = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}


class StandingClock(ManualClock):
    """Elapsed time stands still until it is moved; the wall clock is the machine's."""

    def now_ms(self) -> int:
        return SYSTEM_CLOCK.now_ms()


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def exchange():
    return LocalExchange()


@pytest.fixture
def application(exchange, clock):
    rates = Rates(public=2, private=3, orders=5)
    with history_of(exchange) as history:
        yield Application(exchange, history, clock=clock, rates=rates)


@pytest.fixture
def trader(exchange, application):
    return Client(application, exchange.open_account("trader", {"USDC": "100000"}))


def place(trader, number):
    return trader.call("POST", "/api/v1/order", ORDER | {"clientId": number})


def test_a_bucket_gives_a_seconds_worth_at_once_and_then_its_rate(clock):
    buckets = Buckets(4, clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0]
    assert buckets.take("a") == pytest.approx(0.25)
    assert buckets.take("b") == 0
    clock.advance(0.25)
    assert buckets.take("a") == 0
    assert buckets.take("a") == pytest.approx(0.25)
    clock.advance(60)
    assert [buckets.take("a") for _ in range(5)][-1] > 0


def test_a_batch_that_is_larger_than_a_second_passes_a_full_bucket_and_is_paid_for_later(clock):
    buckets = Buckets(10, clock)
    assert buckets.take("a", 100) == 0
    assert buckets.take("a") == pytest.approx(9.1)
    clock.advance(9.11)
    assert buckets.take("a") == 0


@pytest.mark.parametrize("rate", [3, 7, 10, 60, 999])
def test_as_many_can_be_taken_one_by_one_as_at_once(clock, rate):
    for _ in range(20):
        clock.advance(1005 / 7)
        buckets = Buckets(rate, clock)
        assert buckets.has("a", rate)
        assert not buckets.has("a", rate + 1)
        assert {buckets.take("a") for _ in range(rate)} == {0}
        assert not buckets.has("a", 1)
        assert buckets.take("a") == pytest.approx(1 / rate)


def test_rate_0_is_no_limit(clock):
    buckets = Buckets(0, clock)
    assert {buckets.take("a", 1000) for _ in range(1000)} == {0}
    assert len(buckets) == 0


def test_very_many_owners_take_no_more_memory_than_agreed(clock):
    buckets = Buckets(1, clock, buckets_max=100)
    for number in range(10_000):
        assert buckets.take(number) == 0
        assert len(buckets) <= 100
    assert buckets.take(9_999) > 0
    clock.advance(2)
    assert buckets.take(10_000) == 0
    buckets = Buckets(1, clock, buckets_max=100)
    for number in range(100):
        buckets.take(number)
    clock.advance(2)
    buckets.take(100)
    assert len(buckets) == 1


def test_processes_that_share_a_port_share_the_rates():
    assert Rates(50, 100, 200).shared(4) == Rates(12.5, 25, 50)


def test_too_many_orders_are_429_with_the_seconds_to_wait_and_nothing_is_done(
    trader, exchange, clock
):
    assert [place(trader, number).status for number in range(5)] == [200] * 5
    done = exchange.submissions
    refused = place(trader, 6)
    assert (refused.status, refused.json["code"]) == (429, "TOO_MANY_REQUESTS")
    assert refused.headers["retry-after"] == "1"
    assert exchange.submissions == done
    clock.advance(1)
    assert place(trader, 7).status == 200


def test_a_batch_counts_each_of_its_orders(trader, clock):
    batch = [ORDER | {"clientId": number} for number in range(20)]
    assert trader.call("POST", "/api/v1/orders", batch).status == 200
    refused = place(trader, 30)
    assert (refused.status, refused.headers["retry-after"]) == (429, "4")


def test_orders_and_other_requests_dont_count_against_each_other(trader):
    for number in range(6):
        place(trader, number)
    assert [trader.call("GET", "/api/v1/capital").status for _ in range(4)] == [200] * 3 + [429]
    cancel = {"symbol": "SOL_USDC", "clientId": 1}
    assert trader.call("DELETE", "/api/v1/order", cancel).status == 429


def test_two_keys_of_an_account_share_its_orders_and_another_account_has_its_own(
    exchange, application, trader
):
    other = Client(application, exchange.open_account("other", {"USDC": "1000"}))
    for number in range(6):
        place(trader, number)
    assert place(other, 1).status == 200


def test_public_requests_are_counted_by_address(application):
    def ping(address):
        return asyncio.run(asked(application, "/api/v1/ping", address))

    assert [ping("1.1.1.1") for _ in range(3)] == [200, 200, 429]
    assert ping("2.2.2.2") == 200
    assert asyncio.run(asked(application, "/nothing/there", "1.1.1.1")) == 429


def test_public_requests_dont_count_against_signed_ones(application, trader):
    for _ in range(4):
        trader.raw("GET", "/api/v1/ping")
    assert place(trader, 1).status == 200


def test_who_sends_wrong_signatures_is_refused_before_they_are_looked_at(trader):
    headers = signed_headers(trader.credentials, "orderCancel", ORDER)

    def forged():
        return trader.raw("POST", "/api/v1/order", body=body_of(ORDER), headers=headers)

    assert [forged().status for _ in range(3)] == [401, 401, 429]
    assert place(trader, 1).status == 429


async def asked(application, path, address):
    statuses = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        statuses.append(message.get("status"))

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": (address, 1),
        "headers": [],
    }
    await application(scope, receive, send)
    return statuses[0]
