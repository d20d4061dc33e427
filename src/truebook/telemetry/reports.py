"""Where reports are: on the bus, each under a key of its process that expires by itself.

Promise: who reads them gets the latest of every process that told one within REPORT_S_MAX, on
whatever host; one that has ended or lost the bus is gone from them after that. Nothing is kept.
"""

import asyncio
from typing import Any

from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.interface import BusUnavailable
from truebook.commandlog.resp import ConnectionLost, Refused, key
from truebook.telemetry.report import Report, decode_all, encode

REPORT_S_MAX = 4.0
REPLY_S_MAX = 2.0
_AT_ONCE = 1_000
"""Keys that a step of the search looks at: a bus has a few dozen."""


class ReportBook:
    """For whoever waits for the bus's answer; connects when first used, and again after a loss."""

    def __init__(self, url: str, *, shard: int = 0) -> None:
        self._connection = BlockingConnection(parse(url))
        self._shard = shard

    def tell(self, report: Report) -> None:
        """Replace this process's report. Raises BusUnavailable."""
        expires_ms = round(REPORT_S_MAX * 1000)
        self._request("SET", self._key(report), encode(report), "PX", expires_ms)

    def withdraw(self, report: Report) -> None:
        """This process ends. Raises BusUnavailable."""
        self._request("DEL", self._key(report))

    def read(self) -> list[Report]:
        """All of them, by name. Raises BusUnavailable."""
        pattern = key(self._shard, "process:*")
        names = set()
        cursor = b"0"
        while True:
            cursor, found = self._request("SCAN", cursor, "MATCH", pattern, "COUNT", _AT_ONCE)
            names.update(found)
            if cursor == b"0":
                break
        texts = self._request("MGET", *names) if names else []
        return decode_all([text for text in texts if text is not None])

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _key(self, report: Report) -> str:
        return key(self._shard, f"process:{report.name}@{report.host}:{report.pid}")

    def _request(self, *command: str | bytes | int) -> Any:
        try:
            if not self._connection.is_open:
                self._connection.open()
            return self._connection.request(*command, seconds=REPLY_S_MAX)
        except (ConnectionLost, Refused) as error:
            self._connection.close()
            raise BusUnavailable(str(error)) from None


async def read_reports(url: str) -> list[Report]:
    """All of them, for whoever must not wait in one place. Raises BusUnavailable."""
    book = ReportBook(url)
    try:
        return await asyncio.to_thread(book.read)
    finally:
        book.close()
