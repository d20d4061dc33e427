"""The Backpack dialect's words for what the records hold as numbers (contracts A5 and A7)."""

from typing import Literal

from truebook.messages import CloseReason, OrderStatus, RejectCode

Side = Literal["Bid", "Ask"]
TimeInForce = Literal["GTC", "IOC", "FOK"]
SelfTradePrevention = Literal["RejectTaker", "RejectMaker", "RejectBoth", "Allow"]
OrderState = Literal[
    "New",
    "PartiallyFilled",
    "Filled",
    "Cancelled",
    "Expired",
    "TriggerPending",
    "TriggerFailed",
]

SIDES: tuple[Side, ...] = ("Bid", "Ask")
TIMES_IN_FORCE: tuple[TimeInForce, ...] = ("GTC", "IOC", "FOK")
SELF_TRADES: tuple[SelfTradePrevention, ...] = (
    "RejectTaker",
    "RejectMaker",
    "RejectBoth",
    "Allow",
)
STATUSES: dict[OrderStatus, OrderState] = {
    OrderStatus.NEW: "New",
    OrderStatus.PARTIALLY_FILLED: "PartiallyFilled",
    OrderStatus.FILLED: "Filled",
    OrderStatus.CANCELLED: "Cancelled",
    OrderStatus.EXPIRED: "Expired",
    OrderStatus.TRIGGER_PENDING: "TriggerPending",
    OrderStatus.TRIGGER_FAILED: "TriggerFailed",
}
EXPIRY_REASONS = {
    CloseReason.IMMEDIATE_OR_CANCEL: "ImmediateOrCancel",
    CloseReason.FILL_OR_KILL: "FillOrKill",
    CloseReason.SELF_TRADE_PREVENTION: "SelfTradePrevention",
    CloseReason.POST_ONLY_MODE: "PostOnlyMode",
    CloseReason.INSUFFICIENT_LIQUIDITY: "InsufficientLiquidity",
    CloseReason.INSUFFICIENT_FUNDS: "InsufficientFunds",
    CloseReason.PRICE_IMPACT: "PriceImpact",
    CloseReason.SLIPPAGE: "SlippageToleranceExceeded",
    CloseReason.DEADLINE: "Unknown",
}
"""Why an order expired; one that was filled or cancelled has no such reason. The dialect has no
word for an order that was reached too late."""

FAILURES = {
    RejectCode.ACCOUNT_BLOCKED: "AccountTradingSuspended",
    RejectCode.PRICE_TOO_LOW: "InvalidPrice",
    RejectCode.PRICE_TOO_HIGH: "InvalidPrice",
    RejectCode.PRICE_OUT_OF_BAND: "PriceOutOfBounds",
    RejectCode.QUANTITY_TOO_SMALL: "InvalidQuantity",
    RejectCode.QUANTITY_TOO_LARGE: "InvalidQuantity",
    RejectCode.NOTIONAL_TOO_LARGE: "InvalidQuantity",
    RejectCode.POST_ONLY_WOULD_TAKE: "PostOnlyTaker",
    RejectCode.INSUFFICIENT_FUNDS: "InsufficientFunds",
}
"""Why an order that fired could not be placed."""

TRIGGER_BY: Literal["LastPrice"] = "LastPrice"
"""What trigger prices are compared with: there is no other price here."""


def failure_of(code: int) -> str:
    """The expiry reason of an order that fired and could not be placed."""
    return FAILURES.get(RejectCode(code), "Unknown")


def status_of(reason: CloseReason) -> OrderStatus:
    """The status of an order that was closed for a reason."""
    if reason is CloseReason.FILLED:
        return OrderStatus.FILLED
    return OrderStatus.CANCELLED if reason is CloseReason.CANCELLED else OrderStatus.EXPIRED
