"""What store/missed.py needs, read from a database."""

from truebook.store.missed import Missed, MissedAmendment, MissedFill, MissedOrder
from truebook.store.sql.connection import Connection
from truebook.store.sql.grids import read_assets, read_markets

_ORDERS = """
WITH about(id) AS (
  SELECT order_id FROM fills
  WHERE user_id = ? AND account_sequence > ? AND account_sequence <= ?
  UNION SELECT order_id FROM amendments
  WHERE user_id = ? AND account_sequence > ? AND account_sequence <= ?
  UNION SELECT id FROM orders
  WHERE user_id = ? AND accepted_sequence > ? AND accepted_sequence <= ?
  UNION SELECT id FROM orders
  WHERE user_id = ? AND closed_sequence > ? AND closed_sequence <= ?
    AND close_reason IS NOT NULL
  UNION SELECT id FROM orders
  WHERE user_id = ? AND fired_sequence > ? AND fired_sequence <= ?
)
SELECT id, accepted_sequence, market, client_id, price, original_qty, executed_qty, executed_quote,
  closed_sequence, closed_at, close_reason, time_flags, trigger_price, trigger_limit, trigger_qty,
  trigger_flags, fired_sequence, fired_at, fail_code
FROM about JOIN orders USING (id) WHERE user_id = ?
"""
_FILLS = """
SELECT account_sequence, order_id, price, qty, fee, fee_asset, is_maker, trade_id, created_at
FROM fills WHERE user_id = ? AND account_sequence > ? AND account_sequence <= ?
ORDER BY account_sequence
"""
_AMENDMENTS = """
SELECT account_sequence, order_id, price, original_qty, created_at, price_before,
  original_qty_before
FROM amendments WHERE user_id = ? AND account_sequence > ? AND account_sequence <= ?
ORDER BY account_sequence
"""


def read_missed(connection: Connection, account: int, after: int, to: int) -> Missed:
    """What happened to an account's orders after one sequence and up to another."""
    values = *(account, after, to) * 5, account
    orders = [MissedOrder._make(row) for row in connection.execute(_ORDERS, values)]
    ids = {order.order_id for order in orders}
    sequence = _sequence(connection, account)
    # What happened to these orders since, up to their ends: it leads back to what they were.
    last = max((order.closed_sequence or sequence for order in orders), default=after)
    since = account, after, last
    fills = (MissedFill._make(row) for row in connection.execute(_FILLS, since))
    changes = (MissedAmendment._make(row) for row in connection.execute(_AMENDMENTS, since))
    assets = read_assets(connection)
    return Missed(
        sequence,
        orders,
        [fill for fill in fills if fill.order_id in ids],
        [change for change in changes if change.order_id in ids],
        read_markets(connection, assets),
        assets,
    )


def _sequence(connection: Connection, account: int) -> int:
    query = "SELECT account_sequence FROM accounts WHERE user_id = ?"
    row = connection.execute(query, (account,)).fetchone()
    return int(row[0]) if row else 0
