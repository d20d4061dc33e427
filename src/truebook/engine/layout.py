"""The engine's memory, record by record; pools.py says where they stand.

Promise: all state that the kernel knows stands in these records and nowhere else. Slot 0 of
orders, levels and nodes means "none": what is written there is never read. Fields that are touched
together stand together: a resting order is one 64-byte line, and matching reads nothing else of it.
"""

from typing import Any

import numpy as np

from truebook.limits import (
    ACCOUNTS_MAX,
    ASSETS_MAX,
    KEYS_MAX,
    LEVELS_MAX,
    MARKETS_MAX,
    ORDERS_MAX,
    REFERENCES_MAX,
    WITHDRAWALS_PENDING_MAX,
)

ACCOUNT_BITS = ACCOUNTS_MAX.bit_length() - 1
ACCOUNT_MASK = ACCOUNTS_MAX - 1
LEVEL_MASK = LEVELS_MAX - 1
MARKET_MASK = MARKETS_MAX - 1
WORD_BITS = 6
PAGE_BITS = 12
"""Which slots of a pool have changed is kept in words of 64 bits; of balances, which lie scattered,
also in a byte for each 4,096."""

META = np.dtype(
    [
        ("time_ms", "<i8"),
        ("input", "<i8"),  # address of the input records
        ("events", "<i8"),  # address of the event rows to write
        ("replies", "<i8"),  # … and of the replies
        ("cursor", "<i8"),  # address of the next input record; 0: none is begun
        ("entry_end", "<i8"),  # … and of the first behind the current entry
        ("command", "<i8"),  # index of the next command in its entry
        ("phase", "<i8"),  # what is unfinished (PHASE_…)
        ("step", "<i8"),  # how far the unfinished command has come
        ("next_row", "<i8"),  # address of the next event row to write
        ("rows_limit", "<i8"),  # beyond that address there is no room for a step
        ("next_reply", "<i8"),  # address of the next reply to write
        ("replies_end", "<i8"),  # … and behind the last there is room for
        ("rows_max", "<i8"),
        ("replies_max", "<i8"),
        ("look_from", "<i8"),  # with fewer orders nobody looks ahead
        ("orders", "<i8"),  # orders resting and pending
        ("orders_top", "<i8"),  # highest slot ever used
        ("orders_free", "<i8"),  # head of the list of slots given back
        ("levels_top", "<i8"),
        ("levels_free", "<i8"),
        ("nodes_top", "<i8"),
        ("nodes_free", "<i8"),
        ("assets", "<i8"),
        ("markets", "<i8"),
        ("accounts", "<i8"),
        ("keys", "<i8"),
        ("clients", "<i8"),  # of them, those with a client id
        ("hash_low", "<u8"),  # the sum of all hashes that are kept (folding.py)
        ("hash_high", "<u8"),
        ("touched_balances", "<i8"),  # how many the present entry has touched
        ("rules", "<i8"),  # the version of docs/rules.md that is followed
        ("lateness_ms", "<i8"),  # how long after its time the present entry was reached, else 0
        ("is_firing", "<i8"),  # 1: the taker was pending, and nobody waits for a reply about it
        ("lowest", "<i8"),  # while pending orders fire: the range of prices reached, ticks
        ("highest", "<i8"),
        ("next_timer_ms", "<i8"),  # when the next timer runs out; NEVER_MS: none is on
        ("timers", "<i8"),  # how many are on
        ("triggers", "<i8"),  # of the orders, those pending
        ("withdrawals", "<i8"),  # how many are pending
        ("withdrawals_top", "<i8"),
        ("withdrawals_free", "<i8"),
        ("references", "<i8"),
        ("tiers_set", "<u8"),  # a bit for each tier that was set (rules version 2)
    ]
)
"""The one record of scalars."""

assert META.fields is not None
ADDRESSES_AT = META.fields["input"][1]
"""Where in it the addresses of input, events and replies stand, bytes."""

