"""Questions that are not in the log: what is asked of engines and of the feed, and the answers.

Promise: an answer is the state at `position`, and that is at or after the position the question
names. Messages are MessagePack, written and read by msgspec; numbers are ticks, lots and atoms.
Orders travel as `engine.interface.OpenOrder` rows, settings as event rows (messages.py).
"""

from typing import Literal, get_args

import msgspec

EngineKind = Literal[
    "balances",
    "orders",
    "order",
    "account",
    "settings",
    "book",
    "withdrawals",
    "status",
    "snapshot",
]
AboutItselfKind = Literal["probe", "records", "attest", "verdict", "restart", "resume"]
"""What engines are asked, or told, about themselves."""
FeedKind = Literal["depth", "tickers", "updates", "listeners"]
QueryKind = EngineKind | AboutItselfKind | FeedKind | Literal["roles"]

FEED_KINDS = frozenset(get_args(FeedKind))
"""What the feed answers, on FEED_QUERIES_CHANNEL; engines answer the rest, on QUERIES_CHANNEL.
`listeners` has an empty answer, once the feed has learnt who listens. `roles` is answered by every
feed, store and archive, with their status, on ROLES_CHANNEL."""

ORDERS = frozenset(("attest", "verdict", "restart", "resume"))
"""Not questions, and not answered. `attest`: attest where you are. `verdict`: look whether the
venue is halted (halts.py). `restart`: the engine of that name ends, and begins again from the log.
`resume`: every engine does."""


ALL_ACCOUNTS = 0xFFFF_FFFF
"""In `withdrawals`: whosoever they are."""


class Query(msgspec.Struct, array_like=True):
    """A question. `after` is the text of the log position that the answer must be at or behind."""

    id: int
    channel: str
    after: str
    kind: QueryKind
    account: int = 0
    market: int | None = None
    order_id: int | None = None
    client_id: int | None = None
    limit: int = 0
    """`depth`: levels of each side, 0 for all. `tickers`: hours that the figures are about, 0 for
    the usual 24."""
    sequence: int | None = None
    """`updates`: the account sequence after which what was missed is wanted; None: nothing."""
    name: str = ""
    """`records`, `restart`: the engine that is meant."""


class OrderRow(msgspec.Struct, array_like=True):
    """A resting or pending order, field by field as `engine.interface.OpenOrder`."""

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
    trigger_price: int = 0


class WithdrawalRow(msgspec.Struct, array_like=True):
    """A withdrawal that waits, field by field as `engine.interface.PendingWithdrawal`."""

    withdrawal_id: int
    account: int
    asset: int
    amount: int


class Answer(msgspec.Struct, array_like=True):
    """An engine's answer to the question with the same id; what wasn't asked for stays empty."""

    id: int
    position: str
    balances: list[tuple[int, int, int]] = []
    """`balances`: (asset, available, locked) of each asset with a balance that is not zero."""
    orders: list[OrderRow] = []
    """`orders` (of an account, in one market or all), `order` (none or one, of this account)."""
    settings: bytes = b""
    """`settings`: ASSET_SET, MARKET_SET, TIER_SET, ACCOUNT_SET, KEY_SET, ATTESTER_SET event rows,
    all of them. `account`: the one account's ACCOUNT_SET."""
    status: dict[str, str | int | float | bool] = {}
    """`status` of an engine: engine, position, timeMs, stateHash, chain, eventHash, halted, counts,
    rules (the version followed), rulesMax (the highest version known), nextTimerMs (when the next
    timer runs out; 0: none is on);
    `roles`: role, position and the role's own figures. `snapshot`, which makes an engine write one:
    engine, position, stateHash, path, or trouble."""
    bids: bytes = b""
    asks: bytes = b""
    """`book`: all levels of a market, best first, as int64 pairs of ticks and lots."""
    figures: tuple[int, int, int] = (0, 0, 0)
    """`book`: market sequence, last trade id, last price in ticks."""
    body: bytes = b""
    """`depth`, `tickers`: the JSON that a client is given."""
    sequence: int = 0
    """`orders`, `account`: the account's sequence at `position`. `updates`: the same, and what
    comes after it will be published."""
    messages: list[bytes] = []
    """`updates`: the JSON of each update after the sequence asked for, up to `sequence`, or the
    first limits.HISTORY_UPDATES_MAX of them."""
    halted: str = ""
    """Why nothing is applied any more; empty: it is. `probe` asks for nothing else."""
    records: bytes = b""
    """`records`: the part of the canonical state, as bytes, that the limit of the query counts."""
    parts: int = 0
    """`records`: how many there are."""
    withdrawals: list[WithdrawalRow] = []
    """`withdrawals`: those that wait, of an account or ALL_ACCOUNTS, by id."""


encode_query = msgspec.msgpack.Encoder().encode
encode_answer = msgspec.msgpack.Encoder().encode
decode_query = msgspec.msgpack.Decoder(Query).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
