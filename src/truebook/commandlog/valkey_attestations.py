"""attestations.AttestationStream on a Valkey or Redis server: a stream of its own on the bus."""

from typing import Any

from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.interface import BusUnavailable
from truebook.commandlog.resp import ConnectionLost, Refused, key, pairs

REPLY_S_MAX = 2.0
KEPT_MAX = 1 << 14
"""At a usual rate, ten a second and engine: nearly ten minutes of three engines; 4 MB."""


class ValkeyAttestations:
    """Connects when first used, and again after a loss."""

    def __init__(self, url: str, *, shard: int = 0) -> None:
        self._connection = BlockingConnection(parse(url))
        self._stream = key(shard, "attestations")

    def add(self, message: bytes) -> None:
        """Publish one."""
        self._request("XADD", self._stream, "MAXLEN", "~", KEPT_MAX, "*", "a", message)

    def after(self, place: str, count: int) -> list[tuple[str, bytes]]:
        """Up to `count` behind a place."""
        reply = self._request("XRANGE", self._stream, f"({place}", "+", "COUNT", count)
        return [(at.decode(), pairs(fields)[b"a"]) for at, fields in reply]

    def newest(self, count: int) -> list[bytes]:
        """Up to `count` of the latest, the latest first."""
        reply = self._request("XREVRANGE", self._stream, "+", "-", "COUNT", count)
        return [pairs(fields)[b"a"] for _, fields in reply]

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _request(self, *command: str | bytes | int) -> Any:
        try:
            if not self._connection.is_open:
                self._connection.open()
            return self._connection.request(*command, seconds=REPLY_S_MAX)
        except (ConnectionLost, Refused) as error:
            self._connection.close()
            raise BusUnavailable(str(error)) from None
