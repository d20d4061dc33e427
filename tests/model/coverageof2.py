"""What a run reached of version 2 of the rules: triggers, slippage, deadlines, timers, and more."""

from collections.abc import Iterator
from itertools import pairwise, product
from typing import Any

from model.decoding import COMMANDS
from model.fold import Fold

from truebook import messages as m
from truebook.messages import (
    CancelFlag,
    CloseReason,
    CommandKind,
    EventKind,
    OrderType,
    PlaceFlag,
    RejectCode,
    Side,
    TimeInForce,
    Timer,
    TriggerFlag,
    WithdrawalState,
)

Mark = tuple[object, ...]
Kinds = list[tuple[int, Any]]

SLIPPAGES = (PlaceFlag.SLIPPAGE_TICKS, PlaceFlag.SLIPPAGE_BASIS_POINTS)
MARKET_TYPES = (OrderType.MARKET, OrderType.MARKET_BY_QUOTE)
FAILURES = (
    RejectCode.ACCOUNT_BLOCKED,
    RejectCode.MARKET_LIMIT_ONLY,
    RejectCode.PRICE_TOO_LOW,
    RejectCode.PRICE_TOO_HIGH,
    RejectCode.PRICE_OUT_OF_BAND,
    RejectCode.QUANTITY_TOO_SMALL,
    RejectCode.QUANTITY_TOO_LARGE,
    RejectCode.NOTIONAL_TOO_LARGE,
    RejectCode.POST_ONLY_WOULD_TAKE,
    RejectCode.INSUFFICIENT_FUNDS,
)
"""Why a pending order that fires may be refused; the other codes can't come up then."""
FIRED_INTO = (EventKind.FILL, EventKind.RESTED, EventKind.CLOSED)


def waiting_marks(fold: Fold, kinds: Kinds) -> Iterator[Mark]:
    """Yield what came of pending orders and timers; `fold` is the state before."""
    fired = [i for i, (kind, event) in enumerate(kinds) if is_fired(kind, event)]
    for at, behind in pairwise([*fired, len(kinds)]):
        kind, event = kinds[at]
        if kind == EventKind.TRIGGER_FAILED:
            yield "fails", RejectCode(event.code)
            continue
        order = fold.triggers.pending[event.order_id]
        yield "fires", *how(order), Side(order.side), order.rises
        yield "fires with a part", bool(order.time_flags & m.ORDER_PERCENT), Side(order.side)
        if event.flags & m.ACCEPTED_RESTS:
            yield ("fires into the book",)
        yield from (("fires into", EventKind(k)) for k, _ in kinds[at:behind] if k in FIRED_INTO)
        if any(k == EventKind.FILL for k, _ in kinds[at:behind]) and behind < len(kinds):
            yield ("fires others",)
    for kind, event in kinds:
        if kind == EventKind.TIMER_SET and event.command == m.NO_COMMAND:
            yield "runs out", Timer(event.timer)
            closed = [k for k, e in kinds if k == EventKind.CLOSED and e.command == m.NO_COMMAND]
            yield "runs out on orders", bool(closed)


def is_fired(kind: int, event: Any) -> bool:
    """Tell whether this is the first event of a pending order that fires."""
    accepted = kind == EventKind.ACCEPTED and event.flags & m.ACCEPTED_TRIGGERED
    return kind == EventKind.TRIGGER_FAILED or bool(accepted)


def how(order: Any) -> tuple[OrderType, TimeInForce]:
    """Return type and time in force of a folded order."""
    return OrderType(order.order_type), TimeInForce(order.time_in_force)


def marks_of_2(record: bytes, kinds: Kinds, code: int) -> Iterator[Mark]:
    """Yield what an entry's one command, whose records these are, was and came to."""
    layout = COMMANDS.get(record[0])
    if record[0] == CommandKind.NOTE and any(kind == EventKind.NOTED for kind, _ in kinds):
        yield ("noted",)
    if layout is None or layout.size != len(record) or code == RejectCode.MALFORMED:
        return
    command = layout.record._make(layout.struct.unpack(record))
    kind = command.kind
    closed = [event for k, event in kinds if k == EventKind.CLOSED]
    if kind in (CommandKind.PLACE, CommandKind.AMEND, CommandKind.PLACE_TRIGGER):
        late = code == RejectCode.DEADLINE_PASSED
        late |= any(event.reason == CloseReason.DEADLINE for event in closed)
        if late:
            yield "is late", CommandKind(kind), bool(command.deadline_ms)
    if kind in (CommandKind.PLACE, CommandKind.PLACE_TRIGGER) and code == 0:
        slippage = PlaceFlag(command.flags) & (SLIPPAGES[0] | SLIPPAGES[1])
        if slippage:
            yield "slippage", CommandKind(kind), OrderType(command.order_type), slippage
        if any(event.reason == CloseReason.SLIPPAGE for event in closed):
            yield "stopped by", slippage, Side(command.side)
    if kind == CommandKind.PLACE_TRIGGER and code == 0:
        percent = bool(command.trigger_flags & TriggerFlag.PERCENT)
        yield "pending", OrderType(command.order_type), TimeInForce(command.time_in_force), percent
    if kind == CommandKind.CANCEL_ALL and code == 0:
        yield "cancels all", CancelFlag(command.flags), bool(closed)
    if kind == CommandKind.CANCEL_AFTER and code == 0:
        yield "timer", Timer(command.timer), bool(command.timeout_ms)
    for event_kind, event in kinds:
        if event_kind == EventKind.WITHDRAWAL_SET:
            yield "withdrawal", WithdrawalState(event.state)
        elif event_kind == EventKind.ATTESTER_SET:
            yield "attester", event.trusted
        elif event_kind in (EventKind.REFERENCE_SET, EventKind.RULES_SET):
            yield "said", EventKind(event_kind)


def expected_of_2() -> set[Mark]:
    """Return every such mark that a long run must reach."""
    ways = list(product(OrderType, TimeInForce))
    placing = (CommandKind.PLACE, CommandKind.PLACE_TRIGGER)
    marks: set[Mark] = {("fails", code) for code in FAILURES}
    marks |= {("fires", *way, side, up) for way in ways for side in Side for up in (True, False)}
    marks |= {("fires with a part", part, side) for part in (True, False) for side in Side}
    marks |= {("fires into", kind) for kind in FIRED_INTO}
    marks |= {("fires into the book",), ("fires others",), ("noted",)}
    marks |= {("runs out", timer) for timer in Timer}
    marks |= {("runs out on orders", any_order) for any_order in (True, False)}
    late = (CommandKind.PLACE, CommandKind.AMEND, CommandKind.PLACE_TRIGGER)
    marks |= {("is late", kind, own) for kind in late for own in (True, False)}
    marks |= {("slippage", *what) for what in product(placing, MARKET_TYPES, SLIPPAGES)}
    marks |= {("stopped by", *what) for what in product(SLIPPAGES, Side)}
    for way in ways:
        by_quote = way[0] == OrderType.MARKET_BY_QUOTE
        marks |= {("pending", *way, part) for part in ((False,) if by_quote else (False, True))}
    marks |= {("cancels all", CancelFlag(flags), True) for flags in range(4)}
    marks |= {("timer", timer, on) for timer in Timer for on in (True, False)}
    marks |= {("withdrawal", state) for state in WithdrawalState}
    marks |= {("attester", trusted) for trusted in (0, 1)}
    marks |= {("said", kind) for kind in (EventKind.REFERENCE_SET, EventKind.RULES_SET)}
    return marks
