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
