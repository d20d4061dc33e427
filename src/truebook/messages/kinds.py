"""The words of the vocabulary: kinds, states, reasons and codes, by number.

Promise: a number, once given, never changes its meaning.
"""

from enum import IntEnum, IntFlag


class CommandKind(IntEnum):
    """What a command asks for; 0 marks the continuation of a command."""

    ENTRY = 1
    PLACE = 2
    CANCEL = 3
    CANCEL_ALL = 4
    AMEND = 5
    PLACE_TRIGGER = 6
    CANCEL_AFTER = 7
    DEPOSIT = 16
    WITHDRAW = 17
    REQUEST_WITHDRAWAL = 18
    SETTLE_WITHDRAWAL = 19
    TICK = 32
    RECOVERY = 33
    SET_ASSET = 48
    SET_MARKET = 49
    SET_MARKET_STATE = 50
    SET_TIER = 51
    SET_ACCOUNT = 52
    SET_KEY = 53
    SET_RULES = 54
    SET_ATTESTER = 55
    NOTE = 64


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
    SLIPPAGE_TICKS = 4
    """Market types: `price` is how many ticks beyond the best opposite price it may trade at."""
    SLIPPAGE_BASIS_POINTS = 8
    """Market types: the same in basis points of the best opposite price."""


class TriggerFlag(IntFlag):
    """Bits of PLACE_TRIGGER.trigger_flags."""

    PERCENT = 1
    """`quantity` is basis points of what the account has available when the order fires."""


class CancelFlag(IntFlag):
    """Bits of CANCEL_ALL.flags; none means all orders."""

    RESTING = 1
    PENDING = 2


class Timer(IntEnum):
    """Which of an account's two timers."""

    DEAD_MAN = 0
    """Set by the account itself (cancelAllAfter)."""
    CONNECTION = 1
    """Kept alive while one of its connections with cancel-on-disconnect is open."""


class WithdrawalState(IntEnum):
    """Where a requested withdrawal stands."""

    PENDING = 0
    CONFIRMED = 1
    REFUSED = 2


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
    TRIGGER_PENDING = 7
    """It waits for its trigger price, outside the book and holding nothing."""
    TRIGGER_FAILED = 8
    """It fired and could not be placed. No reply says so: only streams and histories do."""


class CloseReason(IntEnum):
    """Why an order left with something unfilled (FILLED: by quote, and nothing more fits)."""

    FILLED = 0
    CANCELLED = 1
    IMMEDIATE_OR_CANCEL = 2
    FILL_OR_KILL = 3
    SELF_TRADE_PREVENTION = 4
    POST_ONLY_MODE = 5
    INSUFFICIENT_LIQUIDITY = 6
    INSUFFICIENT_FUNDS = 7
    PRICE_IMPACT = 8
    SLIPPAGE = 9
    DEADLINE = 10


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
    DEADLINE_PASSED = 507
    INSUFFICIENT_FUNDS = 600
    SUPPLY_TOO_LARGE = 601
    DUPLICATE_REFERENCE = 602
    DUPLICATE_WITHDRAWAL = 603
    UNKNOWN_WITHDRAWAL = 604
    WITHDRAWAL_LIMIT = 605
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
    TRIGGER_PLACED = 11
    TRIGGER_FAILED = 12
    TIMER_SET = 13
    WITHDRAWAL_SET = 14
    NOTED = 15
    ASSET_SET = 16
    MARKET_SET = 17
    TIER_SET = 18
    ACCOUNT_SET = 19
    KEY_SET = 20
    RULES_SET = 21
    ATTESTER_SET = 22
    REFERENCE_SET = 23
