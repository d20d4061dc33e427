"""Event rows, 32 bytes: what the engine makes of commands."""

import numpy as np

from truebook.messages.commands import MARKET_BANDS, MARKET_FIELDS
from truebook.messages.kinds import EventKind

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

ACCEPTED_TRIGGERED = 2
"""Bit of ACCEPTED.flags: it was pending, and its trigger price was reached."""

NO_COMMAND = 0xFFFF
"""`command` of events that no command of the entry caused: a timer ran out."""

NOTED_TEXT_BYTES = (24, 24, 8)
"""How the 56 bytes of a note's part stand in the three rows of NOTED."""

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
        ("flags", "u1"),  # ACCEPTED_RESTS | ACCEPTED_TRIGGERED
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
        # 1: it stood in the book, which has `remaining` less at `price`; 2: it was pending
        ("rested", "<u4"),
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
        ("zero_2", "<i8"),
    ]
)
"""A balance and its new values: at the end of an entry, for each one that its commands moved."""

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

REFERENCE_SET = np.dtype(
    [
        ("kind", "u1"),
        ("zero_1", "u1"),
        ("command", "<u2"),
        ("account", "<u4"),
        ("reference", "<u8", (2,)),
        ("zero_2", "<i8"),
    ]
)
"""The reference of the deposit just TRANSFERRED: no other deposit may have it any more."""

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
        *MARKET_FIELDS[:2],
        ("continued_1", "u1"),
        ("zero_3", "u1", (7,)),
        *MARKET_FIELDS[2:5],
        ("continued_2", "u1"),
        ("zero_4", "u1", (7,)),
        *MARKET_FIELDS[5:],
        *MARKET_BANDS[:1],
        ("zero_5", "<i8"),
        ("continued_3", "u1"),
        ("zero_6", "u1", (7,)),
        *MARKET_BANDS[1:],
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

TRIGGER_PLACED = np.dtype(
    [
        ("kind", "u1"),
        ("side", "u1"),
        ("command", "<u2"),
        ("account", "<u4"),
        ("order_id", "<i8"),
        ("price", "<i8"),  # as in the command: ticks, or what slippage a market order allows
        ("quantity", "<i8"),  # lots, quote atoms, or basis points (ORDER_PERCENT)
        ("continued_1", "u1"),
        ("zero_1", "u1"),
        ("market", "<u2"),
        ("client_id", "<u4"),
        ("market_sequence", "<i8"),  # its priority among those with the same trigger price
        ("account_sequence", "<i8"),
        ("time_flags", "<i8"),  # ORDER_TRIGGER, ORDER_RISES, ORDER_PERCENT among them
        ("continued_2", "u1"),
        ("zero_2", "u1", (7,)),
        ("trigger_price", "<i8"),  # ticks
        ("zero_3", "<i8", (2,)),
    ]
)
"""An order waits for its trigger price, outside the book and holding nothing (three rows)."""

TRIGGER_FAILED = np.dtype(
    [
        ("kind", "u1"),
        ("side", "u1"),
        ("command", "<u2"),
        ("account", "<u4"),
        ("order_id", "<i8"),
        ("code", "<i8"),  # RejectCode
        ("zero_1", "<i8"),
        ("continued", "u1"),
        ("zero_2", "u1"),
        ("market", "<u2"),
        ("zero_3", "<u4"),
        ("market_sequence", "<i8"),
        ("account_sequence", "<i8"),
        ("zero_4", "<i8"),
    ]
)
"""A pending order fired and could not be placed (two rows): it is gone."""

TIMER_SET = np.dtype(
    [
        ("kind", "u1"),
        ("timer", "u1"),  # Timer
        ("command", "<u2"),  # NO_COMMAND: it ran out
        ("account", "<u4"),
        ("expires_ms", "<i8"),  # 0: it is off
        ("zero_1", "<i8", (2,)),
    ]
)
"""A timer was set, switched off, or ran out; then CLOSED of the account's orders follow."""

WITHDRAWAL_SET = np.dtype(
    [
        ("kind", "u1"),
        ("state", "u1"),  # WithdrawalState
        ("command", "<u2"),
        ("account", "<u4"),
        ("withdrawal_id", "<i8"),
        ("amount", "<i8"),  # atoms
        ("asset", "<i8"),
    ]
)
"""A withdrawal was requested, confirmed or refused; the account's BALANCE follows."""

NOTED = np.dtype(
    [
        ("kind", "u1"),
        ("part", "u1"),
        ("command", "<u2"),
        ("parts", "<u2"),
        ("covers", "<u2"),  # commands behind the note's last part that it explains
        ("text_1", "V24"),
        ("continued_1", "u1"),
        ("zero_1", "u1", (7,)),
        ("text_2", "V24"),
        ("continued_2", "u1"),
        ("zero_2", "u1", (7,)),
        ("text_3", "V8"),
        ("zero_3", "<i8", (2,)),
    ]
)
"""A part of a note (messages/notes.py), as it stands in the log (three rows)."""

RULES_SET = np.dtype(
    [
        ("kind", "u1"),
        ("zero_1", "u1"),
        ("command", "<u2"),
        ("zero_2", "<u4"),
        ("version", "<i8"),
        ("zero_3", "<i8", (2,)),
    ]
)
"""From here on the engine follows this version of the rules."""

ATTESTER_SET = np.dtype(
    [
        ("kind", "u1"),
        ("trusted", "u1"),
        ("command", "<u2"),
        ("slot", "<u4"),
        ("public_key_0", "<u8", (3,)),
        ("continued", "u1"),
        ("zero_1", "u1", (7,)),
        ("public_key_3", "<u8"),
        ("name", "V16"),
    ]
)
"""Whose attestations are trusted (two rows)."""


def attester_key(row: np.void) -> bytes:
    """The 32 bytes of the public key in an ATTESTER_SET."""
    return bytes(row["public_key_0"].tobytes() + row["public_key_3"].tobytes())


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
    EventKind.TRIGGER_PLACED: TRIGGER_PLACED,
    EventKind.TRIGGER_FAILED: TRIGGER_FAILED,
    EventKind.TIMER_SET: TIMER_SET,
    EventKind.WITHDRAWAL_SET: WITHDRAWAL_SET,
    EventKind.NOTED: NOTED,
    EventKind.RULES_SET: RULES_SET,
    EventKind.ATTESTER_SET: ATTESTER_SET,
    EventKind.REFERENCE_SET: REFERENCE_SET,
}
