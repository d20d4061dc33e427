"""An exchange that runs already, for `bench orders --url`.

Promise: nothing is asked of it that a trader couldn't ask: orders are placed and cancelled with the
keys that were given, and what rests of them afterwards is taken back. Where orders that are to rest
would trade, nothing is begun.

What isn't known of it: its processors' time, and whether its feed and database keep up. Its limits
on how often one may ask hold for us as well: what they refuse is told as failed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from truebook.bench.exchange import BenchError
from truebook.bench.mixes import resting_prices
from truebook.bench.trading import SYMBOL, Trader
from truebook.bots.client import Client, ExchangeError
from truebook.bots.keyfile import KeyFile, read_key_file
from truebook.config import UserError


class ExchangeElsewhere:
    """Who may trade there, and what a benchmark needs to ask."""

    def __init__(self, url: str, keys: Sequence[Path]) -> None:
        """Raises UserError: not HTTP, or no key that can be read."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise UserError(f"--url: {url!r} isn't http://HOST:PORT")
        if not keys:
            raise UserError(
                "--url: give --key FILE, once or more: what `truebook account create NAME"
                f" --credit USDC=… --credit SOL=… --json` prints there; orders are of {SYMBOL}"
            )
        self._url = url
        self._place = parts.hostname, parts.port or 80
        self._keys: list[KeyFile] = list(map(read_key_file, keys))

    @property
    def api(self) -> tuple[str, int]:
        """Host and port of the HTTP interface."""
        return self._place

    def cpu_ns(self) -> dict[str, int]:
        """Nobody knows."""
        return {}

    async def settled(self) -> dict[str, Any]:
        """What was answered has been carried out; more can't be seen from here."""
        return {}

    async def traders(self) -> list[Trader]:
        """Who trades, once it is sure that their orders will rest. Raises BenchError."""
        bid, ask = resting_prices()
        try:
            async with Client(self._url, self._keys[0]) as client:
                best = await client.best_prices(SYMBOL)
        except ExchangeError as error:
            raise BenchError(f"{self._url}: {error}") from None
        if best is not None and (best[0] >= ask or best[1] <= bid):
            raise BenchError(
                f"bids up to {bid} and asks from {ask} wouldn't rest in {SYMBOL} there:"
                f" the best are {best[0]} and {best[1]}"
            )
        return [Trader(0, key) for key in self._keys]

    async def cancel_all(self) -> None:
        """Take back all orders of these keys in the market. Raises BenchError."""
        for key in self._keys:
            async with Client(self._url, key) as client:
                try:
                    await client.cancel_all(SYMBOL)
                except ExchangeError as error:
                    raise BenchError(f"{self._url}: {error}") from None