MAP = np.dtype(
    [
        ("base", "<i8"),  # where the map begins: 0 or MAP_PLACES_MAX
        ("bits", "<i8"),  # it has 2 ** bits homes
        ("moved", "<i8"),  # of its predecessor in the other half, the homes below this moved here
        ("prepared", "<i8"),  # of its successor, the homes below this have memory
        ("look_again", "<i8"),  # with more keys than that something is to be done
    ]
)
"""A map that grows, and how far it has grown (growingmap.py). `moved` −1: it has no predecessor."""

TAKER = np.dtype(
    [
        ("order_id", "<i8"),
        ("price", "<i8"),  # its limit, or the protective price, ticks
        ("limit_key", "<i8"),  # the worst key (book.py) it trades at
        ("quantity", "<i8"),  # lots, or quote atoms by quote
        ("remaining", "<i8"),  # of quantity
        ("executed", "<i8"),  # lots
        ("executed_quote", "<i8"),
        ("unit_value", "<i8"),  # price × unit of its last fill
        ("first_price", "<i8"),  # of its first fill, ticks; counts where it has fills
        ("time_flags", "<i8"),
        ("market", "<i8"),
        ("account", "<i8"),
        ("side", "<i8"),
        ("order_type", "<i8"),
        ("time_in_force", "<i8"),
        ("self_trade", "<i8"),
        ("client_id", "<i8"),
        ("bounded", "<i8"),  # 1: its worst case was not checked, so each fill looks at what it has
        ("fills", "<i8"),
        ("slot", "<i8"),  # of the resting order that re-enters; 0: a new order
        ("ending", "<i8"),  # ENDING_…, or a CloseReason
        ("command_kind", "<i8"),
        ("tolerance", "<i8"),  # with a slippage flag: how far from the best price it may go
        ("is_tightened", "<i8"),  # with a slippage flag: 1: that made its limit tighter
    ]
)
"""The order in matching. It lives in memory so that a full event buffer can interrupt it."""

ORDER = np.dtype(
    [
        ("order_id", "<i8"),
        ("remaining", "<i8"),
        ("quantity", "<i8"),
        ("executed_quote", "<i8"),  # of a pending order: the price it will be placed with
        ("priority", "<i8"),
        ("time_flags", "<i8"),
        ("level", "<i4"),  # 0: the order is in matching, or the slot is free
        ("next", "<i4"),  # in its level; in the free list: the next free slot
        ("prev", "<i4"),
        ("account", "<i4"),
    ]
)
"""A resting or pending order: 64 bytes. Of a pending one nothing remains: its quantity may be lots,
atoms or basis points, and no level adds it up."""

LINK = np.dtype([("next", "<i4"), ("prev", "<i4"), ("client_id", "<u4"), ("zero", "<u4")])
"""An order's place in its account's list, under the order's slot."""

LEVEL = np.dtype(
    [
        ("key", "<i8"),  # price of an ask, −price of a bid: smaller is better
        ("quantity", "<i8"),  # lots, the sum of what remains of its orders
        ("head", "<i4"),  # oldest order
        ("tail", "<i4"),
        ("count", "<i4"),
        ("book", "<i4"),  # market × 2 + side; of pending orders: see TRIGGER_BOOKS
        ("better", "<i4"),  # the next better level of the book, 0: this is the best
        ("worse", "<i4"),  # in the free list: the next free slot
        ("node", "<i4"),  # the leaf of the price index that holds it
        ("zero", "<i4", (5,)),
    ]
)
"""A price level: 64 bytes."""

TRIGGER_BOOKS = 2 * MARKETS_MAX
"""Pending orders stand in books of their own, at their trigger prices: TRIGGER_BOOKS + market × 2 +
1 those that rise, whose keys are prices as those of asks are; + 0 those that fall, keyed as bids.
So the best level of either is the one that is reached first."""

NO_LEVEL = 0
NO_LEVEL_KEY = (1 << 63) - 1
"""The key of level 0, which stands for none, and of levels not in use: worse than any limit."""

NODE = np.dtype(
    [
        ("bits", "<u8"),  # which children there are
        ("prefix", "<i8"),  # key >> (shift + 6) of all keys below
        ("parent", "<i4"),  # in the free list: the next free slot
        ("shift", "<i4"),  # 0: a leaf, whose children are levels
        ("zero", "<i8"),
        ("children", "<i4", (64,)),
    ]
)
"""A node of the price index (priceindex.py)."""

