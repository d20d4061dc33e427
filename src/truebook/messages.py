"""The vocabulary: every record that crosses a process boundary, field by field.

Promise: a record means the same in every process, on every machine, for ever. All integers are
little-endian and every layout is fixed; `FORMAT_VERSION` names the set, and the engine runs every
version that occurs in its log.

Three kinds of records, each a NumPy dtype:

* **Command records**, 64 bytes. A log entry is one `ENTRY` header and then `count` records. A
  command is one to four consecutive records; the first carries `kind` and `records`, every
  following one starts with `kind` = 0, so that the starts can be found without walking.
* **Event rows**, 32 bytes. An event is one to five consecutive rows; the first carries its kind,
  every following one starts with 0. `np.flatnonzero(rows["kind"])` finds all events of a batch.
* **Replies**, 64 bytes: what the gateway needs to answer one command.

Units: prices in ticks, quantities in lots, balances in atoms, times in milliseconds since 1970,
fees and multipliers in basis points. Bytes named `zero_…` must be zero (a command with another
value is MALFORMED), so that a later version can give them a meaning.
"""

from enum import IntEnum, IntFlag

import numpy as np

FORMAT_VERSION = 1

COMMAND_BYTES = 64
EVENT_ROW_BYTES = 32
REPLY_BYTES = 64
RECORDS_PER_COMMAND_MAX = 4

NO_MARKET = 0xFFFF
"""In CANCEL and CANCEL_ALL: whatever market the order is in."""

NEW_ACCOUNT = 0xFFFF_FFFF
"""In SET_ACCOUNT: the engine gives the next free account number."""

VENUE_ACCOUNT = 0
"""Collects fees and rounding remainders, pays rebates; can't place orders."""


class CommandKind(IntEnum):
    """What a command asks for; 0 marks the continuation of a command."""

    ENTRY = 1
    PLACE = 2
    CANCEL = 3
    CANCEL_ALL = 4
    AMEND = 5
    DEPOSIT = 16
    WITHDRAW = 17
    TICK = 32
    SET_ASSET = 48
    SET_MARKET = 49
    SET_MARKET_STATE = 50
    SET_TIER = 51
    SET_ACCOUNT = 52
    SET_KEY = 53


class Side(IntEnum):
    """The side of an order; a bid buys base for quote, an ask sells base for quote."""

    BID = 0
    ASK = 1


class OrderType(IntEnum):
    """How `price` and `quantity` of a PLACE are read."""

    LIMIT = 0
    """`quantity` lots at `price` ticks or better."""
    MARKET = 1
    """`quantity` lots inside the protective price; `price` must be 0."""
    MARKET_BY_QUOTE = 2
    """Spend (bid) or receive (ask) up to `quantity` quote atoms; `price` must be 0."""


class TimeInForce(IntEnum):
    """What happens to a limit order's quantity that does not fill at once."""

    GTC = 0
    IOC = 1
    FOK = 2


class SelfTrade(IntEnum):
    """Self-trade prevention: who gives way when an order meets one of the same account."""

    REJECT_TAKER = 0
    REJECT_MAKER = 1
    REJECT_BOTH = 2
    ALLOW = 3


class PlaceFlag(IntFlag):
    """Bits of PLACE.flags."""

    POST_ONLY = 1
    HAS_CLIENT_ID = 2


class TargetBy(IntEnum):
    """How CANCEL and AMEND name their order."""

    ORDER_ID = 0
    CLIENT_ID = 1


class MarketState(IntEnum):
    """What a market accepts (docs/rules.md)."""

    OPEN = 0
    CANCEL_ONLY = 1
    POST_ONLY = 2
    LIMIT_ONLY = 3
    CLOSED = 4


class AccountFlag(IntFlag):
    """Bits of SET_ACCOUNT.flags."""

    BLOCKED = 1


class Permission(IntFlag):
    """What a key may do; a key without any permission is revoked."""

    READ = 1
    TRADE = 2
    WITHDRAW = 4
    ADMIN = 8


class OrderStatus(IntEnum):
    """Where an order stands after a command."""

    NEW = 0
    PARTIALLY_FILLED = 1
    FILLED = 2
    CANCELLED = 3
    EXPIRED = 4
    REJECTED = 5
    DONE = 6
    """Not about an order: the command was carried out."""


