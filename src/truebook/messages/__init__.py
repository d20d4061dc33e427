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

from truebook.messages.commands import (
    CANCEL_AFTER,
    COMMAND,
    COMMAND_DTYPES,
    ENTRY,
    MARKET_BANDS,
    MARKET_FIELDS,
    PLACE_TRIGGER,
    RECOVERY,
    REQUEST_WITHDRAWAL,
    SET_ACCOUNT,
    SET_ASSET,
    SET_ATTESTER,
    SET_KEY,
    SET_MARKET,
    SET_MARKET_STATE,
    SET_RULES,
    SET_TIER,
    SETTLE_WITHDRAWAL,
    TICK,
    TICK_MARKETS_MAX,
    TRANSFER,
)
from truebook.messages.events import (
    ACCEPTED,
    ACCEPTED_RESTS,
    ACCEPTED_TRIGGERED,
    ACCOUNT_SET,
    AMENDED,
    AMENDED_KEPT,
    AMENDED_REENTERS,
    ASSET_SET,
    ATTESTER_SET,
    BALANCE,
    CLOSED,
    ENTRY_EVENT,
    EVENT_DTYPES,
    EVENT_ROW,
    FILL,
    KEY_SET,
    MARKET_SET,
    NO_COMMAND,
    NOTED,
    NOTED_TEXT_BYTES,
    REFERENCE_SET,
    REJECTED,
    RESTED,
    RULES_SET,
    TICKED,
    TIER_SET,
    TIMER_SET,
    TRANSFERRED,
    TRIGGER_FAILED,
    TRIGGER_PLACED,
    WITHDRAWAL_SET,
    attester_key,
)
from truebook.messages.kinds import (
    AccountFlag,
    CancelFlag,
    CloseReason,
    CommandKind,
    EntryStatus,
    EventKind,
    MarketState,
    OrderStatus,
    OrderType,
    Permission,
    PlaceFlag,
    RejectCode,
    SelfTrade,
    Side,
    TargetBy,
    TimeInForce,
    Timer,
    TriggerFlag,
    WithdrawalState,
)
from truebook.messages.notes import (
    NOTE_BYTES_MAX,
    NOTE_KIND,
    NOTE_PARTS_MAX,
    NOTE_TEXT_BYTES,
    note_parts,
    read_note,
)
from truebook.messages.replies import (
    ORDER_HAS_CLIENT_ID,
    ORDER_PERCENT,
    ORDER_POST_ONLY,
    ORDER_RISES,
    ORDER_SELF_TRADE_SHIFT,
    ORDER_SIDE_SHIFT,
    ORDER_SLIPPAGE_BASIS_POINTS,
    ORDER_SLIPPAGE_TICKS,
    ORDER_TIME_IN_FORCE_SHIFT,
    ORDER_TIME_SHIFT,
    ORDER_TRIGGER,
    ORDER_TYPE_SHIFT,
    REPLY,
)

FORMAT_VERSION = 1

RULES_VERSION_MAX = 2
"""The newest version of docs/rules.md; a log begins under version 1."""

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

__all__ = [
    "ACCEPTED",
    "ACCEPTED_RESTS",
    "ACCEPTED_TRIGGERED",
    "ACCOUNT_SET",
    "AMENDED",
    "AMENDED_KEPT",
    "AMENDED_REENTERS",
    "ASSET_SET",
    "ATTESTER_SET",
    "BALANCE",
    "CANCEL_AFTER",
    "CLOSED",
    "COMMAND",
    "COMMAND_BYTES",
    "COMMAND_DTYPES",
    "ENTRY",
    "ENTRY_EVENT",
    "EVENT_DTYPES",
    "EVENT_ROW",
    "EVENT_ROW_BYTES",
    "FILL",
    "FORMAT_VERSION",
    "KEY_SET",
    "MARKET_BANDS",
    "MARKET_FIELDS",
    "MARKET_SET",
    "NEW_ACCOUNT",
    "NOTED",
    "NOTED_TEXT_BYTES",
    "NOTE_BYTES_MAX",
    "NOTE_KIND",
    "NOTE_PARTS_MAX",
    "NOTE_TEXT_BYTES",
    "NO_COMMAND",
    "NO_MARKET",
    "ORDER_HAS_CLIENT_ID",
    "ORDER_PERCENT",
    "ORDER_POST_ONLY",
    "ORDER_RISES",
    "ORDER_SELF_TRADE_SHIFT",
    "ORDER_SIDE_SHIFT",
    "ORDER_SLIPPAGE_BASIS_POINTS",
    "ORDER_SLIPPAGE_TICKS",
    "ORDER_TIME_IN_FORCE_SHIFT",
    "ORDER_TIME_SHIFT",
    "ORDER_TRIGGER",
    "ORDER_TYPE_SHIFT",
    "PLACE_TRIGGER",
    "RECORDS_PER_COMMAND_MAX",
    "RECOVERY",
    "REFERENCE_SET",
    "REJECTED",
    "REPLY",
    "REPLY_BYTES",
    "REQUEST_WITHDRAWAL",
    "RESTED",
    "RULES_SET",
    "RULES_VERSION_MAX",
    "SETTLE_WITHDRAWAL",
    "SET_ACCOUNT",
    "SET_ASSET",
    "SET_ATTESTER",
    "SET_KEY",
    "SET_MARKET",
    "SET_MARKET_STATE",
    "SET_RULES",
    "SET_TIER",
    "TICK",
    "TICKED",
    "TICK_MARKETS_MAX",
    "TIER_SET",
    "TIMER_SET",
    "TRANSFER",
    "TRANSFERRED",
    "TRIGGER_FAILED",
    "TRIGGER_PLACED",
    "VENUE_ACCOUNT",
    "WITHDRAWAL_SET",
    "AccountFlag",
    "CancelFlag",
    "CloseReason",
    "CommandKind",
    "EntryStatus",
    "EventKind",
    "MarketState",
    "OrderStatus",
    "OrderType",
    "Permission",
    "PlaceFlag",
    "RejectCode",
    "SelfTrade",
    "Side",
    "TargetBy",
    "TimeInForce",
    "Timer",
    "TriggerFlag",
    "WithdrawalState",
    "attester_key",
    "note_parts",
    "read_note",
]
