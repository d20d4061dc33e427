"""Where everything stands in the memory that Python and the compiled code share.

Promise: every offset and size is fixed here. What is read ends in so many zeros (`SLACK_BYTES`)
that looking at a few words more never leaves the memory.
"""

import numpy as np

from truebook.messages import COMMAND_BYTES, REPLY_BYTES

TEXTS_MAX = 256
"""So many requests are read, or replies told, by one call."""
INPUT_BYTES_MAX = 128 * 1024
MARKETS_MAX = 256
"""Markets with a higher number are not plain."""
TICKET_BYTES = 32
"""The id of a request: how long its JSON is, in a byte, and then the JSON."""
SLACK_BYTES = 64
END_SLOTS = 4096
ENDS_MAX = 1024
END_BYTES_MAX = 640
TOLD_BYTES_MAX = 1088
"""Of one reply, whatever is in it: amounts and ids take under 400 bytes, its end 640."""

NOT_PLAIN, PLACES, CANCELS = 0, 1, 2
"""What a request is found to be."""

BARE, FRAMED, LISTED = 0, 1, 2
"""How a reply is told: as an answer by HTTP, as a websocket's frame, as one of a batch."""

BYTE = np.dtype([("value", "u1")])
WORD = np.dtype([("value", "<i8")])
SPAN = np.dtype([("start", "<i8"), ("size", "<i4"), ("kind", "<i4")])
"""A value of a JSON object: where its text stands, and which kind it is (0: there is none)."""

SYMBOL_WORDS = 5
MARKET = np.dtype(
    [
        ("size", "<i8"),  # of the symbol; 0: there is no such market
        ("symbol", "<i8", (SYMBOL_WORDS,)),
        ("tick_mantissa", "<i8"),
        ("tick_exponent", "<i8"),
        ("step_mantissa", "<i8"),
        ("step_exponent", "<i8"),
        ("quote_exponent", "<i8"),
    ]
)
"""One market, at the place of its number."""

END = np.dtype([("key", "<i8"), ("at", "<i4"), ("size", "<i4")])
"""How the JSON of an order ends, found by what it depends on; `size` 0: nothing stands here."""

FIELDS = (
    "clientId",
    "orderId",
    "orderType",
    "postOnly",
    "price",
    "quantity",
    "selfTradePrevention",
    "side",
    "symbol",
    "timeInForce",
)
"""What plain orders and cancellations may have, in the order in which it is signed."""
FIELD_NUMBERS = {name: number for number, name in enumerate(FIELDS)}

_SIZES = {
    "meta": 64,
    "spans": (len(FIELDS) + 2) * SPAN.itemsize,
    "markets": MARKETS_MAX * MARKET.itemsize,
    "kinds": TEXTS_MAX,
    "tickets": TEXTS_MAX * TICKET_BYTES,
    "records": TEXTS_MAX * COMMAND_BYTES,
    "replies": TEXTS_MAX * REPLY_BYTES,
    "stops": TEXTS_MAX * WORD.itemsize,
    "input": INPUT_BYTES_MAX,
    "signed": 2 * INPUT_BYTES_MAX,
    "slots": END_SLOTS * END.itemsize,
    "ends": ENDS_MAX * END_BYTES_MAX,
    "told": TEXTS_MAX * TOLD_BYTES_MAX,
}


def _offsets() -> dict[str, int]:
    offsets, at = {}, 0
    for name, size in _SIZES.items():
        offsets[name] = at
        at += -(-(size + SLACK_BYTES) // 64) * 64
    return {**offsets, "end": at}


OFFSETS = _offsets()


def word(text: bytes) -> int:
    """Up to eight bytes as the word that they are in memory."""
    return int.from_bytes(text.ljust(8, b"\0"), "little", signed=True)
