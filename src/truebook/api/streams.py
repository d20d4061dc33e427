"""The streams of the exchange: which names clients write for them, and who may hear which.

Promise: every name of the dialects (contract A7) means one channel of the feed; a name that means
none is "Invalid stream". An account's updates are for who signed with a key that may read, and end
within about a second of the key's end. A key that is kept to some addresses is heard from nowhere
else, and a password's key not at all; who signs too often, or wrongly, has to wait as at the API.

    depth.SOL_USDC, depth.200ms.SOL_USDC, trade.…, bookTicker.…, ticker.…, kline.1m.SOL_USDC
    depth@SOL_USDC           as the tutorial family writes it
    SOL_USDC@depth           as it was written before 2024
    account.orderUpdate, account.orderUpdate.SOL_USDC
    account.balanceUpdate    (an addition)
    account.positionUpdate, account.rfqUpdate: accepted, and silent

The updates of one market are those of the account that are about it, with the account's numbers.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from truebook.api.authenticate import Authority, Caller
from truebook.api.errors import ApiError
from truebook.api.throttle import Rates, Throttle
from truebook.asking import Asker, TimedOut
from truebook.clock import Clock
from truebook.directory import Directory
from truebook.feed.channels import (
    ACCOUNT_BALANCES,
    ACCOUNT_UPDATES,
    DEPTH_PERIODS_MS,
    balances_channel,
    book_ticker_channel,
    depth_channel,
    kline_channel,
    ticker_channel,
    trade_channel,
    updates_channel,
)
from truebook.feed.intervals import INTERVALS
from truebook.people.doorkeeper import Doorkeeper
from truebook.ws.interface import Channel, Missed, Refused, Unavailable

SILENT = ("account.positionUpdate", "account.rfqUpdate")
"""Of futures and of quotes on request, which the exchange doesn't have: nothing ever happens there.
They are accepted since clients ask for them together with the orders: ccxt's watch_orders names
account.rfqUpdate in the same request, and a refusal would refuse the orders as well."""

INVALID_STREAM = 4006
UNAUTHORIZED = 4004
TOO_MANY = 4003
"""As ws.protocol.ErrorCode has them."""

_UPDATES_TIMEOUT_MS = 2_000
"""The asker asks again meanwhile, and the websocket server after it."""

_encode = msgspec.json.Encoder().encode


class _Depth(msgspec.Struct):
    """What is joined of a depth message; the rest of it is the newer one's."""

    first: int = msgspec.field(name="U")
    last: int = msgspec.field(name="u")
    asks: list[tuple[str, str]] = msgspec.field(name="a")
    bids: list[tuple[str, str]] = msgspec.field(name="b")


class _Candle(msgspec.Struct):
    start: str = msgspec.field(name="t")


class _Update(msgspec.Struct):
    symbol: str = msgspec.field(name="s")


_decode_depth = msgspec.json.Decoder(_Depth).decode
_decode_candle = msgspec.json.Decoder(_Candle).decode
_decode_update = msgspec.json.Decoder(_Update).decode


def merge_depth(older: bytes, newer: bytes) -> bytes | None:
    """Two changes of a book as one: of each level the newer size."""
    first, last = _decode_depth(older), _decode_depth(newer)
    if last.first != first.last + 1:
        return None
    fields: dict[str, Any] = msgspec.json.decode(newer)
    fields["U"] = first.first
    fields["a"] = list((dict(first.asks) | dict(last.asks)).items())
    fields["b"] = list((dict(first.bids) | dict(last.bids)).items())
    return _encode(fields)


def merge_latest(older: bytes, newer: bytes) -> bytes:
    """The newer says all that the older did."""
    return newer


def merge_candles(older: bytes, newer: bytes) -> bytes | None:
    """The newer form of the same candle; a candle's last form isn't replaced by another's first."""
    return newer if _decode_candle(older).start == _decode_candle(newer).start else None


