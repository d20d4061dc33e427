"""Orders as JSON text, for the answers to those who place very many.

Promise: the text is what order_json.py makes of the same reply, byte for byte; a test compares
them. Nearly all replies are about plain limit orders, whose text differs in a few amounts only: the
long end of it, which names what the order doesn't have, is made once for each state and kind.
"""

from functools import lru_cache

from truebook.api.order_json import Reply, json_of_reply
from truebook.api.response import encode
from truebook.directory import Market
from truebook.messages import (
    ORDER_HAS_CLIENT_ID,
    ORDER_POST_ONLY,
    ORDER_TIME_SHIFT,
    ORDER_TRIGGER,
    ORDER_TYPE_SHIFT,
    OrderType,
)
from truebook.units import show

_KIND = 3 << ORDER_TYPE_SHIFT | ORDER_TRIGGER
_PLAIN_LIMIT = OrderType.LIMIT << ORDER_TYPE_SHIFT
_FLAGS = (1 << ORDER_TIME_SHIFT) - 1
_END = '"reduceOnly"'

_shown = lru_cache(maxsize=1 << 14)(show)
"""The same few thousand prices and quantities come again and again."""

_ends: dict[tuple[str, int, int], str] = {}
"""By symbol, status and flags: at most some dozens a market."""


def text_of_reply(reply: Reply, market: Market) -> bytes:
    """An order as it stands after a command."""
    _, status, _, _, _, order_id, _, client_id, price, quantity, executed, quote, time_flags = reply
    if time_flags & _KIND != _PLAIN_LIMIT:
        return encode(json_of_reply(reply, market))
    flags = time_flags & _FLAGS
    end = _ends.get((market.symbol, status, flags)) or _new_end(reply, market)
    step = market.step
    return (
        f'{{"orderType":"Limit","id":"{order_id}",'
        f'"clientId":{client_id if flags & ORDER_HAS_CLIENT_ID else "null"},'
        f'"createdAt":{time_flags >> ORDER_TIME_SHIFT},'
        f'"executedQuantity":"{_shown(executed, step) if executed else 0}",'
        f'"executedQuoteQuantity":"{show(quote, market.quote.atoms) if quote else 0}",'
        f'"postOnly":{"true" if flags & ORDER_POST_ONLY else "false"},'
        f'"price":"{_shown(price, market.tick)}","quantity":"{_shown(quantity, step)}",{end}'
    ).encode()


def _new_end(reply: Reply, market: Market) -> str:
    text = encode(json_of_reply(reply, market)).decode()
    end = text[text.index(_END) :]
    _ends[market.symbol, reply.status, reply.time_flags & _FLAGS] = end
    return end