class CloseReason(IntEnum):
    """Why an order left without filling its whole quantity (FILLED: by quote, nothing more fits)."""

    FILLED = 0
    CANCELLED = 1
    IMMEDIATE_OR_CANCEL = 2
    FILL_OR_KILL = 3
    SELF_TRADE_PREVENTION = 4
    POST_ONLY_MODE = 5
    INSUFFICIENT_LIQUIDITY = 6
    INSUFFICIENT_FUNDS = 7
    PRICE_IMPACT = 8


class RejectCode(IntEnum):
    """Why a command changed nothing. Ranges: 1xx form, 2xx account, 3xx market, 4xx numbers,
    5xx order, 6xx funds, 7xx settings."""

    NONE = 0
    MALFORMED = 100
    UNKNOWN_ACCOUNT = 200
    ACCOUNT_BLOCKED = 201
    UNKNOWN_MARKET = 300
    MARKET_PAUSED = 301
    MARKET_LIMIT_ONLY = 302
    PRICE_TOO_LOW = 400
    PRICE_TOO_HIGH = 401
    PRICE_OUT_OF_BAND = 402
    QUANTITY_TOO_SMALL = 403
    QUANTITY_TOO_LARGE = 404
    NOTIONAL_TOO_LARGE = 405
    UNKNOWN_ORDER = 500
    DUPLICATE_ORDER_ID = 501
    DUPLICATE_CLIENT_ID = 502
    POST_ONLY_WOULD_TAKE = 503
    ORDER_LIMIT_MARKET = 504
    ORDER_LIMIT_ACCOUNT = 505
    ENGINE_FULL = 506
    INSUFFICIENT_FUNDS = 600
    SUPPLY_TOO_LARGE = 601
    UNKNOWN_ASSET = 700
    SETTING_INVALID = 701
    SETTING_IMMUTABLE = 702
    NAME_TAKEN = 703
    KEY_TAKEN = 704
    SETTINGS_FULL = 705


class EntryStatus(IntEnum):
    """What the engine did with a log entry."""

    APPLIED = 0
    REPEATED = 1
    """The gateway's sequence was seen before: a re-send, ignored."""
    GAP = 2
    """A sequence is missing before it: rejected whole."""
    MALFORMED = 3
    """The bytes are no entry (length, version, checksum): rejected whole."""


class EventKind(IntEnum):
    """What happened; 0 marks a continuation row."""

    ENTRY = 1
    REJECTED = 2
    ACCEPTED = 3
    FILL = 4
    RESTED = 5
    CLOSED = 6
    AMENDED = 7
    BALANCE = 8
    TICKED = 9
    TRANSFERRED = 10
    ASSET_SET = 16
    MARKET_SET = 17
    TIER_SET = 18
    ACCOUNT_SET = 19
    KEY_SET = 20


# --- command records, 64 bytes ----------------------------------------------------------------

_HEAD = [("kind", "u1"), ("records", "u1")]

ENTRY = np.dtype(
    [
        ("kind", "u1"),  # CommandKind.ENTRY
        ("version", "u1"),  # FORMAT_VERSION
        ("count", "<u2"),  # records that follow
        ("gateway", "<u4"),  # 20 bits; new at every start of a gateway
        ("sequence", "<i8"),  # 1, 2, 3 … in one life of a gateway
        ("time_ms", "<i8"),  # 0 in the log; the reader fills in the log server's stamp
        ("checksum", "<u8"),  # xxh3_64 of the header with time and checksum 0, and the records
        ("zero_1", "<i8", (4,)),
    ]
)
"""The header of a log entry."""

COMMAND = np.dtype(
    [
        *_HEAD,
        ("side", "u1"),
        ("order_type", "u1"),
        ("time_in_force", "u1"),
        ("self_trade", "u1"),
        ("flags", "u1"),  # PlaceFlag
        ("by", "u1"),  # TargetBy; CANCEL and AMEND only
        ("account", "<u4"),
        ("market", "<u2"),  # index of the market
        ("zero_1", "<u2"),
        ("order_id", "<i8"),  # PLACE: of the new order, ≥ 1; CANCEL, AMEND: the target
        ("price", "<i8"),  # ticks; AMEND: the new price
        ("quantity", "<i8"),  # lots or quote atoms (OrderType); AMEND: the new whole quantity
        ("client_id", "<u4"),  # counts with HAS_CLIENT_ID, or by = CLIENT_ID
        ("zero_2", "<u4"),
        ("zero_3", "<i8", (2,)),
    ]
)
"""PLACE, CANCEL, CANCEL_ALL (account, market), AMEND. Fields a kind doesn't use must be 0."""

