"""What the feed publishes: channels of the bus, and the form of their messages.

A message of a **public** channel is the JSON that stands under `data` in a client's frame. A
message of a **numbered** channel (an account's updates) is the number, eight bytes, little-endian,
and then that JSON. Numbers have no gap; a numbered message without JSON only says what the last
number is, so that a reader who missed messages learns it. What was missed is asked for with
queries.Query `updates`.

Symbols contain no dot, so channels can be taken apart again.
"""

from struct import Struct

ACCOUNT_UPDATES = "account.orderUpdate"
ACCOUNT_BALANCES = "account.balanceUpdate"
DEPTH_PERIODS_MS = {"": 0, "200ms": 200, "600ms": 600, "1000ms": 1000}
"""How often a depth stream tells, by the word in its name; without a word: as it happens."""

_NUMBER = Struct("<Q")


def depth_channel(symbol: str, period: str = "") -> str:
    """Level-2 changes, each chain of its own period numbered without a gap."""
    return f"depth.{period}.{symbol}" if period else f"depth.{symbol}"


def trade_channel(symbol: str) -> str:
    """Every trade."""
    return f"trade.{symbol}"


def book_ticker_channel(symbol: str) -> str:
    """Every change of the best bid or ask."""
    return f"bookTicker.{symbol}"


def ticker_channel(symbol: str) -> str:
    """The figures of 24 hours, every second while they change."""
    return f"ticker.{symbol}"


def kline_channel(symbol: str, interval: str) -> str:
    """The present candle, at most once a second, and each one's final form."""
    return f"kline.{interval}.{symbol}"


def updates_channel(account: int) -> str:
    """An account's order updates in all markets: numbered."""
    return f"{ACCOUNT_UPDATES}.{account}"


def balances_channel(account: int) -> str:
    """An account's balances, as they change: each message has the whole of one."""
    return f"{ACCOUNT_BALANCES}.{account}"


def numbered(number: int, text: bytes = b"") -> bytes:
    """A message of a numbered channel."""
    return _NUMBER.pack(number) + text


def read_numbered(message: bytes) -> tuple[int, bytes]:
    """Its number and its JSON."""
    return _NUMBER.unpack_from(message)[0], message[_NUMBER.size :]
