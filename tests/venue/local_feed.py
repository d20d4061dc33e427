"""A feed in the same process, for tests of the gateway: the fold alone, given what it asks for."""

from truebook.commandlog.interface import EventEntry, Position
from truebook.directory import Directory
from truebook.engine.interface import Engine
from truebook.feed.fold import Fold
from truebook.feed.public_json import tickers


class LocalFeed:
    """Follows an engine's events, and answers as feed/questions.py does."""

    def __init__(self, engine: Engine, directory: Directory) -> None:
        self._engine = engine
        self._fold = Fold(directory)

    def follow(self, position: Position, events: bytes) -> None:
        """Fold what one entry made."""
        entry = EventEntry(position, self._fold.position, events, b"", b"")
        now_ms = self._engine.time_ms()
        self._fold.step([entry], now_ms, (), True)
        for number, stream in self._fold.markets.items():
            if stream.depth.must_load:
                sides = [dict(side.tolist()) for side in self._engine.depth(number)]
                stream.depth.load(*sides, self._engine.market_figures(number)[0])
        self._fold.step([], now_ms, (), True)

    def depth(self, market: int, limit: int) -> bytes:
        """The JSON of a Depth."""
        return self._fold.markets[market].book(limit, self._engine.time_ms() * 1000)

    def tickers(self, market: int | None, hours: int) -> bytes:
        """The JSON of a list of Tickers."""
        time_s = self._engine.time_ms() // 1000
        chosen = [s for n, s in self._fold.markets.items() if market in (None, n)]
        objects = [stream.ticker_object(time_s, hours) for stream in chosen]
        return tickers([found for found in objects if found is not None])