TRANSFER = np.dtype(
    [
        *_HEAD,
        ("zero_1", "u1", (6,)),
        ("account", "<u4"),
        ("asset", "<u2"),
        ("zero_2", "<u2"),
        ("amount", "<i8"),  # atoms, ≥ 1
        ("zero_3", "<i8", (5,)),
    ]
)
"""DEPOSIT and WITHDRAW: value enters or leaves the exchange."""

TICK_MARKETS_MAX = 24

TICK = np.dtype(
    [
        *_HEAD,
        ("count", "u1"),  # how many of `markets` count, 0 … 24
        ("zero_1", "u1", (5,)),
        ("markets", "<u2", (TICK_MARKETS_MAX,)),
        ("zero_2", "<i8"),
    ]
)
"""TICK: time passes; each market named gets a numbered, empty update."""

SET_ASSET = np.dtype(
    [
        *_HEAD,
        ("decimals", "u1"),  # atoms in a unit: 10 ** decimals; 0 … 18
        ("zero_1", "u1", (5,)),
        ("asset", "<u2"),  # = number of assets: a new one; smaller: changes the display name
        ("zero_2", "<u2", (3,)),
        ("symbol", "V16"),  # ASCII A–Z 0–9, 1 … 16 bytes, padded with NUL
        ("display_name", "V24"),  # UTF-8, padded with NUL
        ("zero_3", "<i8"),
    ]
)
"""SET_ASSET: adds an asset, or renames one; symbol and decimals of an asset never change."""

_MARKET_FIELDS = [
    ("tick_mantissa", "<i8"),  # tick size = tick_mantissa / 10 ** tick_exponent quote units
    ("step_mantissa", "<i8"),  # lot size = step_mantissa / 10 ** step_exponent base units
    ("price_min", "<i8"),  # ticks, ≥ 1
    ("price_max", "<i8"),  # ticks
    ("quantity_min", "<i8"),  # lots, ≥ 1
    ("quantity_max", "<i8"),  # lots
]
_MARKET_BANDS = [
    ("price_reference", "<i8"),  # ticks; bands refer to it until the first trade; 0: none
    ("open_orders_max", "<u4"),  # of one account in this market; at most 65,535
    ("band_max_bp", "<u2"),  # a limit price is at most last × this; 0: no bound
    ("band_min_bp", "<u2"),  # … and at least last × this
    ("impact_max_bp", "<u2"),  # a market bid pays at most best × this
    ("impact_min_bp", "<u2"),  # a market ask takes at least best × this
]

SET_MARKET = np.dtype(
    [
        *_HEAD,
        ("state", "u1"),  # MarketState
        ("tick_exponent", "u1"),
        ("step_exponent", "u1"),
        ("zero_1", "u1", (3,)),
        ("market", "<u2"),  # = number of markets: a new one
        ("base", "<u2"),  # asset
        ("quote", "<u2"),  # asset
        ("zero_2", "<u2"),
        *_MARKET_FIELDS,
        ("continued", "u1"),  # 0: the second record starts here
        ("zero_3", "u1", (7,)),
        *_MARKET_BANDS,
        ("zero_4", "<u4"),
        ("zero_5", "<i8", (4,)),
    ]
)
"""SET_MARKET, two records: adds a market or changes its filters, bands, caps and state. Base,
quote, tick and step of a market never change."""

SET_MARKET_STATE = np.dtype(
    [
        *_HEAD,
        ("state", "u1"),  # MarketState
        ("zero_1", "u1", (5,)),
        ("market", "<u2"),
        ("zero_2", "<u2", (3,)),
        ("zero_3", "<i8", (6,)),
    ]
)
"""SET_MARKET_STATE: halts, reopens, restricts a market."""

SET_TIER = np.dtype(
    [
        *_HEAD,
        ("tier", "u1"),
        ("zero_1", "u1", (5,)),
        ("maker_bp", "<i4"),  # −10,000 … 10,000; negative: a rebate
        ("taker_bp", "<i4"),
        ("zero_2", "<i8", (6,)),
    ]
)
"""SET_TIER: a fee tier. Refused unless every maker tier plus every taker tier is ≥ 0."""

