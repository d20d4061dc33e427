"""The streams of the exchange: which names clients write for them, and who may hear which.

Promise: every name of the dialects (contract A7) means one channel of the feed; a name that means
none is "Invalid stream". An account's updates are for who proves to be of the account
(stream_guests.py), with the permission to read, and as long as that lasts.

    depth.SOL_USDC, depth.200ms.SOL_USDC, trade.…, bookTicker.…, ticker.…, kline.1m.SOL_USDC
    depth@SOL_USDC           as the tutorial family writes it
    SOL_USDC@depth           as it was written before 2024
    account.orderUpdate, account.orderUpdate.SOL_USDC
    account.balanceUpdate    (an addition)
    account.cancelOnDisconnect   (an addition) with the permission to trade
    account.positionUpdate, account.rfqUpdate: accepted, and silent

The updates of one market are those of the account that are about it, with the account's numbers.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from truebook.api.authenticate import Caller
from truebook.asking import Asker, TimedOut
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
from truebook.messages import Permission
from truebook.ws.interface import Channel, Missed, Presence, Refused, Unavailable

SILENT = ("account.positionUpdate", "account.rfqUpdate")
"""Of futures and of quotes on request, which the exchange doesn't have: nothing ever happens there.
They are accepted since clients ask for them together with the orders: ccxt's watch_orders names
account.rfqUpdate in the same request, and a refusal would refuse the orders as well."""

CANCEL_ON_DISCONNECT = "account.cancelOnDisconnect"
"""An addition: silent too; while it is subscribed to, the account's orders live."""

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


class Speaker(Protocol):
    """Who asks for private streams."""

    def caller(self, permission: Permission) -> Caller:
        """Whose they are; raises Refused without the permission."""

    def may_still(self, caller: Caller, permission: Permission) -> bool:
        """Whether they still may."""


class Attendance(Protocol):
    """Looks after accounts as long as somebody of them is there."""

    def presence(self, account: int) -> Presence:
        """Of one subscription."""


class StreamNames:
    """What each name means."""

    def __init__(self, directory: Directory, attendance: Attendance | None = None) -> None:
        """`attendance` None: orders can't be bound to a connection."""
        self._directory = directory
        self._attendance = attendance

    def channels_of(self, streams: Sequence[str], speaker: Speaker) -> list[Channel]:
        """The channel of each stream. Raises Refused."""
        private = {name: self._private_parts(name) for name in streams if _is_private(name)}
        channels = {name: self._public(name) for name in streams if name not in private}
        if private:
            needed = Permission(0)
            for kind, _ in private.values():
                needed |= _permission_for(kind)
            caller = speaker.caller(needed)
            for name, (kind, symbol) in private.items():
                channels[name] = self._private(kind, symbol, caller, speaker)
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
        if name == ACCOUNT_BALANCES or (name == CANCEL_ON_DISCONNECT and self._attendance):
            return name, ""
        for kind in (ACCOUNT_UPDATES, *SILENT):
            if name == kind:
                return kind, ""
            symbol = name.removeprefix(f"{kind}.")
            if symbol != name and symbol in self._directory.market_by_symbol:
                return kind, symbol
        raise _invalid()

    def _private(self, kind: str, symbol: str, caller: Caller, speaker: Speaker) -> Channel:
        permission = _permission_for(kind)

        def is_allowed() -> bool:
            return speaker.may_still(caller, permission)

        if kind == CANCEL_ON_DISCONNECT and self._attendance is not None:
            presence = self._attendance.presence(caller.account)
            return Channel("", is_allowed=is_allowed, presence=presence)
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
        if after is None:
            return Missed(answer.sequence, answer.messages)
        # Of more than are told at once the first ones come.
        number = min(after + len(answer.messages), answer.sequence)
        if number < answer.sequence and not answer.messages:
            raise Unavailable(f"nothing of {after} … {answer.sequence} is told")
        return Missed(number, answer.messages, is_all=number == answer.sequence)


def _permission_for(kind: str) -> Permission:
    return Permission.TRADE if kind == CANCEL_ON_DISCONNECT else Permission.READ


def _is_private(name: str) -> bool:
    return name.startswith("account.")


def _of_market(symbol: str) -> Callable[[bytes], bool]:
    def wants(update: bytes) -> bool:
        return _decode_update(update).symbol == symbol

    return wants


def _invalid() -> Refused:
    return Refused(INVALID_STREAM, "Invalid stream")
