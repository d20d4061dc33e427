"""Questions that are not in the log: what a gateway asks an engine, and the answers.

Promise: an answer is the engine's state at `position`, and that is at or after the position the
question names. Messages are MessagePack, written and read by msgspec; numbers are ticks, lots and
atoms. Orders travel as `engine.interface.OpenOrder` rows, settings as event rows (messages.py).
"""

import msgspec


class Query(msgspec.Struct, array_like=True):
    """A question. `after` is the text of the highest log position that the asker has seen."""

    id: int
    channel: str
    after: str
    kind: str
    """One of `balances`, `orders`, `order`, `account`, `settings`, `status`."""
    account: int = 0
    market: int | None = None
    order_id: int | None = None
    client_id: int | None = None


class OrderRow(msgspec.Struct, array_like=True):
    """A resting order, field by field as `engine.interface.OpenOrder`."""

    order_id: int
    account: int
    market: int
    client_id: int
    price: int
    quantity: int
    remaining: int
    executed_quote: int
    priority: int
    time_flags: int


class Answer(msgspec.Struct, array_like=True):
    """An engine's answer to the question with the same id; what wasn't asked for stays empty."""

    id: int
    position: str
    balances: list[tuple[int, int, int]] = []
    """`balances`: (asset, available, locked) of each asset with a balance that is not zero."""
    orders: list[OrderRow] = []
    """`orders` (of an account, in one market or all), `order` (none or one, of this account)."""
    settings: bytes = b""
    """`settings`: ASSET_SET, MARKET_SET, TIER_SET, ACCOUNT_SET, KEY_SET event rows, all of them.
    `account`: the one account's ACCOUNT_SET."""
    status: dict[str, str | int | float | bool] = {}
    """`status`: engine, position, timeMs, stateHash, chain, eventHash, halted, counts."""


encode_query = msgspec.msgpack.Encoder().encode
encode_answer = msgspec.msgpack.Encoder().encode
decode_query = msgspec.msgpack.Decoder(Query).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
