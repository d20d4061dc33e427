"""What somebody listens to, read from the names of the channels that have listeners."""

from collections.abc import Iterable
from typing import NamedTuple

from truebook.feed.channels import ACCOUNT_BALANCES, ACCOUNT_UPDATES, DEPTH_PERIODS_MS
from truebook.feed.intervals import INTERVALS

_STREAMS = frozenset({"depth", "trade", "bookTicker", "ticker"})
ACCOUNT_DIGITS_MAX = 10


class Interest(NamedTuple):
    """Symbols, and account numbers."""

    markets: frozenset[str]
    """Those of which any public stream has a listener."""
    tops: frozenset[str]
    """The best bid and ask."""
    tickers: frozenset[str]
    klines: dict[str, frozenset[str]]
    """Intervals, by symbol."""
    accounts: frozenset[int]
    """Those whose order updates have a listener."""
    balances: frozenset[int]
    """Those whose balances have one."""


def interest_in(channels: Iterable[str]) -> Interest:
    """What these channels are about; channels of others are passed over."""
    markets: set[str] = set()
    tops: set[str] = set()
    tickers: set[str] = set()
    klines: dict[str, set[str]] = {}
    accounts: dict[str, set[int]] = {ACCOUNT_UPDATES: set(), ACCOUNT_BALANCES: set()}
    for channel in channels:
        kind, _, number = channel.rpartition(".")
        if kind in accounts:
            if number.isascii() and number.isdigit() and len(number) <= ACCOUNT_DIGITS_MAX:
                accounts[kind].add(int(number))
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
                elif stream == "bookTicker":
                    tops.add(symbol)
    return Interest(
        frozenset(markets),
        frozenset(tops),
        frozenset(tickers),
        {symbol: frozenset(intervals) for symbol, intervals in klines.items()},
        frozenset(accounts[ACCOUNT_UPDATES]),
        frozenset(accounts[ACCOUNT_BALANCES]),
    )


NO_INTEREST = interest_in(())
