"""A gateway as a process: signals, the wait for an exchange, and a port for several."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from venue.credentials import Credentials, body_of, signed_headers

from truebook.api.serve import listen

TESTS = Path(__file__).parents[2]
TRADER = Credentials(1, bytes(31) + b"\7")
BID = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}


@pytest.fixture
def start():
    processes = []

    def started(mode, port=0):
        process = subprocess.Popen(
            [sys.executable, "-m", "venue.process", mode, str(port)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=TESTS,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, str(TESTS)])},
        )
        processes.append(process)
        return process, int(process.stdout.readline())

    yield started
    for process in processes:
        process.kill()
        process.communicate()


def get(port, path, deadline_s=20):
    """The answer, once somebody listens there."""
    until = time.monotonic() + deadline_s
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            with contextlib.closing(connection):
                connection.request("GET", path)
                return connection.getresponse().read()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_success_and_connections_given_back(start, number):
    process, port = start("connect")
    assert get(port, "/api/v1/ping") == b"pong"
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "given back" in output


def test_an_order_that_was_begun_is_answered_before_the_end(start):
    process, port = start("slow")
    get(port, "/api/v1/ping")
    answers = []

    def trade():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        with contextlib.closing(connection):
            headers = signed_headers(TRADER, "orderExecute", BID)
            connection.request("POST", "/api/v1/order", body_of(BID), headers)
            answers.append(connection.getresponse().status)

    trading = threading.Thread(target=trade)
    trading.start()
    while process.stdout.readline().strip() != "received":
        pass
    process.terminate()
    trading.join(20)
    assert answers == [200]
    assert process.wait(20) == 0


def test_while_it_waits_for_its_exchange_it_accepts_nothing_and_can_be_ended(start):
    process, port = start("wait")
    assert process.stdout.readline().strip() == "waiting"
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port, timeout=20).request("GET", "/")
    process.terminate()
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "given back" in output


def test_several_may_share_a_port(start):
    first, port = start("connect")
    second, same = start("connect", port)
    assert same == port
    get(port, "/api/v1/ping")
    first.terminate()
    assert first.wait(20) == 0
    assert get(port, "/api/v1/ping") == b"pong"
    second.terminate()
    assert second.wait(20) == 0


def test_a_port_that_is_not_shared_is_taken():
    with contextlib.closing(listen("127.0.0.1", 0)) as taken:
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", taken.getsockname()[1])
