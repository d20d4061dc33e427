"""Log server, bus and engines of a measurement: the real ones, on a temporary folder."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import LogReader, Position
from truebook.commandlog.server import start_bus_server, start_log_server
from truebook.commandlog.valkey_trimmer import stream_key
from truebook.commandlog.whole_log import open_whole_log
from truebook.limits import ENTRY_RECORDS_MAX

_REPLY_S = 120.0


class Venue(NamedTuple):
    """Servers at work, and what is in the log."""

    folder: Path
    log_url: str
    bus_url: str

    def log(self) -> LogReader:
        """The log, to be closed."""
        archive = (self.folder / "archive").as_uri()
        return open_whole_log(self.log_url, archive, durability=UNCHECKED)


class Pen:
    """Writes entries into a log, as a gateway of its own."""

    def __init__(self, venue: Venue, gateway: int) -> None:
        self._connection = BlockingConnection(parse(venue.log_url))
        self._connection.open()
        self._gateway = gateway
        self._sequence = 0

    def write(self, records: NDArray[Any]) -> Position:
        """One entry; its position, once it is on disk."""
        self._sequence += 1
        data = pack_entry(self._gateway, self._sequence, records.tobytes())
        found: bytes = self._connection.request(
            *("XADD", stream_key(0), "*", "d", data), seconds=_REPLY_S
        )
        return Position.parse(found.decode())

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


@contextmanager
def venue_at_work() -> Iterator[Venue]:
    """Two servers, ended afterwards, and their folder removed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, bus = start_log_server(folder), start_bus_server(folder)
        try:
            log.wait_ready()
            bus.wait_ready()
            yield Venue(folder, log.url, bus.url)
        finally:
            log.stop()
            bus.stop()


def fill(venue: Venue, *all_records: NDArray[Any]) -> None:
    """Write records of 64 bytes, each array as a gateway of its own, in full entries."""
    for gateway, records in enumerate(all_records, 1):
        pen = Pen(venue, gateway)
        for start in range(0, len(records), ENTRY_RECORDS_MAX):
            pen.write(records[start : start + ENTRY_RECORDS_MAX])
        pen.close()


def start_engine(venue: Venue, number: int = 1, **settings: str) -> subprocess.Popen[bytes]:
    """A process of one engine; `settings` are variables of its environment."""
    urls = {"TRUEBOOK_LOG_URL": venue.log_url, "TRUEBOOK_BUS_URL": venue.bus_url}
    data = ["--data", str(venue.folder), "--number", str(number)]
    return subprocess.Popen(
        [sys.executable, "-m", "truebook", "engine", *data],
        env={**os.environ, **urls, **settings},
        stdout=subprocess.DEVNULL,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill it; it may be stopped."""
    process.kill()
    process.wait()


@contextmanager
def engine_at_work(venue: Venue) -> Iterator[None]:
    """An engine; killed in the end."""
    process = start_engine(venue)
    try:
        yield
    finally:
        end(process)
