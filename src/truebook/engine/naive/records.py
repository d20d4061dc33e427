"""The layouts of messages.py as struct formats, and commands decoded into named fields.

Promise: byte for byte the dtypes of messages.py (a test compares every offset). `zero` fields are
the reserved bytes; a command is MALFORMED unless they are all zero.
"""

from struct import Struct
from typing import NamedTuple

HEADER = Struct("<BBHIqqQ32s")
ORDER_COMMAND = Struct("<BBBBBBBBIHHqqqII16s")
TRANSFER = Struct("<BB6sIHHq40s")
TICK = Struct("<BBB5s24H8s")
SET_ASSET = Struct("<BBB5sH6s16s24s8s")
SET_MARKET = Struct("<BBBBB3sHHHHqqqqqq8sqIHHHH36s")
SET_MARKET_STATE = Struct("<BBB5sH54s")
SET_TIER = Struct("<BBB5sii48s")
SET_ACCOUNT = Struct("<BBBB4sII24s24s")
SET_KEY = Struct("<BBB5sIIq32s8s")

ONE_ROW = Struct("<BBHIqqq")
"""ENTRY, RESTED, TICKED, TRANSFERRED and TIER_SET events."""
TWO_ROWS = Struct("<BBHIqqqBBHIqqq")
"""ACCEPTED, CLOSED and AMENDED events."""
REJECTED = Struct("<BBHIqI4xq")
FILL = Struct("<BBHIqqqBBHIqqqB7xqqqB7xqqq")
BALANCE = Struct("<BBHIqqq")
ASSET_SET = Struct("<BBHI16sqB7x24s")
MARKET_SET = Struct("<BBHH2xHHBB2xqqB7xqqqB7xqqqB7xIHHHH4xq")
ACCOUNT_SET = Struct("<BBHIIIqqB7x24s")
KEY_SET = Struct("<BBHIqq8sB7x24s")
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
    zero: bytes


class OrderCommand(NamedTuple):
    """PLACE, CANCEL, CANCEL_ALL or AMEND."""

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
    zero_3: bytes


class Subject(NamedTuple):
    """What a REJECTED event and its reply say the command was about."""

    account: int
    order_id: int


_ACCOUNT = Struct("<I")
_ORDER_ID = Struct("<q")


def order_command(record: bytes) -> OrderCommand:
    """Decode a PLACE, CANCEL, CANCEL_ALL or AMEND."""
    return OrderCommand._make(ORDER_COMMAND.unpack(record))


def subject(record: bytes, has_account: bool, has_order: bool) -> Subject:
    """Return the account and order id as they stand in a record, 0 where its kind has none."""
    account = _ACCOUNT.unpack_from(record, 8)[0] if has_account else 0
    order_id = _ORDER_ID.unpack_from(record, 16)[0] if has_order else 0
    return Subject(account, order_id)
