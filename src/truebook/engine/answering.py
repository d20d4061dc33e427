"""Answers to queries (queries.py) from an engine's state: read only, the same from every engine."""

from truebook.engine.interface import Engine, OpenOrder
from truebook.limits import BOOK_LEVELS_TOLD_MAX
from truebook.messages import ASSET_SET
from truebook.queries import ALL_ACCOUNTS, Answer, OrderRow, Query, WithdrawalRow

_AT_ONCE = 10_000


def answer(engine: Engine, query: Query, position: str) -> Answer:
    """The answer as of `position`, where the engine stands. A kind, account or order that nobody
    knows gives an answer with nothing in it."""
    found = Answer(query.id, position)
    match query.kind:
        case "balances":
            found.balances = _balances(engine, query.account)
        case "orders":
            orders = engine.open_orders(query.account, query.market)
            found.orders = [OrderRow(*order) for order in orders]
            found.sequence = engine.account_sequence(query.account)
        case "order":
            found.orders = [OrderRow(*order) for order in _order(engine, query)]
        case "account":
            found.settings = engine.account_settings(query.account, 1)
            found.sequence = engine.account_sequence(query.account)
        case "book" if query.market is not None and query.market < engine.counts()["markets"]:
            bids, asks = engine.depth(query.market, BOOK_LEVELS_TOLD_MAX)
            found.bids, found.asks = bids.tobytes(), asks.tobytes()
            found.figures = engine.market_figures(query.market)
        case "withdrawals":
            account = None if query.account == ALL_ACCOUNTS else query.account
            waiting = engine.pending_withdrawals(account)
            found.withdrawals = [WithdrawalRow(*withdrawal) for withdrawal in waiting]
        case "settings":
            found.settings = _settings(engine)
    return found


def _balances(engine: Engine, account: int) -> list[tuple[int, int, int]]:
    assets = len(engine.asset_settings()) // ASSET_SET.itemsize
    balances = ((asset, *engine.balance(account, asset)) for asset in range(assets))
    return [balance for balance in balances if balance[1] or balance[2]]


def _order(engine: Engine, query: Query) -> list[OpenOrder]:
    """The order asked for, if it is open, the account's, and in the market named."""
    order: OpenOrder | None = None
    if query.order_id is not None:
        order = engine.order(query.order_id)
    elif query.client_id is not None:
        order = engine.order_by_client_id(query.account, query.client_id)
    if order is None or order.account != query.account:
        return []
    return [order] if query.market in (None, order.market) else []


def _settings(engine: Engine) -> bytes:
    """Every setting, in the order in which a directory needs them."""
    parts = [engine.asset_settings(), engine.market_settings(), engine.tier_settings()]
    for pages in (engine.account_settings, engine.key_settings):
        first = 0
        while rows := pages(first, _AT_ONCE):
            parts.append(rows)
            first += _AT_ONCE
    parts.append(engine.attester_settings())
    return b"".join(parts)
