"""Plain orders, from Python's side: bytes in, bytes out.

Promise: whatever is given, nothing outside of the memory here is read or written; and what comes
back is what the long way gives, or nothing. What one call has read is there until the next one.

An order's end (telling.py) is learned from a text that the long way made of the same reply.
"""

import re
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import NamedTuple

import numpy as np

from truebook.directory import Market
from truebook.limits import DECIMALS_MAX
from truebook.messages import COMMAND_BYTES, REPLY_BYTES
from truebook.plain.layout import (
    CANCELS,
    END,
    END_BYTES_MAX,
    END_SLOTS,
    ENDS_MAX,
    FRAMED,
    INPUT_BYTES_MAX,
    MARKET,
    MARKETS_MAX,
    OFFSETS,
    PLACES,
    SYMBOL_WORDS,
    TEXTS_MAX,
    TICKET_BYTES,
    WORD,
)
from truebook.plain.reading import read_requests, read_signed, stamp
from truebook.plain.telling import (
    FLAGS,
    KIND_MASK,
    KIND_PLAIN,
    PROBES_MAX,
    key_of_end,
    slot_of,
    tell_all,
)

_INPUT, _KINDS, _TICKETS = OFFSETS["input"], OFFSETS["kinds"], OFFSETS["tickets"]
_RECORDS, _REPLIES, _TOLD = OFFSETS["records"], OFFSETS["replies"], OFFSETS["told"]
_META, _SIGNED = OFFSETS["meta"], OFFSETS["signed"]
_WORD = Struct("<q")
_REPLY = Struct("<xB4xH48xq")
"""Status, market and time_flags of a reply."""
assert _REPLY.size == REPLY_BYTES
_END = b'"reduceOnly"'
_MANTISSA_MAX = 1 << 62
_PLAIN_SYMBOL = re.compile(r"[A-Za-z0-9_.~-]+", re.ASCII)
"""What is signed of such a symbol is the same as it is and percent-encoded."""


class Told(NamedTuple):
    """The JSON of replies, as far as they are plain."""

    text: bytes
    next: int
    """The first that isn't told."""


