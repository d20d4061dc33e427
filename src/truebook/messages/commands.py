"""Command records, 64 bytes: what a gateway writes into the log."""

import numpy as np

from truebook.messages.kinds import CommandKind

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
        ("reached_ms", "<i8"),  # 0 in the log; the reader fills in when it was reached (RECOVERY)
        ("zero_1", "<i8", (3,)),
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
        ("deadline_ms", "<u4"),  # PLACE, AMEND: after its entry's time; 0: DEADLINE_MS_DEFAULT
        ("zero_3", "<u4"),
        ("zero_4", "<i8"),
    ]
)
"""PLACE, CANCEL, CANCEL_ALL (account, market, flags: CancelFlag), AMEND. Fields a kind doesn't use
must be 0."""

PLACE_TRIGGER = np.dtype(
    [
        *COMMAND.descr,
        ("continued", "u1"),  # 0: the second record starts here
        ("trigger_flags", "u1"),  # TriggerFlag
        ("zero_5", "u1", (6,)),
        ("trigger_price", "<i8"),  # ticks, ≥ 1
        ("zero_6", "<i8", (6,)),
    ]
)
"""PLACE_TRIGGER, two records: an order that is placed when the last price reaches its trigger."""

CANCEL_AFTER = np.dtype(
    [
        *_HEAD,
        ("timer", "u1"),  # Timer
        ("zero_1", "u1", (5,)),
        ("account", "<u4"),
        ("zero_2", "<u4"),
        ("timeout_ms", "<i8"),  # after its entry's time; 0: no more
        ("zero_3", "<i8", (5,)),
    ]
)
"""CANCEL_AFTER: unless it is set anew before, all orders of the account are cancelled then."""

TRANSFER = np.dtype(
    [
        *_HEAD,
        ("zero_1", "u1", (6,)),
        ("account", "<u4"),
        ("asset", "<u2"),
        ("zero_2", "<u2"),
        ("amount", "<i8"),  # atoms, ≥ 1
        ("reference", "<u8", (2,)),  # DEPOSIT: digest of what it is outside, counted once; 0: none
        ("zero_3", "<i8", (3,)),
    ]
)
"""DEPOSIT and WITHDRAW: value enters or leaves the exchange at once."""

REQUEST_WITHDRAWAL = np.dtype(
    [
        *_HEAD,
        ("zero_1", "u1", (6,)),
        ("account", "<u4"),
        ("asset", "<u2"),
        ("zero_2", "<u2"),
        ("amount", "<i8"),  # atoms, ≥ 1
        ("withdrawal_id", "<i8"),  # ≥ 1, numbered as orders are
        ("zero_3", "<i8", (4,)),
    ]
)
"""REQUEST_WITHDRAWAL: locks the amount until somebody with the right settles it."""

SETTLE_WITHDRAWAL = np.dtype(
    [
        *_HEAD,
        ("state", "u1"),  # WithdrawalState.CONFIRMED or REFUSED
        ("zero_1", "u1", (5,)),
        ("withdrawal_id", "<i8"),
        ("zero_2", "<i8", (6,)),
    ]
)
"""SETTLE_WITHDRAWAL: what was locked leaves the exchange, or is available again."""

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

RECOVERY = np.dtype(
    [
        *_HEAD,
        ("zero_1", "u1", (6,)),
        ("after_high", "<u8"),  # a position of the log
        ("after_low", "<u8"),
        ("zero_2", "<i8", (5,)),
    ]
)
"""RECOVERY: entries behind that position and before this one were reached at this one's time. It
changes nothing by itself: readers of the log fill `reached_ms` of those entries."""

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

MARKET_FIELDS = [
    ("tick_mantissa", "<i8"),  # tick size = tick_mantissa / 10 ** tick_exponent quote units
    ("step_mantissa", "<i8"),  # lot size = step_mantissa / 10 ** step_exponent base units
    ("price_min", "<i8"),  # ticks, ≥ 1
    ("price_max", "<i8"),  # ticks
    ("quantity_min", "<i8"),  # lots, ≥ 1
    ("quantity_max", "<i8"),  # lots
]
MARKET_BANDS = [
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
        *MARKET_FIELDS,
        ("continued", "u1"),  # 0: the second record starts here
        ("zero_3", "u1", (7,)),
        *MARKET_BANDS,
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

SET_RULES = np.dtype(
    [
        *_HEAD,
        ("zero_1", "u1", (6,)),
        ("version", "<i8"),
        ("zero_2", "<i8", (6,)),
    ]
)
"""SET_RULES: from here on the engine follows that version of docs/rules.md; never a lower one."""

SET_ATTESTER = np.dtype(
    [
        *_HEAD,
        ("trusted", "u1"),  # 1: its attestations count; 0: no more
        ("zero_1", "u1", (5,)),
        ("slot", "<u2"),
        ("zero_2", "<u2", (3,)),
        ("public_key", "<u8", (4,)),  # the 32 bytes of an Ed25519 public key
        ("name", "V16"),  # of the engine, ASCII, padded with NUL
    ]
)
"""SET_ATTESTER: whose attestations of the state are trusted."""

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
    CommandKind.PLACE_TRIGGER: PLACE_TRIGGER,
    CommandKind.CANCEL_AFTER: CANCEL_AFTER,
    CommandKind.REQUEST_WITHDRAWAL: REQUEST_WITHDRAWAL,
    CommandKind.SETTLE_WITHDRAWAL: SETTLE_WITHDRAWAL,
    CommandKind.RECOVERY: RECOVERY,
    CommandKind.SET_RULES: SET_RULES,
    CommandKind.SET_ATTESTER: SET_ATTESTER,
}
