"""An entry at which the engine died three times: it halts there, says so, and refuses orders."""

import pytest
from venue.installed import Installed, installed, wait_until

import truebook
from truebook.commandlog.interface import Position
from truebook.commandlog.progress import STOPS_MAX, Progress

NAIVE = ("--engine", "naive", "--no-bots")


@pytest.fixture
def poisoned(tmp_path):
    """A folder on whose last entry the engine has died three times, as its file says."""
    data = tmp_path / "data"
    with installed(data, *NAIVE) as exchange:
        exchange.open_account("alice", {})
        position = Position.parse(exchange.run("status", "--json")["logPosition"])
    for _ in range(STOPS_MAX + 1):
        progress = Progress(data / "run" / "engine-1.progress", truebook.__version__)
        progress.begin(position, position)
        progress.close()
    return data, position


def test_a_halted_engine_is_told_and_orders_are_not_announced(poisoned):
    data, position = poisoned
    exchange = Installed(data, *NAIVE)
    exchange.start()
    try:
        told = f"engine-1 died three times at {position} and is halted there"
        wait_until(lambda: told in exchange.said(), 30, "the halt is told")
        (engine,) = exchange.run("status", "--json")["engines"]
        assert engine["halted"] == str(position)
    finally:
        assert exchange.interrupt() == 0
    assert "ready" not in exchange.said()
