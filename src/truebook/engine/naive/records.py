"""The layouts of messages.py as struct formats, and commands decoded into named fields.

Promise: byte for byte the dtypes of messages.py (a test compares every offset). `zero` fields are
the reserved bytes; a command is MALFORMED unless they are all zero.
"""

from struct import Struct
from typing import NamedTuple

HEADER = Struct("<BBHIqqQq24s")
ORDER_COMMAND = Struct("<BBBBBBBBIHHqqqIII12s")
PLACE_TRIGGER = Struct("<64sBB6sq48s")
CANCEL_AFTER = Struct("<BBB5sIIq40s")
TRANSFER = Struct("<BB6sIHHqQQ24s")
REQUEST_WITHDRAWAL = Struct("<BB6sIHHqq32s")
SETTLE_WITHDRAWAL = Struct("<BBB5sq48s")
RECOVERY = Struct("<BB6sQQ40s")
TICK = Struct("<BBB5s24H8s")
SET_ASSET = Struct("<BBB5sH6s16s24s8s")
SET_MARKET = Struct("<BBBBB3sHHHHqqqqqq8sqIHHHH36s")
SET_MARKET_STATE = Struct("<BBB5sH54s")
SET_TIER = Struct("<BBB5sii48s")
SET_ACCOUNT = Struct("<BBBB4sII24s24s")
SET_KEY = Struct("<BBB5sIIq32s8s")
SET_RULES = Struct("<BB6sq48s")
SET_ATTESTER = Struct("<BBB5sH6s32s16s")
NOTE = Struct("<BBBBB3s56s")
"""Laid out in messages/notes.py."""

ONE_ROW = Struct("<BBHIqqq")
"""ENTRY, RESTED, TICKED, TRANSFERRED, TIER_SET, TIMER_SET, WITHDRAWAL_SET and RULES_SET events."""
TWO_ROWS = Struct("<BBHIqqqBBHIqqq")
"""ACCEPTED, CLOSED, AMENDED and TRIGGER_FAILED events."""
REJECTED = Struct("<BBHIqI4xq")
FILL = Struct("<BBHIqqqBBHIqqqB7xqqqB7xqqq")
TRIGGER_PLACED = Struct("<BBHIqqqBBHIqqqB7xqqq")
NOTED = Struct("<BBHHH24s8x24s8x8s16x")
BALANCE = Struct("<BBHIqqq")
REFERENCE_SET = Struct("<BBHIQQq")
ASSET_SET = Struct("<BBHI16sqB7x24s")
MARKET_SET = Struct("<BBHH2xHHBB2xqqB7xqqqB7xqqqB7xIHHHH4xq")
ACCOUNT_SET = Struct("<BBHIIIqqB7x24s")
KEY_SET = Struct("<BBHIqq8sB7x24s")
ATTESTER_SET = Struct("<BBHI24s8x8s16s")
REPLY = Struct("<BBHHHqIIqqqqq")


class Header(NamedTuple):
    """An ENTRY header."""

    kind: int
    version: int
    record_count: int
    gateway: int
    sequence: int
    time_ms: int
    checksum: int
    reached_ms: int
    zero: bytes

    def lateness_ms(self) -> int:
        """Return how long after its time the entry was reached."""
        return max(0, self.reached_ms - self.time_ms)


class OrderCommand(NamedTuple):
    """PLACE, CANCEL, CANCEL_ALL, AMEND, or the first record of PLACE_TRIGGER."""

    kind: int
    records: int
    side: int
    order_type: int
    time_in_force: int
    self_trade: int
    flags: int
    by: int
    account: int
    market: int
    zero_1: int
    order_id: int
    price: int
    quantity: int
    client_id: int
    zero_2: int
    deadline_ms: int
    zero_3: bytes


class Subject(NamedTuple):
    """What a REJECTED event and its reply say the command was about."""

    account: int
    order_id: int


_ACCOUNT = Struct("<I")
_ORDER_ID = Struct("<q")


def order_command(record: bytes) -> OrderCommand:
    """Decode a PLACE, CANCEL, CANCEL_ALL or AMEND, or the first record of a PLACE_TRIGGER."""
    return OrderCommand._make(ORDER_COMMAND.unpack_from(record))


def subject(record: bytes, account_at: int | None, id_at: int | None) -> Subject:
    """Return the account and the id that stand there in a record, 0 where its kind has none."""
    account = 0 if account_at is None else _ACCOUNT.unpack_from(record, account_at)[0]
    order_id = 0 if id_at is None else _ORDER_ID.unpack_from(record, id_at)[0]
    return Subject(account, order_id)
