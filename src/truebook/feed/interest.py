"""What somebody listens to, read from the names of the channels that have listeners."""

from collections.abc import Iterable
from typing import NamedTuple

from truebook.feed.channels import ACCOUNT_UPDATES, DEPTH_PERIODS_MS
from truebook.feed.intervals import INTERVALS

_STREAMS = frozenset({"depth", "trade", "bookTicker", "ticker"})
_PRIVATE = f"{ACCOUNT_UPDATES}."
ACCOUNT_DIGITS_MAX = 10


class Interest(NamedTuple):
    """Symbols, and account numbers."""

    markets: frozenset[str]
    """Those of which any public stream has a listener."""
    tickers: frozenset[str]
    klines: dict[str, frozenset[str]]
    """Intervals, by symbol."""
    accounts: dict[int, frozenset[str]]
    """Symbols to which an account's listeners have narrowed their interest."""


def interest_in(channels: Iterable[str]) -> Interest:
    """What these channels are about; channels of others are passed over."""
    markets: set[str] = set()
    tickers: set[str] = set()
    klines: dict[str, set[str]] = {}
    accounts: dict[int, set[str]] = {}
    for channel in channels:
        if channel.startswith(_PRIVATE):
            number, _, symbol = channel.removeprefix(_PRIVATE).partition(".")
            if number.isascii() and number.isdigit() and len(number) <= ACCOUNT_DIGITS_MAX:
                accounts.setdefault(int(number), set()).update([symbol] if symbol else [])
            continue
        match channel.split("."):
            case ["kline", interval, symbol] if interval in INTERVALS:
                klines.setdefault(symbol, set()).add(interval)
                markets.add(symbol)
            case ["depth", period, symbol] if period in DEPTH_PERIODS_MS:
                markets.add(symbol)
            case [stream, symbol] if stream in _STREAMS:
                markets.add(symbol)
                if stream == "ticker":
                    tickers.add(symbol)
    return Interest(
        frozenset(markets),
        frozenset(tickers),
        {symbol: frozenset(intervals) for symbol, intervals in klines.items()},
        {account: frozenset(symbols) for account, symbols in accounts.items()},
    )


NO_INTEREST = interest_in(())