BOOK = np.dtype(
    [
        ("best", "<i4"),  # its best level; 0: it is empty
        ("root", "<i4"),  # of its price index
        ("best_key", "<i8"),  # the best level's key; NO_LEVEL_KEY: it is empty
        ("held_slot", "<i8"),  # account 0's balance of the asset that its orders hold (ledger.py)
        ("held_of_lot", "<i8"),  # atoms that an ask holds for each lot; of bids 0
        ("held_of_tick", "<i8"),  # … that a bid holds for each tick × lot; of asks 0
        ("zero", "<i8", (3,)),
    ]
)
"""One side of a market: 64 bytes."""

MARKET = np.dtype(
    [
        ("unit", "<i8"),  # quote atoms in one tick × one lot
        ("lot_atoms", "<i8"),
        ("base", "<i8"),
        ("quote", "<i8"),
        ("state", "<i8"),
        ("last_price", "<i8"),
        ("sequence", "<i8"),
        ("trade_id", "<i8"),
        ("price_min", "<i8"),
        ("price_max", "<i8"),
        ("quantity_min", "<i8"),
        ("quantity_max", "<i8"),
        ("price_reference", "<i8"),
        ("open_orders_max", "<i8"),
        ("band_max_bp", "<i8"),
        ("band_min_bp", "<i8"),
        ("impact_max_bp", "<i8"),
        ("impact_min_bp", "<i8"),
        ("tick_mantissa", "<i8"),
        ("step_mantissa", "<i8"),
        ("tick_exponent", "<i8"),
        ("step_exponent", "<i8"),
        ("base_slot", "<i8"),  # where account 0's balance of the base asset stands (ledger.py)
        ("quote_slot", "<i8"),
        ("folded_sequence", "<i8"),  # its sequence when it was folded last; −1: fold it again
        ("zero", "<i8"),
    ]
)

NEVER_MS = (1 << 63) - 1

TIMER = np.dtype([("expires_ms", "<i8"), ("number", "<i8")])
"""A timer that is on, in the heap of timers (timers.py). Its number is account × 2 + Timer."""

WITHDRAWAL = np.dtype(
    [
        ("withdrawal_id", "<i8"),
        ("account", "<i8"),  # in the free list: the next free slot
        ("asset", "<i8"),
        ("amount", "<i8"),
    ]
)
"""A pending withdrawal, from slot 1 on."""

REFERENCE = np.dtype([("digest", "<u8", (2,))])
"""Of a deposit that was carried out, from slot 1 on."""

ATTESTER = np.dtype(
    [
        ("public_key", "<u8", (4,)),
        ("name", "<u8", (2,)),  # empty: it was never set
        ("trusted", "<i8"),
        ("zero", "<i8"),
    ]
)

ASSET = np.dtype(
    [("supply", "<i8"), ("decimals", "<i8"), ("symbol", "<u8", (2,)), ("display_name", "<u8", (3,))]
)

TIER = np.dtype([("maker_bp", "<i8"), ("taker_bp", "<i8")])

ACCOUNT = np.dtype(
    [
        ("sequence", "<i8"),
        ("orders_head", "<i4"),  # its resting orders, oldest placement first
        ("orders_tail", "<i4"),
        ("orders", "<i4"),
        ("open_orders_max", "<u4"),
        ("tier", "u1"),
        ("flags", "u1"),
        ("zero_1", "u1", (6,)),
        ("name", "<u8", (3,)),
        ("zero_2", "<i8"),
    ]
)
"""An account: 64 bytes."""

KEY = np.dtype(
    [
        ("public_key", "<u8", (4,)),
        ("account", "<i8"),
        ("permissions", "<i8"),
        ("expires_ms", "<i8"),
    ]
)

BALANCE = np.dtype([("available", "<i8"), ("locked", "<i8")])
"""Bit 63 (TOUCHED) of `locked` is ours: the present entry has touched it."""


PLACE_IN_MAP = np.dtype([("tag", "<u4"), ("slot", "<i4")])
"""A place of a hash map (maps.py): the key's hash and the slot it leads to, 0: free."""

