"""Time travel: what was true at any position of the log, from the nearest snapshot before it.

Promise: what is told is the state right after the last entry up to the position or time asked for,
computed from the log as any engine does; nothing that runs is asked or held up.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from truebook.clock import Clock
from truebook.commandlog.interface import GENESIS, LogReader, Position
from truebook.directory import Directory, Market
from truebook.engine.answering import answer
from truebook.engine.interface import Engine, OpenOrder
from truebook.feed.words import SIDES
from truebook.messages import ORDER_SIDE_SHIFT, ORDER_TIME_SHIFT
from truebook.queries import Query
from truebook.snapshots.folder import Kept
from truebook.units import show
from truebook.verify.replay import replay
from truebook.verify.roads import nearest

_LOW_MAX = (1 << 64) - 1


class Unknown(Exception):
    """What was asked about wasn't there then; says what."""


class Moment(NamedTuple):
    """The exchange as it was."""

    engine: Engine
    position: Position
    """Of the last entry up to then; GENESIS: there was none."""
    directory: Directory


def parse_moment(text: str) -> Position:
    """The last position that is meant by a position, a time in ISO 8601 (UTC unless it says), or
    milliseconds since 1970. ValueError for anything else."""
    if text.isascii() and text.isdigit():
        return Position(int(text), _LOW_MAX)
    try:
        return Position.parse(text)
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither a position (1795246042096-0), nor a time"
            " (2026-11-21T07:27:22.096), nor milliseconds since 1970"
        ) from None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    since = time - datetime.fromtimestamp(0, UTC)
    if since.days < 0:
        raise ValueError(f"{text!r} is before 1970")
    whole_ms = since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
    return Position(whole_ms, _LOW_MAX)


def travel(
    log: LogReader,
    snapshots: Sequence[Kept],
    make_engine: Callable[[], Engine],
    clock: Clock,
    to: Position,
    progress: Callable[[float], None] = lambda share: None,
) -> Moment:
    """The exchange right after the last entry up to `to`."""
    to = min(to, log.last_position())
    start = nearest(log, snapshots, make_engine, to)
    position = start.position
    if position < to:
        replayed = replay(log, start.engine, clock, to, progress, position)
        position = max(position, replayed.position)
    directory = Directory()
    settings = answer(start.engine, Query(0, "", str(GENESIS), "settings"), str(position)).settings
    directory.load(position, settings)
    return Moment(start.engine, position, directory)


def depth_at(moment: Moment, symbol: str) -> dict[str, Any]:
    """All levels of a market, best first, as decimal text. Raises Unknown."""
    market = moment.directory.market_by_symbol.get(symbol)
    if market is None:
        raise Unknown(f"there was no market {symbol} at {moment.position}")
    bids, asks = (
        [[show(price, market.tick), show(lots, market.step)] for price, lots in side.tolist()]
        for side in moment.engine.depth(market.number)
    )
    _, _, last = moment.engine.market_figures(market.number)
    return {"symbol": symbol, "lastPrice": show(last, market.tick), "bids": bids, "asks": asks}


def balances_at(moment: Moment, name: str) -> dict[str, Any]:
    """All balances of an account, by its name or number. Raises Unknown."""
    account = moment.directory.account_by_name.get(name)
    if account is None and name.isascii() and name.isdigit():
        account = moment.directory.accounts.get(int(name))
    if account is None:
        raise Unknown(f"there was no account {name} at {moment.position}")
    held = {}
    for number, asset in moment.directory.assets.items():
        available, locked = moment.engine.balance(account.number, number)
        if available or locked:
            amounts = {"available": available, "locked": locked}
            held[asset.symbol] = {k: show(v, asset.atoms) for k, v in amounts.items()}
    return {"account": account.name, "number": account.number, "balances": held}


def order_at(moment: Moment, order_id: int) -> dict[str, Any]:
    """An order that rested or was pending then. Raises Unknown."""
    order = moment.engine.order(order_id)
    if order is None:
        raise Unknown(f"no order {order_id} rested or was pending at {moment.position}")
    market = moment.directory.markets[order.market]
    account = moment.directory.accounts[order.account]
    return {
        "id": str(order.order_id),
        "account": account.name,
        "symbol": market.symbol,
        "side": SIDES[order.time_flags >> ORDER_SIDE_SHIFT & 1],
        "price": show(order.price, market.tick),
        **_amounts(order, market),
        "placedMs": order.time_flags >> ORDER_TIME_SHIFT,
        "clientId": order.client_id,
        "priority": order.priority,
    }


def _amounts(order: OpenOrder, market: Market) -> dict[str, str]:
    if order.trigger_price:
        return {"triggerPrice": show(order.trigger_price, market.tick)}
    amounts = {
        "quantity": show(order.quantity, market.step),
        "remaining": show(order.remaining, market.step),
        "executedQuote": show(order.executed_quote, market.quote.atoms),
    }
    return amounts
