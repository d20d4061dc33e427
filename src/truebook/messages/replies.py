"""Replies, 64 bytes: what the gateway needs to answer one command."""

import numpy as np

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
        # quote atoms; of an order that is pending, or was until now: its trigger price in ticks
        ("executed_quote", "<i8"),
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
ORDER_SLIPPAGE_TICKS = 1 << 9
ORDER_SLIPPAGE_BASIS_POINTS = 1 << 10
ORDER_TRIGGER = 1 << 11
"""It was placed with a trigger, whether that was reached or not."""
ORDER_RISES = 1 << 12
"""It fires at its trigger price or above; without this bit at it or below."""
ORDER_PERCENT = 1 << 13
"""While it is pending, its quantity is basis points of what is available when it fires."""
ORDER_TIME_SHIFT = 16