DISPLACED = np.dtype([("count", "<i4"), ("homes", "<i4")])
"""How many keys stand elsewhere than at their homes in these eight places, and a bit for each home
that is missing one (growingmap.py)."""

GATEWAY = np.dtype(
    [
        ("sequence", "<i8"),  # of its last entry
        ("highest_order_id", "<i8"),  # of all its orders that ever rested
    ]
)

AHEAD = np.dtype(
    [
        ("place", "<i8"),  # of the order that it names, in the id map
        ("slot", "<i4"),  # of that order, 0: not found
        ("maker", "<i4"),  # which resting order it will meet first, 0: none, or not looked for
        ("leaf", "<i4"),  # of the price index, where the order it places belongs; 0: not looked for
        ("level", "<i4"),  # where that order will rest, if it is there already
        ("key", "<i8"),  # of that level
    ]
)
"""What was found out about a command before its turn (lookahead.py), by its record's number."""

KEPT = np.dtype([("low", "<u8"), ("high", "<u8")])
"""The hash with which a record stands in the state hash; zeros: it doesn't (folding.py)."""

MARKS = np.dtype([("bits", "<u8")])
"""Which of 64 slots have changed since the state hash was folded."""

PAGE = np.dtype([("marked", "u1")])
"""Whether any of 4,096 balances has."""

BALANCES_MAX = ASSETS_MAX * ACCOUNTS_MAX
MAP_PLACES_MAX = 3 * ORDERS_MAX
"""At most half full; and behind the last home enough for all orders to be pushed past it."""
NAME_MAP_BITS = ACCOUNTS_MAX.bit_length()
KEY_MAP_BITS = KEYS_MAX.bit_length()
REFERENCE_MAP_BITS = REFERENCES_MAX.bit_length()
WITHDRAWAL_MAP_BITS = WITHDRAWALS_PENDING_MAX.bit_length()
TIMERS_MAX = 2 * ACCOUNTS_MAX


def words_of(record: "np.dtype[Any]") -> "np.dtype[Any]":
    """The layout with byte strings as 64-bit words, which is how the kernel compares them."""
    assert record.fields is not None
    names = list(record.names or ())
    formats: list[Any] = []
    for name in names:
        kind = record.fields[name][0]
        formats.append(
            ("<u8", (kind.itemsize // 8,)) if kind.char == "V" and not kind.subdtype else kind
        )
    offsets = [record.fields[name][1] for name in names]
    return np.dtype(
        {"names": names, "formats": formats, "offsets": offsets, "itemsize": record.itemsize}
    )


WORD = np.dtype([("value", "<i8")])
ROW = np.dtype([("a", "<i8"), ("b", "<i8"), ("c", "<i8"), ("d", "<i8")])
"""A row of events, as the kernel writes it."""

ANSWER = np.dtype(
    [
        ("head", "<i8"),  # kind u1, status u1, code u2, command u2, market u2
        ("order_id", "<i8"),
        ("owner", "<i8"),  # account u4, client id u4
        ("price", "<i8"),
        ("quantity", "<i8"),
        ("executed", "<i8"),
        ("executed_quote", "<i8"),
        ("time_flags", "<i8"),
    ]
)
"""A reply (messages.REPLY), as the kernel writes it."""
COUNT = np.dtype([("value", "<u2")])
SLOT = np.dtype([("value", "<i4")])

EVENT_ROWS = 1 << 15
"""More than 4,096 commands mostly write: what is written in two parts must be copied together."""
REPLIES = 1 << 12
AHEAD_MASK = 63
LOOK_FROM = 1 << 15
"""So many orders don't fit into a processor's own cache; of fewer most are near anyway."""
INPUT_RECORDS = 1 << 13

PHASE_NONE = 0
PHASE_MATCH = 1
PHASE_FINISH = 2
PHASE_CANCEL_ALL = 3
PHASE_TICK = 4
PHASE_BALANCES = 5
PHASE_FIRE = 6
PHASE_TIMERS = 7

STATUS_DONE = 0
STATUS_FULL = 1
"""The event or reply buffer is full: take it away and call again."""

TOUCHED = -(1 << 63)
