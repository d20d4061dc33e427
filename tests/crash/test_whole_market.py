"""A whole market, bots included: each role killed, the first start killed, and a stop that is tidy.

The naive engine serves: it starts at once.
"""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from crash.history import History, read_history
from venue.installed import Installed, installed, is_alive, wait_until

from truebook.engine.naive.engine import NaiveEngine

BACK_S_MAX = 30.0
STOPPED_S_MAX = 10.0
ENGINE = ("--engine", "naive")
BOTS = ("maker", "taker")
ROLES = ("feed", "ws", "store", *BOTS)
USDC = 0
DEMO_USDC = 2 * 30_000_000 * 10**6
"""Atoms that both demo accounts are given together, in three markets."""


def is_healthy(exchange: Installed) -> bool:
    healthy: bool = exchange.run("status", "--json")["healthy"]
    return healthy


def serving(exchange: Installed) -> dict[str, int]:
    """The processes that serve, by role."""
    return {p["role"]: p["pid"] for p in exchange.state()["processes"] if p["serving"]}


def wait_for_bots(exchange: Installed) -> None:
    wait_until(lambda: set(BOTS) <= serving(exchange).keys(), BACK_S_MAX, "bots trade")


def history_without_bots(data: Path) -> History:
    """What the log tells after a stop."""
    with installed(data, *ENGINE, "--no-bots") as exchange:
        return read_history(exchange, NaiveEngine())


def open_orders(history: History) -> int:
    return history.engine.counts()["orders"]


def supply(history: History, asset: int) -> int:
    accounts = range(history.engine.counts()["accounts"])
    return sum(sum(history.engine.balance(account, asset)) for account in accounts)


def test_every_role_that_is_killed_comes_back_and_all_is_well_again(tmp_path):
    # The folder is one from before: it has an account already, and no demo accounts.
    with installed(tmp_path / "data", *ENGINE, "--no-bots") as exchange:
        exchange.open_account("alice", {"USDC": "5"})
        assert not (exchange.data / "bots").exists()
    with installed(tmp_path / "data", *ENGINE) as exchange:
        wait_for_bots(exchange)
        for role in ROLES:
            pid = serving(exchange)[role]
            os.kill(pid, signal.SIGKILL)
            wait_until(
                lambda role=role, pid=pid: serving(exchange).get(role, pid) != pid,
                BACK_S_MAX,
                f"{role} is back",
            )
        wait_until(lambda: is_healthy(exchange), BACK_S_MAX, "the exchange is healthy")
        children = [process["pid"] for process in exchange.processes()]
        started = time.monotonic()
        assert exchange.interrupt() == 0
        assert time.monotonic() - started < STOPPED_S_MAX
        assert not any(map(is_alive, children))
        assert "doesn't end" not in exchange.said()
        assert "Traceback" not in exchange.said()
    history = history_without_bots(tmp_path / "data")
    assert open_orders(history) == 0
    assert supply(history, USDC) == DEMO_USDC + 5 * 10**6


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.night) for n in (2, 3))])
def test_demo_accounts_are_credited_once_however_often_the_first_start_is_killed(tmp_path, seed):
    rng = random.Random(seed)
    exchange = Installed(tmp_path / "data", *ENGINE)
    for after_ready in (False, True):
        exchange.start()
        if after_ready:
            exchange.wait_ready()
        time.sleep(rng.uniform(0.0, 0.6))
        exchange.kill()
    exchange.start()
    try:
        exchange.wait_ready()
        wait_for_bots(exchange)
    finally:
        assert exchange.interrupt() == 0
    history = history_without_bots(tmp_path / "data")
    assert supply(history, USDC) == DEMO_USDC
    assert open_orders(history) == 0
