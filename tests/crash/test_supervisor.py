"""The supervisor itself killed, interrupted, doubled: its children end with it, its folder is safe.

The naive engine serves where speed doesn't matter: it starts at once.
"""

import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from crash.history import read_history
from crash.traders import trading
from venue.installed import Installed, installed, is_alive, wait_until

GONE_S_MAX = 2.0
STOPPED_S_MAX = 10.0
NAIVE = ("--engine", "naive", "--no-bots")
SINGLE = 7
"""Log, bus, engine, feed, store, archive and websocket server: one each. The API may have more."""


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Installed]:
    """One that the test may do anything to."""
    with installed(tmp_path / "data", *NAIVE) as running:
        yield running


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """One that several tests use one after the other."""
    with installed(tmp_path_factory.mktemp("lasting") / "data", *NAIVE, "--apis", "2") as running:
        yield running


def pids(exchange: Installed) -> list[int]:
    found = [process["pid"] for process in exchange.processes()]
    assert len(found) >= SINGLE + 1
    return found


def state_hash(exchange: Installed) -> str:
    engines = exchange.run("status", "--json")["engines"]
    found: str = engines[0]["stateHash"]
    return found


def test_all_children_end_within_two_seconds_of_a_killed_supervisor(exchange):
    children = pids(exchange)
    exchange.kill()
    wait_until(lambda: not any(map(is_alive, children)), GONE_S_MAX, "all children are gone")
    assert exchange.processes() == []


def test_an_exchange_starts_on_the_folder_of_one_killed_a_moment_ago(exchange):
    exchange.open_account("alice", {"USDC": "5"})
    before = state_hash(exchange)
    exchange.kill()
    exchange.start()
    exchange.wait_ready()
    assert state_hash(exchange) == before


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.night),
        pytest.param(signal.SIGHUP, marks=pytest.mark.night),
    ],
)
def test_a_stop_is_clean(exchange, number):
    children = pids(exchange)
    started = time.monotonic()
    assert exchange.interrupt(number) == 0
    assert time.monotonic() - started < STOPPED_S_MAX
    assert not any(map(is_alive, children))
    assert exchange.output[-2:] == ["stopping …\n", "stopped\n"]
    assert "Traceback" not in exchange.said()
    assert exchange.processes() == []


def test_a_stop_under_load_answers_what_was_taken(tmp_path):
    with installed(tmp_path / "data", "--no-bots") as exchange:
        accounts = [exchange.open_account("trader", {"USDC": "100000", "SOL": "1000"})]
        with trading(exchange.url, accounts, traders=4, seed=1) as diary:
            wait_until(lambda: diary.acknowledged() > 50, 20, "orders are accepted")
            children = [process["pid"] for process in exchange.processes()]
            assert exchange.interrupt() == 0
            assert not any(map(is_alive, children))
        placed = {page.order_id for page in diary.done("place")}
        exchange.start()
        exchange.wait_ready()
        history = read_history(exchange)
        assert placed <= history.accepted.keys()


def test_a_second_exchange_on_the_same_folder_is_refused(lasting):
    second = lasting.try_run("up", "--port", "0", *NAIVE)
    assert second.returncode == 1
    assert second.stderr == f"truebook: {lasting.data} is in use by process {lasting.pid}\n"
    assert second.stdout == ""
    assert len(pids(lasting)) == SINGLE + 2


def test_a_port_that_is_in_use_is_told_before_anything_is_started(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = Installed(tmp_path / "data").try_run("up", "--port", str(port), *NAIVE)
    assert refused.returncode == 1
    assert f"truebook: api.port: {port} on 127.0.0.1 is in use" in refused.stderr
    assert not (tmp_path / "data" / "log").exists()


def test_genesis_is_written_once_however_often_the_first_start_is_killed(tmp_path):
    rng = random.Random(8)
    exchange = Installed(tmp_path / "data", *NAIVE)
    for _ in range(4):
        exchange.start()
        time.sleep(rng.uniform(0.2, 1.2))
        exchange.kill()
    exchange.start()
    try:
        exchange.wait_ready()
        history = read_history(exchange)
        assert history.assets_set == 4
        assert history.entries == {"APPLIED": 2}  # the venue, and whose attestations count
    finally:
        assert exchange.interrupt() == 0


def has_begun(exchange):
    """Whether the command runs. As long as Python starts itself it may drop an interrupt: it has
    begun to ignore SIGPIPE then, and the command hasn't yet taken SIGINT back. (Where that can't be
    seen: True.)"""
    status = Path(f"/proc/{exchange.pid}/status")
    if not status.exists() or (exchange.data / "run").exists():
        return True
    text = status.read_text()
    ignored, caught = (
        int(text.partition(field)[2].split()[0], 16) for field in ("SigIgn:", "SigCgt:")
    )
    return bool(ignored & 1 << (signal.SIGPIPE - 1) and not caught & 1 << (signal.SIGINT - 1))


def test_an_interrupt_while_starting_leaves_nothing(tmp_path):
    for delay_s in (0, 0.3, 0.8):
        exchange = Installed(tmp_path / "data", *NAIVE)
        exchange.start()
        wait_until(partial(has_begun, exchange), STOPPED_S_MAX, "the command's beginning")
        time.sleep(delay_s)
        state = exchange.data / "run" / "state.json"
        children = [p["pid"] for p in exchange.state()["processes"]] if state.exists() else []
        status = exchange.interrupt()
        # Before it listens for it, an interrupt ends Python itself.
        assert status in (0, 130, -signal.SIGINT), exchange.said()
        assert not any(map(is_alive, children))


def test_a_child_that_crashes_is_told_with_its_exit_status_and_started_again(lasting):
    (engine,) = [p for p in lasting.processes() if p["role"] == "engine"]
    os.kill(engine["pid"], signal.SIGSEGV)
    wait_until(
        lambda: "engine-1 was killed by SIGSEGV (11)\n" in lasting.output, 10, "the crash is told"
    )
    wait_until(
        lambda: (
            all(p["serving"] for p in lasting.state()["processes"])
            and len(lasting.state()["processes"]) == SINGLE + 2
        ),
        10,
        "it serves again",
    )
    restarts = {p["role"]: p["restarts"] for p in lasting.state()["processes"]}
    assert restarts["engine"] == 1
    assert "engine-1 is started again in 0.1 s\n" in lasting.output