SET_ACCOUNT = np.dtype(
    [
        *_HEAD,
        ("flags", "u1"),  # AccountFlag
        ("tier", "u1"),
        ("zero_1", "u1", (4,)),
        ("account", "<u4"),  # NEW_ACCOUNT: the next free number
        ("open_orders_max", "<u4"),  # in all markets together
        ("name", "V24"),  # UTF-8, unique among accounts, padded with NUL
        ("zero_2", "<i8", (3,)),
    ]
)
"""SET_ACCOUNT: opens an account, or changes its tier, cap, flags and name."""

SET_KEY = np.dtype(
    [
        *_HEAD,
        ("permissions", "u1"),  # Permission; 0 revokes
        ("zero_1", "u1", (5,)),
        ("account", "<u4"),
        ("zero_2", "<u4"),
        ("expires_ms", "<i8"),  # 0: never; gateways enforce it by their own clock
        ("public_key", "<u8", (4,)),  # the 32 bytes of an Ed25519 public key
        ("zero_3", "<i8"),
    ]
)
"""SET_KEY: gives an API key to an account, changes its permissions, or revokes it."""

# --- event rows, 32 bytes ---------------------------------------------------------------------

EVENT_ROW = np.dtype(
    [("kind", "u1"), ("detail", "u1"), ("command", "<u2"), ("account", "<u4"), ("w", "<i8", (3,))]
)
"""What all rows share: `command` is the command's index in its entry (commands, not records)."""

ENTRY_EVENT = np.dtype(
    [
        ("kind", "u1"),
        ("status", "u1"),  # EntryStatus
        ("count", "<u2"),  # records of the entry
        ("gateway", "<u4"),
        ("sequence", "<i8"),
        ("time_ms", "<i8"),  # the engine's time after max(previous, stamped)
        ("zero_1", "<i8"),
    ]
)
"""Opens the events of one log entry."""

REJECTED = np.dtype(
    [
        ("kind", "u1"),
        ("command_kind", "u1"),  # CommandKind, or what stood there
        ("command", "<u2"),
        ("account", "<u4"),
        ("order_id", "<i8"),  # as the command has it; 0 where it has none
        ("code", "<u4"),  # RejectCode
        ("zero_1", "<u4"),
        ("other_id", "<i8"),  # DUPLICATE_CLIENT_ID: the live order that has it
    ]
)
"""A command changed nothing, not even a sequence."""

ACCEPTED_RESTS = 1
"""Bit of ACCEPTED.flags: the whole order rests, and no fill follows."""

ACCEPTED = np.dtype(
    [
        ("kind", "u1"),
        ("side", "u1"),
        ("command", "<u2"),
        ("account", "<u4"),
        ("order_id", "<i8"),
        ("price", "<i8"),  # ticks; of a market order the protective price, 0 if none
        ("quantity", "<i8"),  # lots, or quote atoms of MARKET_BY_QUOTE
        ("continued", "u1"),
        ("flags", "u1"),  # ACCEPTED_RESTS
        ("market", "<u2"),
        ("client_id", "<u4"),
        ("market_sequence", "<i8"),
        ("account_sequence", "<i8"),
        ("time_flags", "<i8"),  # time_ms << 16 | order flags (see ORDER_… below)
    ]
)
"""An order has passed all checks and enters matching (two rows)."""

FILL = np.dtype(
    [
        ("kind", "u1"),
        ("side", "u1"),  # of the taker
        ("command", "<u2"),
        ("maker_account", "<u4"),
        ("maker_order_id", "<i8"),
        ("price", "<i8"),  # ticks: the maker's
        ("quantity", "<i8"),  # lots
        ("continued_1", "u1"),
        ("zero_1", "u1"),
        ("market", "<u2"),
        ("taker_account", "<u4"),
        ("taker_order_id", "<i8"),
        ("trade_id", "<i8"),  # 1, 2, 3 … in each market
        ("market_sequence", "<i8"),
        ("continued_2", "u1"),
        ("zero_2", "u1", (7,)),
        ("maker_fee", "<i8"),  # atoms of the asset the maker receives; negative: a rebate
        ("taker_fee", "<i8"),  # atoms of the asset the taker receives
        ("maker_remaining", "<i8"),  # lots left of the maker; 0: filled and gone
        ("continued_3", "u1"),
        ("zero_3", "u1", (7,)),
        ("maker_sequence", "<i8"),  # account sequence of the maker
        ("taker_sequence", "<i8"),  # account sequence of the taker
        ("zero_4", "<i8"),
    ]
)
"""A trade (four rows)."""

