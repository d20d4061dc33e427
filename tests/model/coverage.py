"""What a run reached: marks counted from the commands and the events that answered them."""

from collections import Counter
from itertools import product
from typing import Any

from model.coverageof2 import expected_of_2, marks_of_2, waiting_marks
from model.decoding import COMMANDS, events_of
from model.fold import Fold

from truebook import messages as m
from truebook.engine.interface import Applied
from truebook.messages import (
    CloseReason,
    CommandKind,
    EntryStatus,
    EventKind,
    MarketState,
    OrderType,
    RejectCode,
    SelfTrade,
    Side,
    TimeInForce,
)

Mark = tuple[object, ...]

NOT_LOOKED_AT = frozenset(
    (RejectCode.MALFORMED, RejectCode.UNKNOWN_ACCOUNT, RejectCode.ACCOUNT_BLOCKED)
)
"""Rejections before the market's state is looked at."""

TOO_MANY = frozenset(
    (RejectCode.ENGINE_FULL, RejectCode.SETTINGS_FULL, RejectCode.WITHDRAWAL_LIMIT)
)
"""Codes that take very many records to reach; tests/unit/engine reaches them by lower limits."""

PLACE = COMMANDS[CommandKind.PLACE]


def marks(fold: Fold, entries: bytes, applied: Applied) -> Counter[Mark]:
    """Count what one input of one command reached; `fold` is the state before it."""
    found: Counter[Mark] = Counter()
    kinds = [(kind, event) for kind, event, _ in events_of(applied.events)]
    code = 0
    for kind, event in kinds:
        if kind == EventKind.ENTRY:
            found["entry", EntryStatus(event.status)] += 1
        elif kind == EventKind.REJECTED:
            code = event.code
            found["rejected", RejectCode(code)] += 1
        elif kind == EventKind.CLOSED:
            found["closed", CloseReason(event.reason), event.rested] += 1
        elif kind == EventKind.AMENDED:
            found["amended", event.mode] += 1
        elif kind == EventKind.FILL and is_rebate_cut(fold, event):
            found["a rebate that the venue can't pay",] += 1
    found.update(waiting_marks(fold, kinds))
    is_one = kinds[0][1].status == EntryStatus.APPLIED and len(entries) <= 3 * m.COMMAND_BYTES
    if is_one:
        found.update(marks_of_2(entries[m.COMMAND_BYTES :], kinds, code))
    if is_one and entries[64] == CommandKind.PLACE and code not in NOT_LOOKED_AT:
        command = PLACE.record._make(PLACE.struct.unpack_from(entries, m.COMMAND_BYTES))
        market = fold.settings.markets.get(command.market)
        if market is not None:
            found.update(_placements(command, market.settings.state, kinds))
    return found


def is_rebate_cut(fold: Fold, fill: Any) -> bool:
    """Tell whether the maker of a fill got a smaller rebate than its tier's."""
    market = fold.settings.markets[fill.market]
    received = fill.quantity * market.lot_atoms
    if fill.side == Side.BID:
        received = fill.price * fill.quantity * market.unit
    rate = fold.settings.rates(fill.maker_account)[0]
    return rate < 0 and int(fill.maker_fee) > -(-received * rate // 10_000)


def _placements(command: Any, state: int, kinds: list[tuple[int, Any]]) -> list[Mark]:

    how = (
        OrderType(command.order_type),
        TimeInForce(command.time_in_force),
        SelfTrade(command.self_trade),
    )
    side = Side(command.side)
    found: list[Mark] = [("placed", *how, side, MarketState(state))]
    fills = [event for kind, event in kinds if kind == EventKind.FILL]
    if fills:
        found.append(("filled", *how, side))
    if any(fill.maker_account == fill.taker_account for fill in fills):
        found.append(("traded with itself", *how))
    closed = [event for kind, event in kinds if kind == EventKind.CLOSED]
    if any(event.reason == CloseReason.SELF_TRADE_PREVENTION for event in closed):
        found.append(("prevented", *how))
    return found


def expected() -> set[Mark]:
    """Return every mark that a long run must reach."""
    kinds = list(product(OrderType, TimeInForce, SelfTrade))
    marks: set[Mark] = {("entry", status) for status in EntryStatus}
    marks |= {("rejected", code) for code in RejectCode if code and code not in TOO_MANY}
    marks |= {("closed", reason, 0) for reason in CloseReason if reason != CloseReason.CANCELLED}
    marks |= {
        ("closed", CloseReason.CANCELLED, 1),
        ("closed", CloseReason.CANCELLED, 2),
        ("closed", CloseReason.SELF_TRADE_PREVENTION, 1),
    }
    marks |= {("amended", m.AMENDED_KEPT), ("amended", m.AMENDED_REENTERS)}
    marks |= {("a rebate that the venue can't pay",)}
    marks |= {("placed", *how, *place) for how in kinds for place in product(Side, MarketState)}
    marks |= {("filled", *how, side) for how in kinds for side in Side}
    marks |= {("traded with itself", *how) for how in kinds if how[2] == SelfTrade.ALLOW}
    marks |= {("prevented", *how) for how in kinds if can_be_prevented(*how)}
    return marks | expected_of_2()


def can_be_prevented(_: OrderType, time_in_force: TimeInForce, mode: SelfTrade) -> bool:
    """Tell whether a self-trade can come up in matching: fill-or-kill looks beforehand."""
    if mode == SelfTrade.ALLOW:
        return False
    return time_in_force != TimeInForce.FOK or mode == SelfTrade.REJECT_MAKER
