"""The Backpack dialect's words for what the records hold as numbers (contracts A5 and A7)."""

from truebook.messages import CloseReason, OrderStatus

SIDES = ("Bid", "Ask")
TIMES_IN_FORCE = ("GTC", "IOC", "FOK")
SELF_TRADES = ("RejectTaker", "RejectMaker", "RejectBoth", "Allow")
STATUSES = {
    OrderStatus.NEW: "New",
    OrderStatus.PARTIALLY_FILLED: "PartiallyFilled",
    OrderStatus.FILLED: "Filled",
    OrderStatus.CANCELLED: "Cancelled",
    OrderStatus.EXPIRED: "Expired",
}
EXPIRY_REASONS = {
    CloseReason.IMMEDIATE_OR_CANCEL: "ImmediateOrCancel",
    CloseReason.FILL_OR_KILL: "FillOrKill",
    CloseReason.SELF_TRADE_PREVENTION: "SelfTradePrevention",
    CloseReason.POST_ONLY_MODE: "PostOnlyMode",
    CloseReason.INSUFFICIENT_LIQUIDITY: "InsufficientLiquidity",
    CloseReason.INSUFFICIENT_FUNDS: "InsufficientFunds",
    CloseReason.PRICE_IMPACT: "PriceImpact",
}
"""Why an order expired; one that was filled or cancelled has no such reason."""


def status_of(reason: CloseReason) -> OrderStatus:
    """The status of an order that was closed for a reason."""
    if reason is CloseReason.FILLED:
        return OrderStatus.FILLED
    return OrderStatus.CANCELLED if reason is CloseReason.CANCELLED else OrderStatus.EXPIRED
