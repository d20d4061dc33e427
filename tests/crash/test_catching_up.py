"""One of three engines stands still for long, or loses all it had: it catches up by itself."""

import asyncio
import os
import shutil
import signal
import time
from contextlib import contextmanager

import pytest
from crash.replicas import engine_pids, status
from crash.test_archive import SETTINGS, trade
from venue.installed import installed, wait_until

from truebook.commandlog.interface import Position
from truebook.commandlog.valkey_reader import STALL_S_MAX
from truebook.commandlog.valkey_trimmer import ValkeyTrimmer
from truebook.snapshots.folder import kept_by_all

ENGINES = 3
PATIENCE_S = 120
ORDERS = 25


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """Engines on a log of which little stays on its server."""
    folder = tmp_path_factory.mktemp("engines")
    file = folder / "truebook.toml"
    file.write_text("[archive]\n" + "\n".join(f"{k} = {v}" for k, v in SETTINGS.items()))
    options = ("--config", str(file), "--engines", str(ENGINES), "--engine", "naive", "--no-bots")
    with installed(folder / "data", *options) as found:
        found.trader = found.open_account("trader", {"USDC": "1000000", "SOL": "1000"})
        yield found


def caught_up(exchange):
    """What the engines say, by name, once all are at the log's end: the same."""
    found = {}

    def are_there():
        told = status(exchange)
        found.clear()
        found.update({each.engine: each for each in told.engines})
        ends = {each.position for each in found.values()}
        return len(found) == ENGINES and ends == {told.log_position}

    wait_until(are_there, PATIENCE_S, "all engines at the end of the log")
    assert len({each.state_hash for each in found.values()}) == 1
    return found


def go_on(exchange):
    """Others trade."""
    asyncio.run(trade(exchange.state()["logUrl"], exchange.trader.account, ORDERS))


def go_on_until_trimmed(exchange, name, stood_at):
    """The same, until what the engine of that name has not read is on the server no more."""
    trimmer = ValkeyTrimmer(exchange.state()["logUrl"])
    try:
        time.sleep(STALL_S_MAX + 1)  # so long it may stand still without looking
        for reader in [one.name for one in trimmer.readers() if one.name.startswith(f"{name}@")]:
            trimmer.forget(reader)  # as the archive does after `archive.reader_seconds`
        while trimmer.trimmed() <= stood_at:
            go_on(exchange)
    finally:
        trimmer.close()


@contextmanager
def standing_still(exchange, *, is_publisher):
    """An engine does nothing for as long as the context lasts; its name and where it stood."""
    before = caught_up(exchange)
    name = next(n for n, each in before.items() if each.details["active"] == is_publisher)
    pid = engine_pids(exchange)[name]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield name, Position.parse(before[name].position)
    finally:
        os.kill(pid, signal.SIGCONT)
    after = caught_up(exchange)
    assert engine_pids(exchange)[name] == pid
    assert sum(each.details["active"] for each in after.values()) == 1
    assert not (exchange.data / "witness" / "verdicts.jsonl").exists()


@pytest.mark.parametrize("is_publisher", [True, False])
def test_an_engine_that_stood_still_catches_up(exchange, is_publisher):
    with standing_still(exchange, is_publisher=is_publisher):
        go_on(exchange)


@pytest.mark.night
def test_an_engine_that_stood_still_for_long_reads_what_was_trimmed_meanwhile(exchange):
    with standing_still(exchange, is_publisher=False) as (name, stood_at):
        go_on_until_trimmed(exchange, name, stood_at)


def test_an_engine_that_lost_all_it_had_begins_with_anothers_snapshot(exchange):
    exchange.run("snapshot", "--json")
    name = next(n for n, each in caught_up(exchange).items() if not each.details["active"])
    root = exchange.data / "snapshots"
    others = kept_by_all(root)
    pid = engine_pids(exchange)[name]
    os.kill(pid, signal.SIGSTOP)
    shutil.rmtree(root / name, ignore_errors=True)
    (exchange.data / "run" / f"{name}.progress").unlink()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: engine_pids(exchange).get(name, pid) != pid, PATIENCE_S, "a new process")
    caught_up(exchange)
    said = (exchange.data / "logs" / f"{name}.log").read_text()
    begun_with = {f"starting from {kept.path}" for kept in others if kept.path.parent.name != name}
    assert any(line in said for line in begun_with), said
