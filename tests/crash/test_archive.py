"""kill -9 of the archive's process, and an exchange whose log was trimmed: nothing is missing."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from venue.archived import fill_stream
from venue.installed import SOURCES, installed, wait_until

from truebook import commands
from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.archive.reading import ArchiveReader
from truebook.commandlog.archive.store import FolderArchive
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.gateway import Gateway
from truebook.commandlog.interface import GENESIS, Position
from truebook.commandlog.server import start_bus_server, start_log_server
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.commandlog.valkey_reader import ValkeyLogReader
from truebook.commandlog.valkey_trimmer import ValkeyTrimmer
from truebook.commandlog.whole_log import open_whole_log
from truebook.messages import OrderType, Side
from truebook.verify.log_check import check_log

KILLS = 6
ENTRIES_A_LIFE = 1500
LOG_BYTES_MAX = 1 << 20
SETTINGS = {"segment_bytes": 40_000, "log_bytes_max": LOG_BYTES_MAX}


@pytest.fixture
def servers(tmp_path):
    """A log server and a bus."""
    started = [start(tmp_path) for start in (start_log_server, start_bus_server)]
    try:
        for server in started:
            server.wait_ready()
        yield started
    finally:
        for server in started:
            server.stop()


def start_archive(data: Path, log_url: str, bus_url: str) -> "subprocess.Popen[bytes]":
    settings = {f"TRUEBOOK_ARCHIVE_{name.upper()}": str(n) for name, n in SETTINGS.items()}
    places = {"TRUEBOOK_LOG_URL": log_url, "TRUEBOOK_BUS_URL": bus_url}
    return subprocess.Popen(
        [sys.executable, "-m", "truebook", "archive", "--data", str(data)],
        env={**os.environ, **settings, **places, "PYTHONPATH": str(SOURCES)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_kill_9_of_the_archive_loses_nothing_and_trims_nothing_early(tmp_path, servers, request):
    log, bus = servers
    rng = random.Random(5)
    store = FolderArchive(tmp_path / "archive")
    trimmer = ValkeyTrimmer(log.url)
    request.addfinalizer(trimmer.close)
    appended: list[tuple[Position, bytes]] = []
    sequence = 0
    for life in range(KILLS):
        records = []
        for _ in range(ENTRIES_A_LIFE):
            sequence += 1
            records.append(pack_entry(1, sequence, commands.cancel(account=1, order_id=sequence)))
        positions = fill_stream(log.url, 0, records)
        appended += zip(positions, records, strict=True)
        # In the second half a reader stays behind.
        if life == KILLS // 2:
            trimmer.register("engine-1", positions[7])
            behind = positions[7]
        archive = start_archive(tmp_path, log.url, bus.url)
        before = len(store.names())
        if life % 2:
            wait_until(lambda before=before: len(store.names()) > before, 30, "a segment")
        time.sleep(rng.random() * 0.3)
        archive.kill()
        archive.wait()
        check_nothing_missing(log.url, store, appended)
    assert trimmer.trimmed() <= behind
    trimmer.forget("engine-1")
    archive = start_archive(tmp_path, log.url, bus.url)
    wait_until(lambda: trimmer.trimmed() > behind, 60, "the trim")
    archive.send_signal(signal.SIGTERM)
    assert archive.wait(20) == 0
    check_nothing_missing(log.url, store, appended)
    stream = ValkeyLogReader(log.url)
    checked = check_log(store, stream, trimmer.trimmed(), SYSTEM_CLOCK)
    assert (checked.findings, checked.entries) == ([], len(appended))
    stream.close()


def check_nothing_missing(
    log_url: str, store: FolderArchive, appended: list[tuple[Position, bytes]]
) -> None:
    trimmer = ValkeyTrimmer(log_url)
    trimmed = trimmer.trimmed()
    trimmer.close()
    archive = ArchiveReader(store)
    archive.refresh()
    assert trimmed <= archive.end
    log = open_whole_log(log_url, store.path.as_uri())
    found, after = [], GENESIS
    while read := log.read(after, 1000, 0):
        found += [(entry.position, entry.data) for entry in read]
        after = read[-1].position
    log.close()
    assert found == appended


async def trade(log_url: str, account: int, orders: int) -> None:
    gateway = await Gateway.start(ValkeyLog(log_url))
    # Most of the log is cancels of nothing: many bytes for the log, little work for the engine.
    nothing = b"".join(commands.cancel(account=account, order_id=n) for n in range(1, 101))
    for number in range(orders):
        order = commands.place(
            account=account,
            market=0,
            order_id=gateway.next_order_id(),
            side=Side(number % 2),
            order_type=OrderType.LIMIT,
            price=10_000 + 7 * (number % 2) + number % 5,
            quantity=10,
        )
        await gateway.submit(order + nothing, 101)
    await gateway.close()


def test_a_trimmed_exchange_starts_again_replays_and_is_checked(tmp_path):
    file = tmp_path / "truebook.toml"
    lines = [f"{name} = {value}" for name, value in SETTINGS.items()]
    file.write_text("\n".join(["[archive]", *lines]))
    options = ("--config", str(file), "--engine", "naive", "--no-bots")
    with installed(tmp_path / "data", *options) as exchange:
        alice = exchange.open_account("alice", {"USDC": "1000000", "SOL": "1000"})
        log_url = exchange.state()["logUrl"]
        asyncio.run(trade(log_url, alice.account, 150))
        trimmer = ValkeyTrimmer(log_url)
        wait_until(lambda: trimmer.trimmed() > GENESIS, 30, "the trim")
        trimmer.close()
        before = caught_up(exchange)
        (pid,) = [p["pid"] for p in exchange.processes() if p["role"] == "engine"]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid not in engines(exchange), 60, "another engine")
        assert caught_up(exchange)["stateHash"] == before["stateHash"]
        replayed = exchange.run("replay", "--json", "--engine", "naive")
        assert replayed["stateHash"] == before["stateHash"]
        assert exchange.run("log", "verify", "--json")["found"] == 0
    # The same with nothing running, and with an archived command changed.
    assert exchange.run("replay", "--json", "--engine", "naive")["stateHash"] == before["stateHash"]
    segment = sorted((tmp_path / "data" / "archive").glob("*.segment"))[1]
    data = segment.read_bytes()
    at = len(data) // 2
    segment.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    verified = exchange.try_run("log", "verify", "--json")
    assert verified.returncode == 1
    (finding,) = json.loads(verified.stdout)["findings"]
    assert finding["segment"] == segment.name
    refused = exchange.try_run("replay", "--json", "--engine", "naive")
    assert refused.returncode == 2
    assert segment.name in refused.stderr


def engines(exchange) -> list[int]:
    return [
        p["pid"] for p in exchange.state()["processes"] if p["role"] == "engine" and p["serving"]
    ]


def caught_up(exchange) -> dict[str, str]:
    """The engine's status once it is at the log's end."""
    found: dict[str, str] = {}

    def is_there() -> bool:
        status = exchange.run("status", "--json")
        found.update(status["engines"][0] if status["engines"] else {})
        return found.get("position") == status["logPosition"]

    wait_until(is_there, 60, "the engine at the end of the log")
    return found