RESTED = np.dtype(
    [
        ("kind", "u1"),
        ("side", "u1"),
        ("command", "<u2"),
        ("account", "<u4"),
        ("order_id", "<i8"),
        ("remaining", "<i8"),  # lots that now rest
        ("market_sequence", "<i8"),  # its priority from now on
    ]
)
"""What is left of an order that traded, or was amended, rests in the book."""

CLOSED = np.dtype(
    [
        ("kind", "u1"),
        ("reason", "u1"),  # CloseReason
        ("command", "<u2"),
        ("account", "<u4"),
        ("order_id", "<i8"),
        ("remaining", "<i8"),  # lots (quote atoms of MARKET_BY_QUOTE) that were not filled
        ("price", "<i8"),  # ticks, as in ACCEPTED
        ("continued", "u1"),
        ("side", "u1"),
        ("market", "<u2"),
        ("rested", "<u4"),  # 1: it stood in the book, which has `remaining` less at `price`
        ("market_sequence", "<i8"),
        ("account_sequence", "<i8"),
        ("zero_1", "<i8"),
    ]
)
"""An order left before it was filled: cancelled or expired (two rows)."""

AMENDED_KEPT = 0
AMENDED_REENTERS = 1

AMENDED = np.dtype(
    [
        ("kind", "u1"),
        ("mode", "u1"),  # AMENDED_KEPT: stays where it is; AMENDED_REENTERS: leaves the book first
        ("command", "<u2"),
        ("account", "<u4"),
        ("order_id", "<i8"),
        ("price", "<i8"),  # ticks: the new one
        ("quantity", "<i8"),  # lots: the new whole quantity, filled ones included
        ("continued", "u1"),
        ("side", "u1"),
        ("market", "<u2"),
        ("zero_1", "<u4"),
        ("market_sequence", "<i8"),
        ("account_sequence", "<i8"),
        ("remaining", "<i8"),  # lots, after the amendment and before any fill
    ]
)
"""An order has a new price or quantity (two rows); fills and RESTED follow where it re-enters."""

BALANCE = np.dtype(
    [
        ("kind", "u1"),
        ("zero_1", "u1"),
        ("asset", "<u2"),
        ("account", "<u4"),
        ("available", "<i8"),
        ("locked", "<i8"),
        ("command", "<u8"),
    ]
)
"""A balance and its new values."""

TICKED = np.dtype(
    [
        ("kind", "u1"),
        ("zero_1", "u1"),
        ("command", "<u2"),
        ("market", "<u4"),
        ("market_sequence", "<i8"),
        ("zero_2", "<i8", (2,)),
    ]
)
"""A tick named this market: an empty update with a number."""

TRANSFERRED = np.dtype(
    [
        ("kind", "u1"),
        ("command_kind", "u1"),  # CommandKind: DEPOSIT or WITHDRAW
        ("command", "<u2"),
        ("account", "<u4"),
        ("amount", "<i8"),  # atoms
        ("asset", "<i8"),
        ("zero_1", "<i8"),
    ]
)
"""Value entered or left the exchange; the account's BALANCE follows."""

ASSET_SET = np.dtype(
    [
        ("kind", "u1"),
        ("decimals", "u1"),
        ("command", "<u2"),
        ("asset", "<u4"),
        ("symbol", "V16"),
        ("zero_1", "<i8"),
        ("continued", "u1"),
        ("zero_2", "u1", (7,)),
        ("display_name", "V24"),
    ]
)
"""An asset and its new values (two rows)."""

MARKET_SET = np.dtype(
    [
        ("kind", "u1"),
        ("state", "u1"),
        ("command", "<u2"),
        ("market", "<u2"),
        ("zero_1", "u1", (2,)),
        ("base", "<u2"),
        ("quote", "<u2"),
        ("tick_exponent", "u1"),
        ("step_exponent", "u1"),
        ("zero_2", "u1", (2,)),
        *_MARKET_FIELDS[:2],
        ("continued_1", "u1"),
        ("zero_3", "u1", (7,)),
        *_MARKET_FIELDS[2:5],
        ("continued_2", "u1"),
        ("zero_4", "u1", (7,)),
        *_MARKET_FIELDS[5:],
        *_MARKET_BANDS[:1],
        ("zero_5", "<i8"),
        ("continued_3", "u1"),
        ("zero_6", "u1", (7,)),
        *_MARKET_BANDS[1:],
        ("zero_7", "<u4"),
        ("zero_8", "<i8"),
    ]
)
"""A market and its new settings (four rows)."""

