"""Orders for a benchmark are orders as any client's, and what isn't answered well isn't counted."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from truebook.api.authenticate import base_string, parameters_of
from truebook.bench.building import built
from truebook.bench.mixes import MIXES, Desk
from truebook.bench.orders import Case, summary
from truebook.bench.plan import Lane, Request, write_plan
from truebook.bench.requests import Signer, signed_text
from truebook.bench.trading import Trader
from truebook.bots.keyfile import KeyFile
from truebook.cli.benches import order_options
from truebook.config import UserError

TESTS = Path(__file__).parents[2]
KEY = SigningKey(bytes(31) + b"\7")
TRADER = Trader(
    1, KeyFile(b64encode(bytes(KEY.verify_key)).decode(), b64encode(bytes(KEY)).decode())
)
DESK = Desk([TRADER])


@pytest.fixture(scope="module")
def port():
    """Of a local exchange in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "venue.process", "connect", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=TESTS,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, str(TESTS)])},
    )
    bound = int(process.stdout.readline())
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", bound)):
            break
        time.sleep(0.02)
    yield bound
    process.kill()
    process.communicate()


@pytest.fixture
def drive(tmp_path, port):
    """Runs the generator on some lanes."""

    def driven(lanes, rate=0):
        plan = tmp_path / "plan"
        write_plan(plan, lanes)
        words = [built("orders"), plan, "127.0.0.1", str(port), "5", "1", str(rate)]
        finished = subprocess.run(words, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    return driven


def test_what_is_signed_is_what_the_exchange_expects():
    orders = [{"symbol": "SOL_USDC", "price": "1", "clientId": 7}, {"symbol": "BTC_USDC"}]
    texts = [{name: str(value) for name, value in fields.items()} for fields in orders]
    objects = [parameters_of(fields) for fields in texts]
    expected = base_string("orderExecute", objects, "timestamp=1&window=2", encoded=False)
    assert signed_text("orderExecute", orders) + "&timestamp=1&window=2" == expected


@pytest.mark.parametrize("rate", [0, 2_000])
def test_orders_that_rest_and_their_cancellations_are_all_taken(drive, rate):
    told = drive(DESK.mixing(2, 20), rate)
    assert told["firstFailure"] == ""
    # The first connection that has nothing left ends the measurement for both.
    assert max(told["doneByConnection"]) == 20
    assert (told["failed"], told["unanswered"]) == (0, 0)
    assert told["ordersDone"] == sum(told["doneByConnection"])
    assert 0 < told["latencyUs"]["p50"] <= told["latencyUs"]["p999"] <= told["latencyUs"]["max"]


def test_a_batch_counts_each_of_its_orders(drive):
    told = drive(DESK.batching(1, 1))
    assert told["firstFailure"] == ""
    assert (told["ordersDone"], told["ordersFailed"], told["failed"]) == (20, 0, 0)


def test_what_is_refused_is_a_failure_and_no_order(drive):
    unknown = Signer(TRADER.key).cancel({"symbol": "SOL_USDC", "clientId": 4_000_000})
    told = drive([Lane([unknown, unknown])])
    assert (told["ordersDone"], told["ordersFailed"], told["failed"]) == (0, 2, 2)
    assert told["firstFailure"].startswith("404 ")


def test_an_answer_without_what_it_must_contain_is_a_failure(drive):
    data = Signer(TRADER.key).cancel({"symbol": "SOL_USDC", "clientId": 4_000_001}).data
    assert drive([Lane([Request(data, b"RESOURCE_NOT_FOUND")])])["failed"] == 1


def test_a_summary_has_medians_and_everything_that_failed():
    def run(rate, failed):
        latency = {"p50": rate, "p99": rate, "p999": rate, "max": rate}
        figures = {"ordersPerS": rate, "latencyUs": latency, "cpuUsPerOrder": {"api": rate}}
        counts = {"failed": failed, "unanswered": 0, "overdue": 0}
        return {**figures, **counts, "firstFailure": "x" if failed else ""}

    told = summary(Case("place", 1, 0), [run(10.0, 0), run(30.0, 2), run(20.0, 1)])
    assert told["ordersPerS"] == 20
    assert told["latencyUs"]["p50"] == 20.0
    assert told["spread"] == 1.0
    assert (told["failed"], told["firstFailure"]) == (3, "x")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("0", "0", "place"), "--connections: '0'"),
        (("1", "-5", "place"), "--resting: '-5'"),
        (("1", "0", "place,steal"), "--mix: 'steal'"),
    ],
)
def test_an_option_that_cannot_be_meant_is_named(options, named):
    with pytest.raises(UserError, match=named):
        order_options(*options)


def test_every_mix_can_be_asked_for():
    assert order_options("1,16", "0", ",".join(MIXES)).connections == [1, 16]