class Streams:
    """ws.interface.Guide of the exchange."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        rates: Rates | None = None,
        doorkeeper: Doorkeeper | None = None,
    ) -> None:
        """`doorkeeper` None: no key has an address list."""
        self._directory = directory
        self._throttle = Throttle(clock, rates)
        self._authority = Authority(directory, clock, self._throttle, doorkeeper)

    def channels_of(
        self, streams: Sequence[str], signature: Sequence[str] | None, address: str
    ) -> list[Channel]:
        """The channel of each stream. Raises Refused."""
        private = {name: self._private_parts(name) for name in streams if _is_private(name)}
        channels = {name: self._public(name) for name in streams if name not in private}
        if private:
            caller = self._caller(signature, address)
            for name, (kind, symbol) in private.items():
                channels[name] = self._private(kind, symbol, caller, address)
        return [channels[name] for name in streams]

    def _public(self, name: str) -> Channel:
        words, symbol = self._taken_apart(name)
        if symbol not in self._directory.market_by_symbol:
            raise _invalid()
        match words:
            case ["depth"]:
                return Channel(depth_channel(symbol), merge=merge_depth)
            case ["depth", period] if period and period in DEPTH_PERIODS_MS:
                return Channel(depth_channel(symbol, period), merge=merge_depth)
            case ["trade"]:
                return Channel(trade_channel(symbol))
            case ["bookTicker"]:
                return Channel(book_ticker_channel(symbol), merge=merge_latest)
            case ["ticker"]:
                return Channel(ticker_channel(symbol), merge=merge_latest)
            case ["kline", interval] if interval in INTERVALS:
                return Channel(kline_channel(symbol, interval), merge=merge_candles)
        raise _invalid()

    def _taken_apart(self, name: str) -> tuple[list[str], str]:
        """The words of a name, and its symbol."""
        kind, at, symbol = name.partition("@")
        if not at:
            kind, _, symbol = name.rpartition(".")
        elif kind in self._directory.market_by_symbol:
            kind, symbol = symbol, kind
        return kind.split("."), symbol

    def _private_parts(self, name: str) -> tuple[str, str]:
        """Kind and symbol of a private stream's name."""
        if name == ACCOUNT_BALANCES:
            return name, ""
        for kind in (ACCOUNT_UPDATES, *SILENT):
            if name == kind:
                return kind, ""
            symbol = name.removeprefix(f"{kind}.")
            if symbol != name and symbol in self._directory.market_by_symbol:
                return kind, symbol
        raise _invalid()

    def _private(self, kind: str, symbol: str, caller: Caller, address: str) -> Channel:
        def is_allowed() -> bool:
            return self._authority.may_read(caller, address)

        if kind in SILENT:
            return Channel("", is_allowed=is_allowed)
        if kind == ACCOUNT_BALANCES:
            name = balances_channel(caller.account)
            return Channel(name, is_announced=True, is_allowed=is_allowed)
        return Channel(
            updates_channel(caller.account),
            is_numbered=True,
            wants=_of_market(symbol) if symbol else None,
            is_allowed=is_allowed,
        )

    def _caller(self, signature: Sequence[str] | None, address: str) -> Caller:
        if signature is None:
            raise Refused(UNAUTHORIZED, "signature: missing, and the stream is private")
        try:
            self._throttle.signed(address)
            return self._authority.subscriber(signature, address)
        except ApiError as error:
            if error.status == 401:
                self._throttle.failed(address)
            if error.status == 429:
                raise Refused(TOO_MANY, error.message) from None
            raise Refused(UNAUTHORIZED, f"signature: {error.message}") from None


class Updates:
    """ws.interface.Backlog of the exchange: the feed knows what an account's updates were, and
    tells its balances once it knows that somebody listens."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def updates(self, channel: str, after: int | None) -> Missed:
        """The updates after a sequence. Raises Unavailable."""
        kind, _, account = channel.rpartition(".")
        try:
            answer = await self._asker.ask(
                "updates" if kind == ACCOUNT_UPDATES else "listeners",
                int(account),
                sequence=after,
                timeout_ms=_UPDATES_TIMEOUT_MS,
            )
        except TimedOut as error:
            raise Unavailable(str(error)) from None
        return Missed(answer.sequence, answer.messages)


def _is_private(name: str) -> bool:
    return name.startswith("account.")


def _of_market(symbol: str) -> Callable[[bytes], bool]:
    def wants(update: bytes) -> bool:
        return _decode_update(update).symbol == symbol

    return wants


def _invalid() -> Refused:
    return Refused(INVALID_STREAM, "Invalid stream")