TIER_SET = np.dtype(
    [
        ("kind", "u1"),
        ("zero_1", "u1"),
        ("command", "<u2"),
        ("tier", "<u4"),
        ("maker_bp", "<i8"),
        ("taker_bp", "<i8"),
        ("zero_2", "<i8"),
    ]
)
"""A fee tier and its new values."""

ACCOUNT_SET = np.dtype(
    [
        ("kind", "u1"),
        ("flags", "u1"),
        ("command", "<u2"),
        ("account", "<u4"),
        ("tier", "<u4"),
        ("open_orders_max", "<u4"),
        ("zero_1", "<i8", (2,)),
        ("continued", "u1"),
        ("zero_2", "u1", (7,)),
        ("name", "V24"),
    ]
)
"""An account and its new settings (two rows)."""

KEY_SET = np.dtype(
    [
        ("kind", "u1"),
        ("permissions", "u1"),
        ("command", "<u2"),
        ("account", "<u4"),
        ("expires_ms", "<i8"),
        ("zero_1", "<i8"),
        ("public_key_0", "<u8"),
        ("continued", "u1"),
        ("zero_2", "u1", (7,)),
        ("public_key_1", "<u8", (3,)),
    ]
)
"""An API key and its new values (two rows)."""

EVENT_DTYPES = {
    EventKind.ENTRY: ENTRY_EVENT,
    EventKind.REJECTED: REJECTED,
    EventKind.ACCEPTED: ACCEPTED,
    EventKind.FILL: FILL,
    EventKind.RESTED: RESTED,
    EventKind.CLOSED: CLOSED,
    EventKind.AMENDED: AMENDED,
    EventKind.BALANCE: BALANCE,
    EventKind.TICKED: TICKED,
    EventKind.TRANSFERRED: TRANSFERRED,
    EventKind.ASSET_SET: ASSET_SET,
    EventKind.MARKET_SET: MARKET_SET,
    EventKind.TIER_SET: TIER_SET,
    EventKind.ACCOUNT_SET: ACCOUNT_SET,
    EventKind.KEY_SET: KEY_SET,
}

COMMAND_DTYPES = {
    CommandKind.ENTRY: ENTRY,
    CommandKind.PLACE: COMMAND,
    CommandKind.CANCEL: COMMAND,
    CommandKind.CANCEL_ALL: COMMAND,
    CommandKind.AMEND: COMMAND,
    CommandKind.DEPOSIT: TRANSFER,
    CommandKind.WITHDRAW: TRANSFER,
    CommandKind.TICK: TICK,
    CommandKind.SET_ASSET: SET_ASSET,
    CommandKind.SET_MARKET: SET_MARKET,
    CommandKind.SET_MARKET_STATE: SET_MARKET_STATE,
    CommandKind.SET_TIER: SET_TIER,
    CommandKind.SET_ACCOUNT: SET_ACCOUNT,
    CommandKind.SET_KEY: SET_KEY,
}

# --- replies ----------------------------------------------------------------------------------

REPLY = np.dtype(
    [
        ("kind", "u1"),  # CommandKind
        ("status", "u1"),  # OrderStatus
        ("code", "<u2"),  # RejectCode of REJECTED, else CloseReason
        ("command", "<u2"),  # index of the command in its entry; CANCEL_ALL has many replies
        ("market", "<u2"),
        ("order_id", "<i8"),
        ("account", "<u4"),  # SET_ACCOUNT: the account's number
        ("client_id", "<u4"),
        ("price", "<i8"),  # ticks
        ("quantity", "<i8"),  # lots, or quote atoms of MARKET_BY_QUOTE; DONE: how many replies
        ("executed", "<i8"),  # lots
        ("executed_quote", "<i8"),  # quote atoms
        ("time_flags", "<i8"),  # time_ms << 16 | order flags
    ]
)
"""The order after the command, or what else the gateway answers with."""

# --- order flags: the low 16 bits of `time_flags` ---------------------------------------------

ORDER_SIDE_SHIFT = 0
ORDER_TIME_IN_FORCE_SHIFT = 1
ORDER_SELF_TRADE_SHIFT = 3
ORDER_TYPE_SHIFT = 5
ORDER_POST_ONLY = 1 << 7
ORDER_HAS_CLIENT_ID = 1 << 8
ORDER_TIME_SHIFT = 16
