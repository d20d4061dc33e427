"""Each benchmark, briefly, on one real exchange: its figures are there, and are what happened."""

import asyncio
from unittest.mock import AsyncMock

import msgspec
import pytest

from truebook.bench import engine, fanout, idle, orders
from truebook.bench.elsewhere import ExchangeElsewhere
from truebook.bench.exchange import started
from truebook.bench.orders import Case
from truebook.bench.trading import equipped
from truebook.cli.benches import elsewhere_options
from truebook.clock import SYSTEM_CLOCK
from truebook.config import UserError
from truebook.progress import Progress

LATENCIES = {"p50", "p99", "p999", "max"}
ROLES = {"log", "bus", "engine", "feed", "store", "ws", "api"}
TRADERS = 4


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def exchange(runner):
    context = started()
    yield runner.run(context.__aenter__())
    runner.run(context.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def traders(runner, exchange):
    return runner.run(equipped(exchange.config, 2 * TRADERS + 1, 0))


@pytest.fixture(scope="module", params=[0, 4])
def book(request, exchange, traders):
    """Whose orders go by HTTP, or by websocket, so many at a time."""
    own = traders[:TRADERS] if request.param else traders[TRADERS:-1]
    nothing = AsyncMock()
    return request.param, orders.Book(exchange, 0, own, nothing, is_websocket=request.param > 0)


def resting(runner, exchange):
    return runner.run(exchange.settled())["orders"]


@pytest.mark.parametrize(("mix", "rest"), [("place", True), ("mixed", False), ("batch", True)])
def test_orders_that_count_are_orders_that_were_carried_out(
    tmp_path, runner, exchange, book, mix, rest
):
    depth, book = book
    options = orders.Options(connections=(2,), seconds=0.2, rounds=1, rate=20, depth=depth)
    bench = orders.Bench(options, tmp_path, Progress())
    case = Case(mix, 2, 0)
    before = resting(runner, exchange)
    lanes = runner.run(bench.lanes(book, case))
    told = runner.run(bench.drive(book, lanes, case))
    assert (told["failed"], told["unanswered"], told["firstFailure"]) == (0, 0, "")
    assert told["ordersDone"] > 0
    rests = resting(runner, exchange) - before
    if rest:
        assert rests == told["ordersDone"]
    else:
        # A connection's time may be over between an order and its cancellation.
        assert 0 <= rests <= case.connections
    found = orders.summary(case, [told], depth)
    assert set(found["latencyUs"]) == LATENCIES
    assert set(found["cpuUsPerOrder"]) >= ROLES
    assert found["cpuUsPerOrder"]["api"] > 0


def test_an_exchange_that_runs_already_is_left_without_our_orders(
    tmp_path, runner, exchange, traders
):
    file = tmp_path / "key.json"
    file.write_bytes(msgspec.json.encode(traders[-1].key))
    host, port = exchange.api
    there = ExchangeElsewhere(f"http://{host}:{port}", [file])
    options = orders.Options((1,), (0,), ("place",), 0.2, 1, rate=20, elsewhere=there)
    before = resting(runner, exchange)
    [found] = runner.run(orders.measure(options, Progress()))
    assert (found["failed"], found["unanswered"], found["cpuUsPerOrder"]) == (0, 0, {})
    assert found["ordersPerS"] > 0
    assert resting(runner, exchange) == before


@pytest.mark.parametrize("url", ["https://127.0.0.1:8080", "127.0.0.1:8080", "http://"])
def test_where_an_exchange_runs_has_to_be_said_as_http(url):
    with pytest.raises(UserError, match="isn't http"):
        ExchangeElsewhere(url, [])


def test_an_exchange_of_others_needs_a_key():
    with pytest.raises(UserError, match="truebook account create"):
        ExchangeElsewhere("http://127.0.0.1:8080", [])


@pytest.mark.parametrize(
    ("changed", "said"), [({"apis": 2}, "affair"), ({"mixes": ["cross"]}, "trade with")]
)
def test_what_is_the_other_exchanges_affair_cant_be_chosen(changed, said):
    with pytest.raises(UserError, match=said):
        elsewhere_options(orders.Options(**changed), "http://127.0.0.1:8080", [])


def test_a_burst_is_behind_everybody_when_it_is_told_of(runner, exchange, traders):
    bench = engine.Bench(exchange, 2 * engine.ENTRY_COMMANDS, traders)
    before = resting(runner, exchange)
    told = engine.summary([runner.run(bench.run())])
    assert told["appendedPerS"] >= told["burstPerS"] >= told["sustainedPerS"] > 0
    assert resting(runner, exchange) == before


def test_subscribers_hear_every_trade_once(tmp_path, runner, exchange, traders):
    options = fanout.Options(subscribers=(3,), rates=(20.0,), seconds=0.5, rounds=1)
    bench = fanout.Bench(exchange, options, tmp_path, traders)
    for case in options.cases():
        told = fanout.summary(case, [runner.run(bench.run(case))])
        assert (told["lost"], told["missing"]) == (0, 0)
        assert told["deliveriesPerS"] > 0
        assert told["lagUs"]["p99"] >= told["lagUs"]["p50"] > 0


def test_rest_is_looked_at_in_every_process(runner, exchange):
    began_s = SYSTEM_CLOCK.elapsed_s()
    told = runner.run(idle.look(exchange, 0.2))
    assert SYSTEM_CLOCK.elapsed_s() - began_s >= 0.2
    assert set(told["cpuPercent"]) == set(told["memoryMib"]) >= ROLES | {"supervisor"}
    assert told["memoryMibInAll"] == sum(told["memoryMib"].values()) > 50