class Codec:
    """Of one process; all is done within a call, so nobody else may be using it."""

    def __init__(self) -> None:
        memory = np.zeros(OFFSETS["end"], np.uint8)
        self._memory = memory
        self._view = memory.data
        self._address = int(memory.ctypes.data)
        self._stops = self._part("stops", WORD, TEXTS_MAX)["value"].data
        self._markets: list[Market] = []
        self._ends = 0
        self._end_bytes = 0

    def _part(self, name: str, layout: np.dtype[np.void], count: int) -> np.ndarray:
        at = OFFSETS[name]
        return self._memory[at : at + count * layout.itemsize].view(layout)

    def know(self, markets: Iterable[Market]) -> None:
        """These are all markets now."""
        known = [market for market in markets if _is_plain(market)]
        if known == self._markets:
            return
        self._markets = known
        table = self._part("markets", MARKET, MARKETS_MAX)
        table[:] = 0
        self._part("slots", END, END_SLOTS)[:] = 0
        self._ends = self._end_bytes = 0
        for market in known:
            symbol = market.symbol.encode()
            row = table[market.number]
            row["size"] = len(symbol)
            row["symbol"] = np.frombuffer(symbol.ljust(8 * SYMBOL_WORDS, b"\0"), "<i8")
            row["tick_mantissa"], row["tick_exponent"] = market.tick
            row["step_mantissa"], row["step_exponent"] = market.step
            row["quote_exponent"] = market.quote.atoms.exponent

    def read(self, texts: Sequence[bytes]) -> bytes:
        """What each message is: layout.NOT_PLAIN, PLACES or CANCELS; nothing if they are more than
        TEXTS_MAX."""
        if len(texts) > TEXTS_MAX:
            return b""
        # Nobody's message, however large or odd, keeps others from the short way.
        return self._read(texts) or self._read([one if _is_usual(one) else b"" for one in texts])

    def _read(self, texts: Sequence[bytes]) -> bytes:
        """The same; nothing if they are too large together, or one has a zero byte in it."""
        joined = b"\0".join(texts) + b"\0"
        size = len(joined)
        if size > INPUT_BYTES_MAX:
            return b""
        self._view[_INPUT : _INPUT + size] = joined
        if read_requests(self._address, size) != len(texts):
            return b""
        return bytes(self._view[_KINDS : _KINDS + len(texts)])

    def read_signed(self, body: bytes, *, places: bool, is_list: bool) -> tuple[int, bytes]:
        """How many plain orders a body is, or cancellations, and what is signed of them; 0: it is
        not plain."""
        size = len(body)
        if size > INPUT_BYTES_MAX:
            return 0, b""
        self._view[_INPUT : _INPUT + size] = body
        count = read_signed(self._address, size, PLACES if places else CANCELS, is_list)
        if not count:
            return 0, b""
        (size,) = _WORD.unpack_from(self._view, _META)
        return count, bytes(self._view[_SIGNED : _SIGNED + size])

    def records(self, first: int, count: int, account: int, order_id: int) -> bytes:
        """The commands of what was read, from the first on; orders are named from that id on."""
        stamp(self._address, first, count, account, order_id)
        at = _RECORDS + first * COMMAND_BYTES
        return bytes(self._view[at : at + count * COMMAND_BYTES])

    def tickets(self, first: int, count: int) -> bytes:
        """The ids of the messages that were read, from the first on, as `tell` wants them."""
        at = _TICKETS + first * TICKET_BYTES
        return bytes(self._view[at : at + count * TICKET_BYTES])

    def tell(self, packed: bytes, how: int, tickets: bytes = b"", first: int = 0) -> Told:
        """The JSON of replies from the first on, as far as it can be had. Of more than TEXTS_MAX
        none is told."""
        count = len(packed) // REPLY_BYTES
        if count > TEXTS_MAX or (how == FRAMED and len(tickets) != count * TICKET_BYTES):
            return Told(b"", first)
        view = self._view
        view[_REPLIES : _REPLIES + len(packed)] = packed
        view[_TICKETS : _TICKETS + len(tickets)] = tickets
        told = tell_all(self._address, first, count, how)
        return Told(bytes(view[_TOLD : _TOLD + (told >> 16)]), told & 0xFFFF)

    def stops(self, count: int) -> list[int]:
        """Where each of the first replies ends in the text that was told from the first on."""
        return self._stops[:count].tolist()

    def learn(self, packed: bytes, text: bytes) -> None:
        """Remember how the text ends that the long way made of one reply."""
        status, market, time_flags = _REPLY.unpack(packed)
        if market >= MARKETS_MAX or time_flags & KIND_MASK != KIND_PLAIN:
            return
        end = text[text.index(_END) :]
        if self._ends == ENDS_MAX or len(end) > END_BYTES_MAX:
            return
        key = key_of_end(market, status, time_flags & FLAGS)
        slots = self._part("slots", END, END_SLOTS)
        first = slot_of(key)
        for probe in range(PROBES_MAX):
            slot = (first + probe) % END_SLOTS
            if slots[slot]["size"] and slots[slot]["key"] == key:
                return
            if not slots[slot]["size"]:
                at = OFFSETS["ends"] + self._end_bytes
                self._view[at : at + len(end)] = end
                slots[slot] = key, self._end_bytes, len(end)
                self._ends += 1
                self._end_bytes += len(end)
                return


def _is_usual(text: bytes) -> bool:
    """Whether it can be read together with as many others that are."""
    return len(text) < INPUT_BYTES_MAX // TEXTS_MAX and b"\0" not in text


def _is_plain(market: Market) -> bool:
    """Whether the compiled code may have to do with it."""
    grids = (market.tick, market.step, market.quote.atoms)
    return (
        market.number < MARKETS_MAX
        and len(market.symbol) <= 8 * SYMBOL_WORDS
        and _PLAIN_SYMBOL.fullmatch(market.symbol) is not None
        and market.quote.atoms.mantissa == 1
        and all(1 <= g.mantissa <= _MANTISSA_MAX and 0 <= g.exponent <= DECIMALS_MAX for g in grids)
    )
