"""The views: `orders`, with its computed columns, and readable_…: decimals and dates.

They hold nothing, so a step to another version drops them first and makes them anew at its end.
"""

ORDERS = """
CREATE VIEW truebook.orders AS SELECT *,
  CASE time_flags & 1 WHEN 0 THEN 'buy' ELSE 'sell' END AS side,
  CASE time_flags >> 5 & 3 WHEN 0 THEN 'limit' ELSE 'market' END AS type,
  CASE time_flags >> 5 & 3 WHEN 2 THEN original_qty END AS quote_qty,
  CASE
    WHEN fail_code IS NOT NULL THEN 'TRIGGER_FAILED'
    WHEN close_reason = 1 THEN 'CANCELLED' WHEN close_reason > 1 THEN 'EXPIRED'
    WHEN trigger_price IS NOT NULL AND fired_sequence IS NULL THEN 'TRIGGER_PENDING'
    WHEN close_reason = 0 OR remaining_qty = 0 THEN 'FILLED'
    WHEN executed_qty > 0 THEN 'PARTIAL' ELSE 'OPEN' END AS status,
  time_flags >> 16 AS created_at
FROM truebook.order_rows
"""

_TIME = """to_char(to_timestamp({v} / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS')"""


def _decimal(value: str, exponent: str) -> str:
    """An expression: a whole number, divided by ten to the exponent, as exact decimal text."""
    return f"(({value})::numeric * ('1e-' || {exponent})::numeric)::text"


def _time(value: str) -> str:
    return _TIME.format(v=value)


def _price(value: str) -> str:
    return _decimal(f"{value}::numeric * m.tick_mantissa", "m.tick_exponent")


def _lots(value: str) -> str:
    return _decimal(f"{value}::numeric * m.step_mantissa", "m.step_exponent")


VIEWS = (
    ORDERS,
    f"""
CREATE VIEW truebook.readable_orders AS SELECT o.id, o.user_id, o.symbol, o.side, o.type,
  CASE WHEN o.limit_price IS NOT NULL THEN {_price("o.limit_price")} END AS price,
  CASE WHEN o.quote_qty IS NULL AND o.percent IS NULL THEN {_lots("o.original_qty")} END
    AS original_qty,
  CASE WHEN o.quote_qty IS NOT NULL THEN {_decimal("o.quote_qty", "q.decimals")} END AS quote_qty,
  {_lots("o.executed_qty")} AS executed_qty,
  {_decimal("o.executed_quote", "q.decimals")} AS executed_quote,
  CASE WHEN o.trigger_price IS NOT NULL THEN {_price("o.trigger_price")} END AS trigger_price,
  o.status, {_time("o.created_at")} AS created_at
FROM (SELECT *,
    CASE WHEN status = 'TRIGGER_PENDING' AND type = 'market' THEN NULL ELSE price END
      AS limit_price,
    CASE WHEN time_flags & 8192 <> 0 THEN original_qty END AS percent FROM truebook.orders) o
  JOIN truebook.markets m USING (market) JOIN truebook.assets q ON q.asset = m.quote
""",
    f"""
CREATE VIEW truebook.readable_trades AS SELECT t.symbol, t.id, {_price("t.price")} AS price,
  {_lots("t.qty")} AS qty, CASE t.taker_side WHEN 0 THEN 'buy' ELSE 'sell' END AS taker_side,
  t.buy_order_id, t.sell_order_id, {_time("t.created_at")} AS created_at
FROM truebook.trades t JOIN truebook.markets m USING (market)
""",
    f"""
CREATE VIEW truebook.readable_fills AS SELECT f.user_id, f.account_sequence, f.order_id, m.symbol,
  CASE f.side WHEN 0 THEN 'buy' ELSE 'sell' END AS side, {_price("f.price")} AS price,
  {_lots("f.qty")} AS qty, {_decimal("f.fee", "a.decimals")} AS fee, a.symbol AS fee_asset,
  f.is_maker, f.trade_id, {_time("f.created_at")} AS created_at
FROM truebook.fills f JOIN truebook.markets m USING (market)
  JOIN truebook.assets a ON a.asset = f.fee_asset
""",
    f"""
CREATE VIEW truebook.readable_balances AS SELECT b.user_id,
  convert_from(u.name, 'UTF8') AS name, a.symbol,
  {_decimal("b.available", "a.decimals")} AS available,
  {_decimal("b.locked", "a.decimals")} AS locked
FROM truebook.balances b JOIN truebook.assets a USING (asset)
  JOIN truebook.accounts u USING (user_id)
""",
)

NAMES = ("readable_orders", "readable_trades", "readable_fills", "readable_balances", "orders")
DROPS = tuple(f"DROP VIEW IF EXISTS truebook.{name}" for name in NAMES)
